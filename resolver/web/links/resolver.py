"""The Digital Link resolver of one node: from a request to its answer, with the limits, quotas and rights of every path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from idis.proto.any_name import name_asked
from idis.proto.codes import ResponseCode
from idis.proto.schemes.gs1.elements import Gs1Error
from idis.proto.types.site import encode_site
from idis.registry.caller import Caller
from idis.registry.foreign_route import ForeignRoute
from idis.registry.links import Held
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, StoreError
from idis.registry.store.keys import prefix_of
from idis.resolver.admin.reading import answer_here
from idis.resolver.chain import Chain
from idis.resolver.config import LinksSection
from idis.resolver.request import HTTP, Later, Peer, Settled
from idis.resolver.web.face import Face
from idis.resolver.web.links.answering import Manner, Page, answer, handed, malformed, unknown
from idis.resolver.web.links.asked import Asked, read_request
from idis.resolver.web.links.finding import ELSEWHERE, Found, found, held_at, is_steady, public_answer, question, settled_now
from idis.resolver.web.links.reply import SHORT_S, Reply, problem

SETTLED_MAX = 4_096  # records whose answers are remembered; then all are forgotten at once

_CODES: dict[int, int] = {
    HTTPStatus.BAD_REQUEST: ResponseCode.INVALID_HANDLE,
    HTTPStatus.NOT_FOUND: ResponseCode.HANDLE_NOT_FOUND,
    HTTPStatus.SERVICE_UNAVAILABLE: ResponseCode.SERVER_TOO_BUSY,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client sent, as far as it matters here.

    Attributes:
        path, query: as they came; the query without `?`.
        origin: scheme and host under which it asks.
        accept, languages: headers, empty without.
    """

    path: str
    query: str
    origin: str
    accept: str = ""
    languages: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer, and what it hangs on: it holds until one of these records, or who has one of these names, changes."""

    answer: Reply | Page
    keys: tuple[bytes, ...] = ()
    names: tuple[str, ...] = ()
    lasting: bool = False


class LinkResolver:
    """Answers requests for GS1 keys.

    Args:
        chain: the steps that every question passes.
        config: how this resolver answers.
    """

    def __init__(self, chain: Chain, config: LinksSection) -> None:
        self._chain = chain
        self._config = config
        self._transaction = -1
        self._settled: dict[bytes, Settled] = {}  # by key of a record: what everybody gets, in that transaction
        self._steady: dict[str, bool] = {}  # prefixes

    def read(self, seen: Seen) -> Asked:
        """Read a request.

        Raises:
            Gs1Error: its path is no Digital Link.
        """
        root = self._config.root or seen.origin
        return read_request(
            seen.path, seen.query, root, seen.accept, seen.languages, short_gtins=self._config.short_gtins
        )

    def at_once(self, seen: Seen, peer: Peer, now: int) -> Known | None:
        """The answer to whoever proves nothing, where no other node has to be asked; None otherwise, or when the store fails."""
        try:
            asked = self.read(seen)
        except Gs1Error as error:
            return Known(malformed(str(error)))
        try:
            with self._chain.store.read() as txn:
                held = held_at(txn, asked)
                if isinstance(held, ForeignRoute):
                    return Known(handed(asked, held))
                records = [record for level in held for record in level]
                settled = {record.identifier: self._settled_now(txn, record, peer, now) for record in records}
        except StoreError:
            return None
        if any(isinstance(verdict, Later) for verdict in settled.values()):
            return None
        result = found(asked.levels, held, settled, asked.variables, known=False)
        reply = self._answered(asked, result, known=False)
        keys = tuple([record.key for record in records])
        lasting = self._settled.keys() >= set(keys) and all(level.ttl_s >= SHORT_S for level in result.levels)
        return Known(reply, keys, tuple([level.canonical for level in asked.levels]), lasting)

    def _settled_now(self, txn: ReadTxn, record: Held, peer: Peer, now: int) -> Settled | Later:
        """What everybody gets of a record; the same until something changes, but for prefixes whose questions are counted."""
        if txn.transaction != self._transaction or len(self._settled) >= SETTLED_MAX:
            self._settled, self._steady, self._transaction = {}, {}, txn.transaction
        known = self._settled.get(record.key)
        if known is not None:
            return known
        if not self._is_steady(txn, record.key):
            return settled_now(self._chain, txn, record.identifier, peer, now)
        verdict = public_answer(txn, record.key, now) or settled_now(self._chain, txn, record.identifier, peer, now)
        if not isinstance(verdict, Later):
            self._settled[record.key] = verdict
        return verdict

    def _is_steady(self, txn: ReadTxn, key: bytes) -> bool:
        if key == ELSEWHERE:
            return False
        prefix = prefix_of(key)
        known = self._steady.get(prefix)
        if known is None:
            known = self._steady[prefix] = is_steady(txn, prefix)
        return known

    async def resolve(self, seen: Seen, peer: Peer, caller: Caller, face: Face) -> Reply | Page:
        """The answer to somebody, waiting for other nodes if need be."""
        try:
            asked = self.read(seen)
        except Gs1Error as error:
            return malformed(str(error))
        with self._chain.store.read() as txn:
            held = held_at(txn, asked)
        if isinstance(held, ForeignRoute):
            return handed(asked, held)
        known = not caller.anonymous
        settled = await self.settled(held, peer, caller, face)
        result = found(asked.levels, held, settled, asked.variables, known=known)
        return self._answered(asked, result, known=known)

    async def settled(
        self, held: Sequence[Sequence[Held]], peer: Peer, caller: Caller, face: Face
    ) -> dict[str, Settled | Later]:
        """What the question of somebody about each of these records comes to."""
        return {record.identifier: await self._settle(record, peer, caller, face) for level in held for record in level}

    async def _settle(self, record: Held, peer: Peer, caller: Caller, face: Face) -> Settled:
        if not name_asked(record.identifier) and not caller.anonymous:
            seen = await answer_here(face.registrar, question(record.identifier, known=True), caller, encode_site(face.site))
            if seen is not None and not isinstance(seen, Refusal):
                return seen
        with self._chain.store.read() as txn:
            verdict = settled_now(self._chain, txn, record.identifier, peer, int(self._chain.clock.time()))
        return await self._chain.settle(verdict) if isinstance(verdict, Later) else verdict

    def _answered(self, asked: Asked, result: Found, *, known: bool) -> Reply | Page:
        if result.levels:
            manner = Manner(asked.link.stem, self._config.old_descriptions, known, self._config.recall_page)
            return answer(asked, result.levels, manner)
        if result.busy:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, result.trouble)
        return problem(HTTPStatus.FORBIDDEN, result.trouble) if result.trouble else unknown(asked)

    def count(self, reply: Reply, seconds: float) -> None:
        """Count an answer as one of this node."""
        self._chain.observe.answered[HTTP, code_of(reply)] += 1
        self._chain.observe.took(HTTP, seconds)


def code_of(reply: Reply) -> int:
    """The response code of the field that tells what a reply tells."""
    return int(_CODES.get(reply.status, ResponseCode.SUCCESS))
