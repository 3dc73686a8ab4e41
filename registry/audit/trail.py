"""Reading the audit trail: what was done in a time, by whom, to what, page by page (`trust.md` §9.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.registry.audit.line import AuditLine, decode_line
from idis.registry.caller import Action, Caller, Role
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, Store
from idis.registry.store.keys import audit_time_ms

SCANNED_MAX = 500  # lines looked at in one snapshot: decoding them takes some milliseconds, and a reader pins pages


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are wanted; what is empty does not narrow.

    Attributes:
        since_ms: from this moment on, unix time in milliseconds.
        until_ms: before this moment.
        actor: part of who did it, without ASCII case: an identifier, a token's name.
        subject: what the subject begins with, without ASCII case: a prefix, an identifier.
        act: the verb.
        refused: only what was refused.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    actor: str = ""
    subject: str = ""
    act: str = ""
    refused: bool = False

    def admit(self, line: AuditLine) -> bool:
        """Whether a line is wanted, its time apart."""
        return (
            fold(self.actor) in fold(line.actor)
            and fold(line.subject).startswith(fold(self.subject))
            and self.act in ("", line.act)
            and (line.refused or not self.refused)
        )


@dataclass(frozen=True, slots=True)
class Noted:
    """A line with its place: `key` is where it is stored, `time_ms` when it was written."""

    key: bytes
    line: AuditLine

    @property
    def time_ms(self) -> int:
        """When it was written, unix time in milliseconds."""
        return audit_time_ms(self.key)

    @property
    def position(self) -> str:
        """Its place in the journal, for people: commit and index."""
        return f"{int.from_bytes(self.key[8:16], 'big')}.{int.from_bytes(self.key[16:], 'big')}"

    def to_json(self) -> dict[str, object]:
        """The line for programs."""
        return {"time": time_text(self.time_ms), "position": self.position, **self.line.to_json()}


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the wanted lines; `after` is where the next page goes on, None when there is none."""

    lines: tuple[Noted, ...]
    after: bytes | None


def refuse_reading(caller: Caller) -> Refusal | None:
    """What forbids a caller to read the trail: it tells of the whole node, so it is for auditors and operators of that."""
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "the audit trail is for auditors: prove an identity that is one")
    if not caller.in_scope(Action.AUDIT, ""):
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            "this token may not be used for 'audit' of the whole node: make one whose scope allows it",
        )
    if caller.holds(Role.AUDITOR, "") or caller.holds(Role.OPERATOR, ""):
        return None
    return Refusal(ResponseCode.INVALID_ADMIN, f"{caller.name} is neither auditor nor operator of this node")


def page(txn: ReadTxn, wanted: Wanted, after: bytes | None, limit: int, *, newest_first: bool = False) -> Page:
    """At most `limit` wanted lines, after looking at SCANNED_MAX at most: a page may be empty and not the last.

    Args:
        txn: a snapshot.
        wanted: which lines.
        after: where the page before it ended, None for the first one.
        limit: most lines.
        newest_first: backwards in time.
    """
    start = after if after is not None else _start(wanted, newest_first)
    scanned = txn.audits(start, SCANNED_MAX, newest_first=newest_first)
    found: list[Noted] = []
    for key, octets in scanned:
        if _beyond(wanted, audit_time_ms(key), newest_first):
            return Page(tuple(found), None)
        line = decode_line(octets)
        if wanted.admit(line):
            found.append(Noted(key, line))
            if len(found) == limit:
                return Page(tuple(found), key)
    return Page(tuple(found), scanned[-1][0] if len(scanned) == SCANNED_MAX else None)


def lines(store: Store, wanted: Wanted, *, newest_first: bool = False) -> Iterator[Noted]:
    """Every wanted line, a snapshot for each page: a reader that stays would keep every page freed meanwhile."""
    after: bytes | None = None
    while True:
        with store.read() as txn:
            found = page(txn, wanted, after, SCANNED_MAX, newest_first=newest_first)
        yield from found.lines
        after = found.after
        if after is None:
            return


def time_text(time_ms: int) -> str:
    """A moment in UTC: `2026-01-31T08:00:00.000Z`."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _start(wanted: Wanted, newest_first: bool) -> bytes | None:
    """A key just outside the wanted time, from which to begin: a time alone sorts before every line of it."""
    moment = wanted.until_ms if newest_first else wanted.since_ms
    return None if moment is None else max(moment, 0).to_bytes(8, "big")


def _beyond(wanted: Wanted, time_ms: int, newest_first: bool) -> bool:
    if newest_first:
        return wanted.since_ms is not None and time_ms < wanted.since_ms
    return wanted.until_ms is not None and time_ms >= wanted.until_ms
