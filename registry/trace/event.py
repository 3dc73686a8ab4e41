"""The event: EPCIS 2.0 and CBV 2.0 (ISO/IEC 19987, 19988) as one frozen object (`tracing.md` §4).

Identifiers are URIs as they came. Times are unix time in milliseconds with the offset kept beside them, because the
offset is part of what was said. Members that we do not interpret are kept in `extensions` and come out as they went in.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

Json = Any  # a JSON value as `json.loads` gives it, numbers as Decimal


class EventType(Enum):
    """The five types."""

    OBJECT = "ObjectEvent"
    AGGREGATION = "AggregationEvent"
    ASSOCIATION = "AssociationEvent"
    TRANSFORMATION = "TransformationEvent"
    TRANSACTION = "TransactionEvent"

    __hash__ = object.__hash__  # each member is one object; the hash of an enumeration is ten times dearer, and tables ask for it


class Action(Enum):
    """What happens to the things of an event; transformations have none."""

    ADD = "ADD"
    OBSERVE = "OBSERVE"
    DELETE = "DELETE"


class Moment(NamedTuple):
    """A point in time: unix time in milliseconds, and the offset it was told in, as minutes east of UTC."""

    time_ms: int
    offset_min: int = 0


class Quantity(NamedTuple):
    """So much of a class or lot. Without `quantity` an unknown amount; `uom` is a UN/ECE Rec 20 code, none means pieces."""

    epc_class: str
    quantity: Decimal | None = None
    uom: str = ""


class Typed(NamedTuple):
    """A business transaction, source or destination: its type (may be empty for transactions) and its URI."""

    type: str
    uri: str


class ErrorDeclaration(NamedTuple):
    """The event with this content was wrong."""

    declared: Moment
    reason: str = ""
    corrective_ids: tuple[str, ...] = ()
    extensions: tuple[tuple[str, Json], ...] = ()


class Event(NamedTuple):
    """One event. A tuple, as its parts are: a capture makes thousands a second.

    Attributes:
        type: which of the five.
        time: when it happened.
        action: None for transformations.
        event_id: as given, or the content hash (`ni:///sha-256;…?ver=CBV2.0`).
        epcs, quantities: the things of an object or transaction event.
        parent: of an aggregation, association or transaction.
        child_epcs, child_quantities: of an aggregation or association.
        input_epcs, input_quantities, output_epcs, output_quantities, transformation_id: of a transformation.
        biz_step, disposition: CBV words in their short form, or URIs.
        set_dispositions, unset_dispositions: the persistent disposition.
        read_point, biz_location: URIs.
        transactions, sources, destinations: typed URIs.
        sensors: sensor elements as JSON objects.
        ilmd: instance and lot master data as a JSON object.
        certifications: URIs.
        error: the declaration that this event was wrong.
        extensions: members of other namespaces, in the order they came.
        read_point_extensions, biz_location_extensions: likewise, of the two places.
        context: the `@context` entries: prefixes and terms with what they stand for, and further contexts, by URL,
            under an empty name; not the standard's own.
        record_time_ms: when this node recorded it; 0 before.
    """

    type: EventType
    time: Moment
    action: Action | None = None
    event_id: str = ""
    epcs: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    parent: str = ""
    child_epcs: tuple[str, ...] = ()
    child_quantities: tuple[Quantity, ...] = ()
    input_epcs: tuple[str, ...] = ()
    input_quantities: tuple[Quantity, ...] = ()
    output_epcs: tuple[str, ...] = ()
    output_quantities: tuple[Quantity, ...] = ()
    transformation_id: str = ""
    biz_step: str = ""
    disposition: str = ""
    set_dispositions: tuple[str, ...] = ()
    unset_dispositions: tuple[str, ...] = ()
    read_point: str = ""
    biz_location: str = ""
    transactions: tuple[Typed, ...] = ()
    sources: tuple[Typed, ...] = ()
    destinations: tuple[Typed, ...] = ()
    sensors: tuple[Json, ...] = ()
    ilmd: tuple[tuple[str, Json], ...] = ()
    certifications: tuple[str, ...] = ()
    error: ErrorDeclaration | None = None
    extensions: tuple[tuple[str, Json], ...] = ()
    context: tuple[tuple[str, Json], ...] = ()
    record_time_ms: int = 0
    read_point_extensions: tuple[tuple[str, Json], ...] = ()
    biz_location_extensions: tuple[tuple[str, Json], ...] = ()


def named_by(event: Event) -> Iterator[str]:
    """Every thing of an event but its parent."""
    yield from event.epcs
    yield from event.child_epcs
    yield from event.input_epcs
    yield from event.output_epcs


def amounts_of(event: Event) -> Iterator[Quantity]:
    """Every quantity of an event."""
    yield from event.quantities
    yield from event.child_quantities
    yield from event.input_quantities
    yield from event.output_quantities


def things_of(event: Event) -> Iterator[str]:
    """Everything an event is about: things, its parent, and classes and lots."""
    yield from named_by(event)
    if event.parent:
        yield event.parent
    for amount in amounts_of(event):
        yield amount.epc_class
