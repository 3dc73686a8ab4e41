"""Code lists of the nuclear pilot. Class codes differ per project: exchange them with `with_vocabularies`."""

from __future__ import annotations

from idis.registry.pilots.schema import Vocabulary

CODE_SYSTEM = Vocabulary(
    "codeSystem", {"KKS": "KKS编码", "GB/T50549": "电厂标识系统", "French": "法式编码", "project": "项目编码"}, configurable=True
)
SAFETY_CLASS = Vocabulary("safetyClass", {"1": "安全1级", "2": "安全2级", "3": "安全3级", "NC": "非安全级"}, configurable=True)
QA_LEVEL = Vocabulary("qaLevel", {"QA1": "质保1级", "QA2": "质保2级", "QA3": "质保3级", "QNC": "无质保等级"}, configurable=True)
SEISMIC_CATEGORY = Vocabulary(
    "seismicCategory",
    {"1A": "抗震1A类", "1I": "抗震1I类", "1F": "抗震1F类", "2": "抗震2类", "NO": "非抗震类"},
    configurable=True,
)
NOT_SAFETY_CLASSIFIED = frozenset({"NC", "NNS", "QNC"})
DESIGN_CODE = Vocabulary(
    "designCode",
    {
        "RCC-M": "RCC-M",
        "RCC-E": "RCC-E",
        "ASME III": "ASME III",
        "ASME VIII": "ASME VIII",
        "GB/T 16702": "压水堆核电厂核岛机械设备设计规范",
        "GB/T 150": "压力容器",
        "other": "其他",
    },
    configurable=True,
)
ITEM_TYPE = Vocabulary(
    "itemType",
    {
        "valve": "阀门",
        "pump": "泵",
        "vessel": "容器",
        "heatExchanger": "热交换器",
        "pipe": "管道",
        "fitting": "管件",
        "support": "支承件",
        "forging": "锻件",
        "casting": "铸件",
        "fastener": "紧固件",
        "instrument": "仪表",
        "cable": "电缆",
        "motor": "电动机",
        "cabinet": "机柜",
        "fuelAssembly": "燃料组件",
        "other": "其他",
    },
    configurable=True,
)
MATERIAL_GRADE = Vocabulary(
    "grade",
    {
        "16MND5": "16MND5",
        "18MND5": "18MND5",
        "20MND5": "20MND5",
        "SA-508 Gr.3 Cl.1": "SA-508 3级1类",
        "SA-508 Gr.3 Cl.2": "SA-508 3级2类",
        "SA-533 Type B Cl.1": "SA-533 B型1类",
        "SA-182 F304": "SA-182 F304",
        "SA-182 F304L": "SA-182 F304L",
        "SA-182 F316": "SA-182 F316",
        "SA-182 F316L": "SA-182 F316L",
        "SA-105": "SA-105",
        "SA-216 WCB": "SA-216 WCB",
        "SA-351 CF3M": "SA-351 CF3M",
        "SA-351 CF8": "SA-351 CF8",
        "SA-351 CF8M": "SA-351 CF8M",
        "Z2CN18-10": "Z2CN18-10",
        "Z2CND17-12": "Z2CND17-12",
        "Z2CND18-12N": "Z2CND18-12控氮",
        "Z3CN20-09M": "Z3CN20-09M",
        "Z6CNNb18-11": "Z6CNNb18-11",
        "022Cr19Ni10": "022Cr19Ni10",
        "06Cr19Ni10": "06Cr19Ni10",
        "022Cr17Ni12Mo2": "022Cr17Ni12Mo2",
        "20": "20钢",
        "P280GH": "P280GH",
        "NC30Fe": "690合金",
        "SA-453 Gr.660": "SA-453 660级",
        "SA-193 B7": "SA-193 B7",
        "other": "其他",
    },
    configurable=True,
)
NDE_NUCLEAR = Vocabulary("nuclearNdeMethod", {"VT": "目视", "PT": "渗透", "MT": "磁粉", "RT": "射线", "UT": "超声"})
INSPECTION_KIND = Vocabulary(
    "inspectionKind",
    {"dimension": "尺寸", "NDE": "无损检测", "hydrostatic": "水压试验", "functional": "功能试验", "EQ": "设备鉴定"},
)
WITNESS_POINT = Vocabulary("witnessPoint", {"H": "停工待检点", "W": "现场见证点", "R": "文件见证点"})
NCR_CATEGORY = Vocabulary("ncrCategory", {"minor": "一般", "major": "较大", "critical": "重大"}, configurable=True)
DISPOSITION = Vocabulary(
    "disposition",
    {"use-as-is": "照用", "repair": "修理", "rework": "返工", "scrap": "报废"},
    synonyms={"useAsIs": "use-as-is"},
)
