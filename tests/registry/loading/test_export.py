"""Export: what leaves a store comes back into another one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from idis.proto.value import Value
from idis.registry.loading.export import Exported, export_lines, export_tables
from idis.registry.loading.load import Options, Summary, load
from idis.registry.loading.rows import FileRefused
from idis.registry.record import Alias, Record, prepare
from idis.registry.store.bulk import Loaded
from idis.registry.store.lmdb import LmdbStore

MILL = "88.118.21"

Plates = Callable[..., list[list[str]]]
AsCsv = Callable[..., str]
Load = Callable[..., Summary]


def lines(store: LmdbStore, *prefixes: str, restricted: bool = False) -> tuple[str, Exported]:
    """An export as text."""
    out = io.StringIO()
    exported = export_lines(store, out, prefixes, restricted=restricted, report=lambda *_: None)
    return out.getvalue(), exported


def put(store: LmdbStore, record: Record) -> None:
    """Store one record."""
    store.write(lambda txn: txn.put_record(prepare(record, 1)), actor="test").result()


def test_an_export_is_unchanged_when_it_is_loaded_again(store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv) -> None:
    """Every value, permission and second name survives the way through JSON."""
    load_file(as_csv(plates(20)))
    put(store, Record("88.118.8/x", (Value(1, "URL", b"u"), Value(300, "HS_SECKEY", b"s", permissions=12)), (Alias("a", "b"),)))
    text, exported = lines(store, restricted=True)
    summary = load_file(text, name="all.jsonl", pilot="", object_code="")

    assert exported == Exported(21, 0)
    assert summary.loaded == Loaded(unchanged=21)


def test_records_come_in_key_order_and_deleted_ones_do_not(store: LmdbStore) -> None:
    """An export is sorted; a tombstone is no record."""
    for name in ("c", "a", "b"):
        put(store, Record(f"{MILL}/{name}", (Value(1, "URL", b"u"),)))
    store.write(lambda txn: txn.delete_record(b"88.118.21\x00B"), actor="test").result()
    text, _ = lines(store)

    assert [json.loads(line)["handle"] for line in text.splitlines()] == [f"{MILL}/a", f"{MILL}/c"]


def test_only_the_wanted_prefix_is_exported(store: LmdbStore) -> None:
    """A prefix is matched whole and without regard to case."""
    put(store, Record(f"{MILL}/a", (Value(1, "URL", b"u"),)))
    put(store, Record("88.118.8/a", (Value(1, "URL", b"u"),)))
    text, exported = lines(store, "88.118.8")

    assert exported.records == 1
    assert json.loads(text)["handle"] == "88.118.8/a"


@pytest.mark.parametrize(("prefix", "sentence"), [("88.9", "not registered"), ("88.118.30", "delegated")])
def test_a_prefix_without_records_here_is_told(store: LmdbStore, prefix: str, sentence: str) -> None:
    """A misspelled prefix is not an empty export."""
    with pytest.raises(FileRefused, match=sentence):
        lines(store, prefix)


def test_secrets_stay_unless_asked_for(store: LmdbStore) -> None:
    """Without the option, restricted values are left out and counted."""
    put(store, Record(f"{MILL}/a", (Value(1, "URL", b"u"), Value(300, "HS_SECKEY", b"secret", permissions=12))))
    text, exported = lines(store)

    assert "secret" not in text
    assert exported == Exported(1, 1)


def test_a_public_export_does_not_take_secrets_away(store: LmdbStore, load_file: Load) -> None:
    """A row without its restricted values is refused where the store has some, and loads elsewhere."""
    put(store, Record(f"{MILL}/a", (Value(1, "URL", b"u"), Value(300, "HS_SECKEY", b"secret", permissions=12))))
    text, _ = lines(store)
    refused = load_file(text, name="public.jsonl", pilot="", object_code="")
    store.write(lambda txn: txn.delete_record(b"88.118.21\x00A"), actor="test").result()
    loaded = load_file(text, name="public.jsonl", pilot="", object_code="")

    assert [found.rule for found in refused.findings] == ["partial"]
    assert (refused.loaded.total, loaded.loaded) == (0, Loaded(new=1))


def test_tables_open_in_a_spreadsheet_and_load_again(
    store: LmdbStore, load_file: Load, plates: Plates, as_csv: AsCsv, tmp_path: Path
) -> None:
    """One CSV per object type, with the fields as columns; loading it changes nothing."""
    rows = plates(5)
    rows[2][1] = "=1+1"
    load_file(as_csv(rows))
    put(store, Record(f"{MILL}/z", (Value(1, "URL", b"u"),)))
    folder = tmp_path / "tables"
    folder.mkdir()
    exported = export_tables(store, folder, [], restricted=False, report=lambda *_: None)
    other = list(csv.reader((folder / "other.csv").open(encoding="utf-8-sig")))
    plate = (folder / "ship-plate.csv").read_bytes()
    options = Options("ship", "plate", processes=1)
    summary = load(folder / "ship-plate.csv", store, options, folder=None, today=date(2026, 1, 2), now=9, report=lambda *_: None)

    assert exported == Exported(6, 0, ("other.csv", "ship-plate.csv"))
    assert other[1] == [f"{MILL}/z", "1", "URL", "u", "86400", "1110"]
    assert plate.startswith("\ufeffidentifier,objectType,name".encode())
    assert b",'=1+1," in plate
    assert summary.loaded == Loaded(unchanged=5)
