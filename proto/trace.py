"""Tracing between nodes: one step of a walk, asked of the node that has the edges (`tracing.md` §8).

Opcode EXPAND asks for the edges of up to 500 things, POINTER tells the home of a foreign thing who else has edges of it.
Both bodies are flat msgpack arrays of fixed length. Many texts travel as one, parted by zero octets, and many numbers as one
string of octets, so that nothing nests and a cap is compared before an element exists. An edge names its texts by their
place among the texts of the message: a name that comes a thousand times is sent once.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple

import msgpack

from idis.proto.errors import ProtocolError
from idis.proto.flat import FlatReader, join_texts, split_texts
from idis.proto.identifier import IDENTIFIER_BYTES_MAX

TRACE_VERSION = 3
ASKS_MAX = 500  # things in one request
EDGES_MAX = 10_000  # in one answer; what is left is asked for again
POINTERS_MAX = 4_096  # in one answer
TOMBSTONES_MAX = 500  # in one answer
TEXTS_MAX = 65_536  # in one answer: every edge may name two things, a source and a holder that no other names
TEXT_BYTES_MAX = 3_145_728  # of all texts of one message
CURSOR_BYTES_MAX = 640
VISITED_MAX = 64  # nodes on the way, as many as one question may ask
TRACE_ID_BYTES = 16
PURPOSE_CHARACTERS_MAX = 64
PROOF_BYTES_MAX = 4_096
MESSAGE_CHARACTERS_MAX = 300
PSEUDONYM = "~"  # what a name begins with that stands for another one: no identifier and no URI does

_NONE = 0xFFFF_FFFF
_KINDS = "MTAGX"
_KINDS_AT = {kind: at for at, kind in enumerate(_KINDS)}
_CERTAIN, _OF_CLASS = 1, 2
_WINDOW = struct.Struct(">qq")
_EDGE = struct.Struct(">IBBIIqqqqIIIII")
_POINTER = struct.Struct(">IIq")
_PAIR = struct.Struct(">II")
_CURSOR = struct.Struct(">IH")
_REQUEST_FIELDS = 16
_REPLY_FIELDS = 10
_TELL_FIELDS = 5
_STONE_FIELDS = 6
_STEPS_MAX = 5


class AskRow(NamedTuple):
    """The edges of a thing that matter during `[from_ms, to_ms)`; `cursor` goes on where an answer was cut."""

    thing: str
    from_ms: int
    to_ms: int
    cursor: bytes = b""


class EdgeRow(NamedTuple):
    """An edge, and the asked thing it was found under. `quantity` is a decimal number as text, `reasons` are lines.

    `of_class`: the child is so much of a class or lot, not one thing.
    """

    of: str
    kind: str
    certain: bool
    child: str
    parent: str
    from_ms: int
    to_ms: int
    recorded_ms: int
    retracted_ms: int
    quantity: str
    uom: str
    reasons: str
    source: str
    holder: str
    of_class: bool = False


class PointerRow(NamedTuple):
    """Below whose prefix more edges of a thing lie, and when that was said."""

    thing: str
    prefix: str
    told_ms: int


class StoneRow(NamedTuple):
    """A branch that could not be followed: `step` is 0 resolve, 1 connect, 2 authorise, 3 validate, 4 limit."""

    thing: str
    prefix: str
    step: int
    code: int
    message: str
    retriable: bool


@dataclass(frozen=True, slots=True)
class ExpandRequest:
    """The body of EXPAND.

    Attributes:
        trace_id: of the question, TRACE_ID_BYTES; every node it reaches sees the same.
        prefix: in whose name an answer is wanted, folded.
        purpose: why; in the audit trail of whoever answers.
        proof: the pass of whoever asks, for this trace (`reader_pass.py`).
        forward: the direction.
        lots: going forward, also the lots of items.
        as_of_ms, known_ms: the moment it is about, and of knowledge; None for all of time, and for now.
        depth, edges, ms: what is left of the question's budget.
        visited: the prefixes that handed it on, in their order.
        asks: at most ASKS_MAX.
    """

    trace_id: bytes
    prefix: str
    purpose: str
    proof: bytes
    forward: bool
    lots: bool
    as_of_ms: int | None
    known_ms: int | None
    depth: int
    edges: int
    ms: int
    visited: tuple[str, ...]
    asks: tuple[AskRow, ...]

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb(
            [
                TRACE_VERSION,
                self.trace_id,
                self.prefix,
                self.purpose,
                self.proof,
                self.forward,
                self.lots,
                self.as_of_ms,
                self.known_ms,
                self.depth,
                self.edges,
                self.ms,
                join_texts(self.visited),
                join_texts(ask.thing for ask in self.asks),
                b"".join(_WINDOW.pack(ask.from_ms, ask.to_ms) for ask in self.asks),
                _pack_left((at, ask.cursor) for at, ask in enumerate(self.asks) if ask.cursor),
            ]
        )
        return packed


@dataclass(frozen=True)
class ExpandReply:
    """The answer to EXPAND.

    Attributes:
        edges: of the asked things, and of the pseudonyms in them.
        left: places among the asks of those that were not answered to their end, each with its cursor.
        pointers: who else to ask.
        tombstones: what could not be found out.
        aliases: for asked things, under which name whoever asks may see them; none may be shown for others.
        named: he may see all of them by their own names.
        edges_read: what it cost.
        told_ms: of the newest change that is in it, unix time.
    """

    edges: tuple[EdgeRow, ...] = ()
    left: tuple[tuple[int, bytes], ...] = ()
    pointers: tuple[PointerRow, ...] = ()
    tombstones: tuple[StoneRow, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    edges_read: int = 0
    told_ms: int = 0
    named: bool = False

    def encode(self) -> bytes:
        """The body's octets; made once."""
        return self._octets

    @cached_property
    def _octets(self) -> bytes:
        # A text is given its place where it is first named; that of the empty one is none.
        texts: defaultdict[str, int] = defaultdict(count().__next__)
        texts[""] = _NONE
        edges = _pack_edges(self.edges, texts)
        pointers = b"".join([_POINTER.pack(texts[thing], texts[prefix], told_ms) for thing, prefix, told_ms in self.pointers])
        aliases = b"".join([_PAIR.pack(texts[name], texts[shown]) for name, shown in self.aliases])
        del texts[""]
        packed: bytes = msgpack.packb(
            [
                TRACE_VERSION,
                join_texts(texts),
                edges,
                _pack_left(self.left),
                pointers,
                aliases,
                self.edges_read,
                self.told_ms,
                [list(stone) for stone in self.tombstones],
                self.named,
            ]
        )
        return packed


@dataclass(frozen=True, slots=True)
class PointerTelling:
    """The body of POINTER: the node that answers for `prefix` has edges of these things.

    `ways` holds an octet for each: 1 they lead forward, 2 back, 3 both.
    """

    prefix: str
    told_ms: int
    things: tuple[str, ...]
    ways: bytes

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb([TRACE_VERSION, self.prefix, self.told_ms, join_texts(self.things), self.ways])
        return packed


def trace_audience(trace_id: bytes, purpose: str) -> str:
    """What the pass of whoever asks is for: one trace and one purpose, at any node."""
    return f"trace {trace_id.hex()} {purpose}"


def read_expand(octets: bytes) -> ExpandRequest:
    """Decode the body of EXPAND.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, or more than allowed.
    """
    fields = _Fields(octets, _REQUEST_FIELDS)
    trace_id, prefix, purpose, proof = fields.octets(), fields.text(), fields.text(), fields.octets()
    fields.expect(len(trace_id) == TRACE_ID_BYTES, f"a trace's id has {TRACE_ID_BYTES} octets")
    fields.expect(0 < len(purpose) <= PURPOSE_CHARACTERS_MAX, "a purpose is a short text")
    fields.expect(len(proof) <= PROOF_BYTES_MAX, "the proof is too long")
    forward, lots, as_of_ms, known_ms = fields.truth(), fields.truth(), fields.moment(), fields.moment()
    depth, edges, ms = fields.number(), fields.number(), fields.number()
    visited, things = fields.texts(VISITED_MAX), fields.texts(ASKS_MAX)
    windows, cursors = fields.octets(), fields.octets()
    fields.end()
    fields.expect(bool(things) and len(windows) == len(things) * _WINDOW.size, "every thing has one window")
    told = _read_cursors(cursors, len(things))
    spans = _WINDOW.iter_unpack(windows)
    asks = [AskRow(thing, begun, ended, cursor) for thing, (begun, ended), cursor in zip(things, spans, told, strict=True)]
    return ExpandRequest(
        trace_id, prefix, purpose, proof, forward, lots, as_of_ms, known_ms, depth, edges, ms, visited, tuple(asks)
    )


def read_expand_reply(octets: bytes) -> ExpandReply:
    """Decode the answer to EXPAND.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, or more than allowed.
    """
    fields = _Fields(octets, _REPLY_FIELDS)
    texts = fields.texts(TEXTS_MAX)
    edges = fields.rows(_EDGE, EDGES_MAX)
    left = fields.octets()
    pointers, aliases = fields.rows(_POINTER, POINTERS_MAX), fields.rows(_PAIR, TEXTS_MAX)
    edges_read, told_ms = fields.number(), fields.whole()
    stones, named = fields.stones(), fields.truth()
    fields.end()
    try:
        return ExpandReply(
            _read_edges(edges, texts),
            _read_left(left),
            tuple([PointerRow(texts[thing], texts[prefix], told) for thing, prefix, told in _POINTER.iter_unpack(pointers)]),
            stones,
            tuple([(texts[name], texts[shown]) for name, shown in _PAIR.iter_unpack(aliases)]),
            edges_read,
            told_ms,
            named,
        )
    except LookupError:
        raise ProtocolError("a text is named that is not there", offset=0) from None


def read_pointer(octets: bytes) -> PointerTelling:
    """Decode the body of POINTER.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, or more than allowed.
    """
    fields = _Fields(octets, _TELL_FIELDS)
    prefix, told_ms, things, ways = fields.text(), fields.whole(), fields.texts(ASKS_MAX), fields.octets()
    fields.end()
    fields.expect(len(ways) == len(things) and all(way in (1, 2, 3) for way in ways), "every thing has its ways")
    return PointerTelling(prefix, told_ms, things, ways)


class _Fields(FlatReader):
    """The members of one message of a trace."""

    def __init__(self, octets: bytes, count: int) -> None:
        super().__init__(octets, "message of a trace", str_bytes_max=TEXT_BYTES_MAX, bin_bytes_max=max(len(octets), 1))
        self.expect(self.header() == count, f"the body has {count} fields")
        self.expect(self.number() == TRACE_VERSION, f"only layout {TRACE_VERSION} is known")

    def whole(self) -> int:
        """A whole number."""
        found = self.member()
        self.expect(_is_whole(found), "a whole number is expected")
        return int(found)

    def number(self) -> int:
        """A whole number from 0."""
        found = self.whole()
        self.expect(found >= 0, "a number from 0 is expected")
        return found

    def moment(self) -> int | None:
        """A whole number or nothing."""
        found = self.member()
        self.expect(found is None or _is_whole(found), "a time or nothing is expected")
        return None if found is None else int(found)

    def text(self) -> str:
        """A text as long as a name at most."""
        found = self.member()
        self.expect(isinstance(found, str) and len(found) <= IDENTIFIER_BYTES_MAX and "\x00" not in found, "a text is expected")
        return str(found)

    def texts(self, count_max: int) -> tuple[str, ...]:
        """Many texts."""
        found = self.member()
        self.expect(isinstance(found, str), "texts are expected")
        self.expect(found.count("\x00") <= count_max, f"more than {count_max} texts")
        return split_texts(found)

    def rows(self, layout: struct.Struct, count_max: int) -> bytes:
        """The octets of many rows of numbers."""
        found = self.octets()
        self.expect(len(found) % layout.size == 0, "rows of a fixed length are expected")
        self.expect(len(found) <= count_max * layout.size, f"more than {count_max} rows")
        return found

    def stones(self) -> tuple[StoneRow, ...]:
        """Tombstones."""
        count = self.header()
        self.expect(count <= TOMBSTONES_MAX, f"more than {TOMBSTONES_MAX} tombstones")
        return tuple(self._stone() for _ in range(count))

    def end(self) -> None:
        """Nothing may follow."""
        self.expect(self.ended, "octets after the last field")

    def _stone(self) -> StoneRow:
        self.expect(self.header() == _STONE_FIELDS, f"a tombstone has {_STONE_FIELDS} fields")
        thing, prefix, step, code, message = self.text(), self.text(), self.number(), self.number(), self.text()
        stone = StoneRow(thing, prefix, step, code, message[:MESSAGE_CHARACTERS_MAX], self.truth())
        self.expect(stone.step < _STEPS_MAX, "a tombstone's step is none of those known")
        return stone


def _is_whole(found: object) -> bool:
    return type(found) is int and -(2**63) <= found < 2**63


def _pack_left(cursors: Iterable[tuple[int, bytes]]) -> bytes:
    """Cursors, each behind its place and its length."""
    return b"".join(_CURSOR.pack(at, len(cursor)) + cursor for at, cursor in cursors)


def _read_cursors(octets: bytes, count: int) -> list[bytes]:
    told = [b""] * count
    for at, cursor in _read_left(octets):
        if at >= count:
            raise ProtocolError("a cursor of nothing", offset=0)
        told[at] = cursor
    return told


def _read_left(octets: bytes) -> tuple[tuple[int, bytes], ...]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(octets):
        head = octets[at : at + _CURSOR.size]
        if len(head) < _CURSOR.size or len(found) >= ASKS_MAX:
            raise ProtocolError("cursors that break off, or too many", offset=at)
        place, length = _CURSOR.unpack(head)
        begin, end = at + _CURSOR.size, at + _CURSOR.size + length
        if length > CURSOR_BYTES_MAX or end > len(octets):
            raise ProtocolError("a cursor that is too long or breaks off", offset=at)
        found.append((place, octets[begin:end]))
        at = end
    return tuple(found)


def _pack_edges(edges: Iterable[EdgeRow], texts: Mapping[str, int]) -> bytes:
    kinds, pack = _KINDS_AT, _EDGE.pack
    return b"".join(
        [
            pack(
                texts[of],
                kinds[kind],
                certain | of_class << 1,
                texts[child],
                texts[parent],
                from_ms,
                to_ms,
                recorded_ms,
                retracted_ms,
                texts[quantity],
                texts[uom],
                texts[reasons],
                texts[source],
                texts[holder],
            )
            for (
                of,
                kind,
                certain,
                child,
                parent,
                from_ms,
                to_ms,
                recorded_ms,
                retracted_ms,
                quantity,
                uom,
                reasons,
                source,
                holder,
                of_class,
            ) in edges
        ]
    )


def _read_edges(octets: bytes, texts: Sequence[str]) -> tuple[EdgeRow, ...]:
    # Every edge names several texts, and there are up to 10,000 of them: told by place, and nothing for none.
    told = dict(enumerate(texts))
    told[_NONE] = ""
    return tuple(
        [
            EdgeRow(
                texts[of],
                _KINDS[kind],
                flags & _CERTAIN != 0,
                texts[child],
                texts[parent],
                from_ms,
                to_ms,
                recorded_ms,
                retracted_ms,
                told[quantity],
                told[uom],
                told[reasons],
                told[source],
                told[holder],
                flags & _OF_CLASS != 0,
            )
            for (
                of,
                kind,
                flags,
                child,
                parent,
                from_ms,
                to_ms,
                recorded_ms,
                retracted_ms,
                quantity,
                uom,
                reasons,
                source,
                holder,
            ) in _EDGE.iter_unpack(octets)
        ]
    )
