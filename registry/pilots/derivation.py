"""Derived templates: an enterprise's own template, made from one of an industry ("baseOn", `domain.md` §7).

A derivation adds fields, at indexes of their own from 3000 on, and narrows fields of its base. It is kept in the record
`<prefix>/META_<pilot>_<object>-<name>`, which describes the fields of both as any template does, and says its base and its
description beside them. Records of it name that template, keep the `objectType` of the base and lie at its indexes, so that
whatever knows the base knows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from idis.proto.value import Value
from idis.registry.pilots.derived_field import Described, narrowed_field, own_field, text_of
from idis.registry.pilots.schema import FIELD_NAME_LENGTH_MAX, Field, ObjectType, Pilot
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import (
    INDEX_DESCRIPTION,
    INDEX_VERSION,
    TYPE_ITEM,
    template_record,
)
from idis.registry.pilots.template_life import TemplateError, is_withdrawn
from idis.registry.pilots.template_name import TemplateName, template_handle, template_name
from idis.registry.record import Record

INDEX_BASE_ON = 1018
INDEX_DERIVATION = 1019
INDEX_FIRST_OWN = 3000  # the industry's fields end far below it, and may become more
OWN_FIELDS_MAX = 200  # disabled ones included: one record holds them all
DESCRIPTION_BYTES_MAX = 60_000  # with the indexes it fits into one value of a record

_MEMBERS = frozenset(("baseOn", "name", "chineseName", "description", "fields", "narrowed"))
_NAME = re.compile(r"[a-z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derived template; texts only, so that it can travel to workers.

    Attributes:
        name: the name of its handle taken apart.
        base_on: the handle of the template it was made from.
        description: JSON text, with the index of each own field.
        version: of the registered template; 1 before.
        withdrawn: whether no further record may be made after it.
    """

    name: TemplateName
    base_on: str
    description: str
    version: int = 1
    withdrawn: bool = False

    @property
    def handle(self) -> str:
        """Its identifier."""
        return template_handle(self.name.holder, self.name.pilot, self.name.code)

    @property
    def told(self) -> dict[str, Any]:
        """The description read."""
        read: dict[str, Any] = json.loads(self.description)
        return read

    def object_type(self) -> ObjectType:
        """The fields and rules of the base, narrowed, with the own fields behind them.

        Raises:
            TemplateError: the description no longer fits its base.
        """
        told, pilot, base = self.told, PILOTS[self.name.pilot], PILOTS[self.name.pilot].objects[self.name.base]
        own = [own_field(each, each["itemIndex"], pilot.objects) for each in told["fields"]]
        narrowed = {field.name: field for field in (narrowed_field(each, base) for each in told["narrowed"])}
        fields = (*(narrowed.get(field.name, field) for field in base.fields), *sorted(own, key=lambda field: field.index))
        _refuse_twice(fields)
        return replace(
            base,
            code=self.name.code,
            chinese=told["chineseName"],
            fields=fields,
            version=self.version,
            holder=self.name.holder,
        )


def derivation_of(octets: bytes, prefix: str, registered: Iterable[Value] = ()) -> Derivation:
    """A derivation out of the description that an enterprise writes.

    Args:
        octets: JSON: baseOn (`META_ship_plate`, or a full handle), name, chineseName, description, fields, narrowed.
        prefix: that is to hold the template.
        registered: values of the template where it is there already: an own field keeps its index and its type.

    Raises:
        TemplateError: it is no such description, or does not fit its base; says where.
    """
    told = _read(octets)
    base_on = text_of(told, "baseOn", "the description", 300)
    base_on = base_on if "/" in base_on else f"{prefix}/{base_on}"
    base = template_name(base_on)
    if base is None or base.pilot not in PILOTS or base.base not in PILOTS[base.pilot].objects:
        raise TemplateError(f"{base_on} is no template of a pilot: write baseOn as META_ship_plate ('idis pilot list')")
    if base.name:
        raise TemplateError(f"{base_on} is derived itself: derive from {base.pilot} {base.base}")
    name = text_of(told, "name", "the description", 30)
    if _NAME.fullmatch(name) is None:
        raise TemplateError(f"name {name!r}: up to 30 small letters and digits, as offshore")
    fields, narrowed = _list(told, "fields"), _list(told, "narrowed")
    if not fields and not narrowed:
        raise TemplateError("nothing differs from the base: give 'fields', 'narrowed', or both")
    description = {
        "chineseName": text_of(told, "chineseName", "the description", FIELD_NAME_LENGTH_MAX),
        "description": text_of(told, "description", "the description", 1_000, needed=False),
        "fields": _indexed(fields, registered),
        "narrowed": narrowed,
    }
    made = Derivation(TemplateName(prefix, base.pilot, base.base, name), base_on, _json(description))
    made.object_type()
    return made


def registered_derivation(handle: str, values: Iterable[Value]) -> Derivation | None:
    """The derivation that the record of a template holds; None where it is no derived template.

    Raises:
        TemplateError: somebody wrote it who is no tool of ours.
    """
    name, held = template_name(handle), tuple(values)
    texts = {value.index: value.text for value in held}
    if name is None or not name.name or INDEX_DERIVATION not in texts:
        return None
    number = texts.get(INDEX_VERSION, "")
    version = int(number) if number.isdecimal() else 1
    made = Derivation(name, texts.get(INDEX_BASE_ON, ""), texts[INDEX_DERIVATION], version, is_withdrawn(held))
    try:
        made.object_type()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        said = str(error) if isinstance(error, TemplateError) else "it is not as 'idis pilot derive' writes it"
        raise TemplateError(f"the template {handle} cannot be used: {said}") from None
    return made


def derived_record(derivation: Derivation) -> Record:
    """The template as a record, published and readable by everybody."""
    pilot = PILOTS[derivation.name.pilot]
    record = template_record(pilot, derivation.object_type(), derivation.name.holder)
    values = {value.index: value for value in record.values}
    if said := derivation.told["description"]:
        values[INDEX_DESCRIPTION] = replace(values[INDEX_DESCRIPTION], data=said.encode())
    values[INDEX_BASE_ON] = Value(INDEX_BASE_ON, "baseOn", derivation.base_on.encode())
    values[INDEX_DERIVATION] = Value(INDEX_DERIVATION, "derivation", derivation.description.encode())
    return replace(record, values=tuple(values[index] for index in sorted(values)))


def with_derivations(pilot: Pilot, derivations: Iterable[Derivation]) -> Pilot:
    """The pilot with these of its derived templates as further objects, by codes such as `plate-offshore`."""
    own = (each.object_type() for each in derivations if each.name.pilot == pilot.name)
    return replace(pilot, objects={**pilot.objects, **{each.code: each for each in own}})


def _read(octets: bytes) -> Described:
    if len(octets) > DESCRIPTION_BYTES_MAX:
        raise TemplateError(f"the description is larger than {DESCRIPTION_BYTES_MAX:,} octets")
    try:
        told = json.loads(octets.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"the description is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise TemplateError("the description is one JSON object")
    if unknown := sorted(told.keys() - _MEMBERS):
        raise TemplateError(f"nothing is known of {unknown[0]}; a description says {', '.join(sorted(_MEMBERS))}")
    return told


def _list(told: Described, key: str) -> list[dict[str, object]]:
    found = told.get(key, [])
    if not isinstance(found, list) or len(found) > OWN_FIELDS_MAX or not all(isinstance(each, dict) for each in found):
        raise TemplateError(f"{key} is a list of up to {OWN_FIELDS_MAX} objects, one for each field")
    names = [each.get("englishName") for each in found]
    if twice := [name for at, name in enumerate(names) if name in names[:at]]:
        raise TemplateError(f"{key} names {twice[0]} twice")
    return found


def _indexed(fields: list[dict[str, object]], registered: Iterable[Value]) -> list[dict[str, object]]:
    """The own fields with their indexes: as before, and new ones behind all there ever were."""
    items = [value for value in registered if value.type == TYPE_ITEM and value.index >= INDEX_FIRST_OWN]
    following = max((item.index for item in items), default=INDEX_FIRST_OWN - 1) + 1
    try:
        told = [(item.index, json.loads(item.text)) for item in items]
        before = {item["englishName"]: (index, item["type"]) for index, item in told}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TemplateError("the registered template is not as 'idis pilot derive' writes it") from None
    indexed = []
    for field in fields:
        known = before.get(str(field.get("englishName")))
        if known is None:
            index, following = following, following + 1
        elif known[1] != field.get("type"):
            raise TemplateError(f"{field['englishName']} is of the type {known[1]} for ever: give the other a name of its own")
        else:
            index = known[0]
        indexed.append({**field, "itemIndex": index})
    if following - INDEX_FIRST_OWN > OWN_FIELDS_MAX:
        raise TemplateError(f"a template has up to {OWN_FIELDS_MAX} own fields, disabled ones included")
    return indexed


def _refuse_twice(fields: Iterable[Field]) -> None:
    seen: dict[str, Field] = {}
    for field in fields:
        for name in (field.name.casefold(), field.chinese.casefold()):
            if (other := seen.setdefault(name, field)) is not field:
                raise TemplateError(f"{field.name} ({field.chinese}): {other.index} {other.name} is called so already")


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
