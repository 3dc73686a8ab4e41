"""Keys from files, as our own tools and Handle's write them."""

from __future__ import annotations

import hashlib
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from idis.proto.challenge import Challenge, decode_public_key_answer, decode_secret_answer, verify_secret_answer
from idis.proto.digest import RequestDigest
from idis.resolver.admin import public_key
from idis.resolver.client_key import Key, KeyFileError
from tests.resolver.admin.wire import dsa_key, ed25519_key, number, pem, rsa_key, text

WHO = "300:0.NA/88.118.8"
CHALLENGE = Challenge(7, b"N" * 16, RequestDigest(3, b"D" * 32))


def numbers_of(key) -> bytes:
    """The private key of an RSA pair as the Handle tools write it, unencrypted."""
    private = key.private_numbers()
    public = private.public_numbers
    parts = (public.n, public.e, private.d, private.p, private.q, private.dmp1, private.dmq1, private.iqmp)
    return text("RSA_PRIVCRT_KEY") + b"".join(map(number, parts))


def sealed(octets: bytes, passphrase: bytes) -> bytes:
    """The same under a passphrase."""
    salt, iv = bytes(16), bytes(range(16))
    key = hashlib.pbkdf2_hmac("sha1", passphrase, salt, 1_000, 16)
    pad = 16 - len(octets) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(octets + bytes((pad,)) * pad) + encryptor.finalize()
    blobs = [struct.pack(">I", len(part)) + part for part in (salt, iv, ciphertext)]
    return struct.pack(">I", 4) + blobs[0] + struct.pack(">II", 1_000, 128) + blobs[1] + blobs[2]


def plain_pem(key, encryption=NoEncryption()) -> bytes:  # noqa: B008
    """PKCS#8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    ("octets", "passphrase", "key"),
    [
        (plain_pem(rsa_key()), None, rsa_key()),
        (plain_pem(dsa_key()), None, dsa_key()),
        (plain_pem(ed25519_key()), None, ed25519_key()),
        (plain_pem(rsa_key(), BestAvailableEncryption(b"open")), b"open", rsa_key()),
        (b"\x00\x00\x00\x01" + numbers_of(rsa_key()), None, rsa_key()),
        (sealed(numbers_of(rsa_key()), b"open"), b"open", rsa_key()),
    ],
)
def test_a_key_of_a_file_signs(tmp_path, octets, passphrase, key):
    """Its answer verifies with the public half."""
    (tmp_path / "key").write_bytes(octets)
    answer = Key.from_file(WHO, tmp_path / "key", passphrase).answer(CHALLENGE, (2, 11))
    said = decode_public_key_answer(answer.answer)

    assert (answer.type, answer.handle, answer.index) == ("HS_PUBKEY", "0.NA/88.118.8", 300)
    assert public_key.verifies(public_key.load(pem(key)), said.digest_name, said.signature, CHALLENGE.octets, user="")


@pytest.mark.parametrize(("version", "digest"), [((2, 11), "SHA-256"), ((2, 10), "SHA1")])
def test_dsa_digests_as_its_server_knows(tmp_path, version, digest):
    """SHA-256 came with 2.11."""
    (tmp_path / "key").write_bytes(plain_pem(dsa_key()))
    answer = Key.from_file(WHO, tmp_path / "key").answer(CHALLENGE, version)

    assert decode_public_key_answer(answer.answer).digest_name == digest


def test_a_secret_answers():
    """In the PBKDF2 form."""
    answer = Key.from_secret(WHO, b"s3cret").answer(CHALLENGE, (2, 11))

    assert answer.type == "HS_SECKEY"
    assert verify_secret_answer(decode_secret_answer(answer.answer), b"s3cret", CHALLENGE)


@pytest.mark.parametrize("key", [Key.from_secret(WHO, b"s3cret")])
def test_a_key_does_not_show_itself(key):
    """Neither in a log nor in a traceback."""
    assert "s3cret" not in repr(key)


@pytest.mark.parametrize(
    ("octets", "passphrase", "sentence"),
    [
        (b"", None, "no key file"),
        (b"nonsense of some length", None, "DES|no key file"),
        (pem(rsa_key()), None, "public key"),
        (plain_pem(rsa_key(), BestAvailableEncryption(b"open")), None, "passphrase"),
        (plain_pem(rsa_key(), BestAvailableEncryption(b"open")), b"shut", "passphrase"),
        (plain_pem(rsa_key()), b"open", "not encrypted"),
        (sealed(numbers_of(rsa_key()), b"open"), None, "passphrase"),
        (sealed(numbers_of(rsa_key()), b"open"), b"shut", "passphrase"),
        (b"\x00\x00\x00\x02" + bytes(40), None, "DES"),
        (b"\x00\x00\x00\x01" + text("RSA_PRIVCRT_KEY") + number(7) * 8, None, "used"),
        (plain_pem(ec.generate_private_key(ec.SECP256R1())), None, "another kind"),
        (ed25519_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), None, "public key"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, octets, passphrase, sentence):
    """One sentence that tells what to do."""
    (tmp_path / "key").write_bytes(octets)

    with pytest.raises(KeyFileError, match=sentence):
        Key.from_file(WHO, tmp_path / "key", passphrase)


def test_a_file_that_is_missing_says_so(tmp_path):
    """With its name."""
    with pytest.raises(KeyFileError, match="absent"):
        Key.from_file(WHO, tmp_path / "absent")


@pytest.mark.parametrize("identity", ["", "0.NA/88.118.8", ":0.NA/88", "x:0.NA/88", "300:", "-1:0.NA/88", "99999999999:0.NA/88"])
def test_an_identity_is_index_and_identifier(identity):
    """And nothing else."""
    with pytest.raises(KeyFileError, match="INDEX:IDENTIFIER"):
        Key.from_secret(identity, b"s3cret")
