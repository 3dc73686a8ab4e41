"""IDIS.SIGNED: a record's statement with its signature, as it travels with the record (`trust.md` §3.2).

    msgpack [1, suite, kid, view, version, not_before, not_after, ttl_max, digests, signature]
    msgpack [1, suite, kid, view, version, not_before, not_after, ttl_max, digests, signature, [[index, salt] …]]

`digests` is empty when all values of the view come with it: the reader makes them anew. It is given in answers that a filter
has cut. The second form is that of a sealed view, with the salt of each value that is shown, ascending by index; those at
index 0, of digests that stand for no value, come with a whole view only.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgpack

from idis.proto.errors import ProtocolError
from idis.proto.statement import FORM, KID_BYTES, SALT_BYTES, VIEW_MAX, VIEW_PUBLIC, Statement
from idis.proto.value import INDEX_MAX, VALUES_PER_RECORD_MAX

SIGNATURE_BYTES_MAX = 1_024  # an RSA key of 8,192 bits
DIGEST_BYTES = 32  # SHA-256 and SM3
TIME_MAX = 2**63 - 1
VERSION_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement without what the record itself tells, and its signature."""

    suite: int
    kid: bytes
    version: int
    not_before: int
    not_after: int
    ttl_max: int
    signature: bytes
    digests: tuple[bytes, ...] = ()
    view: int = VIEW_PUBLIC
    salts: tuple[tuple[int, bytes], ...] = ()  # index and salt; of a sealed view

    @property
    def opened(self) -> dict[int, bytes]:
        """The salt of each value of a sealed view that is shown, by its index."""
        return {index: salt for index, salt in self.salts if index}

    def statement(self, identifier: str, digests: tuple[bytes, ...]) -> Statement:
        """The whole statement about a record in its stored spelling."""
        return Statement(
            self.suite,
            self.kid,
            identifier,
            self.version,
            self.not_before,
            self.not_after,
            self.ttl_max,
            digests,
            self.view,
        )


def encode_signed(signed: Signed) -> bytes:
    """The data of an IDIS.SIGNED value."""
    head = [FORM, signed.suite, signed.kid, signed.view, signed.version, signed.not_before, signed.not_after]
    salts = [] if signed.view == VIEW_PUBLIC else [[list(pair) for pair in signed.salts]]
    packed: bytes = msgpack.packb([*head, signed.ttl_max, list(signed.digests), signed.signature, *salts])
    return packed


def decode_signed(octets: bytes) -> Signed:
    """Read the data of an IDIS.SIGNED value.

    Raises:
        ProtocolError: another form, a field of the wrong kind or beyond its limit, or written in another way than the one.
    """
    try:
        fields = msgpack.unpackb(
            octets, max_array_len=VALUES_PER_RECORD_MAX, max_bin_len=SIGNATURE_BYTES_MAX, max_map_len=0, max_ext_len=0
        )
        form, suite, kid, view, version, not_before, not_after, ttl_max, digests, signature, *rest = fields
        signed = Signed(
            suite=whole(suite, 255),
            kid=octet_string(kid, KID_BYTES, KID_BYTES),
            version=whole(version, VERSION_MAX),
            not_before=whole(not_before, TIME_MAX),
            not_after=whole(not_after, TIME_MAX),
            ttl_max=whole(ttl_max, 2**32 - 1),
            signature=octet_string(signature, 1, SIGNATURE_BYTES_MAX),
            digests=tuple(octet_string(digest, DIGEST_BYTES, DIGEST_BYTES) for digest in digests),
            view=whole(view, VIEW_MAX),
            salts=_salts(*rest),
        )
        # Decoders accept longer forms of numbers and lengths, and octets under one signature must be one statement.
        if form != FORM or not isinstance(digests, list) or encode_signed(signed) != octets:
            raise ValueError("another form")
    except (ValueError, TypeError, msgpack.UnpackException):
        raise ProtocolError("no signed statement", offset=0) from None
    return signed


def _salts(found: object = ()) -> tuple[tuple[int, bytes], ...]:
    if not isinstance(found, list | tuple):
        raise ValueError("no list")
    salts = tuple((whole(index, INDEX_MAX), octet_string(salt, SALT_BYTES, SALT_BYTES)) for index, salt in found)
    indexes = [index for index, _ in salts if index]
    if sorted(set(salts)) != list(salts) or len(set(indexes)) != len(indexes):
        raise ValueError("salts in another order, or two for one value")
    return salts


def whole(found: object, most: int) -> int:
    """A whole number from 0 to `most`. Raises ValueError."""
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        raise ValueError("no such number")
    return found


def octet_string(found: object, least: int, most: int) -> bytes:
    """An octet string of a length. Raises ValueError."""
    if not isinstance(found, bytes) or not least <= len(found) <= most:
        raise ValueError("no such octets")
    return found
