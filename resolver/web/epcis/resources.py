"""Top-level resources: what events are about, and the events about one of it (ISO/IEC 19987 §12.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web

from idis.registry.store.base import ReadTxn
from idis.registry.trace.event import Event, EventType, Json, things_of
from idis.registry.trace.event_query import EventQuery
from idis.registry.trace.event_search import EventSearch
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent
from idis.registry.trace.life import lately
from idis.registry.trace.records import spelling_at
from idis.registry.trace.things import Spelling
from idis.registry.trace.vocabulary import BIZ_STEPS, CONTEXT_URL, DISPOSITIONS
from idis.resolver.web.epcis.ask import BASE_PATH, Ask
from idis.resolver.web.epcis.events import answer_query, look, need_identity, parameters_of
from idis.resolver.web.epcis.exception import EpcisException, Kind
from idis.resolver.web.epcis.paging import Page, others, page_of
from idis.resolver.web.epcis.query_document import json_reply


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection.

    Attributes:
        parameter: which asks for events about a member.
        of: what an event says of it.
        normal: the one spelling of a member.
        fixed: all members, where the standard says which there are; empty where events do.
    """

    parameter: str
    of: Callable[[Event], Iterator[str]]
    normal: Callable[[str], str] = _as_it_is
    fixed: tuple[str, ...] = ()


def _said(text: str) -> Iterator[str]:
    if text:
        yield text


RESOURCES: Mapping[str, Resource] = {
    "eventTypes": Resource("eventType", lambda event: _said(event.type.value), fixed=tuple(kind.value for kind in EventType)),
    "epcs": Resource("MATCH_anyEPC", things_of),
    "bizSteps": Resource("EQ_bizStep", lambda event: _said(event.biz_step), BIZ_STEPS.bare),
    "bizLocations": Resource("EQ_bizLocation", lambda event: _said(event.biz_location)),
    "readPoints": Resource("EQ_readPoint", lambda event: _said(event.read_point)),
    "dispositions": Resource("EQ_disposition", lambda event: _said(event.disposition), DISPOSITIONS.bare),
}


async def list_root(ask: Ask) -> web.StreamResponse:
    """`GET /`: what there is."""
    names = [*RESOURCES, "capture", "events", "queries"]
    return json_reply({"@context": [CONTEXT_URL], "type": "Collection", "member": [f"{BASE_PATH}/{name}" for name in names]})


async def list_members(ask: Ask) -> web.StreamResponse:
    """`GET /bizSteps` and its like: what the newest events are about, each member of a page once.

    EPCs are there once in all; of the others a later page may repeat some.
    """
    resource = RESOURCES[ask.names["resource"]]
    _no_more(ask)
    page = page_of(ask, ask.names["resource"])
    if resource.fixed:
        return _collection(list(resource.fixed))
    need_identity(ask)
    members, following = await _seen(ask, resource, page)
    return _collection(members, page.link(ask, following))


async def get_member(ask: Ask) -> web.StreamResponse:
    """`GET /bizSteps/{x}` and its like: where the events about it are."""
    resource, member = RESOURCES[ask.names["resource"]], ask.names["member"]
    if resource.fixed and member not in resource.fixed:
        raise EpcisException(Kind.NO_SUCH_RESOURCE, f"there is no such member: there are {', '.join(resource.fixed)}")
    return _collection([f"{ask.request.rel_url.raw_path.rstrip('/')}/events"])


async def list_events_of(ask: Ask) -> web.StreamResponse:
    """`GET /bizSteps/{x}/events` and its like."""
    resource, member = RESOURCES[ask.names["resource"]], ask.names["member"]
    parameters = parameters_of(ask)
    if resource.parameter in parameters:
        raise EpcisException(Kind.QUERY_PARAMETER, f"the path says {resource.parameter} already")
    if resource.parameter == "MATCH_anyEPC":
        return await answer_query(ask, parameters, thing=member)  # it may be a class, which has a parameter of its own
    member_named: list[Json] = [resource.normal(member)]
    return await answer_query(ask, parameters | {resource.parameter: member_named})


async def _seen(ask: Ask, resource: Resource, page: Page) -> tuple[list[str], bytes | None]:
    members: dict[str, None] = {}
    search = EventSearch(EventQuery(), EventSight(ask.caller), page.size, page.after)
    await look(ask, search)
    with ask.store.read() as txn:
        spelling = spelling_at(txn)
        for one in search.found:
            for text in resource.of(one.event):
                if resource.parameter != "MATCH_anyEPC" or _is_newest(txn, one, text, spelling):
                    members[text] = None
    return list(members), search.key if search.more else None


def _is_newest(txn: ReadTxn, one: KeptEvent, text: str, spelling: Spelling) -> bool:
    """Whether no later event names a thing: then this is where it is listed."""
    newest = next(lately(txn, spelling.name(text), None), None)
    return newest is None or newest.event_id == one.event.event_id


def _collection(members: list[str], headers: list[tuple[str, str]] | None = None) -> web.Response:
    return json_reply({"@context": [CONTEXT_URL], "type": "Collection", "member": members}, headers=headers or ())


def _no_more(ask: Ask) -> None:
    if strange := next((name for name, _ in others(ask)), None):
        raise EpcisException(Kind.QUERY_PARAMETER, f"{strange[:100]}: there is no such parameter here")
