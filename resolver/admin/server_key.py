"""The key of a server: in its HS_SITE its clients find the public half, the private half signs what they want certified.

RSA of 2048 bits, because existing clients know RSA and DSA only. The file is PEM (PKCS#8), readable by its owner alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from idis.proto.credential import SIGNED, Credential, encode_credential, signature_digest_name
from idis.proto.errors import DataError, IdisError
from idis.proto.message import Message
from idis.proto.signing import covered_octets
from idis.proto.statement import Suite
from idis.proto.types.pubkey import encode_public_key, is_pem, rsa_public_key
from idis.registry.suites import read_public

KEY_FILE = "server_key.pem"
PUBLIC_FILE = "server_key.pub"  # its public half, for the parent's node
KEY_BITS = 2_048
_EXPONENT = 65_537
_SHA256 = hashes.SHA256()
_OWNER_ONLY = 0o600
_FILE_BYTES_MAX = 65_536


class ServerKeyError(IdisError):
    """The key file cannot be used; the text says why and what to do."""


class ServerKey:
    """The private key of this server."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        numbers = key.public_key().public_numbers()
        self.public_octets = encode_public_key(rsa_public_key(numbers.e, numbers.n))

    @property
    def public_pem(self) -> bytes:
        """The public half, as files of trusted keys have it."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: Message, session_counter: int = 0) -> bytes | None:
        """The credential that certifies a message, in half a millisecond; None in versions whose signatures prove nothing."""
        octets = covered_octets(message, session_counter)
        if octets is None:
            return None
        name = signature_digest_name(message.version)
        signature = self.sign_octets(octets, _SHA256 if name == "SHA-256" else hashes.SHA1())
        return encode_credential(Credential(SIGNED, name, signature, session_counter))

    def sign_octets(self, octets: bytes, algorithm: hashes.HashAlgorithm = _SHA256) -> bytes:
        """The signature of octets, PKCS#1 v1.5."""
        return self._key.sign(octets, padding.PKCS1v15(), algorithm)


def site_key(pem: bytes) -> bytes:
    """The public key of a server as its HS_SITE has it.

    Raises:
        DataError: no RSA key in PEM form, or one too short to certify anything.
    """
    if not is_pem(pem):
        raise DataError("no public key in PEM form")
    key = read_public(pem)
    if key.suite != Suite.RSA:
        raise DataError("no RSA key: servers certify with RSA, see 'openssl rsa -in server_key.pem -pubout'")
    loaded = load_der_public_key(key.key)
    assert isinstance(loaded, rsa.RSAPublicKey), "the suite says so"
    numbers = loaded.public_numbers()
    return encode_public_key(rsa_public_key(numbers.e, numbers.n))


def site_key_pem(octets: bytes) -> str:
    """The same in PEM form; empty for a key that certifies nothing here."""
    try:
        key = read_public(octets)
    except DataError:
        return ""
    if key.suite != Suite.RSA:
        return ""
    return load_der_public_key(key.key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def make_server_key(path: Path) -> ServerKey:
    """Make a key and write it; takes some tenths of a second.

    Raises:
        ServerKeyError: the file exists, or cannot be written.
    """
    key = rsa.generate_private_key(_EXPONENT, KEY_BITS)
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ServerKeyError(f"{path} cannot be written: {error.strerror}") from None
    return ServerKey(key)


def read_server_key(path: Path) -> ServerKey | None:
    """The key of a file; None where there is none, and answers are not certified.

    Raises:
        ServerKeyError: the file cannot be read, others may read it, or it holds no RSA key.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ServerKeyError(f"{path} may be read by others: chmod 600 {path}")
            octets = file.read(_FILE_BYTES_MAX)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServerKeyError(f"{path} cannot be read: {error.strerror}") from None
    try:
        key = load_pem_private_key(octets, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ServerKeyError(f"{path} holds no RSA key in PEM form without a passphrase: see 'openssl genrsa'")
    return ServerKey(key)
