"""Acts of a move, judged, done and audited like those on prefixes (`prefix_acts.py`); what each does is in `moving.py`.

Chunks and deletions come by the thousand: they are judged like the rest, and told of by the act that ends them.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.types.site import Site
from idis.registry.audit.line import audit, prefix_summary
from idis.registry.caller import Caller
from idis.registry.prefix import Moving
from idis.registry.registration import moving
from idis.registry.registration.checks import Refusal, unknown
from idis.registry.registration.life import Registered
from idis.registry.registration.moving import Cleared, Held, Place
from idis.registry.registration.moving_chunk import Luggage, unpack_chunk
from idis.registry.registration.prefix_rights import Claim, Ground, judge
from idis.registry.rights import NO_GROUPS, Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.template_elsewhere import named_in, want_template


@dataclass(frozen=True, slots=True)
class Freeze:
    """Source: take no more changes."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Thaw:
    """Source: take changes again."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Arrive:
    """Destination: take in what is sent."""

    prefix: str
    luggage: Luggage


@dataclass(frozen=True, slots=True)
class Take:
    """Destination: one chunk of it."""

    prefix: str
    chunk: bytes


@dataclass(frozen=True, slots=True)
class Settle:
    """Destination: answer, if what is held is still what was counted."""

    prefix: str
    place: Place
    held: Held


@dataclass(frozen=True, slots=True)
class Give:
    """Source: refer to the destination, if what is held is still what was counted."""

    prefix: str
    sites: tuple[Site, ...]
    held: Held


@dataclass(frozen=True, slots=True)
class Clear:
    """Delete some of what left, or of what arrived and is not wanted, strictly after a key."""

    prefix: str
    after: bytes | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A chunk is here: how many records were put or changed, how many were deleted."""

    put: int
    deleted: int


MoveAct = Freeze | Thaw | Arrive | Take | Settle | Give | Clear
MoveResult = Registered | Taken | Cleared | Refusal | Unknown


def judge_move(txn: ReadTxn, prefix: str, caller: Caller, groups: Groups = NO_GROUPS) -> Refusal | Unknown | None:
    """Whether a caller may move a prefix here or away, and so read and write everything below it."""
    return judge(txn, Claim(Ground.MOVE, fold(prefix)), caller, groups)


def perform_move(txn: WriteTxn, act: MoveAct, caller: Caller, now: int, *, groups: Groups = NO_GROUPS) -> MoveResult:
    """Do one step of a move if the caller may; arguments as for `prefix_acts.perform_prefix`."""
    if (verdict := judge_move(txn, act.prefix, caller, groups)) is not None:
        return verdict
    before = txn.prefix(fold(act.prefix))
    done = _do(txn, act, now)
    ended = isinstance(done, Cleared) and done.after is None and before is not None and before.moving is not Moving.STAYS
    if ended or (isinstance(done, Registered) and done.changed):
        assert isinstance(done, Registered | Cleared), "what has an entry"
        held = act.held.records if isinstance(act, Settle | Give) else None
        audit(
            txn,
            caller,
            f"{type(act).__name__.lower()} prefix (move)",
            done.entry.prefix,
            before=None if before is None else prefix_summary(before),
            after=prefix_summary(done.entry),
            note="" if held is None else f"{held} records",
        )
    return done


def _do(txn: WriteTxn, act: MoveAct, now: int) -> Registered | Taken | Cleared | Refusal:
    match act:
        case Freeze(prefix=prefix):
            return moving.freeze(txn, prefix)
        case Thaw(prefix=prefix):
            return moving.thaw(txn, prefix)
        case Arrive(prefix=prefix, luggage=luggage):
            return moving.arrive(txn, prefix, luggage)
        case Take(prefix=prefix, chunk=chunk):
            return _take(txn, prefix, chunk)
        case Settle(prefix=prefix, place=place, held=held):
            return moving.settle(txn, prefix, place, held)
        case Give(prefix=prefix, sites=sites, held=held):
            return moving.give(txn, prefix, sites, held, now)
        case Clear(prefix=prefix, after=after):
            return moving.clear(txn, prefix, after)


def _take(txn: WriteTxn, prefix: str, chunk: bytes) -> Taken | Refusal:
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if entry.moving is not Moving.ARRIVING:
        return Refusal(ResponseCode.ERROR, f"the records of {entry.prefix} are not arriving here")
    try:
        moved = unpack_chunk(chunk, entry)
    except DataError as error:
        return Refusal(ResponseCode.INVALID_VALUE, str(error))
    deleted = 0
    for one in moved:
        if one.record is None:
            deleted += isinstance(txn.delete_record(one.key), int)
        else:
            txn.put_record(one.record, version_min=one.version)
            want_template(txn, named_in(one.record.public) or named_in(one.record.restricted))
    return Taken(sum(one.record is not None for one in moved), deleted)
