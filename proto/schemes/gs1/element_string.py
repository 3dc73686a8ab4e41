"""GS1 element strings: bracketed for people, raw with separators for machines, with or without a symbology prefix.

    (01)06901234567892(10)LOT7(21)S9        bracketed; square brackets where a value has a parenthesis
    010690123456789210LOT7␝21S9             raw: a separator (FNC1, read as GS, 0x1D) behind values of no pre-defined length
    ]d2010690123456789210LOT7␝21S9          as a scanner tells it, with the prefix of ISO/IEC 15424
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from idis.proto.schemes.gs1.application_identifiers import TABLE, find
from idis.proto.schemes.gs1.elements import ELEMENTS_MAX, Elements, Gs1Error, merge, require_value

SEPARATOR = "\x1d"

# What a scanner says of the symbol: those that carry GS1 data, those that carry any text, and those that are a trade item number.
GS1_CARRIERS = {
    "]d2": "GS1 DataMatrix",
    "]Q3": "GS1 QR",
    "]C1": "GS1-128",
    "]e0": "GS1 DataBar",
    "]J1": "GS1 DotCode",
}
PLAIN_CARRIERS = {"]d1": "DataMatrix", "]Q1": "QR", "]C0": "Code 128"}
GTIN_CARRIERS = {"]E0": ("EAN-13", 13), "]E4": ("EAN-8", 8), "]I1": ("ITF-14", 14)}

_COMPOSITE = "|]e0"  # a second symbol above a linear one
_OPENING = re.compile(r"\(([0-9]{2,4})\)")
_SQUARE = re.compile(r"\[([0-9]{2,4})\]")


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner told.

    Attributes:
        carrier: name of the symbology.
        elements: the GS1 data in it; empty for a plain carrier.
        text: the content of a plain carrier, to be recognised again.
    """

    carrier: str
    elements: Elements
    text: str = ""


def parse_bracketed(text: str) -> Elements:
    """Read elements in brackets, all round or all square. A backslash before a parenthesis makes it data.

    Raises:
        Gs1Error: it is none, or a value is wrong.
    """
    elements = split_bracketed(text)
    for code, value in elements:
        require_value(code, value)
    return merge(elements)


def split_bracketed(text: str) -> Elements:
    """As `parse_bracketed`, with values not judged and repeated elements kept.

    Raises:
        Gs1Error: it does not begin with an application identifier in brackets, or has an unknown one in square brackets.
    """
    square = text.startswith("[")
    opening = _SQUARE if square else _OPENING
    elements: list[tuple[str, str]] = []
    match = opening.match(text)
    if match is None or match[1] not in TABLE:
        raise Gs1Error("does not begin with an application identifier in brackets")
    while match is not None:
        if len(elements) == ELEMENTS_MAX:
            raise Gs1Error(f"more than {ELEMENTS_MAX} elements")
        following = _next_opening(text, match.end(), opening, square)
        value = text[match.end() : following.start() if following else len(text)]
        elements.append((match[1], value.replace("\\(", "(")))
        match = following
    return tuple(elements)


def parse_raw(text: str) -> Elements:
    """Read elements without brackets; a separator in front, or behind a value of pre-defined length, does not matter.

    Raises:
        Gs1Error: it is none, or a value is wrong.
    """
    at = 1 if text.startswith(SEPARATOR) else 0
    if at == len(text):
        raise Gs1Error("there are no elements")
    elements: list[tuple[str, str]] = []
    while at < len(text):
        ai = find(text, at)
        if ai is None:
            raise Gs1Error(f"no application identifier begins with {text[at : at + 4]}")
        if len(elements) == ELEMENTS_MAX:
            raise Gs1Error(f"more than {ELEMENTS_MAX} elements")
        start = at + len(ai.code)
        end = text.find(SEPARATOR, start)
        end = len(text) if end < 0 else end
        if ai.predefined:
            end = min(end, start + ai.length_max)
        value = text[start:end]
        problem = ai.problem(value)
        if problem:
            raise Gs1Error(f"({ai.code}) {problem}")
        elements.append((ai.code, value))
        at = end + 1 if text.startswith(SEPARATOR, end) else end
    return merge(elements)


def parse_scan(text: str) -> Scan:
    """Read what a scanner told, which begins with a symbology prefix.

    Raises:
        Gs1Error: no prefix that is known, or content that does not fit it.
    """
    prefix, content = text[:3], text[3:]
    if prefix in GS1_CARRIERS:
        return Scan(GS1_CARRIERS[prefix], parse_raw(content))
    if prefix in PLAIN_CARRIERS:
        return Scan(PLAIN_CARRIERS[prefix], (), content)
    if prefix not in GTIN_CARRIERS:
        raise Gs1Error(f"{prefix} is no symbology prefix of GS1")
    carrier, digits = GTIN_CARRIERS[prefix]
    number, composite, rest = content.partition(_COMPOSITE)
    if len(number) != digits:
        raise Gs1Error(f"{carrier} has {digits} digits, not {len(number)}")
    gtin = number.zfill(14)
    require_value("01", gtin)
    further = parse_raw(rest) if composite else ()
    return Scan(carrier, merge((("01", gtin), *further)))


def write_bracketed(elements: Iterable[tuple[str, str]]) -> str:
    """Elements for people: round brackets, or square ones when a value has a parenthesis that could be taken for one."""
    known = tuple(elements)
    text = "".join([f"({code}){value}" for code, value in known])
    if text.count("(") == len(known):
        return text
    return "".join([f"[{code}]{value}" for code, value in known])


def write_raw(elements: Iterable[tuple[str, str]]) -> str:
    """Elements for machines, with separators where they are needed."""
    text, ended = "", True
    for code, value in elements:
        text += ("" if ended else SEPARATOR) + code + value
        ended = TABLE[code].predefined
    return text


def _next_opening(text: str, start: int, opening: re.Pattern[str], square: bool) -> re.Match[str] | None:
    for match in opening.finditer(text, start):
        if square:
            if match[1] not in TABLE:
                raise Gs1Error(f"there is no application identifier ({match[1]})")
            return match
        # A parenthesis is data unless a known application identifier stands in it.
        if match[1] in TABLE and text[match.start() - 1] != "\\":
            return match
    return None
