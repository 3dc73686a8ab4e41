"""What each type of event cannot be without (`tracing.md` §4.2)."""

from __future__ import annotations

from collections.abc import Callable

from idis.registry.trace.event import Action, Event, EventType

Needed = tuple[str, str, str] | None  # JSON pointer, rule, sentence


def needed_by(event: Event) -> Needed:
    """What an event misses; None when nothing."""
    return _NEEDS[event.type](event)


def _object_needs(event: Event) -> Needed:
    if event.epcs or event.quantities or (event.sensors and event.read_point):
        return None
    return "/epcList", "objects", "an ObjectEvent needs an epcList or quantityList with members, or sensor data and a readPoint"


def _whole_needs(event: Event) -> Needed:
    if not event.parent and event.action is not Action.OBSERVE:
        return "/parentID", "parent", f"{event.type.value} needs a parentID, unless it only observes"
    if not event.child_epcs and not event.child_quantities and event.action is not Action.DELETE:
        return "/childEPCs", "objects", f"{event.type.value} needs childEPCs or a childQuantityList, unless it deletes all"
    return None


def _transformation_needs(event: Event) -> Needed:
    inputs = bool(event.input_epcs or event.input_quantities)
    outputs = bool(event.output_epcs or event.output_quantities)
    if (inputs and outputs) or (event.transformation_id and (inputs or outputs)):
        return None
    missing = "/inputEPCList" if outputs or not inputs else "/outputEPCList"
    return missing, "objects", "a TransformationEvent needs inputs and outputs, or a transformationID and one of them"


def _transaction_needs(event: Event) -> Needed:
    if not event.transactions:
        return "/bizTransactionList", "transaction", "a TransactionEvent needs a business transaction"
    if event.epcs or event.quantities or event.parent or event.action is Action.DELETE:
        return None
    return "/epcList", "objects", "a TransactionEvent needs objects, unless it deletes all"


_NEEDS: dict[EventType, Callable[[Event], Needed]] = {
    EventType.OBJECT: _object_needs,
    EventType.AGGREGATION: _whole_needs,
    EventType.ASSOCIATION: _whole_needs,
    EventType.TRANSFORMATION: _transformation_needs,
    EventType.TRANSACTION: _transaction_needs,
}
