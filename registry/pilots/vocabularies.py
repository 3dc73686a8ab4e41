"""Code lists shared by several pilots. A list marked configurable can be exchanged by name (`with_vocabularies`)."""

from __future__ import annotations

from idis.registry.pilots.schema import Vocabulary

STATUS = Vocabulary(
    "status",
    {
        "planned": "计划",
        "active": "有效",
        "in_use": "在用",
        "on_hold": "暂停",
        "recalled": "已召回",
        "scrapped": "报废",
        "superseded": "已替代",
    },
)
RECALL_FLAG = Vocabulary("recallFlag", {"none": "无", "check": "核查", "stop": "停用"})
VISIBILITY = Vocabulary("visibility", {"public": "公开", "partners": "合作方", "private": "私有"})

VERDICT = Vocabulary("verdict", {"pass": "合格", "fail": "不合格"})
INSPECTION_RESULT = Vocabulary("inspectionResult", {"pass": "合格", "conditional": "有条件合格", "fail": "不合格"})
INSPECTION_CONCESSION = Vocabulary("inspectionConcession", {"pass": "合格", "fail": "不合格", "concession": "让步接收"})

# Methods of ISO 9712; TOFD and PAUT are techniques of UT with reports of their own.
NDE_METHOD = Vocabulary(
    "ndeMethod",
    {
        "VT": "目视",
        "PT": "渗透",
        "MT": "磁粉",
        "RT": "射线",
        "UT": "超声",
        "PAUT": "相控阵超声",
        "TOFD": "衍射时差超声",
    },
)
# ISO 4063 numbers in use in the two welding pilots.
WELDING_PROCESS = Vocabulary(
    "weldingProcess",
    {
        "111": "焊条电弧焊",
        "114": "自保护药芯焊丝电弧焊",
        "121": "单丝埋弧焊",
        "124": "添加金属粉末埋弧焊",
        "125": "药芯焊丝埋弧焊",
        "131": "惰性气体保护实心焊丝电弧焊",
        "132": "惰性气体保护药芯焊丝电弧焊",
        "135": "活性气体保护实心焊丝电弧焊",
        "136": "活性气体保护药芯焊丝电弧焊",
        "138": "活性气体保护金属粉芯焊丝电弧焊",
        "141": "钨极惰性气体保护焊",
        "15": "等离子弧焊",
        "21": "点焊",
        "22": "缝焊",
        "42": "摩擦焊",
        "43": "搅拌摩擦焊",
        "51": "电子束焊",
        "52": "激光焊",
        "72": "电渣焊",
        "73": "气电立焊",
        "783": "螺柱电弧焊",
    },
    configurable=True,
)
WELD_JOINT = Vocabulary(
    "jointType",
    {
        "butt": "对接",
        "fillet": "角接",
        "T": "T形",
        "corner": "角接头",
        "lap": "搭接",
        "cruciform": "十字",
        "edge": "端接",
        "socket": "承插",
    },
    configurable=True,
)
# ISO 6947 main positions and those of pipes.
WELDING_POSITION = Vocabulary(
    "weldingPosition",
    {
        "PA": "平焊",
        "PB": "平角焊",
        "PC": "横焊",
        "PD": "仰角焊",
        "PE": "仰焊",
        "PF": "立向上焊",
        "PG": "立向下焊",
        "PH": "管全位置向上焊",
    },
)
LANGUAGE = Vocabulary(
    "language",
    {
        "zh-CN": "中文",
        "zh-TW": "繁体中文",
        "en": "英语",
        "de": "德语",
        "fr": "法语",
        "es": "西班牙语",
        "it": "意大利语",
        "ja": "日语",
        "ko": "韩语",
        "pt": "葡萄牙语",
        "ru": "俄语",
    },
    synonyms={"zh": "zh-CN", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "en-GB": "en", "en-US": "en"},
    configurable=True,
)
DOCUMENT_KIND = Vocabulary(
    "documentKind",
    {
        "sds": "安全技术说明书",
        "label": "安全标签",
        "coa": "质检单",
        "wps": "焊接工艺规程",
        "pqr": "焊接工艺评定",
        "inspection": "检验报告",
        "nde": "无损检测报告",
        "coating": "涂装记录",
        "batchRecord": "批记录",
        "temperatureLog": "温度记录",
        "passport": "数字护照",
        "qualification": "鉴定报告",
        "dedication": "商品级转化",
        "completion": "制造完工报告",
        "factoryReport": "出厂检验报告",
        "drawing": "图纸",
        "other": "其他",
    },
    configurable=True,
)
