"""A route: which identifiers of a scheme go where (解析路由配置; `identifiers.md` §6).

It holds what begins with a prefix, or an inclusive range of numbers of one length. It leads to targets, the first one
first; the others stand in for it:

    node:ADDRESS:PORT            a node of ours, asked by the binary protocol
    https://host/path/{id}       what stands there, with the identifier put into it
    dns:SUFFIX                   names below a suffix: ONS for GS1 keys, ORS for OIDs
    gs1:https://host             a resolver of GS1 Digital Links
    did:https://host             a resolver of DIDs, `/1.0/identifiers/…`
    handle:https://host          a proxy of the Handle System, `/api/handles/…`
    web:                         the host that the identifier itself names: did:web, and links

Where the answer is *values*, this node fetches and shows them; where it is *redirect*, the asker is told where to go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import urlsplit

from idis.proto.errors import DataError
from idis.registry.route_types import ROUTE_BYTES_MAX, ROUTE_TYPES, route_type

TARGETS_MAX = 8  # providers of one route; more are a service behind one name
TARGET_BYTES_MAX = 1_024
NOTE_CHARACTERS_MAX = 255
TTL_S_DEFAULT = 3_600
NEGATIVE_TTL_S_DEFAULT = 60
TTL_S_MAX = 604_800  # a week: beyond it a change of a foreign name is not seen

VARIABLES = ("id", "path", "key", "rest", "scheme")  # what a template may have put into it

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_URL_CHARACTERS = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z{}~-]+")
_PORT_MAX = 65_535


class TargetKind(Enum):
    """What a route leads to."""

    NODE = "node"
    HTTPS = "https"
    DNS = "dns"
    GS1 = "gs1"
    DID = "did"
    HANDLE = "handle"
    WEB = "web"


# Which types of keys a resolver that speaks one language can be asked for; the others take any.
_SPOKEN = {
    TargetKind.DNS: ("GS1", "OID"),
    TargetKind.GS1: ("GS1",),
    TargetKind.DID: ("DID",),
    TargetKind.HANDLE: ("Handle", "VAA"),
    TargetKind.WEB: ("DID", "URL"),
}


class RouteAnswer(Enum):
    """What an asker gets: what was found there, or where it is."""

    VALUES = "values"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """One provider. `place` is ADDRESS:PORT, a template, a DNS suffix or the root of a resolver."""

    kind: TargetKind
    place: str

    def __str__(self) -> str:
        return self.place if self.kind is TargetKind.HTTPS else f"{self.kind.value}:{self.place}"


@dataclass(frozen=True, slots=True)
class ForeignRoute:
    """One entry.

    Attributes:
        type: of its keys, as in `RouteKey`.
        start, end: the ends of a range, inclusive; the same for a prefix.
        targets: in the order of preference.
        enabled: a route that is switched off answers that it is disabled, not that nothing was found.
        ttl_s: how long an answer of others is believed at most; negative_ttl_s: that they have none.
        note: one line for people.
    """

    type: str
    start: str
    end: str
    targets: tuple[RouteTarget, ...]
    enabled: bool = True
    answer: RouteAnswer = RouteAnswer.VALUES
    ttl_s: int = TTL_S_DEFAULT
    negative_ttl_s: int = NEGATIVE_TTL_S_DEFAULT
    note: str = ""

    @property
    def is_range(self) -> bool:
        """Whether it holds more than what begins with one prefix."""
        return self.start != self.end

    @property
    def name(self) -> str:
        """What people call it, and what it is found by: `GS1 6901234`, `OID 1.2.156.10` to `1.2.156.19`."""
        return f"{self.type} {self.start}" + (f" to {self.end}" if self.is_range else "")


def checked_route(route: ForeignRoute) -> ForeignRoute:
    """A route as it is stored: its type and ends in their one spelling.

    Raises:
        DataError: something of it is not as it should be; the sentence says what.
    """
    name = route_type(route.type)
    spell = ROUTE_TYPES[name].spell
    start = spell(route.start)
    end = spell(route.end) if route.end else start
    for text in (start, end):
        if not 0 < len(text.encode()) <= ROUTE_BYTES_MAX or "\x00" in text:
            raise DataError(f"a route has a prefix of at most {ROUTE_BYTES_MAX} octets")
    if start != end:
        _check_range(name, start, end)
    if not 1 <= len(route.targets) <= TARGETS_MAX or len(set(route.targets)) < len(route.targets):
        raise DataError(f"a route has 1 to {TARGETS_MAX} different targets")
    kinds = {target.kind for target in route.targets}
    if TargetKind.NODE in kinds and len(kinds) > 1:
        raise DataError("nodes of ours and others do not stand in for each other: make two routes")
    for target in route.targets:
        if name not in _SPOKEN.get(target.kind, (name,)):
            raise DataError(f"{target} answers for {' and '.join(_SPOKEN[target.kind])}, not for {name}")
    for seconds, what in ((route.ttl_s, "ttl"), (route.negative_ttl_s, "negative ttl")):
        if not 0 <= seconds <= TTL_S_MAX:
            raise DataError(f"the {what} of a route is 0 to {TTL_S_MAX} seconds")
    if len(route.note) > NOTE_CHARACTERS_MAX or not route.note.isprintable():
        raise DataError(f"a note is one line of at most {NOTE_CHARACTERS_MAX} characters")
    return replace(route, type=name, start=start, end=end)


def _check_range(name: str, start: str, end: str) -> None:
    parent = ROUTE_TYPES[name].parent
    if parent is None:
        raise DataError(f"routes of the type {name} have a prefix, never a range")
    head = parent(start)
    if parent(end) != head or len(start) != len(end) or start > end:
        raise DataError(f"{start} to {end} is no range: both ends are of equal length and begin alike, the lower one first")
    counted = start[len(head) :] + end[len(head) :]
    if not (counted.isascii() and counted.isalnum()):
        raise DataError(f"{start} to {end} is no range: it counts numbers or letters")


def parse_targets(texts: Iterable[str]) -> tuple[RouteTarget, ...]:
    """Targets as people write them.

    Raises:
        DataError: one of them is none; the sentence says why.
    """
    return tuple(map(parse_target, texts))


def parse_target(text: str) -> RouteTarget:
    """One target as people write it.

    Raises:
        DataError: it is none; the sentence says why.
    """
    if not 0 < len(text.encode("utf-8", "replace")) <= TARGET_BYTES_MAX:
        raise DataError(f"a target has 1 to {TARGET_BYTES_MAX} octets")
    word, colon, place = text.partition(":")
    try:
        kind = TargetKind(word.lower())
    except ValueError:
        kind = None
    if kind is None or not colon:
        raise DataError(f"{text[:100]!r} is no target: {', '.join(f'{kind.value}:…' for kind in TargetKind)}")
    match kind:
        case TargetKind.NODE:
            return RouteTarget(kind, _node(place))
        case TargetKind.DNS:
            return RouteTarget(kind, _suffix(place))
        case TargetKind.HTTPS:
            return RouteTarget(kind, _template("https:" + place))
        case TargetKind.GS1 | TargetKind.DID | TargetKind.HANDLE:
            return RouteTarget(kind, _root(place))
        case TargetKind.WEB:
            if place:
                raise DataError("web: names no host: the identifier does")
            return RouteTarget(kind, "")


def _node(place: str) -> str:
    """ADDRESS:PORT, as an HS_SITE has it."""
    address, colon, port = place.rpartition(":")
    try:
        host = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        raise DataError(f"{place[:100]!r} is no ADDRESS:PORT of a node") from None
    if not colon or not (port.isascii() and port.isdigit()) or not 0 < int(port) <= _PORT_MAX:
        raise DataError(f"{place[:100]!r} is no ADDRESS:PORT of a node")
    return f"[{host}]:{int(port)}" if host.version == 6 else f"{host}:{int(port)}"


def _suffix(place: str) -> str:
    suffix = place.lower().strip(".")
    if len(suffix) > 200 or _HOST.fullmatch(suffix) is None:  # room for the labels of an identifier before it
        raise DataError(f"{place[:100]!r} is no suffix of DNS names")
    return suffix


def _root(place: str) -> str:
    _check_url(place)
    if _VARIABLE.search(place) or "?" in place or "#" in place:
        raise DataError("a resolver is named by the URL that its paths begin with, without variables, query and fragment")
    return place.rstrip("/")


def _template(url: str) -> str:
    for variable in _VARIABLE.findall(url):
        if variable not in VARIABLES:
            raise DataError(f"there is no variable {{{variable[:40]}}}: {', '.join(f'{{{name}}}' for name in VARIABLES)}")
    if "{" in _VARIABLE.sub("", url) or "}" in _VARIABLE.sub("", url):
        raise DataError("a brace of the template stands alone")
    _check_url(url)
    return url


def _check_url(url: str) -> None:
    """HTTPS, with a host that no variable is part of: whom to ask is the operator's to say, never the asker's."""
    if _URL_CHARACTERS.fullmatch(url) is None:
        raise DataError("a URL has characters of RFC 3986 only: encode the others")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise DataError(f"{url[:100]!r} is no URL") from None
    if parts.scheme != "https" or not host or parts.username is not None or port == 0:
        raise DataError(f"{url[:100]!r} does not begin with https:// and a host")
    if "[" not in parts.netloc and _HOST.fullmatch(host) is None:
        raise DataError(f"{host[:100]!r} is no host")
