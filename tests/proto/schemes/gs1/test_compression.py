"""Compressed Digital Links: the fixed points of the standard's toolkit, and where that toolkit loses data."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.compression import compress, expand, host_of
from idis.proto.schemes.gs1.digital_link import parse
from idis.proto.schemes.gs1.elements import Gs1Error

STEM = "https://id.gs1.org/"
FIXED_POINTS = [
    ("01/06901234567892", "AQyNo0UVqA"),
    ("01/06901234567892/10/CELLB26K18", "CwyNo0UVqNQQhZYO3RWvg"),
    ("414/6901234000016/254/A-1", "nWMD7VkbRmeCQ"),
    ("01/06901234567892/21/0001", "DAyNo0UVqIgAAg"),
    ("01/06901234567892/10/LOT7/21/S9?17=280131", "GgyNo0UVqMhZyfaIyGxJeg"),
]


@pytest.mark.parametrize(("plain", "segment"), FIXED_POINTS)
def test_links_are_compressed_as_everywhere(plain: str, segment: str) -> None:
    """The bits are those of the standard, so that others can expand them."""
    assert compress(parse(STEM + plain).elements).uri == STEM + segment


@pytest.mark.parametrize(("plain", "segment"), FIXED_POINTS)
def test_links_are_expanded_on_any_stem(plain: str, segment: str) -> None:
    """The stem stays, with its path."""
    link = expand("https://node.example/gs1/" + segment)

    assert (link.stem, dict(link.elements)) == ("https://node.example/gs1", dict(parse(STEM + plain).elements))


@pytest.mark.parametrize(
    "plain",
    [
        "00/106141412345678908",
        "8004/69012349007199254740993",
        "01/06901234567892/21/00042",
        "01/06901234567892/10/007",
        "01/06901234567892?3922=00150",
        "253/6901234000016DOC77",
        "255/69012340000160012",
        "8003/06901234000016X1",
        "8003/06901234000016",
    ],
)
def test_nothing_is_lost_where_the_toolkit_loses(plain: str) -> None:
    """Numbers beyond 2^53, leading zeros, and keys with two parts."""
    elements = parse(STEM + plain).elements

    assert expand(compress(elements).uri).elements == elements


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ("00/106141412345678908", "not read exactly"),
        ("01/06901234567892?3922=00150", "not read exactly"),
        ("253/6901234000016DOC77", "do not join"),
        ("414/6901234000016/254/A-1", "and does not read"),
    ],
)
def test_what_other_decoders_lose_is_said(plain: str, words: str) -> None:
    """A label that others will read wrongly comes with a warning."""
    assert words in compress(parse(STEM + plain).elements).warnings[0]


def test_a_second_key_stays_an_attribute() -> None:
    """An asset with a trade item number and an expiry date in the query stays an asset, though 01 and 17 have a code."""
    link = parse(STEM + "8004/6901234AB?01=06901234567892&17=280131")

    assert expand(compress(link.elements).uri) == link


def test_the_key_may_stand_in_plain() -> None:
    """Here by hand: 17 in digits of four bits, then 280131 in twenty bits, behind a key in the path."""
    # 0001 0111, then 280131 as 0100 0100 0110 0100 0011, then 00: six bits a letter
    link = expand("https://a/gs1/01/06901234567892/F0RkM")

    assert (link.stem, link.elements) == ("https://a/gs1", (("01", "06901234567892"), ("17", "280131")))


def test_what_others_read_exactly_has_no_warning() -> None:
    """A trade item with a serial number of zeros is written so that every decoder reads it."""
    assert compress(parse(STEM + "01/06901234567892/21/0001").elements).warnings == ()


def test_both_orders_of_a_code_are_read() -> None:
    """The standard lists 414 before 254, the toolkit writes 254 first; here by hand: 9D, 6901234000016, then base64url A-1."""
    digits = f"{6901234000016:044b}"
    bits = "10011101" + digits + "011" + "00011" + "000000" + "111110" + "110101"
    bits += "0" * (-len(bits) % 6)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    segment = "".join(alphabet[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))

    assert expand(STEM + segment).path == (("414", "6901234000016"), ("254", "A-1"))


def test_foreign_pieces_of_the_query_are_in_the_bits() -> None:
    """A key and its value, escapes untouched; words without a value stay in the query."""
    compressed = compress((("01", "06901234567892"),), others=("utm=a%20b", "word"))
    link = expand(compressed.uri)

    assert compressed.uri.endswith("?word")
    assert link.others == ("utm=a%20b", "word")


@pytest.mark.parametrize(
    "text",
    [
        "https://id.gs1.org/AQyNo0UVqB",  # bits at the end
        "https://id.gs1.org/AQyNo0UV",  # ends within the number
        "https://id.gs1.org/AQyNo0UVqQ",  # another check digit, and bits at the end
        "https://id.gs1.org/about-us-and-others",
        "https://id.gs1.org/iYzNo0UVqA",  # no such application identifier
        "https://id.gs1.org/AX________",  # a number of more than 14 digits
        "https://id.gs1.org/QBpAAAAA",  # characters written in a way that is none
        "https://id.gs1.org/",
        "https://id.gs1.org/abc",
        "ftp://id.gs1.org/AQyNo0UVqA",
    ],
)
def test_other_segments_are_refused(text: str) -> None:
    """Every value is judged, and what is left must be zero."""
    with pytest.raises(Gs1Error):
        expand(text)


def test_the_same_element_twice_is_refused() -> None:
    """A link whose bits repeat a key would be read as something else by others."""
    number = int("00000001" + f"{6901234567892:047b}" + "00000001" + f"{6901234567892:047b}", 2)
    length = 2 * (8 + 47)
    padded = number << (-length % 6)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    places = range((length + 5) // 6 - 1, -1, -1)
    segment = "".join(alphabet[padded >> 6 * place & 63] for place in places)

    with pytest.raises(Gs1Error, match="given twice"):
        expand(STEM + segment)


def test_the_host_is_told_in_small_letters() -> None:
    """With its port, and nothing for what is no URI."""
    assert host_of("HTTPS://Node.Example:8443/x") == "node.example:8443"
    assert host_of("urn:x") == ""
