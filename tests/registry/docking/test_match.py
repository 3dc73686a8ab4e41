"""Order match and product match."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from idis.proto.value import Value
from idis.registry.docking.match import Docked, Match, Order, dock, dock_here, inside_now
from idis.registry.docking.piece import Piece, piece_of
from idis.registry.store.memory import MemoryStore
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Action, Event, EventType, Moment
from idis.registry.trace.stop_ship import Verdict
from idis.registry.trace.things import Spelling

MakePiece = Callable[..., Piece]
VIN = "88.120.7/VIN.LSVAA49J132047371"
PACK = "88.120.6/PACK.001PB21K000000E2K0000000"
VALVE, POSITION = "88.140.6/VALVE.00001-1", "88.140.1/POS.10JNA10AA001"
ORDER = Order("O-STORY-1", ("PACK-96S-150",))
NOW_MS = int(datetime(2026, 1, 15, tzinfo=UTC).timestamp() * 1000)


def _texts(found: Docked) -> list[str]:
    return [doubt.text for doubt in found.doubts]


@pytest.fixture
def pack(sample_piece: MakePiece) -> Piece:
    """A pack that is in nothing."""
    return sample_piece("automotive", PACK)


@pytest.fixture
def vehicle(sample_piece: MakePiece) -> Piece:
    """The vehicle that waits for its pack."""
    return sample_piece("automotive", VIN)


def test_a_part_that_matches_may_pass(pack: Piece, vehicle: Piece) -> None:
    """Right order, right model, right kind: green."""
    found = dock(pack, vehicle, ORDER, ())

    assert (found.order, found.product, found.verdict, found.doubts) == (Match.YES, Match.YES, Verdict.ALLOW, ())


def test_part_numbers_are_compared_without_blanks_and_case(sample_piece: MakePiece, vehicle: Piece) -> None:
    """A customer's part number is written in groups by one and without by another."""
    inverter = sample_piece("automotive", "88.120.7/PART.INV-0000000")

    assert dock(inverter, vehicle, Order("o-story-1", ("5ge907425",)), ()).order is Match.YES


def test_the_wrong_part_stops(pack: Piece, vehicle: Piece) -> None:
    """The order calls for another model."""
    found = dock(pack, vehicle, Order("O-STORY-1", ("PACK-108S-180",)), ())

    assert (found.order, found.product, found.verdict) == (Match.NO, Match.YES, Verdict.STOP)
    assert _texts(found) == ["the order calls for PACK-108S-180, this is PACK-96S-150"]


def test_the_wrong_order_stops(pack: Piece, vehicle: Piece) -> None:
    """The vehicle is built for another order."""
    found = dock(pack, vehicle, Order("O-4711", ("PACK-96S-150",)), ())

    assert _texts(found) == [f"{VIN} is built for order O-STORY-1, not O-4711"]


def test_without_an_order_nothing_matches(pack: Piece, vehicle: Piece) -> None:
    """What was not compared holds the part."""
    found = dock(pack, vehicle, Order(), ())

    assert (found.order, found.product, found.verdict) == (Match.UNKNOWN, Match.YES, Verdict.HOLD)


def test_what_nobody_knows_is_held(vehicle: Piece) -> None:
    """A label without a record is neither right nor wrong."""
    found = dock(piece_of("88.120.6/PACK.X", None), vehicle, ORDER, ())

    assert (found.order, found.product, found.verdict) == (Match.UNKNOWN, Match.UNKNOWN, Verdict.HOLD)


def test_a_cell_does_not_go_into_a_vehicle(sample_piece: MakePiece, vehicle: Piece) -> None:
    """The schema says what becomes part of what, and the code says what kind of battery it is."""
    module = sample_piece("automotive", PACK, productType="M")

    assert _texts(dock(module, vehicle, ORDER, ())) == ["only a pack goes into a vehicle, this is productType M"]


def test_a_lot_does_not_become_part_of_a_vehicle(sample_piece: MakePiece, vehicle: Piece) -> None:
    """No field of a lot leads into a vehicle."""
    lot = sample_piece("automotive", "88.120.5/LOT.CAM-00000")

    assert _texts(dock(lot, vehicle, Order("O-STORY-1"), ())) == ["a lot 批 does not become part of a vehicle 整车"]


@pytest.mark.parametrize(
    ("field", "text", "verdict"),
    [
        ("status", "on_hold", Verdict.STOP),
        ("status", "scrapped", Verdict.STOP),
        ("recallFlag", "stop", Verdict.STOP),
        ("recallFlag", "check", Verdict.HOLD),
        ("inspectionResult", "fail", Verdict.STOP),
    ],
)
def test_what_is_not_as_it_should_be(sample_piece: MakePiece, vehicle: Piece, field: str, text: str, verdict: Verdict) -> None:
    """A part on hold, scrapped, recalled or failed is not joined."""
    pack = sample_piece("automotive", PACK, **{field: text})

    assert dock(pack, vehicle, ORDER, ()).verdict is verdict


def test_a_flag_beside_what_an_owner_signed() -> None:
    """Of two flags it is the node's that counts."""
    piece = piece_of("88.1/A", (Value(1003, "recallFlag", b"stop"), Value(2006, "recallFlag", b"none")))

    assert piece.texts["recallFlag"] == "stop"


def test_an_engine_that_fits_other_models(sample_piece: MakePiece, vehicle: Piece) -> None:
    """`fitsModels` is compared with the vehicle's model."""
    inverter = sample_piece("automotive", "88.120.7/PART.INV-0000000", fitsModels='["E7","E9"]')
    found = dock(inverter, vehicle, Order("O-STORY-1"), ())

    assert _texts(found) == ["it fits E7, E9, this is a E5"]


def test_a_part_that_is_elsewhere(pack: Piece, vehicle: Piece) -> None:
    """What is installed in one thing is not joined to another."""
    found = dock(pack, vehicle, ORDER, ("88.120.7/VIN.OTHER",))

    assert _texts(found) == ["it is installed in 88.120.7/VIN.OTHER"]


def test_a_part_that_is_there_already(pack: Piece, vehicle: Piece) -> None:
    """Scanning twice is no error."""
    found = dock(pack, vehicle, ORDER, (VIN,))

    assert (found.verdict, found.joined) == (Verdict.ALLOW, True)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({}, Match.YES),
        ({"safetyClass": "1"}, Match.YES),  # better than demanded
        ({"safetyClass": "3"}, Match.NO),
        ({"qaLevel": "QA2"}, Match.NO),
        ({"seismicCategory": None}, Match.UNKNOWN),
        ({"release": None}, Match.NO),
    ],
)
def test_a_valve_at_its_position(sample_piece: MakePiece, changes: dict[str, str | None], match: Match) -> None:
    """The classes a position demands, and the release that goes before installation."""
    valve, position = sample_piece("nuclear", VALVE, status="active", **changes), sample_piece("nuclear", POSITION)

    assert dock(valve, position, Order(wanted=("V-00001-1",)), ()).product is match


def test_a_block_of_another_hull(sample_piece: MakePiece) -> None:
    """Blocks are erected on the hull they were built for."""
    block = sample_piece("ship", "88.118.8/BLOCK.H2588-B101")
    others = [dock(block, sample_piece("ship", f"88.118.8/SHIP.{hull}"), Order(), ()).product for hull in ("H2588", "H2589")]

    assert others == [Match.YES, Match.NO]


def test_where_a_part_is_comes_from_events(pack: Piece, vehicle: Piece) -> None:
    """An installation that an event told of, as long as it lasts."""
    store = MemoryStore()
    start = NOW_MS - 10_000
    for at, action, name in ((start, Action.ADD, "urn:e:1"), (start + 5_000, Action.DELETE, "urn:e:2")):
        event = Event(EventType.ASSOCIATION, Moment(at), action, name, parent="88.120.7/VIN.OTHER", child_epcs=(pack.thing,))
        store.write(partial(take_event, event=event, spelling=Spelling(), holder="88.120.7", recorded_ms=at), actor="t").result(5)
    with store.read() as txn:
        inside = [inside_now(txn, pack.thing, at) for at in (start - 1, start + 1, start + 5_001)]
        held = dock_here(txn, pack, vehicle, ORDER, start + 1).verdict

    assert inside == [(), ("88.120.7/VIN.OTHER",), ()]
    assert held is Verdict.STOP
