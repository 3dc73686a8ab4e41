"""What a request for a GS1 key asks: the key in one of its forms, judged before anything else, and the wishes of the client."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from idis.proto.schemes.gs1 import digital_link
from idis.proto.schemes.gs1.digital_link import DigitalLink
from idis.proto.schemes.gs1.element_string import write_bracketed
from idis.proto.schemes.gs1.elements import Elements, Gs1Error
from idis.proto.schemes.gs1.epc_link import expand_segment
from idis.proto.schemes.gs1.keys import route
from idis.proto.schemes.gs1.link_types import link_type
from idis.proto.schemes.recognised import RouteKey
from idis.resolver.web.links.choice import Wish
from idis.resolver.web.links.preferences import MediaTypes, read_accept, read_languages

LINKSET = "linkset"
ALL = "all"  # deprecated: the same
CONTEXTS_MAX = 8

_COMPRESSED = re.compile(r"/(?:[^/]*/)*([A-Za-z0-9_-]{6,2048})/?")


@dataclass(frozen=True, slots=True)
class LevelAsked:
    """A level of what was asked for.

    Attributes:
        canonical: its key as the index of second names has it.
        anchor: its URI at this resolver.
        path: the elements of a GS1 key.
    """

    canonical: str
    anchor: str
    path: Elements = ()

    @property
    def display(self) -> str:
        """As people write it."""
        return write_bracketed(self.path) if self.path else self.canonical


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        link: the key, expanded where it came compressed.
        levels: from the finest to the primary key.
        plain: the expanded URI where it came compressed, else empty.
        query: of the request as it came, or as it was compressed with the key.
        wish: which link is wanted.
        wants_list: whether the linkset is asked for by name; `deprecated` by its old one.
    """

    link: DigitalLink
    levels: tuple[LevelAsked, ...]
    plain: str
    query: str
    wish: Wish
    wants_list: bool = False
    deprecated: bool = False

    @property
    def anchor(self) -> str:
        """The URI of what was asked for, all qualifiers included, without query."""
        return digital_link.uri(self.link.path, self.link.stem)

    @property
    def variables(self) -> dict[str, str]:
        """What stands for the variables of targets: application identifiers of the path, and the key."""
        return {**dict(self.link.path), "key": self.link.path[0][1]}

    @property
    def route(self) -> RouteKey:
        """By what the key is routed."""
        return route(*self.link.path[0])

    @property
    def accepts(self) -> MediaTypes:
        """What form the client would rather have."""
        return self.wish.media_types


def read_request(path: str, query: str, root: str, accept: str, languages: str, *, short_gtins: bool = False) -> Asked:
    """Read a request.

    Args:
        path: as it came, percent-encoded.
        query: as it came, without `?`.
        root: scheme and host of this resolver.
        accept: header, empty without.
        languages: of Accept-Language, likewise.
        short_gtins: whether a GTIN may have 8, 12 or 13 digits.

    Raises:
        Gs1Error: the path is no Digital Link; its sentence says why.
    """
    link, compressed = _read_link(path, query, root, short_gtins)
    wanted, contexts = _wanted(link.query)
    named = wanted in (LINKSET, ALL)
    kind = "" if named or not wanted else link_type(wanted) or wanted
    wish = Wish(kind, contexts, read_languages(languages), read_accept(accept))
    levels = _levels(link)
    plain = digital_link.write(link.elements, stem=link.stem, others=link.others) if compressed else ""
    return Asked(link, levels, plain, link.query, wish, named, wanted == ALL)


def _levels(link: DigitalLink) -> tuple[LevelAsked, ...]:
    paths = link.identity.levels
    return tuple([LevelAsked(digital_link.uri(path), digital_link.uri(path, link.stem), path) for path in paths])


def _read_link(path: str, query: str, root: str, short_gtins: bool) -> tuple[DigitalLink, bool]:
    text = f"{root}{path}?{query}" if query else root + path
    try:
        return digital_link.parse(text, short_gtin=short_gtins, trailing_slash=True), False
    except Gs1Error as error:
        if _COMPRESSED.fullmatch(path) is None:
            raise
        refused = error
    try:
        return expand_segment(text), True
    except Gs1Error:
        raise refused from None


def _wanted(query: str) -> tuple[str, tuple[str, ...]]:
    """The link type and the contexts that a query names."""
    if "linkType" not in query and "context" not in query:
        return "", ()
    kind, contexts = "", list[str]()
    for piece in query.split("&"):
        name, _, text = piece.partition("=")
        if name == "linkType" and not kind:
            kind = unquote_plus(text)
        elif name == "context" and text and len(contexts) < CONTEXTS_MAX:
            contexts.append(unquote_plus(text))
    return kind, tuple(contexts)
