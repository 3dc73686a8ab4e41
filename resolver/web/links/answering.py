"""From a request and the levels that are known to the answer: redirect, list, linkset, or what went wrong.

Everything here is a pure function; who may see which links has been decided before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from idis.proto.schemes.gs1 import digital_link
from idis.proto.schemes.gs1.link_types import HANDLED_BY, curie
from idis.proto.schemes.recognised import Recognised
from idis.proto.types.link import Link
from idis.proto.types.successor import Succession, SuccessionKind
from idis.registry.foreign_route import ForeignRoute, TargetKind
from idis.registry.links import SCHEME
from idis.resolver.foreign.targets import redirect_of
from idis.resolver.web.links.asked import Asked
from idis.resolver.web.links.choice import Choice, Chosen, Nothing, Several, Wish, choose
from idis.resolver.web.links.levels import Level, own_page, with_defaults
from idis.resolver.web.links.linkset import CONTEXT, JSON, JSON_LD, LINKSET_JSON, choices, encoded, linkset
from idis.resolver.web.links.preferences import MediaTypes
from idis.resolver.web.links.reply import RECALLED_S, SHORT_S, Reply, made, problem

PAGE = "text/html"
_ENDED = (SuccessionKind.WITHDRAWN, SuccessionKind.MERGED)
_DEPRECATED = {  # the month of the standard that says so (RFC 9745)
    "Deprecation": "@1706745600",
    "Warning": '299 - "linkType=all is deprecated: write linkType=linkset"',
}
_GS1_URI = f"{SCHEME}:{digital_link.CANONICAL_STEM}/"


class PageOf(Enum):
    """What a page for a person is to show."""

    LIST = "list"
    CHOICE = "choice"
    GONE = "gone"
    RECALL = "recall"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is made for a person.

    Attributes:
        of: what it shows.
        levels: what is known; the first is the finest.
        links: between which to choose; of a recalled thing, the one to which a program is sent.
        reply: what a program gets instead, and the headers of either.
    """

    of: PageOf
    levels: tuple[Level, ...]
    reply: Reply
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a resolver answers: settings and who asks.

    Attributes:
        root: its scheme and host.
        old_descriptions: see `linkset`.
        known: whether whoever asks has proved an identity.
        recall_page: whether a person is told of a recall flag before he goes on.
    """

    root: str
    old_descriptions: bool = False
    known: bool = False
    recall_page: bool = True


def answer(asked: Asked, levels: Sequence[Level], manner: Manner) -> Reply | Page:
    """The answer to a request for something that is known at one level at least."""
    if (end := gone(levels[0])) is not None:
        page = problem(HTTPStatus.GONE, gone_sentence(end), _successor_links(end, manner.root), **_gone_members(end))
        return _for_reader(asked, Page(PageOf.GONE, tuple(levels), page))
    whole = with_defaults(levels, manner.root, asked.wish.languages)
    if asked.wants_list:
        form = _form(asked.accepts)
        return _listed(asked, whole, manner, form)
    if asked.accepts.prefers(LINKSET_JSON):
        return _listed(asked, whole, manner, LINKSET_JSON)
    choice = choose([level.links for level in whole], asked.wish)
    if not asked.wish.link_type and (form := _data_form(asked.accepts)):
        decided = isinstance(choice, Chosen) and choice.link.media_type == form
        return _sent(asked, whole, choice, manner) if decided else _listed(asked, whole, manner, form)
    if isinstance(choice, Chosen) and manner.recall_page and is_warned(asked.wish, whole):
        headers = {"Link": _link_header(asked, whole, manner)}
        reply = made(HTTPStatus.OK, headers, max_age_s=_age_s(whole, whole[choice.level]), private=manner.known)
        return Page(PageOf.RECALL, whole, reply, (choice.link,))
    return _sent(asked, whole, choice, manner)


def is_warned(wish: Wish, levels: Sequence[Level]) -> bool:
    """Whether a person asks, for no certain link, what a thing is that must not be used, or only after a check.

    He would be sent to a page of its owner that need not say so. Programs, and who names the type of link he wants, know what
    they ask for.
    """
    return not wish.link_type and wish.media_types.prefers(PAGE) and any(level.recalled for level in levels)


def target(link: Link, query: str) -> str:
    """Where a request is sent: all of its query behind that of the link, before any fragment, unless the link will have none."""
    if not query or not link.forwards_query:
        return link.href
    base, mark, fragment = link.href.partition("#")
    glue = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{glue}{query}{mark}{fragment}"


def handed(asked: Asked, route: ForeignRoute) -> Reply:
    """Another resolver is in charge of the company prefix: the request goes there as it came, nothing of it is judged here."""
    if not route.enabled:
        return problem(HTTPStatus.FORBIDDEN, f"the route of {route.start} is disabled")
    resolver = route.targets[0]
    if resolver.kind is TargetKind.GS1:
        place = digital_link.uri(asked.link.path, resolver.place)
    else:
        first = asked.levels[0]
        levels = tuple(level.canonical for level in asked.levels)
        reading = Recognised(SCHEME, first.canonical, first.display, levels=levels, route=asked.route)
        place = redirect_of(resolver, route, reading) or ""
    if not place:
        return unknown(asked)
    headers = {
        "Location": target(Link(HANDLED_BY, place, route.note or route.name), asked.query),
        "Link": f'<{place}>; rel="{curie(HANDLED_BY)}"',
    }
    return made(HTTPStatus.TEMPORARY_REDIRECT, headers, max_age_s=min(SHORT_S, route.ttl_s))


def gone(level: Level) -> Succession | None:
    """What ended a thing, when all its records say that it ended and nothing of it goes on."""
    ends = [record.succession for record in level.records]
    return ends[0] if all(end is not None and end.kind in _ENDED for end in ends) else None


def gone_sentence(end: Succession) -> str:
    """What became of it, for people."""
    what = f"it became part of {end.sole}" if end.sole else "nothing takes its place"
    return f"{end.kind.value} on {end.date}: {what}" + (f" ({end.note})" if end.note else "")


def malformed(detail: str) -> Reply:
    """The path is no Digital Link."""
    return problem(HTTPStatus.BAD_REQUEST, f"this is no GS1 Digital Link: {detail}")


def unknown(asked: Asked) -> Reply:
    """No level of what was asked for is known here."""
    return problem(HTTPStatus.NOT_FOUND, f"nothing is registered here for {asked.levels[-1].canonical}")


def _sent(asked: Asked, levels: Sequence[Level], choice: Choice, manner: Manner) -> Reply | Page:
    match choice:
        case Chosen(link=link, level=place):
            level = levels[place]
            headers = {"Location": target(link, asked.query), "Link": _link_header(asked, levels, manner)}
            return made(HTTPStatus.TEMPORARY_REDIRECT, headers, max_age_s=_age_s(levels, level), private=manner.known)
        case Several(links=links, level=place):
            headers = {"Content-Type": LINKSET_JSON, "Link": _link_header(asked, levels, manner)}
            body = encoded(choices(levels[place].anchor, links))
            age_s = _age_s(levels, levels[place])
            reply = made(HTTPStatus.MULTIPLE_CHOICES, headers, body, max_age_s=age_s, private=manner.known)
            return _for_reader(asked, Page(PageOf.CHOICE, tuple(levels), reply, links))
        case Nothing(why=why):
            offered = sorted({curie(link.link_type) for level in levels for link in level.links})
            return problem(HTTPStatus.NOT_FOUND, f"{why}; there are {', '.join(offered)}", linkTypes=offered)


def _listed(asked: Asked, levels: Sequence[Level], manner: Manner, form: str) -> Reply | Page:
    shown = JSON_LD if form == PAGE else form  # a page has it within
    headers = {"Content-Type": shown, "X-Content-Type-Options": "nosniff", "Link": _context_header(asked)}
    if asked.deprecated:
        headers |= _DEPRECATED
    body = encoded(linkset(levels, old_descriptions=manner.old_descriptions), shown)
    reply = made(HTTPStatus.OK, headers, body, max_age_s=_age_s(levels, levels[0]), private=manner.known)
    return Page(PageOf.LIST, tuple(levels), reply) if form == PAGE else reply


def _for_reader(asked: Asked, page: Page) -> Reply | Page:
    return page if asked.accepts.prefers(PAGE) else page.reply


def _form(accepts: MediaTypes) -> str:
    """The form in which a list is wanted; the first where all are as welcome."""
    return max((LINKSET_JSON, JSON, JSON_LD, PAGE), key=lambda media_type: accepts.fit(media_type).rank)


def _data_form(accepts: MediaTypes) -> str:
    """The form in which a program wants data rather than a way to a page; empty when it does not."""
    return next((media_type for media_type in (JSON, JSON_LD) if accepts.prefers(media_type)), "")


def _link_header(asked: Asked, levels: Sequence[Level], manner: Manner) -> str:
    parts = [f'<{asked.anchor}?linkType=linkset>; rel="linkset"; type="{LINKSET_JSON}"']
    if asked.plain:
        parts.append(f'<{asked.plain}>; rel="owl:sameAs"')
    for record in levels[0].records:
        if record.succession is not None:
            parts.extend(f'<{uri}>; rel="successor-version"' for uri in _successor_uris(record.succession, manner.root))
    return ", ".join(parts)


def _context_header(asked: Asked) -> str:
    same = f', <{asked.plain}>; rel="owl:sameAs"' if asked.plain else ""
    return f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="{JSON_LD}"{same}'


def _age_s(levels: Sequence[Level], chosen: Level) -> int:
    recalled = any(level.recalled for level in levels)
    return min(RECALLED_S if recalled else SHORT_S, chosen.ttl_s, levels[0].ttl_s)


def _gone_members(end: Succession) -> dict[str, object]:
    return {"kind": end.kind.value, "date": end.date, "successors": list(end.successors)}


def _successor_links(end: Succession, root: str) -> dict[str, str]:
    uris = _successor_uris(end, root)
    return {"Link": ", ".join(f'<{uri}>; rel="successor-version"' for uri in uris)} if uris else {}


def _successor_uris(end: Succession, root: str) -> list[str]:
    """Where successors are asked for at this resolver: keys of GS1 by their paths, handles as they are."""
    return [
        f"{root}/{name.removeprefix(_GS1_URI)}" if name.startswith(_GS1_URI) else own_page(root, name)
        for name in end.successors
    ]
