"""HS_PUBKEY: the binary form, the PEM form, and JWK."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.pubkey import (
    PemKey,
    PublicKey,
    decode_pem,
    decode_public_key,
    encode_public_key,
    is_pem,
    public_key_from_json,
    public_key_to_json,
    rsa_public_key,
)

RSA_HEAD = "0000000b 5253415f5055425f4b4559 0000"
RSA_OCTETS = bytes.fromhex(RSA_HEAD + "00000003 010001 00000002 00ff 00000000")
DSA_OCTETS = bytes.fromhex("0000000b 4453415f5055425f4b4559 0000 00000001 03 00000001 07 00000001 02 00000001 04")
DH_OCTETS = bytes.fromhex("0000000a 44485f5055425f4b4559 0000 00000001 05 00000001 17 00000001 02")
CASES = [
    (RSA_OCTETS, PublicKey("RSA_PUB_KEY", (65_537, 255), tail=bytes(4))),
    (DSA_OCTETS, PublicKey("DSA_PUB_KEY", (3, 7, 2, 4))),
    (DH_OCTETS, PublicKey("DH_PUB_KEY", (5, 23, 2))),
]


@pytest.mark.parametrize(("octets", "key"), CASES)
def test_the_binary_form_both_ways(octets: bytes, key: PublicKey) -> None:
    """RSA with its four zero octets, DSA and DH without."""
    assert decode_public_key(octets) == key
    assert encode_public_key(key) == octets


def test_an_rsa_key_is_written_as_the_java_software_writes_it() -> None:
    """Equal keys are equal octets."""
    assert encode_public_key(rsa_public_key(65_537, 255)) == RSA_OCTETS


def test_absent_zero_octets_are_tolerated() -> None:
    """Other software leaves them out; the key comes back as it was."""
    assert encode_public_key(decode_public_key(RSA_OCTETS[:-4])) == RSA_OCTETS[:-4]


@pytest.mark.parametrize("octets", ["", "0000000b 534d325f5055425f4b4559 0000", RSA_HEAD, RSA_HEAD + "00000802" + "00" * 0x802])
def test_keys_refused(octets: str) -> None:
    """Broken, of an algorithm whose layout is not known, or with a number nobody uses."""
    with pytest.raises(ProtocolError):
        decode_public_key(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "form"),
    [
        (RSA_OCTETS, {"kty": "RSA", "e": "AQAB", "n": "_w"}),
        (DSA_OCTETS, {"kty": "DSA", "q": "Aw", "p": "Bw", "g": "Ag", "y": "BA"}),
        (DH_OCTETS, {"kty": "DH", "y": "BQ", "p": "Fw", "g": "Ag"}),
    ],
)
def test_jwk_both_ways(octets: bytes, form: dict[str, str]) -> None:
    """Numbers in base64url, and the same octets back."""
    assert public_key_to_json(decode_public_key(octets)) == form
    assert encode_public_key(public_key_from_json(form)) == octets


@pytest.mark.parametrize(
    "form",
    [
        None,
        {},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "RSA", "e": "AQAB"},
        {"kty": "RSA", "e": "AQAB", "n": "+/"},
        {"kty": "RSA", "e": "AQAB", "n": "A"},
        {"kty": "RSA", "e": "AQAB", "n": "AAAA" * 700},
    ],
)
def test_jwk_refused(form: object) -> None:
    """Other kinds, missing numbers, other alphabets, numbers nobody uses."""
    with pytest.raises(DataError):
        public_key_from_json(form)


def test_rsa_in_pem() -> None:
    """The numbers of a key another library wrote."""
    key = rsa.generate_private_key(65_537, 1_024).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).replace(b"\n", b"\r\n")

    assert is_pem(pem)
    assert decode_pem(pem) == PemKey("RSA", numbers=(65_537, key.public_numbers().n))


def test_ec_in_pem() -> None:
    """Curve and point of a key another library wrote."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]

    assert decode_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)) == PemKey("EC", "P-256", point)


def test_sm2_in_pem() -> None:
    """The curve of IDIS keys is recognised."""
    der = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004") + bytes(range(64))
    pem = b"-----BEGIN PUBLIC KEY-----\r\n" + base64.b64encode(der) + b"\r\n-----END PUBLIC KEY-----\r\n"

    assert decode_pem(pem) == PemKey("EC", "SM2", bytes(range(64)))


@pytest.mark.parametrize(
    "body",
    [b"", b"!", b"AAAA", b"MAA=", b"MIA=", b"MIT/////AA==", b"MAMwAQA=", b"MAYwAAMCAAQ="],
)
def test_pem_refused(body: bytes) -> None:
    """No base64, no DER, or lengths that run past it."""
    with pytest.raises(ProtocolError):
        decode_pem(b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n")


def test_another_algorithm_in_pem_is_refused() -> None:
    """Only RSA and EC are looked into."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    with pytest.raises(ProtocolError):
        decode_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@given(st.binary(max_size=60), st.sampled_from([0, 4, 15, 17, 21]))
def test_garbage_is_refused_or_read(octets: bytes, at: int) -> None:
    """Only the documented error comes out; a key keeps its numbers through another round."""
    try:
        key = decode_public_key(RSA_OCTETS[:at] + octets)
    except ProtocolError:
        return

    assert decode_public_key(encode_public_key(key)).numbers == key.numbers


def test_a_curve_nobody_knows_is_refused() -> None:
    """A key on it could not be used."""
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    with pytest.raises(ProtocolError, match="curve"):
        decode_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_base64_with_padding_in_the_middle_is_refused() -> None:
    """The frame of a PEM key does not make its content one."""
    with pytest.raises(ProtocolError, match="base64"):
        decode_pem(b"-----BEGIN PUBLIC KEY-----AA=A-----END PUBLIC KEY-----")
