"""What is let go of: old journal entries, outcomes and audit lines (`storage.md` §5, §6), in steps of one short commit each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idis.registry.journal import Position
from idis.registry.store import codec, keys, rules, tallies
from idis.registry.store.base import COMMIT_OPS_MAX, RecordDamaged
from idis.registry.store.environment import Tables

JOURNAL_AGE_MAX_S = 7 * 86_400  # a follower that was away for longer takes a snapshot
AUDIT_AGE_S_MAX = 400 * 86_400  # the duty is six months; a year and a month can be compared with the year before
JOURNAL_BYTES_MAX = 10 * 2**30  # the journal never holds the disk hostage


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the journal keeps: entries from a position on, or younger than a time, and at most so many octets."""

    before: Position | None = None
    older_than_ms: int = 0
    octets_max: int = JOURNAL_BYTES_MAX


def trim_journal(raw: Any, tables: Tables, bounds: Bounds) -> int:
    """Drop up to COMMIT_OPS_MAX of the oldest entries that are out of bounds, never the last one.

    The position of the youngest entry dropped is remembered: who asks from before it needs a snapshot.

    Returns:
        How many were dropped; fewer than COMMIT_OPS_MAX when nothing out of bounds is left.
    """
    facts = raw.stat(tables.journal)
    octets = facts["psize"] * (facts["branch_pages"] + facts["leaf_pages"] + facts["overflow_pages"])
    dropped: list[bytes] = []
    with raw.cursor(tables.journal) as cursor:
        last = cursor.key() if cursor.last() else b""
        going = cursor.first()
        while going and len(dropped) < COMMIT_OPS_MAX and cursor.key() != last:
            key = cursor.key()
            if octets <= bounds.octets_max and not _out_of_bounds(key, cursor.value(), bounds):
                break
            dropped.append(key)
            going = cursor.delete()
    if dropped:
        raw.put(keys.META_TRIMMED, codec.encode_trimmed(Position.decode(dropped[-1])), db=tables.meta)
    return len(dropped)


def sweep_outcomes(raw: Any, tables: Tables, now_ms: int) -> int:
    """Drop up to COMMIT_OPS_MAX outcomes of hours that are no longer looked in; how many."""
    oldest = max(now_ms // rules.HOUR_MS - rules.OUTCOME_HOURS + 1, 0).to_bytes(4, "big")
    count = 0
    with raw.cursor(tables.outcome) as cursor:
        going = cursor.first()
        while going and count < COMMIT_OPS_MAX and cursor.key() < oldest:
            going = cursor.delete()
            count += 1
    return count


def sweep_audits(raw: Any, tables: Tables, before_ms: int) -> int:
    """Drop up to COMMIT_OPS_MAX audit lines written before a time, whatever the journal still holds; how many."""
    tally = tallies.read(raw, tables, keys.META_AUDITS)
    count = 0
    with raw.cursor(tables.audit) as cursor:
        going = cursor.first()
        while going and count < COMMIT_OPS_MAX and keys.audit_time_ms(cursor.key()) < before_ms:
            tally.drop(cursor.value())
            going = cursor.delete()
            count += 1
    if count:
        raw.put(keys.META_AUDITS, tally.encode(keys.META_AUDITS), db=tables.meta)
    return count


def _out_of_bounds(key: bytes, value: bytes, bounds: Bounds) -> bool:
    if bounds.before is not None and key < bounds.before.encode():
        return True
    try:
        return codec.decode_entry(key, value).time_ms < bounds.older_than_ms
    except RecordDamaged:
        return False  # its age is unknown; `idis verify` reports it, and the bound on octets takes it in the end
