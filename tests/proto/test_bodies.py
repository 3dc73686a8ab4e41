"""Request bodies: every operation's octets by hand, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.batch import BatchItem, BatchRequest, Verb
from idis.proto.bodies import (
    ExchangeKey,
    Login,
    Name,
    NameAndIndexes,
    NameAndValues,
    Opaque,
    RequestBody,
    Resolve,
    read_request,
)
from idis.proto.challenge import ChallengeAnswer, Verification
from idis.proto.codes import OpCode
from idis.proto.digest import MD5, SHA1, RequestDigest
from idis.proto.errors import ProtocolError
from idis.proto.message import Message, Version
from idis.proto.notice import NoticeKind, NoticeReceipt, NoticeState, NoticeTelling, Severity
from idis.proto.replication import DumpRequest, LogRequest, Share
from idis.proto.session import SessionSetup
from idis.proto.subscription import SubscribeRequest
from idis.proto.trace import AskRow, ExpandRequest, PointerTelling
from idis.proto.value import Value

NAME = "00000003 312f61"
VALUE = "00000001 00000000 00 00015180 0e 00000003 55524c 00000001 78 00000000"
SHARE = "02 00000003 00000001"
NONCE = "000102030405060708090a0b0c0d0e0f"
TWENTY = "00" * 20
VALUES = (Value(1, "URL", b"x"),)

CASES: list[tuple[int, str, RequestBody]] = [
    (1, NAME + "00000001 00000005 00000001 00000001 58", Resolve("1/a", (5,), ("X",))),
    (1, NAME + "00000000 00000000 00000001 74", Resolve("1/a", auth=b"t")),
    (1, NAME + "00000000 00000000 00000001 74 ff", Resolve("1/a", auth=b"t", trailing=b"\xff")),
    (1, NAME + "00000000 00000000 00000009 74", Resolve("1/a", trailing=b"\0\0\0\x09t")),
    (2, "00000001 2f", Name("/")),
    (100, NAME + "00000001" + VALUE, NameAndValues("1/a", VALUES)),
    (101, NAME, Name("1/a")),
    (102, NAME + "00000000", NameAndValues("1/a", ())),
    (103, NAME + "00000002 00000001 00000002", NameAndIndexes("1/a", (1, 2))),
    (104, NAME + "00000001" + VALUE + "ff", NameAndValues("1/a", VALUES, b"\xff")),
    (105, NAME, Name("1/a")),
    (106, NAME + "ff", Name("1/a", b"\xff")),
    (
        200,
        "00000009 48535f5345434b4559" + NAME + "0000012c 00000002 aabb",
        ChallengeAnswer("HS_SECKEY", "1/a", 300, b"\xaa\xbb"),
    ),
    (
        201,
        NAME + "0000012c 00000010" + NONCE + "02" + TWENTY + "00000001 cc",
        Verification("1/a", 300, bytes.fromhex(NONCE), RequestDigest(SHA1, bytes(20)), b"\xcc"),
    ),
    (
        201,
        NAME + "0000012c 00000010" + NONCE + "00000010" + NONCE + "00000001 cc",
        Verification("1/a", 300, bytes.fromhex(NONCE), RequestDigest(MD5, bytes.fromhex(NONCE)), b"\xcc", plain_digest=True),
    ),
    (300, "00000002 3838", Name("88")),
    (301, "00000002 3838", Name("88")),
    (302, "00000001 2f", Name("/")),
    (400, "0002 00015180" + NAME + "0000012c 0000", SessionSetup(2, 86_400, "1/a", 300)),
    (400, "0001 00000001 00000000 ffffffff 00000002 6b65 0000", SessionSetup(1, 1, public_key=b"ke")),
    (400, "0004 00000001 00000000 ffffffff 00000002 6b65 0000", SessionSetup(4, 1, public_key=b"ke")),
    (400, "0003 00000001 00000000 ffffffff" + NAME + "00000007 0000", SessionSetup(3, 1, key_handle="1/a", key_index=7)),
    (400, "0003 00000001 00000000 ffffffff" + NAME + "00000007", SessionSetup(3, 1, key_handle="1/a", key_index=7, trailing=b"")),
    (400, "0009 00000001 00000000 ffffffff aa", SessionSetup(9, 1, trailing=b"\xaa")),
    (401, NAME, Name("1/a")),
    (402, "00000002 aabb", ExchangeKey(b"\xaa\xbb")),
    (1000, "", Opaque(b"")),
    (1001, "01 00000002 7b7d" + SHARE, LogRequest(Share(2, 3, 1), "{}")),
    (1001, "00 0000000000000005 ffffffffffffffff" + SHARE, LogRequest(Share(2, 3, 1), None, 5, -1)),
    (1002, SHARE, DumpRequest(Share(2, 3, 1))),
    (1002, SHARE + "00000003 312f61 00000002", DumpRequest(Share(2, 3, 1), b"1/a", 2)),
    (1002, SHARE + "ff", DumpRequest(Share(2, 3, 1), trailing=b"\xff")),
    (1003, "00000001 2f", Name("/")),
    (2000, "00aabb", Opaque(b"\x00\xaa\xbb")),
    (2001, NAME + "0000012c", Login("1/a", 300)),
    (9001, "93 01 c400 91 93 03 a3 312f61 c400", BatchRequest((BatchItem(Verb.DELETE, "1/a"),))),
    (
        9002,
        "dc0010 03 c410 000102030405060708090a0b0c0d0e0f a4 38382e31 a6 726563616c6c c402 7061 c3 c2 c0 0a 20 64 ccc8"
        " a5 38382e3200 a7 38382e312f4100 c410 ffffffffffffffff 0000000000000007 c400",
        ExpandRequest(
            bytes(range(16)),
            *("88.1", "recall", b"pa", True, False, None, 10, 32, 100, 200),
            visited=("88.2",),
            asks=(AskRow("88.1/A", -1, 7),),
        ),
    ),
    (9003, "95 03 a4 38382e32 05 a7 38382e312f4100 c401 03", PointerTelling("88.2", 5, ("88.1/A",), b"\x03")),
    (9004, "94 01 c400 a5 38382e3100 64", SubscribeRequest(b"", ("88.1",), 100)),
    (
        9005,
        "9b 01 c410 000102030405060708090a0b0c0d0e0f a4 38382e32 a4 38382e33 03 02 05 a4 73746f70 a7 38382e332f5300 01 a0",
        NoticeTelling(
            bytes(range(16)), "88.2", "88.3", NoticeKind.RECALL, Severity.MAJOR, 5, "stop", ("88.3/S",), 1
        ),
    ),
    (
        9006,
        "99 01 c410 000102030405060708090a0b0c0d0e0f a4 38382e32 a4 38382e33 03 05 a2 6f6b 02 01",
        NoticeReceipt(bytes(range(16)), "88.2", "88.3", NoticeState.ACKNOWLEDGED, 5, "ok", 2, 1),
    ),
    (77, "aabb", Opaque(b"\xaa\xbb")),
]


@pytest.mark.parametrize(("opcode", "octets", "body"), CASES)
def test_a_body_decodes(opcode: int, octets: str, body: RequestBody) -> None:
    """The octets of each operation give its fields."""
    assert read_request(Message(opcode, bytes.fromhex(octets))) == body


@pytest.mark.parametrize(("opcode", "octets", "body"), CASES)
def test_a_body_encodes(opcode: int, octets: str, body: RequestBody) -> None:
    """The fields of each operation give its octets, appended ones included."""
    assert body.encode() == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("version", "octets", "body"),
    [
        ((2, 8), "0000000000000005 0000000000000006" + SHARE, LogRequest(Share(2, 3, 1), None, 5, 6, versioned=False)),
        ((2, 9), "00 0000000000000005 0000000000000006" + SHARE, LogRequest(Share(2, 3, 1), None, 5, 6)),
    ],
)
def test_the_log_position_depends_on_the_version(version: Version, octets: str, body: LogRequest) -> None:
    """Before 2.9 there is no octet that tells the kind of position."""
    assert read_request(Message(1001, bytes.fromhex(octets), version=version)) == body
    assert body.encode() == bytes.fromhex(octets)


def test_every_opcode_has_a_case() -> None:
    """No operation is forgotten."""
    assert {opcode for opcode, _, _ in CASES} - {77} == {int(code) for code in OpCode}


@pytest.mark.parametrize(("opcode", "octets", "body"), CASES)
def test_a_body_cut_short_is_refused_or_read(opcode: int, octets: str, body: RequestBody) -> None:
    """Every beginning of a body raises the documented error or is a whole body itself."""
    whole = bytes.fromhex(octets)
    for size in range(len(whole)):
        try:
            read = read_request(Message(opcode, whole[:size]))
        except ProtocolError:
            continue

        assert read.encode() == whole[:size]


@pytest.mark.parametrize("octets", ["02" + SHARE, "00 00", "01 00000009 7b7d"])
def test_log_positions_refused(octets: str) -> None:
    """An unknown kind of position is not guessed at."""
    with pytest.raises(ProtocolError):
        read_request(Message(1001, bytes.fromhex(octets)))


@given(st.sampled_from([int(code) for code in OpCode]), st.binary(max_size=60))
def test_garbage_is_refused_or_read(opcode: int, octets: bytes) -> None:
    """Only the documented error comes out; what is read encodes to the same octets."""
    try:
        body = read_request(Message(opcode, octets))
    except ProtocolError:
        return

    assert body.encode() == octets
