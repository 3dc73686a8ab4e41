"""Traction battery codes: taken apart, put together, and their dates."""

from __future__ import annotations

from datetime import date

import pytest

from idis.proto.schemes import battery
from idis.proto.schemes.battery import BatteryCode

PACK = "001PB210000012F3H0000123"


def test_pack_is_decoded() -> None:
    """The sample pack is maker 001, LFP, produced on 17 March 2025."""
    assert battery.decode(PACK) == BatteryCode("001", "P", "B", "21", "0000012", date(2025, 3, 17), "0000123")


def test_parts_make_the_code_again() -> None:
    """Encoding the parts of the sample gives the sample."""
    assert battery.encode(BatteryCode("001", "P", "B", "21", "0000012", date(2025, 3, 17), "0000123")) == PACK


@pytest.mark.parametrize(
    ("stamp", "day"),
    [
        ("111", date(2011, 1, 1)),
        ("9C0", date(2019, 12, 31)),
        ("AA9", date(2020, 10, 9)),
        ("F3H", date(2025, 3, 17)),
        ("YBY", date(2040, 11, 30)),
        ("J8J", date(2028, 8, 18)),
    ],
)
def test_date_characters(stamp: str, day: date) -> None:
    """Years count from 2011 and days to 31 in letters without I, O, Q, U and Z."""
    assert battery.production_date(stamp) == day


@pytest.mark.parametrize("stamp", ["F2Y", "F40", "F0A", "O11", "1D1", "Z11", ""])
def test_characters_outside_the_calendar_name_no_day(stamp: str) -> None:
    """30 February, 31 April, month 0, letters out of use and too few characters are no dates."""
    assert battery.production_date(stamp) is None


def test_impossible_day_is_refused() -> None:
    """30 February in a code is refused by name."""
    verdict = battery.check("001PB210000012F2Y0000123")

    assert (verdict.ok, verdict.message) == (False, "the characters F2Y name no day of the calendar")


def test_future_is_a_warning() -> None:
    """A code produced after the reference year passes with a warning."""
    verdict = battery.check(PACK, reference_year=2024)

    assert verdict.ok
    assert verdict.warnings == ("produced on 2025-03-17, which lies in the future",)


def test_reference_year_itself_is_no_future() -> None:
    """A code of the reference year passes without a word."""
    assert battery.check(PACK, reference_year=2025).warnings == ()


def test_tolerated_letters_are_a_warning() -> None:
    """I or U among the date characters pass with a warning and give no date."""
    text = "001PB210000012I3H0000123"

    verdict = battery.check(text)
    code = battery.decode(text)

    assert verdict.ok
    assert "not settled" in verdict.warnings[0]
    assert code is not None
    assert code.produced is None


@pytest.mark.parametrize("text", ["001PB21F3H0000123R", "001PB21F3H0000123RP"])
def test_second_life_of_both_lengths_is_read_with_a_warning(text: str) -> None:
    """The code without trace characters that ends in R passes in 18 and in 19 characters."""
    verdict = battery.check(text)
    code = battery.decode(text)

    assert verdict.ok
    assert "second-life" in verdict.warnings[0]
    assert code == BatteryCode("001", "P", "B", "21", "", date(2025, 3, 17), "0000123", second_life=True)


def test_second_life_code_is_made() -> None:
    """A second-life code has 18 characters and no trace."""
    code = BatteryCode("001", "M", "E", "07", "", date(2031, 12, 31), "0000009", second_life=True)

    assert battery.encode(code) == "001ME07MC00000009R"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("001XB210000012F3H0000123", "not X"),
        ("001PH210000012F3H0000123", "not H"),
        ("001PB210000012F3H000012", "not 23"),
        ("001PB210000012F3H000O123", "seven digits"),
        ("001PB210000012Q3H0000123", "date characters"),
    ],
)
def test_refusal_names_the_character(text: str, word: str) -> None:
    """Each wrong part of the code has its own sentence."""
    verdict = battery.check(text)

    assert not verdict.ok
    assert word in verdict.message
