"""The first operator's key pair: an Ed25519 key in a file that only its owner can read (`trust.md` §4, §5).

A node has no passwords, so it has none by default either. Whoever holds this file is the operator; whoever loses it makes
another operator on the node's own machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from idis.proto.errors import IdisError
from idis.proto.types.pubkey import is_pem
from idis.registry.store.directory import user_name
from idis.resolver.admin import public_key

OPERATOR_KEY_FILE = "operator.pem"  # in the data directory, unless it is put elsewhere
OPERATOR_PUBLIC_FILE = "operator.pub"  # its public half, for the parent's node
KEY_FILE_BYTES_MAX = 65_536
RSA_BITS_MIN = 2_048
_OWNER_ONLY = 0o600
_PRIVATE = b"PRIVATE KEY-----"


class OperatorKeyError(IdisError):
    """A key cannot be made or used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """A key pair: `private` in PKCS#8, `public` as SubjectPublicKeyInfo, both in PEM."""

    private: bytes = field(repr=False)
    public: bytes


def make_operator_key() -> OperatorKey:
    """A new Ed25519 key pair."""
    return _pair(Ed25519PrivateKey.generate())


def read_operator_key(path: Path) -> OperatorKey:
    """The key pair of a file that exists: Ed25519, or RSA of at least RSA_BITS_MIN bits, without a passphrase.

    Raises:
        OperatorKeyError: it cannot be read, others can read it too, or it holds no such key.
    """
    octets = _read(path)
    if path.stat().st_mode & 0o077:
        raise OperatorKeyError(f"{path} can be read by others than its owner: make it yours alone with 'chmod 600 {path}'")
    try:
        key = load_pem_private_key(octets, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise OperatorKeyError(f"{path} holds no private key in PEM form without passphrase: name another file") from None
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= RSA_BITS_MIN):
        return _pair(key)
    raise OperatorKeyError(f"{path} holds a key of another kind: use Ed25519, or RSA of at least {RSA_BITS_MIN} bits")


def read_public_key(path: Path) -> bytes:
    """The public key of a file, as SubjectPublicKeyInfo in PEM.

    Raises:
        OperatorKeyError: it cannot be read, or holds none that is accepted here.
    """
    octets = _read(path)
    if _PRIVATE in octets:
        raise OperatorKeyError(
            f"{path} holds a private key, which nobody but its owner needs: name the public one, not the private one "
            f"(openssl pkey -in {path} -pubout)"
        )
    try:
        return public_key_pem(octets)
    except OperatorKeyError as error:
        raise OperatorKeyError(f"{path}: {error}") from None


def public_key_pem(octets: bytes) -> bytes:
    """A public key as it is kept, of a PEM form that may have other line ends or blanks around it.

    Raises:
        OperatorKeyError: it is none, or verifies nothing here.
    """
    if _PRIVATE in octets:
        raise OperatorKeyError("this is a private key, which only its owner may have: make a new pair, and send its public half")
    if not is_pem(octets):
        raise OperatorKeyError("this is no public key in PEM form")
    try:
        public_key.load(octets)
        key = load_pem_public_key(octets.strip() + b"\n")
    except public_key.KeyUnusable as error:
        raise OperatorKeyError(f"this key cannot be used: {error}") from None
    except (ValueError, UnsupportedAlgorithm):  # SM2, which the library does not know
        return octets.strip().replace(b"\r\n", b"\n") + b"\n"
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def write_operator_key(path: Path, key: OperatorKey) -> None:
    """Put a private key into a new file that only its owner can read, durably.

    Raises:
        OperatorKeyError: the file exists, or cannot be written.
    """
    try:
        # The mode is given at creation: there is no moment at which others could open it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), _OWNER_ONLY)
            file.write(key.private)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise OperatorKeyError(f"{path} exists already and is not overwritten: name another file") from None
    except OSError as error:
        raise OperatorKeyError(f"{path} cannot be written by user {user_name()}: {error.strerror}") from None


def _pair(key: Ed25519PrivateKey | RSAPrivateKey) -> OperatorKey:
    return OperatorKey(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            octets = file.read(KEY_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise OperatorKeyError(f"{path} cannot be read by user {user_name()}: {error.strerror}") from None
    if len(octets) > KEY_FILE_BYTES_MAX:
        raise OperatorKeyError(f"{path} is longer than any key: name another file")
    return octets
