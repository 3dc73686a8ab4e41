"""Reading events: EPCIS 2.0 in JSON and JSON-LD (ISO/IEC 19987 §10) into `Event`, every fault with its JSON pointer.

This is what a schema sees: members, their types, what each type of event needs. What members mean is `rules.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import BinaryIO, NamedTuple, cast

from idis.registry.trace.event import Action, ErrorDeclaration, Event, EventType, Json, Moment, Quantity, Typed
from idis.registry.trace.event_context import Context, prefixes_of, read_context, too_long
from idis.registry.trace.event_needs import needed_by
from idis.registry.trace.event_problem import EventProblem, Problem, shown, step
from idis.registry.trace.event_stream import DOCUMENT, QUERY_DOCUMENT, BrokenDocument, EventStream, broken
from idis.registry.trace.event_time import read_offset, read_time
from idis.registry.trace.uri import prefix_of
from idis.registry.trace.vocabulary import (
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    PARTY_TYPES,
    TRANSACTION_TYPES,
    Vocabulary,
)

MEMBERS_MAX = 100_000  # of one list of an event
DEPTH_MAX = 32  # of master data, extensions and sensor elements

Pairs = tuple[tuple[str, Json], ...]


class Placed(NamedTuple):
    """What a document holds at one place.

    Attributes:
        pointer: the JSON pointer that leads to it.
        found: the event, or what is wrong with it.
        text: the event as it was spelled; empty for a bare one.
        context: what the document declares for it.
    """

    pointer: str
    found: Event | EventProblem
    text: str = ""
    context: Context = ()


_TYPES = {kind.value: kind for kind in EventType} | {f"epcis:{kind.value}": kind for kind in EventType}
_ACTIONS = {action.value: action for action in Action}

_COMMON = frozenset(
    [
        "type",
        "@context",
        "eventID",
        "eventTime",
        "eventTimeZoneOffset",
        "recordTime",
        "certificationInfo",
        "errorDeclaration",
        "bizStep",
        "disposition",
        "persistentDisposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
        "sourceList",
        "destinationList",
        "sensorElementList",
    ]
)
_OWN: dict[EventType, frozenset[str]] = {
    EventType.OBJECT: _COMMON | {"action", "epcList", "quantityList", "ilmd"},
    EventType.AGGREGATION: _COMMON | {"action", "parentID", "childEPCs", "childQuantityList"},
    EventType.ASSOCIATION: _COMMON | {"action", "parentID", "childEPCs", "childQuantityList"},
    EventType.TRANSFORMATION: _COMMON
    | {"inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList", "transformationID", "ilmd"},
    EventType.TRANSACTION: _COMMON | {"action", "parentID", "epcList", "quantityList"},
}
_ALL = frozenset().union(*_OWN.values())
_COMMENTS = ("rdfs:comment", "comment")  # kept as extensions, and no part of what an event says


def read_events(stream: BinaryIO) -> Iterator[Event | EventProblem]:
    """The events of a document, a query document, or one bare event, in order; one at a time in memory.

    An event that cannot be read is told as a problem, and the next one follows; a document that cannot ends with one whose
    `index` is None. Pointers of problems lead into the document.
    """
    return (placed.found for placed in read_placed(stream))


def read_placed(stream: BinaryIO) -> Iterator[Placed]:
    """`read_events`, each with where it stands and how it is spelled."""
    found = EventStream(stream)
    index = 0
    context: Context = ()
    try:
        for pointer, piece in found.pieces():
            if index == 0:
                context = read_context(found.header.get("@context"))
                if (problem := too_long(context)) is not None:
                    yield Placed("", EventProblem(None, (problem,)))
                    return
            yield Placed(pointer, _placed(read_event(piece, context), index, pointer), found.piece, context)
            index += 1
    except BrokenDocument as error:
        yield Placed("", broken(error))
        return
    if not found.listed and found.header.get("type") in (DOCUMENT, QUERY_DOCUMENT):
        problem = Problem("/epcisBody", "member", "the document has no epcisBody with an eventList")
        yield Placed("", EventProblem(None, (problem,)))
    elif not found.listed:
        yield Placed("", _placed(read_event(found.header), 0, ""))
    elif problems := _header_problems(
        found.header, late_context=bool(index) and read_context(found.header.get("@context")) != context
    ):
        yield Placed("", EventProblem(None, problems))


def read_event(members: Json, context: Context = ()) -> Event | tuple[Problem, ...]:
    """One event from its JSON object, or all that is wrong with it; pointers lead into the event.

    Args:
        members: as `event_stream.parse_json` gives it.
        context: of the document around it.
    """
    if not isinstance(members, dict):
        return (Problem("", "type", "an event is a JSON object"),)
    kind = _TYPES.get(members.get("type", "")) if isinstance(members.get("type"), str) else None
    if kind is None:
        names = ", ".join(kind.value for kind in EventType)
        return (Problem("/type", "type", f"this is no type of event: write one of {names}"),)
    if "@context" in members:
        own = read_context(members["@context"])
        if (problem := too_long(own)) is not None:
            return (problem,)
        context += tuple(pair for pair in own if pair not in context)
    return _Reader(members, kind, context).read()


def _placed(read: Event | tuple[Problem, ...], index: int, pointer: str) -> Event | EventProblem:
    return read if isinstance(read, Event) else EventProblem(index, tuple(problem.below(pointer) for problem in read))


def _header_problems(header: Mapping[str, Json], *, late_context: bool) -> tuple[Problem, ...]:
    problems = []
    if header.get("type") not in (DOCUMENT, QUERY_DOCUMENT):
        problems.append(Problem("/type", "type", f"this is no type of document: write {DOCUMENT}"))
    version = str(header.get("schemaVersion", ""))
    if version != "2" and not version.startswith("2."):
        problems.append(Problem("/schemaVersion", "schemaVersion", "the schema version is not 2.0, the one this node reads"))
    if late_context:
        problems.append(Problem("/@context", "context", "the context must stand before the events that it explains"))
    return tuple(problems)


class _Reader:
    """Reads one event and collects its problems. Each member is read where it is there: most events have few of them."""

    def __init__(self, members: dict[str, Json], kind: EventType, context: Context) -> None:
        self._members = members
        self._kind = kind
        self._context = context
        self._prefixes = prefixes_of(context)
        self._problems: list[Problem] = []

    def read(self) -> Event | tuple[Problem, ...]:
        """The event, or its problems."""
        event = self._event()
        return tuple(self._problems) if self._problems else event

    def _event(self) -> Event:
        kind, given = self._kind, self._members
        time = self._time()
        read_point, read_point_more = self._place("readPoint") if "readPoint" in given else _NOWHERE
        location, location_more = self._place("bizLocation") if "bizLocation" in given else _NOWHERE
        set_, unset = self._persistent() if "persistentDisposition" in given else _NOTHING
        event = Event(
            kind,
            time,
            self._action(),
            self._text("eventID") if "eventID" in given else "",
            self._uris("epcList") if "epcList" in given else (),
            self._quantities("quantityList") if "quantityList" in given else (),
            self._text("parentID") if "parentID" in given else "",
            self._uris("childEPCs") if "childEPCs" in given else (),
            self._quantities("childQuantityList") if "childQuantityList" in given else (),
            self._uris("inputEPCList") if "inputEPCList" in given else (),
            self._quantities("inputQuantityList") if "inputQuantityList" in given else (),
            self._uris("outputEPCList") if "outputEPCList" in given else (),
            self._quantities("outputQuantityList") if "outputQuantityList" in given else (),
            self._text("transformationID") if "transformationID" in given else "",
            BIZ_STEPS.bare(self._text("bizStep")) if "bizStep" in given else "",
            DISPOSITIONS.bare(self._text("disposition")) if "disposition" in given else "",
            set_,
            unset,
            read_point,
            location,
            self._typed("bizTransactionList", "bizTransaction", TRANSACTION_TYPES) if "bizTransactionList" in given else (),
            self._typed("sourceList", "source", PARTY_TYPES) if "sourceList" in given else (),
            self._typed("destinationList", "destination", PARTY_TYPES) if "destinationList" in given else (),
            self._sensors() if "sensorElementList" in given else (),
            self._pairs("ilmd") if "ilmd" in given else (),
            self._certifications() if "certificationInfo" in given else (),
            self._error() if "errorDeclaration" in given else None,
            self._extensions(given, _OWN[kind], ""),
            self._context,
            0,
            read_point_more,
            location_more,
        )
        self._require(event)
        return event

    def _problem(self, pointer: str, rule: str, message: str) -> None:
        self._problems.append(Problem(pointer, rule, message))

    def _text(self, name: str) -> str:
        value = self._members.get(name)
        if value is None:
            if name in self._members:
                self._problem(step(name), "type", f"{name} is null: leave it out")
            return ""
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._problem(step(name), "type", f"{name} is no text")
        return ""

    def _time(self) -> Moment:
        text, offset_text = self._text("eventTime"), self._text("eventTimeZoneOffset")
        read = read_time(text) if text else None
        offset = read_offset(offset_text) if offset_text else None
        if read is None:
            sentence = "an event needs an eventTime" if not text else f"{shown(text)} is no time"
            self._problem("/eventTime", "time", f"{sentence}: write one like 2026-03-02T09:30:00+08:00, with its offset")
        if offset is None:
            sentence = "an event needs an eventTimeZoneOffset" if not offset_text else f"{shown(offset_text)} is no offset"
            self._problem("/eventTimeZoneOffset", "time", f"{sentence}: write one like +08:00")
        return Moment(read[0] if read else 0, offset or 0)

    def _action(self) -> Action | None:
        if self._kind is EventType.TRANSFORMATION:
            return None
        action = _ACTIONS.get(self._text("action"))
        if action is None:
            self._problem("/action", "action", f"{self._kind.value} needs the action ADD, OBSERVE or DELETE")
        return action

    def _list(self, name: str) -> list[Json]:
        value = self._members[name]
        if not isinstance(value, list):
            self._problem(step(name), "type", f"{name} is no list")
            return []
        if len(value) > MEMBERS_MAX:
            self._problem(step(name), "limit", f"{name} has more than {MEMBERS_MAX} members: spread them over several events")
            return []
        return value

    def _uris(self, name: str) -> tuple[str, ...]:
        value = self._list(name)
        for at, item in enumerate(value):
            if type(item) is not str or not item:
                self._problem(f"/{name}/{at}", "type", "this is no URI")
                return ()
        return tuple(value)

    def _objects(self, name: str, known: frozenset[str], needed: str) -> Iterator[tuple[str, dict[str, Json]]]:
        """The objects of a list with their pointers, those with faults left out."""
        for at, item in enumerate(self._list(name)):
            pointer = f"/{name}/{at}"
            if not isinstance(item, dict):
                self._problem(pointer, "type", "this is no JSON object")
            elif strange := next((member for member in item if member not in known), None):
                self._problem(pointer + step(strange), "member", f"there is no member {shown(strange)} here")
            elif not isinstance(item.get(needed), str) or not item[needed]:
                self._problem(f"{pointer}/{needed}", "type", f"{needed} is missing, or no URI")
            else:
                yield pointer, item

    def _quantities(self, name: str) -> tuple[Quantity, ...]:
        found = []
        for pointer, item in self._objects(name, _QUANTITY, "epcClass"):
            amount, unit = item.get("quantity"), item.get("uom", "")
            if amount is not None and not isinstance(amount, Decimal):
                self._problem(f"{pointer}/quantity", "type", "a quantity is a number")
            elif not isinstance(unit, str):
                self._problem(f"{pointer}/uom", "type", "a unit is a text")
            else:
                found.append(Quantity(item["epcClass"], amount, unit))
        return tuple(found)

    def _typed(self, name: str, member: str, words: Vocabulary) -> tuple[Typed, ...]:
        found = []
        for pointer, item in self._objects(name, frozenset(("type", member)), member):
            kind = item.get("type", "")
            if not isinstance(kind, str) or (not kind and words is PARTY_TYPES):
                self._problem(f"{pointer}/type", "type", f"the type of a {member} is missing, or no text")
            else:
                found.append(Typed(words.bare(kind), item[member]))
        return tuple(found)

    def _place(self, name: str) -> tuple[str, Pairs]:
        value = self._members[name]
        if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
            self._problem(step(name), "type", f'{name} is written {{"id": "a URI"}}')
            return "", ()
        return value["id"], self._extensions(value, _PLACE, step(name)) if len(value) > 1 else ()

    def _persistent(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        value = self._members["persistentDisposition"]
        if not isinstance(value, dict) or not value or not value.keys() <= {"set", "unset"}:
            self._problem("/persistentDisposition", "type", "it holds lists of dispositions under 'set', 'unset' or both")
            return (), ()
        return self._words(value, "set"), self._words(value, "unset")

    def _words(self, value: dict[str, Json], name: str) -> tuple[str, ...]:
        words = value.get(name, [])
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            self._problem(f"/persistentDisposition/{name}", "type", "this is no list of dispositions")
            return ()
        return tuple(DISPOSITIONS.bare(word) for word in words)

    def _sensors(self) -> tuple[Json, ...]:
        found = []
        for at, item in enumerate(self._list("sensorElementList")):
            pointer = f"/sensorElementList/{at}"
            reports = item.get("sensorReport") if isinstance(item, dict) else None
            if not isinstance(reports, list) or not reports or not all(isinstance(report, dict) for report in reports):
                self._problem(f"{pointer}/sensorReport", "type", "a sensor element needs a list of sensor reports")
            elif not isinstance(item.get("sensorMetadata", {}), dict):
                self._problem(f"{pointer}/sensorMetadata", "type", "sensorMetadata is no JSON object")
            elif self._is_shallow(item, pointer):
                found.append(item)
        return tuple(found)

    def _pairs(self, name: str) -> Pairs:
        value = self._members[name]
        if not isinstance(value, dict):
            self._problem(step(name), "type", f"{name} is no JSON object")
            return ()
        return self._extensions(value, frozenset(), step(name))

    def _certifications(self) -> tuple[str, ...]:
        value = self._members["certificationInfo"]
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str) and item for item in items):
            self._problem("/certificationInfo", "type", "certificationInfo is a URI or a list of them")
            return ()
        return tuple(items)

    def _error(self) -> ErrorDeclaration | None:
        value = self._members["errorDeclaration"]
        if not isinstance(value, dict):
            self._problem("/errorDeclaration", "type", "errorDeclaration is no JSON object")
            return None
        declared = value.get("declarationTime")
        read = read_time(declared) if isinstance(declared, str) else None
        ids, reason = value.get("correctiveEventIDs", []), value.get("reason", "")
        if read is None:
            self._problem("/errorDeclaration/declarationTime", "time", "an error declaration needs its time, with an offset")
        if not isinstance(ids, list) or not all(isinstance(one, str) and one for one in ids):
            self._problem("/errorDeclaration/correctiveEventIDs", "type", "this is no list of event ids")
        if not isinstance(reason, str):
            self._problem("/errorDeclaration/reason", "type", "the reason is no text")
        if self._problems:
            return None
        more = self._extensions(value, _ERROR, "/errorDeclaration")
        return ErrorDeclaration(Moment(*cast(tuple[int, int], read)), ERROR_REASONS.bare(reason), tuple(ids), more)

    def _extensions(self, members: dict[str, Json], own: frozenset[str], pointer: str) -> Pairs:
        """The members of other namespaces."""
        if members.keys() <= own:
            return ()
        found = []
        for name, value in members.items():
            if name in own:
                continue
            if self._is_extension(name, pointer) and self._is_shallow(value, pointer + step(name)):
                found.append((name, value))
        return tuple(found)

    def _is_extension(self, name: str, pointer: str) -> bool:
        """Whether a name belongs to another namespace; else a problem is noted."""
        if name in _COMMENTS or name.startswith("@"):
            return True
        prefix = prefix_of(name)
        if not prefix and (":" in name or name in self._prefixes or self._is_open()):
            return True
        if prefix and (prefix in self._prefixes or prefix == "urn"):
            return True
        at = pointer + step(name)
        if prefix:
            self._problem(at, "context", f"the prefix {shown(prefix)} is not declared: put it into the @context")
        elif name in _ALL and not pointer:
            self._problem(at, "member", f"{self._kind.value} has no member {name}")
        else:
            self._problem(at, "member", f"there is no member {shown(name)}: one of your own needs a prefix from the @context")
        return False

    def _is_open(self) -> bool:
        """Whether a further context may explain any name."""
        return any(not name for name, _ in self._context)

    def _is_shallow(self, value: Json, pointer: str) -> bool:
        if type(value) is str or depth_of(value) <= DEPTH_MAX:
            return True
        self._problem(pointer, "limit", f"this is nested deeper than {DEPTH_MAX} levels")
        return False

    def _require(self, event: Event) -> None:
        """What each type cannot be without (`tracing.md` §4.2)."""
        if (needed := needed_by(event)) is not None:
            self._problem(*needed)


def depth_of(value: Json, left: int = DEPTH_MAX + 1) -> int:
    """How deep a JSON value is nested; counts no further than a little beyond DEPTH_MAX."""
    if not isinstance(value, (dict, list)) or left < 0:
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((depth_of(one, left - 1) for one in inner if isinstance(one, (dict, list))), default=0)


_NOWHERE: tuple[str, Pairs] = ("", ())
_NOTHING: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
_QUANTITY = frozenset(("epcClass", "quantity", "uom"))
_PLACE = frozenset(("id",))
_ERROR = frozenset(("declarationTime", "reason", "correctiveEventIDs"))
