"""The suites of signatures: making and checking them with the installed libraries (`trust.md` §3.5).

Ed25519 and RSA are always there. SM2 is checked where the extra `gm` is installed and never made here; without it, and for
every number that is not known, `verify` says so instead of judging. SHA-1, MD5 and DSA are no suites.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from idis.proto.errors import DataError, ProtocolError
from idis.proto.statement import Suite, kid_of
from idis.proto.types import pubkey

try:
    import gmssl_pyx
except ImportError:
    gmssl_pyx = None

RSA_BITS_MIN, RSA_BITS_MAX = 2_048, 8_192
KEYS_KEPT = 1_024  # decoded; decoding an RSA key takes as long as five checks
SM2_SIGNER = b"1234567812345678"  # the user id of GB/T 35276 where none is agreed
SM2_POINT_BYTES = 64
SM2_SIGNATURE_BYTES_MAX = 80


@dataclass(frozen=True, slots=True)
class PublicSuiteKey:
    """A public key as statements and delegations carry it."""

    suite: int
    key: bytes

    @property
    def kid(self) -> bytes:
        """Its name."""
        return kid_of(self.suite, self.key)


class SigningKey:
    """A private key that signs: Ed25519, or RSA of at least RSA_BITS_MIN bits."""

    def __init__(self, key: Ed25519PrivateKey | RSAPrivateKey) -> None:
        self._key = key
        self.public = _public_of(key.public_key())

    @classmethod
    def read(cls, pem: bytes) -> SigningKey:
        """The key of PKCS#8 octets in PEM form without passphrase.

        Raises:
            DataError: there is none, or it is of another kind or too short.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise DataError("no private key in PEM form without passphrase") from None
        if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
            raise DataError(f"a key of another kind: use Ed25519, or RSA of at least {RSA_BITS_MIN} bits")
        return cls(key)

    def sign(self, octets: bytes) -> bytes:
        """The signature over octets."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(octets)
        return self._key.sign(octets, padding.PKCS1v15(), hashes.SHA256())


def read_public(octets: bytes) -> PublicSuiteKey:
    """A public key in PEM form, or the data of an HS_PUBKEY value.

    Raises:
        DataError: it is none of a suite.
    """
    if not pubkey.is_pem(octets):
        return _read_binary(octets)
    try:
        key = load_pem_public_key(octets.strip() + b"\n")
    except (ValueError, UnsupportedAlgorithm):
        return _read_sm2(octets)
    if isinstance(key, Ed25519PublicKey | RSAPublicKey):
        return _public_of(key)
    return _read_sm2(octets)


def verify(suite: int, key: bytes, octets: bytes, signature: bytes) -> bool | None:
    """Whether a signature is right; None when the suite is not known here. A key that is none makes no signature right."""
    match suite:
        case Suite.ED25519 | Suite.RSA:
            loaded = _load(suite, key)
            return False if loaded is None else _check(loaded, octets, signature)
        case Suite.SM2 if gmssl_pyx is not None:
            return _check_sm2(key, octets, signature)
        case _:
            return None


def _check(key: Ed25519PublicKey | RSAPublicKey, octets: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, octets)
        else:
            key.verify(signature, octets, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _check_sm2(key: bytes, octets: bytes, signature: bytes) -> bool:
    if len(key) != SM2_POINT_BYTES or len(signature) > SM2_SIGNATURE_BYTES_MAX:
        return False
    try:
        return bool(gmssl_pyx.sm2_verify(key, octets, signature, signer_id=SM2_SIGNER))
    except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError, ValueError):
        return False  # no point of the curve, or no signature


@lru_cache(KEYS_KEPT)
def _load(suite: int, octets: bytes) -> Ed25519PublicKey | RSAPublicKey | None:
    try:
        if suite == Suite.ED25519:
            return Ed25519PublicKey.from_public_bytes(octets)
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return None
    # A decoder may take what an encoder would not write: one key, one form, one name.
    if not isinstance(key, RSAPublicKey) or not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX or _der(key) != octets:
        return None
    return key


def _public_of(key: Ed25519PublicKey | RSAPublicKey) -> PublicSuiteKey:
    if isinstance(key, Ed25519PublicKey):
        return PublicSuiteKey(Suite.ED25519, key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        raise DataError(f"an RSA key of {key.key_size} bits signs no records: {RSA_BITS_MIN} to {RSA_BITS_MAX} do")
    return PublicSuiteKey(Suite.RSA, _der(key))


def _der(key: RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read_binary(octets: bytes) -> PublicSuiteKey:
    try:
        key = pubkey.decode_public_key(octets)
    except ProtocolError as error:
        raise DataError(f"no public key: {error}") from None
    if key.algorithm != pubkey.RSA:
        raise DataError(f"a key of the kind {key.algorithm} signs no records: Ed25519, RSA and SM2 do")
    exponent, modulus = key.numbers
    try:
        return _public_of(RSAPublicNumbers(exponent, modulus).public_key())
    except (ValueError, UnsupportedAlgorithm):
        raise DataError("no RSA key") from None


def _read_sm2(octets: bytes) -> PublicSuiteKey:
    try:
        key = pubkey.decode_pem(octets)
    except ProtocolError as error:
        raise DataError(f"no public key: {error}") from None
    if key.curve != "SM2":
        raise DataError("a key of another kind signs no records: Ed25519, RSA and SM2 do")
    return PublicSuiteKey(Suite.SM2, key.point)
