"""SM2 signatures of IDIS clients (`wire.md` §9): verified where the optional extra `gm` is installed, refused clearly elsewhere.

The library is written in C; one check takes half a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.sm3 import sm3

try:
    import gmssl_pyx
except ImportError:
    gmssl_pyx = None

POINT_BYTES = 64
SIGNATURE_BYTES_MAX = 80  # DER of two 33-octet integers is 72


class Missing(Exception):
    """The library is not installed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """A point of the curve sm2p256v1, as x ‖ y."""

    point: bytes


def load(point: bytes) -> Key:
    """The key of a point.

    Raises:
        Missing: this node cannot verify SM2.
    """
    if gmssl_pyx is None:
        raise Missing("this node does not verify SM2 signatures: install it with 'idis[gm]', or use an RSA or Ed25519 key")
    return Key(point)


def verifies(key: Key, signature: bytes, octets: bytes, *, user: str) -> bool:
    """Whether a DER signature covers SM3(octets), under the signer's handle as its SM2 user id."""
    assert gmssl_pyx is not None, "without the library there is no key"
    if len(signature) > SIGNATURE_BYTES_MAX or len(key.point) != POINT_BYTES:
        return False
    try:
        return bool(gmssl_pyx.sm2_verify(key.point, sm3(octets), signature, signer_id=user.encode()))
    except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError, ValueError):
        return False  # no point of the curve, or no signature
