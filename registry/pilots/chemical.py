"""The chemical pilot 化工 (`tracing.md` §2.3): product, batch, package, shipment, receipt, certificate of analysis.

Aligned with T/CCSAS 047-2023, the GHS (GB 30000), GB/T 16483, GB/T 17519, GB 15258 and the UN Model Regulations.
"""

from __future__ import annotations

from idis.registry.pilots import chemical_rules as own
from idis.registry.pilots.chemical_vocabularies import (
    CONCLUSION,
    MIXING,
    PACKAGING_TYPE,
    PACKING_GROUP,
    PICTOGRAM,
    RELEASE_STATUS,
    SIGNAL_WORD,
    STORAGE_CLASS,
    TRANSPORT_CLASS,
)
from idis.registry.pilots.common import common_objects, object_type
from idis.registry.pilots.hazard import GHS_CLASS
from idis.registry.pilots.rules import ascending, needs, needs_with, not_above
from idis.registry.pilots.schema import (
    BOOLEAN,
    CODE,
    CODES,
    DATE,
    FILE,
    NUMBER,
    OBJECTS,
    REFERENCE,
    REFERENCES,
    TEXT,
    TIME,
    AliasRule,
    Edge,
    Field,
    Pilot,
    Rule,
)
from idis.registry.pilots.units import UNITS
from idis.registry.pilots.vocabularies import LANGUAGE
from idis.registry.trace.edge import EdgeKind

PILOT = "chemical"

PRODUCT = object_type(
    PILOT,
    "product",
    "产品",
    (
        Field(
            2010,
            "registrationNo",
            "登记号",
            TEXT,
            "c",
            alias=AliasRule("registrationNo"),
            condition="hazardous",
            definition="opaque",
        ),
        Field(
            2011,
            "safetyCode",
            "安全信息码",
            TEXT,
            "c",
            alias=AliasRule("safetyCode"),
            condition="hazardous",
            definition="fixed code, a URL",
        ),
        Field(2012, "nameCn", "中文品名", TEXT, "y", length=200),
        Field(2013, "productNameEn", "英文品名", TEXT, length=200),
        Field(
            2014,
            "components",
            "组分",
            OBJECTS,
            "y",
            count=1,
            members=(
                Field(0, "name", "名称", TEXT),
                Field(0, "casNo", "CAS号", TEXT, "y", scheme="cas", alias=AliasRule("cas", shared=True)),
                Field(0, "ecNo", "EC号", TEXT, scheme="ec", alias=AliasRule("ec", shared=True)),
                Field(0, "min", "最小含量", NUMBER, unit="%", minimum=0, maximum=100),
                Field(0, "max", "最大含量", NUMBER, unit="%", minimum=0, maximum=100),
            ),
        ),
        Field(2015, "unNumber", "联合国编号", TEXT, "c", scheme="un", condition="hazardous in transport"),
        Field(2016, "properShippingName", "正式运输名称", TEXT, "c", length=500, condition="hazardous in transport"),
        Field(2017, "hazardClass", "危险性类别", CODE, "c", codes=TRANSPORT_CLASS, condition="hazardous in transport"),
        Field(2018, "packingGroup", "包装类别", CODE, "c", codes=PACKING_GROUP, condition="hazardous in transport"),
        Field(2019, "ghsClasses", "GHS危险性类别", CODES, "c", codes=GHS_CLASS, condition="hazardous"),
        Field(2020, "pictograms", "象形图", CODES, "c", codes=PICTOGRAM, scheme="pictogram", condition="as ghsClasses demand"),
        Field(2021, "signalWord", "信号词", CODE, "c", codes=SIGNAL_WORD, condition="as ghsClasses demand"),
        Field(2022, "hStatements", "危险性说明", CODES, "c", scheme="hStatement", condition="with ghsClasses"),
        Field(2023, "pStatements", "防范说明", CODES, "c", scheme="pStatement", condition="with ghsClasses"),
        Field(
            2024,
            "sds",
            "安全技术说明书",
            REFERENCES,
            "y",
            count=1,
            references=("document",),
            definition="newest per language first",
        ),
        Field(2025, "label", "安全标签", REFERENCE, "y", references=("document",), definition="one sheet, one label 一书一签"),
        Field(2026, "emergencyPhone", "应急电话", TEXT, "y", scheme="phone"),
        Field(2027, "storageClass", "储存类别", CODE, codes=STORAGE_CLASS),
        Field(2028, "incompatible", "禁配物", REFERENCES, references=("product",)),
    ),
    (
        Rule("shares", ("components",), own.shares_ascend, "min ≤ max of each component"),
        Rule("shares", ("components",), own.shares_fill_the_whole, "Σ min ≤ 100 ≤ Σ max"),
        needs(("registrationNo", "safetyCode"), own.hazardous, "of a hazardous product", looks_at=("ghsClasses", "unNumber")),
        needs_with(("properShippingName", "hazardClass", "packingGroup"), "unNumber"),
        needs_with(("hStatements", "pStatements"), "ghsClasses"),
        Rule("pictogram", ("ghsClasses", "pictograms"), own.class_has_pictogram, "each class shows its pictogram"),
        Rule("signal-word", ("ghsClasses", "signalWord"), own.class_has_signal_word, "the word of the severest class"),
    ),
)

BATCH = object_type(
    PILOT,
    "batch",
    "批",
    (
        Field(2010, "batchNo", "批号", TEXT, "y", alias=AliasRule("batchNo", ("product",))),
        Field(2011, "product", "产品", REFERENCE, "y", references=("product",), edge=Edge(EdgeKind.MEMBER_OF)),
        Field(2012, "productionDate", "生产日期", DATE, "y"),
        Field(2013, "expiryDate", "有效期至", DATE),
        Field(2014, "retestDate", "复检日期", DATE),
        Field(2015, "quantity", "数量", NUMBER, "y", above=0),
        Field(2016, "uom", "计量单位", CODE, "y", codes=UNITS, definition="UN/ECE Recommendation 20"),
        Field(2017, "purity", "纯度", NUMBER, unit="% w/w", minimum=0, maximum=100),
        Field(
            2018,
            "inputs",
            "投料",
            OBJECTS,
            "c",
            edge=Edge(EdgeKind.MADE_FROM, "productionDate"),
            condition="produced here",
            members=(
                Field(0, "R", "投入批", REFERENCE, "y", references=("batch", "package", "receipt")),
                Field(0, "qty", "数量", NUMBER, "y", above=0),
                Field(0, "uom", "计量单位", CODE, "y", codes=UNITS),
            ),
        ),
        Field(
            2019, "mixing", "混合方式", CODE, "y", codes=MIXING, default="homogeneous", definition="decides certain or possible"
        ),
        Field(2020, "vessel", "设备", REFERENCE),
        Field(2021, "batchRecord", "批记录", TEXT, "y", definition="transformationID of the batch"),
        Field(2022, "coa", "质检单", REFERENCE, "c", references=("coa",), condition="for release"),
        Field(2023, "storageMin", "最低储存温度", NUMBER, unit="°C"),
        Field(2024, "releaseStatus", "放行状态", CODE, "y", codes=RELEASE_STATUS),
        Field(2025, "storageMax", "最高储存温度", NUMBER, unit="°C"),
    ),
    (
        ascending("productionDate", "expiryDate"),
        ascending("productionDate", "retestDate"),
        needs(("coa",), own.released, "for release", looks_at=("releaseStatus",)),
        not_above("storageMin", "storageMax", "storage-range"),
        Rule("inputs-twice", ("inputs",), own.inputs_differ, "each input is named once"),
        Rule("mass-balance", ("quantity", "uom", "inputs"), own.masses_balance, "out ≤ in × 1.02, else a warning", least=3),
    ),
)

PACKAGE = object_type(
    PILOT,
    "package",
    "包装",
    (
        Field(
            2010,
            "packageNo",
            "包装编号",
            TEXT,
            "y",
            scheme="package",
            alias=AliasRule("packageNo", shared=True),
            definition="SSCC or own",
        ),
        Field(2011, "level", "包装层级", NUMBER, "y", minimum=0, maximum=9, integer=True),
        Field(2012, "batch", "批", REFERENCE, "y", references=("batch",), edge=Edge(EdgeKind.MEMBER_OF)),
        Field(2013, "packagingType", "包装类型", CODE, codes=PACKAGING_TYPE, definition="UN packaging code"),
        Field(2014, "netMass", "净重", NUMBER, "y", unit="kg", above=0),
        Field(2015, "grossMass", "毛重", NUMBER, unit="kg", above=0),
        Field(2016, "parentPackage", "上级包装", REFERENCE, references=("package",), edge=Edge(EdgeKind.PACKED_IN, "from", "to")),
        Field(2017, "from", "装入时间", TIME),
        Field(2018, "to", "取出时间", TIME),
        Field(2019, "fillDate", "灌装日期", DATE, "y"),
        Field(2020, "seal", "铅封号", TEXT),
        Field(
            2021,
            "containerNo",
            "集装箱号",
            TEXT,
            scheme="iso6346",
            alias=AliasRule("iso6346", shared=True),
            definition="of a container",
        ),
    ),
    (
        Rule("gross-above-net", ("netMass", "grossMass"), own.gross_above_net, "gross mass > net mass", least=2),
        ascending("fillDate", "from", "to"),
        needs_with(("parentPackage",), "to"),
    ),
)

SHIPMENT = object_type(
    PILOT,
    "shipment",
    "运单",
    (
        Field(2010, "waybillNo", "电子运单", TEXT, "y", alias=AliasRule("waybillNo", ("carrier",))),
        Field(2011, "items", "货物", REFERENCES, "y", count=1, references=("package", "batch")),
        Field(2012, "carrier", "承运单位", REFERENCE, "y", references=("organisation",)),
        Field(2013, "vehicleNo", "车牌号", TEXT, "y"),
        Field(
            2014,
            "driver",
            "驾驶员",
            REFERENCE,
            "y",
            references=("person",),
            private=True,
            definition="licence valid on departure",
        ),
        Field(
            2015,
            "escort",
            "押运员",
            REFERENCE,
            "c",
            references=("person",),
            private=True,
            condition="when the goods need an escort",
        ),
        Field(2016, "from", "发货地", REFERENCE, "y", references=("site",)),
        Field(2017, "to", "收货地", REFERENCE, "y", references=("site",)),
        Field(2018, "departTime", "发运时间", TIME, "y"),
        Field(2019, "arriveTime", "到达时间", TIME),
        Field(2020, "temperatureLog", "温度记录", REFERENCE, references=("document",)),
        Field(
            2021,
            "sealChecks",
            "铅封检查",
            OBJECTS,
            members=(
                Field(0, "seal", "铅封号", TEXT, "y"),
                Field(0, "time", "时间", TIME, "y"),
                Field(0, "intact", "完好", BOOLEAN, "y"),
                Field(0, "place", "地点", TEXT),
            ),
        ),
    ),
    (ascending("departTime", "arriveTime"),),
)

RECEIPT = object_type(
    PILOT,
    "receipt",
    "进货验收",
    (
        Field(2010, "receiptNo", "验收单号", TEXT, "y", alias=AliasRule("receiptNo", ("producer",))),
        Field(2011, "shipment", "运单", REFERENCE, "y", references=("shipment",)),
        Field(2012, "supplierBatchNo", "供应商批号", TEXT, "y", alias=AliasRule("supplierBatchNo", shared=True)),
        Field(2013, "materialCode", "物料编码", TEXT, "y"),
        Field(2014, "spec", "规格", TEXT),
        Field(2015, "quantity", "数量", NUMBER, "y", above=0, definition="in the shipment's unit"),
        Field(2016, "mainContent", "主含量", TEXT),
        Field(2017, "incomingReport", "进货检验报告", REFERENCE, references=("document", "coa")),
        Field(2018, "factoryReport", "出厂检验报告", REFERENCE, "y", references=("document", "coa")),
        Field(2019, "sdsAndLabel", "一书一签", BOOLEAN, "y"),
        Field(2020, "threeCertsOneMark", "三证一标", BOOLEAN),
        Field(2021, "conclusion", "结论", CODE, "y", codes=CONCLUSION),
    ),
    (
        Rule(
            "goods-in",
            ("conclusion", "sdsAndLabel", "threeCertsOneMark"),
            own.incomplete_goods_accepted,
            "accepted only with data sheet, label and papers",
        ),
    ),
)

COA = object_type(
    PILOT,
    "coa",
    "分析单",
    (
        Field(2010, "coaNo", "分析单编号", TEXT, "y", alias=AliasRule("coaNo", ("producer",))),
        Field(2011, "batch", "批", REFERENCE, "y", references=("batch",)),
        Field(
            2012,
            "tests",
            "检验项目",
            OBJECTS,
            "y",
            count=1,
            members=(
                Field(0, "name", "项目", TEXT, "y"),
                Field(0, "method", "方法", TEXT, "y"),
                Field(0, "spec", "指标", TEXT, "y"),
                Field(0, "result", "结果", TEXT, "y"),
                Field(0, "unit", "单位", TEXT),
                Field(0, "pass", "合格", BOOLEAN, "y"),
            ),
        ),
        Field(2013, "version", "版本", TEXT, "y", length=50),
        Field(2014, "language", "语言", CODE, "y", codes=LANGUAGE),
        Field(2015, "issueDate", "签发日期", DATE, "y"),
        Field(2016, "approver", "批准人", TEXT, "y"),
        Field(2017, "file", "文件", FILE, "y"),
        Field(2018, "sha256", "文件摘要", TEXT, "y", scheme="sha256"),
    ),
)

CHEMICAL_PILOT = Pilot(
    PILOT,
    "化工",
    "C26",
    "T/CCSAS 047-2023, GHS / GB 30000, GB/T 16483, GB/T 17519, GB 15258, UN Model Regulations",
    {item.code: item for item in (PRODUCT, BATCH, PACKAGE, SHIPMENT, RECEIPT, COA, *common_objects(PILOT))},
)
