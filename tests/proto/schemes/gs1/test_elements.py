"""Elements together: repeated ones, companions, corrections."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.elements import Gs1Error, companion_problem, correction, merge, require_value

GTIN = ("01", "06901234567892")


def test_the_same_element_twice_is_said_once() -> None:
    """Two symbols on one label may repeat an element."""
    assert merge((GTIN, ("10", "A"), GTIN)) == (GTIN, ("10", "A"))


def test_one_identifier_with_two_values_is_refused() -> None:
    """Two lots cannot be meant at once."""
    with pytest.raises(Gs1Error, match="two values"):
        merge((("10", "A"), ("10", "B")))


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ((GTIN, ("37", "5")), "may not stand beside (37)"),
        ((("21", "S"),), "needs (01) or (03) or (8006)"),
        ((("414", "6901234000016"), ("254", "A"), ("8011", "1")), "(8011) needs (8010)"),
        ((("415", "6901234000016"),), "(415) needs (8020)"),
        ((GTIN, ("8030", "sig")), "(01)+(21)"),
    ],
)
def test_companions_are_told(elements: tuple[tuple[str, str], ...], words: str) -> None:
    """What must not or must stand beside an element is said by its number."""
    assert words in companion_problem(elements)


def test_right_companions_are_no_problem() -> None:
    """A trade item with lot, serial number and weight may stand so."""
    assert companion_problem((GTIN, ("10", "A"), ("21", "B"), ("3103", "000195"))) == ""


def test_a_wrong_check_digit_is_corrected() -> None:
    """The right digit and the value with it; of a part in the middle too."""
    assert correction("01", "06901234567893") == ("2", "06901234567892")
    assert correction("253", "6901234000015DOC") == ("6", "6901234000016DOC")
    assert correction("8013", "1987654Ad4X4bL5ttr2310cXX") == ("2K", "1987654Ad4X4bL5ttr2310c2K")


def test_another_fault_is_not_corrected() -> None:
    """A date that does not exist, or a right value, has no correction."""
    assert correction("17", "281301") is None
    assert correction("01", "06901234567892") is None
    assert correction("01", "069") is None


def test_an_unknown_identifier_is_refused() -> None:
    """There is no (89)."""
    with pytest.raises(Gs1Error, match=r"no application identifier \(89\)"):
        require_value("89", "1")
