"""Keys in files, as commands are given them."""

from __future__ import annotations

from pathlib import Path

from idis.proto.errors import DataError
from idis.registry.suites import PublicSuiteKey, SigningKey, read_public
from idis.resolver.cli.output import CommandError

KEY_FILE_BYTES_MAX = 65_536  # of one key, or of the few that are trusted
_END = b"-----END PUBLIC KEY-----"


def read_signing_key(path: Path) -> SigningKey:
    """The private key of a file that only its owner can read. Raises CommandError."""
    octets = _read(path)
    if path.stat().st_mode & 0o077:
        raise CommandError(f"{path} can be read by others than its owner: make it yours alone with 'chmod 600 {path}'")
    try:
        return SigningKey.read(octets)
    except DataError as error:
        raise CommandError(f"{path}: {error}") from None


def read_public_keys(path: Path) -> list[PublicSuiteKey]:
    """The public keys of a file, one PEM form after the other. Raises CommandError."""
    parts = [part + _END for part in _read(path).split(_END) if part.strip()]
    if not parts:
        raise CommandError(f"{path} holds no public key in PEM form")
    try:
        return [read_public(part) for part in parts]
    except DataError as error:
        raise CommandError(f"{path}: {error}; the public key is wanted, not the private one") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            octets = file.read(KEY_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    if len(octets) > KEY_FILE_BYTES_MAX:
        raise CommandError(f"{path} is longer than any key: name another file")
    return octets
