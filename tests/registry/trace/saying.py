"""Short ways to write events, and to have a store take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from idis.registry.store.base import Store
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Action, Event, EventType, Moment, Quantity
from idis.registry.trace.things import Spelling

SPELLING = Spelling()
ADD, OBSERVE, DELETE = Action.ADD, Action.OBSERVE, Action.DELETE


def contents(kind: EventType, action: Action, at: int, parent: str, *children: str | Quantity, **more: Any) -> Event:
    """An aggregation or association."""
    return Event(
        kind,
        Moment(at),
        action,
        parent=parent,
        child_epcs=tuple(child for child in children if isinstance(child, str)),
        child_quantities=tuple(child for child in children if isinstance(child, Quantity)),
        **more,
    )


def install(at: int, parent: str, *children: str | Quantity, **more: Any) -> Event:
    """Children become part of a parent."""
    return contents(EventType.ASSOCIATION, ADD, at, parent, *children, **more)


def remove(at: int, parent: str, *children: str | Quantity, **more: Any) -> Event:
    """Children, or all of them, cease to be part of a parent."""
    return contents(EventType.ASSOCIATION, DELETE, at, parent, *children, **more)


def make(at: int, inputs: Sequence[str | Quantity], outputs: Sequence[str | Quantity], **more: Any) -> Event:
    """Outputs are made from inputs."""
    return Event(
        EventType.TRANSFORMATION,
        Moment(at),
        input_epcs=tuple(item for item in inputs if isinstance(item, str)),
        input_quantities=tuple(item for item in inputs if isinstance(item, Quantity)),
        output_epcs=tuple(item for item in outputs if isinstance(item, str)),
        output_quantities=tuple(item for item in outputs if isinstance(item, Quantity)),
        **more,
    )


def see(at: int, *things: str, action: Action = OBSERVE, **more: Any) -> Event:
    """An object event."""
    return Event(EventType.OBJECT, Moment(at), action, epcs=things, **more)


def take_all(store: Store, *events: Event, recorded_ms: int = 1_000, holder: str = "88.1", claim: bool = False) -> None:
    """Let a store take events, each recorded a millisecond after the one before; those without an id get their number."""

    def change(txn: Any) -> None:
        for number, event in enumerate(events):
            take_event(txn, named(event, number), spelling=SPELLING, holder=holder, recorded_ms=recorded_ms + number, claim=claim)

    store.write(change, actor="test").result(30)


def named(event: Event, number: int) -> Event:
    """An event with an id."""
    return event if event.event_id else event._replace(event_id=f"urn:uuid:event-{event.time.time_ms}-{number}")
