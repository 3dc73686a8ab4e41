"""Container numbers: the letters' values and the categories."""

from __future__ import annotations

import pytest

from idis.proto.schemes import iso6346


def test_remainder_ten_is_written_zero() -> None:
    """A remainder of 10 gives the check digit 0."""
    assert iso6346.check_digit("TGHU100005") == "0"


@pytest.mark.parametrize(("letter", "value"), [("A", 10), ("B", 12), ("K", 21), ("L", 23), ("U", 32), ("V", 34), ("Z", 38)])
def test_letters_skip_multiples_of_eleven(letter: str, value: int) -> None:
    """Letters count from 10 and pass over 11, 22 and 33."""
    assert iso6346.check_digit(letter + "000000000") == str(value % 11 % 10)


@pytest.mark.parametrize("text", ["CSQX3054383", "CSQ3054383", "CSQU305438", "CSQU30543833", "12QU3054383"])
def test_wrong_grammar_is_refused(text: str) -> None:
    """Another category, a letter missing or a digit too many is no container number."""
    assert not iso6346.check(text).ok


def test_printed_groups_are_joined() -> None:
    """A number painted in groups is the same number."""
    assert iso6346.check("CSQU 305438 3").canonical == "CSQU3054383"
