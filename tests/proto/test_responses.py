"""Response bodies: every result's octets by hand, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.bodies import Opaque
from idis.proto.codes import OpCode
from idis.proto.digest import MD5, SHA1, RequestDigest
from idis.proto.errors import ProtocolError
from idis.proto.message import Message
from idis.proto.responses import (
    ChallengeBody,
    Created,
    ErrorBody,
    LogFlags,
    Names,
    ReferralBody,
    Resolved,
    ResponseBody,
    SiteRecord,
    Verified,
    list_pages,
    read_response,
)
from idis.proto.session import SessionReply
from idis.proto.value import Value

NAME = "00000003 312f61"
VALUE = "00000001 00000000 00 00015180 0e 00000003 55524c 00000001 78 00000000"
VALUES = (Value(1, "URL", b"x"),)

CASES: list[tuple[int, int, str, ResponseBody]] = [
    (1, 1, NAME + "00000001" + VALUE, Resolved("1/a", VALUES)),
    (1, 1, NAME + "00000000 95", Resolved("1/a", (), b"\x95")),
    (2, 1, "0001020b", SiteRecord(bytes.fromhex("0001020b"))),
    (100, 1, NAME, Created("1/a")),
    (100, 1, "", Created(None)),
    (101, 1, "", Opaque(b"")),
    (104, 1, "ff", Opaque(b"\xff")),
    (105, 1, "00000002 00000001 61 00000000", Names(("a", ""))),
    (106, 1, "00000000", Names(())),
    (201, 1, "01", Verified(True)),
    (201, 1, "00", Verified(False)),
    (302, 1, "00000001 00000004 302e4e41", Names(("0.NA",))),
    (400, 1, "0004 00000002 aabb 0000", SessionReply(4, b"\xaa\xbb")),
    (400, 1, "0004 00000002 aabb", SessionReply(4, b"\xaa\xbb", b"")),
    (1001, 1, "01", LogFlags(1)),
    (1002, 1, "", Opaque(b"")),
    (2001, 1, "", Opaque(b"")),
    (77, 1, "aa", Opaque(b"\xaa")),
    (1, 302, NAME, ReferralBody("1/a")),
    (1, 303, "00000000 00000001" + VALUE, ReferralBody("", VALUES)),
    (1, 303, "00000000 00000000 95", ReferralBody("", (), b"\x95")),
    (1, 100, "00000000", ErrorBody("")),
    (1, 301, "00000002 6e6f", ErrorBody("no")),
    (103, 200, "00000002 6e6f 00000002 00000001 00000005", ErrorBody("no", (1, 5))),
    (1, 2, "", ErrorBody(None)),
    (1, 9_999, "00000000 aabb", ErrorBody("", None, b"\xaa\xbb")),
    (100, 402, "00000002 aabb", ChallengeBody(b"\xaa\xbb")),
]


@pytest.mark.parametrize(("opcode", "code", "octets", "body"), [case for case in CASES if case[1] != 402])
def test_a_body_decodes(opcode: int, code: int, octets: str, body: ResponseBody) -> None:
    """The octets of each result give its fields."""
    assert read_response(Message(opcode, bytes.fromhex(octets), code)) == (None, body)


@pytest.mark.parametrize(("opcode", "code", "octets", "body"), CASES)
def test_a_body_decodes_behind_a_digest(opcode: int, code: int, octets: str, body: ResponseBody) -> None:
    """A request digest in front is taken off and handed over."""
    message = Message(opcode, b"\x02" + bytes(20) + bytes.fromhex(octets), code, opflags=0x00800000)

    assert read_response(message) == (RequestDigest(SHA1, bytes(20)), body)


@pytest.mark.parametrize(("opcode", "code", "octets", "body"), CASES)
def test_a_body_encodes(opcode: int, code: int, octets: str, body: ResponseBody) -> None:
    """The fields of each result give its octets."""
    assert body.encode() == bytes.fromhex(octets)


def test_the_old_challenge_has_its_digest_behind() -> None:
    """2.0: nonce, then the digest as bytes."""
    message = Message(100, bytes.fromhex("00000001 aa 00000010") + bytes(16), 402, version=(2, 0))

    assert read_response(message) == (RequestDigest(MD5, bytes(16)), ChallengeBody(b"\xaa"))


def test_an_explained_error_lists_no_indexes() -> None:
    """Where our explanation stands, indexes are not looked for."""
    message = Message(1, bytes.fromhex("00000000 00000000"), 100, opflags=0x00080000)

    assert read_response(message)[1] == ErrorBody("", None, bytes(4))


def test_an_old_backup_is_no_referral() -> None:
    """Before 2.5 the body of 303 is a sentence."""
    assert read_response(Message(1, bytes.fromhex(NAME), 303, version=(2, 4)))[1] == ErrorBody("1/a")


@pytest.mark.parametrize(("count", "sizes", "flags"), [(0, [0], [0]), (50, [50], [0]), (51, [50, 1], [0x04000000, 0])])
def test_a_list_is_cut_into_messages(count: int, sizes: list[int], flags: list[int]) -> None:
    """Fifty names each, CONTINUOUS until the last; an empty list is one empty message."""
    pages = list(list_pages(["a"] * count))

    assert [int.from_bytes(body[:4], "big") for body, _ in pages] == sizes
    assert [more for _, more in pages] == flags


@given(
    st.sampled_from([int(code) for code in OpCode]),
    st.sampled_from([1, 2, 100, 302, 303, 402, 404, 9_999]),
    st.sampled_from([0, 0x00800000, 0x00080000]),
    st.binary(max_size=60),
)
def test_garbage_is_refused_or_read(opcode: int, code: int, flags: int, octets: bytes) -> None:
    """Only the documented error comes out; what is read encodes to octets that were there."""
    try:
        _, body = read_response(Message(opcode, octets, code, flags))
    except ProtocolError:
        return

    assert isinstance(body, Verified) or octets.endswith(body.encode())
