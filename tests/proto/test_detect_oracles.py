"""What is recognised against independent libraries, on numbers drawn at random: right, wrong by chance and right by making.

Where we differ on purpose:
- VIN: the library tells whether the check digit fits, for every region, and refuses U, Z and 0 as year and makers it knows
  not to use the digit; we reject a wrong one where it is required (first character 1 to 5, 7 or L) and warn elsewhere.
- Resident numbers: the library knows the codes of regions and the day of today; we refuse any that has the form, a day of
  the calendar and the check character, because refusing too much is the safe side.
- Trade items: the library takes EAN of 8, 12, 13 and 14 digits, as we do, and no SSCC.
"""

from __future__ import annotations

import importlib
import random
import string
from collections.abc import Callable

import pytest

from idis.proto.detect import detect
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.recognised import Recognised
from idis.proto.schemes.table import SCHEMES
from idis.proto.schemes.vin import REGIONS_CHECKED

YEAR = 2026
DRAWS = 300
VIN_CHARACTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def right(text: str) -> dict[str, Recognised]:
    """The readings that pass all their checks, by scheme."""
    return {reading.scheme: reading for reading in detect(text, year=YEAR) if reading.ok}


def digits(draw: random.Random, count: int) -> str:
    """So many digits."""
    return "".join(draw.choices(string.digits, k=count))


NUMBERS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "imo": ("stdnum.imo", lambda draw: "IMO" + digits(draw, 7)),
    "iso6346": (
        "stdnum.iso6346",
        lambda draw: "".join(draw.choices(string.ascii_uppercase, k=3)) + draw.choice("UJZ") + digits(draw, 7),
    ),
    "cas": ("stdnum.casrn", lambda draw: f"{draw.randint(10, 9_999_999)}-{digits(draw, 2)}-{digits(draw, 1)}"),
    "gs1": ("stdnum.ean", lambda draw: digits(draw, draw.choice((8, 12, 13, 14)))),
    "lei": ("stdnum.lei", lambda draw: "".join(draw.choices(string.digits + string.ascii_uppercase, k=18)) + digits(draw, 2)),
    "isbn": ("stdnum.isbn", lambda draw: "978" + digits(draw, 10)),
    "issn": ("stdnum.issn", lambda draw: f"{digits(draw, 4)}-{digits(draw, 4)}"),
}


@pytest.mark.parametrize("scheme", NUMBERS)
def test_what_is_recognised_is_what_the_oracle_takes(scheme: str) -> None:
    """A reading of the scheme that passes its checks, exactly where the independent library agrees."""
    name, written = NUMBERS[scheme]
    is_valid = pytest.importorskip(name).is_valid
    draw = random.Random(scheme)
    numbers = [written(draw) for _ in range(DRAWS)]

    assert [number for number in numbers if (scheme in right(number)) != is_valid(number)] == []


@pytest.mark.parametrize("scheme", ["imo", "iso6346", "lei"])
def test_numbers_with_our_check_digit_are_taken_by_both(scheme: str) -> None:
    """None of these is right by chance alone."""
    name, written = NUMBERS[scheme]
    is_valid = pytest.importorskip(name).is_valid
    make = SCHEMES[scheme].check_digit
    assert make is not None
    draw = random.Random(scheme + " made")
    width = 2 if scheme == "lei" else 1
    bodies = [written(draw)[:-width] for _ in range(DRAWS)]
    numbers = [body + make(body.removeprefix("IMO")) for body in bodies]

    assert [number for number in numbers if scheme not in right(number) or not is_valid(number)] == []


def test_vehicles_are_judged_as_by_the_oracle() -> None:
    """Where the check digit is required, a wrong one rejects; elsewhere it is a warning."""
    vin = pytest.importorskip("vininfo").Vin
    draw = random.Random("vin")
    bodies = ["".join(draw.choices(VIN_CHARACTERS, k=17)) for _ in range(DRAWS)]
    make = importlib.import_module("idis.proto.schemes.vin").with_check_digit
    numbers = [make(body) if draw.random() < 0.5 else body for body in bodies]

    for number in numbers:
        oracle = vin(number)
        if not getattr(oracle.assembler, "uses_sae_checkdigit", True):
            continue  # the library then says no without a look
        reading, fits = right(number).get("vin"), oracle.verify_checksum(check_year=False)
        if number[0] in REGIONS_CHECKED:
            assert (reading is not None) == fits, number
        else:
            assert reading is not None, number
            assert (reading.warnings == ()) == fits, number


def test_resident_numbers_that_the_oracle_takes_are_refused() -> None:
    """Every one of them; regions that the library does not know are refused too."""
    ric = pytest.importorskip("stdnum.cn.ric")
    draw = random.Random("ric")
    regions = ("110105", "310101", "440304", "510104")
    days = [f"19{draw.randint(50, 99)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}" for _ in range(DRAWS)]
    bodies = [draw.choice(regions) + day + digits(draw, 3) for day in days]
    numbers = [number for body in bodies if ric.is_valid(number := body + ric.calc_check_digit(body + "0"))]

    assert len(numbers) > DRAWS // 3
    assert [number for number in numbers if PERSONAL not in {reading.scheme for reading in detect(number, year=YEAR)}] == []
