"""Messages written by hand, and damaged ones."""

import pytest

from idis.proto.dns.message import (
    BADCOOKIE,
    DnsQuery,
    Edns,
    Fault,
    Reply,
    Response,
    decode_query,
    decode_response,
    encode_fault,
    encode_hint,
    encode_query,
    encode_reply,
)
from idis.proto.dns.records import TXT, Rr
from idis.proto.errors import ProtocolError

QUESTION = bytes.fromhex("02 6964 07 6578616d706c65 00 0010 0001")  # id.example. TXT IN
PLAIN = bytes.fromhex("beef 0100 0001 0000 0000 0000") + QUESTION
OPT = bytes.fromhex("00 0029 1000 00 00 8000 0000")
WITH_EDNS = bytes.fromhex("beef 0100 0001 0000 0000 0001") + QUESTION + OPT
COOKIE = "2464c4abcf10c957"
OPT_WITH_COOKIE = bytes.fromhex(f"00 0029 04d0 00 00 0000 000c 000a 0008 {COOKIE}")
WITH_COOKIE = bytes.fromhex("beef 0000 0001 0000 0000 0001") + QUESTION + OPT_WITH_COOKIE


def query_of(octets: bytes) -> DnsQuery:
    """A message that is a question."""
    query = decode_query(octets)
    assert isinstance(query, DnsQuery)
    return query


def test_a_question_is_read() -> None:
    """Name as spelled, type, class, and how long an answer may be without EDNS."""
    query = query_of(PLAIN)

    assert (query.id, query.labels, query.type, query.class_) == (0xBEEF, (b"id", b"example"), 16, 1)
    assert (query.question, query.edns, query.udp_bytes, query.size) == (QUESTION, None, 512, 28)


def test_edns_is_read() -> None:
    """Its size is bounded by what passes every network."""
    query = query_of(WITH_EDNS)

    assert query.edns == Edns(4096, 0, 0x8000)
    assert query.udp_bytes == 1_232


def test_a_cookie_is_read() -> None:
    """RFC 7873 §4: option 10."""
    query = query_of(WITH_COOKIE)

    assert query.edns == Edns(1_232, 0, 0, bytes.fromhex(COOKIE))


@pytest.mark.parametrize("octets", [b"", PLAIN[:11], b"\xbe\xef\x81\x00" + PLAIN[4:]])
def test_what_deserves_no_answer_gets_none(octets: bytes) -> None:
    """No header, or itself a response: two servers must not answer each other for ever."""
    assert decode_query(octets) is None


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (PLAIN[:4] + b"\x00\x02" + PLAIN[6:], 1),  # two questions
        (PLAIN[:4] + b"\x00\x00" + PLAIN[6:12], 1),
        (PLAIN[:-1], 1),
        (PLAIN[:11] + b"\x01" + PLAIN[12:], 1),  # a record that is not there
        (WITH_EDNS + OPT, None),  # octets behind the message are nobody's
        (PLAIN[:11] + b"\x02" + QUESTION + OPT + OPT, 1),
        (PLAIN[:10] + b"\x00\x11" + QUESTION, 1),
        (WITH_COOKIE[:-9] + b"\x07" + WITH_COOKIE[-8:-1], 1),  # a cookie of seven octets
        (b"\xbe\xef\x28\x00" + PLAIN[4:], 4),  # an update
        (WITH_EDNS.replace(bytes.fromhex("1000 00 00"), bytes.fromhex("1000 00 01")), 16),  # EDNS of a version to come
    ],
)
def test_what_is_no_question_is_told_so(octets: bytes, code: int | None) -> None:
    """FORMERR, NOTIMP and BADVERS; None where it is a question all the same."""
    found = decode_query(octets)

    assert isinstance(found, DnsQuery) if code is None else isinstance(found, Fault) and found.code == code


def test_an_answer_is_written() -> None:
    """The question echoed, the owner a pointer to it, AA and RD."""
    reply = Reply(answers=(Rr((b"id", b"example"), TXT, 60, b"\x01x"),))

    assert encode_reply(query_of(PLAIN), reply, 512) == (
        bytes.fromhex("beef 8500 0001 0001 0000 0000") + QUESTION + bytes.fromhex("c00c 0010 0001 0000003c 0002 01 78")
    )


def test_an_owner_above_the_name_is_a_pointer_into_it() -> None:
    """The zone of an SOA is the end of the asked name, whatever its case."""
    reply = Reply(3, authority=(Rr((b"EXAMPLE",), 6, 1, b""),))

    assert encode_reply(query_of(PLAIN), reply, 512)[28:] == bytes.fromhex("c00f 0006 0001 00000001 0000")


def test_edns_is_answered_with_edns() -> None:
    """Our size, the DO bit, the cookie; the high bits of the response code stand there as well."""
    octets = encode_reply(query_of(WITH_EDNS), Reply(), 1_232, b"12345678")

    assert octets[28:] == bytes.fromhex("00 0029 04d0 00 00 8000 000c 000a 0008") + b"12345678"


def test_an_answer_without_room_is_truncated() -> None:
    """TC, the question, no records, the OPT."""
    reply = Reply(answers=(Rr((b"id", b"example"), TXT, 60, bytes(2_000)),))

    assert encode_reply(query_of(WITH_EDNS), reply, 1_232) == (
        bytes.fromhex("beef 8700 0001 0000 0000 0001") + QUESTION + bytes.fromhex("00 0029 04d0 00 00 8000 0000")
    )


def test_what_nobody_asked_for_goes_first() -> None:
    """Without room for the additional records the answer is whole without them."""
    reply = Reply(answers=(Rr((b"id", b"example"), TXT, 60, b"\x01x"),), additional=(Rr((b"id", b"example"), 1, 60, bytes(500)),))
    response = decode_response(encode_reply(query_of(PLAIN), reply, 512))

    assert (response.truncated, len(response.answers), response.additional) == (False, 1, ())


def test_hints_are_short() -> None:
    """TC without AA; with a cookie BADCOOKIE, whose number needs the OPT record."""
    assert encode_hint(query_of(PLAIN)) == bytes.fromhex("beef 8300 0001 0000 0000 0000") + QUESTION
    hint = decode_response(encode_hint(query_of(WITH_COOKIE), bytes(24), code=BADCOOKIE))
    assert (hint.code, hint.truncated, hint.edns) == (23, False, Edns(1_232, 0, 0, bytes(24)))


def test_a_fault_echoes_what_it_can() -> None:
    """Number, opcode and RD, no question."""
    assert encode_fault(Fault(0xBEEF, 0x2900, 4)) == bytes.fromhex("beef a904 0000 0000 0000 0000")


def test_a_question_is_written() -> None:
    """As our own client asks."""
    assert encode_query(0xBEEF, (b"id", b"example"), 16) == b"\xbe\xef\x00\x00" + PLAIN[4:]
    assert query_of(encode_query(1, (b"x",), 16, udp_bytes=1_232, cookie=bytes(8))).edns == Edns(1_232, 0, 0, bytes(8))


@pytest.mark.parametrize(
    "octets", [b"", PLAIN, bytes.fromhex("beef 8000 0000 0001 0000 0000"), bytes.fromhex("beef 8000 0002 0000 0000 0000")]
)
def test_what_is_no_response_is_refused(octets: bytes) -> None:
    """Too short, a question, records that are not there, two questions."""
    with pytest.raises(ProtocolError):
        decode_response(octets)


def test_a_response_is_read() -> None:
    """Sections, owner by pointer, flags."""
    octets = bytes.fromhex("beef 8400 0001 0001 0000 0000") + QUESTION + bytes.fromhex("c00c 0010 0001 0000003c 0002 01 78")

    assert decode_response(octets) == Response(0xBEEF, 0, True, False, (Rr((b"id", b"example"), 16, 60, b"\x01x"),), (), ())


def test_no_damaged_query_raises() -> None:
    """Every query cut anywhere, and with every octet changed, is read or told what it is."""
    for octets in (PLAIN, WITH_EDNS, WITH_COOKIE):
        for at in range(len(octets)):
            others = (octets[:at] + bytes((octet,)) + octets[at + 1 :] for octet in (0, 1, 0x3F, 0xC0, 0xFF))
            for changed in (octets[:at], *others):
                found = decode_query(changed)

                assert found is None or isinstance(found, DnsQuery | Fault)
