"""Public keys that sign answers to challenges: RSA, DSA, Ed25519, and SM2 where its library is installed (`wire.md` §7.3, §9).

A key is the data of an HS_PUBKEY value, in Handle's binary form or as SubjectPublicKeyInfo in PEM. Whoever presents one
chose its numbers, so those that would cost the verifier much are refused before anything is computed: one check of a
signature takes some ten microseconds, a hundred with the largest key accepted.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from idis.proto.digest import canonical_name
from idis.proto.errors import ProtocolError
from idis.proto.types import pubkey
from idis.resolver.admin import sm2

RSA_BITS_MIN, RSA_BITS_MAX = 1_024, 4_096  # what clients of the field have; below, anybody can make the signature
RSA_EXPONENT_BITS_MAX = 33  # 65537 is usual; a long exponent makes a verification as slow as a signature
DSA_BITS_MAX = 3_072
KEYS_KEPT = 1_024  # decoded; decoding takes longer than a verification

ED25519 = "ED25519"  # stands in an answer where others name their digest: this signature digests by itself

_HASHES: dict[str, hashes.HashAlgorithm] = {"SHA-256": hashes.SHA256(), "SHA1": hashes.SHA1()}


class KeyUnusable(Exception):
    """A key that verifies nothing here; the text says why, for its owner."""


@lru_cache(KEYS_KEPT)
def load(octets: bytes) -> Key:
    """Decode the data of an HS_PUBKEY value.

    Raises:
        KeyUnusable: no key, or one that is not accepted.
    """
    return _load_pem(octets) if pubkey.is_pem(octets) else _load_binary(octets)


def verifies(key: Key, digest_name: str, signature: bytes, octets: bytes, *, user: str) -> bool:
    """Whether a signature over nonce ‖ digest was made with the private half of a key.

    Args:
        key: from `load`.
        digest_name: as the answer says it.
        signature: DER for DSA and SM2, raw octets otherwise.
        octets: nonce ‖ digest.
        user: the signer's handle as it spelled it, which an SM2 signature covers.

    Raises:
        KeyUnusable: the digest does not belong to this kind of key, or is too weak.
    """
    try:
        match key:
            case sm2.Key():
                return sm2.verifies(key, signature, octets, user=user)
            case ed25519.Ed25519PublicKey():
                key.verify(signature, octets)
            case rsa.RSAPublicKey():
                key.verify(signature, octets, padding.PKCS1v15(), _hash(digest_name))
            case dsa.DSAPublicKey():
                key.verify(signature, octets, _hash(digest_name))
    except InvalidSignature:
        return False
    return True


def _hash(digest_name: str) -> hashes.HashAlgorithm:
    algorithm = _HASHES.get(canonical_name(digest_name))
    if algorithm is None:
        raise KeyUnusable(f"a signature over {digest_name[:32]!r} is not accepted here: sign with SHA-256")
    return algorithm


Key = rsa.RSAPublicKey | dsa.DSAPublicKey | ed25519.Ed25519PublicKey | sm2.Key


def _load_binary(octets: bytes) -> Key:
    try:
        key = pubkey.decode_public_key(octets)
    except ProtocolError as error:
        raise KeyUnusable(str(error)) from None
    try:
        if key.algorithm == pubkey.RSA:
            exponent, modulus = key.numbers
            _bound_rsa(exponent, modulus)
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        if key.algorithm == pubkey.DSA:
            q, p, g, y = key.numbers
            if p.bit_length() > DSA_BITS_MAX:
                raise KeyUnusable(f"a DSA key of {p.bit_length()} bits is longer than {DSA_BITS_MAX}")
            return dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"the key cannot be used: {error}") from None
    raise KeyUnusable(f"a key of the kind {key.algorithm} signs nothing")


def _load_pem(octets: bytes) -> Key:
    try:
        key = load_pem_public_key(octets.strip() + b"\n")
    except (ValueError, UnsupportedAlgorithm):
        return _load_sm2(octets)
    match key:
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            _bound_rsa(numbers.e, numbers.n)
            return key
        case dsa.DSAPublicKey() if key.key_size <= DSA_BITS_MAX:
            return key
        case ed25519.Ed25519PublicKey():
            return key
        case ec.EllipticCurvePublicKey():
            return _load_sm2(octets)
    raise KeyUnusable("a key of this kind is not accepted: RSA, DSA, Ed25519 and SM2 are")


def _load_sm2(octets: bytes) -> sm2.Key:
    try:
        key = pubkey.decode_pem(octets)
    except ProtocolError as error:
        raise KeyUnusable(str(error)) from None
    if key.curve != "SM2":
        raise KeyUnusable(f"a key on the curve {key.curve or key.kind} is not accepted: RSA, DSA, Ed25519 and SM2 are")
    try:
        return sm2.load(key.point)
    except sm2.Missing as error:
        raise KeyUnusable(str(error)) from None


def _bound_rsa(exponent: int, modulus: int) -> None:
    bits = modulus.bit_length()
    if not RSA_BITS_MIN <= bits <= RSA_BITS_MAX:
        raise KeyUnusable(f"an RSA key of {bits} bits is not accepted: {RSA_BITS_MIN} to {RSA_BITS_MAX} are")
    if exponent.bit_length() > RSA_EXPONENT_BITS_MAX:
        raise KeyUnusable("an RSA key with so long an exponent is not accepted: use 65537")
