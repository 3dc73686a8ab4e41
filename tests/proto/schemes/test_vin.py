"""Vehicle identification numbers: the regions, place 9 and made numbers."""

from __future__ import annotations

import random

import pytest

from idis.proto.schemes import vin


def test_region_without_duty_only_warns() -> None:
    """A European VIN without check digit passes with the calculated one in the warning."""
    verdict = vin.check("WVWZZZ1JZXW000001")

    assert (verdict.ok, verdict.expected) == (True, "0")
    assert verdict.warnings == ("check digit is 0 at place 9 of this VIN, not Z (optional in region W)",)


@pytest.mark.parametrize("first", "12345L")
def test_region_with_duty_rejects(first: str) -> None:
    """North American and Chinese VINs need the right character at place 9."""
    right = vin.with_check_digit(first + "M8GDM9A0KP042788")
    wrong = right[:8] + ("1" if right[8] != "1" else "2") + right[9:]

    assert vin.check(right).ok
    assert not vin.check(wrong).ok


def test_regions_can_be_chosen() -> None:
    """Whoever knows better passes the set of first characters that require the digit."""
    verdict = vin.check("WVWZZZ1JZXW000001", regions_checked="W")

    assert not verdict.ok


def test_remainder_ten_is_written_x() -> None:
    """The VIN whose sum leaves 10 carries an X."""
    assert vin.check_digit("1M8GDM9A_KP042788".replace("_", "0")) == "X"


def test_made_numbers_are_right() -> None:
    """Any legal 17 characters become a right VIN when place 9 is set."""
    draw = random.Random(1)
    bodies = ["L" + "".join(draw.choices("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", k=16)) for _ in range(300)]

    assert all(vin.check(vin.with_check_digit(body)).ok for body in bodies)


def test_length_is_named() -> None:
    """A VIN with a character missing is told its length."""
    assert vin.check("LSVAA49J13204737").message == "a VIN has 17 characters, not 16"


def test_blanks_inside_do_not_count() -> None:
    """A VIN printed in groups is the same VIN."""
    assert vin.check("LSV AA49J1 32047371").canonical == "LSVAA49J132047371"
