import pytest

from idis.proto.schemes.iso15434 import parse, recognise
from idis.proto.schemes.recognised import Granularity


def test_a_number_of_iso_15459_is_the_identity() -> None:
    """The other fields are attributes."""
    found = recognise("[)>\x1e06\x1d1PAB-7\x1d25SUN123456789S001\x1e\x04")
    assert found is not None

    assert (found.scheme, found.canonical) == ("iso15459", "25SUN123456789S001")
    assert (found.attributes, found.warnings) == ((("1P", "AB-7"),), ())


def test_maker_part_and_serial_are_the_identity_otherwise() -> None:
    """In this order, whatever theirs was; the lot is no part of an item's identity."""
    found = recognise("[)>\x1e06\x1dS001\x1d1T77\x1d1PAB-7\x1dV12345\x1e\x04")
    assert found is not None

    assert found.canonical == "[)>␞06␝V12345␝1PAB-7␝S001␞␄"
    assert found.levels[1] == "[)>␞06␝V12345␝1PAB-7␞␄"
    assert (found.granularity, found.attributes) == (Granularity.ITEM, (("1T", "77"),))


def test_text_elements_are_read() -> None:
    """Format 12 names its fields by three letters."""
    found = recognise("[)>\x1e12\x1dMFR 1A2B3\x1dPNR AB-7\x1dSER 001\x1e\x04")
    assert found is not None

    assert found.canonical == "[)>␞12␝MFR 1A2B3␝PNR AB-7␝SER 001␞␄"


@pytest.mark.parametrize(("end", "warnings"), [("\x1e\x04", 0), ("\x1e", 1), ("", 2), ("\x04", 1)])
def test_a_lost_end_is_forgiven(end: str, warnings: int) -> None:
    """Some scanners drop the last separators."""
    found = recognise("[)>\x1e06\x1dS001\x1d1PAB-7" + end)
    assert found is not None

    assert len(found.warnings) == warnings


def test_an_element_string_is_handed_on() -> None:
    """Format 05 holds application identifiers of GS1."""
    read = parse("[)>\x1e05\x1d0106901234567892\x1d21S9\x1e\x04")
    assert read is not None

    assert read.element_string() == "0106901234567892\x1d21S9"


def test_an_envelope_holds_several_formats() -> None:
    """Fields of all of them count."""
    found = recognise("[)>\x1e06\x1d1PAB-7\x1e06\x1dS001\x1e\x04")
    assert found is not None

    assert found.canonical == "[)>␞06␝1PAB-7␝S001␞␄"


@pytest.mark.parametrize(
    "text",
    [
        "[)>",
        "[)>\x1e",
        "[)>06\x1dS1",
        "[)>\x1exx\x1dS1",
        "[)>\x1e06\x1d?",
        "[)>\x1e06\x1dQ5\x1e\x04",
        "[)>\x1e06\x1d" + "S1\x1d" * 65,
    ],
)
def test_other_texts_are_none(text: str) -> None:
    """No format, no data identifier, nothing that identifies, too many fields."""
    assert recognise(text) is None


def test_text_elements_and_data_identifiers_do_not_mix() -> None:
    """The maker of one format and the serial number of another are no identity."""
    found = recognise("[)>\x1e12\x1dMFR 1A2B3\x1e06\x1dS001\x1e\x04")
    assert found is not None

    assert found.canonical == "[)>␞06␝S001␞␄"
