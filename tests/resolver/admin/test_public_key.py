"""Keys that verify, and keys that would cost or cheat whoever verifies."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idis.resolver.admin import public_key
from idis.resolver.admin.public_key import KeyUnusable, load, verifies
from tests.resolver.admin.wire import dsa_key, dsa_octets, ed25519_key, number, pem, rsa_key, rsa_octets, sign, text

OCTETS = b"nonce and digest"


def rsa_of(exponent: int, modulus: int) -> bytes:
    """An RSA key of these numbers."""
    return text("RSA_PUB_KEY") + bytes(2) + number(exponent) + number(modulus) + bytes(4)


@pytest.mark.parametrize(
    "octets", [rsa_octets(rsa_key()), rsa_octets(rsa_key())[:-4], pem(rsa_key()), pem(rsa_key()).replace(b"\r", b"")]
)
def test_rsa_keys_verify_in_both_forms(octets):
    """With and without the four octets the Java software appends; PEM with either line end."""
    assert verifies(load(octets), "SHA-256", sign(rsa_key(), OCTETS), OCTETS, user="")


@pytest.mark.parametrize("octets", [dsa_octets(dsa_key()), pem(dsa_key())])
@pytest.mark.parametrize("digest", ["SHA1", "SHA-1", "\x02", "SHA-256"])
def test_dsa_keys_verify(octets, digest):
    """SHA-1 before 2.11, SHA-256 from then on; under every name peers have for it."""
    signature = sign(dsa_key(), OCTETS, "SHA-256" if digest == "SHA-256" else "SHA1")

    assert verifies(load(octets), digest, signature, OCTETS, user="")


def test_ed25519_keys_verify():
    """Whatever is said of a digest: the signature has its own."""
    assert verifies(load(pem(ed25519_key())), public_key.ED25519, sign(ed25519_key(), OCTETS), OCTETS, user="")


@pytest.mark.parametrize("key", [rsa_key, dsa_key, ed25519_key])
@pytest.mark.parametrize("wrong", [b"", b"\x00", bytes(64), bytes(256), bytes(10_000)])
def test_garbage_is_no_signature(key, wrong):
    """False, never an error."""
    assert verifies(load(pem(key())), "SHA-256", wrong, OCTETS, user="") is False


@pytest.mark.parametrize("digest", ["MD5", "SM3", "HMAC-SHA256", "", "x" * 10_000])
def test_other_digests_sign_nothing(digest):
    """MD5 is too weak, the others belong to something else."""
    with pytest.raises(KeyUnusable, match="SHA-256"):
        verifies(load(rsa_octets(rsa_key())), digest, bytes(256), OCTETS, user="")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (rsa_of(65_537, 2**767 + 1), "768 bits"),
        (rsa_of(65_537, 2**8_191 + 1), "8192 bits"),
        (rsa_of(2**600 + 1, 2**2_047 + 1), "exponent"),
        (text("DSA_PUB_KEY") + bytes(2) + number(7) + number(2**4_095 + 1) + number(2) + number(3), "4096 bits"),
        (text("DH_PUB_KEY") + bytes(2) + number(4) + number(23) + number(5), "signs nothing"),
        (text("SM9_PUB_KEY") + bytes(64), "unknown"),
        (b"", "ends"),
        (b"\x00\x00\x00\x0bRSA_PUB_KEY", "ends"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "element|sequence|DER|key"),
        (b"-----BEGIN PUBLIC KEY-----", "PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "P-256"),
    ],
)
def test_keys_that_are_not_accepted(octets, reason):
    """Too short to be safe, long enough to hold the node up, or of a kind that signs nothing: refused with the reason."""
    with pytest.raises(KeyUnusable, match=reason):
        load(octets)
