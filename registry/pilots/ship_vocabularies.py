"""Code lists of the ship pilot."""

from __future__ import annotations

from idis.registry.pilots.schema import Vocabulary

SOCIETY = Vocabulary(
    "classSociety",
    {
        "CCS": "中国船级社",
        "ABS": "美国船级社",
        "BV": "法国船级社",
        "DNV": "挪威船级社",
        "KR": "韩国船级社",
        "LR": "英国劳氏船级社",
        "NK": "日本海事协会",
        "RINA": "意大利船级社",
        "CRS": "克罗地亚船级社",
        "IRS": "印度船级社",
        "PRS": "波兰船级社",
        "TL": "土耳其船级社",
    },
    configurable=True,
)
SHIP_TYPE = Vocabulary(
    "shipType",
    {
        "bulkCarrier": "散货船",
        "container": "集装箱船",
        "oilTanker": "油船",
        "chemicalTanker": "化学品船",
        "gasCarrier": "液化气船",
        "lngCarrier": "液化天然气船",
        "generalCargo": "杂货船",
        "roRo": "滚装船",
        "carCarrier": "汽车运输船",
        "passenger": "客船",
        "cruise": "邮轮",
        "tug": "拖船",
        "dredger": "挖泥船",
        "fishing": "渔船",
        "offshore": "海洋工程船",
        "fpso": "浮式生产储卸油船",
        "research": "科考船",
        "other": "其他",
    },
    configurable=True,
)
# The order is the order of work: 下料 → 小组立 → 中组立 → 大组立 → 合拢搭载 → 涂装.
STAGE = Vocabulary(
    "stage",
    {
        "cutting": "下料",
        "subAssembly": "小组立",
        "midAssembly": "中组立",
        "grandAssembly": "大组立",
        "erection": "合拢搭载",
        "coating": "涂装",
    },
)
_STRENGTHS = ("32", "36", "40")
_EXTRA_STRENGTHS = ("420", "460", "500", "550", "620", "690")
# Hull structural steels of the unified requirements: normal, higher and extra high strength.
STEEL_GRADE = Vocabulary(
    "steelGrade",
    {
        **{grade: f"{grade}级一般强度" for grade in "ABDE"},
        **{f"{letter}H{strength}": f"{letter}H{strength}高强度" for letter in "ADEF" for strength in _STRENGTHS},
        "EH47": "EH47高强度",
        **{f"{letter}H{strength}": f"{letter}H{strength}超高强度" for letter in "ADEF" for strength in _EXTRA_STRENGTHS},
    },
    configurable=True,
)
DELIVERY_CONDITION = Vocabulary(
    "deliveryCondition",
    {"AR": "热轧", "N": "正火", "NR": "正火轧制", "CR": "控制轧制", "TM": "温度形变控制轧制", "QT": "淬火回火"},
    synonyms={"TMCP": "TM"},
)
Z_PROPERTY = Vocabulary("zProperty", {"Z25": "Z25", "Z35": "Z35"})
CERTIFICATE_FORM = Vocabulary(
    "certificateForm",
    {
        "W001": "工厂认可",
        "T101": "型式认可",
        "C102": "产品证书",
        "C103": "产品证书（等效）",
        "C104": "柴油机证书",
        "C110": "舵机证书",
        "C201": "检验证书",
        "equivalent": "等效证明",
        "EN10204-2.1": "EN 10204 2.1 符合性声明",
        "EN10204-2.2": "EN 10204 2.2 试验报告",
        "EN10204-3.1": "EN 10204 3.1 检验证书",
        "EN10204-3.2": "EN 10204 3.2 检验证书",
    },
    synonyms={"2.1": "EN10204-2.1", "2.2": "EN10204-2.2", "3.1": "EN10204-3.1", "3.2": "EN10204-3.2"},
)
IHM_TABLE = Vocabulary("ihmTable", {"A": "表A", "B": "表B"})
IHM_PART = Vocabulary("ihmPart", {"I": "第I部分 固有", "II": "第II部分 营运废物", "III": "第III部分 物料"})
# Substances of the Hong Kong Convention's guidelines; thresholds are data of a later list, not part of this one.
IHM_SUBSTANCE = Vocabulary(
    "ihmSubstance",
    {
        "asbestos": "石棉",
        "PCB": "多氯联苯",
        "ODS": "消耗臭氧物质",
        "organotin": "有机锡防污系统",
        "cybutryne": "环丁烯防污剂",
        "Cd": "镉",
        "CrVI": "六价铬",
        "Pb": "铅",
        "Hg": "汞",
        "PBB": "多溴联苯",
        "PBDE": "多溴联苯醚",
        "PCN": "多氯化萘",
        "radioactive": "放射性物质",
        "SCCP": "短链氯化石蜡",
    },
    configurable=True,
)
IHM_TABLE_A = frozenset({"asbestos", "PCB", "ODS", "organotin", "cybutryne"})
