"""Code lists of the chemical pilot."""

from __future__ import annotations

from idis.proto.schemes.ghs import PICTOGRAMS
from idis.registry.pilots.hazard import DANGER, WARNING
from idis.registry.pilots.schema import Vocabulary

# Classes and divisions of the UN Model Regulations.
TRANSPORT_CLASS = Vocabulary(
    "hazardClass",
    {
        **dict.fromkeys(("1", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"), "爆炸品"),
        "2.1": "易燃气体",
        "2.2": "非易燃无毒气体",
        "2.3": "毒性气体",
        "3": "易燃液体",
        "4.1": "易燃固体",
        "4.2": "易于自燃的物质",
        "4.3": "遇水放出易燃气体的物质",
        "5.1": "氧化性物质",
        "5.2": "有机过氧化物",
        "6.1": "毒性物质",
        "6.2": "感染性物质",
        "7": "放射性物质",
        "8": "腐蚀性物质",
        "9": "杂项危险物质",
    },
)
PACKING_GROUP = Vocabulary("packingGroup", {"I": "包装类别I", "II": "包装类别II", "III": "包装类别III", "none": "无"})
PICTOGRAM = Vocabulary("pictogram", dict(PICTOGRAMS))
SIGNAL_WORD = Vocabulary("signalWord", {DANGER: "Danger", WARNING: "Warning"})
# Storage classes in wide use by warehouses (TRGS 510); a site may have its own.
STORAGE_CLASS = Vocabulary(
    "storageClass",
    {
        "1": "爆炸物",
        "2A": "气体",
        "2B": "气雾剂",
        "3": "易燃液体",
        "4.1A": "爆炸性固体",
        "4.1B": "易燃固体",
        "4.2": "自燃物质",
        "4.3": "遇水反应物质",
        "5.1A": "强氧化性物质",
        "5.1B": "氧化性物质",
        "5.1C": "硝酸铵",
        "5.2": "有机过氧化物",
        "6.1A": "可燃剧毒物质",
        "6.1B": "不燃剧毒物质",
        "6.1C": "可燃有毒物质",
        "6.1D": "不燃有毒物质",
        "6.2": "感染性物质",
        "7": "放射性物质",
        "8A": "可燃腐蚀物质",
        "8B": "不燃腐蚀物质",
        "10": "可燃液体",
        "11": "可燃固体",
        "12": "不燃液体",
        "13": "不燃固体",
    },
    configurable=True,
)
MIXING = Vocabulary("mixing", {"homogeneous": "均匀混合", "discrete": "离散"})
RELEASE_STATUS = Vocabulary("releaseStatus", {"quarantine": "待检", "released": "放行", "rejected": "拒收"})
CONCLUSION = Vocabulary("conclusion", {"accept": "接收", "concession": "让步接收", "reject": "拒收"})
# Packaging codes of the UN Model Regulations, chapters 6.1, 6.5 and 6.6.
PACKAGING_TYPE = Vocabulary(
    "packagingType",
    {
        "1A1": "钢桶 闭口",
        "1A2": "钢桶 开口",
        "1B1": "铝桶 闭口",
        "1B2": "铝桶 开口",
        "1D": "胶合板桶",
        "1G": "纤维桶",
        "1H1": "塑料桶 闭口",
        "1H2": "塑料桶 开口",
        "1N1": "其他金属桶 闭口",
        "1N2": "其他金属桶 开口",
        "3A1": "钢罐 闭口",
        "3A2": "钢罐 开口",
        "3B1": "铝罐 闭口",
        "3B2": "铝罐 开口",
        "3H1": "塑料罐 闭口",
        "3H2": "塑料罐 开口",
        "4A": "钢箱",
        "4B": "铝箱",
        "4C1": "天然木箱",
        "4C2": "防筛漏木箱",
        "4D": "胶合板箱",
        "4F": "再生木箱",
        "4G": "纤维板箱",
        "4H1": "泡沫塑料箱",
        "4H2": "硬塑料箱",
        "5H1": "塑料编织袋",
        "5H2": "防筛漏塑料编织袋",
        "5H3": "防水塑料编织袋",
        "5H4": "塑料薄膜袋",
        "5L1": "纺织袋",
        "5L2": "防筛漏纺织袋",
        "5L3": "防水纺织袋",
        "5M1": "多层纸袋",
        "5M2": "防水多层纸袋",
        "6HA1": "钢壳塑料复合桶",
        "6HG1": "纤维壳塑料复合桶",
        "11A": "金属中型散装容器 固体",
        "13H2": "柔性中型散装容器 涂层",
        "13H3": "柔性中型散装容器 内衬",
        "13H4": "柔性中型散装容器 涂层内衬",
        "21A": "金属中型散装容器 压力装卸固体",
        "31A": "金属中型散装容器 液体",
        "31H1": "刚性塑料中型散装容器 有结构",
        "31H2": "刚性塑料中型散装容器 自立",
        "31HA1": "复合中型散装容器 钢外壳",
        "31H": "刚性塑料中型散装容器",
        "50A": "大包装 钢",
        "50G": "大包装 硬纤维板",
    },
    configurable=True,
)
