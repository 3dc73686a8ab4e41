"""What the coded values of attributes mean to a person: dates with their century, measures with their decimal point."""

from __future__ import annotations

from idis.proto.schemes.gs1.application_identifiers import TABLE

_DATES = frozenset(code for code, ai in TABLE.items() if {"yymmdd", "yymmd0"}.intersection(ai.components[0].linters))
_MEASURES = ("31", "32", "33", "34", "35", "36", "39")  # the last digit of the application identifier counts decimals


def full_year(two_digits: int, year: int) -> int:
    """The year that two digits mean, seen from `year`: at most 50 ahead, at most 49 back (GS1 General Specifications, 7.12)."""
    century = year - year % 100
    ahead = two_digits - year % 100
    if ahead >= 51:
        century -= 100
    elif ahead <= -50:
        century += 100
    return century + two_digits


def meaning(code: str, value: str, year: int) -> str:
    """The value of an application identifier as people write it; empty when it is that already.

    Args:
        code: the application identifier.
        value: a value that is right.
        year: the present one, for two-digit years.
    """
    if code in _DATES:
        month = f"{full_year(int(value[:2]), year)}-{value[2:4]}"
        day = "" if value[4:6] == "00" else f"-{value[4:6]}"
        time = f" {value[6:8]}:{value[8:10] or '00'}" if len(value) in (8, 10) and value[6:].isdigit() else ""
        return month + day + time
    if len(code) == 4 and code[:2] in _MEASURES:
        digits = value[3:] if "iso4217" in TABLE[code].components[0].linters else value
        decimals = int(code[3])
        digits = digits.zfill(decimals + 1)
        whole, part = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
        return (whole.lstrip("0") or "0") + ("." + part if part else "")
    return ""
