"""The oracle of genealogies: naive, by moments instead of intervals, by sets grown until nothing is added.

Nothing of it is shared with what it judges: time is a handful of whole moments, a thing is in another one at each moment of
a set, and a walk is the least fixed point over sets of moments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from idis.registry.trace.event import Action, Event, EventType, Moment, Quantity

MOMENTS = 12  # 0 … 11; 12 stands for ever after
ALL = frozenset(range(MOMENTS + 1))
ITEMS = [f"88.1/I{number}" for number in range(7)]
LOTS = [f"88.1/L{number}" for number in range(3)]
ORDER = {Action.DELETE: 0, Action.ADD: 1, Action.OBSERVE: 2}


@dataclass
class Stay:
    """A content in a whole at some moments, told by one opening event."""

    kind: str
    child: str
    parent: str
    moments: set[int]
    sure: bool
    of_class: bool = False


@dataclass
class World:
    """All edges of the believed events."""

    stays: list[Stay] = field(default_factory=list)
    made: list[tuple[str, str, int, bool]] = field(default_factory=list)  # output, input, moment, sure


def random_events(random: Random) -> list[Event]:
    """A genealogy: installations and removals, packing, observations, transformations alone and joined."""
    events = []
    for number in range(random.randint(3, 14)):
        at, draw = random.randrange(MOMENTS), random.random()
        event_id = f"urn:e:{number}"
        if draw < 0.55:
            kind = EventType.ASSOCIATION if random.random() < 0.8 else EventType.AGGREGATION
            action = random.choices((Action.ADD, Action.DELETE, Action.OBSERVE), (6, 3, 1))[0]
            parent, *others = random.sample(ITEMS, 4)
            children = tuple(others[: random.randint(0 if action is Action.DELETE else 1, 2)])
            amounts: tuple[Quantity, ...] = ()
            if random.random() < 0.25:
                amount = None if random.random() < 0.2 else Decimal(random.randint(1, 4))
                amounts = (Quantity(random.choice(LOTS), amount, random.choice(("", "KGM"))),)
            event = Event(
                kind, Moment(at), action, event_id=event_id, parent=parent, child_epcs=children, child_quantities=amounts
            )
        else:
            things = random.sample(ITEMS + LOTS, random.randint(2, 5))
            cut = random.randint(1, len(things) - 1)
            process = random.choice(("", "", "urn:t:1", "urn:t:2"))
            inputs, outputs = things[:cut], things[cut:]
            if process and random.random() < 0.5:
                inputs, outputs = (inputs, []) if random.random() < 0.5 else ([], outputs)
            event = Event(
                EventType.TRANSFORMATION,
                Moment(at),
                event_id=event_id,
                input_epcs=tuple(thing for thing in inputs if thing in ITEMS),
                input_quantities=tuple(Quantity(thing, Decimal(2), "KGM") for thing in inputs if thing in LOTS),
                output_epcs=tuple(thing for thing in outputs if thing in ITEMS),
                output_quantities=tuple(Quantity(thing, Decimal(2), "KGM") for thing in outputs if thing in LOTS),
                transformation_id=process,
            )
        events.append(event)
    return events


def world_of(events: Iterable[Event]) -> World:
    """The edges of events that are believed."""
    world = World()
    events = list(events)
    for kind, name in ((EventType.ASSOCIATION, "A"), (EventType.AGGREGATION, "G")):
        told = [event for event in events if event.type is kind]
        for parent in {event.parent for event in told}:
            of_parent = [event for event in told if event.parent == parent]
            for child in {child for event in of_parent for child in event.child_epcs}:
                world.stays.extend(_item_stays(name, child, parent, of_parent))
            for lot in {amount.epc_class for event in of_parent for amount in event.child_quantities}:
                for uom in ("", "KGM"):
                    world.stays.extend(_lot_stays(name, lot, parent, uom, of_parent))
    for stay in world.stays:
        for other in world.stays:
            same = stay.child == other.child and stay.kind == other.kind and stay.parent != other.parent
            if same and not stay.of_class and not other.of_class and stay.moments & other.moments:
                stay.sure = False
    transformations = [event for event in events if event.type is EventType.TRANSFORMATION]
    processes: dict[str, list[Event]] = {}
    for event in transformations:
        processes.setdefault(event.transformation_id or event.event_id, []).append(event)
    for process in processes.values():
        world.made.extend(_made(process))
    return world


def forward(world: World, start: str, last: int = MOMENTS) -> dict[str, set[int]]:
    """At which moments each thing is affected."""
    return _grow(world, start, set(range(last + 1)), last, back=False)


def back(world: World, start: str, moments: Iterable[int] = ALL, last: int = MOMENTS) -> dict[str, set[int]]:
    """At which moments each thing matters."""
    return _grow(world, start, set(moments), last, back=True)


def sure(world: World) -> World:
    """Only what is certain."""
    return World([stay for stay in world.stays if stay.sure], [made for made in world.made if made[3]])


def _grow(world: World, start: str, moments: set[int], last: int, *, back: bool) -> dict[str, set[int]]:
    found = {start: moments}
    while True:
        before = {thing: set(at) for thing, at in found.items()}
        for stay in world.stays:
            if stay.kind == "A":
                source, target = (stay.parent, stay.child) if back else (stay.child, stay.parent)
                found.setdefault(target, set()).update(found.get(source, set()) & stay.moments)
        for output, source, moment, _ in world.made:
            if moment > last:
                continue
            if back and any(at >= moment for at in found.get(output, ())):
                found.setdefault(source, set()).add(moment)
            if not back and moment in found.get(source, ()):
                found.setdefault(output, set()).update(range(moment, last + 1))
        found = {thing: at for thing, at in found.items() if at}
        if found == before:
            return found


def _item_stays(kind: str, child: str, parent: str, events: list[Event]) -> list[Stay]:
    stays: list[Stay] = []
    inside: Stay | None = None
    for moment in range(MOMENTS + 1):
        for event in _at(events, moment):
            emptied = event.action is Action.DELETE and not event.child_epcs and not event.child_quantities
            if child not in event.child_epcs and not emptied:
                continue
            if event.action is Action.DELETE:
                inside = None
            elif event.action is Action.ADD and inside is None:
                inside = Stay(kind, child, parent, set(), sure=True)
                stays.append(inside)
            elif event.action is Action.OBSERVE and inside is None:
                stays.append(Stay(kind, child, parent, {moment}, sure=False))
        if inside is not None:
            inside.moments.add(moment)
    return stays


def _lot_stays(kind: str, lot: str, parent: str, uom: str, events: list[Event]) -> list[Stay]:
    stays: list[Stay] = []
    inside: Stay | None = None
    left: Decimal | None = None
    for moment in range(MOMENTS + 1):
        for event in _at(events, moment):
            if event.action is Action.DELETE and not event.child_epcs and not event.child_quantities:
                inside = None
            for amount in event.child_quantities:
                if amount.epc_class != lot:
                    continue
                if event.action is Action.DELETE and amount.quantity is None:
                    inside = None
                elif amount.uom != uom:
                    continue
                elif event.action is Action.ADD:
                    if inside is None:
                        inside, left = Stay(kind, lot, parent, set(), sure=True, of_class=True), Decimal(0)
                        stays.append(inside)
                    left = None if left is None or amount.quantity is None else left + amount.quantity
                elif event.action is Action.OBSERVE and inside is None:
                    stays.append(Stay(kind, lot, parent, {moment}, sure=False, of_class=True))
                elif event.action is Action.DELETE and inside is not None and left is not None:
                    left -= amount.quantity or 0
                    inside = inside if left > 0 else None
        if inside is not None:
            inside.moments.add(moment)
    return stays


def _at(events: list[Event], moment: int) -> list[Event]:
    now = [event for event in events if event.time.time_ms == moment and event.action is not None]
    return sorted(now, key=lambda event: (ORDER[event.action or Action.ADD], event.event_id))


def _made(events: list[Event]) -> list[tuple[str, str, int, bool]]:
    inputs = [(thing, event.time.time_ms) for event in events for thing in _sources(event)]
    outputs = [(thing, event.time.time_ms) for event in events for thing in _results(event)]
    pieces = any(event.output_epcs for event in events)
    mixed = len({thing for thing, _ in inputs}) > 1 and len({thing for thing, _ in outputs}) > 1 and pieces
    found = []
    for output, made_at in set(outputs):
        for source in {thing for thing, _ in inputs} - {output}:
            in_time = any(thing == source and at <= made_at for thing, at in inputs)
            found.append((output, source, made_at, in_time and not mixed))
    return found


def _sources(event: Event) -> list[str]:
    return [*event.input_epcs, *(amount.epc_class for amount in event.input_quantities)]


def _results(event: Event) -> list[str]:
    return [*event.output_epcs, *(amount.epc_class for amount in event.output_quantities)]
