"""What an owner signs of a record, once, when it is written (`trust.md` §3.1): the octets, and what stands for each value.

    "idis-record-v1\\0" ‖ msgpack [1, suite, kid, identifier, view, version, not_before, not_after, ttl_max, [d₁ … dₙ]]

Arrays, unsigned integers in their shortest form, octet strings and UTF-8 text only: there is one way to write a statement
down. A digest stands for a value's index, TTL, permissions, type, data and references; not for its timestamp, which the
server sets. The list of digests is complete, so that a value that was added shows as well as one that is gone. Signing and
verifying take a library and belong to the caller.

One value is beside all statements: the recall flag that a node adds to a signed record, whose own one it cannot change. It
says that a thing must not be used, and whoever adds or withholds it forges nothing that the owner said.

View 0 is of what everybody may read. The others are *sealed*: each digest covers 16 random octets in front of its value, some
cover nothing else and stand for no value, and the list is in the order of the digests. Whoever is shown one value with its
salt and the list can verify it, and learns of the others neither what nor where they are, nor how many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import msgpack

from idis.proto.identifier import fold, parse_identifier, prefix_handle
from idis.proto.sm3 import sm3
from idis.proto.value import Value, encode_value

RECORD_HEAD = b"idis-record-v1\x00"
FORM = 1
KID_BYTES = 8
VIEW_PUBLIC = 0  # of what everybody may read
VIEW_FULL = 1  # of what the owner and auditors may read
VIEW_GROUPS = 2  # the first of those of groups of readers
VIEW_MAX = 11  # so that ten groups have one each
SALT_BYTES = 16
SEALED_PADDED_TO = 4  # digests of a sealed view are a multiple, so that one value passed on does not tell how many there are

SIGNED_TYPE = "IDIS.SIGNED"  # the value that carries a statement; `proto/types/signed.py`
SIGNED_INDEX = 410
NODE_FLAG_TYPE = "recallFlag"
NODE_FLAG_INDEX = 1003  # beside 1001 and 1002, which the node writes too

_TIMESTAMP = slice(4, 8)  # of an encoded value


class Suite(IntEnum):
    """Algorithms by number; an unknown one is carried, not judged."""

    ED25519 = 1  # with SHA-256; every verifier knows it
    SM2 = 2  # with SM3; where a library is installed
    RSA = 3  # PKCS#1 v1.5 with SHA-256, at least 2,048 bits


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed of one view of a record. Times are unix seconds; `digests` ascend by index; empty for a deletion."""

    suite: int
    kid: bytes
    identifier: str  # as `stored_spelling` gives it
    version: int  # rises with every change of the view, beyond deletion too
    not_before: int
    not_after: int
    ttl_max: int  # seconds a cache may keep it, whatever the answer says
    digests: tuple[bytes, ...]
    view: int = VIEW_PUBLIC

    def octets(self) -> bytes:
        """The octets a signature covers."""
        fields = [FORM, self.suite, self.kid, self.identifier, self.view, self.version, self.not_before, self.not_after]
        packed: bytes = msgpack.packb([*fields, self.ttl_max, list(self.digests)])
        return RECORD_HEAD + packed


def stored_spelling(identifier: str, *, exact: bool = False) -> str:
    """The one spelling of an identifier in a statement, whatever the case in which it is asked for.

    Args:
        identifier: in any spelling.
        exact: its prefix compares suffixes letter by letter. A zero octet then stands for the slash, so that no statement
            about `a1` there is one about `A1` where case does not matter.

    Raises:
        IdentifierError: it is none.
    """
    parsed = parse_identifier(identifier)
    prefix = parsed.folded_prefix
    if parsed.suffix is None:
        return prefix_handle(prefix)
    return f"{prefix}\x00{parsed.suffix}" if exact else f"{prefix}/{fold(parsed.suffix)}"


def kid_of(suite: int, public_key: bytes) -> bytes:
    """The name of a key: it selects, and proves nothing.

    Args:
        suite: of the key.
        public_key: 32 octets of Ed25519, x ‖ y of SM2, SubjectPublicKeyInfo in DER of RSA.
    """
    return hashlib.sha256(bytes((suite & 0xFF,)) + public_key).digest()[:KID_BYTES]


def signable(value: Value) -> bool:
    """Whether the public statement of a record is about this value: all that everybody may read, but itself."""
    return value.public and value.type != SIGNED_TYPE and not is_node_flag(value)


def is_node_flag(value: Value) -> bool:
    """Whether a value is the recall flag that the node has added to a signed record; no statement is about it."""
    return value.index == NODE_FLAG_INDEX and value.type == NODE_FLAG_TYPE


def digest_of(value: Value, suite: int) -> bytes:
    """What stands for a value in a statement: SM3 in suite 2, SHA-256 in all others."""
    octets = bytearray(encode_value(value))
    del octets[_TIMESTAMP]
    return sm3(bytes(octets)) if suite == Suite.SM2 else hashlib.sha256(octets).digest()


def is_sealed(value: Value) -> bool:
    """Whether a value carries the statement of another view than the public one, by its index."""
    return value.type == SIGNED_TYPE and SIGNED_INDEX + VIEW_FULL <= value.index <= SIGNED_INDEX + VIEW_MAX


def sealed_digest(value: Value | None, salt: bytes, suite: int) -> bytes:
    """What stands for a value in a sealed view; with None, what stands for no value, and for none can be mistaken."""
    octets = bytearray(b"" if value is None else encode_value(value))
    del octets[_TIMESTAMP]
    octets[:0] = salt
    return sm3(bytes(octets)) if suite == Suite.SM2 else hashlib.sha256(octets).digest()


def digests_of(values: Iterable[Value], suite: int) -> tuple[bytes, ...]:
    """The digests of the values a public statement is about, ascending by index."""
    return tuple(digest_of(value, suite) for value in sorted(filter(signable, values), key=lambda value: value.index))
