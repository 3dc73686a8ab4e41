"""What all pilots share: the head of every object (2000–2009) and the objects others point to (`tracing.md` §1)."""

from __future__ import annotations

from collections.abc import Iterable

from idis.registry.pilots.countries import COUNTRY
from idis.registry.pilots.finding import Finding
from idis.registry.pilots.rules import ascending, fault, needs, number, word
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
    TEXTS,
    AliasRule,
    Edge,
    Facts,
    Field,
    ObjectType,
    Required,
    Rule,
    Vocabulary,
)
from idis.registry.pilots.units import UNITS
from idis.registry.pilots.vocabularies import (
    DOCUMENT_KIND,
    LANGUAGE,
    RECALL_FLAG,
    STATUS,
    VISIBILITY,
    WELDING_PROCESS,
)
from idis.registry.trace.edge import EdgeKind

SDS_SECTIONS = 16  # GB/T 16483, GHS: never more, never fewer

ORGANISATION_KIND = Vocabulary(
    "organisationKind",
    {
        "manufacturer": "制造商",
        "supplier": "供应商",
        "shipyard": "船厂",
        "steelmaker": "钢厂",
        "society": "船级社",
        "carrier": "承运商",
        "operator": "运营单位",
        "laboratory": "检测机构",
        "authority": "监管机构",
        "other": "其他",
    },
    configurable=True,
)
SITE_KIND = Vocabulary(
    "siteKind",
    {
        "plant": "工厂",
        "warehouse": "仓库",
        "yard": "船厂",
        "powerPlant": "电厂",
        "terminal": "码头",
        "customer": "客户",
        "other": "其他",
    },
    configurable=True,
)


def head(code: str, chinese: str, *, producer: Required = "y") -> tuple[Field, ...]:
    """The ten fields every object begins with."""
    itself = Vocabulary("objectType", {code: chinese})
    succeeds = Edge(EdgeKind.SUCCEEDS)
    return (
        Field(2000, "objectType", "对象类型", CODE, "y", codes=itself, default=code, definition="code of the object"),
        Field(2001, "name", "名称", TEXT, "y", length=200),
        Field(2002, "nameEn", "英文名称", TEXT, length=200),
        Field(2003, "localIds", "企业编码", TEXTS, alias=AliasRule("localId", shared=True), definition="own and partner codes"),
        Field(2004, "producer", "生产单位", REFERENCE, producer, references=("organisation",)),
        Field(2005, "status", "状态", CODE, "y", codes=STATUS, default="active"),
        Field(2006, "recallFlag", "召回标志", CODE, "y", codes=RECALL_FLAG, default="none", definition="part of every answer"),
        Field(2007, "succeeds", "承继", REFERENCE, edge=succeeds, definition="the record this one takes the place of"),
        Field(2008, "events", "事件入口", FILE, definition="URL of the events, link type gs1:epcis"),
        Field(2009, "visibility", "可见范围", CODE, "y", codes=VISIBILITY, definition="who may read it; fields can be stricter"),
    )


def object_type(
    pilot: str, code: str, chinese: str, own: Iterable[Field], rules: Iterable[Rule] = (), *, producer: Required = "y"
) -> ObjectType:
    """An object of a pilot: the common head, then its own fields."""
    return ObjectType(pilot, code, chinese, (*head(code, chinese, producer=producer), *own), tuple(rules))


def common_objects(pilot: str) -> tuple[ObjectType, ...]:
    """The objects every pilot registers beside its own."""
    return (
        object_type(pilot, "organisation", "组织机构", ORGANISATION_FIELDS, ORGANISATION_RULES, producer="o"),
        object_type(pilot, "site", "场所", SITE_FIELDS),
        object_type(pilot, "person", "人员", PERSON_FIELDS, PERSON_RULES),
        object_type(pilot, "document", "文件", DOCUMENT_FIELDS, DOCUMENT_RULES),
    )


def lot_object(pilot: str) -> ObjectType:
    """A bought-in lot of welding consumables or the like, where a pilot has no richer one of its own."""
    return object_type(pilot, "lot", "批", LOT_FIELDS)


def _registered_in_china(facts: Facts) -> bool:
    return word(facts, "country") == "CHN"


def sds_is_complete(facts: Facts) -> Finding | None:
    """A safety data sheet has exactly sixteen sections."""
    sections = number(facts, "sections")
    if word(facts, "kind") != "sds" or sections is None or sections == SDS_SECTIONS:
        return None
    message = f"a safety data sheet has {SDS_SECTIONS} sections, not {sections:f}"
    return fault(facts, "sections", "sds-sections", message, "complete the sheet (GB/T 16483)")


def person_is_not_public(facts: Facts) -> Finding | None:
    """Data about a person are never open to everybody."""
    if word(facts, "visibility") != "public":
        return None
    return fault(facts, "visibility", "person-private", "a person's record may not be public", "choose private or partners")


ORGANISATION_FIELDS = (
    Field(2010, "uscc", "统一社会信用代码", TEXT, "c", scheme="uscc", alias=AliasRule("uscc"), condition="registered in China"),
    Field(2011, "lei", "法人机构识别编码", TEXT, scheme="lei", alias=AliasRule("lei")),
    Field(2012, "bpn", "业务伙伴编号", TEXT, scheme="bpnl", alias=AliasRule("bpn"), definition="Catena-X BPNL"),
    Field(2013, "country", "国家", CODE, codes=COUNTRY, default="CHN"),
    Field(2014, "kinds", "类别", CODES, codes=ORGANISATION_KIND),
    Field(2015, "address", "地址", TEXT, length=500),
    Field(2016, "phone", "电话", TEXT, scheme="phone"),
    Field(
        2017,
        "approvals",
        "资质",
        OBJECTS,
        definition="what the organisation is approved for",
        members=(
            Field(0, "scope", "范围", TEXT, "y"),
            Field(0, "level", "等级", TEXT),
            Field(0, "certificateNo", "证书编号", TEXT),
            Field(0, "validUntil", "有效期至", DATE),
        ),
    ),
)
ORGANISATION_RULES = (needs(("uscc",), _registered_in_china, "of an organisation in China", looks_at=("country",)),)

SITE_FIELDS = (
    Field(2010, "siteNo", "场所编号", TEXT, "y", alias=AliasRule("siteNo", ("producer",))),
    Field(2011, "kind", "类别", CODE, codes=SITE_KIND),
    Field(2012, "organisation", "所属组织", REFERENCE, "y", references=("organisation",)),
    Field(2013, "country", "国家", CODE, codes=COUNTRY, default="CHN"),
    Field(2014, "address", "地址", TEXT, length=500),
    Field(2015, "gln", "全球位置码", TEXT, scheme="gln", alias=AliasRule("gln")),
    Field(2016, "bpns", "业务伙伴场所编号", TEXT, scheme="bpns", alias=AliasRule("bpn"), definition="Catena-X BPNS"),
    Field(2017, "parentSite", "上级场所", REFERENCE, references=("site",), definition="the site that this one is a part of"),
)

PERSON_FIELDS = (
    Field(2010, "personNo", "人员编号", TEXT, "y", private=True, alias=AliasRule("personNo", ("producer",))),
    Field(2011, "employer", "所属单位", REFERENCE, "y", references=("organisation",)),
    Field(
        2012,
        "qualifications",
        "资格",
        OBJECTS,
        private=True,
        definition="what the person may do and until when",
        members=(
            Field(0, "certificateNo", "证书编号", TEXT, "y"),
            Field(0, "kind", "类别", TEXT),
            Field(0, "processes", "焊接方法", CODES, codes=WELDING_PROCESS),
            Field(0, "validFrom", "有效期自", DATE, "y"),
            Field(0, "validUntil", "有效期至", DATE, "y"),
        ),
    ),
)
PERSON_RULES = (Rule("person-private", ("visibility",), person_is_not_public, "a person's record is not public"),)

DOCUMENT_FIELDS = (
    Field(2010, "documentNo", "文件编号", TEXT, "y", alias=AliasRule("documentNo", ("producer",), shared=True)),
    Field(2011, "kind", "类别", CODE, "y", codes=DOCUMENT_KIND),
    Field(2012, "version", "版本", TEXT, "c", length=50, condition="safety data sheet"),
    Field(2013, "language", "语言", CODE, "c", codes=LANGUAGE, condition="safety data sheet"),
    Field(2014, "country", "国家", CODE, "c", codes=COUNTRY, condition="safety data sheet"),
    Field(2015, "issueDate", "签发日期", DATE, "c", condition="safety data sheet"),
    Field(2016, "validUntil", "有效期至", DATE),
    Field(2017, "subjects", "适用对象", REFERENCES),
    Field(2018, "sections", "章节数", NUMBER, "c", minimum=1, integer=True, condition="safety data sheet"),
    Field(2019, "file", "文件", FILE),
    Field(2020, "sha256", "文件摘要", TEXT, scheme="sha256"),
    Field(2021, "current", "现行", BOOLEAN),
)
DOCUMENT_RULES = (
    ascending("issueDate", "validUntil"),
    needs(
        ("version", "language", "country", "issueDate", "sections"),
        lambda facts: word(facts, "kind") == "sds",
        "of a safety data sheet",
        looks_at=("kind",),
    ),
    Rule("sds-sections", ("kind", "sections"), sds_is_complete, "a safety data sheet has 16 sections"),
)

LOT_FIELDS = (
    Field(2010, "lotNo", "批号", TEXT, "y", alias=AliasRule("lotNo", ("producer",))),
    Field(2011, "material", "材料", TEXT, "y"),
    Field(2012, "productionDate", "生产日期", DATE, "y"),
    Field(2013, "quantity", "数量", NUMBER, above=0),
    Field(2014, "uom", "计量单位", CODE, codes=UNITS),
    Field(2015, "certificate", "质保书", REFERENCE),
)
