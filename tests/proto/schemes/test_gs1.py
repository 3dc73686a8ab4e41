"""GS1 keys of digits and global model numbers."""

from __future__ import annotations

import pytest

from idis.proto.schemes import gln, gmn, gtin, mod10, sscc


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("6901234567892", "06901234567892"),
        ("6 901234 567892", "06901234567892"),
        ("690-12345-6789-2", "06901234567892"),
    ],
)
def test_short_trade_item_numbers_are_padded(text: str, canonical: str) -> None:
    """All lengths of a GTIN are equal after padding to 14 digits; printed groups do not count."""
    verdict = gtin.check(text)

    assert (verdict.ok, verdict.canonical) == (True, canonical)


@pytest.mark.parametrize("text", ["690123456789", "12345678901", "069012345678920", "1234567"])
def test_other_lengths_are_refused(text: str) -> None:
    """A number of another length, or with its check digit cut off, is no GTIN."""
    assert not gtin.check(text).ok


def test_refusal_names_the_lengths() -> None:
    """The sentence says how many digits a GTIN may have."""
    assert gtin.check("123").message == "a GTIN has 8, 12, 13 or 14 digits"


def test_location_and_container_have_one_length() -> None:
    """A GLN is 13 digits, an SSCC 18."""
    assert gln.check("06901234000016").message == "a GLN has 13 digits"
    assert sscc.check("0169012340000000013").message == "an SSCC has 18 digits"


def test_sum_divisible_by_ten_gives_zero() -> None:
    """The check digit for a sum of ten is 0, not 10."""
    # 3·1 + 1·1 + 3·2 = 10
    assert mod10.check_digit("211") == "0"


@pytest.mark.parametrize("length", [7, 11, 12, 13, 16, 17])
def test_the_check_digit_makes_the_weighted_sum_divisible(length: int) -> None:
    """Weights 1 and 3 in turn from the right, for every length that GS1 has (General Specifications, 7.9.1)."""
    whole = (body := "6901234567895432109"[:length]) + mod10.check_digit(body)

    assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(whole))) % 10 == 0


def test_model_number_keeps_its_case() -> None:
    """Small letters of a GMN are other characters than capitals."""
    assert gmn.check("1987654Ad4X4bL5ttr2310c2K").ok
    assert not gmn.check("1987654AD4X4BL5TTR2310C2K").ok


@pytest.mark.parametrize("text", ["VALVE-DN50R4", "69012341VALVE DN50R4", "1234" + "A" * 20 + "22", "123422"])
def test_model_number_grammar(text: str) -> None:
    """A GMN begins with a company prefix, holds no blanks, and has at most 25 characters with a body between."""
    assert not gmn.check(text).ok


@pytest.mark.parametrize("at", range(18))
def test_swapped_neighbours_in_a_model_number_are_found(at: int) -> None:
    """The prime weights find any two neighbours swapped."""
    right = "69012341VALVE-DN50R4"
    swapped = right[:at] + right[at + 1] + right[at] + right[at + 2 :]

    assert gmn.check(swapped).ok == (swapped == right)
