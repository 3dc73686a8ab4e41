"""Numbers of publications: ISBN (ISO 2108) of books and manuals, ISSN (ISO 3297) of series; both with check characters."""

from __future__ import annotations

import re

from idis.proto.schemes import mod10
from idis.proto.schemes.recognised import Check, Confidence, Granularity, Recognised, alias_route

SCHEME_ISBN = "isbn"
SCHEME_ISSN = "issn"

_ISBN = re.compile(
    r"(?:urn:)?(isbn(?:-1[03])?[: ]? ?)?((?:97[89][ -]?)?[0-9](?:[ -]?[0-9]){8}[ -]?[0-9X])", re.IGNORECASE | re.ASCII
)
_ISSN = re.compile(r"(?:urn:)?(issn[: ]? ?)?([0-9]{4})-([0-9]{3})([0-9X])", re.IGNORECASE | re.ASCII)
_PARTS = str.maketrans("", "", " -")


def recognise_isbn(text: str) -> Recognised | None:
    """Read an ISBN of 10 or 13 digits whose check character is right; canonical has 13."""
    match = _ISBN.fullmatch(text)
    if match is None:
        return None
    digits = match[2].translate(_PARTS).upper()
    if len(digits) == 10:
        if isbn10_check_digit(digits[:9]) != digits[9]:
            return None
        digits = "978" + digits[:9]
        digits += mod10.check_digit(digits)
    elif not digits.isdigit() or mod10.check_digit(digits[:12]) != digits[12]:
        return None
    confidence = Confidence.CERTAIN if match[1] else Confidence.LIKELY if match[2] != digits else Confidence.POSSIBLE
    return _made(SCHEME_ISBN, digits, confidence, "the check digit of a book's number")


def recognise_issn(text: str) -> Recognised | None:
    """Read an ISSN whose check character is right; canonical is `ISSN`, 4 digits, hyphen, 4 characters."""
    match = _ISSN.fullmatch(text)
    if match is None or issn_check_digit(match[2] + match[3]) != match[4].upper():
        return None
    number = f"{match[2]}-{match[3]}{match[4].upper()}"
    confidence = Confidence.CERTAIN if match[1] else Confidence.LIKELY
    return _made(SCHEME_ISSN, number, confidence, "the check character of a series' number")


def isbn10_check_digit(body: str) -> str:
    """The tenth character for nine digits: weights 10 to 2, modulo 11."""
    return "0123456789X"[-sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), body, strict=True)) % 11]


def issn_check_digit(body: str) -> str:
    """The eighth character for seven digits: weights 8 to 2, modulo 11."""
    return "0123456789X"[-sum(weight * int(digit) for weight, digit in zip(range(8, 1, -1), body, strict=True)) % 11]


def _made(scheme: str, number: str, confidence: Confidence, why: str) -> Recognised:
    label = scheme.upper()
    canonical, display = f"{label}{number}", f"{label} {number}"
    route = alias_route(scheme, canonical)
    checks = (Check("check digit", True),)
    uri = f"urn:{scheme}:{number}"
    return Recognised(scheme, canonical, display, Granularity.CLASS, confidence, why, (canonical,), route, checks, uri=uri)
