"""The ship pilot 船舶 (`tracing.md` §2.1): hull, block, plate, part, weld, equipment and their papers.

Aligned with T/CSNAME 051-2022, IMO A.1117 numbers, CCS product-certificate forms, IDTA 02032 (EN 10204 inspection
documents) and the IHM guidelines of the Hong Kong Convention.
"""

from __future__ import annotations

from idis.registry.pilots import ship_rules as own
from idis.registry.pilots.common import common_objects, lot_object, object_type
from idis.registry.pilots.countries import COUNTRY
from idis.registry.pilots.rules import ascending, at_most, needs, needs_when_true, needs_with, not_above
from idis.registry.pilots.schema import (
    BOOLEAN,
    CODE,
    DATE,
    FILE,
    NUMBER,
    NUMBERS,
    OBJECT,
    OBJECTS,
    REFERENCE,
    REFERENCES,
    TEXT,
    TEXTS,
    TIME,
    AliasRule,
    Edge,
    Field,
    Pilot,
    Rule,
)
from idis.registry.pilots.ship_vocabularies import (
    CERTIFICATE_FORM,
    DELIVERY_CONDITION,
    IHM_PART,
    IHM_SUBSTANCE,
    IHM_TABLE,
    SHIP_TYPE,
    SOCIETY,
    STAGE,
    STEEL_GRADE,
    Z_PROPERTY,
)
from idis.registry.pilots.vocabularies import (
    INSPECTION_RESULT,
    NDE_METHOD,
    VERDICT,
    WELD_JOINT,
    WELDING_POSITION,
    WELDING_PROCESS,
)
from idis.registry.trace.edge import EdgeKind

PILOT = "ship"
ELEMENTS = ("Al", "Be", "C", "Cr", "Cu", "Mn", "Mo", "N", "Nb", "Ni", "P", "Pb", "S", "Si", "Ta", "Ti", "V", "W")  # in steel
REPAIRS_USUAL_MAX = 2

SHIP = object_type(
    PILOT,
    "ship",
    "船",
    (
        Field(2010, "imoNumber", "IMO编号", TEXT, "c", scheme="imo", alias=AliasRule("imo"), condition="at delivery"),
        Field(2011, "hullNo", "船体序列号", TEXT, "y", alias=AliasRule("hullNo", ("shipyard",))),
        Field(2012, "shipyard", "船厂", REFERENCE, "y", references=("organisation",)),
        Field(2013, "shipType", "船型", CODE, "c", codes=SHIP_TYPE, condition="at delivery"),
        Field(2014, "flag", "船旗国", CODE, codes=COUNTRY),
        Field(2015, "classSociety", "船级社", CODE, "y", codes=SOCIETY),
        Field(2016, "classNotation", "船级符号", TEXT),
        Field(2017, "keelLayDate", "铺龙骨日期", DATE),
        Field(2018, "launchDate", "下水日期", DATE),
        Field(2019, "deliveryDate", "交付日期", DATE),
        Field(2020, "drawingVersion", "图纸版本", TEXT),
        Field(2021, "grossTonnage", "总吨位", NUMBER, above=0, definition="a number without unit (ITC 69)"),
    ),
    (
        needs_with(("imoNumber", "shipType"), "deliveryDate"),
        ascending("keelLayDate", "launchDate", "deliveryDate"),
    ),
)

BLOCK = object_type(
    PILOT,
    "block",
    "分段",
    (
        Field(2010, "blockNo", "分段号", TEXT, "y", alias=AliasRule("blockNo", ("hull",))),
        Field(2011, "hull", "所属船体", REFERENCE, "y", references=("ship",), edge=Edge(EdgeKind.PART_OF, "erectionDate")),
        Field(2012, "parentBlock", "上级组立", REFERENCE, references=("block",), edge=Edge(EdgeKind.PART_OF)),
        Field(2013, "stage", "阶段", CODE, "y", codes=STAGE),
        Field(2014, "weight", "重量", NUMBER, unit="t", above=0),
        Field(2015, "drawingNo", "图号", TEXT, "y"),
        Field(2016, "drawingVersion", "图纸版本", TEXT, "y"),
        Field(2017, "inspectionResult", "检验结果", CODE, "c", codes=INSPECTION_RESULT, condition="inspected"),
        Field(2018, "erectionDate", "搭载日期", DATE, "c", condition="erected"),
        Field(2019, "inspectionDate", "检验日期", DATE, "c", condition="with inspectionResult"),
        Field(2020, "inspector", "检验员", TEXT, "c", condition="inspected"),
        Field(2021, "coatingRecord", "涂装记录", REFERENCE, references=("document",)),
    ),
    (needs_with(("inspectionDate",), "inspectionResult"),),
)

PLATE = object_type(
    PILOT,
    "plate",
    "钢板",
    (
        Field(2010, "plateNo", "钢板号", TEXT, "y", alias=AliasRule("plateNo", ("supplier",))),
        Field(
            2011,
            "heatNo",
            "炉号",
            TEXT,
            "y",
            references=("heat",),
            edge=Edge(EdgeKind.MEMBER_OF),
            alias=AliasRule("heatNo", ("supplier",), shared=True),
            definition="names the mill's heat lot",
        ),
        Field(2012, "batchNo", "批号", TEXT),
        Field(2013, "steelGrade", "钢牌号", CODE, "y", codes=STEEL_GRADE),
        Field(2014, "thickness", "厚度", NUMBER, "y", unit="mm", above=0),
        Field(2015, "width", "宽度", NUMBER, "y", unit="mm", above=0),
        Field(2016, "length", "长度", NUMBER, "y", unit="mm", above=0),
        Field(2017, "mass", "质量", NUMBER, unit="kg", above=0),
        Field(2018, "deliveryCondition", "交货状态", CODE, codes=DELIVERY_CONDITION),
        Field(2019, "zProperty", "Z向性能", CODE, codes=Z_PROPERTY),
        Field(2020, "supplier", "钢厂", REFERENCE, "y", references=("organisation",)),
        Field(
            2021, "certificate", "质保书", REFERENCE, "y", references=("certificate",), definition="names this plate or its heat"
        ),
        Field(
            2022,
            "cutFrom",
            "余料来源",
            REFERENCE,
            references=("plate",),
            edge=Edge(EdgeKind.MADE_FROM),
            definition="of a remnant",
        ),
    ),
    (
        Rule(
            "mass-near-volume",
            ("mass", "thickness", "width", "length"),
            own.mass_near_volume,
            "mass within 5 % of volume × 7.85 g/cm³, else a warning",
            least=4,
        ),
    ),
)

HEAT = object_type(
    PILOT,
    "heat",
    "炉批",
    (
        Field(2010, "heatNo", "炉号", TEXT, "y", alias=AliasRule("heatNo", ("steelmaker",))),
        Field(2011, "steelmaker", "炼钢厂", REFERENCE, "y", references=("organisation",)),
        Field(2012, "castDate", "浇铸日期", DATE, "y"),
        Field(2013, "steelGrade", "钢牌号", CODE, codes=STEEL_GRADE),
        Field(2014, "certificate", "质保书", REFERENCE, references=("certificate",)),
    ),
)

PART = object_type(
    PILOT,
    "part",
    "零件",
    (
        Field(2010, "partNo", "零件号", TEXT, "y", alias=AliasRule("partNo", ("block",)), definition="unique in its hull"),
        Field(2011, "plate", "母材钢板", REFERENCE, "y", references=("plate",), edge=Edge(EdgeKind.MADE_FROM, "cutTime")),
        Field(2012, "cuttingJob", "切割任务", TEXT, "y", definition="transformationID of the cutting event"),
        Field(2013, "cutTime", "切割时间", TIME, "y"),
        Field(2014, "nestingNo", "套料号", TEXT),
        Field(2015, "block", "所属分段", REFERENCE, references=("block",), edge=Edge(EdgeKind.PART_OF, "fitUpTime")),
        Field(2016, "fitUpTime", "装配时间", TIME),
    ),
    (ascending("cutTime", "fitUpTime"),),
)

WELD = object_type(
    PILOT,
    "weld",
    "焊缝",
    (
        Field(2010, "weldNo", "焊缝号", TEXT, "y", alias=AliasRule("weldNo", ("block",))),
        Field(2011, "block", "所属分段", REFERENCE, "y", references=("block",)),
        Field(2012, "joins", "连接件", REFERENCES, "y", count=2, references=("part", "block")),
        Field(2013, "jointType", "接头形式", CODE, "y", codes=WELD_JOINT),
        Field(2014, "position", "焊接位置", CODE, codes=WELDING_POSITION),
        Field(2015, "process", "焊接方法", CODE, "y", codes=WELDING_PROCESS, definition="ISO 4063 number"),
        Field(2016, "wps", "焊接工艺规程", REFERENCE, "y", references=("document",), definition="valid on weldTime"),
        Field(2017, "pqr", "工艺评定", REFERENCE, references=("document",)),
        Field(
            2018,
            "welder",
            "焊工",
            REFERENCE,
            "y",
            references=("person",),
            private=True,
            definition="qualified for process and date",
        ),
        Field(
            2019,
            "consumables",
            "焊材批",
            REFERENCES,
            "y",
            count=1,
            references=("lot",),
            edge=Edge(EdgeKind.MADE_FROM, "weldTime", child="block"),
        ),
        Field(2020, "preheat", "预热温度", NUMBER, unit="°C"),
        Field(2021, "interpass", "层间温度", NUMBER, unit="°C"),
        Field(2022, "weldTime", "焊接时间", TIME, "y"),
        Field(
            2023,
            "nde",
            "无损检测",
            OBJECTS,
            "c",
            condition="when the plan of approval demands it",
            members=(
                Field(0, "method", "方法", CODE, "y", codes=NDE_METHOD),
                Field(0, "reportNo", "报告编号", TEXT, "y"),
                Field(0, "result", "结果", CODE, "y", codes=VERDICT),
                Field(0, "date", "日期", DATE, "y"),
            ),
        ),
        Field(2024, "ndeResult", "检测结论", CODE, "y", codes=INSPECTION_RESULT),
        Field(2025, "repairCount", "返修次数", NUMBER, "y", minimum=0, integer=True),
    ),
    (
        not_above("preheat", "interpass", "preheat-below-interpass"),
        at_most("repairCount", REPAIRS_USUAL_MAX, "repairs", "have the seam looked at by the welding engineer"),
        Rule("joins-differ", ("joins",), own.joins_differ, "a seam joins different things"),
        Rule("nde-result", ("nde", "ndeResult"), own.nde_before_result, "a passed seam has a passed examination"),
    ),
)

EQUIPMENT = object_type(
    PILOT,
    "equipment",
    "设备",
    (
        Field(2010, "equipmentCode", "设备编码", TEXT, "y", alias=AliasRule("equipmentCode", shared=True), definition="opaque"),
        Field(2011, "serialNo", "序列号", TEXT, "y", alias=AliasRule("serialNo", ("producer",))),
        Field(2012, "model", "型号", TEXT),
        Field(2013, "productionDate", "生产日期", DATE),
        Field(2014, "ratedPower", "额定功率", NUMBER, unit="kW", above=0),
        Field(2015, "location", "安装位置", TEXT),
        Field(
            2016,
            "installedOn",
            "装于",
            REFERENCE,
            references=("ship", "equipment"),
            edge=Edge(EdgeKind.PART_OF, "installDate", "removalDate"),
        ),
        Field(2017, "installDate", "安装日期", DATE),
        Field(2018, "removalDate", "拆除日期", DATE),
        Field(2019, "certificates", "证书", REFERENCES, "y", count=1, references=("certificate",)),
        Field(
            2020,
            "materialDeclarations",
            "材料声明",
            REFERENCES,
            "c",
            references=("materialDeclaration",),
            condition="when ihmScope is true",
        ),
        Field(2021, "ihmScope", "IHM范围", BOOLEAN, definition="whether the inventory of hazardous materials covers it"),
    ),
    (
        needs_with(("installedOn",), "removalDate"),
        needs_when_true("materialDeclarations", "ihmScope"),
        ascending("productionDate", "installDate", "removalDate"),
    ),
)

CERTIFICATE = object_type(
    PILOT,
    "certificate",
    "证书",
    (
        Field(2010, "certificateNo", "证书编号", TEXT, "y", alias=AliasRule("certificateNo", ("issuer",))),
        Field(2011, "form", "证书格式", CODE, "y", codes=CERTIFICATE_FORM),
        Field(2012, "issuer", "签发机构", REFERENCE, "y", references=("organisation",)),
        Field(2013, "issueDate", "签发日期", DATE, "y"),
        Field(2014, "validUntil", "有效期至", DATE),
        Field(
            2015,
            "subjects",
            "适用对象",
            REFERENCES,
            "y",
            count=1,
            references=("plate", "heat", "equipment", "lot", "organisation", "ship"),
        ),
        Field(2016, "statementOfCompliance", "符合性声明", BOOLEAN, "c", condition="EN 10204"),
        Field(2017, "orderNos", "订单号", TEXTS, "c", condition="EN 10204"),
        Field(2018, "steelmakingProcess", "炼钢方法", TEXT, "c", condition="EN 10204"),
        Field(
            2019,
            "chemical",
            "化学成分",
            OBJECT,
            "c",
            unit="mass %",
            condition="EN 10204 3.1 and 3.2",
            members=tuple(Field(0, element, element, NUMBER, unit="mass %", minimum=0, maximum=100) for element in ELEMENTS),
        ),
        Field(
            2020,
            "tensile",
            "拉伸试验",
            OBJECT,
            "c",
            condition="EN 10204 3.1 and 3.2",
            members=(
                Field(0, "yield", "屈服强度", NUMBER, unit="MPa", above=0),
                Field(0, "proof", "规定塑性延伸强度", NUMBER, unit="MPa", above=0),
                Field(0, "tensile", "抗拉强度", NUMBER, "y", unit="MPa", above=0),
                Field(0, "elongation", "断后伸长率", NUMBER, "y", unit="%", minimum=0, maximum=100),
                Field(0, "temperature", "试验温度", NUMBER, unit="°C"),
                Field(0, "shape", "试样形状", TEXT),
                Field(0, "place", "取样位置", TEXT),
                Field(0, "direction", "取样方向", TEXT),
            ),
        ),
        Field(
            2021,
            "impact",
            "冲击试验",
            OBJECT,
            "c",
            condition="when the grade demands it",
            members=(
                Field(0, "values", "冲击功", NUMBERS, "y", unit="J", minimum=0),
                Field(0, "mean", "平均值", NUMBER, "y", unit="J", minimum=0),
                Field(0, "specimen", "试样类型", TEXT),
                Field(0, "width", "试样宽度", NUMBER, unit="mm", above=0),
                Field(0, "temperature", "试验温度", NUMBER, unit="°C"),
            ),
        ),
        Field(
            2022,
            "hardness",
            "硬度",
            TEXT,
            "c",
            condition="when the standard demands it",
            definition="value and method, as 180 HBW",
        ),
        Field(2023, "file", "文件", FILE, "y"),
        Field(2024, "sha256", "文件摘要", TEXT, "y", scheme="sha256"),
    ),
    (
        ascending("issueDate", "validUntil"),
        needs(
            ("statementOfCompliance", "orderNos", "steelmakingProcess"),
            own.steel_certificate,
            "of an EN 10204 document",
            looks_at=("form",),
        ),
        Rule(
            "specific-inspection",
            ("form", "chemical", "tensile"),
            own.specific_inspection,
            "3.1 and 3.2 state chemical and tensile",
        ),
        Rule("tensile", ("tensile",), own.tensile_is_plausible, "yield or proof stated, tensile ≥ yield"),
        Rule("impact", ("impact",), own.impact_mean_fits, "three impact values and their mean"),
    ),
)

MATERIAL_DECLARATION = object_type(
    PILOT,
    "materialDeclaration",
    "材料声明",
    (
        Field(2010, "mdNo", "材料声明编号", TEXT, "y", alias=AliasRule("mdNo", ("supplier",))),
        Field(2011, "sdocNo", "供应商符合性声明编号", TEXT, "y", alias=AliasRule("sdocNo", ("supplier",), shared=True)),
        Field(2012, "supplier", "供应商", REFERENCE, "y", references=("organisation",)),
        Field(2013, "subject", "声明对象", REFERENCE, "y", references=("equipment", "lot", "plate", "part")),
        Field(
            2014,
            "lines",
            "物质清单",
            OBJECTS,
            "y",
            count=1,
            members=(
                Field(0, "table", "表", CODE, "y", codes=IHM_TABLE),
                Field(0, "substance", "物质", CODE, "y", codes=IHM_SUBSTANCE),
                Field(0, "aboveThreshold", "超阈值", BOOLEAN, "y"),
                Field(0, "mass", "质量", NUMBER, "c", unit="kg", above=0, condition="above the threshold"),
                Field(0, "use", "用途", TEXT),
            ),
        ),
        Field(2015, "ihmPart", "IHM部分", CODE, "y", codes=IHM_PART),
        Field(2016, "location", "船上位置", TEXT, "c", condition="above the threshold"),
        Field(2017, "date", "声明日期", DATE, "y"),
    ),
    (
        Rule("ihm-located", ("lines", "location"), own.above_threshold_is_located, "above threshold: mass and location"),
        Rule("ihm-table", ("lines",), own.substance_in_its_table, "each substance in its own table"),
    ),
)

SHIP_PILOT = Pilot(
    PILOT,
    "船舶",
    "C3731",
    "T/CSNAME 051-2022, IMO A.1117, CCS certificate forms, EN 10204, MEPC.379(80)",
    {
        item.code: item
        for item in (
            *(SHIP, BLOCK, PLATE, PART, WELD, EQUIPMENT, CERTIFICATE, MATERIAL_DECLARATION, HEAT),
            *(lot_object(PILOT), *common_objects(PILOT)),
        )
    },
)
