"""How the keys of each type of route are written and matched: where a prefix may end, and which part a range counts.

`88.1` never matches `88.10`: a prefix ends where a label, an arc, a segment of a path or a digit ends (`identifiers.md` §6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.errors import DataError, IdentifierError
from idis.proto.identifier import fold, parse_prefix
from idis.proto.schemes import ark, did, ecode, handle, iso15459, link, ma, oid, vaa
from idis.proto.schemes.gs1.keys import PREFIX_DIGITS_MAX
from idis.proto.schemes.recognised import ALIAS

ROUTE_BYTES_MAX = 255  # of a prefix or of one end of a range: as long as a prefix may be
GS1 = "GS1"

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))*")
_MA = re.compile(r"[Mm][Aa](?:\.[^\s./]+)*")
_DID = re.compile(r"(?:did:)?([a-z0-9]+)", re.IGNORECASE | re.ASCII)
_ECODE = re.compile(r"(?:ecode[:=])?([0-9A-Za-z]\.[0-9A-Za-z]{1,16})", re.IGNORECASE | re.ASCII)
_ARK = re.compile(r"(?:ark:/?)?([0-9bcdfghjkmnpqrstvwxz]{5,9})(/[A-Za-z0-9=~*+@_$%]+)?", re.IGNORECASE | re.ASCII)
_ISO15459 = re.compile(r"[0-9A-Z]+")
_ALIAS = re.compile(r"[a-z0-9-]+(?::\S+)?")
_URL = re.compile(r"(?:https?://)?([^/?#\s]+)(/[^?#\s]*)?")


@dataclass(frozen=True, slots=True)
class RouteType:
    """The keys of one type.

    Attributes:
        spell: the one spelling of a prefix somebody wrote; raises DataError for what is none.
        may_end: whether a prefix may end at a length of a key.
        parent: what comes before the part of a prefix that a range counts; None where there are no ranges.
        nested: whether ranges of longer numbers lie inside ranges of shorter ones, as digits do.
        example: a prefix.
    """

    spell: Callable[[str], str]
    may_end: Callable[[str, int], bool]
    parent: Callable[[str], str] | None
    nested: bool
    example: str


def _at(border: str) -> Callable[[str, int], bool]:
    return lambda key, length: length == len(key) or key[length] == border


def _behind(border: str) -> Callable[[str, int], bool]:
    """At the first border, and anywhere behind it."""
    return lambda key, length: length == len(key) or 0 <= key.find(border) <= length


def _anywhere(key: str, length: int) -> bool:
    return True


def _whole(key: str, length: int) -> bool:
    return length == len(key)


def _up_to(border: str) -> Callable[[str], str]:
    return lambda prefix: prefix[: prefix.rfind(border) + 1]


def _through(border: str) -> Callable[[str], str]:
    return lambda prefix: prefix[: prefix.find(border) + 1]


def _nothing(prefix: str) -> str:
    return ""


def _labels(text: str) -> str:
    try:
        return fold(parse_prefix(text))
    except IdentifierError as error:
        raise DataError(f"{text!r} is no prefix: {error}") from None


def _vaa(text: str) -> str:
    found = vaa.recognise(text)
    return _labels(text) if found is None or found.route is None else found.route.key


def _ma(text: str) -> str:
    return "MA" + _matched(_MA, text, "MA.156.1003")[0][2:]


def _oid(text: str) -> str:
    return _matched(_OID, text.removeprefix("urn:oid:"), "1.2.156")[0]


def _gs1(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= PREFIX_DIGITS_MAX):
        raise DataError(f"a GS1 company prefix, or the beginning of one, is 1 to {PREFIX_DIGITS_MAX} digits, not {text!r}")
    return text


def _did(text: str) -> str:
    return _matched(_DID, text.rstrip(":"), "web")[1].lower()


def _ecode(text: str) -> str:
    return _matched(_ECODE, text, "1.20")[1]


def _ark(text: str) -> str:
    match = _matched(_ARK, text, "13030")
    return match[1].lower() + (match[2] or "")


def _iso15459(text: str) -> str:
    prefix = _matched(_ISO15459, text.upper(), "UN123456789")[0]
    if iso15459.agency_of(prefix) is None:
        raise DataError(f"{prefix} begins with no agency: {', '.join(iso15459.AGENCIES)}")
    return prefix


def _url(text: str) -> str:
    match = _matched(_URL, text, "maker.example/p")
    return match[1].lower() + (match[2] or "").rstrip("/")


def _alias(text: str) -> str:
    return _matched(_ALIAS, text, "imo")[0]


def _matched(shape: re.Pattern[str], text: str, example: str) -> re.Match[str]:
    match = shape.fullmatch(text) if text.isprintable() else None
    if match is None:
        raise DataError(f"{text[:100]!r} is no prefix of this type: one looks like {example}")
    return match


ROUTE_TYPES = {
    handle.ROUTE: RouteType(_labels, _at("."), _up_to("."), False, "10.1000"),
    vaa.ROUTE: RouteType(_vaa, _at("."), _up_to("."), False, "88.100.12345678"),
    ma.ROUTE: RouteType(_ma, _at("."), _up_to("."), False, "MA.156.1003"),
    oid.ROUTE: RouteType(_oid, _at("."), _up_to("."), False, "1.2.156"),
    ecode.ROUTE: RouteType(_ecode, _whole, _up_to("."), False, "1.20"),
    GS1: RouteType(_gs1, _anywhere, _nothing, True, "6901234"),
    did.ROUTE: RouteType(_did, _whole, None, False, "web"),
    ark.ROUTE: RouteType(_ark, _behind("/"), _through("/"), True, "13030/fk4"),
    link.ROUTE: RouteType(_url, _at("/"), None, False, "maker.example/p"),
    iso15459.ROUTE: RouteType(_iso15459, _anywhere, _nothing, True, "UN123456789"),
    ALIAS: RouteType(_alias, _behind(":"), _through(":"), True, "imo"),
}


def route_type(name: str) -> str:
    """The name of a type as it is stored, from any spelling of it.

    Raises:
        DataError: there is none of that name.
    """
    found = next((known for known in ROUTE_TYPES if known.lower() == name.lower()), None)
    if found is None:
        raise DataError(f"there is no type of route {name[:40]!r}: {', '.join(ROUTE_TYPES)}")
    return found
