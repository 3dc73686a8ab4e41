"""Code lists of the automotive pilot."""

from __future__ import annotations

from idis.registry.pilots.schema import Vocabulary

# Characters 4 and 5 of a traction battery code (GB/T 34014); the chemistry letters are not confirmed by its text.
BATTERY_PRODUCT = Vocabulary(
    "productType", {"P": "电池包", "M": "模块", "C": "单体"}, synonyms={"pack": "P", "module": "M", "cell": "C"}
)
CHEMISTRY = Vocabulary(
    "chemistry",
    {
        "A": "镍氢",
        "B": "磷酸铁锂",
        "C": "锰酸锂",
        "D": "钴酸锂",
        "E": "三元",
        "F": "超级电容器",
        "G": "钛酸锂",
        "Z": "其他",
    },
    synonyms={"NiMH": "A", "LFP": "B", "LMO": "C", "LCO": "D", "NCM": "E", "ternary": "E", "LTO": "G"},
    configurable=True,
)
SITE_FUNCTION = Vocabulary(
    "siteFunction",
    {"production": "生产", "warehouse": "仓储", "spare part warehouse": "备件仓储"},
    synonyms={"spareWarehouse": "spare part warehouse"},
)
FUEL = Vocabulary(
    "fuelType",
    {
        "petrol": "汽油",
        "diesel": "柴油",
        "cng": "压缩天然气",
        "lng": "液化天然气",
        "lpg": "液化石油气",
        "methanol": "甲醇",
        "hydrogen": "氢",
    },
    synonyms={"gasoline": "petrol"},
    configurable=True,
)
NOTICE_KIND = Vocabulary("noticeKind", {"alert": "预警", "investigation": "调查", "recall": "召回", "8D": "8D报告"})
NOTICE_SEVERITY = Vocabulary(
    "noticeSeverity",
    {"minor": "轻微", "major": "严重", "critical": "致命", "life-threatening": "危及生命"},
    synonyms={"lifeThreatening": "life-threatening"},
)
NOTICE_STATUS = Vocabulary(
    "noticeStatus",
    {
        "created": "已创建",
        "sent": "已发送",
        "received": "已接收",
        "acknowledged": "已确认",
        "accepted": "已接受",
        "declined": "已拒绝",
        "closed": "已关闭",
    },
)
