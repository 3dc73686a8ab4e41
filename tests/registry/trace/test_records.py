"""Records of pilots: their fields become edges, and follow every change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from idis.proto.value import Value
from idis.registry.journal import Position
from idis.registry.loading.sealing import seal_ahead
from idis.registry.pilots.finding import Valid
from idis.registry.pilots.sample import generate
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.prefix import PrefixEntry
from idis.registry.record import PreparedRecord, Record, prepare
from idis.registry.store import bulk, keys
from idis.registry.store.base import Store
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.registry.store.verify import check
from idis.registry.store.writer import Settings
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import Direction
from idis.registry.trace.recall import recall
from idis.registry.trace.relation import relation
from idis.registry.trace.siblings import By, siblings
from idis.registry.trace.timeline import timeline
from idis.registry.trace.tracing import trace
from idis.registry.trace.walking import Start

TODAY = date(2026, 11, 25)
NOW = int(datetime(2026, 11, 25, tzinfo=UTC).timestamp())


def day_ms(text: str) -> int:
    """Midnight UTC of a day."""
    return int(datetime.fromisoformat(f"{text}T00:00:00+00:00").timestamp() * 1000)


def sample(pilot: str, size: int) -> list[PreparedRecord]:
    """The records of a pilot's sample data."""
    records = []
    for row in generate(pilot, size=size):
        found = validate(PILOTS[pilot], row.object_code, row.fields, identifier=row.identifier, today=TODAY)
        assert isinstance(found, Valid), row.identifier
        records.append(prepare(found.record, NOW))
    return records


def put_all(store: Store, records: list[PreparedRecord]) -> None:
    """Write records below homed prefixes."""
    prefixes = {record.identifier.partition("/")[0] for record in records}

    def change(txn: Any) -> None:
        for prefix in prefixes:
            if txn.prefix(prefix) is None:
                txn.put_prefix(PrefixEntry(prefix, homed=True))
        for record in records:
            txn.put_record(record)

    store.write(change, actor="test").result(60)


def record(pilot: str, code: str, identifier: str, **fields: str) -> PreparedRecord:
    """A record of a template with some of its fields: nobody checks what is written by hand."""
    numbers = {field.name: field.index for field in PILOTS[pilot].objects[code].fields}
    values = [Value(1000, "TEMPLATE_ID", f"88.1/META_{pilot}_{code}".encode())]
    values += [Value(numbers[name], name, text.encode()) for name, text in fields.items()]
    return prepare(Record(identifier, tuple(values)), NOW)


class FakeClock:
    """Unix time that moves only when told."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """Unix time in seconds."""
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the store."""
    return FakeClock()


@pytest.fixture(params=["memory", "lmdb"])
def timed(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Any:
    """An empty store of each engine, by the fake clock."""
    if request.param == "memory":
        yield MemoryStore(clock=clock)
        return
    store = LmdbStore.create(tmp_path / "node", map_bytes=64 * 2**20, settings=Settings(free_bytes_min=0), clock=clock)
    yield store
    store.close()


def edges_up(store: Store, thing: str, **options: Any) -> list[Edge]:
    """The edges over which a thing leads to others directly, going forward."""
    with store.read() as txn:
        found = trace(txn, thing, Direction.FORWARD, **options)
    return [line.via for line in found.lines if line.via is not None and line.depth == 1]


def ships_of(code: str) -> set[str]:
    """The things of one object type in the sample data."""
    return {row.identifier.upper() for row in generate("ship", size=200) if row.object_code == code}


@pytest.fixture(scope="module")
def ships() -> Any:
    """A store with the ship pilot's sample data."""
    store = MemoryStore(clock=lambda: NOW)
    put_all(store, sample("ship", 200))
    return store


class TestShip:
    """The sample data of the ship pilot."""

    def test_heat_reaches_the_hull(self, ships: Store) -> None:
        """The mill marks a heat: one question lists plates, parts, blocks and the hull, all certain, with paths."""
        with ships.read() as txn:
            lots = [row.identifier for row in generate("ship", size=200) if row.object_code == "heat"]
            answer = recall(txn, [Start(lots[0].upper())], at_ms=NOW * 1000)

        hulls = [one for one in answer.affected if one.thing in ships_of("ship")]

        assert hulls
        assert {edge.kind.value for edge in hulls[0].path} == {"M", "T", "A"}
        assert answer.possible == 0

    def test_hull_leads_back_to_the_heat(self, ships: Store) -> None:
        """From the hull back: blocks, parts, plates, heats."""
        hull = next(row.identifier for row in generate("ship", size=200) if row.object_code == "ship")
        with ships.read() as txn:
            found = trace(txn, hull.upper(), Direction.BACK)

        assert {line.thing.partition("/")[2].partition(".")[0] for line in found.lines} >= {"BLOCK", "PART", "PLATE", "HEAT"}

    def test_siblings_by_welder(self, ships: Store) -> None:
        """The seams of one welder are found from one of them."""
        rows = [row for row in generate("ship", size=200) if row.object_code == "weld"]
        welder = rows[0].fields["welder"]
        expected = {row.identifier.upper() for row in rows if row.fields["welder"] == welder}
        with ships.read() as txn:
            found = siblings(txn, rows[0].identifier.upper(), By.WELDER, at_ms=NOW * 1000)

        assert {one.thing for one in found.siblings} == expected - {rows[0].identifier.upper()}

    def test_siblings_by_wire_lot(self, ships: Store) -> None:
        """The seams welded with one lot of wire are found from one of them."""
        rows = [row for row in generate("ship", size=200) if row.object_code == "weld"]
        with ships.read() as txn:
            found = siblings(txn, rows[0].identifier.upper(), By.LOT, at_ms=NOW * 1000)

        wire = rows[0].fields["consumables"]
        shared = {row.identifier.upper() for row in rows if row.fields["consumables"] == wire}
        assert {one.thing for one in found.siblings} == shared - {rows[0].identifier.upper()}


@pytest.mark.parametrize("pilot", ["ship", "automotive", "chemical", "nuclear"])
def test_bulk_gives_the_edges_of_single_writes(pilot: str, tmp_path: Path) -> None:
    """Records loaded in batches have the same edges as those put one by one, and the store is sound."""
    records = sample(pilot, 150)
    single = MemoryStore(clock=lambda: NOW)
    put_all(single, records)
    settings = Settings(free_bytes_min=0)
    loaded = LmdbStore.create(tmp_path / "node", map_bytes=64 * 2**20, settings=settings, clock=lambda: NOW)
    for prefix in {record.identifier.partition("/")[0] for record in records}:
        loaded.write(lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)), actor="test").result(10)
    items = [bulk.item_of(keys.identifier_key(record.identifier, True)[1], record, 1) for record in records]
    items.sort(key=lambda item: item[0])
    for batch in bulk.batches(items):
        bulk.load_batch(loaded, batch, actor="test")
    found = []
    for store in (single, loaded):
        with store.read() as txn:
            found.append(txn.edge_spans([(b"\x00", b"\xff\xff")], 1_000_000)[0])
    report = check(loaded.environment)
    loaded.close()

    assert found[0] == found[1]
    assert len(found[0]) > 100
    assert report.problems == []


@pytest.mark.parametrize("folds", [True, False])
def test_edges_sealed_ahead(folds: bool, tmp_path: Path) -> None:
    """Edges made in a worker name things as the store spells them, also where a prefix does not fold."""
    settings = Settings(free_bytes_min=0)
    store = LmdbStore.create(tmp_path / "node", map_bytes=64 * 2**20, settings=settings, clock=lambda: NOW)
    change = [PrefixEntry("88.1", homed=True), PrefixEntry("88.2", homed=True, fold_suffix=folds)]
    store.write(lambda txn: [txn.put_prefix(entry) for entry in change], actor="test").result(10)
    part = record("ship", "part", "88.1/p", plate="88.2/plate", cutTime="2026-01-01T00:00:00+00:00")
    ahead = seal_ahead(0, [bulk.item_of(keys.identifier_key(part.identifier, True)[1], part, 1)], Position(1, 3, 0))
    bulk.begin_sealed(store, ahead.parts[0], actor="test")()
    (edge,) = edges_up(store, "88.2/PLATE" if folds else "88.2/plate")
    report = check(store.environment)
    store.close()

    assert (edge.child, report.problems) == ("88.1/P", [])


class TestChanges:
    """What becomes of an edge when its field changes."""

    def test_exchange(self, timed: Store) -> None:
        """A part taken out and put into another vehicle: the old while is closed when the new one begins."""
        install = "2026-01-01T00:00:00+00:00"
        put_all(timed, [record("automotive", "part", "88.1/P", installedOn="88.1/V1", installTime=install)])
        later = install.replace("01-01", "03-01")
        put_all(timed, [record("automotive", "part", "88.1/P", installedOn="88.1/V2", installTime=later)])
        found = sorted(edges_up(timed, "88.1/P"), key=lambda edge: edge.from_ms)

        assert [(edge.parent, edge.from_ms, edge.to_ms) for edge in found] == [
            ("88.1/V1", day_ms("2026-01-01"), day_ms("2026-03-01")),
            ("88.1/V2", day_ms("2026-03-01"), 2**63 - 1),
        ]

    def test_cleared(self, timed: Store, clock: FakeClock) -> None:
        """A cleared field closes the while at the moment it is cleared."""
        put_all(timed, [record("automotive", "battery", "88.1/B", parent="88.1/V", **{"from": "2026-01-01T00:00:00+00:00"})])
        clock.now += 10
        put_all(timed, [record("automotive", "battery", "88.1/B", modelId="M")])

        assert [(edge.from_ms, edge.to_ms) for edge in edges_up(timed, "88.1/B")] == [(day_ms("2026-01-01"), (NOW + 10) * 1000)]

    def test_removed(self, timed: Store, clock: FakeClock) -> None:
        """The day of removal closes the while, and what was known before stays known."""
        fields = {"installedAt": "88.1/10LAC10", "installedDate": "2026-01-01"}
        put_all(timed, [record("nuclear", "item", "88.1/I", **fields)])
        clock.now += 10
        put_all(timed, [record("nuclear", "item", "88.1/I", **fields, removedDate="2026-02-01")])

        assert [edge.to_ms for edge in edges_up(timed, "88.1/I")] == [day_ms("2026-02-01")]
        assert [edge.to_ms for edge in edges_up(timed, "88.1/I", known_ms=NOW * 1000)] == [2**63 - 1]

    def test_other_source(self, timed: Store, clock: FakeClock) -> None:
        """Another plate a part was cut from is a correction: the first one is believed no more."""
        put_all(timed, [record("ship", "part", "88.1/P", plate="88.1/A", cutTime="2026-01-01T00:00:00+00:00")])
        clock.now += 10
        put_all(timed, [record("ship", "part", "88.1/P", plate="88.1/B", cutTime="2026-01-01T00:00:00+00:00")])

        assert (edges_up(timed, "88.1/A"), len(edges_up(timed, "88.1/B"))) == ([], 1)

    def test_deleted(self, timed: Store, clock: FakeClock) -> None:
        """A record that is deleted takes its edges along."""
        put_all(timed, [record("ship", "part", "88.1/P", plate="88.1/A", cutTime="2026-01-01T00:00:00+00:00")])
        clock.now += 10
        timed.write(lambda txn: txn.delete_record(keys.record_key("88.1", "P", True)), actor="test").result(10)

        assert edges_up(timed, "88.1/A") == []

    def test_unchanged_fields_keep_their_while(self, timed: Store, clock: FakeClock) -> None:
        """A field without a day of its own is dated by when it was first written, whatever else changes later."""
        put_all(timed, [record("ship", "part", "88.1/P", block="88.1/BL", partNo="1")])
        clock.now += 100
        put_all(timed, [record("ship", "part", "88.1/P", block="88.1/BL", partNo="2")])

        assert [edge.from_ms for edge in edges_up(timed, "88.1/P")] == [NOW * 1000]

    def test_gate(self, timed: Store) -> None:
        """An assembly record opens its edge only when order and product match."""
        fields = {"vehicle": "88.1/V", "part": "88.1/P", "time": "2026-01-01T00:00:00+00:00", "orderMatch": "true"}
        put_all(timed, [record("automotive", "assemblyRecord", "88.1/R", **fields, productMatch="false")])
        before = edges_up(timed, "88.1/P")
        put_all(timed, [record("automotive", "assemblyRecord", "88.1/R", **fields, productMatch="true")])

        assert (before, [edge.parent for edge in edges_up(timed, "88.1/P")]) == ([], ["88.1/V"])

    def test_alternatives(self, timed: Store) -> None:
        """A part that may be replaced by another one is possibly inside."""
        put_all(timed, [record("automotive", "part", "88.1/P", installedOn="88.1/V", hasAlternatives="true")])

        assert [edge.reasons for edge in edges_up(timed, "88.1/P")] == [("has alternatives",)]

    def test_quantities(self, timed: Store) -> None:
        """A batch says how much of each input went in."""
        inputs = '[{"R":"88.1/L1","qty":12.5,"uom":"KGM"},{"R":"88.1/L2","qty":3}]'
        put_all(timed, [record("chemical", "batch", "88.1/B", inputs=inputs, productionDate="2026-01-01")])

        (edge,) = edges_up(timed, "88.1/L1")
        assert (edge.child, str(edge.quantity), edge.uom, edge.from_ms) == ("88.1/B", "12.5", "KGM", day_ms("2026-01-01"))

    @pytest.mark.parametrize(
        "text", ["[" * 5_000, '[{"R":3}]', '[{"R":"88.1/L","qty":"1E999999"}]', "\x00", "88.1/" + "x" * 3_000]
    )
    def test_nonsense(self, timed: Store, text: str) -> None:
        """Whoever writes values by hand may write anything: the record is stored."""
        put_all(timed, [record("chemical", "batch", "88.1/B", inputs=text, product=text, batchNo=text)])

        with timed.read() as txn:
            assert txn.record(keys.record_key("88.1", "B", True)) is not None

    def test_second_life(self, timed: Store) -> None:
        """Old and new name of a battery are one life, both ways, and one time line."""
        put_all(
            timed,
            [
                record("automotive", "battery", "88.1/OLD", parent="88.1/V", **{"from": "2020-01-01T00:00:00+00:00"}),
                record("automotive", "battery", "88.1/NEW", secondLifeOf="88.1/OLD"),
            ],
        )
        with timed.read() as txn:
            lines = timeline(txn, "88.1/NEW")
            held = relation(txn, "88.1/NEW", "88.1/V")

        assert lines.names == ("88.1/NEW", "88.1/OLD")
        assert [line.what for line in lines.happenings] == ["installed in"]
        assert held.holds
