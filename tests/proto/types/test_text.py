"""Text values and octets nobody has described."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError
from idis.proto.types.text import (
    decode_text,
    encode_text,
    octets_from_base64,
    octets_from_hex,
    octets_to_json,
    text_to_json,
)


@pytest.mark.parametrize(
    ("octets", "text"), [(b"", ""), ("船\t\r\n".encode(), "船\t\r\n"), (b"\xff", None), (b"a\x00", None), (b"\x1b", None)]
)
def test_octets_that_are_text(octets: bytes, text: str | None) -> None:
    """UTF-8 without control characters other than tab and line ends."""
    assert decode_text(octets) == text


@pytest.mark.parametrize(
    ("octets", "form"),
    [
        (b"http://x", {"format": "string", "value": "http://x"}),
        (b"\xff\x00", {"format": "base64", "value": "/wA="}),
    ],
)
def test_json_form(octets: bytes, form: dict[str, str]) -> None:
    """A string when it is one, base64 otherwise."""
    assert text_to_json(octets) == form


def test_text_in_octets() -> None:
    """UTF-8."""
    assert encode_text("船") == bytes.fromhex("e888b9")


def test_half_a_surrogate_pair_has_no_octets() -> None:
    """JSON can hold it, the wire cannot."""
    with pytest.raises(DataError):
        encode_text("\ud800")


@pytest.mark.parametrize("text", ["!", "AAA", "船", "A A"])
def test_what_is_no_base64(text: str) -> None:
    """Refused, not guessed at."""
    with pytest.raises(DataError):
        octets_from_base64(text)


@pytest.mark.parametrize("text", ["0", "zz", "船"])
def test_what_is_no_hex(text: str) -> None:
    """Refused, not guessed at."""
    with pytest.raises(DataError):
        octets_from_hex(text)


def test_blanks_are_allowed() -> None:
    """As people paste them."""
    assert (octets_from_base64("/w\nA="), octets_from_hex("ff 00")) == (b"\xff\x00", b"\xff\x00")


@given(st.binary(max_size=60))
def test_base64_both_ways(octets: bytes) -> None:
    """Any octets come back."""
    assert octets_from_base64(str(octets_to_json(octets)["value"])) == octets
