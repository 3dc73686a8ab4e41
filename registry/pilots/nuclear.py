"""The nuclear pilot 核电 (`tracing.md` §2.4): position, item, material, weld, inspection, non-conformance, release.

Aligned with KKS / GB/T 50549, HAF003 and HAD 003/01, HAFJ0045 grading, HAF601 licensing, EN 10204 and RCC-M or ASME III.
"""

from __future__ import annotations

from idis.registry.pilots import nuclear_rules as own
from idis.registry.pilots.common import common_objects, lot_object, object_type
from idis.registry.pilots.nuclear_vocabularies import (
    CODE_SYSTEM,
    DESIGN_CODE,
    DISPOSITION,
    INSPECTION_KIND,
    ITEM_TYPE,
    MATERIAL_GRADE,
    NCR_CATEGORY,
    NDE_NUCLEAR,
    QA_LEVEL,
    SAFETY_CLASS,
    SEISMIC_CATEGORY,
    WITNESS_POINT,
)
from idis.registry.pilots.rules import ascending, at_most, needs, needs_with, not_above
from idis.registry.pilots.schema import (
    CODE,
    DATE,
    NUMBER,
    OBJECTS,
    REFERENCE,
    REFERENCES,
    TEXT,
    AliasRule,
    Edge,
    Field,
    Pilot,
    Rule,
)
from idis.registry.pilots.vocabularies import INSPECTION_RESULT, VERDICT, WELD_JOINT
from idis.registry.trace.edge import EdgeKind

PILOT = "nuclear"
REPAIRS_USUAL_MAX = 2

POSITION = object_type(
    PILOT,
    "position",
    "功能位置",
    (
        Field(2010, "code", "位置编码", TEXT, "y", scheme="position", alias=AliasRule("position", ("plant",))),
        Field(2011, "codeSystem", "编码系统", CODE, "y", codes=CODE_SYSTEM),
        Field(2012, "plant", "电厂", REFERENCE, "y", references=("site",)),
        Field(2013, "unit", "机组", TEXT, "y"),
        Field(2014, "system", "系统", TEXT, "y"),
        Field(2015, "room", "房间", TEXT),
        Field(
            2016,
            "requiredClass",
            "要求等级",
            OBJECTS,
            definition="what the position demands of an item",
            members=(
                Field(0, "safetyClass", "安全等级", CODE, "y", codes=SAFETY_CLASS),
                Field(0, "qaLevel", "质保等级", CODE, "y", codes=QA_LEVEL),
                Field(0, "seismic", "抗震类别", CODE, codes=SEISMIC_CATEGORY),
            ),
        ),
    ),
    (
        Rule("code-system", ("code", "codeSystem"), own.code_follows_its_system, "the code obeys its system's grammar"),
        Rule("code-system", ("code", "codeSystem", "system"), own.code_names_system, "a KKS code holds its system"),
        Rule("code-unit", ("code", "codeSystem", "unit"), own.code_names_unit, "a KKS code names its unit, else a warning"),
    ),
)

ITEM = object_type(
    PILOT,
    "item",
    "物项",
    (
        Field(2010, "serialNo", "序列号", TEXT, "y", alias=AliasRule("serialNo", ("producer",))),
        Field(2011, "itemType", "物项类型", CODE, "y", codes=ITEM_TYPE),
        Field(2012, "safetyClass", "安全等级", CODE, "y", codes=SAFETY_CLASS, definition="not below the position's demand"),
        Field(2013, "qaLevel", "质保等级", CODE, "y", codes=QA_LEVEL, definition="not below the position's demand"),
        Field(2014, "seismicCategory", "抗震类别", CODE, codes=SEISMIC_CATEGORY),
        Field(2015, "designCode", "设计规范", CODE, "y", codes=DESIGN_CODE),
        Field(
            2016,
            "licence",
            "许可证",
            TEXT,
            "c",
            condition="of a safety class",
            definition="valid on the production date (HAF601)",
        ),
        Field(2017, "designPressure", "设计压力", NUMBER, unit="MPa", minimum=0),
        Field(2018, "designTemperature", "设计温度", NUMBER, unit="°C"),
        Field(2019, "materials", "材料", REFERENCES, "y", count=1, references=("material",), edge=Edge(EdgeKind.MADE_FROM)),
        Field(
            2020,
            "installedAt",
            "安装位置",
            REFERENCE,
            references=("position",),
            edge=Edge(EdgeKind.PART_OF, "installedDate", "removedDate"),
        ),
        Field(2021, "installedDate", "安装日期", DATE),
        Field(2022, "removedDate", "拆除日期", DATE),
        Field(2023, "parentItem", "上级物项", REFERENCE, references=("item",), edge=Edge(EdgeKind.PART_OF)),
        Field(2024, "qualification", "鉴定报告", REFERENCE, references=("document", "inspection")),
        Field(2025, "dedication", "商品级转化", REFERENCE, "c", references=("document",), condition="commercial-grade item"),
        Field(2026, "release", "放行", REFERENCE, "c", references=("release",), condition="before installation"),
    ),
    (
        needs(("licence",), own.safety_classified, "of a safety class", looks_at=("safetyClass",)),
        needs(("release",), own.installed, "before installation", looks_at=("installedAt", "installedDate")),
        needs_with(("installedAt",), "installedDate"),
        needs_with(("installedAt",), "removedDate"),
        ascending("installedDate", "removedDate"),
    ),
)

MATERIAL = object_type(
    PILOT,
    "material",
    "材料",
    (
        Field(2010, "heatNo", "炉号", TEXT, "y", alias=AliasRule("heatNo", ("supplier",), shared=True)),
        Field(2011, "ingotNo", "锭号", TEXT),
        Field(2012, "grade", "材质", CODE, "y", codes=MATERIAL_GRADE),
        Field(2013, "standard", "技术标准", TEXT, "y"),
        Field(2014, "spec", "规格", TEXT),
        Field(2015, "qaLevel", "质保等级", CODE, "y", codes=QA_LEVEL),
        Field(2016, "supplier", "供应商", REFERENCE, "y", references=("organisation",), definition="approved for the level"),
        Field(2017, "millCertificate", "材质证书", REFERENCE, "y", references=("document",), definition="names the heat"),
        Field(2018, "heatTreatment", "热处理", TEXT),
    ),
)

WELD = object_type(
    PILOT,
    "weld",
    "焊缝",
    (
        Field(2010, "weldNo", "焊缝号", TEXT, "y", alias=AliasRule("weldNo", ("item",))),
        Field(2011, "item", "所属物项", REFERENCE, "y", references=("item",)),
        Field(2012, "jointType", "接头形式", CODE, "y", codes=WELD_JOINT),
        Field(2013, "wpsNo", "焊接工艺规程", REFERENCE, "y", references=("document",)),
        Field(2014, "pqrNo", "工艺评定", REFERENCE, references=("document",)),
        Field(
            2015,
            "welder",
            "焊工",
            REFERENCE,
            "y",
            references=("person",),
            private=True,
            definition="qualified on weldDate (HAF603)",
        ),
        Field(
            2016,
            "fillerLot",
            "焊材批",
            REFERENCES,
            "y",
            count=1,
            references=("lot",),
            edge=Edge(EdgeKind.MADE_FROM, "weldDate", child="item"),
        ),
        Field(2017, "weldDate", "焊接日期", DATE, "y"),
        Field(2018, "preheat", "预热温度", NUMBER, unit="°C"),
        Field(
            2019,
            "pwht",
            "焊后热处理",
            OBJECTS,
            "c",
            condition="as the procedure demands",
            members=(
                Field(0, "temperature", "保温温度", NUMBER, "y", unit="°C"),
                Field(0, "holdTime", "保温时间", NUMBER, "y", unit="min", above=0),
                Field(0, "heatingRate", "升温速率", NUMBER, unit="°C/h", above=0),
                Field(0, "coolingRate", "降温速率", NUMBER, unit="°C/h", above=0),
                Field(0, "reportNo", "报告编号", TEXT),
                Field(0, "date", "日期", DATE),
            ),
        ),
        Field(
            2020,
            "nde",
            "无损检测",
            OBJECTS,
            "y",
            count=1,
            members=(
                Field(0, "method", "方法", CODE, "y", codes=NDE_NUCLEAR),
                Field(0, "reportNo", "报告编号", TEXT, "y"),
                Field(0, "result", "结果", CODE, "y", codes=VERDICT),
                Field(0, "date", "日期", DATE, "y"),
                Field(0, "examiner", "检测人员证号", TEXT, definition="qualified (HAF602)"),
            ),
        ),
        Field(2021, "ndeResult", "检测结论", CODE, "y", codes=INSPECTION_RESULT),
        Field(2022, "ndeReport", "检测报告", REFERENCE, "y", references=("document", "inspection")),
        Field(2023, "repairCount", "返修次数", NUMBER, "y", minimum=0, integer=True),
        Field(2024, "interpass", "层间温度", NUMBER, unit="°C"),
    ),
    (
        not_above("preheat", "interpass", "preheat-below-interpass"),
        at_most("repairCount", REPAIRS_USUAL_MAX, "repairs", "open a non-conformance or have the seam reviewed"),
        Rule("nde-result", ("nde", "ndeResult"), own.passed_seam_passed, "a passed seam has a passed examination"),
    ),
)

INSPECTION = object_type(
    PILOT,
    "inspection",
    "检验试验",
    (
        Field(2010, "reportNo", "报告编号", TEXT, "y", alias=AliasRule("reportNo", ("producer",))),
        Field(2011, "item", "物项", REFERENCE, "y", references=("item", "material", "weld")),
        Field(2012, "kind", "类别", CODE, "y", codes=INSPECTION_KIND),
        Field(2013, "result", "结果", CODE, "y", codes=INSPECTION_RESULT),
        Field(2014, "pressure", "试验压力", NUMBER, "c", unit="MPa", above=0, condition="hydrostatic"),
        Field(2015, "holdTime", "保压时间", NUMBER, "c", unit="min", above=0, condition="hydrostatic"),
        Field(
            2016, "witness", "见证", REFERENCES, "c", references=("person", "organisation", "document"), condition="hold point"
        ),
        Field(2017, "date", "日期", DATE, "y"),
        Field(2018, "witnessPoint", "见证点", CODE, codes=WITNESS_POINT, definition="of a hydrostatic test H unless stated"),
    ),
    (
        needs(("pressure", "holdTime"), own.hydrostatic, "of a hydrostatic test", looks_at=("kind",)),
        Rule("hold-point", ("kind", "witness", "witnessPoint"), own.hold_point_is_signed, "a hold point is signed"),
    ),
)

NCR = object_type(
    PILOT,
    "ncr",
    "不符合项",
    (
        Field(2010, "ncrNo", "不符合项编号", TEXT, "y", alias=AliasRule("ncrNo", ("producer",))),
        Field(2011, "item", "物项", REFERENCE, "y", references=("item", "material", "weld")),
        Field(2012, "category", "分类", CODE, "y", codes=NCR_CATEGORY),
        Field(2013, "description", "描述", TEXT, "y"),
        Field(2014, "disposition", "处置", CODE, "c", codes=DISPOSITION, condition="when closed"),
        Field(2015, "approvedBy", "批准人", REFERENCE, "c", references=("person", "organisation"), condition="with disposition"),
        Field(2016, "openedDate", "开启日期", DATE, "y"),
        Field(2017, "closedDate", "关闭日期", DATE),
    ),
    (
        needs(("disposition",), own.closed, "when closed", looks_at=("closedDate",)),
        needs_with(("approvedBy",), "disposition"),
        ascending("openedDate", "closedDate"),
        Rule("ncr-open", ("recallFlag", "closedDate"), own.open_ncr_stops, "an open NCR carries the stop flag, else a warning"),
    ),
)

RELEASE = object_type(
    PILOT,
    "release",
    "出厂放行",
    (
        Field(2010, "releaseNo", "放行编号", TEXT, "y", alias=AliasRule("releaseNo", ("producer",))),
        Field(2011, "items", "物项", REFERENCES, "y", count=1, references=("item",)),
        Field(2012, "documents", "文件", REFERENCES, "y", count=1, references=("document", "inspection", "ncr")),
        Field(2013, "date", "放行日期", DATE, "y"),
    ),
)

NUCLEAR_PILOT = Pilot(
    PILOT,
    "核电",
    "D4414",
    "KKS / GB/T 50549, HAF003, HAD 003/01, HAF601, EN 10204, RCC-M, ASME III",
    {
        item.code: item
        for item in (POSITION, ITEM, MATERIAL, WELD, INSPECTION, NCR, RELEASE, lot_object(PILOT), *common_objects(PILOT))
    },
)
