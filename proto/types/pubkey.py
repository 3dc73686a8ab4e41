"""HS_PUBKEY: public keys in the binary form of Handle and the PEM form of IDIS (`wire.md` §7.3).

Numbers are two's-complement octets of the least length, so they start with 00 when the top bit is set. Keys of an
algorithm we do not know are kept as they are.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.der import BIT_STRING, OBJECT_IDENTIFIER, DerReader
from idis.proto.types.fields import json_object, text_field
from idis.proto.wire import Reader, blob, text, u16

RSA = "RSA_PUB_KEY"
DSA = "DSA_PUB_KEY"
DH = "DH_PUB_KEY"
SM2 = "SM2_PUB_KEY"
SM9 = "SM9_PUB_KEY"

KEY_NUMBER_BYTES_MAX = 2_049  # 16,384-bit numbers; larger ones only cost the verifier time

_NUMBERS = {RSA: ("e", "n"), DSA: ("q", "p", "g", "y"), DH: ("y", "p", "g")}
_JWK_KINDS = {RSA: "RSA", DSA: "DSA", DH: "DH"}
_RSA_TAIL = bytes(4)  # in every key the Java software made
_PEM = re.compile(rb"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]{1,16384})-----END PUBLIC KEY-----\s*")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_PEM_HEAD = b"-----BEGIN"
_OID_RSA = bytes.fromhex("2a864886f70d010101")
_OID_EC = bytes.fromhex("2a8648ce3d0201")
_CURVES = {
    bytes.fromhex("2a811ccf5501822d"): "SM2",
    bytes.fromhex("2a8648ce3d030107"): "P-256",
    bytes.fromhex("2b81040022"): "P-384",
    bytes.fromhex("2b81040023"): "P-521",
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as numbers in the order of the wire: RSA e, n; DSA q, p, g, y; DH y, p, g.

    `flags` and `tail` are the octets in front of and behind the numbers, zero in every key seen.
    """

    algorithm: str
    numbers: tuple[int, ...]
    flags: int = 0
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class PemKey:
    """What a PEM key says of itself: `kind` is RSA or EC; `curve` names the curve and `point` is x ‖ y for EC."""

    kind: str
    curve: str = ""
    point: bytes = b""
    numbers: tuple[int, ...] = ()


def encode_public_key(key: PublicKey) -> bytes:
    """The binary form."""
    numbers = b"".join(blob(encode_number(number)) for number in key.numbers)
    return text(key.algorithm) + u16(key.flags) + numbers + key.tail


def rsa_public_key(exponent: int, modulus: int) -> PublicKey:
    """An RSA key with the four octets the Java software appends, so that equal keys are equal octets."""
    return PublicKey(RSA, (exponent, modulus), tail=_RSA_TAIL)


def decode_public_key(octets: bytes) -> PublicKey:
    """Read the binary form of an RSA, DSA or DH key.

    Raises:
        ProtocolError: another algorithm, a field that runs past the buffer, or a number over KEY_NUMBER_BYTES_MAX octets.
    """
    reader = Reader(octets)
    key = read_public_key(reader)
    return PublicKey(key.algorithm, key.numbers, key.flags, reader.take(reader.remaining))


def read_public_key(reader: Reader) -> PublicKey:
    """Decode the binary key at the reader's position, up to its last number."""
    at = reader.at
    algorithm = reader.text()
    if algorithm not in _NUMBERS:
        raise ProtocolError("the algorithm of the public key is unknown", offset=at)
    flags = reader.u16()
    return PublicKey(algorithm, tuple(decode_number(reader) for _ in _NUMBERS[algorithm]), flags)


def is_pem(octets: bytes) -> bool:
    """Whether a key is text in PEM form."""
    return octets.lstrip()[: len(_PEM_HEAD)] == _PEM_HEAD


def decode_pem(octets: bytes) -> PemKey:
    """Look into a SubjectPublicKeyInfo in PEM form.

    Raises:
        ProtocolError: no PEM, no DER, or an algorithm other than RSA and EC on a known curve.
    """
    found = _PEM.fullmatch(octets)
    if not found:
        raise ProtocolError("the public key is not in PEM form", offset=0)
    try:
        der = base64.b64decode(b"".join(found[1].split()), validate=True)
    except binascii.Error:
        raise ProtocolError("the public key is not base64", offset=found.start(1)) from None
    info = DerReader(der).sequence()
    algorithm = info.sequence()
    bits = info.element(BIT_STRING)
    oid = algorithm.element(OBJECT_IDENTIFIER)
    if oid == _OID_RSA:
        numbers = DerReader(bits[1:]).sequence()
        modulus, exponent = numbers.integer(), numbers.integer()
        return PemKey("RSA", numbers=(exponent, modulus))
    if oid == _OID_EC:
        curve = _CURVES.get(algorithm.element(OBJECT_IDENTIFIER))
        if curve is None or bits[:2] != b"\x00\x04" or len(bits) % 2:
            raise ProtocolError("the curve or point of the public key is unknown", offset=0)
        return PemKey("EC", curve, bits[2:])
    raise ProtocolError("the algorithm of the public key is unknown", offset=0)


def encode_number(number: int) -> bytes:
    """A number's two's-complement octets of the least length."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def decode_number(reader: Reader) -> int:
    """Read a non-negative number of at most KEY_NUMBER_BYTES_MAX octets in any length."""
    at = reader.at
    octets = reader.blob()
    if len(octets) > KEY_NUMBER_BYTES_MAX:
        raise ProtocolError(f"a number of {len(octets)} octets in a key", offset=at)
    return int.from_bytes(octets, "big")


def public_key_to_json(key: PublicKey) -> dict[str, object]:
    """The key as a JWK; DSA and DH use the names of the wire's numbers."""
    numbers = zip(_NUMBERS[key.algorithm], key.numbers, strict=True)
    return {"kty": _JWK_KINDS[key.algorithm], **{name: encode_base64url(number) for name, number in numbers}}


def public_key_from_json(data: object) -> PublicKey:
    """Read a JWK of kind RSA, DSA or DH.

    Raises:
        DataError: another kind, or a number that is missing or not base64url.
    """
    fields = json_object(data, "a key")
    kind = text_field(fields, "kty")
    for algorithm, name in _JWK_KINDS.items():
        if name == kind:
            numbers = tuple(decode_base64url(text_field(fields, number)) for number in _NUMBERS[algorithm])
            return PublicKey(algorithm, numbers, tail=_RSA_TAIL if algorithm == RSA else b"")
    raise DataError(f"a key of kind {kind!r} has no binary form; send it in PEM as a string")


def encode_base64url(number: int) -> str:
    """A number as JWK writes it: big-endian, no padding."""
    octets = number.to_bytes(max((number.bit_length() + 7) // 8, 1), "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def decode_base64url(string: str) -> int:
    """Read a number as JWK writes it.

    Raises:
        DataError: not base64url, or over KEY_NUMBER_BYTES_MAX octets.
    """
    try:
        if not _BASE64URL.fullmatch(string):
            raise ValueError
        octets = base64.urlsafe_b64decode(string + "=" * (-len(string) % 4))
    except ValueError:  # binascii.Error is one
        raise DataError("a number of the key is not base64url") from None
    if len(octets) > KEY_NUMBER_BYTES_MAX:
        raise DataError(f"a number of the key is longer than {KEY_NUMBER_BYTES_MAX} octets")
    return int.from_bytes(octets, "big")
