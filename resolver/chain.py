"""The way of a query: limit → access → quota → authority → foreign → recursion → observe.

    limit      may this source ask at all? Before a single octet is decoded.
    access     may this be asked here, on this transport?
    quota      does its prefix still pay for answers today? Only of those that pay by the day.
    authority  what this node's registry says.
    foreign    what a text of another scheme leads to, where the authority knows no such handle.
    recursion  what other nodes say; only on nodes that recurse, and only where the authority sends the asker elsewhere.
    observe    count it.

Each step gets the verdict so far and returns one; a step that has nothing to say returns it unchanged. Verdicts are a
closed union (`request.py`): undecided, an outcome, the site record, silence, or *later*. Everything but *later* is
synchronous: one event-loop step's requests are answered under one read transaction, and no transaction is held across
an await. The common question is answered between limit and decoding from its prepared octets (`prepared.py`), with the
octets the steps would have given.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from idis.proto.codes import EnvelopeFlag, OpCode, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.exchange import outline, query_of
from idis.proto.message import decode_message
from idis.proto.outcome import NotFound, Refused
from idis.proto.query import Query
from idis.registry.store.base import READ_TXN_MS_MAX, ReadTxn, Store
from idis.resolver.admin.concern import is_own_token
from idis.resolver.guard.sources import Standing
from idis.resolver.handlers.limit import Limit
from idis.resolver.handlers.observe import Observe
from idis.resolver.log import note
from idis.resolver.prepared import Prepared
from idis.resolver.recursion.recursor import Clock, Recursor
from idis.resolver.reply import Replies
from idis.resolver.request import Later, Peer, Request, Settled, Silence, Verdict

if TYPE_CHECKING:
    from idis.resolver.handlers.foreign import Foreign

_FLAGS_AT = 2  # of the envelope
_ENCRYPTED = int(EnvelopeFlag.ENCRYPTED)

# Half of what a read transaction may last; others wait for the loop as long as a batch takes.
BATCH_S_MAX = READ_TXN_MS_MAX / 2_000

BEGUN_MAX = 4  # requests of the administration begun at one turn of the loop, 0.1 ms: whoever only asks comes in between


class Deliver(Protocol):
    """Takes the octets of an answer that is ready later than its question's batch; `more` of the same answer may follow."""

    def __call__(self, octets: bytes, /, *, more: bool = False) -> None:
        """Send them; none, when nothing leaves."""


class Deferred(Enum):
    """The answer comes later: other nodes are asked, or the administration works on it."""

    ASKED = 1
    ADMINISTERED = 2


class Administration(Protocol):
    """Answers what changes the registry or needs a proof of who asks (`resolver/admin/`)."""

    def concerns(self, frame: bytes, peer: Peer) -> bool:
        """Whether this frame is for it, decided without decoding it; asked for every frame that is no common question."""

    async def answer(self, frame: bytes, peer: Peer, send: Callable[[bytes], None]) -> None:
        """Answer one frame in as many messages as it takes; every failure becomes an answer."""


class Step(Protocol):
    """One step of the chain between limit and observe."""

    def __call__(self, request: Request, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """The verdict after this step; `now` is unix time."""


class Chain:
    """Answers the requests of every transport of one node.

    Attributes:
        administration: answers what is none of the chain's.
        give: of a worker: gives a connection to the process that administers (`admin/adoption.py`); None elsewhere.
    """

    def __init__(
        self,
        *,
        store: Store,
        limit: Limit,
        steps: Sequence[Step],
        observe: Observe,
        prepared: Prepared,
        replies: Replies,
        recursor: Recursor | None,
        clock: Clock,
        administration: Administration | None = None,
        foreign: Foreign | None = None,
    ) -> None:
        self.store = store
        self.limit = limit
        self.steps = tuple(steps)
        self.observe = observe
        self.prepared = prepared
        self.replies = replies
        self.clock = clock
        self.administration = administration
        self.give: Callable[[int, bytes, bool], bool] | None = None
        self.foreign = foreign
        self._recursor = recursor
        self._waiting: set[asyncio.Task[None]] = set()
        self._unbegun: deque[tuple[bytes, Peer, Deliver]] = deque()  # of the administration
        self._begun = 0  # of them, at this turn of the loop

    @property
    def waiting(self) -> int:
        """Questions that wait for other nodes."""
        return len(self._waiting)

    def batch(self, transport: str) -> Batch:
        """Open a read transaction for what one event-loop step received; use it in a `with` block without awaiting."""
        return Batch(self, transport)

    async def resolve(self, request: Request) -> Settled:
        """Answer one request, waiting for other nodes if need be."""
        started = self.clock.monotonic()
        with self.batch(request.peer.transport) as batch:
            verdict = batch.decide(request)
        settled = await self.settle(verdict) if isinstance(verdict, Later) else verdict
        self.observe(request.peer.transport, settled)
        self.observe.took(request.peer.transport, self.clock.monotonic() - started)
        return settled

    def own_query(self, query: Query) -> Query | None:
        """A question by the handle that this node's registry knows it by; None for a name that leads elsewhere."""
        if self.foreign is None:
            return query
        with self.store.read() as txn:
            return self.foreign.own_query(query, txn, int(self.clock.time()))

    async def settle(self, later: Later) -> Settled:
        """Ask others what `Batch.decide` left for later."""
        try:
            if later.abroad is not None:
                assert self.foreign is not None, "only the foreign step defers such a question"
                return await self.foreign.providers.resolve(later.abroad, later.query)
            assert self._recursor is not None, "only the recursion step defers other questions"
            settled = await self._recursor.resolve(later.query, referral=later.referral)
            for query in later.instead:
                if not isinstance(settled.outcome, NotFound):
                    break
                settled = await self._recursor.resolve(query)
            return settled
        except Exception:  # the outermost loop of one question: its asker gets an answer, the others theirs
            note(logging.ERROR, "recursion failed", identifier=later.query.spelling, exc_info=True)
            return Refused(ResponseCode.ERROR, "this node failed while asking others")

    def start(self, request: Request, later: Later, deliver: Deliver, started: float) -> None:
        """Ask other nodes; `deliver` gets the octets of the answer when there is one."""
        self._run(self._answer_later(request, later, deliver, started))

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def administer(self, frame: bytes, peer: Peer, deliver: Deliver) -> None:
        """Let the administration answer a frame; `deliver` is called with each part, and at the end with nothing."""
        self._unbegun.append((frame, peer, deliver))
        if self._begun < BEGUN_MAX:
            self._begin()

    def _begin(self) -> None:
        """Begin what this turn of the loop has room for."""
        if not self._begun:
            asyncio.get_running_loop().call_soon(self._turn)
        while self._unbegun and self._begun < BEGUN_MAX:
            self._begun += 1
            self._run(self._administered(*self._unbegun.popleft()))

    def _turn(self) -> None:
        self._begun = 0
        if self._unbegun:
            self._begin()

    async def finish(self, within_s: float) -> None:
        """Let the questions under way end, then cancel the rest."""
        while self._unbegun:
            self._turn()
        if self._waiting:
            _done, late = await asyncio.wait(self._waiting, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _answer_later(self, request: Request, later: Later, deliver: Deliver, started: float) -> None:
        settled = await self.settle(later)
        transport = request.peer.transport
        self.observe(transport, settled)
        self.observe.took(transport, self.clock.monotonic() - started)
        deliver(self.replies.frame(request.message, settled, int(self.clock.time())) or b"")

    async def _administered(self, frame: bytes, peer: Peer, deliver: Deliver) -> None:
        assert self.administration is not None, "only an administration concerns itself with frames"
        started = self.clock.monotonic()
        try:
            await self.administration.answer(frame, peer, lambda octets: deliver(octets, more=True))
        except Exception:  # the outermost loop of one request: its connection goes on, the others are served
            note(logging.ERROR, "administration failed", peer=peer.source.address, exc_info=True)
        finally:
            deliver(b"")
            self.observe.took(peer.transport, self.clock.monotonic() - started)


class Batch:
    """One read transaction and one reading of the clock for the requests that arrived together.

    Attributes:
        ready: a whole frame → the octets of its answer, if the question is common; for peers that no rate limits. Where it
            gives None, `decode` answers.
        replies: the same for many frames.
        started: monotonic seconds.
    """

    __slots__ = ("_chain", "_count", "_now", "_snapshot", "_transport", "_txn", "ready", "replies", "started")

    def __init__(self, chain: Chain, transport: str) -> None:
        self._chain = chain
        self._transport = transport
        self._snapshot: AbstractContextManager[ReadTxn] = chain.store.read()
        self._count = 0

    def __enter__(self) -> Batch:
        chain = self._chain
        self.started = chain.clock.monotonic()
        self._now = int(chain.clock.time())
        self._txn = self._snapshot.__enter__()
        chain.prepared.open(self._txn, self._now)
        self.ready, self.replies = chain.prepared.reply, chain.prepared.replies
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._snapshot.__exit__(kind, error, trace)
        chain, transport = self._chain, self._transport
        answered = chain.prepared.answered
        for code, count in answered.items():
            chain.observe.answered[transport, code] += count
            self._count += count
        answered.clear()
        if self._count:
            # Every request of a batch waits until the whole batch is answered.
            chain.observe.took(transport, chain.clock.monotonic() - self.started, self._count)

    def answer(self, frame: bytes, peer: Peer, deliver: Deliver) -> bytes | Deferred | None:
        """The answer to one whole frame, if it is known now.

        Args:
            frame: envelope and message as received.
            peer: who sent it.
            deliver: called with the answer once other nodes have been asked.

        Returns:
            The octets to send now; Deferred when `deliver` will be called; None when nothing is to be sent.
        """
        verdict = self._chain.limit(peer, self.started)
        known = peer.link is not None and peer.link.caller is not None  # may see more than prepared answers show
        if verdict is None and not known and (octets := self.ready(frame)) is not None:
            return octets
        return self.decode(frame, peer, deliver, verdict)

    def decode(self, frame: bytes, peer: Peer, deliver: Deliver, verdict: Verdict = None) -> bytes | Deferred | None:
        """As `answer`, for a question that is not common and has passed the limit, or got the verdict there."""
        chain = self._chain
        administration = chain.administration
        if administration is not None and verdict is None and administration.concerns(frame, peer):
            chain.administer(frame, peer, deliver)
            return Deferred.ADMINISTERED
        request, verdict = _read(frame, peer, verdict)
        if request is None:
            chain.observe(self._transport, Silence("malformed"))
            return None
        verdict = self._decided(request, verdict)
        if administration is not None and peer.standing is not Standing.UNPROVEN and _asks_for_proof(verdict):
            chain.administer(frame, peer, deliver)
            return Deferred.ADMINISTERED
        if isinstance(verdict, Later):
            chain.start(request, verdict, deliver, self.started)
            return Deferred.ASKED
        self._count += 1
        chain.observe(self._transport, verdict)
        return chain.replies.frame(request.message, verdict, self._now)

    @property
    def txn(self) -> ReadTxn:
        """The snapshot of this batch."""
        return self._txn

    @property
    def spent(self) -> bool:
        """Whether this batch has taken BATCH_S_MAX; what is left belongs into another one."""
        return self._chain.clock.monotonic() - self.started > BATCH_S_MAX

    def decide(self, request: Request) -> Settled | Later:
        """What a request that came without a frame comes to; not counted."""
        return self._decided(request, self._chain.limit(request.peer, self.started))

    def _decided(self, request: Request, verdict: Verdict) -> Settled | Later:
        for step in self._chain.steps:
            verdict = step(request, self._txn, self._now, verdict)
        assert verdict is not None, "the authority always decides"
        return verdict


def _asks_for_proof(verdict: Verdict) -> bool:
    return isinstance(verdict, Refused) and verdict.code == ResponseCode.AUTHENTICATION_NEEDED


def _read(frame: bytes, peer: Peer, verdict: Verdict) -> tuple[Request | None, Verdict]:
    """Decode a frame; what is wrong with it becomes the verdict. No request when nobody can be told."""
    if len(frame) > _FLAGS_AT and frame[_FLAGS_AT] & _ENCRYPTED:
        sealed = outline(frame)
        # Only the envelope can be read; the header is ciphertext of a session nobody set up here.
        request = None if sealed is None else Request(replace(sealed, opcode=0, opflags=0), None, peer)
        return request, verdict or Refused(ResponseCode.SESSION_TIMEOUT, "this node knows no session of that number")
    try:
        message = decode_message(frame)
    except ProtocolError as error:
        known = outline(frame)
        return (None if known is None else Request(known, None, peer)), verdict or Refused(error.code, str(error))
    if message.opcode != OpCode.RESOLUTION:
        return Request(message, None, peer), verdict
    try:
        query = query_of(message)
        # A token of ours is a secret between its bearer and this node: other nodes are not asked with it.
        return Request(message, replace(query, auth=b"") if is_own_token(query.auth) else query, peer), verdict
    except ProtocolError as error:
        return Request(message, None, peer), verdict or Refused(error.code, str(error))
