"""The query language of EPCIS 2.0 (ISO/IEC 19987 §8.2.7): parameters by name, each of them narrows what is found.

`parse_query` reads them once into tests on one event, bounds of time and an order; whoever searches asks `matches`. A
parameter that is not known is an error: a question that was not understood must not be answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from idis.registry.event_row import EventOrder
from idis.registry.trace.event import Event, Json
from idis.registry.trace.event_time import read_time
from idis.registry.trace.mentions import asked_for
from idis.registry.trace.query_tests import (
    PlaceTest,
    Surroundings,
    Test,
    UnknownParameter,
    Unusable,
    is_pattern,
    place_test_of,
    test_of,
    texts_of,
)

_T = TypeVar("_T")

VALUES_MAX = 1_000  # of one parameter
PARAMETERS_MAX = 100
LENGTH_MAX = 2_048  # characters of one value

ALWAYS = 2**62  # beyond any time

_BOUNDS = {
    "GE_eventTime": ("event", 0),
    "LT_eventTime": ("event", 1),
    "GE_recordTime": ("record", 0),
    "LT_recordTime": ("record", 1),
}
_ORDERS = {"eventTime": EventOrder.HAPPENED, "recordTime": EventOrder.RECORDED}


class BadQuery(ValueError):
    """A parameter that cannot be used.

    Attributes:
        name: which one.
    """

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A question.

    Attributes:
        tests, place_tests: all of them must hold.
        event_ms, record_ms: from when on, inclusive, and until when, exclusive.
        order: by which time the answer is sorted.
        newest_first: which way.
        count_limit: the most events of an answer; None: all.
        count_max: more than these are too many to answer; None: never.
        named: the answer names one of these things; empty: anything.
        event_ids: it is one of these events; empty: any.
        mentioned: the answer mentions one name of each of these (`mentions.py`).
    """

    tests: tuple[Test, ...] = ()
    event_ms: tuple[int, int] = (-ALWAYS, ALWAYS)
    record_ms: tuple[int, int] = (0, ALWAYS)
    order: EventOrder = EventOrder.HAPPENED
    newest_first: bool = True
    count_limit: int | None = None
    count_max: int | None = None
    place_tests: tuple[PlaceTest, ...] = ()
    named: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    mentioned: tuple[tuple[str, ...], ...] = ()

    def matches(self, event: Event, known: Surroundings | None = None) -> bool:
        """Whether an event with its record time is part of the answer; `known` tells of places where it asks for them."""
        return (
            self.event_ms[0] <= event.time.time_ms < self.event_ms[1]
            and self.record_ms[0] <= event.record_time_ms < self.record_ms[1]
            and all(test(event) for test in self.tests)
            and (not self.place_tests or (known is not None and all(test(event, known) for test in self.place_tests)))
        )


def parse_query(parameters: Mapping[str, Json]) -> EventQuery:
    """A question from its parameters.

    Args:
        parameters: a text, with `|` between values, or a list, a number or a truth value by name.

    Raises:
        BadQuery: one of them cannot be used.
    """
    if len(parameters) > PARAMETERS_MAX:
        raise BadQuery("query", f"more than {PARAMETERS_MAX} parameters")
    tests: list[Test] = []
    place_tests: list[PlaceTest] = []
    named: Sequence[str] = ()
    event_ids: Sequence[str] = ()
    mentioned: list[tuple[str, ...]] = []
    bounds = {"event": [-ALWAYS, ALWAYS], "record": [0, ALWAYS]}
    counts: dict[str, int] = {}
    order, newest_first = EventOrder.HAPPENED, True
    for name, value in parameters.items():
        values = _values(name, value)
        if name in _BOUNDS:
            kind, side = _BOUNDS[name]
            bounds[kind][side] = _moment(name, values)
        elif name == "orderBy":
            order = _one_of(name, values, _ORDERS)
        elif name == "orderDirection":
            newest_first = _one_of(name, values, {"DESC": True, "ASC": False})
        elif name in ("eventCountLimit", "maxEventCount"):
            counts[name] = _count(name, values)
        elif (place_test := place_test_of(name, values)) is not None:
            place_tests.append(place_test)
        elif name != "@context":
            tests.append(_test(name, values))
            if name.startswith("MATCH_") and not any(map(is_pattern, values)) and (not named or len(values) < len(named)):
                named = values  # the few things whose own events are all there is to look at
            elif name == "EQ_eventID":
                event_ids = values
            elif names := asked_for(name, values):
                mentioned.append(names)
    if len(counts) == 2:
        raise BadQuery("maxEventCount", "it excludes eventCountLimit: give one of them")
    return EventQuery(
        tuple(tests),
        (bounds["event"][0], bounds["event"][1]),
        (bounds["record"][0], bounds["record"][1]),
        order,
        newest_first,
        counts.get("eventCountLimit"),
        counts.get("maxEventCount"),
        tuple(place_tests),
        tuple(named),
        tuple(event_ids),
        tuple(mentioned),
    )


def _values(name: str, value: Json) -> Sequence[str]:
    values = texts_of(value)
    if values is None:
        raise BadQuery(name, "its value is a text, a number, or a list of them")
    if len(values) > VALUES_MAX or any(len(text) > LENGTH_MAX for text in values):
        raise BadQuery(name, f"it has more than {VALUES_MAX} values, or one of more than {LENGTH_MAX} characters")
    return values


def _test(name: str, values: Sequence[str]) -> Test:
    try:
        return test_of(name, values)
    except UnknownParameter:
        raise BadQuery(name, "there is no such parameter") from None
    except Unusable as error:
        raise BadQuery(name, str(error)) from None


def _moment(name: str, values: Sequence[str]) -> int:
    read = read_time(values[0]) if len(values) == 1 else None
    if read is None:
        raise BadQuery(name, "write a time with its offset, like 2026-03-02T09:30:00Z")
    return read[0]


def _count(name: str, values: Sequence[str]) -> int:
    if len(values) != 1 or not values[0].isascii() or not values[0].isdecimal() or len(values[0]) > 9 or not int(values[0]):
        raise BadQuery(name, "write a whole number from 1 on")
    return int(values[0])


def _one_of(name: str, values: Sequence[str], known: Mapping[str, _T]) -> _T:
    if len(values) != 1 or values[0] not in known:
        raise BadQuery(name, f"write one of {', '.join(known)}")
    return known[values[0]]
