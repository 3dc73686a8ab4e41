"""Unique identifiers of ISO/IEC 15459: issuing agency (IAC), company (CIN), part and serial number, behind a data identifier.

    25S UN 123456789 S001      one number, as it stands in a symbol of ISO/IEC 15434 or alone
    DI  IAC CIN      serial

The agency is read from the left against a table, longest match first. Where the length of its company numbers is known,
the company is the route; where not, the whole number is, for a longest match (`identifiers.md` §3.8). The table is data:
codes that are not in it are not claimed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "iso15459"
ROUTE = "ISO15459"

CHARACTERS_MAX = 100  # the standard's own limit is 50; some symbols carry more


@dataclass(frozen=True, slots=True)
class Agency:
    """An issuing agency; `cin_characters` is 0 where its company numbers differ in length."""

    code: str
    name: str
    cin_characters: int = 0


_ALL = (
    Agency("VAA", "CAICT", 14),
    Agency("MA", "IDcode"),
    Agency("UN", "D-U-N-S", 9),
    Agency("OD", "Odette", 4),
    Agency("D", "CAGE", 5),
    *(Agency(digit, "GS1") for digit in "0123456789"),
)
AGENCIES = {agency.code: agency for agency in _ALL}
_CODES = sorted(AGENCIES, key=len, reverse=True)

# Data identifiers (ANSI MH10.8.2) whose data is such a number, with what they name.
_WHOLE = {"25S": Granularity.ITEM, "37S": Granularity.ITEM, "18S": Granularity.ITEM} | dict.fromkeys(
    ("J", "1J", "2J", "3J", "4J", "5J", "6J"), Granularity.LOGISTIC_UNIT
)
_DATA = re.compile(r"[!-~]+")  # no blanks
_BARE = re.compile(r"(25S|37S|18S|[1-6]?J)([!-~]+)", re.IGNORECASE | re.ASCII)
_CAGE = "D"


def recognise(text: str) -> Recognised | None:
    """Read a number that stands alone behind its data identifier; only a known agency makes it one."""
    match = _BARE.fullmatch(text)
    return None if match is None else of_field(match[1].upper(), match[2])


def of_field(identifier: str, data: str) -> Recognised | None:
    """The number in a field of a symbol.

    Args:
        identifier: one of the data identifiers that hold such a number: 25S, 37S, 18S, J to 6J.
        data: behind it.
    """
    granularity = _WHOLE.get(identifier)
    if granularity is None or len(data) > CHARACTERS_MAX or _DATA.fullmatch(data) is None:
        return None
    number = data.upper()
    # 18S leaves the agency out: it is always that of CAGE codes.
    agency = AGENCIES[_CAGE] if identifier == "18S" else agency_of(number)
    if agency is None:
        return None
    company = _company(agency, number if identifier != "18S" else agency.code + number)
    canonical = identifier + number
    levels = [canonical]
    if identifier == "37S" and "+" in number:
        levels.append(identifier + number.partition("+")[0])
    why = f"the data identifier {identifier} and the agency {agency.code} ({agency.name})"
    return Recognised(
        SCHEME, canonical, canonical, granularity, Confidence.CERTAIN, why, tuple(levels), RouteKey(ROUTE, company)
    )


def agency_of(number: str) -> Agency | None:
    """The agency whose code a number begins with."""
    return next((AGENCIES[code] for code in _CODES if number.startswith(code)), None)


def _company(agency: Agency, number: str) -> str:
    if agency.cin_characters:
        return number[: len(agency.code) + agency.cin_characters]
    return number.partition("+")[0]
