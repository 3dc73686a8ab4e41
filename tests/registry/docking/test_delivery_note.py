"""Rows of delivery notes, and the events they stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from idis.registry.docking.delivery_note import Line, events_of, read_line
from idis.registry.trace.event import Action, EventType, Moment, Quantity
from idis.registry.trace.things import Spelling

NOW_MS = int(datetime(2026, 3, 5, tzinfo=UTC).timestamp() * 1000)
ROW = {
    "noteNo": "DN-1",
    "identifier": "88.118.21/PLATE.1",
    "from": "88.118.21/ORG.MILL",
    "to": "88.118.8/ORG.YARD",
    "shipped": "2026-03-02 09:30",
    "orderNo": "PO-7",
}


def _line(**changes: str) -> Line:
    line, found = read_line({**ROW, **changes}, Spelling().name, NOW_MS)
    assert line is not None, found
    return line


def test_a_plain_row_ships_one_thing() -> None:
    """One event, with the note and the order below the prefixes of whom they are."""
    (event,) = events_of(_line())

    assert (event.type, event.biz_step, event.epcs) == (EventType.OBJECT, "shipping", ("hdl:88.118.21/PLATE.1",))
    assert [(one.type, one.uri) for one in event.transactions] == [
        ("desadv", "hdl:88.118.21/NOTE.DN-1"),
        ("po", "hdl:88.118.8/ORDER.PO-7"),
    ]
    assert [one.uri for one in event.destinations] == ["hdl:88.118.8/ORG.YARD"] * 2


def test_a_time_without_offset_is_beijings() -> None:
    """Spreadsheets know no offsets."""
    assert _line().shipped == Moment(1_772_415_000_000, 480)


def test_so_much_of_a_lot() -> None:
    """A quantity makes it a lot's; pieces have no unit."""
    (kilograms,), (pieces,) = (events_of(_line(quantity=text, uom=uom)) for text, uom in (("1,200.5", "KGM"), ("40", "H87")))

    assert (kilograms.epcs, kilograms.quantities) == ((), (Quantity("hdl:88.118.21/PLATE.1", Decimal("1200.5"), "KGM"),))
    assert pieces.quantities == (Quantity("hdl:88.118.21/PLATE.1", Decimal(40)),)


def test_one_piece_is_the_thing_itself() -> None:
    """Quantity 1 without another unit names no lot."""
    (event,) = events_of(_line(quantity="1", uom="H87"))

    assert (event.epcs, event.quantities) == (("hdl:88.118.21/PLATE.1",), ())


def test_a_container_is_packed_and_shipped() -> None:
    """What is shipped is the container, whatever is in it."""
    packing, shipping = events_of(_line(container="88.118.21/BUNDLE.9"))

    assert (packing.type, packing.action, packing.parent) == (EventType.AGGREGATION, Action.ADD, "hdl:88.118.21/BUNDLE.9")
    assert shipping.epcs == ("hdl:88.118.21/BUNDLE.9",)


def test_a_receipt_unpacks_and_receives() -> None:
    """With a time of receipt the thing arrives, as much of it as was counted."""
    received = {"quantity": "40", "received": "2026-03-03 08:00", "receivedQuantity": "39"}
    events = list(events_of(_line(container="88.118.21/BUNDLE.9", **received)))

    assert [(event.biz_step, event.action) for event in events] == [
        ("packing", Action.ADD),
        ("shipping", Action.OBSERVE),
        ("unpacking", Action.DELETE),
        ("receiving", Action.OBSERVE),
    ]
    assert events[3].quantities[0].quantity == 39


def test_a_difference_is_a_warning() -> None:
    """Shipped 40, received 39: the row is believed and the difference told."""
    row = {**ROW, "quantity": "40", "received": "2026-03-03 08:00", "receivedQuantity": "39"}
    line, (finding,) = read_line(row, Spelling().name, NOW_MS)

    assert line is not None
    assert (finding.rule, finding.message, finding.severity) == ("difference", "shipped 40, received 39", "warning")


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"noteNo": " "}, "required", "noteNo"),
        ({"identifier": "nothing at all"}, "identifier", "identifier"),
        ({"container": "88.118.21/PLATE.1"}, "container", "container"),
        ({"uom": "kilo"}, "uom", "uom"),
        ({"quantity": "0"}, "quantity", "quantity"),
        ({"quantity": "many"}, "quantity", "quantity"),
        ({"quantity": "NaN"}, "quantity", "quantity"),
        ({"quantity": "1.5"}, "whole-pieces", "quantity"),
        ({"shipped": "yesterday"}, "time", "shipped"),
        ({"shipped": "2027-03-02 09:30"}, "time", "shipped"),
        ({"received": "2026-03-01 09:30"}, "times", "received"),
    ],
)
def test_what_is_wrong_with_a_row(changes: dict[str, str], rule: str, field: str) -> None:
    """One finding that names field and rule; the row is kept out."""
    line, found = read_line({**ROW, **changes}, Spelling().name, NOW_MS)

    assert line is None
    assert [(finding.rule, finding.field) for finding in found] == [(rule, field)]


def test_names_without_prefix_stay_below_the_thing() -> None:
    """A company's bare name becomes a handle below the prefix of the goods."""
    (event,) = events_of(_line(**{"from": "示例钢铁 有限公司"}))

    assert event.sources[0].uri == "hdl:88.118.21/ORG.示例钢铁-有限公司"


def test_times_keep_their_offset() -> None:
    """What was said is kept as it was said."""
    assert _line(shipped="2026-03-02T09:30:00+02:00").shipped == Moment(1_772_436_600_000, 120)
