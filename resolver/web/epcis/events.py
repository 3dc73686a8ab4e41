"""Questions about events: `/events`, `/events/{id}`, the events of a resource, and of a named question."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.registry.trace.event import Json
from idis.registry.trace.event_query import BadQuery, EventQuery, parse_query
from idis.registry.trace.event_search import EventSearch
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent, kept
from idis.registry.trace.query_tests import about
from idis.registry.trace.records import spelling_at
from idis.resolver.web.epcis.ask import Ask
from idis.resolver.web.epcis.exception import EpcisException, Kind, refused
from idis.resolver.web.epcis.paging import others, page_of
from idis.resolver.web.epcis.query_document import document, event_json, json_reply

_COUNT_BYTES = 4  # in front of a page's key: how many events came before it


async def list_events(ask: Ask) -> web.StreamResponse:
    """`GET /events`."""
    return await answer_query(ask, parameters_of(ask))


async def get_event(ask: Ask) -> web.StreamResponse:
    """`GET /events/{eventID}`: the event, and the declaration that it was wrong."""
    need_identity(ask)
    with ask.store.read() as txn:
        sight, spelling = EventSight(ask.caller), spelling_at(txn)
        rows = (txn.event(ask.names["event"], declares_error=wrong) for wrong in (False, True))
        found = [one for row in rows if row is not None and sight.sees(txn, one := kept(row), spelling)]
    if not found:
        raise EpcisException(Kind.NO_SUCH_RESOURCE, "there is no event of this id")
    return _reply(ask, found)


async def answer_query(
    ask: Ask, parameters: Mapping[str, Json], name: str = "SimpleEventQuery", thing: str = ""
) -> web.StreamResponse:
    """A page of the answer to a question.

    Args:
        ask: the request, whose parameters say which page.
        parameters: the question.
        name: under which it is known.
        thing: what the events are about besides, by the path of the request; empty: anything.
    """
    need_identity(ask)
    query = read_query(parameters)
    if thing:
        query = replace(query, tests=(*query.tests, about(thing)), named=query.named or (thing,))
    page = page_of(ask, f"events {ask.request.rel_url.raw_path} {json.dumps(parameters, sort_keys=True, default=str)}")
    before, after = int.from_bytes(page.after[:_COUNT_BYTES], "big"), page.after[_COUNT_BYTES:]
    wanted = page.size if query.count_limit is None else min(page.size, query.count_limit - before)
    if query.count_max is not None:
        await _count(ask, query)
    search = EventSearch(query, EventSight(ask.caller), max(wanted, 0), after)
    await look(ask, search)
    so_far = before + len(search.found)
    ends = not search.more or (query.count_limit is not None and so_far >= query.count_limit)
    following = None if ends else so_far.to_bytes(_COUNT_BYTES, "big") + search.key
    return _reply(ask, search.found, name, page.link(ask, following))


async def look(ask: Ask, search: EventSearch) -> None:
    """Search to the end of a page; others have their turn between two steps."""
    while not search.done:
        with ask.store.read() as txn:
            search.step(txn)
        await asyncio.sleep(0)


def parameters_of(ask: Ask) -> dict[str, Json]:
    """The parameters of a question in the address of a request."""
    found: dict[str, Json] = {}
    for name, value in others(ask):
        if name in found:
            raise EpcisException(Kind.QUERY_PARAMETER, f"{name[:100]} is there twice: put its values into one, with | between")
        found[name] = value
    return found


def read_query(parameters: Mapping[str, Json]) -> EventQuery:
    """The question that parameters come to. Raises EpcisException."""
    try:
        return parse_query(parameters)
    except BadQuery as error:
        raise EpcisException(Kind.QUERY_PARAMETER, str(error)) from None


def need_identity(ask: Ask) -> None:
    """Raise EpcisException where nobody in particular asks: no event is public."""
    if ask.caller.anonymous:
        sentence = "events are shown to those who may see them: prove an identity, or send a token"
        raise refused(Refusal(ResponseCode.AUTHENTICATION_NEEDED, sentence))


async def _count(ask: Ask, query: EventQuery) -> None:
    """Refuse where more events answer than `maxEventCount`."""
    assert query.count_max is not None, "whoever asks has seen it"
    search = EventSearch(query, EventSight(ask.caller), query.count_max)
    await look(ask, search)
    if not search.more:
        return
    if len(search.found) < query.count_max:
        raise EpcisException(Kind.QUERY_TOO_COMPLEX, "counting the events would take too long: ask for a shorter time")
    sentence = f"more than {query.count_max} events answer: ask for less, or without maxEventCount"
    raise EpcisException(Kind.QUERY_TOO_LARGE, sentence)


def _reply(
    ask: Ask, found: list[KeptEvent], name: str = "SimpleEventQuery", headers: list[tuple[str, str]] | None = None
) -> web.Response:
    events = (event_json(one.event, digital_links=ask.digital_links) for one in found)
    return json_reply(document(events, ask.now_ms, query=name), headers=headers or ())
