"""From verdicts to octets, compared with octets written by hand."""

from __future__ import annotations

import msgpack
import pytest

from idis.proto.message import decode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Referral, Refused
from idis.resolver.recursion.resolved import Hop, Resolved
from idis.resolver.reply import Replies, code_of
from idis.resolver.request import Silence, SiteRecord

NOW = 0x6B00_0000  # before the expiration of the examples

# E1 of wire.md §18.
E1 = bytes.fromhex(
    "0203020b 00000000 134b6a8b 00000000 00000036"
    "00000001 00000000 19000000 ffff 00 00 6b00eb74 0000001a"
    "0000000e 32302e3530302e393939392f4131"
    "00000000 00000000"
    "00000000"
)
VALUES = (
    "00000002"
    "00000001 6b0042b3 00 00015180 0e 00000003 55524c 00000017 68747470733a2f2f6578616d706c652e636f6d2f702f31 00000000"
    "00000002 6b0042b3 00 00015180 0e 00000005 454d41494c 0000000d 61406578616d706c652e636f6d 00000000"
)


@pytest.fixture
def replies() -> Replies:
    """A node's replies, with a counting source of randomness."""
    return Replies("node-1", 1, lambda count: bytes(range(1, count + 1)))


def test_an_answer_is_example_e2(replies):
    """E1 with its record gives E2, octet for octet."""
    reply = replies.frame(decode_message(E1), Answer(bytes.fromhex(VALUES), 60), NOW)

    assert reply == bytes.fromhex(
        "020b020b 00000000 134b6a8b 00000000 00000092"
        "00000001 00000001 99000000 0001 00 00 6b00eb74 00000076"
        "0000000e 32302e3530302e393939392f4131" + VALUES + "00000000"
    )


def test_not_found_is_example_e3_but_for_its_ids(replies):
    """An empty message and code 100."""
    reply = replies.frame(decode_message(E1), NotFound(), NOW)

    assert reply == bytes.fromhex(
        "020b020b 00000000 134b6a8b 00000000 00000020"
        "00000001 00000064 99000000 0001 00 00 6b00eb74 00000004 00000000 00000000"
    )


def test_silence_sends_nothing(replies):
    """No octet leaves."""
    assert replies.frame(decode_message(E1), Silence("rate"), NOW) is None


def test_what_others_said_is_not_authoritative(replies):
    """AT only on what this node's own registry decided; a stale answer says so in a flag of ours."""
    fresh = replies.frame(decode_message(E1), Resolved(NotFound(), "cache"), NOW)
    stale = replies.frame(decode_message(E1), Resolved(NotFound(), "stale", stale=True), NOW)

    assert fresh[28:32].hex() == "19000000"
    assert stale[28:32].hex() == "19020000"


def test_a_challenge_carries_digest_nonce_and_a_session(replies):
    """402: RD set, SHA-256 of the request, 16 octets nobody can guess, an id that links the answer."""
    reply = replies.frame(decode_message(E1), Refused(402, "who?"), NOW)

    assert reply[4:8].hex() == "01020304"
    assert reply[24:32].hex() == "0000019299800000"
    assert reply[44] == 3
    assert reply[77:97].hex() == "00000010" + "0102030405060708090a0b0c0d0e0f10"


def test_an_explanation_follows_only_on_request(replies):
    """Node, source, age and each hop, behind the body's known fields."""
    hop = Hop("127.0.0.1:2641", "udp", "88.118.8/x", 1, 250)
    asking = decode_message(E1[:28] + b"\x19\x08\x00\x00" + E1[32:])
    resolved = Resolved(Answer(bytes(4), 60), "upstream", 1.5, (hop,))

    explained = replies.frame(asking, resolved, NOW)
    plain = replies.frame(decode_message(E1), resolved, NOW)
    packed = explained[44 + 18 + 4 : -4]
    assert msgpack.unpackb(packed) == [1, "node-1", "upstream", 1_500, [["127.0.0.1:2641", "udp", "88.118.8/x", 1, 250]]]
    assert plain[44 + 18 + 4 : -4] == b""


@pytest.mark.parametrize(
    ("settled", "code"),
    [
        (SiteRecord(b"x"), 1),
        (Answer(bytes(4), 0), 1),
        (NoValues(), 200),
        (Referral(303, bytes(4)), 303),
        (Resolved(Refused(3), "upstream"), 3),
    ],
)
def test_every_verdict_has_its_code(settled, code):
    """What is counted is what is sent."""
    assert code_of(settled) == code
