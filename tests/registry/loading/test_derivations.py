"""Rows made after derived templates: found by name or handle, checked by both, withdrawn, exported with their own fields."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from idis.proto.value import Value
from idis.registry.loading.derivations import derivation_at, derivations_below
from idis.registry.loading.export import export_tables
from idis.registry.loading.load import Options, Summary, load
from idis.registry.loading.rows import FileRefused
from idis.registry.pilots.derivation import INDEX_DERIVATION, derivation_of, derived_record
from idis.registry.pilots.template_life import in_state
from idis.registry.prefix import PrefixEntry
from idis.registry.readers import held_record
from idis.registry.record import Record, StoredRecord, prepare
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace.edge import EdgeKind
from idis.registry.trace.fields import declared

YARD = "88.118.8"
HANDLE = f"{YARD}/META_ship_plate-offshore"
COLUMNS = "identifier,name,producer,visibility,plateNo,heatNo,steelGrade,thickness,width,length,supplier,certificate,coating\n"
ROW = "板,88.118.8,public,{0},88.118.8/HEAT.1,AH36,{1},2650,8700,88.118.8,88.118.8/C,{2}\n"

Load = Callable[..., Summary]


def _derived(name: str = "offshore", prefix: str = YARD) -> Record:
    told = {
        "baseOn": "META_ship_plate",
        "name": name,
        "chineseName": "海工钢板",
        "fields": [{"englishName": "coating", "chineseName": "涂层厚度", "type": "N", "range": "(0,500]"}],
        "narrowed": [{"englishName": "thickness", "range": "[10,120]"}],
    }
    return derived_record(derivation_of(json.dumps(told).encode(), prefix))


def _record(store: LmdbStore, identifier: str) -> StoredRecord:
    with store.read() as txn:
        record = held_record(txn, identifier)
    assert record is not None
    return record


def _put(store: LmdbStore, record: Record) -> None:
    store.write(lambda txn: txn.put_record(prepare(record, 1)), actor="test").result()


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[LmdbStore]:
    """A store with two prefixes of an enterprise and one derived template."""
    store = LmdbStore.create(tmp_path / "node")
    for prefix in (YARD, "88.118.9"):
        store.write(lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)), actor="test").result()
    _put(store, _derived())
    yield store
    store.close()


@pytest.fixture
def loaded(yard: LmdbStore, tmp_path: Path) -> Load:
    """Loads rows into it."""

    def run(rows: str, object_code: str, prefix: str = YARD, pilot: str = "ship") -> Summary:
        path = tmp_path / "rows.csv"
        path.write_text(COLUMNS + rows, encoding="utf-8")
        options = Options(pilot, object_code, prefix)
        return load(path, yard, options, folder=None, today=date(2026, 1, 15), now=1, report=lambda *_: None)

    return run


@pytest.mark.parametrize(
    ("object_code", "prefix"), [("plate-offshore", YARD), (HANDLE, YARD), (HANDLE, "88.118.9"), (HANDLE, "")]
)
def test_a_template_is_found_by_its_name_or_its_handle(loaded: Load, yard: LmdbStore, object_code: str, prefix: str) -> None:
    """Whichever prefix of the enterprise the row lies below, the record names the one template."""
    identifier = f"{prefix or YARD}/P1"
    loaded(f"{identifier},{ROW.format(1, 18, 120)}", object_code, prefix)
    record = _record(yard, identifier)

    assert {value.index: value.text for value in record.values}[1000] == HANDLE


def test_the_findings_name_the_fields(loaded: Load) -> None:
    """One narrowed, one of its own; the row is kept out whole."""
    summary = loaded(f"P1,{ROW.format(1, 9, 501)}", "plate-offshore")

    assert (summary.refused, summary.loaded.new) == (1, 0)
    assert [(finding.field, finding.rule) for finding in summary.findings] == [("thickness", "minimum"), ("coating", "maximum")]


def test_the_base_knows_nothing_of_it(loaded: Load) -> None:
    """Own fields are those of the enterprise's template only."""
    with pytest.raises(FileRefused, match='"coating" is no field'):
        loaded(f"P1,{ROW.format(1, 18, 120)}", "plate")


@pytest.mark.parametrize(
    ("object_code", "prefix", "pilot", "reason"),
    [
        ("plate-thick", YARD, "ship", "below 88.118.8 there is none"),
        ("plate-offshore", "", "ship", "name its prefix"),
        (f"{YARD}/META_ship_plate-thick", "", "ship", "no derived template that is registered here"),
        (HANDLE, "", "nuclear", "of the ship pilot"),
    ],
)
def test_what_is_not_there_is_said(loaded: Load, object_code: str, prefix: str, pilot: str, reason: str) -> None:
    """With what to do."""
    with pytest.raises(FileRefused, match=reason):
        loaded(f"P1,{ROW.format(1, 18, 120)}", object_code, prefix, pilot)


def test_no_record_is_made_after_a_withdrawn_one(loaded: Load, yard: LmdbStore) -> None:
    """However it is named."""
    _put(yard, in_state(HANDLE, _derived().values, "withdrawn"))
    with pytest.raises(FileRefused, match="is withdrawn"):
        loaded(f"P1,{ROW.format(1, 18, 120)}", HANDLE, "")


def test_one_that_cannot_be_used_is_in_nobodys_way(loaded: Load, yard: LmdbStore) -> None:
    """Somebody wrote it by hand: who asks for it is told, others load as ever."""
    broken = Record(f"{YARD}/META_ship_plate-broken", (Value(INDEX_DERIVATION, "derivation", b"{"),))
    _put(yard, broken)

    assert loaded(f"P1,{ROW.format(1, 18, 120)}", "plate-offshore").loaded.new == 1
    with pytest.raises(FileRefused, match="cannot be used"):
        loaded(f"P2,{ROW.format(2, 18, 120)}", "plate-broken")


def test_those_below_a_prefix_are_listed(yard: LmdbStore) -> None:
    """Of one pilot, and of that prefix alone."""
    _put(yard, _derived("a"))
    _put(yard, _derived("b", "88.118.9"))
    _put(yard, Record(f"{YARD}/META_zzz", (Value(1, "URL", b"u"),)))
    with yard.read() as txn:
        names = [each.name.name for each in derivations_below(txn, YARD, "ship")]

        assert (names, list(derivations_below(txn, YARD, "nuclear"))) == (["a", "offshore"], [])


def test_the_template_of_a_pilot_is_none(yard: LmdbStore) -> None:
    """Nor is what is not registered, or no identifier."""
    with yard.read() as txn:
        for holder, code in ((YARD, "plate"), (YARD, "plate-other"), ("/", "plate-offshore"), ("", "plate-offshore")):
            assert derivation_at(txn, f"{holder}/META_ship_{code}") is None


def test_a_table_has_the_own_fields(loaded: Load, yard: LmdbStore, tmp_path: Path) -> None:
    """Its name says whose they are; it can be loaded again."""
    loaded(f"P1,{ROW.format(1, 18, 120)}", "plate-offshore")
    exported = export_tables(yard, tmp_path, [], restricted=True, report=lambda *_: None)
    with (tmp_path / f"ship-plate-offshore-{YARD}.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)

    assert f"ship-plate-offshore-{YARD}.csv" in exported.tables
    assert (row["objectType"], row["coating"]) == ("plate", "120")


def test_a_table_of_a_template_that_is_gone_is_the_bases(loaded: Load, yard: LmdbStore, tmp_path: Path) -> None:
    """The fields that the program knows are written."""
    loaded(f"P1,{ROW.format(1, 18, 120)}", "plate-offshore")
    with yard.read() as txn:
        entry = txn.prefix(YARD)
    assert entry is not None
    key = record_key(YARD, "META_ship_plate-offshore", entry.fold_suffix)
    yard.write(lambda txn: txn.delete_record(key), actor="test").result()

    assert export_tables(yard, tmp_path, [], restricted=True, report=lambda *_: None).tables == ("ship-plate.csv",)


def test_edges_go_on_as_with_the_base(loaded: Load, yard: LmdbStore) -> None:
    """A plate belongs to its heat, whoever derived its template."""
    loaded(f"P1,{ROW.format(1, 18, 120)}", "plate-offshore")
    record = _record(yard, f"{YARD}/P1")
    edges = declared(record.public, record.restricted, record.identifier, str).edges

    assert [(edge.field, edge.kind, edge.parent) for edge in edges] == [("heatNo", EdgeKind.MEMBER_OF, f"{YARD}/HEAT.1")]
