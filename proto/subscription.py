"""Subscriptions: a node tells those that keep its answers which of them no longer hold (`tracing.md` §8.7).

Opcode SUBSCRIBE names a place in the journal and prefixes. It is answered when something below one of them has changed since,
or after a while with nothing; whoever asked then asks again from the place that the answer names. Names are told as hashes:
who kept an answer knows its name, nobody else learns that it exists.

A name that ends with a dot stands for the prefixes below it, not for their records: what has changed is then who answers for
a prefix, whether it is suspended, or where its sites are, and it is told as the hash of the prefix alone (`prefix_hash`).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgpack

from idis.proto.errors import ProtocolError
from idis.proto.flat import flat_unpacker, join_texts, split_texts
from idis.proto.identifier import PREFIX_BYTES_MAX, fold

SUBSCRIPTION_VERSION = 1
PREFIXES_MAX = 256  # in one subscription
HASHES_MAX = 4_096  # in one answer
HASH_BYTES = 8
POSITION_BYTES = 20
WAIT_MS_MAX = 20_000  # shorter than an idle connection lives

_REQUEST_FIELDS = 4
_REPLY_FIELDS = 4


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """The body of SUBSCRIBE.

    Attributes:
        position: of the journal, as an earlier answer named it; empty to begin.
        prefixes: folded; one that ends with a dot stands for the prefixes below it.
        wait_ms: after which an answer is wanted in any case.
    """

    position: bytes
    prefixes: tuple[str, ...]
    wait_ms: int

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb([SUBSCRIPTION_VERSION, self.position, join_texts(self.prefixes), self.wait_ms])
        return packed


@dataclass(frozen=True, slots=True)
class SubscribeReply:
    """The answer to SUBSCRIBE.

    Attributes:
        position: from where to ask next.
        everything: anything below the prefixes may have changed.
        hashes: of the names that have, as `name_hash` makes them.
    """

    position: bytes
    everything: bool = False
    hashes: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb([SUBSCRIPTION_VERSION, self.position, self.everything, b"".join(self.hashes)])
        return packed


def name_hash(prefix: str, suffix: str) -> bytes:
    """What an identifier is told as; spellings that differ in ASCII case only are told alike."""
    return blake2b(fold(f"{prefix}/{suffix}").encode(), digest_size=HASH_BYTES).digest()


def prefix_hash(prefix: str) -> bytes:
    """What a folded prefix is told as, when itself has changed."""
    return name_hash(prefix, "")


def read_subscribe(octets: bytes) -> SubscribeRequest:
    """Decode the body of SUBSCRIBE.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, or more than allowed.
    """
    _version, position, texts, wait_ms = _flat(octets, _REQUEST_FIELDS)
    if not isinstance(position, bytes) or len(position) not in (0, POSITION_BYTES):
        raise ProtocolError(f"a position has {POSITION_BYTES} octets, or none", offset=0)
    if not isinstance(texts, str) or texts.count("\x00") > PREFIXES_MAX:
        raise ProtocolError(f"at most {PREFIXES_MAX} prefixes", offset=0)
    if type(wait_ms) is not int or wait_ms < 0:
        raise ProtocolError("a time to wait is expected", offset=0)
    return SubscribeRequest(position, split_texts(texts), min(wait_ms, WAIT_MS_MAX))


def read_subscribe_reply(octets: bytes) -> SubscribeReply:
    """Decode the answer to SUBSCRIBE.

    Raises:
        ProtocolError: it breaks off or holds anything but the fields said.
    """
    _version, position, everything, hashes = _flat(octets, _REPLY_FIELDS)
    if not isinstance(position, bytes) or len(position) != POSITION_BYTES or not isinstance(everything, bool):
        raise ProtocolError("a position, and true or false, are expected", offset=0)
    if not isinstance(hashes, bytes) or len(hashes) % HASH_BYTES or len(hashes) > HASHES_MAX * HASH_BYTES:
        raise ProtocolError(f"at most {HASHES_MAX} hashes of {HASH_BYTES} octets", offset=0)
    parts = tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
    return SubscribeReply(position, everything, parts)


def _flat(octets: bytes, count: int) -> list[Any]:
    """The members of one flat array; none of them may hold others."""
    if not octets or octets[0] != 0x90 + count:
        raise ProtocolError(f"the body has {count} fields", offset=0)
    texts_bytes_max = PREFIXES_MAX * (PREFIX_BYTES_MAX + 1)
    unpacker = flat_unpacker(octets, str_bytes_max=texts_bytes_max, bin_bytes_max=HASHES_MAX * HASH_BYTES)
    try:
        unpacker.read_array_header()
        found = [unpacker.unpack() for _ in range(count)]
    except (msgpack.UnpackException, ValueError) as error:
        raise ProtocolError(f"no subscription: {error or 'it breaks off'}", offset=0) from None
    if unpacker.tell() != len(octets) or type(found[0]) is not int or found[0] != SUBSCRIPTION_VERSION:
        raise ProtocolError(f"only layout {SUBSCRIPTION_VERSION} is known, and nothing behind it", offset=0)
    return found
