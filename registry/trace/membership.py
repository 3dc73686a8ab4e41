"""Membership: the lot an item belongs to, as an event of its making says (`tracing.md` §4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from idis.proto.errors import IdentifierError
from idis.registry.trace import rows
from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.event import Action, Event, EventType, Json
from idis.registry.trace.intervals import CLAIM
from idis.registry.trace.saying import Saying

LOT_MEMBERS = frozenset({"lot", "lotNumber", "batch", "batchNumber", "heat"})  # of ilmd, by their local names
ITEM_LOTS_MAX = 8  # of one item: its lot, its heat, its batch


def membership_edges(saying: Saying) -> Iterator[tuple[Edge, bytes]]:
    """Edges from the items an event makes to their lots, with their tag."""
    event, spelling = saying.event, saying.spelling
    if event.type is EventType.OBJECT and event.action is Action.ADD:
        items, lots = (*event.epcs, *(amount.epc_class for amount in event.quantities)), event.ilmd
    elif event.type is EventType.TRANSFORMATION:
        items, lots = event.output_epcs, event.ilmd
    else:
        return
    tag = rows.tag_of(event.event_id)
    reasons = (CLAIM,) if saying.claim else ()
    for item in items:
        named = spelling.named(item)
        if not named.lot and not lots:
            continue
        told = dict.fromkeys((named.lot, *_lots_in(saying, lots, named.class_of)))
        for lot in [lot for lot in told if lot and lot != named.name][:ITEM_LOTS_MAX]:
            yield (
                Edge(
                    EdgeKind.MEMBER_OF,
                    named.name,
                    lot,
                    event.time.time_ms,
                    recorded_ms=saying.recorded_ms,
                    certainty=Certainty.POSSIBLE if reasons else Certainty.CERTAIN,
                    reasons=reasons,
                    source=event.event_id,
                    holder=saying.holder,
                ),
                tag,
            )


def mixing_in(event: Event) -> str:
    """What an event says of mixing, in its master data or in a member of another namespace."""
    for name, value in (*event.ilmd, *event.extensions):
        if _local(name) == "mixing" and isinstance(value, str):
            return value
    return ""


def _lots_in(saying: Saying, ilmd: tuple[tuple[str, Json], ...], class_of: str) -> Iterator[str]:
    for name, value in ilmd:
        if _local(name) in LOT_MEMBERS and isinstance(value, str) and value:
            if "/" in value or ":" in value:
                try:
                    yield saying.spelling.name(value)
                except IdentifierError:
                    continue  # a lot number that only looks like an identifier
            elif class_of:
                # A bare lot number is one of the item's own class.
                yield saying.spelling.name(f"{class_of}/10/{quote(value, safe='')}")


def _local(name: str) -> str:
    return name.rpartition(":")[2].rpartition("/")[2].rpartition("#")[2]
