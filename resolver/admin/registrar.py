"""The registrar: the one way by which a request from the network changes the registry.

It runs acts in the store's writer, waits for the flush, fetches groups that other nodes keep when a decision hangs on
them, and turns what the store may raise into refusals. Nobody in particular is judged on a snapshot first, so that
requests without a proof never stand in the writer's queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier, prefix_handle
from idis.registry.audit.line import AuditLine
from idis.registry.caller import Caller
from idis.registry.identity import Identity
from idis.registry.journal import BEGINNING
from idis.registry.registration import acts, prefix_acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.life import Registered
from idis.registry.registration.plain_creates import PlainCreate, in_full
from idis.registry.registration.prefix_acts import DelegateRange, PrefixAct, RangeDone, WithdrawRange
from idis.registry.registration.together import Asked, actor_of
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import (
    Committed,
    KeyReused,
    OutcomeKey,
    ReadTxn,
    Store,
    StoreBusy,
    StoreError,
    StoreFull,
    WriteTxn,
)
from idis.resolver.admin.act_queue import ActQueue
from idis.resolver.admin.landing import Landing
from idis.resolver.audit_writer import AuditWriter
from idis.resolver.recursion.recursor import Clock

GROUP_ROUNDS_MAX = 4  # a group that names groups elsewhere is fetched level by level: as deep as groups may be
GROUPS_MAX = 16  # fetched for one decision
TOLD = (ResponseCode.INVALID_ADMIN, ResponseCode.INSUFFICIENT_PERMISSIONS)  # the refusals that the trail keeps


class _NoOutcome(Exception):
    """Ends a change whose refusal must not be remembered as the outcome of its idempotency key."""

    def __init__(self, result: Refusal | Unknown) -> None:
        self.result = result


T = TypeVar("T")
Change = Callable[[WriteTxn, Groups], T | Refusal | Unknown]


class GroupSource(Protocol):
    """Where groups that other nodes keep come from."""

    async def members(self, group: Identity) -> tuple[Identity, ...] | None:
        """The members of a group; None when it cannot be had within its deadline."""


class Registrar:
    """Performs acts for callers."""

    def __init__(
        self, store: Store, groups: GroupSource | None, clock: Clock, trail: AuditWriter | None = None
    ) -> None:
        self._store = store
        self._groups = groups
        self._clock = clock
        self._trail = trail
        self._landing = Landing()
        self._acts = ActQueue(store, self._landing)

    @property
    def now(self) -> int:
        """Unix time in seconds."""
        return int(self._clock.time())

    async def perform(self, act: acts.Act | PlainCreate, caller: Caller) -> acts.Done | Refusal:
        """Do an act on a record, or on the record of a prefix, if the caller may; acknowledged means durable."""
        done = await self._perform(act, caller)
        if isinstance(done, Refusal):
            name = acts.NAMES[acts.Create if isinstance(act, PlainCreate) else type(act)]
            self.tell_refused(caller, name, act.identifier, done)
        return done

    def tell_refused(self, caller: Caller, act: str, subject: str, refusal: Refusal) -> None:
        """Have the audit trail tell that somebody who is known tried what he may not; bounded, and nobody waits for it."""
        if self._trail is not None and refusal.code in TOLD and not caller.anonymous:
            self._trail.note(
                AuditLine(caller.name, caller.origin, act, subject, code=int(refusal.code), note=refusal.message)
            )

    async def _perform(self, act: acts.Act | PlainCreate, caller: Caller) -> acts.Done | Refusal:
        try:
            if not isinstance(act, PlainCreate) and parse_identifier(act.identifier).suffix is None:
                return await self._perform_on_prefix(act, caller)
            if caller.anonymous:
                with self._store.read() as txn:
                    verdict = acts.judge(txn, in_full(act), caller)
                if isinstance(verdict, Refusal):
                    return verdict
            asked = Asked(act, caller, self.now)
            result = await self._acts.perform(asked)
            if not isinstance(result, Unknown):
                return result
            return await self.change(caller, asked.perform)
        except IdentifierError as error:
            return Refusal(ResponseCode.INVALID_HANDLE, str(error))
        except StoreError as error:
            return _refusal_of(error)

    async def perform_prefix(
        self, act: PrefixAct, caller: Caller
    ) -> Registered | RangeDone | Awaiting | Refusal:
        """Do an act on a prefix if the caller may; acknowledged means durable."""
        now = self.now
        if caller.anonymous:
            with self._store.read() as txn:
                verdict = prefix_acts.judge_prefix(txn, act, caller, now)
            if isinstance(verdict, Refusal):
                return verdict
        done: Registered | RangeDone | Awaiting | Refusal = await self.change(
            caller, lambda txn, groups: prefix_acts.perform_prefix(txn, act, caller, now, groups=groups)
        )
        if isinstance(done, Refusal):
            subject = act.start if isinstance(act, DelegateRange | WithdrawRange) else act.prefix
            self.tell_refused(caller, prefix_acts.name_of(act), subject, done)
        return done

    async def change(self, caller: Caller, change: Change[T]) -> T | Refusal:
        """Run any change of the registry that a caller is answerable for.

        Args:
            caller: named in the journal.
            change: a pure function of a write transaction and the groups known so far.
        """
        committed = await self.commit(caller, change)
        return committed if isinstance(committed, Refusal) else committed.result

    async def commit(self, caller: Caller, change: Change[T], *, outcome: OutcomeKey | None = None) -> Committed[T] | Refusal:
        """As `change`, and say where it stands in the journal; with `outcome`, a repeated request gets the first result.

        A refusal is no outcome: it is judged anew when the request comes again.
        """
        known: dict[Identity, tuple[Identity, ...] | None] = {}
        for _ in range(GROUP_ROUNDS_MAX + 1):
            committed = await self._write(caller, change, dict(known), outcome)
            if isinstance(committed, Refusal):
                return committed
            result = committed.result
            if isinstance(result, Refusal):
                return result
            if not isinstance(result, Unknown):
                return Committed(result, committed.position, committed.repeated)
            await self._fetch(result, known)
        return Refusal(ResponseCode.INVALID_ADMIN, "the groups that decide this are nested too deeply")

    async def decide(self, question: Callable[[ReadTxn, Groups], T | Unknown]) -> T | Refusal:
        """Answer a question of rights that changes nothing, fetching groups from other nodes as needed."""
        known: dict[Identity, tuple[Identity, ...] | None] = {}
        for _ in range(GROUP_ROUNDS_MAX + 1):
            with self._store.read() as txn:
                answer = question(txn, known)
            if not isinstance(answer, Unknown):
                return answer
            await self._fetch(answer, known)
        return Refusal(ResponseCode.INVALID_ADMIN, "the groups that decide this are nested too deeply")

    async def _perform_on_prefix(self, act: acts.Act, caller: Caller) -> acts.Done | Refusal:
        meant = prefix_acts.prefix_act(act)
        if isinstance(meant, Refusal):
            return meant
        result = await self.perform_prefix(meant, caller)
        match result:
            case Registered(entry=entry, changed=changed):
                return acts.Done(prefix_handle(entry.prefix), entry.version, changed)
            case Awaiting():
                return result.refusal
            case Refusal():
                return result
            case RangeDone():
                raise AssertionError("no act on a record means one on a range")

    async def _write(
        self, caller: Caller, change: Change[T], groups: Groups, outcome: OutcomeKey | None
    ) -> Committed[T | Refusal | Unknown] | Refusal:

        def decided(txn: WriteTxn) -> T | Refusal | Unknown:
            result = change(txn, groups)
            if outcome is not None and isinstance(result, Refusal | Unknown):
                raise _NoOutcome(result)
            return result

        try:
            return await self._landing.wait(self._store.write(decided, actor=actor_of(caller), outcome=outcome))
        except _NoOutcome as undecided:
            return Committed(undecided.result, BEGINNING)
        except StoreError as error:
            return _refusal_of(error)

    async def _fetch(self, unknown: Unknown, known: dict[Identity, tuple[Identity, ...] | None]) -> None:
        wanted = [group for group in unknown.groups if group not in known][: GROUPS_MAX - len(known)]
        for group in unknown.groups:
            known.setdefault(group, None)  # beyond GROUPS_MAX, and without a source, a group has no members
        if self._groups is not None and wanted:
            fetched = await asyncio.gather(*(self._groups.members(group) for group in wanted))
            known.update(zip(wanted, fetched, strict=True))



def _refusal_of(error: StoreError) -> Refusal:
    """What a caller is told when the store did not take a change."""
    match error:
        case StoreBusy():
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "this node has too much to write: ask again in a second")
        case KeyReused():
            return Refusal(ResponseCode.INVALID_VALUE, f"{error}: give every request its own key")
        case StoreFull():
            return Refusal(ResponseCode.SERVER_BACKUP, "the disk of this node is full: it answers, but takes no changes")
        case _:
            return Refusal(ResponseCode.ERROR, f"the change was not acknowledged: {error}")
