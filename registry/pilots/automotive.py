"""The automotive pilot 汽车 (`tracing.md` §2.2): vehicle, part, engine, lot, battery, assembly record, quality notice.

Aligned with GB/T 32007-2015, GB 16735 / ISO 3779, GB/T 34014-2017 and the Catena-X models SerialPart 3.0, Batch 3.0 and
SingleLevelBomAsBuilt 3.0.
"""

from __future__ import annotations

from idis.registry.pilots import automotive_rules as own
from idis.registry.pilots.automotive_vocabularies import (
    BATTERY_PRODUCT,
    CHEMISTRY,
    FUEL,
    NOTICE_KIND,
    NOTICE_SEVERITY,
    NOTICE_STATUS,
    SITE_FUNCTION,
)
from idis.registry.pilots.common import common_objects, object_type
from idis.registry.pilots.countries import COUNTRY
from idis.registry.pilots.rules import ascending, needs_with
from idis.registry.pilots.schema import (
    BOOLEAN,
    CODE,
    DATE,
    NUMBER,
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
from idis.registry.pilots.units import UNITS
from idis.registry.pilots.vocabularies import INSPECTION_CONCESSION
from idis.registry.trace.edge import EdgeKind

PILOT = "automotive"
FIRST_MODEL_YEAR = 1886  # the motor car's own

VEHICLE = object_type(
    PILOT,
    "vehicle",
    "整车",
    (
        Field(2010, "vin", "车架号", TEXT, "y", scheme="vin", alias=AliasRule("vin")),
        Field(2011, "van", "匿名车号", TEXT, alias=AliasRule("van"), definition="pseudonym shared with suppliers"),
        Field(2012, "brand", "品牌", TEXT, "y"),
        Field(2013, "model", "车型", TEXT, "y"),
        Field(2014, "modelYear", "年款", NUMBER, minimum=FIRST_MODEL_YEAR, maximum=2100, integer=True),
        Field(2015, "productionDate", "生产日期", DATE, "y"),
        Field(2016, "plant", "生产工厂", REFERENCE, "y", references=("site",)),
        Field(2017, "motorNo", "电机号", TEXTS),
        Field(2018, "orderNo", "订单号", TEXT),
        Field(2019, "soldTo", "购买方", REFERENCE, private=True),
    ),
)

_PART_FIELDS = (
    Field(
        2010,
        "partNo",
        "零件号",
        TEXT,
        "y",
        alias=AliasRule("partNo", ("supplier",), shared=True),
        definition="manufacturerPartId",
    ),
    Field(2011, "nameAtManufacturer", "制造商名称", TEXT, "y"),
    Field(2012, "supplier", "供应商", REFERENCE, "y", references=("organisation",)),
    Field(2013, "serialNo", "序列号", TEXT, "y", alias=AliasRule("serialNo", ("supplier", "partNo"))),
    Field(2014, "batch", "批次", REFERENCE, references=("lot",), edge=Edge(EdgeKind.MEMBER_OF)),
    Field(2015, "customerPartId", "客户零件号", TEXT),
    Field(2016, "nameAtCustomer", "客户名称", TEXT),
    Field(
        2017,
        "classification",
        "分类",
        OBJECTS,
        members=(
            Field(0, "standard", "标准", TEXT, "y"),
            Field(0, "id", "类目", TEXT, "y"),
            Field(0, "description", "说明", TEXT),
        ),
    ),
    Field(2018, "productionDate", "生产时间", TIME, "y"),
    Field(2019, "country", "制造国", CODE, codes=COUNTRY),
    Field(
        2020,
        "sites",
        "场所",
        OBJECTS,
        members=(
            Field(0, "siteId", "场所编号", TEXT, "y", scheme="bpns"),
            Field(0, "function", "职能", CODE, "y", codes=SITE_FUNCTION),
        ),
    ),
    Field(2021, "inspectionResult", "检验结果", CODE, codes=INSPECTION_CONCESSION),
    Field(
        2022,
        "installedOn",
        "装于",
        REFERENCE,
        references=("vehicle", "battery", "part", "engine"),
        edge=Edge(EdgeKind.PART_OF, "installTime", "removalTime"),
    ),
    Field(2023, "installTime", "安装时间", TIME),
    Field(2024, "removalTime", "拆卸时间", TIME),
    Field(2025, "station", "安装工位", TEXT),
    Field(2026, "torque", "扭矩", NUMBER, unit="N·m", above=0, definition="within the tool's limits"),
    Field(2027, "hasAlternatives", "可替代", BOOLEAN, definition="true makes the edge only possible; absent means false"),
    Field(2028, "torqueAngle", "转角", NUMBER, unit="°", minimum=0),
)
_PART_RULES = (
    ascending("productionDate", "installTime", "removalTime"),
    needs_with(("installedOn",), "removalTime"),
    needs_with(("torque",), "torqueAngle"),
)

PART = object_type(PILOT, "part", "零部件", _PART_FIELDS, _PART_RULES)

ENGINE = object_type(
    PILOT,
    "engine",
    "发动机",
    (
        *_PART_FIELDS,
        Field(2029, "displacement", "排量", NUMBER, "y", unit="L", above=0),
        Field(2030, "cylinders", "气缸数", NUMBER, "y", minimum=1, maximum=24, integer=True),
        Field(2031, "fuelType", "燃料种类", CODE, "y", codes=FUEL),
        Field(2032, "fitsModels", "适用车型", TEXTS),
    ),
    _PART_RULES,
)

LOT = object_type(
    PILOT,
    "lot",
    "批",
    (
        Field(2010, "batchId", "批次号", TEXT, "y", alias=AliasRule("batchId", ("supplier", "partNo"))),
        Field(2011, "partNo", "零件号", TEXT, "y"),
        Field(2012, "supplier", "供应商", REFERENCE, "y", references=("organisation",)),
        Field(2013, "productionDate", "生产时间", TIME, "y"),
        Field(2014, "quantity", "数量", NUMBER, "y", above=0),
        Field(2015, "uom", "计量单位", CODE, "y", codes=UNITS, definition="UN/ECE Recommendation 20"),
        Field(
            2016,
            "inputs",
            "投料",
            OBJECTS,
            edge=Edge(EdgeKind.MADE_FROM, "productionDate"),
            members=(
                Field(0, "R", "投入物", REFERENCE, "y", references=("lot", "part")),
                Field(0, "qty", "数量", NUMBER, "y", above=0),
                Field(0, "uom", "计量单位", CODE, "y", codes=UNITS),
            ),
        ),
        Field(2017, "coa", "质检单", REFERENCE, references=("document",)),
        Field(2018, "lineShift", "产线班次", TEXT),
    ),
    (
        Rule("whole-pieces", ("quantity", "uom"), own.quantity_is_whole, "pieces are whole numbers", least=2),
        Rule("inputs-twice", ("inputs",), own.inputs_differ, "each input is named once"),
    ),
)

BATTERY = object_type(
    PILOT,
    "battery",
    "电池",
    (
        Field(
            2010, "batteryCode", "动力电池编码", TEXT, "y", scheme="battery", alias=AliasRule("battery"), definition="GB/T 34014"
        ),
        Field(2011, "productType", "产品类型", CODE, "y", codes=BATTERY_PRODUCT),
        Field(2012, "chemistry", "电池类型", CODE, "y", codes=CHEMISTRY),
        Field(2013, "modelId", "型号", TEXT, "y"),
        Field(2014, "parent", "上级", REFERENCE, references=("vehicle", "battery"), edge=Edge(EdgeKind.PART_OF, "from", "to")),
        Field(2015, "from", "装入时间", TIME),
        Field(2016, "to", "拆出时间", TIME),
        Field(
            2017,
            "cellLot",
            "电芯批",
            REFERENCE,
            "c",
            references=("lot",),
            edge=Edge(EdgeKind.MEMBER_OF),
            condition="cells without records of their own",
        ),
        Field(2018, "ratedCapacity", "额定容量", NUMBER, "y", unit="Ah", above=0),
        Field(2019, "ratedVoltage", "额定电压", NUMBER, "y", unit="V", above=0),
        Field(2020, "ratedEnergy", "额定能量", NUMBER, "y", unit="kWh", above=0),
        Field(2021, "mass", "质量", NUMBER, "y", unit="kg", above=0),
        Field(2022, "productionDate", "生产日期", DATE, "y"),
        Field(2023, "stateOfHealth", "健康状态", NUMBER, unit="%", minimum=0, maximum=100),
        Field(
            2024,
            "secondLifeOf",
            "梯次来源",
            REFERENCE,
            "c",
            references=("battery",),
            edge=Edge(EdgeKind.SUCCEEDS),
            condition="second life",
        ),
        Field(2025, "passport", "电池护照", REFERENCE, references=("document",), definition="link type gs1:dpp"),
    ),
    (
        Rule("battery-code", ("batteryCode", "productType"), own.code_names_product, "character 4 = productType", least=2),
        Rule("battery-code", ("batteryCode", "chemistry"), own.code_names_chemistry, "character 5 = chemistry", least=2),
        Rule(
            "battery-date",
            ("batteryCode", "productionDate"),
            own.code_names_date,
            "characters 15 to 17 = productionDate",
            least=2,
        ),
        Rule(
            "energy",
            ("ratedCapacity", "ratedVoltage", "ratedEnergy"),
            own.energy_near_charge,
            "energy ≈ Ah × V ÷ 1000 (±5 %)",
            least=3,
        ),
        Rule(
            "second-life", ("batteryCode", "secondLifeOf"), own.second_life_is_named, "a code ending in R names the old battery"
        ),
        ascending("productionDate", "from", "to"),
        needs_with(("parent",), "to"),
    ),
)

ASSEMBLY_RECORD = object_type(
    PILOT,
    "assemblyRecord",
    "装机档案",
    (
        Field(
            2010,
            "vehicle",
            "整车",
            REFERENCE,
            "y",
            references=("vehicle",),
            edge=Edge(EdgeKind.PART_OF, "time", child="part", when=("orderMatch", "productMatch")),
        ),
        Field(2011, "part", "零部件", REFERENCE, "y", references=("part", "battery", "engine")),
        Field(2012, "station", "工位", TEXT, "y"),
        Field(2013, "time", "装配时间", TIME, "y"),
        Field(2014, "orderMatch", "订单一致性", BOOLEAN, "y"),
        Field(2015, "productMatch", "产品一致性", BOOLEAN, "y"),
        Field(2016, "operator", "操作者", REFERENCE, references=("person",), private=True),
        Field(2017, "tool", "工具", TEXT),
        Field(
            2018,
            "torqueResult",
            "扭矩结果",
            OBJECTS,
            members=(
                Field(0, "bolt", "螺栓", TEXT, "y"),
                Field(0, "torque", "扭矩", NUMBER, "y", unit="N·m", above=0),
                Field(0, "angle", "转角", NUMBER, unit="°", minimum=0),
                Field(0, "ok", "合格", BOOLEAN, "y"),
            ),
        ),
    ),
    (Rule("installation-gate", ("orderMatch", "productMatch"), own.gate_is_shut, "both true opens the edge part → vehicle"),),
)

QUALITY_NOTICE = object_type(
    PILOT,
    "qualityNotice",
    "质量通知",
    (
        Field(2010, "noticeNo", "通知编号", TEXT, "y", alias=AliasRule("noticeNo", ("producer",))),
        Field(2011, "kind", "类别", CODE, "y", codes=NOTICE_KIND),
        Field(2012, "severity", "严重度", CODE, "y", codes=NOTICE_SEVERITY),
        Field(2013, "affected", "涉及对象", REFERENCES, "y", count=1, references=("vehicle", "part", "engine", "lot", "battery")),
        Field(2014, "description", "描述", TEXT, "y"),
        Field(2015, "cause", "原因", TEXT),
        Field(2016, "noticeStatus", "通知状态", CODE, "y", codes=NOTICE_STATUS),
        Field(2017, "sentTo", "发送对象", REFERENCES, "y", count=1, references=("organisation",)),
        Field(2018, "relatesTo", "关联通知", REFERENCE, references=("qualityNotice",), definition="the notice being forwarded"),
        Field(2019, "targetDate", "目标日期", DATE),
    ),
)

AUTOMOTIVE_PILOT = Pilot(
    PILOT,
    "汽车",
    "C36",
    "GB/T 32007-2015, GB 16735, GB/T 34014-2017, Catena-X SerialPart 3.0",
    {item.code: item for item in (VEHICLE, PART, ENGINE, LOT, BATTERY, ASSEMBLY_RECORD, QUALITY_NOTICE, *common_objects(PILOT))},
)
