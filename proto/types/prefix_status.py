"""IDIS.STATUS: what holds of a prefix and its keys today, said by the prefix's key or its parent's (`trust.md` §4).

    signed octets: "idis-status-v1\\0" ‖ msgpack
                   [1, suite, kid, prefix, state, epoch, revoked, min_signed_at, floors, issued, valid_until]
    data:          the same array with the signature behind it

`revoked` are names of keys that must not be believed any more, `floors` pairs of a name's hash and the lowest version of its
statement that still counts. It lives a day at most, so that nobody can keep the word of last week alive. Such values stand in
the record of the prefix they are about, at any index, one for each key that says something.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

import msgpack

from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import PREFIX_BYTES_MAX, fold, parse_prefix
from idis.proto.statement import FORM, KID_BYTES
from idis.proto.types.signed import SIGNATURE_BYTES_MAX, TIME_MAX, VERSION_MAX, octet_string, whole

STATUS_TYPE = "IDIS.STATUS"
STATUS_INDEX = 430  # and above: where our tools put them
STATUS_HEAD = b"idis-status-v1\x00"
LIFE_S_MAX = 86_400
REVOKED_MAX = 64
FLOORS_MAX = 2_048  # with 18 octets each they stay below the 64 KiB of a value
NAME_HASH_BYTES = 8


class PrefixWord(IntEnum):
    """What is said of a prefix."""

    CURRENT = 1
    SUSPENDED = 2
    REVOKED = 3


@dataclass(frozen=True, slots=True)
class PrefixStatus:
    """One status. `suite` and `kid` are the signer's; times are unix seconds; `prefix` is folded.

    Attributes:
        epoch: rises whenever a key is revoked or something is voided.
        min_signed_at: statements that begin earlier are void.
        floors: (`name_hash`, lowest version), ascending.
    """

    suite: int
    kid: bytes
    prefix: str
    word: int
    epoch: int
    issued: int
    valid_until: int
    revoked: tuple[bytes, ...] = ()
    min_signed_at: int = 0
    floors: tuple[tuple[bytes, int], ...] = ()
    signature: bytes = b""

    @property
    def age(self) -> tuple[int, int]:
        """What makes it newer than another one of the same key."""
        return self.epoch, self.issued

    def floor_of(self, spelling: str) -> int:
        """The lowest version that counts of a record in its stored spelling; 0 when any does."""
        return dict(self.floors).get(name_hash(spelling), 0)

    def octets(self) -> bytes:
        """The octets the signature covers."""
        packed: bytes = msgpack.packb(self._fields())
        return STATUS_HEAD + packed

    def encode(self) -> bytes:
        """The data of an IDIS.STATUS value."""
        packed: bytes = msgpack.packb([*self._fields(), self.signature])
        return packed

    def _fields(self) -> list[object]:
        floors = [[name, version] for name, version in self.floors]
        head = [FORM, self.suite, self.kid, self.prefix, self.word, self.epoch, list(self.revoked), self.min_signed_at]
        return [*head, floors, self.issued, self.valid_until]


def name_hash(spelling: str) -> bytes:
    """What stands for a record, in its stored spelling: who reads the status learns no names from it."""
    return hashlib.sha256(spelling.encode()).digest()[:NAME_HASH_BYTES]


def decode_status(octets: bytes) -> PrefixStatus:
    """Read the data of an IDIS.STATUS value.

    Raises:
        ProtocolError: another form, a field of the wrong kind or beyond its limit, a life longer than LIFE_S_MAX, or
            written in another way than the one.
    """
    try:
        fields = msgpack.unpackb(
            octets,
            max_array_len=FLOORS_MAX,
            max_bin_len=SIGNATURE_BYTES_MAX,
            max_str_len=PREFIX_BYTES_MAX,
            max_map_len=0,
            max_ext_len=0,
        )
        form, suite, kid, prefix, word, epoch, revoked, min_signed_at, floors, issued, valid_until, signature = fields
        if form != FORM or not isinstance(prefix, str) or fold(parse_prefix(prefix)) != prefix or len(revoked) > REVOKED_MAX:
            raise ValueError("another form")
        status = PrefixStatus(
            suite=whole(suite, 255),
            kid=octet_string(kid, KID_BYTES, KID_BYTES),
            prefix=prefix,
            word=whole(word, 255),
            epoch=whole(epoch, VERSION_MAX),
            issued=whole(issued, TIME_MAX),
            valid_until=whole(valid_until, TIME_MAX),
            revoked=tuple(octet_string(one, KID_BYTES, KID_BYTES) for one in revoked),
            min_signed_at=whole(min_signed_at, TIME_MAX),
            floors=tuple(
                (octet_string(name, NAME_HASH_BYTES, NAME_HASH_BYTES), whole(version, VERSION_MAX)) for name, version in floors
            ),
            signature=octet_string(signature, 1, SIGNATURE_BYTES_MAX),
        )
        if not 0 <= status.valid_until - status.issued <= LIFE_S_MAX or status.encode() != octets:
            raise ValueError("another form")
    except (ValueError, TypeError, IdentifierError, msgpack.UnpackException):
        raise ProtocolError("no status of a prefix", offset=0) from None
    return status
