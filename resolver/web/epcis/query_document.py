"""Answers about events: an EPCISQueryDocument, with EPC URNs as Digital Links where that is agreed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiohttp import web

from idis.registry.trace.canonical_uri import canonical_uri
from idis.registry.trace.event import Event, Json
from idis.registry.trace.event_stream import QUERY_DOCUMENT
from idis.registry.trace.event_time import write_utc
from idis.registry.trace.vocabulary import CONTEXT_URL
from idis.registry.trace.writing import json_text, write_event

_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_AMOUNTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_TYPED = (("sourceList", "source"), ("destinationList", "destination"), ("bizTransactionList", "bizTransaction"))


def event_json(event: Event, *, digital_links: bool) -> dict[str, Json]:
    """One event of an answer."""
    members = write_event(event)
    return _linked(members) if digital_links else members


def document(
    events: Iterable[dict[str, Json]], now_ms: int, *, query: str = "SimpleEventQuery", subscription: str = ""
) -> dict[str, Json]:
    """The document that holds events, each with the context it needs beyond the standard's own."""
    results: dict[str, Json] = {"queryName": query}
    if subscription:
        results["subscriptionID"] = subscription
    results["resultsBody"] = {"eventList": list(events)}
    return {
        "@context": [CONTEXT_URL],
        "type": QUERY_DOCUMENT,
        "schemaVersion": "2.0",
        "creationDate": write_utc(now_ms),
        "epcisBody": {"queryResults": results},
    }


def json_reply(value: Json, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> web.Response:
    """A JSON value as the answer."""
    answer = web.Response(text=json_text(value), status=status, content_type="application/json", charset="utf-8")
    answer.headers["Cache-Control"] = "no-store"  # whose answer it is depends on who asked
    answer.headers["X-Content-Type-Options"] = "nosniff"
    for name, text in headers:
        answer.headers[name] = text
    return answer


def _linked(members: dict[str, Json]) -> dict[str, Json]:
    """An event as written, its EPC URNs as canonical Digital Links."""
    for name in _LISTS:
        if name in members:
            members[name] = [_link(text) for text in members[name]]
    for name in _AMOUNTS:
        for amount in members.get(name, ()):
            amount["epcClass"] = _link(amount["epcClass"])
    for name, member in _TYPED:
        for one in members.get(name, ()):
            one[member] = _link(one[member])
    if "parentID" in members:
        members["parentID"] = _link(members["parentID"])
    for name in ("readPoint", "bizLocation"):
        if name in members:
            members[name]["id"] = _link(members[name]["id"])
    return members


def _link(text: str) -> str:
    return canonical_uri(text) if text.startswith("urn:epc:") else text
