"""IDIS.DELEGATION: whose key may sign for a prefix, said by the prefix above and agreed by the key itself (`trust.md` §3.3).

    signed octets: "idis-delegation-v1\\0" ‖ msgpack
                   [1, suite, kid, prefix, child_suite, child_key, rights, version, not_before, not_after]
    data:          the same array with two signatures behind it: the parent's, and the child's over the same octets, which
                   proves that it has the key

Such values stand in the record of the prefix they are about, at any index.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import msgpack

from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import PREFIX_BYTES_MAX, fold, parse_prefix
from idis.proto.statement import FORM, KID_BYTES, kid_of
from idis.proto.types.signed import SIGNATURE_BYTES_MAX, TIME_MAX, VERSION_MAX, octet_string, whole

DELEGATION_TYPE = "IDIS.DELEGATION"
DELEGATION_INDEX = 420  # and above: where our tools put them
DELEGATION_HEAD = b"idis-delegation-v1\x00"
KEY_BYTES_MAX = 1_100  # SubjectPublicKeyInfo of an RSA key of 8,192 bits


class DelegationRight(IntFlag):
    """What the child's key may do."""

    SIGN = 1  # sign records of the prefix
    DELEGATE = 2  # delegate prefixes below it
    NAME_SIGNERS = 4  # let other keys sign records of the prefix
    TAKE_OVER = 8  # act for it in an emergency


EVERYTHING = 15


@dataclass(frozen=True, slots=True)
class KeyDelegation:
    """One link of a chain. `suite` and `kid` are the parent's; times are unix seconds; `prefix` is folded."""

    suite: int
    kid: bytes
    prefix: str
    child_suite: int
    child_key: bytes
    rights: int
    version: int
    not_before: int
    not_after: int
    parent_signature: bytes = b""
    child_signature: bytes = b""

    @property
    def child_kid(self) -> bytes:
        """The name of the child's key."""
        return kid_of(self.child_suite, self.child_key)

    @property
    def child_speaks(self) -> bool:
        """Whether the child's key may say what holds of the prefix (IDIS.STATUS): not a mere signer; the parent always may."""
        return bool(self.rights & (DelegationRight.DELEGATE | DelegationRight.NAME_SIGNERS))

    def octets(self) -> bytes:
        """The octets that both signatures cover."""
        packed: bytes = msgpack.packb(self._fields())
        return DELEGATION_HEAD + packed

    def encode(self) -> bytes:
        """The data of an IDIS.DELEGATION value."""
        packed: bytes = msgpack.packb([*self._fields(), self.parent_signature, self.child_signature])
        return packed

    def _fields(self) -> list[object]:
        head = [FORM, self.suite, self.kid, self.prefix, self.child_suite, self.child_key]
        return [*head, self.rights, self.version, self.not_before, self.not_after]


def decode_delegation(octets: bytes) -> KeyDelegation:
    """Read the data of an IDIS.DELEGATION value.

    Raises:
        ProtocolError: another form, a field of the wrong kind or beyond its limit, or written in another way than the one.
    """
    try:
        fields = msgpack.unpackb(octets, max_array_len=12, max_bin_len=KEY_BYTES_MAX, max_str_len=PREFIX_BYTES_MAX, max_map_len=0)
        form, suite, kid, prefix, child_suite, child_key, rights, version, not_before, not_after, parent, child = fields
        if form != FORM or not isinstance(prefix, str) or fold(parse_prefix(prefix)) != prefix:
            raise ValueError("another form")
        delegation = KeyDelegation(
            suite=whole(suite, 255),
            kid=octet_string(kid, KID_BYTES, KID_BYTES),
            prefix=prefix,
            child_suite=whole(child_suite, 255),
            child_key=octet_string(child_key, 1, KEY_BYTES_MAX),
            rights=whole(rights, EVERYTHING),
            version=whole(version, VERSION_MAX),
            not_before=whole(not_before, TIME_MAX),
            not_after=whole(not_after, TIME_MAX),
            parent_signature=octet_string(parent, 1, SIGNATURE_BYTES_MAX),
            child_signature=octet_string(child, 1, SIGNATURE_BYTES_MAX),
        )
        if delegation.encode() != octets:
            raise ValueError("another form")
    except (ValueError, TypeError, IdentifierError, msgpack.UnpackException):
        raise ProtocolError("no delegation of a key", offset=0) from None
    return delegation
