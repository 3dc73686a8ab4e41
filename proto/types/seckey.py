"""HS_SECKEY: a shared secret (`wire.md` §7). It never shows itself in a log line or a traceback."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """The octets both sides know."""

    octets: bytes = field(repr=False)

    def opens_with(self, password: bytes) -> bool:
        """Whether `password` is the secret, or the secret is the stored form of it; takes the same time either way."""
        plain = hmac.compare_digest(self.octets, password)
        return hmac.compare_digest(self.octets, hash_password(password).octets) or plain


def decode_secret(octets: bytes) -> Secret:
    """The secret in a value's data: any octets are one."""
    return Secret(octets)


def encode_secret(secret: Secret) -> bytes:
    """The value's data."""
    return secret.octets


def hash_password(password: bytes) -> Secret:
    """The secret some tools store in place of a password: the lower-case hexadecimal SHA-1 digest."""
    return Secret(hashlib.sha1(password, usedforsecurity=False).hexdigest().encode("ascii"))
