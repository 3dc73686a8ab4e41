"""What a number that fails its check may have been: the right check digit, two swapped neighbours, a letter for a digit.

Of the swaps and of the letters only a single possibility is worth naming; the right check digit always is. Nothing is
ever corrected by itself (`identifiers.md` §7, rule 17).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from idis.proto.schemes import battery, cas, ec, ghs, gtin, imo, iso6346, kks, lei, sector, sscc, un, uscc, vin
from idis.proto.schemes.recognised import Check, Confidence, Recognised
from idis.proto.schemes.verdict import Verdict

CHARACTERS_MAX = 40  # no sector number is longer; bounds the trying

_Check = Callable[[str], Verdict]

# Those whose check digit or list can be wrong while everything else is right, the most telling first.
_CHECKS: tuple[_Check, ...] = (
    imo.check, cas.check, ec.check, iso6346.check, sscc.check, gtin.check, uscc.check, lei.check, vin.check,
)  # fmt: skip
# Those without a check digit: only a letter read as a digit can be pointed out.
_GRAMMARS: tuple[_Check, ...] = (un.check, ghs.check, battery.check, kks.check)
# A trade item or logistic unit of the full length, in brackets or in a path.
_EMBEDDED = re.compile(r"([(\[/]0(?:1[)\]/](?=[0-9]{14}(?![0-9]))|0[)\]/](?=[0-9]{18}(?![0-9]))))([0-9]+)")
_LETTER = re.compile(r"[A-Za-z]")
_DIGIT = re.compile(r"[0-9]")
_MISREAD_HEAD_MAX = 4  # letters before the digits: IMO, UN, four of a container
_FOR_DIGITS = str.maketrans("OoIlQ", "00110")
_FOR_LETTERS = str.maketrans("01", "OI")
_PLACES = {"vin": 8, "uscc": 16}  # of check characters that are not the last


def near_misses(text: str) -> tuple[Recognised, ...]:
    """The schemes that a text nearly belongs to, with what would make it right; empty when it resembles nothing."""
    if text[0] in "([/" or text[0].isdigit():
        mistake = mistaken_key(text if text[0] in "([/" else f"/{text}")
        if mistake is not None:
            return (_mistaken(text, mistake),)
    if not 4 <= len(text) <= CHARACTERS_MAX or not text.isascii() or _DIGIT.search(text) is None:
        return ()
    found = [
        sector.recognised(verdict, Confidence.POSSIBLE, "all but the check digit fits", corrections(check, verdict))
        for check in _CHECKS
        if not (verdict := check(text)).ok and verdict.expected
    ]
    return tuple(found) or (_misread(text) if _LETTER.search(text) else ())


def mistaken_key(text: str) -> tuple[str, str] | None:
    """The first GS1 key with a wrong check digit inside an element string or a path: what is wrong, and the text put right."""
    match = _EMBEDDED.search(text)
    if match is None:
        return None
    verdict = (gtin.check if match[1][2] == "1" else sscc.check)(match[2])
    if verdict.ok:
        return None
    return verdict.message, f"{text[: match.end() - 1]}{verdict.expected}{text[match.end() :]}"


def corrections(check: _Check, verdict: Verdict) -> tuple[str, ...]:
    """Canonical spellings that would pass: two neighbours swapped back if that is unique, then the right check digit."""
    number = verdict.canonical
    swaps = {
        fixed.canonical
        for at in range(len(number) - 1)
        if number[at] != number[at + 1]
        and (fixed := check(number[:at] + number[at + 1] + number[at] + number[at + 2 :])).ok
        and fixed.canonical
    }
    made = []
    for start in (len(number) - len(verdict.expected), _PLACES.get(verdict.scheme, 0)):
        if start > 0:
            again = check(number[:start] + verdict.expected + number[start + len(verdict.expected) :])
            if again.ok:
                made.append(again.canonical)
    return tuple(dict.fromkeys([*(swaps if len(swaps) == 1 else ()), *made]))


def _mistaken(text: str, mistake: tuple[str, str]) -> Recognised:
    message, fixed = mistake
    return Recognised(
        "gs1",
        text,
        text,
        confidence=Confidence.POSSIBLE,
        why="all but the check digit of its key fits",
        checks=(Check("check digit", False),),
        warnings=(message,),
        suggestions=(fixed[len(fixed) - len(text) :],),
    )


def _misread(text: str) -> tuple[Recognised, ...]:
    """Schemes that fit once letters that look like digits are read as these, or the reverse at the beginning."""
    variants = dict.fromkeys(
        text[:start].translate(_FOR_LETTERS) + text[start:].translate(_FOR_DIGITS) for start in range(_MISREAD_HEAD_MAX + 1)
    )
    found: dict[tuple[str, str], Recognised] = {}
    for variant in variants:
        if variant == text:
            continue
        for check in (*_CHECKS, *_GRAMMARS):
            fixed = check(variant)
            if fixed.ok and not fixed.warnings:
                wrong = Verdict(fixed.scheme, False, text, message="a letter and a digit that look alike may be exchanged")
                shown = sector.recognised(wrong, Confidence.POSSIBLE, "it fits with a letter read as a digit", (fixed.canonical,))
                found.setdefault((fixed.scheme, fixed.canonical), shown)
    return tuple(found.values())
