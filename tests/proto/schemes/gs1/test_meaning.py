"""Coded values for people."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.meaning import full_year, meaning


@pytest.mark.parametrize(
    ("two_digits", "year", "full"),
    [(76, 2026, 2076), (77, 2026, 1977), (26, 2026, 2026), (0, 2026, 2000), (10, 2060, 2110), (11, 2060, 2011), (9, 2059, 2109)],
)
def test_two_digits_mean_the_nearest_year(two_digits: int, year: int, full: int) -> None:
    """At most fifty years ahead, at most forty-nine back."""
    assert full_year(two_digits, year) == full


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("17", "280131", "2028-01-31"),
        ("17", "280100", "2028-01"),
        ("7003", "2801312359", "2028-01-31 23:59"),
        ("8008", "28013123", "2028-01-31 23:00"),
        ("4324", "2801312359", "2028-01-31 23:59"),
        ("3103", "000195", "0.195"),
        ("3100", "000195", "195"),
        ("3922", "00150", "1.50"),
        ("3932", "156150", "1.50"),
        ("3203", "000000", "0.000"),
        ("10", "280131", ""),
    ],
)
def test_values_are_told_plainly(code: str, value: str, text: str) -> None:
    """Dates with their century, measures with their point, and nothing for what is plain already."""
    assert meaning(code, value, 2026) == text
