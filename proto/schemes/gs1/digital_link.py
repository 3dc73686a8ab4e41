"""GS1 Digital Link URIs (URI syntax 1.6): read, judged and written.

Reading goes one way: one expression takes the URI apart and refuses illegal characters; the path is walked from its end in pairs
until an application identifier is a primary key, which is the rightmost one; everything behind must be its qualifiers in their
order. A value that is wrong, its check digit too, refuses the whole: a shop's `/01/02` is no Digital Link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, pairwise

from idis.proto.schemes.gs1.application_identifiers import KEYS, TABLE
from idis.proto.schemes.gs1.elements import ELEMENTS_MAX, Elements, Gs1Error, companion_problem, merge
from idis.proto.schemes.gs1.keys import Identity, divide, identity

CANONICAL_STEM = "https://id.gs1.org"
URI_CHARACTERS_MAX = 8192  # longer than any server takes; bounds the work for one text

SHORT_GTIN_WARNING = "a GTIN of less than 14 digits was padded; since version 1.4 a Digital Link has all 14"

_URI = re.compile(
    r"(?P<origin>(?:https?|HTTPS?)://[A-Za-z0-9.:\[\]-]+)"
    r"(?P<path>/[A-Za-z0-9._~:/@!$&'()*+,;=%\[\]-]*)"
    r"(?:\?(?P<query>[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]*))?"
    r"(?:#[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]*)?",
)
_ILLEGAL = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_RESERVED = re.compile(r"[^A-Za-z0-9._~-]")
_SHORT_GTINS = (8, 12, 13)
# The words that stood for keys until version 1.3.
WORDS = {
    "gtin": "01",
    "sscc": "00",
    "gln": "414",
    "party": "417",
    "grai": "8003",
    "giai": "8004",
    "gdti": "253",
    "gsrn": "8018",
    "gsrnp": "8017",
    "cpid": "8010",
    "gmn": "8013",
    "itip": "8006",
    "gcn": "255",
    "ginc": "401",
    "gsin": "402",
}


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A Digital Link URI, taken apart.

    Attributes:
        stem: scheme, host and what stands before the key, without a slash at its end.
        path: the primary key and its qualifiers, in order.
        attributes: the application identifiers of the query, as given.
        others: pieces of the query that are none, undecoded, to be passed on.
        query: the whole query as given, without its `?`.
        warnings: sentences about what was accepted all the same.
    """

    stem: str
    path: Elements
    attributes: Elements = ()
    others: tuple[str, ...] = ()
    query: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def elements(self) -> Elements:
        """Path and attributes."""
        return self.path + self.attributes

    @property
    def identity(self) -> Identity:
        """What it identifies."""
        return identity(self.path)

    @property
    def canonical(self) -> str:
        """The one URI of what it identifies."""
        return uri(identity(self.path).path)


def parse(text: str, *, companions: bool = False, short_gtin: bool = False, trailing_slash: bool = False) -> DigitalLink:
    """Read a Digital Link URI that is not compressed.

    Args:
        text: an absolute URI.
        companions: refuse elements that may not stand together, or lack one they need.
        short_gtin: accept a GTIN of 8, 12 or 13 digits as key, with a warning.
        trailing_slash: accept one slash behind the path, as a resolver does.

    Raises:
        Gs1Error: it is none; `near` tells that it was meant to be one.
    """
    if len(text) > URI_CHARACTERS_MAX:
        raise Gs1Error(f"a URI of more than {URI_CHARACTERS_MAX} characters")
    match = _URI.fullmatch(text)
    if match is None:
        raise Gs1Error(_no_uri(text))
    origin, path_text, query = match.groups()
    if trailing_slash and path_text[-1] == "/" != path_text:
        path_text = path_text[:-1]
    segments = path_text.split("/")
    at = _key_place(segments)
    try:
        path = _path(segments, at, short_gtin)
        insertable = _SEQUENCES.get(tuple([code for code, _ in path]))
        if insertable is None:
            raise Gs1Error(f"({'), ('.join(code for code, _ in path)}) is no order of a key and its qualifiers")
        stem = origin + "/".join(segments[:at])
        warnings = (SHORT_GTIN_WARNING,) if short_gtin and len(segments[at + 1]) < 14 and path[0][0] == "01" else ()
        if not query:
            link = DigitalLink(stem, path, (), (), "", warnings)
        else:
            attributes, others = _attributes(query, path, insertable)
            link = DigitalLink(stem, path, attributes, others, query, warnings)
        if companions and (problem := companion_problem(link.elements)):
            raise Gs1Error(problem)
    except Gs1Error as error:
        error.near = _has_key(segments)
        raise
    return link


def write(elements: Iterable[tuple[str, str]], *, stem: str = CANONICAL_STEM, others: Iterable[str] = ()) -> str:
    """The Digital Link of elements whose values are right: key and qualifiers in the path, the rest as attributes in their order.

    Args:
        elements: repeated ones are said once.
        stem: scheme and host, with a path if wanted.
        others: further pieces of the query, already encoded.

    Raises:
        Gs1Error: no primary key, two values for one application identifier, or one that may stand neither in path nor query.
    """
    path, attributes = divide(merge(elements))
    for code, _ in attributes:
        if not TABLE[code].attribute:
            raise Gs1Error(f"({code}) may not be an attribute of a Digital Link")
    pieces = [f"{code}={_encode(value)}" for code, value in attributes]
    pieces.extend(others)
    return uri(path, stem) + ("?" + "&".join(pieces) if pieces else "")


def uri(path: Elements, stem: str = CANONICAL_STEM) -> str:
    """The URI of a path without attributes."""
    text = stem.rstrip("/")
    for code, value in path:
        text += f"/{code}/{value if value.isalnum() else _encode(value)}"
    return text


def _no_uri(text: str) -> str:
    illegal = _ILLEGAL.search(text)
    if illegal is not None:
        return f"{illegal[0]!r} may not stand in a URI"
    if not text.startswith(("http://", "https://", "HTTP://", "HTTPS://")):
        return "a Digital Link begins with http:// or https://, in one case"
    return "a host and a path are missing, or the host has characters that none may have"


def _key_place(segments: list[str]) -> int:
    """Where the rightmost primary key stands among the segments of a path."""
    at = len(segments) - 2
    while at >= 1:
        code = segments[at]
        if code in KEYS:
            return at
        if code not in TABLE:
            break
        at -= 2
    for word, value in pairwise(segments[1:]):
        if word in WORDS and TABLE[WORDS[word]].fits(value):
            raise Gs1Error(f"words for application identifiers went with version 1.3: write {WORDS[word]} for {word}", near=True)
    near = _has_key(segments)
    raise Gs1Error("what is behind the key is no qualifier of it" if near else "there is no primary key in the path", near=near)


def _has_key(segments: list[str]) -> bool:
    return any(code in KEYS and not TABLE[code].problem(_decode(value)) for code, value in pairwise(segments[1:]))


def _path(segments: list[str], at: int, short_gtin: bool) -> Elements:
    path = []
    for place in range(at, len(segments), 2):
        code, value = segments[place], segments[place + 1]
        if "%" in value:
            value = _decode(value)
        if short_gtin and code == "01" and len(value) in _SHORT_GTINS:
            value = value.zfill(14)
        problem = TABLE[code].problem(value)
        if problem:
            raise Gs1Error(f"({code}) {problem}")
        path.append((code, value))
    return tuple(path)


def _attributes(query: str, path: Elements, insertable: frozenset[str]) -> tuple[Elements, tuple[str, ...]]:
    attributes: list[tuple[str, str]] = []
    others: list[str] = []
    seen = {code for code, _ in path}
    for piece in query.split("&"):
        code, equals, value = piece.partition("=")
        if not equals or not (code.isascii() and code.isdigit()):
            if piece:
                others.append(piece)
            continue
        ai = TABLE.get(code)
        if ai is None:
            raise Gs1Error(f"{code} in the query is no application identifier")
        if code in seen:
            raise Gs1Error(f"({code}) is given twice")
        if not ai.attribute:
            raise Gs1Error(f"({code}) may not stand in the query")
        if code in insertable:
            raise Gs1Error(f"({code}) belongs in the path")
        if "%" in value or "+" in value:
            value = _decode(value.replace("+", " "))
        if code == "01" and len(value) in _SHORT_GTINS:
            value = value.zfill(14)
        problem = ai.problem(value)
        if problem:
            raise Gs1Error(f"({code}) {problem}")
        seen.add(code)
        attributes.append((code, value))
        if len(seen) > ELEMENTS_MAX:
            raise Gs1Error(f"more than {ELEMENTS_MAX} elements")
    return tuple(attributes), tuple(others)


def _decode(value: str) -> str:
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), value)


def _encode(value: str) -> str:
    return _RESERVED.sub(lambda character: f"%{ord(character[0]):02X}", value)


def _sequences() -> dict[tuple[str, ...], frozenset[str]]:
    """Every legal order of a key with some of its qualifiers, and the qualifiers that could be put into it."""
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for code, ai in KEYS.items():
        for order in ai.qualifiers or ((),):
            for count in range(len(order) + 1):
                for chosen in combinations(order, count):
                    sequence = (code, *chosen)
                    found[sequence] = found.get(sequence, frozenset()) | (frozenset(order) - set(chosen))
    return found


_SEQUENCES = _sequences()
