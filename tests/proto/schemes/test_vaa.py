import pytest

from idis.proto.schemes.recognised import Granularity, RouteKey
from idis.proto.schemes.vaa import recognise, twin_prefixes


def test_a_number_with_a_code() -> None:
    """The prefix is upper case, the code is kept; country, industry and enterprise route it."""
    found = recognise("vaa08810012345678/abc123")
    assert found is not None

    assert found.canonical == "VAA08810012345678/abc123"
    assert found.levels == ("VAA08810012345678/abc123", "VAA08810012345678")
    assert found.route == RouteKey("VAA", "88.100.12345678")


def test_the_twins_of_a_number() -> None:
    """Handle and DID of the same number are attributes."""
    found = recognise("VAA08810012345678/abc123")
    assert found is not None

    assert found.attributes == (("handle", "88.100.12345678/abc123"), ("did", "did:cn:88.100.12345678"))


def test_both_readings_of_leading_zeros_are_twins() -> None:
    """The enterprise with its leading zeros comes first."""
    assert twin_prefixes("VAA15610000345678") == ("156.100.00345678", "156.100.345678")


def test_the_number_with_dots_between_is_the_same() -> None:
    """As people print it."""
    found = recognise("088·100·12345678")
    assert found is not None

    assert (found.canonical, found.granularity) == ("VAA08810012345678", Granularity.NAMESPACE)


@pytest.mark.parametrize("text", ["VAA0881001234567/a", "VAA088100123456789/a", "VAA08810012345678/", "VAB08810012345678/a"])
def test_other_texts_are_none(text: str) -> None:
    """Fourteen digits, and a code where there is a slash."""
    assert recognise(text) is None
