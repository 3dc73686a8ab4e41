"""Saying: an event, and in whose name and when it was said."""

from __future__ import annotations

from typing import NamedTuple

from idis.registry.trace.event import Event
from idis.registry.trace.things import Spelling


class Saying(NamedTuple):
    """An event as it is derived from; the members are those of `deriving.take_event`."""

    event: Event
    spelling: Spelling
    holder: str
    recorded_ms: int
    claim: bool = False
