"""Metadata templates 元数据模板: each object type as a record of its own, so that resolving TEMPLATE_ID gives the schema.

The record `<prefix>/META_<pilot>_<object>` holds the template's head in 1010 to 1017 and one value for each item, at the
very index the item has in the objects it describes; an item is a JSON object with the names of the national interface
(`domain.md` §7) and, beyond them, unit, vocabulary, references, edge and members.
"""

from __future__ import annotations

import json

from idis.proto.value import Value
from idis.registry.pilots.schema import (
    INDEX_TEMPLATE,
    DataType,
    Edge,
    Field,
    ObjectType,
    Pilot,
    Vocabulary,
)
from idis.registry.pilots.validation import TYPE_TEMPLATE, template_identifier
from idis.registry.record import Record

INDEX_META_CODE = 1010
INDEX_META_NAME = 1011
INDEX_VERSION = 1012
INDEX_STATE = 1013
INDEX_INDUSTRY = 1014
INDEX_STANDARD = 1015
INDEX_DESCRIPTION = 1016
INDEX_RULES = 1017

TYPE_ITEM = "META_ITEM"
STATE_PUBLISHED = "published"
ITEM_ENABLED = 0  # itemState; 1 disabled, 2 not yet in force


def template_record(pilot: Pilot, object_type: ObjectType, prefix: str) -> Record:
    """The template of one object type, published and readable by everybody."""
    version = str(object_type.version)
    head = (
        (INDEX_TEMPLATE, TYPE_TEMPLATE, version),
        (INDEX_META_CODE, "metaCode", f"META_{object_type.pilot}_{object_type.code}"),
        (INDEX_META_NAME, "metaName", f"{pilot.chinese} {object_type.chinese}"),
        (INDEX_VERSION, "version", version),
        (INDEX_STATE, "state", STATE_PUBLISHED),
        (INDEX_INDUSTRY, "industry", _json({"standard": "GB/T 4754", "levels": industry_levels(pilot.industry)})),
        (INDEX_STANDARD, "standard", pilot.standards),
        (INDEX_DESCRIPTION, "description", f"{object_type.chinese} ({object_type.code}) of the {pilot.name} pilot"),
        (INDEX_RULES, "rules", _json([f"{rule.name}: {rule.text}" for rule in object_type.rules])),
    )
    items = ((field.index, TYPE_ITEM, _json(item(field, object_type.pilot, prefix))) for field in object_type.fields)
    values = (Value(index, kind, data.encode("utf-8")) for index, kind, data in (*head, *items))
    return Record(template_identifier(object_type, prefix), tuple(values))


def industry_levels(code: str) -> list[str]:
    """The up to four levels of a GB/T 4754 code: `C3731` is C, C37, C373, C3731."""
    return [code[:end] for end in (1, 3, 4, 5) if len(code) >= end]


def item(field: Field, pilot: str, prefix: str) -> dict[str, object]:
    """One template item; what does not apply is left out."""
    described: dict[str, object] = {
        "itemIndex": field.index,
        "itemCode": field.name,
        "englishName": field.name,
        "chineseName": field.chinese,
        "definition": field.definition,
        "required": field.required == "y",
        "requiredWhen": field.condition if field.required == "c" else "",
        "uniqueField": field.unique,
        "inputNecessary": field.required == "y" and not field.default,
        "itemState": ITEM_ENABLED,
        "dataType": int(field.type.national),
        "type": field.type.short,
        "unit": field.unit,
        "range": range_text(field),
        "default": field.default,
        "private": field.private,
        "scheme": field.scheme,
        "uniqueWithin": list(field.alias.within) if field.alias else [],
        "vocabulary": _vocabulary(field.codes),
        "referenceMetaHandle": [f"{prefix}/META_{pilot}_{target}" for target in field.references],
        "edge": _edge(field.edge),
        "members": [item(member, pilot, prefix) for member in field.members],
    }
    if field.type.item is DataType.TEXT:
        described |= {"minLength": 1, "maxLength": field.length}
    kept = ("itemIndex", "required", "uniqueField", "inputNecessary", "itemState")
    return {name: value for name, value in described.items() if value or (name in kept and field.index)}


def range_text(field: Field) -> str:
    """The range of a number in interval notation: `(0,)`, `[0,100]`; empty for anything else."""
    if field.type.item is not DataType.NUMBER:
        return ""
    if field.above is None and field.minimum is None and field.maximum is None:
        return ""
    left = f"({field.above}" if field.above is not None else "(" if field.minimum is None else f"[{field.minimum}"
    right = ")" if field.maximum is None else f"{field.maximum}]"
    return f"{left},{right}"


def _vocabulary(codes: Vocabulary | None) -> dict[str, object]:
    if codes is None:
        return {}
    return {"name": codes.name, "codes": dict(codes.codes), "configurable": codes.configurable}


def _edge(edge: Edge | None) -> dict[str, object]:
    if edge is None:
        return {}
    described = {"kind": edge.kind.value, "from": edge.start, "to": edge.end, "child": edge.child, "when": list(edge.when)}
    return {name: value for name, value in described.items() if value}


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
