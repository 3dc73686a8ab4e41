"""Challenge and answer: how a client proves that it holds a key (`wire.md` §9).

The server refuses with a nonce and the digest of the refused request; the client answers with something only the holder of
the key can make of nonce ‖ digest. Shared secrets are verified here; signatures need asymmetric cryptography, which is
left to the caller: `signed_octets` are what they cover.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from idis.proto import digest as digests
from idis.proto.codes import OpCode, OpFlag
from idis.proto.digest import RequestDigest, canonical_name, read_plain_digest, read_request_digest
from idis.proto.errors import ProtocolError
from idis.proto.message import PROTOCOL_VERSION, Message, Version
from idis.proto.sm3 import sm3
from idis.proto.wire import Reader, blob, text, u32

NONCE_BYTES = 16
NONCE_BYTES_MAX = 1_024

PBKDF2_SALT_BYTES = 16
PBKDF2_ITERATIONS = 10_000
PBKDF2_KEY_BITS = 160
# The client chooses these and the server does the work: ten times the usual is enough for anybody honest.
PBKDF2_ITERATIONS_MAX = 100_000
PBKDF2_KEY_BITS_MAX = 512

HS_PUBKEY = "HS_PUBKEY"
HS_SECKEY = "HS_SECKEY"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a client has to answer: the session to answer in, the digest of its own request, and a nonce."""

    session_id: int
    nonce: bytes
    digest: RequestDigest

    @property
    def octets(self) -> bytes:
        """Nonce ‖ digest, which every kind of answer covers."""
        return self.nonce + self.digest.digest


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """The body of CHALLENGE_ANSWER. `answer` is a PublicKeyAnswer or SecretAnswer in octets, according to `type`."""

    type: str
    handle: str
    index: int
    answer: bytes
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.type) + text(self.handle) + u32(self.index) + blob(self.answer) + self.trailing


@dataclass(frozen=True, slots=True)
class Verification:
    """The body of VERIFY_CHALLENGE, by which one server asks another whether an answer to its challenge is right.

    `plain_digest` tells that the digest is written as *bytes*, without its algorithm in front.
    """

    handle: str
    index: int
    nonce: bytes
    digest: RequestDigest
    answer: bytes
    plain_digest: bool = False
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        stated = self.digest.digest
        return b"".join(
            (
                text(self.handle),
                u32(self.index),
                blob(self.nonce),
                blob(stated) if self.plain_digest else bytes((self.digest.algorithm,)) + stated,
                blob(self.answer),
                self.trailing,
            )
        )


@dataclass(frozen=True, slots=True)
class PublicKeyAnswer:
    """A signature over `signed_octets(digest_name, …)`; the name is one of those in `digest.canonical_name`."""

    digest_name: str
    signature: bytes

    def encode(self) -> bytes:
        """The answer's octets."""
        return text(self.digest_name) + blob(self.signature)


@dataclass(frozen=True, slots=True)
class SecretAnswer:
    """A proof of holding a secret. `algorithm` is PBKDF2_HMAC_SHA1, or MD5 or SHA1 in the older forms.

    `tagged` is False only for the 2.0 form, which is a bare MD5 digest.
    """

    algorithm: int
    mac: bytes
    salt: bytes = b""
    iterations: int = 0
    key_bits: int = 0
    tagged: bool = True

    def encode(self) -> bytes:
        """The answer's octets."""
        if not self.tagged:
            return self.mac
        if self.algorithm != digests.PBKDF2_HMAC_SHA1:
            return bytes((self.algorithm,)) + self.mac
        return bytes((self.algorithm,)) + blob(self.salt) + u32(self.iterations) + u32(self.key_bits) + blob(self.mac)


def read_challenge(response: Message) -> Challenge:
    """The challenge in a response of code AUTHENTICATION_NEEDED.

    Raises:
        ProtocolError: the body breaks off, has no digest, or its nonce is longer than NONCE_BYTES_MAX.
    """
    reader = Reader(response.body)
    if response.version < (2, 1):
        nonce = _read_nonce(reader)
        return Challenge(response.session_id, nonce, read_plain_digest(reader))
    stated = read_request_digest(reader)
    return Challenge(response.session_id, _read_nonce(reader), stated)


def answer_message(
    request: Message, challenge: Challenge, answer: ChallengeAnswer, *, request_id: int, version: Version
) -> Message:
    """The CHALLENGE_ANSWER to the challenge `request` met, in the challenge's session; `request_id` is a new one."""
    return Message(
        opcode=int(OpCode.CHALLENGE_ANSWER),
        body=answer.encode(),
        opflags=request.opflags & ~int(OpFlag.CONTINUOUS),
        request_id=request_id,
        session_id=challenge.session_id,
        site_serial=request.site_serial,
        recursion_count=request.recursion_count,
        expiration=request.expiration,
        version=version,
        suggested=PROTOCOL_VERSION,
    )


def read_challenge_answer(reader: Reader) -> ChallengeAnswer:
    """Decode the body of CHALLENGE_ANSWER."""
    return ChallengeAnswer(reader.text(), reader.text(), reader.u32(), reader.blob(), reader.take(reader.remaining))


def read_verification(reader: Reader) -> Verification:
    """Decode the body of VERIFY_CHALLENGE, with either form of its digest."""
    handle, index, nonce = reader.text(), reader.u32(), _read_nonce(reader)
    plain = reader.remaining > 0 and reader.buffer[reader.at] == 0
    stated = read_request_digest(reader)
    return Verification(handle, index, nonce, stated, reader.blob(), plain, reader.take(reader.remaining))


def decode_public_key_answer(octets: bytes) -> PublicKeyAnswer:
    """Read the answer of a key pair.

    Raises:
        ProtocolError: it breaks off, or octets are left over.
    """
    reader = Reader(octets)
    answer = PublicKeyAnswer(reader.text(), reader.blob())
    _expect_end(reader)
    return answer


def decode_secret_answer(octets: bytes) -> SecretAnswer:
    """Read the answer of a shared secret in any of its three forms.

    Raises:
        ProtocolError: it breaks off, octets are left over, or the work asked for passes PBKDF2_ITERATIONS_MAX or
            PBKDF2_KEY_BITS_MAX.
    """
    if len(octets) == digests.DIGEST_BYTES[digests.MD5]:
        return SecretAnswer(digests.MD5, octets, tagged=False)
    reader = Reader(octets)
    algorithm = reader.u8()
    if algorithm in digests.DIGEST_BYTES:
        answer = SecretAnswer(algorithm, reader.take(digests.DIGEST_BYTES[algorithm]))
    elif algorithm == digests.PBKDF2_HMAC_SHA1:
        salt, iterations, key_bits = reader.blob(), reader.u32(), reader.u32()
        if not 0 < iterations <= PBKDF2_ITERATIONS_MAX or not 0 < key_bits <= PBKDF2_KEY_BITS_MAX or key_bits % 8:
            raise ProtocolError(f"{iterations} iterations for {key_bits} bits are out of range", offset=reader.at - 8)
        answer = SecretAnswer(algorithm, reader.blob(), salt, iterations, key_bits)
    else:
        raise ProtocolError(f"answer algorithm {algorithm} is unknown", offset=0)
    _expect_end(reader)
    return answer


def answer_with_secret(secret: bytes, challenge: Challenge, salt: bytes, version: Version) -> SecretAnswer:
    """The proof of holding `secret`, in the form of the session's version; `salt` is PBKDF2_SALT_BYTES of randomness."""
    if version >= (2, 7):
        mac = _pbkdf2_mac(secret, challenge.octets, salt, PBKDF2_ITERATIONS, PBKDF2_KEY_BITS)
        return SecretAnswer(digests.PBKDF2_HMAC_SHA1, mac, salt, PBKDF2_ITERATIONS, PBKDF2_KEY_BITS)
    algorithm = digests.SHA1 if version >= (2, 1) else digests.MD5
    mac = digests.digest(algorithm, secret + challenge.octets + secret)
    return SecretAnswer(algorithm, mac, tagged=version >= (2, 1))


def verify_secret_answer(answer: SecretAnswer, secret: bytes, challenge: Challenge) -> bool:
    """Whether the answer was made with `secret`; up to PBKDF2_ITERATIONS_MAX rounds of work, constant in the secret."""
    if answer.algorithm == digests.PBKDF2_HMAC_SHA1:
        expected = _pbkdf2_mac(secret, challenge.octets, answer.salt, answer.iterations, answer.key_bits)
    else:
        expected = digests.digest(answer.algorithm, secret + challenge.octets + secret)
    return hmac.compare_digest(expected, answer.mac)


def signed_octets(digest_name: str, challenge: Challenge) -> bytes:
    """What a key pair's answer signs: nonce ‖ digest, and under SM3 the digest of that.

    SM2 digests it once more together with the user id, the octets of the user's handle without its index.
    """
    return sm3(challenge.octets) if canonical_name(digest_name) == "SM3" else challenge.octets


def _pbkdf2_mac(secret: bytes, octets: bytes, salt: bytes, iterations: int, key_bits: int) -> bytes:
    key = hashlib.pbkdf2_hmac("sha1", secret, salt, iterations, key_bits // 8)
    return hmac.new(key, octets, "sha1").digest()


def _read_nonce(reader: Reader) -> bytes:
    at = reader.at
    nonce = reader.blob()
    if len(nonce) > NONCE_BYTES_MAX:
        raise ProtocolError(f"a nonce of {len(nonce)} octets", offset=at)
    return nonce


def _expect_end(reader: Reader) -> None:
    if reader.remaining:
        raise ProtocolError(f"{reader.remaining} octets after the answer", offset=reader.at)
