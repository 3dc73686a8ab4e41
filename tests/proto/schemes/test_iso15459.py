import pytest

from idis.proto.schemes.iso15459 import agency_of, of_field, recognise
from idis.proto.schemes.recognised import Granularity, RouteKey


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("25SUN123456789S001", "UN123456789"),
        ("25SVAA08810012345678X1", "VAA08810012345678"),
        ("25SD1A2B3SER7", "D1A2B3"),
        ("18S1A2B3SER7", "D1A2B3"),
        ("37SOD1234PART+S7", "OD1234"),
        ("25S069012341234", "069012341234"),
    ],
)
def test_the_company_is_read_behind_the_agency(text: str, company: str) -> None:
    """Where the length of company numbers is not known, the whole number is there for a longest match."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.route) == (text, RouteKey("ISO15459", company))
    assert found.granularity is Granularity.ITEM


def test_a_part_number_is_the_level_above() -> None:
    """37S has it in front of a plus sign."""
    found = recognise("37sod1234part+s7")
    assert found is not None

    assert found.levels == ("37SOD1234PART+S7", "37SOD1234PART")


def test_a_licence_plate_is_a_logistic_unit() -> None:
    """J to 6J are of transport units."""
    found = of_field("1J", "UN123456789A1")
    assert found is not None

    assert found.granularity is Granularity.LOGISTIC_UNIT
    assert recognise("1JUN123456789A1") == found


def test_the_longest_agency_code_counts() -> None:
    """VAA before any shorter one, and none for a code that is not listed."""
    agency = agency_of("VAA088")
    assert agency is not None

    assert agency.code == "VAA"
    assert agency_of("XYZ") is None


@pytest.mark.parametrize("text", ["25S", "25SXYZ1", "26SUN1", "UN123456789S001", "25SUN1 2", "25SUN" + "1" * 100])
def test_other_texts_are_none(text: str) -> None:
    """Another data identifier, an unknown agency, blanks, too long."""
    assert recognise(text) is None


def test_a_number_has_no_blanks() -> None:
    """Not inside a symbol either, where fields may have them."""
    assert of_field("25S", "UN12345 789S001") is None
