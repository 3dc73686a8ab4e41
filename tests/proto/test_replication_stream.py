"""Replication streams: records by hand, in any pieces, signed and unsigned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.replication_stream import (
    BLOCK_BYTES_MAX,
    Block,
    DumpedHandle,
    DumpedPrefix,
    DumpEnd,
    DumpHeader,
    DumpPosition,
    DumpStatus,
    LastChange,
    LogEnd,
    LogHeader,
    QueueName,
    QueueTimestamp,
    Record,
    ReplicationStream,
    StreamKind,
    Transaction,
    encode_opening,
)
from idis.proto.value import Value

NAME = "00000003 312f61"
VALUE = "00000023 00000001 00000000 00 00015180 0e 00000003 55524c 00000001 78 00000000".replace("23", "1e")
VALUES = (Value(1, "URL", b"x"),)

LOG: list[tuple[str, Record]] = [
    ("00000002 00000002", LogHeader()),
    ("02 00000001 71", QueueName("q")),
    ("01 0000000000000007" + NAME + "01 0000018c00000000 00000001" + VALUE, Transaction(7, "1/a", 1, 0x18C00000000, VALUES)),
    ("01 0000000000000008" + NAME + "02 0000018c00000000", Transaction(8, "1/a", 2, 0x18C00000000)),
    ("03 0000018c00000001", QueueTimestamp(0x18C00000001)),
    ("00", LogEnd()),
]
DUMP: list[tuple[str, Record]] = [
    ("00000002", DumpHeader()),
    ("00 0000018c00000000 0000000000000007", DumpPosition(0x18C00000000, 7)),
    ("01" + NAME + "00000001" + VALUE, DumpedHandle("1/a", VALUES)),
    ("02 00000004 302e4e41", DumpedPrefix("0.NA")),
    ("03" + NAME + "0000018c00000000 00000002", LastChange("1/a", 0x18C00000000, 2)),
    ("04" + NAME + "0000018c00000000 00000002", LastChange("1/a", 0x18C00000000, 2, is_prefix=True)),
    ("05 00000002 7b7d", DumpStatus("{}")),
    ("ff", DumpEnd()),
]
STREAMS = [(StreamKind.LOG, LOG), (StreamKind.DUMP, DUMP)]


@pytest.mark.parametrize(("octets", "record"), [*LOG, *DUMP])
def test_a_record_encodes(octets: str, record: Record) -> None:
    """The fields of each record give its octets."""
    assert record.encode() == bytes.fromhex(octets)


@pytest.mark.parametrize(("kind", "records"), STREAMS)
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_stream_in_pieces(kind: StreamKind, records: list[tuple[str, Record]], piece: int) -> None:
    """Whole, in pieces or octet by octet, the same records come out, each with its own octets."""
    octets = bytes.fromhex("ffffffff" + "".join(part for part, _ in records))
    stream = ReplicationStream(kind)
    blocks = [block for at in range(0, len(octets), piece) for block in stream.receive_data(octets[at : at + piece])]

    assert blocks == [Block(record, bytes.fromhex(part)) for part, record in records]
    assert stream.finished


@pytest.mark.parametrize("piece", [1, 10_000])
def test_a_signed_stream(piece: int) -> None:
    """After each block stands a signature over its octets."""
    octets = bytes.fromhex("00000000 00000004 53484131" + "".join(part + "00000001 99" for part, _ in LOG))
    stream = ReplicationStream(StreamKind.LOG)
    blocks = [block for at in range(0, len(octets), piece) for block in stream.receive_data(octets[at : at + piece])]

    assert stream.digest_name == "SHA1"
    assert blocks == [Block(record, bytes.fromhex(part), b"\x99") for part, record in LOG]


def test_a_record_is_not_shown_before_its_signature() -> None:
    """Nobody acts on what is not signed yet."""
    stream = ReplicationStream(StreamKind.LOG)

    assert stream.receive_data(bytes.fromhex("00000000 00000004 53484131" + LOG[0][0])) == []


def test_a_tls_stream_is_left_to_the_caller() -> None:
    """Nothing behind the type is read."""
    stream = ReplicationStream(StreamKind.LOG)

    assert stream.receive_data(bytes.fromhex("544c5300 160301")) == []
    assert stream.stream_type == 0x544C5300


def test_a_position_too_old_ends_the_stream() -> None:
    """A dump is needed; no record follows."""
    stream = ReplicationStream(StreamKind.LOG)

    assert stream.receive_data(bytes.fromhex("ffffffff 00000002 00000001"))[0].record == LogHeader(2, 1)
    assert stream.finished


def test_a_dump_without_its_end_is_not_finished() -> None:
    """A stream that breaks off has failed, and the caller can see it."""
    stream = ReplicationStream(StreamKind.DUMP)
    stream.receive_data(bytes.fromhex("ffffffff" + "".join(part for part, _ in DUMP[:-1])))

    assert not stream.finished


@pytest.mark.parametrize(
    "octets",
    [
        "00000007",
        "ffffffff 00000002 00000002 09",
        "ffffffff 00000002 00000002 02 7fffffff",
        "ffffffff 00000002 00000002 01 0000000000000007" + NAME + "01 0000018c00000000 7fffffff",
        "ffffffff 00000002 00000002 01 0000000000000007" + NAME + "01 0000018c00000000 00000001 00000002 0000" + "00" * 26,
        "ffffffff 00000002 00000002 01 0000000000000007"
        + NAME
        + "01 0000018c00000000 00000001"
        + VALUE.replace("1e", "1f")
        + "ff",
        "ffffffff 00000002 00000002 02 00000001 ff",
    ],
)
def test_streams_refused(octets: str) -> None:
    """Unknown kinds, limits and broken values are refused as soon as they can be seen."""
    with pytest.raises(ProtocolError):
        ReplicationStream(StreamKind.LOG).receive_data(bytes.fromhex(octets))


def test_a_block_has_a_limit() -> None:
    """A record that never ends is given up."""
    stream = ReplicationStream(StreamKind.DUMP)
    value = bytes.fromhex("00100000") + bytes.fromhex("00000001 00000000 00 00015180 0e 00000000 000fffe6") + bytes(0xFFFE6 + 4)
    stream.receive_data(bytes.fromhex("ffffffff 00000002 01" + NAME + "00000800"))

    for _ in range(BLOCK_BYTES_MAX // len(value)):
        stream.receive_data(value)

    with pytest.raises(ProtocolError, match="longer"):
        stream.receive_data(value)


@pytest.mark.parametrize(("digest", "octets"), [(None, "ffffffff"), ("SHA1", "00000000 00000004 53484131")])
def test_opening(digest: str | None, octets: str) -> None:
    """The first octets say whether the stream is signed."""
    assert encode_opening(digest) == bytes.fromhex(octets)


@given(st.sampled_from(list(StreamKind)), st.binary(max_size=80), st.integers(1, 9))
def test_garbage_is_refused_or_waited_for(kind: StreamKind, octets: bytes, piece: int) -> None:
    """Only the documented error comes out, and no record is made of octets that are not there."""
    stream = ReplicationStream(kind)
    data = bytes.fromhex("ffffffff") + octets
    shown = 0
    try:
        for at in range(0, len(data), piece):
            shown += sum(len(block.octets) for block in stream.receive_data(data[at : at + piece]))
    except ProtocolError:
        pass

    assert shown <= len(octets)
