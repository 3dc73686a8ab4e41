"""Challenge and answer: recorded vectors, every form, and answers that cost the server too much."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.challenge import (
    Challenge,
    ChallengeAnswer,
    PublicKeyAnswer,
    SecretAnswer,
    answer_message,
    answer_with_secret,
    decode_public_key_answer,
    decode_secret_answer,
    read_challenge,
    signed_octets,
    verify_secret_answer,
)
from idis.proto.digest import MD5, PBKDF2_HMAC_SHA1, SHA1, SHA256, RequestDigest
from idis.proto.errors import ProtocolError
from idis.proto.message import Message, Version
from idis.proto.sm3 import sm3

SECRET = b"s3cret"
NONCE = bytes.fromhex("6f1deb9d1459598fab5ea06363635900")
DIGEST = bytes.fromhex("e20a5f57fb3261417bb00e0e49aa499c66351a9f95af5d61617e4081c8f9b540")
SALT = bytes.fromhex("bc1bbf82f1c777b2fc7b5146a679a1da")
MAC = bytes.fromhex("9d13d790b168bee05817d10dae44badc6bd635e6")
CHALLENGE = Challenge(2, NONCE, RequestDigest(SHA256, DIGEST))
ANSWER_OCTETS = bytes.fromhex("22 00000010") + SALT + bytes.fromhex("00002710 000000a0 00000014") + MAC
ANSWER = SecretAnswer(PBKDF2_HMAC_SHA1, MAC, SALT, 10_000, 160)


def test_recorded_secret_answer_is_made() -> None:
    """Secret, nonce, digest and salt of an existing client give its code."""
    assert answer_with_secret(SECRET, CHALLENGE, SALT, (2, 11)) == ANSWER


def test_recorded_secret_answer_is_right() -> None:
    """The answer of an existing client is accepted."""
    assert verify_secret_answer(decode_secret_answer(ANSWER_OCTETS), SECRET, CHALLENGE)


@pytest.mark.parametrize(
    ("secret", "challenge"),
    [
        (b"s3cre", CHALLENGE),
        (b"", CHALLENGE),
        (SECRET, Challenge(2, NONCE[:15] + b"\x01", CHALLENGE.digest)),
        (SECRET, Challenge(2, NONCE, RequestDigest(SHA256, bytes(32)))),
    ],
)
def test_wrong_answers(secret: bytes, challenge: Challenge) -> None:
    """Another secret, nonce or request is not proved."""
    assert not verify_secret_answer(ANSWER, secret, challenge)


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (ANSWER_OCTETS, ANSWER),
        (b"\x02" + MAC, SecretAnswer(SHA1, MAC)),
        (b"\x01" + NONCE, SecretAnswer(MD5, NONCE)),
        (NONCE, SecretAnswer(MD5, NONCE, tagged=False)),
    ],
)
def test_forms_of_a_secret_answer(octets: bytes, answer: SecretAnswer) -> None:
    """PBKDF2 from 2.7, a tagged digest before, bare MD5 in 2.0; each both ways."""
    assert decode_secret_answer(octets) == answer
    assert answer.encode() == octets


@pytest.mark.parametrize(
    ("version", "octets"),
    [
        ((2, 6), "02" + "14793c14c4e3a2bd1bbcb25a7a5cdf0be5dd6ba0"),
        ((2, 0), "5a3cf3ae39ff9a58b33ab6e3a5c86b26"),
    ],
)
def test_old_forms_verify_what_they_make(version: Version, octets: str) -> None:
    """Secret ‖ nonce ‖ digest ‖ secret under SHA-1 or MD5 has the length of its form and proves the secret only."""
    answer = decode_secret_answer(answer_with_secret(SECRET, CHALLENGE, SALT, version).encode())

    assert len(answer.encode()) == len(bytes.fromhex(octets))
    assert verify_secret_answer(answer, SECRET, CHALLENGE)
    assert not verify_secret_answer(answer, b"other", CHALLENGE)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "22",
        "02 00",
        "07" + "00" * 20,
        "02" + "00" * 21,
        "22 00000000 000186a1 000000a0 00000000",
        "22 00000000 00000000 000000a0 00000000",
        "22 00000000 00002710 00000208 00000000",
        "22 00000000 00002710 000000a1 00000000",
        "22 00000000 00002710 000000a0 00000000 ff",
    ],
)
def test_secret_answers_refused(octets: str) -> None:
    """Broken, unknown, or asking for more rounds or bits than anybody honest does."""
    with pytest.raises(ProtocolError):
        decode_secret_answer(bytes.fromhex(octets))


def test_public_key_answer_octets() -> None:
    """The digest's name and the signature, both ways."""
    octets = bytes.fromhex("00000007 5348412d323536 00000002 aabb")

    assert decode_public_key_answer(octets) == PublicKeyAnswer("SHA-256", b"\xaa\xbb")
    assert PublicKeyAnswer("SHA-256", b"\xaa\xbb").encode() == octets


@pytest.mark.parametrize("octets", ["", "00000001 41 00000002 00", "00000000 00000000 00"])
def test_public_key_answers_refused(octets: str) -> None:
    """Broken or with octets left over."""
    with pytest.raises(ProtocolError):
        decode_public_key_answer(bytes.fromhex(octets))


SM2_CHALLENGE = Challenge(
    1,
    bytes.fromhex("8b2ced7d30095aa3373b10ea5deba169"),
    RequestDigest(SHA256, bytes.fromhex("da9d4c888eda81839d9f220f5512c60b1d1266ec6035d0887d4f9599cb6d1445")),
)


def test_sm2_signs_the_digest_of_the_challenge() -> None:
    """Under SM3 the message is SM3(nonce ‖ digest), as a recorded IDIS client signed it."""
    message = signed_octets("SM3", SM2_CHALLENGE)

    assert message.hex() == "27953c2feaa99b7aacb5e3f6be88d23a0eb98ffa59a2419c36a71816605001c8"


def test_recorded_sm2_signature_is_valid() -> None:
    """The signature of a recorded IDIS client verifies over that message with the user id in front."""
    p, a, b, n = (
        int(number, 16)
        for number in (
            "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF",
            "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC",
            "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93",
            "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123",
        )
    )
    base = (
        0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
        0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    )
    public = (
        0xF9BC045CB910FF9F6DCB75517450BA084798E0D4577DAA3CA7A93B4E88F6C4B8,
        0x4204A7A79AAA169054F99C21C8A1C6FFB2ED006AC9EACB062103C35F4006AD57,
    )
    r = 0xB6267E4D586D9F1BBCB99E615F71713BD5B36760D78999FDDFD0687150E7E287
    s = 0xCF5FAA740E29FF401DDE06D622763D9D58DC7B598C6FE1E243151AE806A3A567
    user = b"88.888.1024/admin"

    def add(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
        if one is None or other is None:
            return one or other
        if one[0] == other[0] and (one[1] + other[1]) % p == 0:
            return None
        slope = (
            (3 * one[0] ** 2 + a) * pow(2 * one[1], -1, p)
            if one == other
            else (other[1] - one[1]) * pow(other[0] - one[0], -1, p)
        )
        x = (slope**2 - one[0] - other[0]) % p
        return x, (slope * (one[0] - x) - one[1]) % p

    def times(count: int, point: tuple[int, int] | None) -> tuple[int, int] | None:
        total = None
        while count:
            total = add(total, point) if count & 1 else total
            point, count = add(point, point), count >> 1
        return total

    numbers = b"".join(number.to_bytes(32, "big") for number in (a, b, *base, *public))
    z = sm3((8 * len(user)).to_bytes(2, "big") + user + numbers)
    e = int.from_bytes(sm3(z + signed_octets("SM3", SM2_CHALLENGE)), "big")
    point = add(times(s, base), times((r + s) % n, public))

    assert point is not None
    assert (e + point[0]) % n == r


def test_other_digests_sign_nonce_and_digest() -> None:
    """A key pair signs nonce ‖ digest, so an ordinary library verifies it."""
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(signed_octets("SHA-256", CHALLENGE), ec.ECDSA(utils.hashes.SHA256()))

    key.public_key().verify(signature, NONCE + DIGEST, ec.ECDSA(utils.hashes.SHA256()))
    assert signed_octets("SHA-256", CHALLENGE) == NONCE + DIGEST


@pytest.mark.parametrize(
    ("version", "octets"),
    [
        ((2, 11), b"\x03" + DIGEST + b"\x00\x00\x00\x10" + NONCE),
        ((2, 0), b"\x00\x00\x00\x10" + NONCE + b"\x00\x00\x00\x20" + DIGEST),
    ],
)
def test_a_challenge_is_read(version: Version, octets: bytes) -> None:
    """Digest and nonce, in the order of the version."""
    assert read_challenge(Message(1, octets, 402, session_id=2, version=version)) == CHALLENGE


@pytest.mark.parametrize("octets", [b"", b"\x03" + DIGEST, b"\x03" + DIGEST + b"\x00\x00\x04\x01" + bytes(1_025)])
def test_challenges_refused(octets: bytes) -> None:
    """Broken, or a nonce nobody sends."""
    with pytest.raises(ProtocolError):
        read_challenge(Message(1, octets, 402))


def test_the_answer_goes_into_the_session_of_the_challenge() -> None:
    """Opcode 200, a new request id, the session of the challenge and the flags of the request."""
    body = ChallengeAnswer("HS_SECKEY", "1/a", 300, ANSWER_OCTETS)
    request = Message(2001, opflags=0x10800000, request_id=7, session_id=10_001, expiration=5)
    message = answer_message(request, CHALLENGE, body, request_id=8, version=(2, 10))

    assert (message.opcode, message.request_id, message.session_id, message.opflags) == (200, 8, 2, 0x10800000)
    assert message.body == body.encode()


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_read(octets: bytes) -> None:
    """Only the documented error comes out; what is read encodes to the same octets."""
    for decode in (decode_secret_answer, decode_public_key_answer):
        try:
            answer = decode(octets)
        except ProtocolError:
            continue

        assert answer.encode() == octets
