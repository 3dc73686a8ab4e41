"""What a scanned or pasted text is: every scheme it can be read as, the surest first (`identifiers.md` §7).

A text is tried by the rules of its first character, in the order of `RULES`. The first certain reading ends the search;
weaker ones add up. Whether anybody knows the identifier is no question here, and rule 16, the index of aliases, is added
by whoever has a registry. A text whose check digit is wrong comes out last, with what would be right.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, replace

from idis.proto.schemes import ecode, link, personal, rules
from idis.proto.schemes.gs1.keys import NO_PREFIXES, PrefixLengths
from idis.proto.schemes.near_miss import mistaken_key, near_misses
from idis.proto.schemes.recognised import Confidence, Recognised
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.schemes.rules import Readings, Rule
from idis.proto.schemes.scan import FULL_WIDTH_WARNING, GS, ScanError, plain_forms, read_scan
from idis.proto.schemes.surroundings import GS1_HOSTS as GS1_HOSTS
from idis.proto.schemes.surroundings import Surroundings
from idis.proto.schemes.wrapper import query_of, wrapped, wrapped_ark

_LETTERS = string.ascii_letters
_DIGITS = string.digits
BROKEN_LINK = "broken Digital Link"  # begins a warning about a URL


def detect(
    text: str,
    *,
    year: int,
    own_hosts: frozenset[str] = frozenset(),
    gs1_hosts: frozenset[str] = GS1_HOSTS,
    prefix_lengths: PrefixLengths = NO_PREFIXES,
    nsi_lengths: Mapping[str, int] = ecode.NO_LENGTHS,
) -> tuple[Recognised, ...]:
    """Every reading of a text, in their order; never raises.

    Args:
        text: a scan, a paste, a URL.
        year: the present one.
        own_hosts: hosts of this deployment, whose paths are identifiers.
        gs1_hosts: hosts with compressed Digital Links.
        prefix_lengths: digits → length of the GS1 company prefix they begin with.
        nsi_lengths: version of Ecode → characters of its NSI.

    Returns:
        Nothing for a text that resembles no identifier (`trouble_of` may say why), and one reading of the scheme
        `personal`, without the text, for the number of a person.
    """
    return readings_of(text, Surroundings(year, own_hosts, gs1_hosts, prefix_lengths, nsi_lengths))


def readings_of(text: str, around: Surroundings) -> tuple[Recognised, ...]:
    """As `detect`, for many texts within the same surroundings."""
    try:
        scan = read_scan(text)
    except ScanError:
        return ()
    if scan.has_controls:
        found = _coded(scan.coded, around)
        if found or not scan.text:
            return found
    given = scan.text
    if found := _readings(given, around):
        return found
    if given.isascii():
        return _missed(given)
    plain = plain_forms(given)
    found = _readings(plain, around) or _missed(plain) if plain and plain != given else ()
    return tuple(_warned(reading) for reading in found)


def readings_of_name(text: str, around: Surroundings) -> tuple[Recognised, ...]:
    """As `readings_of`, for a text that may begin with the name of its scheme: `imo:9074729`, `gs1:01/06901234567892`."""
    scheme, colon, name = text.partition(":")
    if colon and scheme in RECOGNISERS:
        found = tuple(reading for reading in readings_of(name, around) if reading.scheme == scheme)
        if found:
            return found
    return readings_of(text, around)


def trouble_of(text: str) -> str:
    """Why a text without readings has none, in one sentence."""
    try:
        read_scan(text)
    except ScanError as error:
        return str(error)
    return "this resembles no identifier of any known scheme"


def _symbol(text: str, around: Surroundings) -> Readings:
    """A symbology prefix: it says what the symbol was, and whether it holds GS1 data."""
    carrier, content = text[:3], text[3:]
    if len(carrier) < 3 or not carrier[1].isalpha() or not carrier[2].isalnum():
        return ()
    if rules.names_gs1(carrier):
        found = rules.gs1(text, around)
    elif content:
        found = _coded(content, around) if GS in content else _readings(content, around)
    else:
        found = ()
    return tuple(
        reading
        if ("carrier", carrier) in reading.attributes
        else replace(reading, attributes=(*reading.attributes, ("carrier", carrier)))
        for reading in found
    )


def _url(text: str, around: Surroundings) -> Readings:
    """A URL: what our hosts and known proxies carry, an ARK, a Digital Link, else itself."""
    parsed = link.parse(text)
    if parsed is None:
        return ()
    inner = wrapped(parsed, around.own_hosts)
    if inner and inner[:4].lower() != "http" and (found := _readings(inner, around)):
        kept = (("query", query),) if (query := query_of(parsed)) else ()
        return tuple(replace(reading, attributes=reading.attributes + kept) for reading in found)
    if (inner := wrapped_ark(parsed)) and (found := rules.label(inner, around)):
        return found
    if found := rules.digital_link(text, parsed, around):
        return found
    plain = link.of_link(parsed)
    if (mistake := mistaken_key(parsed.path)) is not None:
        message, path = mistake
        fixed = str(parsed).replace(parsed.path, path, 1)
        return (replace(plain, warnings=(*plain.warnings, f"{BROKEN_LINK}; {message}"), suggestions=(fixed,)),)
    if rules.is_broken_link(text, parsed):
        return (replace(plain, warnings=(*plain.warnings, f"{BROKEN_LINK}: what stands around a right key is not")),)
    return (plain,)


@dataclass(frozen=True, slots=True)
class _Row:
    """A rule with its number in the design and the first characters of texts that it looks at."""

    number: int
    initials: str
    apply: Rule


RULES = (
    _Row(1, "[", rules.envelope),
    _Row(2, "]", _symbol),
    _Row(3, "dD", rules.scheme_of_uri),
    _Row(4, "uU", rules.urn),
    _Row(5, "dDhHiIaAeEoO", rules.label),
    _Row(6, "hH", _url),
    _Row(7, "([", rules.bracketed),
    _Row(8, "vVmMjJ" + _DIGITS, rules.agency),
    _Row(9, "/" + _DIGITS, rules.relative_link),
    _Row(10, "/" + _DIGITS, rules.slashed),
    _Row(11, _DIGITS, rules.dotted),
    _Row(12, "{" + _LETTERS + _DIGITS, rules.own_shape),
    _Row(13, _LETTERS + _DIGITS, rules.fixed_lengths),
    _Row(14, _LETTERS + _DIGITS, rules.bare_number),
    _Row(15, "=+." + _LETTERS + _DIGITS, rules.plant_code),
)
_RULE_CODED = _Row(2, "", rules.raw_elements)  # separators say as much as a symbology prefix
_RULE_MISSED = 17

_BY_INITIAL = {
    initial: tuple(row for row in RULES if initial in row.initials) for initial in "".join(row.initials for row in RULES)
}


def _readings(text: str, around: Surroundings) -> Readings:
    if personal.is_personal(text):
        return (personal.REFUSED,)
    return _tried(_BY_INITIAL.get(text[0], ()), text, around)


def _coded(text: str, around: Surroundings) -> Readings:
    """A text with separators: an envelope, or an element string."""
    return _tried((*_BY_INITIAL.get(text[0], ())[:1], _RULE_CODED) if text[0] in "[]" else (_RULE_CODED,), text, around)


def _tried(rows: tuple[_Row, ...], text: str, around: Surroundings) -> Readings:
    found: list[Recognised] = []
    for row in rows:
        readings = row.apply(text, around)
        if not readings:
            continue
        found += [_because(row.number, reading) for reading in readings if not _among(found, reading)]
        if readings[0].confidence is Confidence.CERTAIN:
            break
    if len(found) > 1:
        found.sort(key=_doubt)
    return tuple(found)


def _among(found: list[Recognised], reading: Recognised) -> bool:
    return any(known.canonical == reading.canonical and known.scheme == reading.scheme for known in found)


def _missed(text: str) -> Readings:
    return tuple(_because(_RULE_MISSED, reading) for reading in near_misses(text))


def _because(number: int, reading: Recognised) -> Recognised:
    # Readings of a text inside another one say already by which rule.
    if reading.why.startswith("rule "):
        return reading
    # Spelled out: half the time of dataclasses.replace, and every reading passes here.
    return Recognised(
        reading.scheme, reading.canonical, reading.display, reading.granularity, reading.confidence,
        f"rule {number}: {reading.why}", reading.levels, reading.route, reading.checks, reading.attributes,
        reading.warnings, reading.suggestions, reading.uri,
    )  # fmt: skip


def _warned(reading: Recognised) -> Recognised:
    if FULL_WIDTH_WARNING in reading.warnings:
        return reading
    return replace(reading, warnings=(FULL_WIDTH_WARNING, *reading.warnings))


_DOUBTS = {Confidence.CERTAIN: 0, Confidence.LIKELY: 1, Confidence.POSSIBLE: 2}


def _doubt(reading: Recognised) -> int:
    return _DOUBTS[reading.confidence]
