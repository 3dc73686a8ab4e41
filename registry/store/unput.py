"""Rows that wait for the end of a commit: those of a table are put by one call for all.

The engine gives up the interpreter's lock at every call, and a commit has one journal entry for each of its changes. What
waits is not found by reading the table, so whoever reads there puts it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from idis.registry.store.base import StoreError
from idis.registry.store.environment import Tables

EVENT_BYTES_MAX = 1_048_576  # of events that wait: a document of 64 MiB is one commit

Row = tuple[bytes, bytes]


@dataclass(slots=True)
class Unput:
    """Sealed rows with their keys.

    Attributes:
        entries: of the journal, in its order.
        lines: of the audit trail, in the order of their time.
        events: in the order of recording.
        event_times: of the order of what happened.
        event_ids: places of events by their ids.
        event_octets: of the events.
    """

    entries: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    event_times: list[Row] = field(default_factory=list)
    event_ids: dict[bytes, bytes] = field(default_factory=dict)
    event_octets: int = 0

    def put(self, raw: Any, tables: Tables) -> None:
        """Put everything. Raises StoreError when what belongs at the end of its table does not fit there."""
        if self.entries:
            _append(raw, tables.journal, self.entries, "journal entries")
        if self.events:
            _append(raw, tables.event, self.events, "events")
            _put(raw, tables.event_time, self.event_times)
            _put(raw, tables.event_id, list(self.event_ids.items()))
            self.event_ids.clear()
            self.event_octets = 0
        if self.lines:
            with raw.cursor(tables.audit) as cursor:
                # Behind the last line, unless the clock was set back: then pages fill up instead of being split.
                _, added = cursor.putmulti(self.lines, append=True)
                if added != len(self.lines):
                    cursor.putmulti(self.lines)
            self.lines.clear()


def _append(raw: Any, table: Any, rows: list[Row], what: str) -> None:
    with raw.cursor(table) as cursor:
        _, added = cursor.putmulti(rows, append=True)
    if added != len(rows):
        raise StoreError(f"the store refused {what} behind those that are there: run 'idis verify'")
    rows.clear()


def _put(raw: Any, table: Any, rows: list[Row]) -> None:
    with raw.cursor(table) as cursor:
        cursor.putmulti(rows)
    rows.clear()
