"""Cursors: where a list goes on, opaque to whoever carries it.

A cursor is the key after which the next page begins, with a digest of what was listed, so that one of another list, or
one that was tampered with by accident, is refused instead of skipping something.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b

from idis.resolver.web.v1.reading import Unfit

DIGEST_BYTES = 6  # no secret: it finds mistakes


def make_cursor(subject: str, key: bytes) -> str:
    """The cursor that goes on behind a key of a list."""
    return base64.urlsafe_b64encode(_digest(subject, key) + key).rstrip(b"=").decode("ascii")


def read_cursor(subject: str, cursor: str | None) -> bytes | None:
    """The key a list goes on behind; None for its beginning.

    Raises:
        Unfit: it is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        octets = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        octets = b""
    key = octets[DIGEST_BYTES:]
    if octets[:DIGEST_BYTES] != _digest(subject, key):
        raise Unfit("cursor", "this is no cursor of this list: take 'next' of its last page, or begin without one")
    return key


def _digest(subject: str, key: bytes) -> bytes:
    return blake2b(subject.encode("utf-8", "backslashreplace") + b"\x00" + key, digest_size=DIGEST_BYTES).digest()
