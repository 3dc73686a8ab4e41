"""Messages: framing, negotiation, and the octets nobody may trust."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.message import Message, answer_version, decode_envelope, decode_message, encode_header, encode_message

ENVELOPE = "0203020b 00000001 00000002 00000003 00000018"
HEADER = "00000001 00000064 19000000 0007 08 09 6b00eb74 00000000"

versions = st.tuples(st.integers(2, 3), st.integers(0, 255))
messages = st.builds(
    Message,
    opcode=st.integers(0, 2**32 - 1),
    body=st.binary(max_size=40),
    response_code=st.integers(0, 2**32 - 1),
    opflags=st.integers(0, 2**32 - 1),
    request_id=st.integers(0, 2**32 - 1),
    session_id=st.integers(0, 2**32 - 1),
    site_serial=st.integers(0, 0xFFFF),
    recursion_count=st.integers(0, 255),
    reserved=st.integers(0, 255),
    expiration=st.integers(0, 2**32 - 1),
    version=versions,
    suggested=versions,
    credential=st.one_of(st.none(), st.binary(max_size=20)),
)


def test_envelope_fields() -> None:
    """Each field of the envelope by hand."""
    envelope = decode_envelope(bytes.fromhex(ENVELOPE))

    assert (envelope.version, envelope.flags, envelope.suggested) == ((2, 3), 0, (2, 11))
    assert (envelope.session_id, envelope.request_id, envelope.sequence, envelope.length) == (1, 2, 3, 24)


def test_header_fields() -> None:
    """Each field of the header by hand."""
    message = decode_message(bytes.fromhex(ENVELOPE + HEADER))

    assert (message.opcode, message.response_code, message.opflags) == (1, 100, 0x19000000)
    assert (message.site_serial, message.recursion_count, message.reserved) == (7, 8, 9)
    assert (message.expiration, message.body, message.credential) == (0x6B00EB74, b"", None)


def test_header_is_encoded_alone() -> None:
    """Digests and signatures cover the 24 octets of the header as they stand in the message."""
    assert encode_header(decode_message(bytes.fromhex(ENVELOPE + HEADER))) == bytes.fromhex(HEADER)


def test_old_clients_write_version_5() -> None:
    """5.0 means 2.0, and no suggestion means the version itself."""
    envelope = decode_envelope(bytes.fromhex("05000000 00000000 00000001 00000000 00000018"))

    assert (envelope.version, envelope.suggested) == ((2, 0), (2, 0))


def test_flags_share_an_octet_with_the_suggested_version() -> None:
    """The three high bits are flags, the five low ones the major version suggested."""
    envelope = decode_envelope(bytes.fromhex("0203620b 00000000 00000001 00000000 00000018"))

    assert (envelope.flags, envelope.suggested) == (0x60, (2, 11))


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        ("0203820b 00000000 00000001 00000000 00000018", 2),
        ("0203020b 00000000 00000001 00000000 00400001", 16),
        ("0203020b 00000000 00000001 00000000 000000", 0),
    ],
)
def test_envelopes_refused(octets: str, offset: int) -> None:
    """Compression, a message over the limit, and an envelope that breaks off."""
    with pytest.raises(ProtocolError) as refused:
        decode_envelope(bytes.fromhex(octets))

    assert refused.value.offset == offset


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        (ENVELOPE + HEADER + "00", 16),
        (ENVELOPE + HEADER[:-2], 16),
        (ENVELOPE.replace("18", "17") + HEADER[:-2], 16),
        (ENVELOPE + HEADER[:-8] + "00000001", 40),
        (ENVELOPE.replace("18", "1c") + HEADER + "00000001", 44),
    ],
)
def test_lengths_that_contradict_each_other(octets: str, offset: int) -> None:
    """Envelope, header, body and credential must fit into one another."""
    with pytest.raises(ProtocolError) as refused:
        decode_message(bytes.fromhex(octets))

    assert refused.value.offset == offset


def test_an_encrypted_message_belongs_to_a_session() -> None:
    """Ciphertext is never read as a header; without a session the set-up has failed."""
    with pytest.raises(ProtocolError) as refused:
        decode_message(bytes.fromhex(ENVELOPE.replace("020b", "420b") + HEADER))

    assert refused.value.code == 501


def test_credential_is_found_behind_the_body_by_its_length() -> None:
    """Fields a dialect appends to the body do not move the credential."""
    frame = bytes.fromhex("0203020b 00000000 00000001 00000000 00000021" + HEADER[:-8] + "00000003 aabbcc 00000002 ddee")

    assert decode_message(frame).body == b"\xaa\xbb\xcc"
    assert decode_message(frame).credential == b"\xdd\xee"


@pytest.mark.parametrize(
    ("suggested", "answer"),
    [
        ((2, 11), (2, 11)),
        ((2, 3), (2, 3)),
        ((2, 200), (2, 11)),
        ((3, 0), (3, 0)),
        ((3, 7), (3, 0)),
        ((2, 0), (2, 0)),
        ((5, 0), (2, 0)),
        ((1, 4), (2, 0)),
        ((0, 9), (2, 0)),
        ((7, 1), (2, 11)),
    ],
)
def test_negotiation(suggested: tuple[int, int], answer: tuple[int, int]) -> None:
    """The lower of what the peer suggests and our best; major 3 only when it is suggested."""
    assert answer_version(Message(1, suggested=suggested)) == answer


@given(messages)
def test_messages_survive_the_wire(message: Message) -> None:
    """Whatever a message may hold comes back, unknown numbers included."""
    assert decode_message(encode_message(message)) == message


@given(st.binary(max_size=90))
def test_garbage_is_refused(octets: bytes) -> None:
    """Only the documented error comes out of octets nobody has encoded."""
    try:
        message = decode_message(octets)
    except ProtocolError:
        return

    assert len(message.body) <= len(octets)


def test_only_our_own_operations_may_be_longer_than_the_protocol_allows() -> None:
    """A quarter of a mebioctet is enough for a record; a batch holds many."""
    body = bytes(262_144)
    header = bytes(4) + bytes(8) + bytes.fromhex("ffff 00 00 00000000") + len(body).to_bytes(4, "big")
    envelope = bytes.fromhex("020b020b 00000000 00000001 00000000") + (28 + len(body)).to_bytes(4, "big")

    assert decode_message(envelope + (9001).to_bytes(4, "big") + header[4:] + body + bytes(4)).body == body
    with pytest.raises(ProtocolError, match="longer than 262144"):
        decode_message(envelope + (100).to_bytes(4, "big") + header[4:] + body + bytes(4))
