"""Verification: a sound store passes, and whatever is wrong is found and named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from idis.registry.document import DocumentKind
from idis.registry.event_row import EventRow
from idis.registry.journal import BEGINNING, Entry, EntryKind, Position
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import Alias, PreparedRecord
from idis.registry.store import codec, keys
from idis.registry.store.base import OutcomeKey, PrefixStat, StoredOutcome, StoreError
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import Report, check, verify
from idis.registry.store.writer import Settings
from idis.resolver.cli.main import main

MakeRecord = Callable[..., PreparedRecord]

SETTINGS = Settings(free_bytes_min=0)
FLIPS = int(os.environ.get("IDIS_FLIPS", "60"))  # a campaign sets thousands
KEY = b"88.118\x00A001"
# P is in W from 1000 ms on, recorded at 2000 ms: under P and under W.
EDGE_ROW = b"\x93\x00\xa2E1\xa688.118"
EDGE_UNDER_PART = bytes.fromhex("38382e3131382f50 00 01 80000000000003e8 38382e3131382f57 00 80000000000007d0 0000000000000000")
EDGE_UNDER_WHOLE = bytes.fromhex("38382e3131382f57 00 09 80000000000003e8 38382e3131382f50 00 80000000000007d0 0000000000000000")
EDGE_ROWS = {EDGE_UNDER_PART: EDGE_ROW, EDGE_UNDER_WHOLE: EDGE_ROW}


@pytest.fixture
def directory(tmp_path: Path, make_record: MakeRecord) -> Path:
    """A closed store with a little of everything: records, names, a range, an outcome, documents, audit lines, deletions."""
    store = LmdbStore.create(tmp_path / "node", map_bytes=1_048_576, settings=SETTINGS)
    for change in (
        lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)),
        lambda txn: txn.put_route(RouteEntry("88.101.1000", "88.101.1999", b"\x00\x00\x00\x00")),
        lambda txn: [txn.put_record(make_record(f"88.118/a{n:03}", "x" * 150, ("imo", str(n % 7)))) for n in range(30)],
        lambda txn: txn.put_record(make_record("88.118/a001", "changed")),
        lambda txn: txn.delete_record(b"88.118\x00A002"),
        lambda txn: [txn.put_document(DocumentKind.ROLE, b"role%d" % n, b"d" * 100) for n in range(5)],
        lambda txn: txn.put_edges(EDGE_ROWS),
        lambda txn: txn.put_event(EventRow("urn:x:1", 1_000, b"c" * 32, False, b"body")),
        lambda txn: [txn.delete_document(DocumentKind.ROLE, b"role4"), txn.add_audit(b"a" * 100), txn.add_audit(b"b" * 100)],
    ):
        store.write(change, actor="test").result(10)
    store.write_all([make_record(f"88.118/A{n:03}", "y" * 150) for n in range(30, 60)], actor="test")
    store.write(lambda txn: b"done", actor="test", outcome=OutcomeKey(b"12345678", b"0" * 16, b"d")).result(10)
    store.close()
    return tmp_path / "node"


def tamper(directory: Path, change: Callable[[Any, Any], None]) -> Report:
    """Change a store behind its back with (engine transaction, tables), and verify it."""
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    raw = store.environment.begin_write()
    change(raw, store.environment.tables)
    raw.commit()
    store.close()
    return verify(directory)


def faults(report: Report) -> list[tuple[str, str]]:
    """Table and name of every problem."""
    return [(problem.table, problem.name) for problem in report.problems]


def test_sound(directory: Path) -> None:
    """A store that was only used by its own verbs is sound, and everything in it was looked at."""
    report = verify(directory)

    assert report.problems == []
    assert report.sound
    assert report.values == {
        "prefix": 1,
        "route": 1,
        "record": 60,
        "alias": 28,
        "stat": 1,
        "outcome": 1,
        "document": 4,
        "audit": 2,
        "edge": 2,
        "event": 1,
        "event_time": 1,
        "event_id": 1,
        "journal": 45,
    }


def test_flipped_value(directory: Path) -> None:
    """A record whose octets changed is named by its identifier."""

    def change(raw: Any, tables: Any) -> None:
        value = bytearray(raw.get(KEY, db=tables.record))
        value[60] ^= 1
        raw.put(KEY, bytes(value), db=tables.record)

    report = tamper(directory, change)

    assert ("record", "88.118/A001") in faults(report)
    assert report.identifiers == ["88.118/A001"]


def test_lost_record(directory: Path) -> None:
    """A record that has vanished shows in the counts, in its second names and in the journal."""
    report = tamper(directory, lambda raw, tables: raw.delete(b"88.118\x00A003", db=tables.record))

    assert {table for table, _ in faults(report)} == {"stat", "alias", "journal"}


def test_lost_tombstone(directory: Path) -> None:
    """A tombstone keeps the version; its loss shows in the journal."""
    report = tamper(directory, lambda raw, tables: raw.delete(b"88.118\x00A002", db=tables.record))

    assert {table for table, _ in faults(report)} == {"journal"}


def test_lost_alias(directory: Path) -> None:
    """A record whose second name no longer leads to it is named."""
    report = tamper(
        directory, lambda raw, tables: raw.delete(keys.alias_key(Alias("imo", "3"), b"88.118\x00A003"), db=tables.alias)
    )

    assert faults(report) == [("record", "88.118/A003")]


@pytest.mark.parametrize("key", [b"88.118\x00NONE", b"88.118\x00A002", b"88.118\x00A040"])
def test_stray_alias(directory: Path, key: bytes) -> None:
    """A second name of nothing, of a deleted record or of one that does not have it is found."""

    def change(raw: Any, tables: Any) -> None:
        place, value = codec.encode_alias(Alias("imo", "stray"), key)
        raw.put(place, value, db=tables.alias)

    assert [table for table, _ in faults(tamper(directory, change))] == ["alias"]


@pytest.mark.parametrize("stat", [PrefixStat(58, 0, 0), PrefixStat(), None])
def test_wrong_counts(directory: Path, stat: PrefixStat | None) -> None:
    """Counts that are not those of a recount, or missing, are found."""

    def change(raw: Any, tables: Any) -> None:
        place = keys.stat_key("88.118")
        if stat is None:
            raw.delete(place, db=tables.stat)
        else:
            raw.put(place, codec.encode_stat(place, stat), db=tables.stat)

    assert [table for table, _ in faults(tamper(directory, change))] == ["stat"]


def test_lost_journal_entry(directory: Path) -> None:
    """A gap in the numbering and the records that came from the lost entry are found."""

    def change(raw: Any, tables: Any) -> None:
        raw.delete(Position(1, 4, 7).encode(), db=tables.journal)

    report = tamper(directory, change)

    assert ("journal", "1.4.8") in faults(report)
    assert ("record", "88.118/A007") in faults(report)


def test_record_older_than_the_journal(directory: Path) -> None:
    """A record put back to an earlier version is found, though its digest is right."""

    def change(raw: Any, tables: Any) -> None:
        old = codec.decode_entry(Position(1, 4, 1).encode(), raw.get(Position(1, 4, 1).encode(), db=tables.journal))
        raw.put(KEY, old.body, db=tables.record)

    report = tamper(directory, change)

    assert ("journal", "1.5.0") in faults(report)


def test_record_newer_than_the_journal(directory: Path, make_record: MakeRecord) -> None:
    """A record from a position that does not exist is found."""

    def change(raw: Any, tables: Any) -> None:
        key = b"88.118\x00A040"
        raw.put(key, codec.encode_record(key, make_record("88.118/A040"), 9, Position(1, 99, 0)), db=tables.record)

    assert ("record", "88.118/A040") in faults(tamper(directory, change))


def test_record_without_home(directory: Path) -> None:
    """Records below a prefix that is not registered are found, each one."""
    report = tamper(directory, lambda raw, tables: raw.delete(b"88.118", db=tables.prefix))

    assert len(report.identifiers) == 60
    assert ("prefix", "88.118") in faults(report)


def test_deleted_records_of_a_prefix_given_away(directory: Path) -> None:
    """Every record deleted, then answered elsewhere: the versions that stay behind are no damage."""
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    store.write(
        lambda txn: [txn.delete_record(key) for key, record in txn.records("88.118", None, 100) if record.live], actor="test"
    ).result(10)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118")), actor="test").result(10)
    store.close()

    assert faults(verify(directory)) == []


def test_prefix_given_away(directory: Path) -> None:
    """Records below a prefix that is answered elsewhere are found."""
    report = tamper(
        directory, lambda raw, tables: raw.put(b"88.118", codec.encode_prefix(PrefixEntry("88.118", version=2)), db=tables.prefix)
    )

    assert "kept elsewhere" in next(problem.fault for problem in report.problems if problem.table == "record")


def test_wrong_name_inside(directory: Path, make_record: MakeRecord) -> None:
    """A record that says it is another one is found."""

    def change(raw: Any, tables: Any) -> None:
        raw.put(KEY, codec.encode_record(KEY, make_record("88.118/other"), 2, Position(1, 5, 0)), db=tables.record)

    assert ("record", "88.118/A001") in faults(tamper(directory, change))


def test_answer_that_was_not_prepared(directory: Path, make_record: MakeRecord) -> None:
    """A prepared answer that is not what its values give is found."""

    def change(raw: Any, tables: Any) -> None:
        record = make_record("88.118/A001")
        wrong = PreparedRecord(*(getattr(record, name) for name in PreparedRecord.__slots__[:-2]), 5, 0)
        raw.put(KEY, codec.encode_record(KEY, wrong, 2, Position(1, 5, 0)), db=tables.record)

    report = tamper(directory, change)

    assert "its prepared answer is not what its values give" in [problem.fault for problem in report.problems]


def test_outcome_from_the_future(directory: Path) -> None:
    """An outcome that points beyond the journal is found."""

    def change(raw: Any, tables: Any) -> None:
        place = keys.outcome_key(1, OutcomeKey(b"12345678", b"1" * 16, b""))
        raw.put(place, codec.encode_outcome(place, StoredOutcome(b"", b"", Position(1, 99, 0))), db=tables.outcome)

    assert [table for table, _ in faults(tamper(directory, change))] == ["outcome"]


@pytest.mark.parametrize("key", [b"\x02role1", b"\x02role4"])
def test_document_against_the_journal(directory: Path, key: bytes) -> None:
    """A document that is not what the journal says was written, or that it says was removed, is found."""
    report = tamper(directory, lambda raw, tables: raw.put(key, codec.seal(keys.DOCUMENT, key, b"x"), db=tables.document))

    assert ("document", key.hex()) in faults(report)


def test_lost_document(directory: Path) -> None:
    """A document that vanished after its journal entry was trimmed is missed all the same."""
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    store.trim(Position(9, 0, 0))
    store.close()
    report = tamper(directory, lambda raw, tables: raw.delete(b"\x02role1", db=tables.document))

    assert faults(report) == [("document", "document")]


def test_lost_audit_line(directory: Path) -> None:
    """A line that vanished from the audit trail is missed."""

    def change(raw: Any, tables: Any) -> None:
        with raw.cursor(tables.audit) as cursor:
            cursor.first()
            cursor.delete()

    assert faults(tamper(directory, change)) == [("audit", "audit")]


def test_other_audit_line(directory: Path) -> None:
    """A line that is not the one the journal has is found."""

    def change(raw: Any, tables: Any) -> None:
        with raw.cursor(tables.audit) as cursor:
            cursor.first()
            raw.put(cursor.key(), codec.seal(keys.AUDIT, cursor.key(), b"another"), db=tables.audit)

    assert {table for table, _ in faults(tamper(directory, change))} == {"audit", "journal"}


def _clear(raw: Any, table: Any) -> None:
    with raw.cursor(table) as cursor:
        assert cursor.first()
        cursor.delete()


def test_lost_event(directory: Path) -> None:
    """An event that vanished is missed by its number, its id and its time."""
    report = tamper(directory, lambda raw, tables: _clear(raw, tables.event))
    assert {problem.table for problem in report.problems} == {"event", "event_time", "event_id"}


@pytest.mark.parametrize("name", ["event_time", "event_id"])
def test_lost_way_to_an_event(directory: Path, name: str) -> None:
    """An event that can no longer be found one way is told."""
    report = tamper(directory, lambda raw, tables: _clear(raw, getattr(tables, name)))
    assert {problem.table for problem in report.problems} == {"event"}


def test_lost_edge(directory: Path) -> None:
    """An edge that vanished under one of its ends is missed, and the other end says so."""
    report = tamper(directory, lambda raw, tables: raw.delete(EDGE_UNDER_WHOLE, db=tables.edge))

    assert [problem.fault for problem in report.problems] == [
        "the other end of this edge says something else",
        "2 were counted when written, 1 are there",
    ]


def test_lost_route(directory: Path) -> None:
    """A range the journal speaks of and that is not there is found."""
    report = tamper(directory, lambda raw, tables: raw.delete(keys.route_key("88.101.1000"), db=tables.route))

    assert [table for table, _ in faults(report)] == ["route"]


def test_epoch_of_another_store(directory: Path) -> None:
    """A journal that ends in another epoch than the store's is found."""

    def change(raw: Any, tables: Any) -> None:
        entry = Entry(Position(2, 99, 0), EntryKind.EPOCH, b"", 2, b"", "test", 0)
        raw.put(*codec.encode_entry(entry), db=tables.journal)

    assert faults(tamper(directory, change)) == [("meta", "meta")]


def test_trimmed_journal(directory: Path) -> None:
    """What was trimmed is not missed."""
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    with store.read() as txn:
        entries = txn.journal(BEGINNING, 99)
    assert isinstance(entries, list)
    dropped = store.trim(entries[20].position)
    store.close()

    assert dropped == 20
    assert verify(directory).problems == []


def test_node_is_running(directory: Path) -> None:
    """A directory is not checked under a running node."""
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)

    with pytest.raises(StoreError, match="stop that node first"):
        verify(directory)
    store.close()


def test_progress(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long checks tell how far they are."""
    monkeypatch.setattr("idis.registry.store.verify.PROGRESS_VALUES", 50)
    told: list[tuple[int, int]] = []
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    check(store.environment, progress=lambda done, total: told.append((done, total)))
    store.close()

    assert told == [(50, 153), (100, 153)]


def test_damaged_page(directory: Path) -> None:
    """Pages that are no pages are found, and the report survives whatever the engine does when it reads them."""
    data = directory / "gen-000001" / "data.mdb"
    octets = bytearray(data.read_bytes())
    for page in range(5, 8):  # one of them may be free
        octets[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    data.write_bytes(octets)
    report = verify(directory)

    assert not report.sound
    assert report.problems


@pytest.mark.skipif(find_spec("lmdb.verify") is None, reason="this binding of LMDB cannot check pages")
@pytest.mark.parametrize("seed", [1])
def test_flipped_bits_are_never_silent(directory: Path, tmp_path: Path, seed: int) -> None:
    """Of random flips in the file, none gives a wrong answer, and none hides data without being found."""
    script = Path(__file__).with_name("flips.py")
    command = [sys.executable, str(script), str(directory / "gen-000001"), str(tmp_path / "flip"), str(seed), str(FLIPS)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    words = Counter(line.split()[0] for line in told)

    assert sum(words.values()) == FLIPS
    assert words["right"] < FLIPS
    assert [line for line in told if line.split()[0] in ("silent", "wrong", "failed")] == []


class TestCommand:
    """`idis verify`."""

    def test_clean(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A sound directory: exit code 0 and one sentence."""
        assert main(["verify", str(directory)]) == 0
        assert "is sound: 1 prefix, 1 route, 60 record" in capsys.readouterr().out

    def test_damaged(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A damaged one: exit code 1 and the identifiers."""
        tamper(directory, lambda raw, tables: raw.put(KEY, b"damaged", db=tables.record))

        assert main(["verify", str(directory)]) == 1
        assert "88.118/A001" in capsys.readouterr().out

    def test_json(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The same for programs."""
        tamper(directory, lambda raw, tables: raw.put(KEY, b"damaged", db=tables.record))
        code = main(["verify", str(directory), "--json"])
        told = json.loads(capsys.readouterr().out)

        assert (code, told["sound"], told["identifiers"]) == (1, False, ["88.118/A001"])

    def test_no_store(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What is no store cannot be checked: exit code 2 and the remedy."""
        assert main(["verify", str(tmp_path)]) == 2
        assert "holds no store" in capsys.readouterr().err
