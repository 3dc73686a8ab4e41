"""Questions octet for octet as they leave."""

from __future__ import annotations

import pytest

from idis.bench.asking.questions import QuestionError, dns_frames, handle_frames, http_frames, resp_frames
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.message import encode_message
from idis.proto.query import Query

NOW = 0x6B00EB74 - 43_200


def test_handle_question_octet_for_octet() -> None:
    """Envelope with request id 0, header with the flags of a resolving client, identifier, nothing else (`wire.md` E1)."""
    frames = handle_frames(["20.500.9999/A1"], now=NOW, datagrams=True)

    assert frames.of(0) == bytes.fromhex(
        "0203020b 00000000 00000000 00000000 00000036"
        "00000001 00000000 19000000 ffff 00 00 6b00eb74 0000001a"
        "0000000e 32302e3530302e393939392f4131"
        "00000000 00000000 00000000"
    )


@pytest.mark.parametrize("identifier", ["1/2", "88.118.8/船体分段-1", "88.140/" + "x" * 255])
def test_handle_question_is_what_the_codec_writes(identifier: str) -> None:
    """The patched form and the encoder agree whatever the length and the script."""
    query = Query(identifier, parse_identifier(identifier), public_only=True, recursive=True)
    frames = handle_frames(["0/0", identifier, "0/1"], now=NOW, datagrams=True)

    assert frames.of(1) == encode_message(request_message(query, request_id=0, now=NOW))


def test_handle_question_too_long_for_a_datagram_is_refused() -> None:
    """The error names it; over TCP it is asked."""
    identifier = "88.118/" + "x" * 500

    with pytest.raises(QuestionError, match="xxx does not fit a datagram"):
        handle_frames(["88.118/a", identifier], now=NOW, datagrams=True)
    assert len(handle_frames([identifier], now=NOW, datagrams=False).of(0)) == 44 + 4 + len(identifier) + 12


def test_http_question_is_a_get_with_the_identifier_escaped() -> None:
    """The slash stays, whatever HTTP reads otherwise is escaped, and the answer must name the identifier."""
    frames = http_frames(["88.118/a b?c#d%"], "127.0.0.1:8000")

    assert frames.of(0) == (
        b"GET /api/handles/88.118/a%20b%3Fc%23d%25 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: application/json\r\n\r\n"
    )
    assert frames.echo_of(0) == b"88.118/a b?c#d%"


@pytest.mark.parametrize("identifier", ["88.118/船", '88.118/a"b', "88.118/a\\b", "88.118/a&b"])
def test_http_answer_is_not_searched_for_what_json_may_escape(identifier: str) -> None:
    """Writers differ in what they escape."""
    assert http_frames([identifier], "host").echo_of(0) == b""


def test_dns_question_octet_for_octet() -> None:
    """One question of class IN; over TCP behind its length."""
    octets = bytes.fromhex("0000 0000 0001 0000 0000 0000 0161 0562656e6368 00 0010 0001")

    assert dns_frames([(b"a", b"bench")], 16, datagrams=True).of(0) == octets
    assert dns_frames([(b"a", b"bench")], 16, datagrams=False).of(0) == bytes.fromhex("0019") + octets


def test_dns_question_with_room_for_longer_answers() -> None:
    """An OPT record behind the question (RFC 6891): root, type 41, 1,232 octets."""
    octets = bytes.fromhex("0000 0000 0001 0000 0000 0001 0161 0562656e6368 00 0023 0001 00 0029 04d0 00000000 0000")

    assert dns_frames([(b"a", b"bench")], 35, datagrams=True, udp_bytes=1_232).of(0) == octets


def test_resp_question_octet_for_octet() -> None:
    """A GET of one key, its length in octets."""
    assert resp_frames(["a", "船"]).of(1) == b"*2\r\n$3\r\nGET\r\n$3\r\n\xe8\x88\xb9\r\n"
