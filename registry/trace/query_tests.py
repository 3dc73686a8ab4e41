"""Tests on one event, made from the parameters of a question (ISO/IEC 19987 §8.2.7.1).

Names are compared as GS1 keys are: whichever way they are spelled. Words of CBV likewise. What lies in which place, and what
is known of a place, no event says: those tests are handed what says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from idis.registry.trace.canonical_uri import canonical_uri
from idis.registry.trace.event import Event, EventType, Json, Typed, amounts_of, named_by, things_of
from idis.registry.trace.event_time import read_time
from idis.registry.trace.vocabulary import (
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    MEASUREMENTS,
    PARTY_TYPES,
    TRANSACTION_TYPES,
    Vocabulary,
)

Test = Callable[[Event], bool]


class Surroundings(Protocol):
    """What is known of places."""

    def name(self, text: str) -> str:
        """The one spelling of a thing."""

    def around(self, place: str) -> frozenset[str]:
        """A place by all its names, and all it lies in, each in its one spelling."""

    def attributes(self, place: str) -> Mapping[str, str]:
        """What its record says of it."""


PlaceTest = Callable[[Event, Surroundings], bool]

_PATTERN = re.compile(r"urn:epc:idpat:[a-z]+:[0-9A-Za-z.*%_-]+")
_COMPARED = re.compile(r"(EQ|GT|GE|LT|LE)_([A-Za-z]+)(?:_([A-Z0-9]{2,4}))?", re.ASCII)
_OWN = re.compile(
    r"(EQ|GT|GE|LT|LE|EXISTS)_(INNER_)?"
    r"(ILMD_|ERROR_DECLARATION_|readPoint_|bizLocation_|SENSORELEMENT_|SENSORMETADATA_|SENSORREPORT_)?(\S+[:/#]\S+)"
)
_HAS_ATTRIBUTE = re.compile(r"HASATTR_(readPoint|bizLocation|\S+[:/#]\S+)")
_IS_ATTRIBUTE = re.compile(r"EQ_?ATTR_(readPoint|bizLocation|[^\s_]+[:/#][^\s_]+)_(\S+)")
_SENSOR_NUMBERS = frozenset(("value", "minValue", "maxValue", "meanValue", "sDev", "percValue", "percRank"))
_SENSOR_TIMES = frozenset(("time", "startTime", "endTime"))
_SENSOR_TEXTS = frozenset(
    (
        "deviceID",
        "dataProcessingMethod",
        "microorganism",
        "chemicalSubstance",
        "bizRules",
        "stringValue",
        "hexBinaryValue",
        "uriValue",
    )
)
_DEPTH_MAX = 40  # of a JSON value that is searched inside

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda one, other: bool(one == other),
    "GT": lambda one, other: bool(one > other),
    "GE": lambda one, other: bool(one >= other),
    "LT": lambda one, other: bool(one < other),
    "LE": lambda one, other: bool(one <= other),
}


class UnknownParameter(Exception):
    """There is no such parameter."""


class Unusable(ValueError):
    """The value of a parameter cannot be used; the text says why."""


def texts_of(value: Json) -> Sequence[str] | None:
    """The values of a parameter as texts; None where it has none that it may have."""
    match value:
        case str():
            return value.split("|")
        case bool():
            return ("true" if value else "false",)
        case Decimal() | int():
            return (str(value),)
        case None:
            return ("",)
        case list():
            inner = [texts_of(one) for one in value if not isinstance(one, (list, dict))]
            if len(inner) != len(value) or not inner:
                return None
            return [text for one in inner for text in (one or ())] if all(inner) else None
        case _:
            return None


def test_of(name: str, values: Sequence[str]) -> Test:
    """The test of one parameter. Raises UnknownParameter, Unusable."""
    if (plain := _PLAIN.get(name)) is not None:
        return plain(values)
    for head, make in _TYPED_HEADS.items():
        if name.startswith(head):
            return make(name[len(head) :], values)
    if (found := _COMPARED.fullmatch(name)) and (test := _compared(*found.groups(), values=values)):
        return test
    if own := _OWN.fullmatch(name):
        return _own(own[1], bool(own[2]), own[3] or "", own[4], values)
    raise UnknownParameter


def place_test_of(name: str, values: Sequence[str]) -> PlaceTest | None:
    """The test of a parameter about places; None for all others."""
    wanted = frozenset(values)
    if name in ("WD_readPoint", "WD_bizLocation"):
        places = _FIELDS[name.removeprefix("WD_")]
        return lambda event, known: any(
            not known.around(place).isdisjoint(map(known.name, wanted)) for place in places(event)
        )
    if has := _HAS_ATTRIBUTE.fullmatch(name):
        bearers = _FIELDS.get(has[1]) or _texts_under(has[1])
        return lambda event, known: any(not wanted.isdisjoint(known.attributes(place)) for place in bearers(event))
    if equals := _IS_ATTRIBUTE.fullmatch(name):
        bearers, attribute = _FIELDS.get(equals[1]) or _texts_under(equals[1]), equals[2]
        return lambda event, known: any(known.attributes(place).get(attribute) in wanted for place in bearers(event))
    return None


def is_pattern(text: str) -> bool:
    """Whether a name stands for many."""
    return _PATTERN.fullmatch(text) is not None


def about(name: str) -> Test:
    """Whether an event names a thing or class in any way."""
    return _names(things_of)((name,))


def _types(values: Sequence[str]) -> Test:
    known = {kind.value for kind in EventType}
    if strange := next((value for value in values if value not in known), None):
        raise Unusable(f"{strange!r} is no type of event: write {', '.join(sorted(known))}")
    wanted = frozenset(values)
    return lambda event: event.type.value in wanted


def _actions(values: Sequence[str]) -> Test:
    if not set(values) <= {"ADD", "OBSERVE", "DELETE"}:
        raise Unusable("write ADD, OBSERVE or DELETE")
    wanted = frozenset(values)
    return lambda event: event.action is not None and event.action.value in wanted


def _words(words: Vocabulary, of: Callable[[Event], Iterable[str]]) -> Callable[[Sequence[str]], Test]:
    def make(values: Sequence[str]) -> Test:
        wanted = frozenset(words.bare(value) for value in values)
        return lambda event: any(word in wanted for word in of(event))

    return make


def _names(of: Callable[[Event], Iterable[str]]) -> Callable[[Sequence[str]], Test]:
    def make(values: Sequence[str]) -> Test:
        exact = frozenset(canonical_uri(value) for value in values if not is_pattern(value))
        patterns = [_pattern(value) for value in values if is_pattern(value)]

        def test(event: Event) -> bool:
            return any(canonical_uri(name) in exact or any(pattern(name) for pattern in patterns) for name in of(event))

        return test

    return make


def _pattern(text: str) -> Callable[[str], bool]:
    """What an EPC pattern stands for: the URNs of its form, and the Digital Links below its class.

    A star is a whole part: several inside one part could be matched in more ways than there is time for.
    """
    if any("*" in part and part != "*" for part in text.rpartition(":")[2].split(".")):
        raise Unusable("in an EPC pattern a star stands for a whole part, between dots")
    form = re.escape(text).replace("urn:epc:idpat:", "urn:epc:id:").replace(r"\*", r"[^.]*")
    urn = re.compile(form + r"(?:\..*)?" if text.endswith("*") else form)
    link = canonical_uri(text)
    below = link.rstrip("/") + "/" if link != text else ""
    return lambda name: urn.fullmatch(name) is not None or bool(below and canonical_uri(name).startswith(below))


def _exact(of: Callable[[Event], Iterable[str]]) -> Callable[[Sequence[str]], Test]:
    def make(values: Sequence[str]) -> Test:
        wanted = frozenset(values)
        return lambda event: any(text in wanted for text in of(event))

    return make


def _exists(of: Callable[[Event], object]) -> Callable[[Sequence[str]], Test]:
    return lambda values: lambda event: bool(of(event))


def _error_time(comparison: str) -> Callable[[Sequence[str]], Test]:
    def make(values: Sequence[str]) -> Test:
        bound = _moment(values)
        return lambda event: event.error is not None and _COMPARISONS[comparison](event.error.declared.time_ms, bound)

    return make


def _sensor_types(values: Sequence[str]) -> Test:
    wanted = frozenset(MEASUREMENTS.bare(value) for value in values)
    return lambda event: any(MEASUREMENTS.bare(str(report.get("type", ""))) in wanted for report in _reports(event))


def _booleans(values: Sequence[str]) -> Test:
    if len(values) != 1 or values[0] not in ("true", "false"):
        raise Unusable("write true or false")
    wanted = values[0] == "true"
    return lambda event: any(report.get("booleanValue") is wanted for report in _reports(event))


def _typed(of: Callable[[Event], Sequence[Typed]], words: Vocabulary) -> Callable[[str, Sequence[str]], Test]:
    def make(kind: str, values: Sequence[str]) -> Test:
        bare = words.bare(kind)
        wanted = frozenset(canonical_uri(value) for value in values)
        return lambda event: any(one.type == bare and canonical_uri(one.uri) in wanted for one in of(event))

    return make


def _compared(comparison: str, member: str, unit: str | None, *, values: Sequence[str]) -> Test | None:
    """A comparison of a number or a time of quantities or sensors."""
    compare = _COMPARISONS[comparison]
    if member == "quantity":
        numbers = _numbers(values, comparison)
        return lambda event: any(
            (one.uom == (unit or "") if unit else True) and one.quantity is not None and _any(compare, one.quantity, numbers)
            for one in amounts_of(event)
        )
    if member in _SENSOR_NUMBERS:
        numbers = _numbers(values, comparison)
        return lambda event: any(
            (unit is None or report.get("uom") == unit)
            and isinstance(report.get(member), Decimal)
            and _any(compare, report[member], numbers)
            for report in _reports(event)
        )
    if unit is not None:
        return None
    if member in _SENSOR_TIMES:
        bound = _moment(values)
        return lambda event: any(compare(time, bound) for time in _sensor_times(event, member))
    if member in _SENSOR_TEXTS and comparison == "EQ":
        wanted = frozenset(canonical_uri(value) for value in values)
        return lambda event: any(canonical_uri(text) in wanted for text in _sensor_texts(event, member))
    return None


def _own(comparison: str, inner: bool, place: str, name: str, values: Sequence[str]) -> Test:
    """A comparison of a member of another namespace."""
    numbers = [number for value in values if (number := _number(value)) is not None]
    times = [read[0] for value in values if (read := read_time(value)) is not None]
    compare = _COMPARISONS.get(comparison)
    if compare is not None and comparison != "EQ" and len(numbers) + len(times) != 1:
        raise Unusable("it compares one number, or one time with its offset")

    def holds(value: Json) -> bool:
        if compare is None:
            return True
        if isinstance(value, list):
            return any(holds(one) for one in value)
        if comparison == "EQ":
            return (isinstance(value, str) and value in values) or (isinstance(value, Decimal) and value in numbers)
        if isinstance(value, Decimal) or (isinstance(value, str) and _number(value) is not None):
            return _any(compare, _number(str(value)), numbers)
        read = read_time(value) if isinstance(value, str) else None
        return read is not None and _any(compare, read[0], times)

    def test(event: Event) -> bool:
        pairs = _PLACES[place](event)
        found = _inner(pairs, name) if inner else (value for key, value in pairs if key == name)
        return any(holds(value) for value in found)

    return test


def _inner(pairs: Iterable[tuple[str, Json]], name: str, depth: int = 0) -> Iterator[Json]:
    for key, value in pairs:
        if key == name and depth:
            yield value
        if depth < _DEPTH_MAX:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    yield from _inner(one.items(), name, depth + 1)


def _any(compare: Callable[[Any, Any], bool], value: Any, bounds: Sequence[Any]) -> bool:
    return any(compare(value, bound) for bound in bounds)


def _numbers(values: Sequence[str], comparison: str) -> list[Decimal]:
    numbers = [_number(value) for value in values]
    if None in numbers or (comparison != "EQ" and len(numbers) != 1):
        raise Unusable("write a number")
    return [number for number in numbers if number is not None]


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text) if len(text) <= 64 and text.isascii() else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _moment(values: Sequence[str]) -> int:
    read = read_time(values[0]) if len(values) == 1 else None
    if read is None:
        raise Unusable("write a time with its offset, like 2026-03-02T09:30:00Z")
    return read[0]


def _reports(event: Event) -> Iterator[Mapping[str, Json]]:
    for element in event.sensors:
        yield from element.get("sensorReport", ())


def _parts(event: Event) -> Iterator[Mapping[str, Json]]:
    for element in event.sensors:
        yield element.get("sensorMetadata", {})
        yield from element.get("sensorReport", ())


def _sensor_times(event: Event, member: str) -> Iterator[int]:
    for part in _parts(event):
        value = part.get(member)
        if isinstance(value, str) and (read := read_time(value)) is not None:
            yield read[0]


def _sensor_texts(event: Event, member: str) -> Iterator[str]:
    for part in _parts(event):
        if isinstance(value := part.get(member), str):
            yield value


def _texts_under(name: str) -> Callable[[Event], Iterator[str]]:
    """The texts of a member of another namespace."""

    def texts(event: Event) -> Iterator[str]:
        for key, value in event.extensions:
            if key == name:
                yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one)

    return texts


def _classes(event: Event) -> Iterator[str]:
    return (amount.epc_class for amount in amounts_of(event))


def _members(event: Event, of: str) -> Iterator[tuple[str, Json]]:
    """The members of the sensor elements of an event, or of a part of each."""
    for element in event.sensors:
        for part in element.get(of, ()) if of == "sensorReport" else [element.get(of, {}) if of else element]:
            yield from part.items()


_PLACES: Mapping[str, Callable[[Event], Iterable[tuple[str, Json]]]] = {
    "": lambda event: event.extensions,
    "ILMD_": lambda event: event.ilmd,
    "ERROR_DECLARATION_": lambda event: event.error.extensions if event.error else (),
    "readPoint_": lambda event: event.read_point_extensions,
    "bizLocation_": lambda event: event.biz_location_extensions,
    "SENSORELEMENT_": lambda event: _members(event, ""),
    "SENSORMETADATA_": lambda event: _members(event, "sensorMetadata"),
    "SENSORREPORT_": lambda event: _members(event, "sensorReport"),
}
_FIELDS: Mapping[str, Callable[[Event], Iterable[str]]] = {
    "readPoint": lambda event: (event.read_point,) if event.read_point else (),
    "bizLocation": lambda event: (event.biz_location,) if event.biz_location else (),
}
_TYPED_HEADS: Mapping[str, Callable[[str, Sequence[str]], Test]] = {
    "EQ_bizTransaction_": _typed(lambda event: event.transactions, TRANSACTION_TYPES),
    "EQ_source_": _typed(lambda event: event.sources, PARTY_TYPES),
    "EQ_destination_": _typed(lambda event: event.destinations, PARTY_TYPES),
}
_PLAIN: Mapping[str, Callable[[Sequence[str]], Test]] = {
    "eventType": _types,
    "EQ_action": _actions,
    "EQ_bizStep": _words(BIZ_STEPS, lambda event: (event.biz_step,)),
    "EQ_disposition": _words(DISPOSITIONS, lambda event: (event.disposition,)),
    "EQ_persistentDisposition_set": _words(DISPOSITIONS, lambda event: event.set_dispositions),
    "EQ_persistentDisposition_unset": _words(DISPOSITIONS, lambda event: event.unset_dispositions),
    "EQ_readPoint": _names(_FIELDS["readPoint"]),
    "EQ_bizLocation": _names(_FIELDS["bizLocation"]),
    "EQ_transformationID": _exact(lambda event: (event.transformation_id,)),
    "MATCH_epc": _names(lambda event: (*event.epcs, *event.child_epcs)),
    "MATCH_parentID": _names(lambda event: (event.parent,) if event.parent else ()),
    "MATCH_inputEPC": _names(lambda event: event.input_epcs),
    "MATCH_outputEPC": _names(lambda event: event.output_epcs),
    "MATCH_anyEPC": _names(lambda event: (*named_by(event), *((event.parent,) if event.parent else ()))),
    "MATCH_epcClass": _names(lambda event: (one.epc_class for one in (*event.quantities, *event.child_quantities))),
    "MATCH_inputEPCClass": _names(lambda event: (one.epc_class for one in event.input_quantities)),
    "MATCH_outputEPCClass": _names(lambda event: (one.epc_class for one in event.output_quantities)),
    "MATCH_anyEPCClass": _names(_classes),
    "EQ_eventID": _exact(lambda event: (event.event_id,)),
    "EXISTS_errorDeclaration": _exists(lambda event: event.error),
    "EXISTS_sensorElementList": _exists(lambda event: event.sensors),
    "EXISTS_ilmd": _exists(lambda event: event.ilmd),
    "GE_errorDeclarationTime": _error_time("GE"),
    "LT_errorDeclarationTime": _error_time("LT"),
    "GE_errorDeclaration_Time": _error_time("GE"),
    "LT_errorDeclaration_Time": _error_time("LT"),
    "EQ_errorReason": _words(ERROR_REASONS, lambda event: (event.error.reason,) if event.error else ()),
    "EQ_correctiveEventID": _exact(lambda event: event.error.corrective_ids if event.error else ()),
    "EQ_type": _sensor_types,
    "EQ_booleanValue": _booleans,
}
