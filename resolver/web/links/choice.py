"""Which link a request is sent to (GS1-Conformant Resolver 1.2, §2.5–2.6): a pure function of links and wishes.

For each type of link the finest level that has it counts. Among links of a type those remain that fit the context asked for, then
the language, then the media type; what fits no link is no criterion, and a link that says nothing of itself is second best. Where
several are left nothing is picked at random: the client gets them to choose from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from idis.proto.schemes.gs1.link_types import DEFAULT, DEFAULT_MULTI, curie
from idis.proto.types.link import Link
from idis.resolver.web.links.preferences import ANY_LANGUAGE, ANY_MEDIA_TYPE, Fit, Languages, MediaTypes

_BY_NAME = 2  # a fit of this tier meets what was asked for
# A link that says nothing of itself: better than what fits because anything does, worse than what fits by name.
_SILENT = Fit(1, 2.0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for. `link_type` is in its one spelling; empty: the default."""

    link_type: str = ""
    contexts: tuple[str, ...] = ()
    languages: Languages = ANY_LANGUAGE
    media_types: MediaTypes = ANY_MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class Chosen:
    """One link, of a level, and by which rule."""

    link: Link
    level: int
    why: str


@dataclass(frozen=True, slots=True)
class Several:
    """Links between which nothing decides."""

    links: tuple[Link, ...]
    level: int
    why: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """No link of that type at any level."""

    why: str


Choice = Chosen | Several | Nothing


def choose(levels: Sequence[Sequence[Link]], wish: Wish) -> Choice:
    """The link for a wish.

    Args:
        levels: links of each level, the finest first.
        wish: what is asked for.
    """
    if wish.link_type:
        return _of_type(levels, wish)
    # Links by language or format refine the default of their own level. One that a finer level has goes before all of them: a
    # lot that has been given a page of its own must not lead to that of its product.
    for place, links in enumerate(levels):
        single = [link for link in links if link.link_type == DEFAULT]
        multi = [link for link in links if link.link_type == DEFAULT_MULTI]
        if multi:
            left, met = _narrow(multi, wish)
            if len(left) == 1 and (met or not single):
                return Chosen(left[0], place, f"the only gs1:defaultLinkMulti {met or 'there is'}")
        if single or multi:
            return _settled(single or multi, place, "the default link", wish)
    return Nothing("no level has a default link")


def _of_type(levels: Sequence[Sequence[Link]], wish: Wish) -> Choice:
    for place, links in enumerate(levels):
        found = [link for link in links if link.link_type == wish.link_type]
        if found:
            return _settled(found, place, f"the link of type {curie(wish.link_type)}", wish)
    return Nothing(f"no level has a link of type {curie(wish.link_type)}")


def _settled(links: list[Link], level: int, what: str, wish: Wish) -> Choice:
    left, met = _narrow(links, wish)
    if len(left) == 1:
        return Chosen(left[0], level, f"{what} {met}".rstrip())
    return Several(tuple(left), level, f"{what}: nothing in the request decides between {len(left)}")


def _narrow(links: list[Link], wish: Wish) -> tuple[list[Link], str]:
    """What is left, each target once, and by which criteria that were met."""
    left = links
    met: list[str] = []
    for name, fit in (
        ("context", lambda link: _context_fit(link, wish.contexts)),
        ("language", lambda link: _language_fit(link, wish.languages)),
        ("media type", lambda link: _media_fit(link, wish.media_types)),
    ):
        if len(left) > 1:
            left = _best(left, fit, name, met)
    left = list({link.href: link for link in left}.values())
    return left, f"by {' and '.join(met)}" if met else ""


def _best(links: list[Link], fit: Callable[[Link], Fit], name: str, met: list[str]) -> list[Link]:
    fits = [fit(link) for link in links]
    best = max(found.rank for found in fits)
    left = [link for link, found in zip(links, fits, strict=True) if found.rank == best]
    if len(left) < len(links) and best[0] == _BY_NAME:
        met.append(name)
    return left


def _context_fit(link: Link, wanted: tuple[str, ...]) -> Fit:
    if not link.contexts:
        return _SILENT
    return Fit(_BY_NAME, 1.0) if any(context in link.contexts for context in wanted) else Fit()


def _language_fit(link: Link, wanted: Languages) -> Fit:
    if not link.languages:
        return _SILENT
    return max((wanted.fit(tag) for tag in link.languages), key=lambda found: found.rank)


def _media_fit(link: Link, wanted: MediaTypes) -> Fit:
    if not link.media_type:
        return _SILENT
    return wanted.fit(link.media_type)
