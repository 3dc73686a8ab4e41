"""Values: their octets, their lifetime, and the walk over them without decoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.value import (
    TTL_ABSOLUTE,
    Reference,
    Value,
    decode_values,
    encode_value,
    encode_values,
    read_value,
    scan_values,
)
from idis.proto.wire import Reader

URL_OCTETS = bytes.fromhex(
    "00000001 6b0042b3 00 00015180 0e 00000003 55524c00000017 68747470733a2f2f6578616d706c652e636f6d2f702f31 00000000"
)
URL = Value(1, "URL", b"https://example.com/p/1", 86_400, 0, 0x6B0042B3, 0x0E)
REFERRING_OCTETS = bytes.fromhex("00000005 00000000 01 6b0042b3 0c 00000001 58 00000001 ff 00000001 00000003 612f62 00000007")
REFERRING = Value(5, "X", b"\xff", 0x6B0042B3, TTL_ABSOLUTE, 0, 0x0C, (Reference("a/b", 7),))

values = st.builds(
    Value,
    index=st.integers(1, 2**31 - 1),
    type=st.text(max_size=8).filter(lambda text: text.isprintable()),
    data=st.binary(max_size=40),
    ttl=st.integers(0, 2**32 - 1),
    ttl_type=st.integers(0, 255),
    timestamp=st.integers(0, 2**32 - 1),
    permissions=st.integers(0, 255),
    references=st.lists(st.builds(Reference, st.text("ab/é", max_size=4), st.integers(0, 2**32 - 1)), max_size=2).map(tuple),
)


@pytest.mark.parametrize(("value", "octets"), [(URL, URL_OCTETS), (REFERRING, REFERRING_OCTETS)])
def test_a_value_encodes(value: Value, octets: bytes) -> None:
    """Fields stand where the specification puts them."""
    assert encode_value(value) == octets


@pytest.mark.parametrize(("value", "octets"), [(URL, URL_OCTETS), (REFERRING, REFERRING_OCTETS)])
def test_a_value_decodes(value: Value, octets: bytes) -> None:
    """The octets give the fields back."""
    assert read_value(Reader(octets)) == value


@pytest.mark.parametrize("index", ["00000000", "80000000", "ffffffff"])
def test_an_index_out_of_range_is_an_invalid_value(index: str) -> None:
    """Indexes run from 1 to 2**31 - 1."""
    with pytest.raises(ProtocolError) as refused:
        read_value(Reader(bytes.fromhex(index) + URL_OCTETS[4:]))

    assert refused.value.code == 202


def test_octets_after_the_last_value_are_refused() -> None:
    """A stored record is exactly its values."""
    with pytest.raises(ProtocolError, match="after the last value"):
        decode_values(bytes.fromhex("00000000 00"))


def test_too_many_values_are_refused_before_they_are_read() -> None:
    """The count alone decides."""
    with pytest.raises(ProtocolError, match="at most 2048"):
        decode_values(bytes.fromhex("00000801") + URL_OCTETS * 2_049)


def test_too_many_references_are_refused() -> None:
    """References are bounded over the whole record, not only in one value."""
    value = REFERRING_OCTETS[:24] + bytes.fromhex("00000081") + bytes.fromhex("00000000 00000001") * 129

    with pytest.raises(ProtocolError, match="references"):
        decode_values(bytes.fromhex("00000002") + value * 2)


@pytest.mark.parametrize(
    ("ttl_type", "ttl", "now", "lifetime_s"),
    [
        (0, 0, 5, 0),
        (0, 86_400, 5, 86_400),
        (0, 999_999, 5, 172_800),
        (1, 100, 40, 60),
        (1, 100, 100, 0),
        (1, 100, 200, 0),
        (1, 2**31, 0, 172_800),
    ],
)
def test_lifetime(ttl_type: int, ttl: int, now: int, lifetime_s: int) -> None:
    """Relative seconds are capped at two days; an absolute time counts down and never below nothing."""
    assert Value(1, "URL", b"", ttl, ttl_type).lifetime_s(now) == lifetime_s


@pytest.mark.parametrize(("permissions", "public"), [(0x0E, True), (0x02, True), (0x0C, False), (0x01, False)])
def test_public_read(permissions: int, public: bool) -> None:
    """Bit 2 alone decides whether everybody may read."""
    assert Value(1, "URL", b"", permissions=permissions).public is public


def test_text_of_octets_that_are_none() -> None:
    """Undecodable octets are shown, not raised."""
    assert Value(1, "X", b"a\xff").text == "a\ufffd"


def test_scanning_finds_each_value() -> None:
    """Index, type, permissions and place of each value, without decoding its data."""
    octets = bytes.fromhex("00000002") + URL_OCTETS + REFERRING_OCTETS
    end = 4 + len(URL_OCTETS)

    assert [tuple(span) for span in scan_values(octets)] == [
        (1, b"URL", 0x0E, 4, end),
        (5, b"X", 0x0C, end, end + len(REFERRING_OCTETS)),
    ]


def test_scanning_past_the_buffer_is_refused() -> None:
    """A record that breaks off is noticed by whoever walks it."""
    octets = bytes.fromhex("00000002") + URL_OCTETS + REFERRING_OCTETS

    for size in range(len(octets)):
        with pytest.raises(ProtocolError):
            list(scan_values(octets[:size]))


@given(st.lists(values, max_size=4))
def test_values_survive_the_wire(record: list[Value]) -> None:
    """Whatever a value may hold comes back."""
    assert decode_values(encode_values(record)) == tuple(record)


@given(st.binary(max_size=120))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out, and what is read encodes to the same octets."""
    try:
        record = decode_values(octets)
    except ProtocolError:
        return

    assert encode_values(record) == octets


@pytest.mark.parametrize(
    "octets",
    [
        "00000001 00000000 00 00015180 0e 00000001 ff 00000000 00000000",
        "00000001 00000000 00 00015180 0e 00000000 00000001 00000000",
        "00000001 00000000 00 00015180 0e 7fffffff",
    ],
)
def test_values_refused(octets: str) -> None:
    """A type that is no text, and lengths that run past the buffer."""
    with pytest.raises(ProtocolError):
        read_value(Reader(bytes.fromhex(octets)))


def test_a_value_stays_inside_the_readers_window() -> None:
    """Octets behind the window belong to somebody else."""
    with pytest.raises(ProtocolError):
        read_value(Reader(URL_OCTETS, 0, len(URL_OCTETS) - 1))


def test_data_has_the_limit_of_any_array() -> None:
    """A field over a mebibyte is refused though its octets are there."""
    with pytest.raises(ProtocolError, match="limit"):
        read_value(Reader(URL_OCTETS[:21] + bytes.fromhex("00100001") + bytes(0x100001 + 4)))


def test_values_are_stamped_as_they_are_encoded() -> None:
    """A registry writes its own time over that of the values."""
    assert encode_values([URL], timestamp=7) == bytes.fromhex("00000001 00000001 00000007") + URL_OCTETS[8:]
