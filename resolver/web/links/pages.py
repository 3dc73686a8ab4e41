"""Answers of the Digital Link resolver as pages for people: lists of links, choices, ends, and what went wrong."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from idis.proto.any_name import name_asked
from idis.proto.schemes.gs1.digital_link import CANONICAL_STEM, parse
from idis.proto.schemes.gs1.element_string import write_bracketed
from idis.proto.schemes.gs1.link_types import DEFAULT, DEFAULT_MULTI
from idis.registry.links import SCHEME
from idis.resolver.web.landing import words
from idis.resolver.web.landing.language import Reader, Words
from idis.resolver.web.landing.page import landing_page
from idis.resolver.web.landing.showing import notices_of, shown_link
from idis.resolver.web.landing.shown import Case, Link, Origin, Recall, Shown, Succession
from idis.resolver.web.landing.style import CONTENT_SECURITY_POLICY
from idis.resolver.web.links.answering import Page, PageOf, target
from idis.resolver.web.links.asked import Asked
from idis.resolver.web.links.levels import Level, own_page
from idis.resolver.web.links.linkset import JSON_LD
from idis.resolver.web.links.reply import Reply

# What goes wrong, and how a page tells it.
TOLD: dict[int, Case] = {
    HTTPStatus.BAD_REQUEST: Case.MALFORMED,
    HTTPStatus.FORBIDDEN: Case.STOPPED,
    HTTPStatus.NOT_FOUND: Case.NOT_FOUND,
    HTTPStatus.GONE: Case.WITHDRAWN,
    HTTPStatus.SERVICE_UNAVAILABLE: Case.BUSY,
}
_GS1 = f"{SCHEME}:{CANONICAL_STEM}/"
_SCHEME = Words("GS1 标识", "GS1 key")
_LINKSET = "?linkType=linkset"
_IN_PAGE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})  # JSON in a page must not end its element


def page_of(asked: Asked, page: Page, node: str, root: str, reader: Reader, record: Shown | None = None) -> str:
    """The page that a person gets.

    Args:
        asked: the request.
        page: what it is to show.
        node: the name of this node.
        root: scheme and host of the resolver.
        reader: in which language.
        record: what the page of its finest record shows, where this page shows all of that.
    """
    first = page.levels[0]
    recall, recalled = _recall(page.levels)
    values = record or _without_values(page, node)
    identifier = asked.levels[0].display
    shown = replace(
        values,
        identifier=identifier,
        others=tuple(line for line in values.others if line.contents != (Words(identifier),)),
        scheme=_SCHEME,
        recall=recall,
        recalled=recalled,
        notices=notices_of(link for level in page.levels for link in level.links),
        onward=_onward(asked, page, root),
        links=_links(asked, page, root),
        succession=_succession(first),
        json=asked.anchor.removeprefix(root) + _LINKSET,
    )
    text = landing_page(shown, reader)
    if page.of is not PageOf.LIST:
        return text
    # What the page shows people, for programs that read pages (Resolver 1.2, §2.10). It is data: no policy lets it run.
    data = page.reply.body.decode().translate(_IN_PAGE)
    return text.replace("</head>", f'<script type="{JSON_LD}">{data}</script>\n</head>', 1)


def trouble_page(shown_as: str, reply: Reply, reason: str, node: str, reader: Reader) -> str:
    """What went wrong, for a person."""
    return landing_page(Shown(shown_as, TOLD[reply.status], Origin(node), scheme=_SCHEME, reason=reason), reader)


def page_headers(reply: Reply, reader: Reader) -> tuple[tuple[str, str], ...]:
    """The headers of a reply with a page as its content."""
    kept = tuple(pair for pair in reply.headers if pair[0] not in ("Content-Type", "ETag", "X-Content-Type-Options"))
    return (
        *kept,
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Language", reader.language.tag),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )


def _without_values(page: Page, node: str) -> Shown:
    first = page.levels[0]
    return Shown(
        identifier=first.display,
        case=Case.SEVERAL if page.of is PageOf.CHOICE else Case.WITHDRAWN if page.of is PageOf.GONE else Case.FOUND,
        origin=Origin(node, prefix=", ".join(name.partition("/")[0] for name in _handles(first))),
        name=Words(first.name if first.name != first.display else ""),
    )


def _handles(level: Level) -> list[str]:
    """The records of a level that are known by a handle; of another node's only the key may be known."""
    return [record.identifier for record in level.records if not name_asked(record.identifier)]


def _recall(levels: tuple[Level, ...]) -> tuple[Recall, str]:
    """The gravest flag, and what bears it where that is not the finest level."""
    for recall in (Recall.STOP, Recall.CHECK):
        for place, level in enumerate(levels):
            if any(record.recalled == recall.value for record in level.records):
                return recall, level.display if place else ""
    return Recall.NONE, ""


def _onward(asked: Asked, page: Page, root: str) -> Link | None:
    """The link to which a program is sent; none to what this page shows itself."""
    if page.of is not PageOf.RECALL:
        return None
    href = target(page.links[0], asked.query)
    return None if href.startswith(f"{root}/") else Link(href, words.ONWARD)


def _links(asked: Asked, page: Page, root: str) -> tuple[Link, ...]:
    if page.of is PageOf.CHOICE:
        return tuple(shown_link(link, target(link, asked.query)) for link in page.links)
    own = [Link(own_page("", name), Words(name)) for level in page.levels for name in _handles(level)]
    named = [link for level in page.levels for link in level.links if link.link_type not in (DEFAULT, DEFAULT_MULTI)]
    rest = [link for level in page.levels for link in level.links if link.link_type in (DEFAULT, DEFAULT_MULTI)]
    seen = {link.href for link in named}
    others = [link for link in rest if link.href not in seen and not link.href.startswith(f"{root}/")]
    return (*map(shown_link, (*named, *others)), *own)


def _succession(level: Level) -> Succession | None:
    end = next((record.succession for record in level.records if record.succession is not None), None)
    if end is None:
        return None
    return Succession(words.ENDS[end.kind.value], tuple(map(_successor, end.successors)), end.date, end.note)


def _successor(name: str) -> Link:
    """A key of GS1 as people write it, at this resolver; a handle as it is."""
    if not name.startswith(_GS1):
        return Link(own_page("", name), Words(name))
    uri = name.removeprefix(f"{SCHEME}:")
    return Link(uri.removeprefix(CANONICAL_STEM), Words(write_bracketed(parse(uri).path)))
