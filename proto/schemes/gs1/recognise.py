"""Whatever GS1 form a text is in, as one record: what it identifies, its one spelling, what was checked.

The first characters tell the form; each form gives elements, and from there all go one way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.schemes import imo, iso6346
from idis.proto.schemes.gs1 import compression, digital_link, element_string, epc_binary, epc_urn
from idis.proto.schemes.gs1.application_identifiers import KEYS, TABLE
from idis.proto.schemes.gs1.element_string import SEPARATOR
from idis.proto.schemes.gs1.elements import Elements, Gs1Error, companion_problem, correction, merge
from idis.proto.schemes.gs1.epc_link import expand_segment
from idis.proto.schemes.gs1.epc_urn import EpcUrn
from idis.proto.schemes.gs1.keys import NO_PREFIXES, Identity, PrefixLengths, company_prefix_digits, divide, identity, route
from idis.proto.schemes.gs1.meaning import meaning
from idis.proto.schemes.recognised import Check, Confidence, Granularity, Recognised
from idis.proto.schemes.verdict import Verdict

SCHEME = "gs1"
TEXT_CHARACTERS_MAX = 4096

_NOBODY: frozenset[str] = frozenset()
_LABEL = "gs1:"
_RELATIVE = re.compile(r"/?[0-9]{2,4}/")
# How many digits a bare key has: SSCC, and trade item numbers, which are padded.
_BARE_KEYS = {18: "00", 14: "01", 13: "01", 12: "01", 8: "01"}
_PATH_CODES = {*KEYS, *(code for ai in KEYS.values() for order in ai.qualifiers or () for code in order)}
_PASSED = {code: Check(f"({code}) {TABLE[code].title}", True) for code in _PATH_CODES}


@dataclass(slots=True)  # not frozen: it lives within one call, and is made for every text
class _Reading:
    """What one form gave: elements divided, and how sure that is."""

    path: Elements
    attributes: Elements
    why: str
    confidence: Confidence = Confidence.CERTAIN
    others: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    company_digits: int = 0
    checks: tuple[Check, ...] = ()
    suggestion: Elements = ()


def recognise(
    text: str,
    *,
    year: int,
    hosts: frozenset[str] = _NOBODY,
    prefix_lengths: PrefixLengths = NO_PREFIXES,
) -> Recognised | None:
    """The GS1 key in a text: element string, Digital Link, compressed one, path, EPC URN, EPC of a tag, or bare number.

    Args:
        text: without blanks around it, separators as 0x1D.
        year: the present one, for two-digit years.
        hosts: hosts, in small letters, whose single path segment is a compressed Digital Link.
        prefix_lengths: digits → length of the company prefix that they begin with; without it no URN is told.

    Returns:
        None when it is none of these, or names no key. Brackets around a known application identifier are recognised although
        a check digit is wrong: `ok` is then false, and `checks` tell what would be right.
    """
    if not text or len(text) > TEXT_CHARACTERS_MAX:
        return None
    try:
        found = _read(text, hosts)
    except Gs1Error:
        return None
    if isinstance(found, EpcUrn):
        return _foreign(found)
    if found is None:
        return None
    if isinstance(found, str):
        return recognise(found, year=year, hosts=hosts, prefix_lengths=prefix_lengths)
    return _recognised(found, year, prefix_lengths)


def elements_in(text: str, hosts: frozenset[str] = _NOBODY) -> Elements:
    """The elements of a key and what is said with it, in any form that `recognise` knows; none where there are none."""
    if not text or len(text) > TEXT_CHARACTERS_MAX:
        return ()
    try:
        found = _read(text, hosts)
    except Gs1Error:
        return ()
    return found.path + found.attributes if isinstance(found, _Reading) else ()


def _read(text: str, hosts: frozenset[str]) -> _Reading | EpcUrn | str | None:
    """By its form. A string is the content of a plain carrier, to be recognised again."""
    first = text[0]
    if first == "h" or first == "H":
        return _link(text, hosts)
    if first == "(" or first == "[":
        return _bracketed(text)
    if first == "]":
        scan = element_string.parse_scan(text)
        if scan.elements:
            return _Reading(*divide(scan.elements), f"a {scan.carrier} symbol")
        return scan.text if scan.text[:1] != "]" else None
    if first == "u" or first == "U":
        return _urn(epc_urn.parse(text), "an EPC URN")
    if text[:4].lower() == _LABEL:
        text = text[4:]
    if _RELATIVE.match(text):
        link = digital_link.parse(f"{digital_link.CANONICAL_STEM}/{text.removeprefix('/')}", trailing_slash=True)
        return _Reading(link.path, link.attributes, "the path of a GS1 Digital Link", others=link.others)
    return _number(text)


def _link(text: str, hosts: frozenset[str]) -> _Reading:
    try:
        link = digital_link.parse(text, short_gtin=True, trailing_slash=True)
        return _Reading(link.path, link.attributes, "a GS1 Digital Link", others=link.others, warnings=link.warnings)
    except Gs1Error:
        if not hosts or compression.host_of(text) not in hosts:
            raise
    link = expand_segment(text)
    return _Reading(link.path, link.attributes, "a compressed GS1 Digital Link", others=link.others)


def _bracketed(text: str) -> _Reading | None:
    elements = merge(element_string.split_bracketed(text))
    checks: list[Check] = []
    suggestion: list[tuple[str, str]] = []
    for code, value in elements:
        ai = TABLE[code]
        if not ai.fits(value):
            return None
        problem = ai.problem(value)
        if not problem:
            suggestion.append((code, value))
            continue
        right = correction(code, value)
        checks.append(Check(f"({code}) {ai.title}", False, right[0] if right else problem))
        suggestion.append((code, right[1] if right else value))
    path, attributes = divide(elements)
    why = "application identifiers in brackets"
    if not checks:
        return _Reading(path, attributes, why)
    return _Reading(path, attributes, why, checks=tuple(checks), suggestion=divide(tuple(suggestion))[0])


def _urn(urn: EpcUrn, why: str, confidence: Confidence = Confidence.CERTAIN) -> _Reading | EpcUrn:
    if not urn.elements:
        return urn
    return _Reading(*divide(urn.elements), why, confidence, company_digits=urn.company_digits)


def _number(text: str) -> _Reading | EpcUrn | None:
    """Bare keys, EPCs in hexadecimal, and element strings that nothing announces."""
    if not text.isascii():
        return None
    key = _BARE_KEYS.get(len(text))
    if key is not None and text.isdigit():
        value = text.zfill(TABLE[key].length_max)
        if not TABLE[key].problem(value):
            confidence = Confidence.POSSIBLE if len(text) == 8 else Confidence.LIKELY
            return _Reading(((key, value),), (), f"{len(text)} digits with the check digit of {TABLE[key].title}", confidence)
    if len(text) >= epc_binary.HEX_DIGITS_MIN and SEPARATOR not in text:
        try:
            return _urn(epc_binary.decode(text), "the EPC of a tag in hexadecimal", Confidence.LIKELY)
        except Gs1Error:
            pass  # an element string may look alike
    elements = element_string.parse_raw(text)
    return _Reading(*divide(elements), "application identifiers without brackets", Confidence.LIKELY)


def _recognised(reading: _Reading, year: int, prefix_lengths: PrefixLengths) -> Recognised:
    thing = identity(reading.path)
    code, value = thing.path[0]
    canonical = digital_link.uri(thing.path)
    checks = reading.checks or tuple([_PASSED[name] for name, _ in thing.path])
    warnings = list(reading.warnings)
    if problem := companion_problem(reading.path + reading.attributes):
        warnings.append(problem)
    key_route = route(code, value)
    company_digits = reading.company_digits or company_prefix_digits(key_route.key, prefix_lengths)
    attributes = [*thing.facts, *reading.attributes]
    if reading.attributes and not reading.checks:
        attributes.extend(_meanings(reading.attributes, year))
    if reading.others:
        attributes.extend((name, text) for name, _, text in (piece.partition("=") for piece in reading.others))
    if company_digits and not reading.checks and (urn := epc_urn.write(thing.path, company_digits)):
        attributes.append(("EPC URN", urn))
    return Recognised(
        scheme=SCHEME,
        canonical=canonical,
        display=element_string.write_bracketed(reading.path),
        granularity=thing.granularity,
        confidence=reading.confidence,
        why=reading.why,
        levels=_levels(thing, canonical),
        route=key_route,
        checks=checks,
        attributes=tuple(attributes),
        warnings=tuple(warnings),
        suggestions=(digital_link.uri(identity(reading.suggestion).path),) if reading.suggestion else (),
        uri=canonical,
    )


def _levels(thing: Identity, canonical: str) -> tuple[str, ...]:
    if len(thing.levels) == 1:
        return (canonical,)
    return tuple([canonical if level is thing.path else digital_link.uri(level) for level in thing.levels])


def _meanings(attributes: Elements, year: int) -> list[tuple[str, str]]:
    told = ((TABLE[code].title, meaning(code, value, year)) for code, value in attributes)
    return [(title, text) for title, text in told if text]


def _foreign(urn: EpcUrn) -> Recognised:
    """EPC URNs of things that GS1 has no key for."""
    judge = {"bic": iso6346.check, "imovn": imo.check}.get(urn.scheme)
    if judge is not None:
        return _judged(judge(urn.fields[0]), urn)
    granularity = Granularity.ITEM
    return Recognised("epc", urn.urn, urn.urn, granularity, why="an EPC URN of no GS1 key", levels=(urn.urn,), uri=urn.urn)


def _judged(verdict: Verdict, urn: EpcUrn) -> Recognised:
    return Recognised(
        scheme=verdict.scheme,
        canonical=verdict.canonical,
        display=verdict.canonical,
        granularity=Granularity.ITEM,
        why=f"an EPC URN of the scheme {urn.scheme}",
        levels=(verdict.canonical,),
        checks=(Check(verdict.scheme, verdict.ok, verdict.expected),),
        warnings=verdict.warnings,
        uri=urn.urn,
    )
