"""Fields: the edges and factors that a record of a pilot declares by its values (`tracing.md` §1, §2).

Pure. The pilots' own tables say which field joins what to what, and which fields bound the while; nothing is repeated here.
A text that names a lot only by its number, as a heat number does, stands for a thing of its own under the number's alias;
the record of the lot, where there is one, declares that it is the same.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, NamedTuple

from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold
from idis.registry.pilots.template_name import template_name
from idis.registry.record import MARK_OFF
from idis.registry.trace.edge import EdgeKind
from idis.registry.trace.expanding import BEGINNING_MS
from idis.registry.trace.factors import CONSUMABLE, SHIFT, STATION, WELDER, Factor
from idis.registry.trace.rows import DOWN, UP

INDEX_TEMPLATE_ID = 1000
TEMPLATES_KEPT_MAX = 1_024  # handles of templates: a node answers for few prefixes with a dozen each
TIMES_KEPT_MAX = 4_096  # the rows of a table are of few days or minutes
TEMPLATE = b"TEMPLATE_ID"  # the type of that value
ALTERNATIVES = "has alternatives"
DISCRETE_MIXING = "discrete mixing of several inputs"

_PRODUCED = "productionDate"
_NO_VALUES = bytes(4)
_TEMPLATE_TYPE = len(TEMPLATE).to_bytes(4, "big") + TEMPLATE
_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">IIBIBI")  # of a value: index, timestamp, TTL type, TTL, permissions, length of the type
_HEAD_BYTES = _HEAD.size
_NO_REFERENCES = bytes(4)
_FACTORS = {
    "welder": WELDER,
    "station": STATION,
    "lineShift": SHIFT,
    "consumables": CONSUMABLE,
    "fillerLot": CONSUMABLE,
}
_ALSO_READ = ("hasAlternatives", "mixing", "vehicle", "part", "weldTime", "weldDate", "time", "installTime", _PRODUCED)
_FACTOR_TIMES = ("weldTime", "weldDate", "time", "installTime", _PRODUCED)
_BEGINNINGLESS = (EdgeKind.MEMBER_OF, EdgeKind.SUCCEEDS)  # what a thing is does not begin some day
_NO_FIELD, _ITSELF = -1, -2  # places of a plan
_ITEMS_MAX = 1_000  # of one list: what a value of a pilot may hold
_UOM_CHARACTERS_MAX = 20  # Rec 20 has three
_DIGITS_MAX = 38  # of a number on the national interface

Spell = Callable[[str], str]


class FieldEdge(NamedTuple):
    """An edge that a field declares. `from_ms` None: since it was first said; `to_ms` None: it still holds."""

    field: str
    kind: EdgeKind
    child: str
    parent: str
    from_ms: int | None = None
    to_ms: int | None = None
    quantity: Decimal | None = None
    uom: str = ""
    reasons: tuple[str, ...] = ()


class Declared(NamedTuple):
    """What a record declares: edges, and (thing, factor, since when)."""

    edges: tuple[FieldEdge, ...] = ()
    factors: tuple[tuple[str, Factor, int], ...] = ()


NOTHING = Declared()


class _EdgeField(NamedTuple):
    name: str
    kind: EdgeKind
    start: str
    end: str
    child: str
    when: tuple[str, ...]
    scheme: str  # of the alias by which a bare number names the other thing
    within: tuple[str, ...]


class _Plan(NamedTuple):
    """What matters of one object type."""

    edges: tuple[_EdgeField, ...]
    factors: tuple[str, ...]
    named_by: tuple[tuple[str, tuple[str, ...]], ...]  # alias fields by whose numbers others name this object, with scope
    names: Mapping[int, str]  # of every field that matters, by index
    last_index: int  # of these: values lie in the order of their indexes
    marks: tuple[bytes, ...]  # without any of them a record declares nothing


def declared(public: bytes, restricted: bytes, thing: str, spell: Spell) -> Declared:
    """What a record declares.

    Args:
        public, restricted: its values, in two counted arrays in wire form; those that are disabled say nothing.
        thing: the record in the one spelling of things.
        spell: gives an identifier that spelling; raises IdentifierError.
    """
    plan = _plan_of(_template_in(public) or _template_in(restricted))
    if plan is None or not any(mark in public or mark in restricted for mark in plan.marks):
        return NOTHING
    held = _slices(public, plan.last_index)
    if restricted != _NO_VALUES:
        held |= _slices(restricted, plan.last_index)
    if plan is not _plan_of(held.get(INDEX_TEMPLATE_ID, b"")):
        return NOTHING  # it only looked like a template's name: no pilot wrote these values
    names = plan.names
    texts = {names[index]: octets.decode("utf-8", "replace") for index, octets in held.items() if index in names}
    edges: list[FieldEdge] = []
    for field in plan.edges:
        if field.name in texts:
            edges.extend(_edges(field, texts, thing, spell))
    if plan.named_by:
        edges.extend(_namesakes(plan, texts, thing))
    factors = tuple(_factors(plan, texts, thing, spell)) if any(name in texts for name in plan.factors) else ()
    return Declared(tuple(edges), factors)


def plain_plan(template: bytes) -> tuple[Any, ...] | None:
    """What matters of the object type of a template, by its handle, as `_speedups.EdgeMaker` wants it; None for no template's."""
    plan = _plan_of(template)
    if plan is None:
        return None
    known = sorted(plan.names.items())
    places = {name: number for number, (_, name) in enumerate(known)}

    def place(name: str) -> int:
        return places.get(name, _NO_FIELD)

    rules: list[tuple[Any, ...]] = [
        (
            *(edge.name.encode(), edge.scheme.encode(), int(UP[edge.kind]), int(DOWN[edge.kind])),
            *(False, edge.kind in _BEGINNINGLESS, place(edge.name), place(edge.start or _PRODUCED), place(edge.end)),
            *(place(edge.child) if edge.child else _ITSELF, tuple(map(place, edge.when)), tuple(map(place, edge.within))),
        )
        for edge in plan.edges
    ]
    up, down = int(UP[EdgeKind.MEMBER_OF]), int(DOWN[EdgeKind.MEMBER_OF])
    for name, within in plan.named_by:
        octets, number = name.encode(), place(name)
        rules.append((octets, octets, up, down, True, True, number, _NO_FIELD, _NO_FIELD, _ITSELF, (), tuple(map(place, within))))
    factors = tuple((_FACTORS[name].encode(), place(name)) for name in plan.factors)
    fields = tuple((index, name.encode()) for index, name in known)
    others = (place("hasAlternatives"), place("vehicle"), place("part"))
    return plan.last_index, fields, tuple(rules), factors, tuple(map(place, _FACTOR_TIMES)), *others


def number_name(scheme: str, scope: str, number: str) -> str:
    """The thing that a bare number stands for: `heatNo:88.118.21/ORG.MILL|24H0315`."""
    return f"{scheme}:{scope}|{fold(number)}"


def items_of(text: str) -> list[tuple[str, Decimal | None, str]]:
    """The references of a value with their quantities and units: one, a list, or a list of objects."""
    if not text.startswith("["):
        return [(text, None, "")] if text else []
    try:
        listed: list[Any] = json.loads(text)
    except (ValueError, RecursionError):
        return []  # no list of a pilot: whoever writes values by hand may write anything
    found: list[tuple[str, Decimal | None, str]] = []
    for item in listed[:_ITEMS_MAX]:
        if isinstance(item, str):
            found.append((item, None, ""))
        elif isinstance(item, dict) and isinstance(item.get("R"), str):
            found.append((item["R"], _number(item.get("qty")), str(item.get("uom") or "")[:_UOM_CHARACTERS_MAX]))
    return found


def _template_in(octets: bytes) -> bytes:
    """What looks like the handle of a template, without reading the values one by one."""
    at = octets.find(_TEMPLATE_TYPE)
    if at < 0:
        return b""
    at += len(_TEMPLATE_TYPE)
    return octets[at + 4 : at + 4 + _LENGTH.unpack_from(octets, at)[0]] if len(octets) >= at + 4 else b""


def _slices(octets: bytes, last_index: int) -> dict[int, bytes]:
    """The data of the values of a counted array by index, from the template to the last that matters; no disabled ones.

    A load asks this for every row of a table, so only lengths are read.
    """
    found: dict[int, bytes] = {}
    read_head, read_length = _HEAD.unpack_from, _LENGTH.unpack_from
    at = 4
    for _ in range(read_length(octets)[0]):
        index, _stamp, _kind, _ttl, permissions, length = read_head(octets, at)
        if index > last_index:
            break
        at += _HEAD_BYTES + length + 4
        end = at + read_length(octets, at - 4)[0]
        if index >= INDEX_TEMPLATE_ID and not permissions & MARK_OFF:
            found[index] = octets[at:end]
        at = end + 4
        if octets[end : at] != _NO_REFERENCES:
            for _ in range(read_length(octets, end)[0]):
                at += 8 + read_length(octets, at)[0]
    return found


def _edges(field: _EdgeField, texts: Mapping[str, str], thing: str, spell: Spell) -> Iterator[FieldEdge]:
    text = texts[field.name]
    if not text or (field.when and any(texts.get(name) != "true" for name in field.when)):
        return
    child = _spelled(texts.get(field.child, ""), spell) if field.child else thing
    if not child:
        return
    begun = _time(texts.get(field.start, "")) if field.start else _time(texts.get(_PRODUCED, ""))
    if begun is None and field.kind in _BEGINNINGLESS:
        begun = BEGINNING_MS
    ended = _time(texts.get(field.end, "")) if field.end else None
    items = items_of(text)
    reasons: tuple[str, ...] = (ALTERNATIVES,) if texts.get("hasAlternatives") == "true" else ()
    if len(items) > 1 and texts.get("mixing") == "discrete":
        reasons += (DISCRETE_MIXING,)
    for other, quantity, uom in items:
        parent = _spelled(other, spell)
        if not parent and field.scheme:
            scope = "|".join(fold(texts.get(name, thing.partition("/")[0])) for name in field.within)
            parent = number_name(field.scheme, scope, other)
        if parent and parent != child:
            yield FieldEdge(field.name, field.kind, child, parent, begun, ended, quantity, uom, reasons)


def _namesakes(plan: _Plan, texts: Mapping[str, str], thing: str) -> Iterator[FieldEdge]:
    """What bears only the number of this lot belongs to it."""
    for name, within in plan.named_by:
        if number := texts.get(name):
            scope = "|".join(fold(texts.get(field, thing.partition("/")[0])) for field in within)
            yield FieldEdge(name, EdgeKind.MEMBER_OF, number_name(name, scope, number), thing, BEGINNING_MS)


def _factors(plan: _Plan, texts: Mapping[str, str], thing: str, spell: Spell) -> Iterator[tuple[str, Factor, int]]:
    moments = (_time(texts.get(name, "")) for name in _FACTOR_TIMES)
    since = next((moment for moment in moments if moment is not None), BEGINNING_MS)
    bearers = [thing]
    if "vehicle" in texts and (part := _spelled(texts.get("part", ""), spell)):
        bearers.append(part)  # what was assembled shares the station, not only the record of it
    prefix = thing.partition("/")[0]
    for name in plan.factors:
        for other, _, _ in items_of(texts.get(name, "")):
            factor = Factor(_FACTORS[name], _spelled(other, spell) or f"{prefix}|{other}")
            yield from ((bearer, factor, since) for bearer in bearers)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _DIGITS_MAX else None


def _spelled(text: str, spell: Spell) -> str:
    """A reference in the one spelling; empty for what is no identifier but a bare number."""
    if "/" not in text and ":" not in text:
        return ""
    try:
        return spell(text)
    except IdentifierError:
        return ""


@lru_cache(TIMES_KEPT_MAX)
def _time(text: str) -> int | None:
    """Unix time in milliseconds of a day or a time; a day begins at midnight UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


@cache
def _plans() -> Mapping[str, _Plan]:
    """By the name of the template: `ship_plate`."""
    # Imported when the first record of a pilot is written: a node without pilots does not pay for their tables.
    from idis.registry.pilots.table import PILOTS

    found = {}
    for pilot in PILOTS.values():
        numbered = {
            (code, field.alias.scheme)
            for object_type in pilot.objects.values()
            for field in object_type.fields
            if field.edge is not None and field.alias is not None
            for code in field.references
        }
        for object_type in pilot.objects.values():
            edges = tuple(
                _EdgeField(
                    field.name,
                    field.edge.kind,
                    field.edge.start,
                    field.edge.end,
                    field.edge.child,
                    field.edge.when,
                    field.alias.scheme if field.alias is not None else "",
                    field.alias.within if field.alias is not None else (),
                )
                for field in object_type.fields
                if field.edge is not None
            )
            named_by = tuple(
                (field.name, field.alias.within)
                for field in object_type.fields
                if field.alias is not None and field.edge is None and (object_type.code, field.alias.scheme) in numbered
            )
            factors = tuple(field.name for field in object_type.fields if field.name in _FACTORS)
            names = {*(edge.name for edge in edges), *(name for name, _ in named_by), *factors}
            marks = tuple(len(name).to_bytes(4, "big") + name.encode() for name in sorted(names))
            read = {*names, *_ALSO_READ, *(name for _, within in named_by for name in within)}
            for edge in edges:
                read |= {edge.start, edge.end, edge.child, *edge.when, *edge.within}
            known = {field.index: field.name for field in object_type.fields if field.name in read}
            last_index = max(known, default=INDEX_TEMPLATE_ID)
            found[f"{pilot.name}_{object_type.code}"] = _Plan(edges, factors, named_by, known, last_index, marks)
    return found


@lru_cache(TEMPLATES_KEPT_MAX)
def _plan_of(template: bytes) -> _Plan | None:
    """Of a record, by the handle of its template; a derived one joins things as its base does."""
    named = template_name(template.decode("utf-8", "replace"))
    return None if named is None else _plans().get(f"{named.pilot}_{named.base}")
