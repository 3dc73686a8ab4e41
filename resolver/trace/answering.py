"""Answering: the other side of a step, for whoever asks (`tracing.md` §8.2 to §8.8).

    pass ─ who asks ─ how much he may see below this prefix ─┬─ everything: the edges, and who else has some
                                                             └─ less: run on for him, veil the names
Each question is told in the audit trail once, and metered by who asks. What is not there and what is not for him look alike.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idis.proto.codes import ResponseCode
from idis.proto.notice import NoticeReceipt, NoticeTelling
from idis.proto.trace import (
    EDGES_MAX,
    POINTERS_MAX,
    PSEUDONYM,
    TOMBSTONES_MAX,
    VISITED_MAX,
    AskRow,
    ExpandReply,
    ExpandRequest,
    PointerRow,
    PointerTelling,
)
from idis.registry.audit.line import AuditLine
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, Store
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import Ask, Expansion, Pointer, Request, Step, Tombstone, expand
from idis.registry.trace.held import answers_below
from idis.registry.trace.pointers import pointers_of
from idis.registry.trace.teller import own_prefix
from idis.registry.trace.things import home_of
from idis.registry.trace.walking import Budget, Start, Walk
from idis.resolver.admin.registrar import Registrar
from idis.resolver.audit_writer import AuditWriter
from idis.resolver.guard.rates import Buckets
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock
from idis.resolver.trace.driver import Driver, Question
from idis.resolver.trace.form import edge_rows, request_of, stone_row
from idis.resolver.trace.grade import Grade, grade_of
from idis.resolver.trace.hidden import SECRET_BYTES, Veil
from idis.resolver.trace.neighbours import Neighbours
from idis.resolver.trace.notices import take_notice, take_notice_receipt
from idis.resolver.trace.pointers import take_pointers
from idis.resolver.trace.trace_pass import TracePasses

THINGS_PER_S = 5_000  # that one identity may ask about, sustained
THINGS_BURST = 100_000  # as many as one question may read edges of
TOLD_MAX = 10_000  # questions whose line in the audit trail is not repeated
NAMES_MAX, CONTACTS_MAX = 100_000, 10_000  # pseudonyms and contact handles that a notice may name later
ONWARD_SHARE = 0.8  # of the time left, for whom a question is handed on to
EDGES_AT_ONCE = (1_000, 200, 40)  # read for one answer: fewer where names are long
REPLY_BYTES_MAX = 1_048_576  # what may wait for a peer to take it
READ_AT_ONCE = 1_000  # edges, where they stay here
_NONCE_BYTES = 12

_NOT_FOR_YOU = "what lies below this prefix is not for you to trace: ask its owner to name you in TRACE_READERS or TRACE_PARTNERS"


_Run = tuple[tuple[str, ...], tuple[AskRow, ...]]  # what is run on for, and on which way that came here


@dataclass(slots=True)
class Answering:
    """Answers steps of other nodes' questions."""

    store: Store
    registrar: Registrar
    passes: TracePasses
    neighbours: Neighbours
    clock: Clock
    trail: AuditWriter
    metrics: Metrics
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES))
    _cursors: AESGCM = field(default_factory=lambda: AESGCM(AESGCM.generate_key(128)))
    _meter: Buckets = field(default_factory=lambda: Buckets(THINGS_PER_S, THINGS_BURST))
    _told: OrderedDict[tuple[bytes, str], None] = field(default_factory=OrderedDict)
    _running: dict[tuple[bytes, str], list[_Run]] = field(default_factory=dict)  # by question and prefix
    _names: OrderedDict[str, str] = field(default_factory=OrderedDict)  # things by the pseudonyms they were given
    _contacts: OrderedDict[str, str] = field(default_factory=OrderedDict)  # likewise whom a contact handle stands for

    async def expand(self, asked: ExpandRequest, origin: str) -> ExpandReply | Refusal:
        """One step; `origin` is where it came from, for the audit trail."""
        caller = await self.passes.caller(asked.proof, asked.trace_id, asked.purpose, origin=origin, now=int(self.clock.time()))
        if isinstance(caller, Refusal):
            return caller
        if not self._meter.take(str(caller.identity), self.clock.monotonic(), len(asked.asks)):
            self.metrics.limited["trace"] += 1
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "too much is traced in this name: ask again in a while")

        def judge(txn: ReadTxn, groups: Groups) -> Grade | Unknown | Refusal:
            if not answers_below(txn, asked.prefix):
                return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, f"{asked.prefix} is not answered here")
            return grade_of(txn, caller, asked.prefix, groups)

        grade: Grade | Refusal = await self.registrar.decide(judge)
        if isinstance(grade, Refusal):
            return grade
        self._tell(asked, caller, grade)
        if grade is Grade.FULL:
            return await self._in_full(asked)
        if grade is Grade.COUNT and not asked.forward:
            return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, _NOT_FOR_YOU)
        if len(asked.visited) >= VISITED_MAX:
            return Refusal(ResponseCode.RECURSION_COUNT_TOO_HIGH, f"the question has been handed on {VISITED_MAX} times")
        return await self._once(asked, caller, grade)

    async def take_notice(self, told: NoticeTelling, source: str) -> Refusal | None:
        """Keep a notice from another node."""
        return await take_notice(
            self.store, self.neighbours, self.clock, told, source, contacts=self._contacts.get, names=self._names
        )

    async def take_receipt(self, receipt: NoticeReceipt, source: str) -> Refusal | None:
        """Keep how a notice stands at an addressee."""
        return await take_notice_receipt(self.store, self.neighbours, self.clock, receipt, source)

    async def take_pointers(self, told: PointerTelling, source: str) -> Refusal | None:
        """Keep what another node tells; `source` is the address it came from."""
        return await take_pointers(self.store, self.neighbours, self.clock, told, source)

    def _tell(self, asked: ExpandRequest, caller: Caller, grade: Grade) -> None:
        question = (asked.trace_id, asked.prefix)
        self.metrics.admin["traces"] += 1
        if question in self._told:
            return
        self._told[question] = None
        if len(self._told) > TOLD_MAX:
            self._told.popitem(last=False)
        way = f" through {', '.join(asked.visited)}" if asked.visited else ""
        note = f"{asked.purpose}: {len(asked.asks)} things from {asked.asks[0].thing}, seen {grade.name.lower()}{way}"
        self.trail.note(AuditLine(caller.name, caller.origin, "trace", asked.prefix, note=note))

    # Everything.

    async def _in_full(self, asked: ExpandRequest) -> ExpandReply:
        """Everything, in as many answers as it takes."""
        for edges_max in EDGES_AT_ONCE:
            reply = self._part(asked, edges_max)
            if len(reply.encode()) <= REPLY_BYTES_MAX:
                break
            await asyncio.sleep(0)
        return reply

    def _part(self, asked: ExpandRequest, edges_max: int) -> ExpandReply:
        request = request_of(asked)
        asks = tuple([ask._replace(cursor=self._opened(ask)) if ask.cursor else ask for ask in request.asks])
        with self.store.read() as txn:
            found = expand(txn, replace(request, asks=asks), edges_max=edges_max)
            pointers = pointers_of(txn, self._homed(asked.prefix, asks), request.direction, int(self.clock.time() * 1_000))
            edges, others = _said(asked.prefix, found)
            pointers += [Pointer(thing, other, 0) for thing, other in others if answers_below(txn, other)]
        at = {ask.thing: place for place, ask in enumerate(asks)} if found.left else {}
        told = [PointerRow(one.thing, one.prefix, one.told_ms) for one in dict.fromkeys(pointers)]
        cut = Tombstone(asks[0].thing, asked.prefix, Step.LIMIT, 0, f"more than {POINTERS_MAX} pointers at once: ask for less")
        return ExpandReply(
            edge_rows(edges),
            tuple([(at[ask.thing], self._sealed(ask)) for ask in found.left]),
            tuple(told[:POINTERS_MAX]),
            (stone_row(cut),) if len(told) > POINTERS_MAX else (),
            edges_read=sum(map(len, found.edges.values())),
            told_ms=max([edge.recorded_ms for _thing, edge in edges], default=0),
            named=True,
        )

    def _homed(self, prefix: str, asks: Sequence[Ask]) -> list[str]:
        """The things of a prefix that are asked for the first time."""
        own = f"{prefix}/"
        return [ask.thing for ask in asks if not ask.cursor and (ask.thing.startswith(own) or ask.thing == prefix)]

    # A cursor holds the name of the last thing that was read, which may be another enterprise's.

    def _sealed(self, ask: Ask) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cursors.encrypt(nonce, ask.cursor or b"\x00", ask.thing.encode())

    def _opened(self, ask: Ask) -> bytes:
        try:
            cursor = self._cursors.decrypt(ask.cursor[:_NONCE_BYTES], ask.cursor[_NONCE_BYTES:], ask.thing.encode())
        except (InvalidTag, ValueError):
            return b""  # of before a restart: from the beginning again
        return b"" if cursor == b"\x00" else cursor

    # Less.

    async def _once(self, asked: ExpandRequest, caller: Caller, grade: Grade) -> ExpandReply:
        """Run on for what no run is for that the question has come from: what comes round to this node is told by that one."""
        running = self._running.setdefault((asked.trace_id, asked.prefix), [])
        before = [other for way, others in running if _comes_from(asked, way) for other in others]
        fresh = tuple([ask for ask in asked.asks if not any(_covers(other, ask) for other in before)])
        own = (asked.visited, fresh)
        running.append(own)
        try:
            return await self._veiled(asked, fresh, caller, grade)
        finally:
            running.remove(own)
            if not running:
                self._running.pop((asked.trace_id, asked.prefix), None)

    async def _veiled(self, asked: ExpandRequest, fresh: tuple[AskRow, ...], caller: Caller, grade: Grade) -> ExpandReply:
        request = request_of(asked)
        own = own_prefix(caller.identity)
        walk = Walk(
            [Start(ask.thing, ask.from_ms, ask.to_ms) for ask in fresh],
            request.direction,
            as_of_ms=request.as_of_ms,
            known_ms=request.known_ms,
            lots=request.lots,
            budget=Budget(asked.depth, min(asked.edges, EDGES_MAX), int(asked.ms * ONWARD_SHARE)),
            now_ms=int(self.clock.monotonic() * 1_000),
        )
        question = Question(asked.trace_id, asked.purpose, asked.proof, (*asked.visited, asked.prefix), own)
        named = {ask.thing for ask in request.asks}

        def is_own(thing: str) -> bool:
            return bool(own) and home_of(thing) == own and thing not in named

        def is_covered(thing: str, prefix: str) -> bool:
            # Whoever asks has asked the home too; of a home's own thing, those who handed the question on know their part.
            return thing in named and (home_of(thing) != asked.prefix or prefix in asked.visited)

        driver = Driver(
            question, self.neighbours, self.clock, local=self._read, is_here=self._answers, leaves=is_own, skips=is_covered
        )
        await driver.run(walk)
        # Whatever something of his went into, or came from, he knows by name.
        met = {end for edges in driver.heard.values() for edge in edges for end in _beyond(edge, own)}
        veil = Veil(self._secret, asked.trace_id, asked.prefix, own, grade, driver.aliases, frozenset(named | met))
        shown_edges: list[tuple[str, Edge]] = []
        for thing, edges in driver.heard.items():
            shown = veil.name(thing)
            if thing in named or shown.startswith(PSEUDONYM) or home_of(shown) == asked.prefix:
                shown_edges += [(shown, edge) for edge in veil.edges(edges)]
        stones = veil.stones(walk.tombstones)
        _remember(self._names, {shown: thing for shown, thing in veil.names.items() if home_of(thing) == asked.prefix}, NAMES_MAX)
        _remember(self._contacts, veil.contacts, CONTACTS_MAX)
        if len(shown_edges) > EDGES_MAX:
            message = f"more than {EDGES_MAX} edges are hidden here"
            stones.append(Tombstone(request.asks[0].thing, asked.prefix, Step.LIMIT, 0, message))
        return ExpandReply(
            edge_rows(shown_edges[:EDGES_MAX]),
            tombstones=tuple(map(stone_row, stones[:TOMBSTONES_MAX])),
            # What he knows by name, others may show him by its pseudonym: he counts it once.
            aliases=tuple((thing, veil.pseudonym(thing)) for thing in named | met if home_of(thing) == asked.prefix),
            edges_read=walk.edges_read,
        )

    def _answers(self, prefix: str) -> bool:
        with self.store.read() as txn:
            return answers_below(txn, prefix)

    def _read(self, request: Request) -> Expansion:
        """What this node has, to its end, and whom its things' homes here were told of."""
        with self.store.read() as txn:
            edges: dict[str, list[Edge]] = {}
            left = request.asks
            read = 0
            while left and read < EDGES_MAX:
                found = expand(txn, replace(request, asks=left), edges_max=READ_AT_ONCE)
                for thing, part in found.edges.items():
                    edges.setdefault(thing, []).extend(part)
                    read += len(part)
                left = found.left
            own = [ask.thing for ask in request.asks if home_of(ask.thing)]
            return Expansion(edges, pointers=tuple(pointers_of(txn, own, request.direction, int(self.clock.time() * 1_000))))


def _said(prefix: str, found: Expansion) -> tuple[list[tuple[str, Edge]], list[tuple[str, str]]]:
    """The edges that are said in the name of a prefix, each with its thing; and who else says some of its own things.

    What nobody signed for is said by the home of the thing.
    """
    said: list[tuple[str, Edge]] = []
    others: dict[tuple[str, str], None] = {}
    for thing, edges in found.edges.items():
        own = home_of(thing) == prefix
        for edge in edges:
            holder = edge.holder
            if holder == prefix or (own and not holder):
                said.append((thing, edge))
            elif own:
                others[thing, holder] = None
    return said, list(others)


def _remember(kept: OrderedDict[str, str], new: Mapping[str, str], count_max: int) -> None:
    kept.update(new)
    while len(kept) > count_max:
        kept.popitem(last=False)


def _comes_from(asked: ExpandRequest, way: tuple[str, ...]) -> bool:
    """Whether a request was handed on by a run of this prefix that a question came to on some way."""
    return asked.visited[: len(way) + 1] == (*way, asked.prefix)


def _covers(running: AskRow, ask: AskRow) -> bool:
    return running.thing == ask.thing and running.from_ms <= ask.from_ms and ask.to_ms <= running.to_ms


def _beyond(edge: Edge, own: str) -> tuple[str, ...]:
    """The other ends of an edge that touches somebody's own things."""
    if not own:
        return ()
    ends = ((edge.child, edge.parent), (edge.parent, edge.child))
    return tuple(other for end, other in ends if home_of(end) == own)
