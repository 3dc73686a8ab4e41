"""How large a generation of the answer index is, and when a larger one is to take its place (`answer_index.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto._speedups import AnswerIndex, Fill

# A generation is made with room, and replaced before it is full, so that a change that does not fit is seldom met.
ROOM_FACTOR = 1.25
ROOM_BYTES = 4 * 2**20
ROOM_ENTRIES = 4_096
GROW_FACTOR = 2
GROW_AT = 7 / 8  # of the arena
GROW_AT_ENTRIES = 11 / 16  # of the slots; at three quarters no more are taken


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a generation."""

    slots: int
    arena_bytes: int

    @classmethod
    def of(cls, entries: int, octets: int) -> Plan:
        """One that holds what a store has."""
        slots = AnswerIndex.slots_for(int(entries * ROOM_FACTOR) + ROOM_ENTRIES)
        return cls(slots, int(octets * ROOM_FACTOR) + ROOM_BYTES)

    @classmethod
    def after(cls, fill: Fill) -> Plan | None:
        """A larger one when a generation is filling up, or one of the same size when most of it is waste; None: neither."""
        if fill.used_bytes <= fill.arena_bytes * GROW_AT and fill.entries <= fill.slots * GROW_AT_ENTRIES:
            return None
        slots = AnswerIndex.slots_for(fill.entries * GROW_FACTOR + ROOM_ENTRIES)
        return cls(slots, fill.live_bytes * GROW_FACTOR + ROOM_BYTES)

    @property
    def file_bytes(self) -> int:
        """Octets on disk, and in memory once every page has been read."""
        return self.slots * 8 + self.arena_bytes
