"""How edges lie in the store: keys and rows of the `edge` table (`storage.md` §3, `tracing.md` §4.4).

A key is `thing 0 slot …`: whose row it is, and what it says of it. An edge has two rows, one under each end, so that both
ends find it by one look-up. The slots are numbered so that all a walk forward reads of a thing lies in one span, and all a
walk back reads likewise; what else is known of a thing (its life, what was said of its content) lies behind.

An edge is never changed: it is retracted, and another one recorded. So its row holds two times of knowledge, and its key the
earlier of them; the tag at its end tells apart what several sources say of the same two things at the same moment.

A name longer than PART_BYTES_MAX, or with a zero octet, is replaced by `ff` and its hash, as in every key of the store; the
row then holds it in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgpack

from idis.registry.packing import packed
from idis.registry.trace.edge import ALWAYS_MS, Certainty, Edge, EdgeKind

PART_BYTES_MAX = 190  # of a name: two of them, two times and a tag stay inside a key of 480 octets
TAG_BYTES = 8
EVENTS = bytes(TAG_BYTES)  # the tag of what all events together say of a thing inside another

SOURCES_KEPT_MAX = 4_096  # event ids as text: one event often tells of many edges
PLAIN_ROWS_KEPT_MAX = 256  # those of the event at hand, and of the last few
ROWS_KEPT_MAX = 4_096  # as they were read
ROW_KEPT_BYTES_MAX = 512  # longer ones are rare
HEADS_KEPT_MAX = 8_192  # of names: each thing of an event begins five keys; of long names, 16 MiB

HASHED = 0xFF  # what a key begins with that holds a hash in place of a name
_HASH_BYTES = 32
_BIAS = 2**63  # times before 1970 sort before those after it
_TAIL_BYTES = 8 + TAG_BYTES  # recorded, tag
_BEHIND_TAIL = b"\xff" * (_TAIL_BYTES + 1)
_HASH_DIGITS = re.compile("[0-9a-f]{64}")
_HASH_URI = ("ni:///sha-256;", "?ver=CBV2.0")  # an event named by its content is kept as 32 octets

_POSSIBLE = 1
_CLASS = 2

_POSSIBLY, _CERTAINLY = Certainty.POSSIBLE, Certainty.CERTAIN

Row = tuple[bytes, bytes]


class Slot(IntEnum):
    """What a row says of the thing in front of it."""

    PART_OF = 1  # A: it is in another one
    PACKED_IN = 2  # G: it is in a container
    ITEMS = 3  # M: it is a lot, the other one belongs to it
    RESULTS = 4  # T: the other one was made from it
    SUCCEEDS = 5  # X: it is the newer one
    SUCCEEDED = 6  # X: it is the older one
    MEMBER_OF = 7  # M: it belongs to a lot
    MADE_FROM = 8  # T: it was made from the other one
    PARTS = 9  # A: the other one is in it
    CONTENTS = 10  # G: it is a container
    LIFE = 11  # an event that names it
    FACT = 12  # what an event says of its content, for intervals
    PROCESS = 13  # what went into a transformation and came out, for joins
    EVENT = 14  # an event whose edges were derived
    BEARER = 15  # a factor: what has it
    FACTOR = 16  # a thing: a factor it has
    POINTER = 17  # a prefix below which others have edges of it
    DUE = 18  # a foreign thing whose home is to be told that there are edges of it here
    FLAGGED = 19  # what an event says of it lies on these things, too
    FLAGGED_BY = 20  # whose word lies on it
    OWN_FLAG = 21  # what its record said of itself before
    MENTION = 22  # what is no thing: an event that names it


FORWARD = (Slot.PART_OF, Slot.SUCCEEDED)  # first and last slot of a walk forward
FORWARD_AND_LOTS = (Slot.PART_OF, Slot.MEMBER_OF)
BACK = (Slot.SUCCEEDS, Slot.CONTENTS)
EDGES = (Slot.PART_OF, Slot.CONTENTS)

UP = {
    EdgeKind.PART_OF: Slot.PART_OF,
    EdgeKind.PACKED_IN: Slot.PACKED_IN,
    EdgeKind.MEMBER_OF: Slot.MEMBER_OF,
    EdgeKind.MADE_FROM: Slot.MADE_FROM,
    EdgeKind.SUCCEEDS: Slot.SUCCEEDS,
}
DOWN = {
    EdgeKind.PART_OF: Slot.PARTS,
    EdgeKind.PACKED_IN: Slot.CONTENTS,
    EdgeKind.MEMBER_OF: Slot.ITEMS,
    EdgeKind.MADE_FROM: Slot.RESULTS,
    EdgeKind.SUCCEEDS: Slot.SUCCEEDED,
}
_KIND = {int(slot): kind for slots in (UP, DOWN) for kind, slot in slots.items()}
_IS_UP = frozenset(int(slot) for slot in UP.values())
_OCTETS = [bytes((number,)) for number in range(max(Slot) + 2)]
_ENDS = {kind: (bytes((UP[kind],)), bytes((DOWN[kind],))) for kind in EdgeKind}


@lru_cache(HEADS_KEPT_MAX)
def head(name: str) -> bytes:
    """What the keys of a thing begin with: its name, hashed where it is long, and the octet that ends it."""
    octets = name.encode()
    if len(octets) > PART_BYTES_MAX or b"\x00" in octets:
        octets = bytes((HASHED,)) + blake2b(octets, digest_size=_HASH_BYTES).digest()
    return octets + b"\x00"


def is_hashed(name: str) -> bool:
    """Whether keys hold a hash in place of a name."""
    return head(name)[0] == HASHED


def span(name: str, first: int, last: int) -> tuple[bytes, bytes]:
    """The rows of a thing from one slot to another, inclusive."""
    own = head(name)
    return own + _OCTETS[first], own + _OCTETS[last + 1]


def time_key(time_ms: int) -> bytes:
    """A time as it sorts in keys."""
    return (time_ms + _BIAS).to_bytes(8, "big")


def time_of(octets: bytes) -> int:
    """The reverse of `time_key`."""
    return int.from_bytes(octets, "big") - _BIAS


@lru_cache(SOURCES_KEPT_MAX)
def tag_of(origin: str) -> bytes:
    """What tells apart rows that speak of the same things at the same moment: made from who says so."""
    return blake2b(origin.encode(), digest_size=TAG_BYTES).digest() if origin else EVENTS


def rows_of(edge: Edge, tag: bytes = EVENTS) -> dict[bytes, bytes]:
    """The two rows of an edge, ready for the store.

    Args:
        edge: the edge.
        tag: see `tag_of`.
    """
    child, parent = head(edge.child), head(edge.parent)
    begun, recorded = time_key(edge.from_ms), time_key(edge.recorded_ms) + tag
    up, down = _ENDS[edge.kind]
    row = _pack(edge, hashed=child[0] == HASHED or parent[0] == HASHED)
    return {child + up + begun + parent + recorded: row, parent + down + begun + child + recorded: row}


def rows_alike(edge: Edge, children: Iterable[str], tag: bytes = EVENTS) -> dict[bytes, bytes]:
    """`rows_of` of edges that differ in their child alone: what one event opens is made in one go."""
    parent, up_down = head(edge.parent), _ENDS[edge.kind]
    begun, recorded = time_key(edge.from_ms), time_key(edge.recorded_ms) + tag
    above, below = up_down[0] + begun + parent + recorded, parent + up_down[1] + begun
    row = _pack(edge, hashed=False)
    found: dict[bytes, bytes] = {}
    for child in children:
        own = head(child)
        if own[0] == HASHED or parent[0] == HASHED:
            found.update(rows_of(edge._replace(child=child), tag))
        else:
            found[own + above] = found[below + own + recorded] = row
    return found


def moment_span(edge_kind: EdgeKind, child: str, parent: str, from_ms: int) -> tuple[bytes, bytes]:
    """The rows, under the child, of every edge of one kind between two things that begins at one moment."""
    start = head(child) + _ENDS[edge_kind][0] + time_key(from_ms) + head(parent)
    return start, start + _BEHIND_TAIL


def edge_of(key: bytes, row: bytes, thing: str) -> Edge:
    """The edge of a row that lies under a thing."""
    at = key.index(0) if key[0] != HASHED else _HASH_BYTES + 1
    slot = key[at + 1]
    told = _told_of(row) if len(row) <= ROW_KEPT_BYTES_MAX else _told(row)
    to_ms, retracted_ms, quantity, uom, certainty, reasons, source, holder, of_class, names = told
    if names:  # the key only holds the hash of one
        child, parent = names
    else:
        other = key[at + 10 : -_TAIL_BYTES - 1].decode()
        child, parent = (thing, other) if slot in _IS_UP else (other, thing)
    return Edge(
        _KIND[slot],
        child,
        parent,
        int.from_bytes(key[at + 2 : at + 10], "big") - _BIAS,
        to_ms,
        int.from_bytes(key[-_TAIL_BYTES:-TAG_BYTES], "big") - _BIAS,
        retracted_ms,
        quantity,
        uom,
        certainty,
        reasons,
        source,
        holder,
        of_class,
    )


_Told = tuple[int, int, Decimal | None, str, Certainty, tuple[str, ...], str, str, bool, tuple[str, str] | None]


def _told(row: bytes) -> _Told:
    """What a row says of its edge beside its key."""
    flags, source, holder, *rest = msgpack.unpackb(row)
    ended, retracted, amount, uom, reasons, names = rest + _ABSENT[len(rest) :]
    return (
        ALWAYS_MS if ended is None else ended,
        ALWAYS_MS if retracted is None else retracted,
        None if amount is None else Decimal(amount),
        uom,
        _POSSIBLY if flags & _POSSIBLE else _CERTAINLY,
        tuple(reasons),
        source if isinstance(source, str) else _hash_uri(source),
        holder,
        flags >= _CLASS,
        names and (names[0], names[1]),
    )


_told_of = lru_cache(ROWS_KEPT_MAX)(_told)  # what one event opens has the same rows, and a walk meets them together


@lru_cache(SOURCES_KEPT_MAX)
def _hash_uri(digest: bytes) -> str:
    return _HASH_URI[0] + digest.hex() + _HASH_URI[1]


def begun_ms(key: bytes) -> int:
    """When the edge of a row begins."""
    at = key.index(0) if key[0] != HASHED else _HASH_BYTES + 1
    return int.from_bytes(key[at + 2 : at + 10], "big") - _BIAS


def edge_tag(key: bytes) -> bytes:
    """The tag of an edge's row."""
    return key[-TAG_BYTES:]


def is_edge(key: bytes) -> bool:
    """Whether a row is that of an edge: all others have no other end."""
    return key[key.index(0) + 1 if key[0] != HASHED else _HASH_BYTES + 2] in _KIND


def mirror(key: bytes) -> bytes | None:
    """The key of an edge's other row; None for rows that are no edge's."""
    at = key.index(0) if key[0] != HASHED else _HASH_BYTES + 1
    slot = key[at + 1]
    kind = _KIND.get(slot)
    if kind is None:
        return None
    other_slot = (DOWN if slot in _IS_UP else UP)[kind]
    begun, other, tail = key[at + 2 : at + 10], key[at + 10 : -_TAIL_BYTES], key[-_TAIL_BYTES:]
    return other + bytes((other_slot,)) + begun + key[: at + 1] + tail


def pack(members: list[Any]) -> bytes:
    """A row of another slot; trailing members that are empty are left out."""
    end = len(members)
    while end and not members[end - 1]:
        end -= 1
    return packed(members[:end])


def unpack(row: bytes, length: int) -> list[Any]:
    """The members of a row that `pack` made; absent ones are None."""
    values: list[Any] = msgpack.unpackb(row)
    values.extend([None] * (length - len(values)))
    return values


_ABSENT: list[Any] = [None, None, None, "", (), None]  # to, retracted, quantity, unit, reasons, names


def _pack(edge: Edge, *, hashed: bool) -> bytes:
    flags = (_POSSIBLE if edge.certainty is _POSSIBLY else 0) | (_CLASS if edge.of_class else 0)
    plain = edge.to_ms == edge.retracted_ms == ALWAYS_MS and edge.quantity is None
    if plain and not edge.uom and not edge.reasons and not hashed:
        return _plain_row(flags, edge.source, edge.holder)
    rest: list[Any] = [
        None if edge.to_ms == ALWAYS_MS else edge.to_ms,
        None if edge.retracted_ms == ALWAYS_MS else edge.retracted_ms,
        None if edge.quantity is None else str(edge.quantity),
        edge.uom,
        edge.reasons,
        (edge.child, edge.parent) if hashed else None,
    ]
    while rest[-1] in (None, "", ()):
        rest.pop()
    return packed([flags, _source_of(edge.source), edge.holder, *rest])


@lru_cache(PLAIN_ROWS_KEPT_MAX)
def _plain_row(flags: int, source: str, holder: str) -> bytes:
    """The row of an edge of which there is no more to say: all that one event opens have the same."""
    return packed([flags, _source_of(source), holder])


def _source_of(source: str) -> str | bytes:
    first, last = _HASH_URI
    if source.startswith(first) and source.endswith(last):
        digits = source[len(first) : -len(last)]
        if _HASH_DIGITS.fullmatch(digits):
            return bytes.fromhex(digits)
    return source
