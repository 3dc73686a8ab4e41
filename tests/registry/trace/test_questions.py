"""Questions asked of events: each a small story with a known answer."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from idis.proto.value import Value
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import Store
from idis.registry.trace.common import common
from idis.registry.trace.edge import Certainty
from idis.registry.trace.event import Action, ErrorDeclaration, Event, EventType, Moment, Quantity, Typed
from idis.registry.trace.expanding import Direction, Step
from idis.registry.trace.export import Form, export
from idis.registry.trace.gaps import gaps, quality
from idis.registry.trace.recall import recall
from idis.registry.trace.relation import relation
from idis.registry.trace.siblings import By, siblings
from idis.registry.trace.stop_ship import Verdict, check
from idis.registry.trace.timeline import timeline
from idis.registry.trace.tracing import trace
from idis.registry.trace.walking import ONLY_THE_LOT, Budget, Start
from tests.registry.trace.saying import ADD, DELETE, SPELLING, contents, install, make, remove, see, take_all

LOT, PACK, PACK2, VIN, VIN2 = "88.1/LOT", "88.1/PACK", "88.1/PACK2", "88.2/VIN", "88.2/VIN2"
NOW = 1_000


def ship(at: int, thing: str, to: str, place: str = "", **more: Any) -> Event:
    """A thing changes hands."""
    return see(at, thing, biz_step="shipping", destinations=(Typed("owning_party", to),), biz_location=place, **more)


class TestRecall:
    """What is affected, who has it, how sure that is."""

    def test_lot_to_vehicle(self, store: Store) -> None:
        """Cells of a lot went into a pack, the pack into a vehicle, the vehicle to a dealer: that is who must be told."""
        cells = Quantity(LOT, Decimal(96))
        take_all(store, make(1, [cells], [PACK]), install(2, VIN, PACK), ship(3, VIN, "88.9/DEALER", "88.9/YARD"))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)
        (one,) = answer.affected

        assert (one.thing, one.certainty, one.current, one.where.holder, one.where.place) == (
            VIN,
            Certainty.CERTAIN,
            True,
            "88.9/DEALER",
            "88.9/YARD",
        )
        assert [(edge.kind.value, edge.child, edge.parent) for edge in one.path] == [("T", PACK, LOT), ("A", PACK, VIN)]
        assert (answer.between, answer.notify, answer.extent.complete) == (2, ("88.9/DEALER",), True)

    def test_formerly_affected(self, store: Store) -> None:
        """The vehicle a pack was taken out of was affected; the one it is in now is."""
        exchange = remove(5, VIN, PACK), install(6, VIN2, PACK), install(6, VIN, PACK2)
        take_all(store, make(1, [LOT], [PACK]), install(2, VIN, PACK), *exchange)
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)

        assert [(one.thing, one.current, one.from_ms, one.to_ms) for one in answer.affected] == [
            (VIN2, True, 6, 2**63 - 1),
            (VIN, False, 2, 5),
        ]

    def test_in_stock(self, store: Store) -> None:
        """A pack that is in nothing stands for itself, also when it was in something once."""
        take_all(store, make(1, [LOT], [PACK, PACK2]), install(2, VIN, PACK), remove(3, VIN, PACK))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)

        assert {(one.thing, one.current) for one in answer.affected} == {(PACK, True), (PACK2, True), (VIN, False)}

    def test_mixed_run_is_possible(self, store: Store) -> None:
        """Two packs built together from two lots: nobody knows which cells are where, and the reason says so."""
        take_all(store, make(1, [LOT, "88.1/LOT2"], [PACK, PACK2]))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)

        assert (answer.certain, answer.possible) == (0, 2)
        assert answer.affected[0].reasons == ("several inputs and outputs without evidence for each pair",)

    def test_homogeneous_mixing_is_certain(self, store: Store) -> None:
        """A stirred batch holds some of every input in every output."""
        take_all(store, make(1, [LOT, "88.1/LOT2"], [PACK, PACK2], ilmd=(("ex:mixing", "homogeneous"),)))
        with store.read() as txn:
            assert recall(txn, [Start(LOT)], at_ms=NOW).possible == 0

    def test_neighbours_are_not_affected(self, store: Store) -> None:
        """What is packed or installed beside an affected thing is not."""
        box = contents(EventType.AGGREGATION, ADD, 3, "88.1/BOX", PACK, "88.1/OTHER")
        take_all(store, make(1, [LOT], [PACK]), box, install(4, VIN, PACK, "88.1/SEAT"))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)

        assert [one.thing for one in answer.affected] == [VIN]

    def test_container_tells_the_place(self, store: Store) -> None:
        """A pack in a box on a pallet is where the pallet went last."""
        boxed = contents(EventType.AGGREGATION, ADD, 3, "88.1/BOX", PACK)
        stacked = contents(EventType.AGGREGATION, ADD, 4, "88.1/PALLET", "88.1/BOX")
        take_all(
            store,
            make(1, [LOT], [PACK], biz_location="88.1/PLANT"),
            boxed,
            stacked,
            ship(5, "88.1/PALLET", "88.9/BUYER", "88.9/DOCK"),
        )
        with store.read() as txn:
            (one,) = recall(txn, [Start(LOT)], at_ms=NOW).affected

        assert (one.where.holder, one.where.place, one.where.container) == ("88.9/BUYER", "88.9/DOCK", "88.1/PALLET")

    def test_item_reaches_over_its_lot(self, store: Store) -> None:
        """Where only the lot of a bad item is named, what was made from it is possibly affected, other items of it are not."""
        lot = (("ex:lot", LOT),)
        take_all(store, see(1, "88.1/I1", "88.1/I2", action=ADD, ilmd=lot), make(2, [Quantity(LOT, Decimal(5))], [PACK]))
        with store.read() as txn:
            answer = recall(txn, [Start("88.1/I1")], at_ms=NOW)

        assert {(one.thing, one.certainty.value) for one in answer.affected} == {("88.1/I1", "certain"), (PACK, "possible")}
        assert ONLY_THE_LOT in answer.affected[1].reasons

    def test_a_lot_and_its_items_are_no_circle(self, store: Store) -> None:
        """From a lot to its item and back over the same fact: nothing was reworked."""
        take_all(store, see(1, "88.1/I1", "88.1/I2", action=ADD, ilmd=(("ex:lot", LOT),)))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)

        assert ({one.thing for one in answer.affected}, answer.extent.cycles) == ({"88.1/I1", "88.1/I2"}, ())

    def test_part_of_a_lot_is_possible(self, store: Store) -> None:
        """When only some of a lot are bad, everything made from it is possibly affected."""
        take_all(store, make(1, [LOT], [PACK]))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT, part=True)], at_ms=NOW)

        assert (answer.certain, answer.affected[0].reasons) == (0, ("only a part of the lot is affected",))

    def test_since(self, store: Store) -> None:
        """What was made before a lot went bad is not affected."""
        take_all(store, make(1, [LOT], [PACK]), make(9, [LOT], [PACK2]))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT, from_ms=5)], at_ms=NOW)

        assert [one.thing for one in answer.affected] == [PACK2]

    def test_quantities(self, store: Store) -> None:
        """Kilograms add up to kilograms, and what has none is not counted as zero."""
        outputs = [Quantity("88.1/B1", Decimal("12.5"), "KGM"), Quantity("88.1/B2", Decimal(3), "KGM"), Quantity("88.1/B3")]
        take_all(store, make(1, [LOT], outputs))
        with store.read() as txn:
            answer = recall(txn, [Start(LOT)], at_ms=NOW)

        assert answer.quantities == (("KGM", Decimal("15.5")),)

    def test_nothing_is_an_answer(self, store: Store) -> None:
        """A thing nobody knows is affected itself, and nothing else; the answer is complete."""
        with store.read() as txn:
            answer = recall(txn, [Start("88.1/NEVER")], at_ms=NOW)

        assert ([one.thing for one in answer.affected], answer.extent.complete) == (["88.1/NEVER"], True)


class TestTrace:
    """Back and forward."""

    def test_graph(self, store: Store) -> None:
        """Every thing once, nearest first, with the edge that leads to it."""
        take_all(store, make(1, [LOT], [PACK]), install(2, VIN, PACK, "88.1/SEAT"))
        with store.read() as txn:
            found = trace(txn, VIN, Direction.BACK)

        assert [(line.depth, line.thing, line.beside) for line in found.lines] == [
            (0, VIN, ""),
            (1, PACK, VIN),
            (1, "88.1/SEAT", VIN),
            (2, LOT, PACK),
        ]
        assert (found.certain, found.possible) == (3, 0)

    def test_depth(self, store: Store) -> None:
        """A trace that was cut says where."""
        take_all(store, make(1, [LOT], [PACK]), install(2, VIN, PACK))
        with store.read() as txn:
            found = trace(txn, VIN, Direction.BACK, budget=Budget(depth=1))

        assert [line.thing for line in found.lines] == [VIN, PACK]
        assert (found.extent.complete, found.extent.limits) == (False, ("depth",))
        assert [(stone.thing, stone.step) for stone in found.extent.tombstones] == [(PACK, Step.LIMIT)]

    def test_edges(self, store: Store) -> None:
        """So does one that read as many edges as it may."""
        take_all(store, install(1, VIN, *(f"88.1/P{number}" for number in range(50))), make(0, [LOT], ["88.1/P7"]))
        with store.read() as txn:
            found = trace(txn, VIN, Direction.BACK, budget=Budget(edges=20))

        assert (found.extent.complete, found.extent.limits) == (False, ("edges",))

    def test_time(self, store: Store) -> None:
        """And one that took too long."""
        ticks = iter(range(0, 10_000, 400))
        take_all(store, make(1, [LOT], [PACK]), install(2, VIN, PACK))
        with store.read() as txn:
            found = trace(txn, VIN, Direction.BACK, budget=Budget(ms=500), clock=lambda: next(ticks))

        assert (found.extent.complete, found.extent.limits) == (False, ("time",))

    def test_cycle(self, store: Store) -> None:
        """Reground scrap goes back into its own lot: the walk ends and says so."""
        take_all(store, make(1, [LOT], [PACK]), make(2, [PACK], [LOT]), make(3, [LOT], [PACK]))
        with store.read() as txn:
            found = trace(txn, LOT, Direction.FORWARD)

        assert {line.thing for line in found.lines} == {LOT, PACK}
        assert set(found.extent.cycles) & {LOT, PACK}

    def test_the_shortest_cycle(self, store: Store) -> None:
        """Two things made from each other are one, though both facts are of one kind."""
        take_all(store, make(1, [LOT], [PACK]), make(1, [PACK], [LOT]))
        with store.read() as txn:
            assert trace(txn, LOT, Direction.FORWARD).extent.cycles

    def test_pallet(self, store: Store) -> None:
        """From a pallet back: what is on it, and what that was made from."""
        take_all(store, make(1, [LOT], [PACK]), contents(EventType.AGGREGATION, ADD, 2, "88.1/PALLET", PACK))
        with store.read() as txn:
            found = trace(txn, "88.1/PALLET", Direction.BACK)

        assert [line.thing for line in found.lines] == ["88.1/PALLET", PACK, LOT]

    def test_two_times(self, store: Store) -> None:
        """What was installed on a day, and what we knew then: two questions, two answers."""
        wrong = install(2, VIN, PACK, event_id="urn:e:1")
        take_all(store, wrong, recorded_ms=100)
        take_all(store, wrong._replace(error=ErrorDeclaration(Moment(9))), install(3, VIN, PACK2), recorded_ms=200)
        with store.read() as txn:
            knew = trace(txn, VIN, Direction.BACK, as_of_ms=5, known_ms=150)
            know = trace(txn, VIN, Direction.BACK, as_of_ms=5)

        assert ([line.thing for line in knew.lines], [line.thing for line in know.lines]) == ([VIN, PACK], [VIN, PACK2])


class TestRelation:
    """Was X in Y on day D."""

    def test_when(self, store: Store) -> None:
        """The stay that holds on the day, with its path; none on another day."""
        take_all(store, install(2, PACK, "88.1/MODULE"), install(3, VIN, PACK), remove(7, VIN, PACK))
        with store.read() as txn:
            inside, outside = (relation(txn, "88.1/MODULE", VIN, as_of_ms=day) for day in (5, 8))
            ever = relation(txn, "88.1/MODULE", VIN)

        assert (inside.holds, outside.holds) == (True, False)
        assert [(stay.from_ms, stay.to_ms, len(stay.path)) for stay in ever.stays] == [(3, 7, 2)]

    def test_on_a_pallet(self, store: Store) -> None:
        """Packing counts here."""
        take_all(store, contents(EventType.AGGREGATION, ADD, 2, "88.1/PALLET", PACK))
        with store.read() as txn:
            assert relation(txn, PACK, "88.1/PALLET", as_of_ms=3).holds


class TestCommon:
    """What failed things share."""

    def test_shared_lot_is_first(self, store: Store) -> None:
        """Three failed packs share a lot that the good ones do not have; what is in all of them ranks below it."""
        bad, good = [f"88.1/BAD{number}" for number in range(3)], [f"88.1/GOOD{number}" for number in range(3)]
        made = [make(number, [LOT, "88.1/GLUE"], [pack]) for number, pack in enumerate(bad)]
        made += [make(number, ["88.1/LOT2", "88.1/GLUE"], [pack]) for number, pack in enumerate(good)]
        take_all(store, *made)
        with store.read() as txn:
            answer = common(txn, bad, population=good)

        assert [(cause.name, cause.failed, cause.population) for cause in answer.causes] == [(LOT, 3, 0), ("88.1/GLUE", 3, 3)]

    def test_shared_station(self, store: Store) -> None:
        """Things that share nothing but the station they were made at."""
        made = [make(at, [f"88.1/L{at}"], [f"88.1/P{at}"], read_point="88.1/ST12") for at in range(3)]
        take_all(store, *made)
        with store.read() as txn:
            answer = common(txn, ["88.1/P0", "88.1/P1"])

        assert [(cause.kind, cause.name) for cause in answer.causes] == [("station", "88.1/ST12")]

    @pytest.mark.parametrize("count", [0, 1, 1_001])
    def test_how_many(self, store: Store, count: int) -> None:
        """One failure has no common cause, and a thousand are enough."""
        with store.read() as txn, pytest.raises(ValueError, match="common causes"):
            common(txn, [f"88.1/P{number}" for number in range(count)])


class TestSiblings:
    """What shares something with a thing."""

    def test_made_together(self, store: Store) -> None:
        """What came out of the same transformation, and not what else was made from its inputs."""
        take_all(store, make(1, [LOT], [PACK, PACK2]), make(2, [LOT], ["88.1/PACK3"]))
        with store.read() as txn:
            found = siblings(txn, PACK, By.TRANSFORMATION, at_ms=NOW)

        assert [one.thing for one in found.siblings] == [PACK2]

    def test_lot(self, store: Store) -> None:
        """The other items of its lot, and where they are."""
        lot = (("ex:lot", LOT),)
        take_all(store, see(1, PACK, PACK2, action=ADD, ilmd=lot), ship(2, PACK2, "88.9/D"))
        with store.read() as txn:
            found = siblings(txn, PACK, By.LOT, at_ms=NOW)

        assert [(one.thing, one.shared, one.where.holder) for one in found.siblings] == [(PACK2, LOT, "88.9/D")]

    def test_station(self, store: Store) -> None:
        """What the same station worked on in the hours around."""
        hour = 3_600_000
        take_all(store, *(make(at * hour, [f"88.1/L{at}"], [f"88.1/P{at}"], read_point="88.1/ST") for at in (1, 2, 30)))
        with store.read() as txn:
            found = siblings(txn, "88.1/P1", By.STATION, at_ms=NOW)

        assert [one.thing for one in found.siblings] == ["88.1/P2"]

    def test_station_of_a_withdrawn_event(self, store: Store) -> None:
        """Who bears a factor is told by the event: many things in few rows, all gone when it was an error."""
        wrong = make(2, ["88.1/L"], [f"88.1/P{at:02}" for at in range(40)], read_point="88.1/ST", event_id="urn:e:2")
        take_all(store, make(1, ["88.1/L"], ["88.1/P"], read_point="88.1/ST"), wrong)
        with store.read() as txn:
            before = siblings(txn, "88.1/P", By.STATION, at_ms=NOW)
        take_all(store, wrong._replace(error=ErrorDeclaration(Moment(9))), recorded_ms=200)
        with store.read() as txn:
            after = siblings(txn, "88.1/P", By.STATION, at_ms=NOW)

        assert ([one.thing for one in before.siblings], after.siblings) == ([f"88.1/P{at:02}" for at in range(40)], ())


def flagged(store: Store, identifier: str, flag: str) -> None:
    """A record with a recall flag."""
    record = prepare(Record(identifier, (Value(2006, "recallFlag", flag.encode()),)), 1)

    def change(txn: Any) -> None:
        if txn.prefix("88.1") is None:
            txn.put_prefix(PrefixEntry("88.1", homed=True))
        txn.put_record(record)

    store.write(change, actor="test").result(10)


class TestStopShip:
    """May it pass here."""

    @pytest.mark.parametrize(
        ("later", "verdict"),
        [
            (see(2, PACK, disposition="active"), Verdict.STOP),
            (see(2, PACK, unset_dispositions=("non_conformant",), set_dispositions=("conformant",)), Verdict.ALLOW),
            (see(2, PACK, unset_dispositions=("non_conformant",), set_dispositions=("damaged",)), Verdict.HOLD),
        ],
    )
    def test_a_persistent_disposition(self, store: Store, later: Event, verdict: Verdict) -> None:
        """It holds until it is unset; another disposition lifts nothing."""
        take_all(store, see(1, PACK, set_dispositions=("non_conformant",)), later)
        with store.read() as txn:
            assert check(txn, PACK, at_ms=NOW).verdict is verdict

    def test_a_persistent_disposition_behind_a_shipment(self, store: Store) -> None:
        """That it was shipped from here is no reason to look no further."""
        shipped = see(2, PACK, biz_step="shipping", read_point="https://gate.example/1")
        take_all(store, see(1, PACK, set_dispositions=("recalled",)), shipped)
        with store.read() as txn:
            found = check(txn, PACK, at_ms=NOW, read_point="https://gate.example/1")

        assert [reason.verdict for reason in found.reasons] == [Verdict.STOP, Verdict.HOLD]

    @pytest.mark.parametrize(("flag", "verdict"), [("none", Verdict.ALLOW), ("check", Verdict.HOLD), ("stop", Verdict.STOP)])
    def test_own_flag(self, store: Store, flag: str, verdict: Verdict) -> None:
        """Its own recall flag decides."""
        flagged(store, PACK, flag)
        with store.read() as txn:
            assert check(txn, PACK, at_ms=NOW).verdict is verdict

    def test_flag_of_its_lot(self, store: Store) -> None:
        """So does that of the lot it was made from."""
        flagged(store, LOT, "stop")
        take_all(store, make(1, [LOT], [PACK]))
        with store.read() as txn:
            found = check(txn, PACK, at_ms=NOW)

        assert [(reason.verdict, reason.thing) for reason in found.reasons] == [(Verdict.STOP, LOT)]

    def test_possible_origin_holds(self, store: Store) -> None:
        """A lot that is only possibly in it makes it wait, not stop."""
        flagged(store, LOT, "stop")
        take_all(store, make(1, [LOT, "88.1/LOT2"], [PACK, PACK2]))
        with store.read() as txn:
            assert check(txn, PACK, at_ms=NOW).verdict is Verdict.HOLD

    def test_removed_part_does_not_count(self, store: Store) -> None:
        """A part with a flag that was taken out no longer stops the whole."""
        flagged(store, PACK, "stop")
        take_all(store, install(1, VIN, PACK), remove(2, VIN, PACK))
        with store.read() as txn:
            assert (check(txn, VIN, at_ms=1).verdict, check(txn, VIN, at_ms=NOW).verdict) == (Verdict.STOP, Verdict.ALLOW)

    @pytest.mark.parametrize(
        ("event", "verdict"),
        [
            (see(1, PACK, action=DELETE), Verdict.STOP),
            (see(1, PACK, disposition="recalled"), Verdict.STOP),
            (see(1, PACK, disposition="damaged"), Verdict.HOLD),
            (make(1, [PACK], [VIN]), Verdict.STOP),
            (see(1, PACK, disposition="sellable_accessible"), Verdict.ALLOW),
        ],
    )
    def test_last_word_of_events(self, store: Store, event: Event, verdict: Verdict) -> None:
        """What events said last about it decides too."""
        take_all(store, event)
        with store.read() as txn:
            assert check(txn, PACK, at_ms=NOW).verdict is verdict


class TestGaps:
    """What is missing or does not fit."""

    @pytest.mark.parametrize(
        ("events", "rules"),
        [
            ([see(1, PACK, biz_step="receiving")], ["never shipped"]),
            ([see(1, PACK, biz_step="shipping")], ["never received"]),
            ([see(1, PACK, biz_step="shipping"), see(2, PACK, biz_step="receiving")], []),
            ([see(1, PACK, action=DELETE), see(2, PACK)], ["seen after its end"]),
            ([remove(2, VIN, PACK)], ["removed without having been added"]),
            ([install(1, VIN, PACK), install(2, VIN, PACK)], ["added twice"]),
            ([install(1, VIN, PACK), install(2, VIN2, PACK)], ["two wholes at once", "two wholes at once"]),
            ([contents(EventType.ASSOCIATION, Action.OBSERVE, 1, VIN, PACK)], ["observed without having been added"]),
            (
                [
                    contents(EventType.AGGREGATION, ADD, 1, "88.1/BOX", PACK),
                    see(2, PACK, biz_step="shipping"),
                    see(3, PACK, biz_step="receiving"),
                ],
                ["shipped without its container"],
            ),
            (
                [make(1, ["88.5/X"], [Quantity(PACK, Decimal(5), "KGM")]), make(2, [Quantity(PACK, Decimal(6), "KGM")], [VIN])],
                ["used more than made"],
            ),
        ],
    )
    def test_rules(self, store: Store, events: list[Event], rules: list[str]) -> None:
        """Each finding by its own story."""
        take_all(store, *events)
        with store.read() as txn:
            assert [gap.rule for gap in gaps(txn, PACK, SPELLING, at_ms=NOW)] == rules

    def test_unregistered(self, store: Store) -> None:
        """What events name below a prefix of this node and nobody registered; and an input of which nothing is known."""
        store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result(10)
        take_all(store, make(1, [LOT], [PACK]))
        with store.read() as txn:
            found = gaps(txn, PACK, SPELLING, at_ms=NOW)

        assert [gap.rule for gap in found] == ["unknown input", "not registered"]

    def test_papers(self, store: Store) -> None:
        """A plate without certificate, one whose certificate is not registered, one whose was out of date."""
        def plate(name: str, certificate: str) -> Record:
            values = [Value(1000, "TEMPLATE_ID", b"88.1/META_ship_plate")]
            if certificate:
                values.append(Value(2021, "certificate", certificate.encode()))
            return Record(f"88.1/{name}", tuple(values))

        paper = Record("88.1/C", (Value(2014, "validUntil", b"1969-01-01"),))

        def change(txn: Any) -> None:
            txn.put_prefix(PrefixEntry("88.1", homed=True))
            for record in (plate("P1", ""), plate("P2", "88.1/NONE"), plate("P3", "88.1/C"), paper):
                txn.put_record(prepare(record, 1))

        store.write(change, actor="test").result(10)
        with store.read() as txn:
            found = [gap.rule for name in ("P1", "P2", "P3") for gap in gaps(txn, f"88.1/{name}", SPELLING, at_ms=NOW)]
            scored = quality(txn, "88.1", SPELLING, at_ms=NOW)

        assert found == ["missing paper", "dead link", "paper out of date"]
        assert (scored.things, scored.flawless, scored.score, scored.after) == (4, 1, 0.25, None)


def test_timeline(store: Store) -> None:
    """Everything that happened, oldest first, whatever order it came in."""
    tested = see(4, PACK, set_dispositions=("conformant",), unset_dispositions=("damaged",))
    take_all(store, ship(5, PACK, "88.9/D"), tested, install(3, VIN, PACK), make(1, [LOT], [PACK]))
    with store.read() as txn:
        lines = timeline(txn, PACK)

    assert [(line.time_ms, line.what, line.other, line.holder) for line in lines.happenings] == [
        (1, "transformed (output)", "", ""),
        (3, "ADD (content)", VIN, ""),
        (4, "OBSERVE; set conformant; unset damaged", "", ""),
        (5, "OBSERVE", "", "88.9/D"),
    ]


class TestExport:
    """Answers as files."""

    def test_csv(self, store: Store) -> None:
        """One row for each path, cells that look like formulas are quoted, and the last row says whether that is all."""
        take_all(store, make(1, [LOT], ["88.1/=PACK"]), install(2, VIN, "88.1/=PACK"))
        out = io.BytesIO()
        with store.read() as txn:
            export(recall(txn, [Start(LOT)], at_ms=NOW), Form.CSV, out)
        rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"))))

        assert [row[0] for row in rows] == ["thing", VIN, "# complete"]
        assert rows[1][11] == f"88.1/=PACK -T-> {LOT}; 88.1/=PACK -A-> {VIN}"

    def test_xlsx(self, store: Store) -> None:
        """The same in a workbook, with a sheet that says how far it reaches."""
        take_all(store, make(1, [LOT], [PACK]), install(2, VIN, PACK))
        out = io.BytesIO()
        with store.read() as txn:
            export(trace(txn, VIN, Direction.BACK, budget=Budget(depth=1)), Form.XLSX, out)
        book = openpyxl.load_workbook(io.BytesIO(out.getvalue()))

        assert [row[1] for row in book["answer"].iter_rows(values_only=True)] == ["thing", VIN, PACK]
        assert str(book["extent"]["A1"].value).startswith("NOT COMPLETE: limit reached: depth")

    def test_jsonl(self, store: Store) -> None:
        """An object a row, and a last one about the whole."""
        take_all(store, make(1, [LOT], [PACK]))
        out = io.BytesIO()
        with store.read() as txn:
            export(trace(txn, PACK, Direction.BACK), Form.JSONL, out)
        lines = [json.loads(line) for line in out.getvalue().splitlines()]

        assert [line.get("thing") for line in lines] == [PACK, LOT, None]
        assert lines[-1] == {"complete": True, "limits": [], "tombstones": []}
