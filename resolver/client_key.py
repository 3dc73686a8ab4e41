"""The key of an administrator: an identity, and the private key or the secret that proves it (`wire.md` §7.3, §9).

Keys are read from PEM files (RSA, DSA, Ed25519) and from those that the Handle tools write. Signing needs the library
`cryptography`, which is imported only then: a program that has a secret, or only asks, does without.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from idis.proto import private_key
from idis.proto.challenge import (
    HS_PUBKEY,
    HS_SECKEY,
    PBKDF2_SALT_BYTES,
    Challenge,
    ChallengeAnswer,
    PublicKeyAnswer,
    answer_with_secret,
)
from idis.proto.errors import IdentifierError, IdisError, ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.message import PROTOCOL_VERSION, Version
from idis.proto.private_key import ObsoleteKey, PrivateKey, SealedKey
from idis.proto.reader_pass import PASS_S, ReaderPass
from idis.proto.statement import stored_spelling
from idis.proto.trace import trace_audience
from idis.proto.value import INDEX_MAX

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    Private = RSAPrivateKey | DSAPrivateKey | Ed25519PrivateKey

_PEM_HEAD = b"-----BEGIN"
_ED25519 = "ED25519"  # where others name their digest: this signature digests by itself
_DSA_SHA256_SINCE: Version = (2, 11)
_RSA_SHA256_SINCE: Version = (2, 7)


class KeyFileError(IdisError):
    """A key cannot be read or used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """What proves an identity. Make one with `from_file` or `from_secret`.

    Attributes:
        index: of the HS_PUBKEY or HS_SECKEY value; 0 for any.
        handle: the identifier that has the value, as the servers shall read it.
    """

    index: int
    handle: str
    _private: Private | None = field(default=None, repr=False)
    _secret: bytes = field(default=b"", repr=False)

    @classmethod
    def from_file(cls, identity: str, path: str | Path, passphrase: bytes | None = None) -> Key:
        """The private key in a file.

        Args:
            identity: `300:0.NA/88.118.8`.
            path: PEM, or a file of the Handle tools.
            passphrase: of a file that is encrypted.

        Raises:
            KeyFileError: the identity is none, the file cannot be read, or it holds no key that can be used.
        """
        index, handle = _split(identity)
        try:
            octets = Path(path).read_bytes()[: private_key.KEY_FILE_BYTES_MAX + 1]
        except OSError as error:
            raise KeyFileError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
        try:
            import cryptography  # noqa: F401
        except ImportError:
            raise KeyFileError("signing needs the package 'cryptography': install it, or 'idis[node]'") from None
        read = _read_pem if octets.lstrip().startswith(_PEM_HEAD) else _read_binary
        return cls(index, handle, read(octets, str(path), passphrase))

    @classmethod
    def from_secret(cls, identity: str, secret: bytes) -> Key:
        """A secret that both sides know. Raises KeyFileError when the identity is none."""
        return cls(*_split(identity), None, secret)

    @property
    def identity(self) -> str:
        """`index:handle`."""
        return f"{self.index}:{self.handle}"

    @property
    def signs(self) -> bool:
        """Whether it is a private key, not a secret."""
        return self._private is not None

    def make_pass(self, identifier: str, now: int) -> bytes:
        """What says, for a minute, that this identity asks for one identifier (`proto/reader_pass.py`).

        Args:
            identifier: that will be asked for.
            now: unix time.

        Raises:
            KeyFileError: a secret signs nothing.
            IdentifierError: the identifier is none.
        """
        return self._signed_pass(ReaderPass(self.identity, stored_spelling(identifier), now + PASS_S))

    def make_trace_pass(self, trace_id: bytes, purpose: str, now: int) -> bytes:
        """What says, for a minute, that this identity asks one question about a genealogy, at any node (`proto/trace.py`).

        Args:
            trace_id: of the question, 16 random octets.
            purpose: why it is asked; whoever answers keeps it in his audit trail.
            now: unix time.

        Raises:
            KeyFileError: a secret signs nothing.
        """
        return self._signed_pass(ReaderPass(self.identity, trace_audience(trace_id, purpose), now + PASS_S))

    def _signed_pass(self, unsigned: ReaderPass) -> bytes:
        if self._private is None:
            raise KeyFileError("a secret is proved to the node that knows it: a pass needs a private key")
        name, signature = _sign(self._private, unsigned.octets(), PROTOCOL_VERSION)
        return replace(unsigned, digest_name=name, signature=signature).encode()

    def answer(self, challenge: Challenge, version: Version) -> ChallengeAnswer:
        """The proof that answers a challenge, in the form of the challenge's version."""
        if self._private is None:
            proof = answer_with_secret(self._secret, challenge, secrets.token_bytes(PBKDF2_SALT_BYTES), version)
            return ChallengeAnswer(HS_SECKEY, self.handle, self.index, proof.encode())
        name, signature = _sign(self._private, challenge.octets, version)
        return ChallengeAnswer(HS_PUBKEY, self.handle, self.index, PublicKeyAnswer(name, signature).encode())


def _split(identity: str) -> tuple[int, str]:
    number, colon, handle = identity.partition(":")
    try:
        if not (colon and number.isascii() and number.isdigit() and int(number) <= INDEX_MAX):
            raise IdentifierError("it begins with an index")
        parse_identifier(handle)
    except IdentifierError as error:
        raise KeyFileError(f"{identity!r} is no identity: write INDEX:IDENTIFIER, as 300:0.NA/88.118.8 ({error})") from None
    return int(number), handle


def _sign(key: Private, octets: bytes, version: Version) -> tuple[str, bytes]:
    """The name of the digest, and the signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, padding, rsa

    match key:
        case rsa.RSAPrivateKey():
            new = version >= _RSA_SHA256_SINCE
            digest: hashes.HashAlgorithm = hashes.SHA256() if new else hashes.SHA1()
            return ("SHA-256" if new else "SHA1"), key.sign(octets, padding.PKCS1v15(), digest)
        case dsa.DSAPrivateKey():
            new = version >= _DSA_SHA256_SINCE
            return ("SHA-256" if new else "SHA1"), key.sign(octets, hashes.SHA256() if new else hashes.SHA1())
        case _:
            return _ED25519, key.sign(octets)


def _read_pem(octets: bytes, name: str, passphrase: bytes | None) -> Private:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(octets, passphrase)
    except TypeError:
        needs = "is encrypted: give its passphrase" if passphrase is None else "is not encrypted: leave the passphrase out"
        raise KeyFileError(f"{name} {needs}") from None
    except (ValueError, UnsupportedAlgorithm):
        wrong = "holds no private key" if passphrase is None else "does not open with this passphrase, or holds no private key"
        raise KeyFileError(f"{name} {wrong}; a public key or a certificate proves nothing") from None
    if isinstance(key, rsa.RSAPrivateKey | dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise KeyFileError(f"{name} holds a key of another kind than RSA, DSA and Ed25519")


def _read_binary(octets: bytes, name: str, passphrase: bytes | None) -> Private:
    try:
        file = private_key.decode_key_file(octets)
        match file:
            case ObsoleteKey():
                raise KeyFileError(f"{name} is encrypted with DES: convert it with 'hdl-convert-key', or make a new key")
            case SealedKey():
                file = private_key.decode_private_key(_open(file, name, passphrase))
    except ProtocolError as error:
        raise KeyFileError(f"{name} is no key file, or its passphrase is another one: {error}") from None
    assert isinstance(file, PrivateKey), "what is not sealed is a key"
    try:
        return _from_numbers(file)
    except ValueError as error:
        raise KeyFileError(f"{name} holds no key that can be used: {error}") from None


def _open(sealed: SealedKey, name: str, passphrase: bytes | None) -> bytes:
    import hashlib

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    if passphrase is None:
        raise KeyFileError(f"{name} is encrypted: give its passphrase")
    key = hashlib.pbkdf2_hmac("sha1", passphrase, sealed.salt, sealed.iterations, sealed.key_bits // 8)
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(sealed.iv)).decryptor()
        padded = decryptor.update(sealed.ciphertext) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise KeyFileError(f"{name} does not open with this passphrase") from None


def _from_numbers(key: PrivateKey) -> Private:
    from cryptography.hazmat.primitives.asymmetric import dsa, rsa

    match key.algorithm, key.numbers:
        case private_key.RSA_CRT, (n, e, d, p, q, dp, dq, q_inverse):
            return rsa.RSAPrivateNumbers(p, q, d, dp, dq, q_inverse, rsa.RSAPublicNumbers(e, n)).private_key()
        case private_key.DSA, (x, p, q, g):
            public = dsa.DSAPublicNumbers(pow(g, x, p), dsa.DSAParameterNumbers(p, q, g))
            return dsa.DSAPrivateNumbers(x, public).private_key()
        case _:
            raise ValueError("it lacks its public exponent and primes: convert it to PEM")
