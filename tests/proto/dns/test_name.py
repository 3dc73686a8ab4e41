"""Domain names on the wire and in text."""

import pytest

from idis.proto.dns.name import below, lowered, name_from_text, name_text, read_name, write_name
from idis.proto.errors import DataError, ProtocolError


def test_a_name_is_read_to_its_end() -> None:
    """Two labels and the root; the offset behind them is told."""
    assert read_name(b"xx\x02id\x07example\x00yy", 2) == ((b"id", b"example"), 14)


def test_a_pointer_is_followed_backwards() -> None:
    """RFC 1035 §4.1.4: the rest of the name stands where the pointer leads."""
    assert read_name(b"\x07example\x00\x02id\xc0\x00", 9) == ((b"id", b"example"), 14)


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x03ab", b"\xc0\x00", b"\x01a\xc0\x02\x00", b"\x01a\xc0\x00", b"\x40a\x00", b"\x80a\x00", b"\x01a\xc0", b"?" * 300],
)
def test_a_damaged_name_is_refused(octets: bytes) -> None:
    """Cut, of an unknown kind, too long, or with a pointer that leads to itself or forwards."""
    with pytest.raises(ProtocolError):
        read_name(octets, 0)


def test_pointers_are_bounded() -> None:
    """A chain of seventeen pointers is no honest name, though each leads backwards."""
    chain = b"\x00" + b"".join(b"\x01a" + (0xC000 | max(0, 4 * number - 3)).to_bytes(2, "big") for number in range(18))

    with pytest.raises(ProtocolError):
        read_name(chain, len(chain) - 4)


def test_names_are_written_whole() -> None:
    """Each label behind its length, the root at the end."""
    assert write_name((b"id", b"example")) == b"\x02id\x07example\x00"


@pytest.mark.parametrize("labels", [(b"",), (b"a" * 64,), (b"a" * 63,) * 4])
def test_a_name_that_is_too_long_is_not_written(labels: tuple[bytes, ...]) -> None:
    """Labels have 1 to 63 octets, names at most 255."""
    with pytest.raises(DataError):
        write_name(labels)


def test_names_compare_without_case() -> None:
    """Only the letters of ASCII."""
    assert lowered((b"ID", b"\xc3\x84b")) == (b"id", b"\xc3\x84b")


def test_a_name_is_in_its_zone() -> None:
    """What stands in front of the zone, whole labels only."""
    assert below((b"8", b"id", b"example"), (b"id", b"example")) == (b"8",)
    assert below((b"xid", b"example"), (b"id", b"example")) is None


@pytest.mark.parametrize(
    ("text", "labels"),
    [("id.example.", (b"id", b"example")), (".", ()), (r"a\.b.c.", (b"a.b", b"c")), (r"a\000\\.c.", (b"a\x00\\", b"c"))],
)
def test_names_are_written_as_people_do(text: str, labels: tuple[bytes, ...]) -> None:
    """RFC 1035 §5.1, both ways."""
    assert name_from_text(text) == labels
    assert name_text(labels) == text


@pytest.mark.parametrize("text", ["", "a..b", "a\\", ".a"])
def test_text_that_is_no_name_is_refused(text: str) -> None:
    """Empty labels and an escape without its octet."""
    with pytest.raises(DataError):
        name_from_text(text)
