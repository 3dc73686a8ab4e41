"""Private key files as Handle tools write them: the layout alone (`wire.md` §7.3).

Opening an encrypted file takes AES, and signing takes a library; both belong to the caller. The forms under DES are
recognised so that a person can be told to convert the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from idis.proto.errors import ProtocolError
from idis.proto.types.pubkey import decode_number, encode_number
from idis.proto.wire import Reader, blob, text, u32

PLAIN = 1
PBKDF2_AES = 4

RSA_CRT = "RSA_PRIVCRT_KEY"
RSA = "RSA_PRIV_KEY"
DSA = "DSA_PRIV_KEY"

PBKDF2_ITERATIONS_MAX = 10_000_000  # a file is opened by its owner, who chose the number; this is a second or ten
KEY_FILE_BYTES_MAX = 65_536  # a 16,384-bit RSA key is under 10 KB

_NUMBERS = {
    RSA_CRT: ("n", "e", "d", "p", "q", "dp", "dq", "q_inverse"),
    RSA: ("n", "d"),
    DSA: ("x", "p", "q", "g"),
}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key as numbers: RSA_CRT n, e, d, p, q, dp, dq, q⁻¹; RSA n, d; DSA x, p, q, g."""

    algorithm: str
    numbers: tuple[int, ...] = field(repr=False)
    tail: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key file under a passphrase: PBKDF2-HMAC-SHA1 gives the key of AES-CBC with PKCS#5 padding."""

    salt: bytes
    iterations: int
    key_bits: int
    iv: bytes
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ObsoleteKey:
    """A key file under DES or triple DES; nothing here opens it."""

    encryption: int
    octets: bytes = field(repr=False)


KeyFile = PrivateKey | SealedKey | ObsoleteKey


def decode_key_file(octets: bytes) -> KeyFile:
    """Read a private key file.

    Raises:
        ProtocolError: it breaks off, is longer than KEY_FILE_BYTES_MAX, or asks for more than PBKDF2_ITERATIONS_MAX rounds.
    """
    if len(octets) > KEY_FILE_BYTES_MAX:
        raise ProtocolError(f"a key file of {len(octets)} octets is longer than {KEY_FILE_BYTES_MAX}", offset=0)
    reader = Reader(octets)
    encryption = reader.u32()
    if encryption == PLAIN:
        return decode_private_key(reader.take(reader.remaining))
    if encryption != PBKDF2_AES:
        return ObsoleteKey(encryption, reader.take(reader.remaining))
    salt, iterations, key_bits = reader.blob(), reader.u32(), reader.u32()
    if not 0 < iterations <= PBKDF2_ITERATIONS_MAX or key_bits not in (128, 192, 256):
        raise ProtocolError(f"{iterations} iterations for {key_bits} bits are out of range", offset=reader.at - 8)
    return SealedKey(salt, iterations, key_bits, reader.blob(), reader.blob())


def encode_key_file(key: KeyFile) -> bytes:
    """The octets of a private key file."""
    match key:
        case PrivateKey():
            return u32(PLAIN) + encode_private_key(key)
        case SealedKey():
            head = u32(PBKDF2_AES) + blob(key.salt) + u32(key.iterations) + u32(key.key_bits)
            return head + blob(key.iv) + blob(key.ciphertext)
        case ObsoleteKey():
            return u32(key.encryption) + key.octets


def decode_private_key(octets: bytes) -> PrivateKey:
    """Read a private key, the content of a plain or opened file.

    Raises:
        ProtocolError: it breaks off, or its algorithm is unknown, as it is after a wrong passphrase.
    """
    reader = Reader(octets)
    algorithm = reader.text()
    if algorithm not in _NUMBERS:
        raise ProtocolError("the algorithm of the private key is unknown", offset=0)
    numbers = tuple(decode_number(reader) for _ in _NUMBERS[algorithm])
    return PrivateKey(algorithm, numbers, reader.take(reader.remaining))


def encode_private_key(key: PrivateKey) -> bytes:
    """The octets of a private key."""
    return text(key.algorithm) + b"".join(blob(encode_number(number)) for number in key.numbers) + key.tail
