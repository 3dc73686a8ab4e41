"""The first operator's key file: private, durable, never overwritten, and refused in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from idis.resolver.operator_key import (
    OperatorKeyError,
    make_operator_key,
    public_key_pem,
    read_operator_key,
    read_public_key,
    write_operator_key,
)


def put(path: Path, key: object, encryption: KeySerializationEncryption | None = None) -> Path:
    """A private key in a file of its owner."""
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))  # type: ignore[attr-defined]
    path.chmod(0o600)
    return path


def test_two_keys_differ() -> None:
    """Each node gets a key of its own; there is no default one."""
    assert make_operator_key() != make_operator_key()


def test_pair() -> None:
    """The private half is PKCS#8 without passphrase, the public half verifies what it signs."""
    key = make_operator_key()
    private, public = load_pem_private_key(key.private, None), load_pem_public_key(key.public)

    assert key.private.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    assert isinstance(public, ed25519.Ed25519PublicKey)
    public.verify(private.sign(b"octets"), b"octets")


def test_private_half_is_not_shown() -> None:
    """A log line or a traceback that shows the pair does not show the private half."""
    assert "PRIVATE" not in repr(make_operator_key())


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Mode 0600, whatever the mask of the process."""
    before = os.umask(0)
    try:
        write_operator_key(tmp_path / "key.pem", make_operator_key())
    finally:
        os.umask(before)

    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_read_again(tmp_path: Path) -> None:
    """What was written is read back."""
    key = make_operator_key()
    write_operator_key(tmp_path / "key.pem", key)

    assert read_operator_key(tmp_path / "key.pem") == key


def test_never_overwritten(tmp_path: Path) -> None:
    """A file that exists stays as it is."""
    (tmp_path / "key.pem").write_bytes(b"mine")

    with pytest.raises(OperatorKeyError, match="not overwritten"):
        write_operator_key(tmp_path / "key.pem", make_operator_key())
    assert (tmp_path / "key.pem").read_bytes() == b"mine"


def test_no_folder(tmp_path: Path) -> None:
    """Where the folder is missing, one sentence says so."""
    with pytest.raises(OperatorKeyError, match="cannot be written"):
        write_operator_key(tmp_path / "none" / "key.pem", make_operator_key())


def test_rsa_is_accepted(tmp_path: Path) -> None:
    """An operator may have an RSA key already."""
    path = put(tmp_path / "key.pem", rsa.generate_private_key(65_537, 2_048))

    assert read_operator_key(path).public.startswith(b"-----BEGIN PUBLIC KEY-----")


def test_others_may_read(tmp_path: Path) -> None:
    """A private key that others can read is none; the sentence says what to do."""
    path = put(tmp_path / "key.pem", ed25519.Ed25519PrivateKey.generate())
    path.chmod(0o640)

    with pytest.raises(OperatorKeyError, match="chmod 600"):
        read_operator_key(path)


@pytest.mark.parametrize(
    ("octets", "words"),
    [(b"", "no private key"), (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key")],
)
def test_no_key(tmp_path: Path, octets: bytes, words: str) -> None:
    """What holds no key is refused."""
    path = tmp_path / "key.pem"
    path.write_bytes(octets)
    path.chmod(0o600)

    with pytest.raises(OperatorKeyError, match=words):
        read_operator_key(path)


def test_wrong_kinds(tmp_path: Path) -> None:
    """A key with a passphrase, a curve nobody verifies here, and a file longer than any key."""
    wrong = [
        put(tmp_path / "locked.pem", ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(b"word")),
        put(tmp_path / "curve.pem", ec.generate_private_key(ec.SECP256R1())),
    ]
    (tmp_path / "long.pem").write_bytes(bytes(70_000))

    for path in (*wrong, tmp_path / "long.pem", tmp_path / "none.pem"):
        with pytest.raises(OperatorKeyError):
            read_operator_key(path)


def test_public_key(tmp_path: Path) -> None:
    """The public half is read from its own file, and not from the private one."""
    key = make_operator_key()
    (tmp_path / "public.pem").write_bytes(key.public)
    (tmp_path / "private.pem").write_bytes(key.private)

    assert read_public_key(tmp_path / "public.pem") == key.public
    with pytest.raises(OperatorKeyError, match="not the private one"):
        read_public_key(tmp_path / "private.pem")


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"ssh-ed25519 AAAAC3Nz", "no public key in PEM form"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be used"),
        (
            ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "on the curve P-256 is not accepted",
        ),
    ],
)
def test_public_key_that_verifies_nothing(octets: bytes, sentence: str) -> None:
    """Whoever hands it in learns it at once, and not when a login fails."""
    with pytest.raises(OperatorKeyError, match=sentence):
        public_key_pem(octets)


def test_public_key_of_another_system() -> None:
    """Line ends and blanks around it make no other key."""
    key = make_operator_key()

    assert public_key_pem(b"\n" + key.public.replace(b"\n", b"\r\n") + b"\n\n") == key.public
