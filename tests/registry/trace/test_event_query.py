"""Questions about events: what is read, what is refused, whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.event_row import EventOrder
from idis.registry.trace.event_query import BadQuery, EventQuery, parse_query
from idis.registry.trace.event_stream import parse_json
from tests.registry.trace.sample_events import FIVE, OBJECT, read_one

NAMES = [
    "eventType",
    "EQ_action",
    "GE_eventTime",
    "MATCH_epc",
    "EQ_quantity",
    "GT_ex:a",
    "EQ_INNER_ILMD_ex:a",
    "EQ_source_x",
    "orderBy",
]
VALUES = st.recursive(st.none() | st.booleans() | st.text(max_size=8) | st.decimals(allow_nan=False), st.lists, max_leaves=4)


def test_bounds_and_order() -> None:
    """Times bound the search, the order says along which of the two."""
    query = parse_query({"GE_eventTime": "1970-01-01T00:00:01Z", "LT_eventTime": "1970-01-01T00:00:02Z", "orderBy": "recordTime"})
    assert (query.event_ms, query.order, query.newest_first) == ((1_000, 2_000), EventOrder.RECORDED, True)


def test_lists_and_bars() -> None:
    """A list and a text with bars ask the same."""
    event = read_one(OBJECT)
    for value in ("receiving|shipping", ["receiving", "shipping"]):
        assert parse_query({"EQ_bizStep": value}).matches(event)


def test_numbers() -> None:
    """A number may come as number or text."""
    event = read_one(FIVE[2])
    for value in ("200.5", parse_json("200.50"), [parse_json("1"), parse_json("200.5")]):
        assert parse_query({"EQ_quantity_KGM": value}).matches(event)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("", ""),
        ("EQ_", "x"),
        ("EQ_quantity_KGM_x", "1"),
        ("EQ_deviceID_KGM", "urn:x:1"),
        ("GT_deviceID", "urn:x:1"),
        ("EQ_action", []),
        ("EQ_action", {}),
        ("EQ_action", [["ADD"]]),
        ("MATCH_epc", "urn:epc:idpat:sgtin:1*1*1.*.*"),
        ("MATCH_epc", ["x"] * 1_001),
        ("MATCH_epc", "x" * 2_049),
        ("GE_eventTime", ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        ("maxEventCount", "1.5"),
        ("orderDirection", "up"),
    ],
)
def test_refused(name: str, value: object) -> None:
    """What is not understood is refused by its name."""
    with pytest.raises(BadQuery) as caught:
        parse_query({name: value})
    assert caught.value.name == name


def test_too_many_parameters() -> None:
    """No question has hundreds."""
    with pytest.raises(BadQuery):
        parse_query({f"EQ_ex:{number}": "1" for number in range(101)})


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), VALUES, max_size=4), st.sampled_from(FIVE))
def test_garbage(parameters: dict[str, object], members: dict[str, object]) -> None:
    """Whatever is asked, it is refused or answered."""
    try:
        query = parse_query(parameters)
    except BadQuery:
        return
    assert isinstance(query, EventQuery)
    assert query.matches(read_one(members)) in (True, False)
