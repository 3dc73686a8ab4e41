"""Writing events: `Event` as EPCIS 2.0 JSON, and any JSON with Decimal numbers as text, digit for digit."""

from __future__ import annotations

from decimal import Decimal
from json.encoder import encode_basestring

from idis.registry.trace.event import ErrorDeclaration, Event, Json, Quantity, Typed
from idis.registry.trace.event_time import write_offset, write_time
from idis.registry.trace.vocabulary import CONTEXT_URL


def write_event(event: Event) -> dict[str, Json]:
    """An event as JSON members, with an `@context` where it declares one. `read_event` gives the event again."""
    members: dict[str, Json] = {}
    if event.context:
        members["@context"] = write_context(event.context)[1:]
    members["type"] = event.type.value
    members["eventTime"] = write_time(event.time.time_ms, event.time.offset_min)
    members["eventTimeZoneOffset"] = write_offset(event.time.offset_min)
    if event.record_time_ms:
        members["recordTime"] = write_time(event.record_time_ms, 0)
    _put(members, "eventID", event.event_id)
    _put(members, "certificationInfo", event.certifications[0] if len(event.certifications) == 1 else [*event.certifications])
    if event.error is not None:
        members["errorDeclaration"] = _error(event.error)
    _put(members, "parentID", event.parent)
    _put(members, "epcList", [*event.epcs])
    _put(members, "quantityList", _quantities(event.quantities))
    _put(members, "childEPCs", [*event.child_epcs])
    _put(members, "childQuantityList", _quantities(event.child_quantities))
    _put(members, "inputEPCList", [*event.input_epcs])
    _put(members, "inputQuantityList", _quantities(event.input_quantities))
    _put(members, "outputEPCList", [*event.output_epcs])
    _put(members, "outputQuantityList", _quantities(event.output_quantities))
    if event.action is not None:
        members["action"] = event.action.value
    _put(members, "transformationID", event.transformation_id)
    _put(members, "bizStep", event.biz_step)
    _put(members, "disposition", event.disposition)
    _put_where(members, event)
    _put(members, "bizTransactionList", _typed(event.transactions, "bizTransaction"))
    _put(members, "sourceList", _typed(event.sources, "source"))
    _put(members, "destinationList", _typed(event.destinations, "destination"))
    _put(members, "sensorElementList", [*event.sensors])
    _put(members, "ilmd", dict(event.ilmd))
    members.update(event.extensions)
    return members


def write_context(context: tuple[tuple[str, Json], ...]) -> list[Json]:
    """The `@context` of a document: the standard's own, then what else is declared."""
    entries: list[Json] = [CONTEXT_URL]
    entries += [meaning for name, meaning in context if not name]
    if named := {name: meaning for name, meaning in context if name}:
        entries.append(named)
    return entries


def json_text(value: Json) -> str:
    """A JSON value as text, numbers as they were spelled. Nested no deeper than events are."""
    match value:
        case str():
            return encode_basestring(value)
        case dict():
            return "{" + ",".join([f"{encode_basestring(name)}:{json_text(one)}" for name, one in value.items()]) + "}"
        case list() | tuple():
            return "[" + ",".join([json_text(one) for one in value]) + "]"
        case True:
            return "true"
        case False:
            return "false"
        case None:
            return "null"
        case Decimal() | int():
            return str(value)
        case _:
            raise TypeError(f"no JSON value: {type(value).__name__}")


def _put(members: dict[str, Json], name: str, value: Json) -> None:
    if value:
        members[name] = value


def _put_where(members: dict[str, Json], event: Event) -> None:
    persistent: dict[str, Json] = {}
    _put(persistent, "set", [*event.set_dispositions])
    _put(persistent, "unset", [*event.unset_dispositions])
    _put(members, "persistentDisposition", persistent)
    if event.read_point:
        members["readPoint"] = {"id": event.read_point, **dict(event.read_point_extensions)}
    if event.biz_location:
        members["bizLocation"] = {"id": event.biz_location, **dict(event.biz_location_extensions)}


def _quantities(quantities: tuple[Quantity, ...]) -> list[Json]:
    found = []
    for one in quantities:
        element: dict[str, Json] = {"epcClass": one.epc_class}
        if one.quantity is not None:
            element["quantity"] = one.quantity
        _put(element, "uom", one.uom)
        found.append(element)
    return found


def _typed(items: tuple[Typed, ...], member: str) -> list[Json]:
    return [{"type": one.type, member: one.uri} if one.type else {member: one.uri} for one in items]


def _error(error: ErrorDeclaration) -> dict[str, Json]:
    members: dict[str, Json] = {"declarationTime": write_time(error.declared.time_ms, error.declared.offset_min)}
    _put(members, "reason", error.reason)
    _put(members, "correctiveEventIDs", [*error.corrective_ids])
    members.update(error.extensions)
    return members
