"""Searching by name gives what a look at all events gives."""

from __future__ import annotations

import io
from functools import partial
from random import Random
from typing import Any

import pytest

from idis.registry.caller import Caller, Role, RoleGrant
from idis.registry.store.base import Store
from idis.registry.trace import deriving, event_candidates
from idis.registry.trace.capture import Behaviour, capture
from idis.registry.trace.event_query import parse_query
from idis.registry.trace.event_search import EventSearch
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.teller import Teller
from tests.registry.trace.sample_events import FIVE, NOW_MS, OBJECT, document, octets

OPERATOR = Caller("operator", roles=(RoleGrant(Role.OPERATOR, ""),))
TELLER = Teller("yard", "88.118.8", ("",))
WRONG = {"errorDeclaration": {"declarationTime": "2026-03-05T00:00:00Z"}}
NAMES = [f"urn:x:{name}" for name in "abcd"]


def told(number: int, choose: Random) -> dict[str, Any]:
    """An event about some things, of any type."""
    one, two, *others = choose.sample(NAMES, 4)
    event = dict(choose.choice(FIVE)) | {"eventID": f"urn:e:{number}", "eventTime": f"2026-03-0{choose.randint(1, 3)}T00:00:00Z"}
    names = {"parentID": one, "childEPCs": [two], "epcList": [one, two], "inputEPCList": [one], "outputEPCList": [two, *others]}
    event |= {name: names[name] for name in names if name in event}
    event |= {"readPoint": {"id": choose.choice(NAMES)}}
    event |= {"bizTransactionList": [{"type": "po", "bizTransaction": choose.choice(NAMES)}]}
    if event["type"] == "ObjectEvent":
        event["persistentDisposition"] = {"set": [choose.choice(("recalled", "damaged"))]}
    if event["type"] == "TransformationEvent":
        event["transformationID"] = choose.choice(NAMES)
    return event | ({"parentID": others[0]} if event["type"] == "TransactionEvent" else {})


def captured(store: Store, events: list[dict[str, Any]]) -> None:
    """Each in a document of its own."""
    for event in events:
        read = capture(store, partial(io.BytesIO, octets(document(event))), TELLER, Behaviour.ROLLBACK, NOW_MS)
        assert read.success, read.problems


def pages(store: Store, query: dict[str, Any], size: int) -> list[tuple[str, bool]]:
    """All pages of an answer: ids, and whether each declares an error."""
    found: list[tuple[str, bool]] = []
    after, more = b"", True
    while more:
        search = EventSearch(parse_query(query), EventSight(OPERATOR), size, after)
        while not search.done:
            with store.read() as txn:
                search.step(txn)
        found += [(one.event.event_id, one.event.error is not None) for one in search.found]
        after, more = search.key, search.more
    return found


@pytest.mark.parametrize("seed", range(4))
def test_as_a_look_at_all_of_them(store: Store, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is named, in both orders and directions, on pages of any size, with errors declared before and after."""
    choose = Random(seed)
    events = [told(number, choose) for number in range(24)]
    wrong = [event | WRONG for event in events if choose.random() < 0.4]
    mixed = events + wrong
    choose.shuffle(mixed)
    captured(store, mixed)
    queries = [
        {match: [choose.choice(NAMES)], "orderBy": order, "orderDirection": direction} | bounds
        for match in ("MATCH_anyEPC", "MATCH_epc", "MATCH_parentID", "MATCH_inputEPC", "MATCH_outputEPC")
        for order in ("eventTime", "recordTime")
        for direction in ("ASC", "DESC")
        for bounds in ({}, {"GE_eventTime": "2026-03-02T00:00:00Z", "LT_eventTime": "2026-03-03T00:00:00Z"})
    ]
    by_name = [pages(store, query, choose.choice((1, 3, 50))) for query in queries]
    monkeypatch.setattr(event_candidates, "CANDIDATES_MAX", 1)
    by_all = [pages(store, query, 50) for query in queries]

    assert by_name == by_all
    assert any(by_all)


@pytest.mark.parametrize("seed", range(3))
def test_by_what_is_mentioned_or_when(store: Store, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places, documents, processes, persistent dispositions and the time of recording lead to what a look at all events gives."""
    choose = Random(seed)
    events = [told(number, choose) for number in range(20)]
    mixed = events + [event | WRONG for event in events if choose.random() < 0.4]
    choose.shuffle(mixed)
    captured(store, mixed)
    name = choose.choice(NAMES)
    several = {"EQ_readPoint": NAMES[:2], "EQ_bizTransaction_po": NAMES[1:]}
    asked: list[dict[str, Any]] = [
        {"EQ_readPoint": [name]},
        {"EQ_bizTransaction_po": [name]},
        {"EQ_transformationID": NAMES[:3]},
        {"EQ_persistentDisposition_set": ["recalled"]},
        several,
        {"GE_recordTime": "2020-01-01T00:00:00Z", "LT_recordTime": "2999-01-01T00:00:00Z", "EQ_bizStep": ["shipping", "packing"]},
    ]
    order = {"orderBy": choose.choice(("eventTime", "recordTime")), "orderDirection": choose.choice(("ASC", "DESC"))}
    bounds = choose.choice(({}, {"GE_eventTime": "2026-03-02T00:00:00Z"}))
    queries = [one | order | bounds for one in asked]
    by_mention = [pages(store, query, 3) for query in queries]
    monkeypatch.setattr(event_candidates, "CANDIDATES_MAX", 1)
    monkeypatch.setattr(event_candidates, "BOUNDED_MAX", 1)
    by_all = [pages(store, query, 50) for query in queries]

    assert by_mention == by_all
    assert any(by_all)


@pytest.mark.parametrize(
    ("query", "looked_at"),
    [
        ({"EQ_readPoint": ["urn:x:7"]}, 1),
        ({"EQ_readPoint": ["urn:x:7"], "EQ_bizTransaction_po": ["urn:p:0"]}, 0),
        ({"EQ_bizTransaction_po": ["urn:p:1"], "LT_eventTime": "2026-03-01T00:00:05Z"}, 2),
        ({"EQ_readPoint": ["urn:epc:idpat:sgln:*.*.*"]}, 60),
    ],
)
def test_only_what_is_mentioned_is_looked_at(store: Store, query: dict[str, Any], looked_at: int) -> None:
    """A place, a place with a document, a document in a time: the events of all of them; a pattern: all events."""
    captured(
        store,
        [
            OBJECT
            | {"eventID": f"urn:e:{number}", "eventTime": f"2026-03-01T00:00:{number:02}Z"}
            | {"readPoint": {"id": f"urn:x:{number}"}}
            | {"bizTransactionList": [{"type": "po", "bizTransaction": f"urn:p:{number % 2}"}]}
            for number in range(60)
        ],
    )
    search = EventSearch(parse_query(query), EventSight(OPERATOR), 10)
    with store.read() as txn:
        search.step(txn)

    assert search.looked_at == looked_at


def test_a_store_begun_without_mentions_is_looked_through(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that were recorded before there were mentions are found among those that have them."""
    monkeypatch.setattr(deriving, "mention_rows", lambda event, recorded_ms: {})
    captured(store, [OBJECT | {"eventID": "urn:e:1", "readPoint": {"id": "urn:x:1"}}])
    monkeypatch.undo()
    captured(store, [OBJECT | {"eventID": "urn:e:2", "readPoint": {"id": "urn:x:1"}}])

    assert sorted(pages(store, {"EQ_readPoint": ["urn:x:1"]}, 9)) == [("urn:e:1", False), ("urn:e:2", False)]


def test_by_id(store: Store) -> None:
    """An event and its declaration are found by their id, in their order."""
    one = OBJECT | {"eventID": "urn:e:1"}
    captured(store, [one, OBJECT | {"eventID": "urn:e:2"}, one | WRONG])
    query = {"EQ_eventID": ["urn:e:1", "urn:e:9"], "orderDirection": "ASC"}

    assert pages(store, query, 1) == [("urn:e:1", False), ("urn:e:1", True)]


def test_few_events_are_looked_at(store: Store) -> None:
    """The cost follows the answer: of a hundred events one is read."""
    captured(store, [OBJECT | {"eventID": f"urn:e:{number}", "epcList": [f"urn:x:{number}"]} for number in range(100)])
    search = EventSearch(parse_query({"MATCH_epc": ["urn:x:7"]}), EventSight(OPERATOR), 10)
    with store.read() as txn:
        search.step(txn)

    assert (search.looked_at, search.done, len(search.found)) == (1, True, 1)
