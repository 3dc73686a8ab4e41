"""Dumps: written, read back, damaged, loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgpack
import pytest

from idis.proto.value import Value, decode_values
from idis.registry.loading import dump as dump_module
from idis.registry.loading import load_dump as load_dump_module
from idis.registry.loading.dump import read_header
from idis.registry.loading.export import export_dump
from idis.registry.loading.load_dump import DumpSummary, load_dump
from idis.registry.loading.rows import FileRefused
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Alias, Record, prepare
from idis.registry.store.base import StoreError
from idis.registry.store.bulk import Loaded
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import check
from idis.registry.store.writer import Settings
from idis.registry.template_elsewhere import TemplateElsewhere, known_templates

PREFIXES = ("88.118.21", "88.118.8")
THEN = 1_600_000_000

LoadDump = Callable[..., DumpSummary]


def fill(store: LmdbStore, count: int = 25) -> None:
    """Records below two prefixes, some with second names, restricted values or an earlier version; one deleted."""
    for prefix in PREFIXES:
        for number in range(count):
            values = [Value(1, "URL", b"https://example.com/%d" % number)]
            if number % 5 == 0:
                values.append(Value(300, "HS_SECKEY", b"secret", permissions=0x0C))
            aliases = (Alias("imo", f"IMO{prefix}{number}"),) if number % 3 == 0 else ()
            record = prepare(Record(f"{prefix}/a{number:03}", tuple(values), aliases), THEN)
            store.write(lambda txn, record=record: txn.put_record(record), actor="test").result()  # type: ignore[misc]
    changed = prepare(Record(f"{PREFIXES[0]}/a001", (Value(1, "URL", b"https://example.com/new"),)), THEN)
    store.write(lambda txn: txn.put_record(changed), actor="test").result()
    store.write(lambda txn: txn.delete_record(b"88.118.21\x00A002"), actor="test").result()


def write_dump(store: LmdbStore, path: Path, *, restricted: bool = True) -> Path:
    """Dump a whole store."""
    with path.open("wb") as file:
        export_dump(store, file, [], restricted=restricted, now=THEN, report=lambda *_: None)
    return path


@pytest.fixture
def dump(store: LmdbStore, tmp_path: Path) -> Path:
    """A dump of the filled store, restricted values included, in blocks of four records."""
    fill(store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dump_module, "BLOCK_RECORDS", 4)
        return write_dump(store, tmp_path / "all.dump")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[LmdbStore]:
    """Another node that answers for the same prefixes."""
    store = LmdbStore.create(tmp_path / "other", exclusive=False, settings=Settings(free_bytes_min=0))
    for prefix, folds in zip(PREFIXES, (True, False), strict=True):
        entry = PrefixEntry(prefix, homed=True, fold_suffix=folds)
        store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()  # type: ignore[misc]
    yield store
    store.close()


@pytest.fixture
def restore(other: LmdbStore) -> LoadDump:
    """Load a dump into the other node."""

    def run(path: Path, **options: object) -> DumpSummary:
        return load_dump(path, other, **{"dry_run": False, "processes": 1, "report": lambda *_: None, **options})  # type: ignore[arg-type]

    return run


def content(store: LmdbStore) -> list[tuple[object, ...]]:
    """Everything a reader can know of the records, positions aside."""
    found = []
    with store.read() as txn:
        for prefix in PREFIXES:
            for key, record in txn.records(prefix, None, 1_000):
                if record.live:
                    facts = (record.identifier, record.public, record.restricted, record.aliases, record.flags, record.version)
                    found.append((key, *facts, record.ttl_s, record.not_after))
    return found


@pytest.mark.parametrize("processes", [1, 2])
def test_a_dump_restores_every_record(
    store: LmdbStore, other: LmdbStore, dump: Path, restore: LoadDump, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values with their timestamps, second names, flags and versions come back; deleted records do not."""
    monkeypatch.setattr(load_dump_module, "PARALLEL_BYTES_MIN", 0)
    monkeypatch.setattr(load_dump_module, "RECORDS_PER_COMMIT", 8)
    summary = restore(dump, processes=processes)
    with other.read() as txn:
        named = txn.aliases("imo", "IMO88.118.2103", 1) + txn.aliases("imo", "IMO88.118.83", 1)

    assert summary.loaded == Loaded(new=49)
    assert content(other) == content(store)
    assert named == [b"88.118.8\x00a003"]
    assert check(other.environment).problems == []


def test_the_same_dump_again_changes_nothing(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """Equal records are left alone."""
    restore(dump)
    with other.read() as txn:
        before = txn.position
    summary = restore(dump)
    with other.read() as txn:
        after = txn.position

    assert (summary.loaded, before) == (Loaded(unchanged=49), after)


def test_a_dry_run_stores_nothing(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """The summary is that of a load."""
    assert restore(dump, dry_run=True).loaded == Loaded(new=49)
    assert content(other) == []


def test_without_permission_no_secret_is_in_the_file(store: LmdbStore, tmp_path: Path, restore: LoadDump) -> None:
    """Restricted values are dumped on request only; the header says so, and public values restore."""
    fill(store)
    path = write_dump(store, tmp_path / "public.dump", restricted=False)
    summary = restore(path)

    assert b"secret" not in path.read_bytes()
    assert (summary.header.restricted, summary.loaded, summary.left_out) == (False, Loaded(new=49), ())


def test_names_without_public_values_stay_behind(store: LmdbStore, tmp_path: Path, restore: LoadDump) -> None:
    """That a record exists is not public when none of its values is."""
    hidden = prepare(Record("88.118.8/hidden", (Value(300, "HS_SECKEY", b"s", permissions=0x0C),)), THEN)
    shown = prepare(Record("88.118.8/shown", (Value(1, "URL", b"u"),)), THEN)
    for record in (hidden, shown):
        store.write(lambda txn, record=record: txn.put_record(record), actor="test").result()  # type: ignore[misc]
    path = write_dump(store, tmp_path / "public.dump", restricted=False)

    assert b"hidden" not in path.read_bytes()
    assert restore(path).loaded == Loaded(new=1)


def test_a_public_dump_does_not_take_secrets_away(store: LmdbStore, tmp_path: Path) -> None:
    """Records whose restricted values are stored here and missing in the dump are left alone and named."""
    fill(store)
    path = write_dump(store, tmp_path / "public.dump", restricted=False)
    before = content(store)
    summary = load_dump(path, store, dry_run=False, processes=1, report=lambda *_: None)

    assert content(store) == before
    assert summary.loaded == Loaded(unchanged=39)
    assert summary.left_out[:2] == ("88.118.21/a000", "88.118.21/a005")


def test_every_cut_is_noticed(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """A dump that ends early is refused before anything is loaded, wherever it ends."""
    whole = dump.read_bytes()
    for length in (8, 9, 12, 40, 200, len(whole) // 2, len(whole) - 33, len(whole) - 1):
        dump.write_bytes(whole[:length])
        with pytest.raises(FileRefused):
            restore(dump)

    assert content(other) == []


def test_every_altered_octet_is_noticed(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """One flipped bit anywhere refuses the dump."""
    whole = dump.read_bytes()
    for at in range(0, len(whole), max(len(whole) // 97, 1)):
        dump.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(FileRefused):
            restore(dump)

    assert content(other) == []


def forged(dump: Path, change: Callable[[list[list[object]]], None]) -> None:
    """Change the first block and make the trailer fit again."""
    whole = dump.read_bytes()
    place = read_header(dump)[1][0]
    block = msgpack.unpackb(whole[place.offset : place.offset + place.length])
    change(block)
    octets = msgpack.packb(block)
    tail = whole[place.offset + place.length : -32]
    body = whole[: place.offset - 4] + len(octets).to_bytes(4, "big") + octets + tail
    dump.write_bytes(body + hashlib.sha256(body).digest())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda block: block.reverse(), "keys out of order"),
        (lambda block: block.pop(), "lacks records"),
        (lambda block: block[0].__setitem__(1, block[0][1][:-1]), "damaged record"),
        (lambda block: block[0].__setitem__(1, b""), "damaged record"),
        (lambda block: block[0].__setitem__(1, block[1][1]), "damaged record"),
        (lambda block: block[0].__setitem__(0, b"no zero octet"), "keys out of order"),
        (lambda block: block.clear(), "an empty block"),
    ],
)
def test_a_dump_that_contradicts_itself_is_refused(
    other: LmdbStore, dump: Path, restore: LoadDump, change: Callable[[list[list[object]]], None], sentence: str
) -> None:
    """Order, form and sums are checked beyond the trailer."""
    forged(dump, change)
    with pytest.raises(FileRefused, match=sentence):
        restore(dump)

    assert content(other) == []


def test_a_prefix_that_is_not_answered_here_refuses_the_dump(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """One sentence names the prefix."""
    other.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", fold_suffix=False)), actor="test").result()
    with pytest.raises(FileRefused, match=r"88\.118\.8 is delegated"):
        restore(dump)

    assert content(other) == []


def test_another_folding_refuses_the_dump(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """Keys made with case folding do not fit a prefix without."""
    other.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result()
    with pytest.raises(FileRefused, match="without case folding"):
        restore(dump)


def test_a_quota_is_kept(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """A dump that would exceed a quota loads nothing."""
    entry = PrefixEntry("88.118.21", homed=True, quota=20)
    other.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    with pytest.raises(FileRefused, match="may hold 20 records"):
        restore(dump)

    assert content(other) == []


def test_a_newer_version_is_told(dump: Path, restore: LoadDump) -> None:
    """A dump of a later program is not half understood."""
    whole = dump.read_bytes()
    dump.write_bytes(whole[:8] + b"\x02" + whole[9:])
    with pytest.raises(FileRefused, match="of version 2"):
        restore(dump)


def test_a_store_that_lost_a_record_is_not_dumped_in_silence(store: LmdbStore, tmp_path: Path) -> None:
    """The count of the store and what is found must agree."""
    fill(store, 3)
    raw = store.environment.begin_write()
    raw.delete(b"88.118.8\x00a001", db=store.environment.tables.record)
    raw.commit()
    with pytest.raises(StoreError, match="idis verify"):
        write_dump(store, tmp_path / "x.dump")


def test_the_sum_of_digests_is_that_of_the_source(store: LmdbStore, dump: Path) -> None:
    """The header's sums can be compared with the source without reading a record."""
    header, _ = read_header(dump)
    with store.read() as txn:
        stat = txn.stat("88.118.21")

    assert (header.prefixes["88.118.21"].records, header.prefixes["88.118.21"].digest_sum) == (stat.records, stat.digest_sum)


def test_timestamps_survive(other: LmdbStore, dump: Path, restore: LoadDump) -> None:
    """A restored value says when it was written, not when it was restored."""
    restore(dump)
    with other.read() as txn:
        record = txn.record(b"88.118.8\x00a001")
    assert record is not None
    (value,) = decode_values(record.public)

    assert value == replace(Value(1, "URL", b"https://example.com/1"), timestamp=THEN)


def test_fields_of_a_template_that_is_not_known_here_are_hidden_once_loaded(
    store: LmdbStore, other: LmdbStore, tmp_path: Path, restore: LoadDump
) -> None:
    """The source knew it, and showed them; what another node restricts must be asked for anew."""
    values = (Value(1000, "TEMPLATE_ID", b"88.7/META_z"), Value(2000, "price", b"9"))
    store.write(lambda txn: txn.put_record(prepare(Record("88.118.8/t", values), THEN)), actor="test").result()
    restore(write_dump(store, tmp_path / "t.dump"))
    with other.read() as txn:
        record = txn.record(b"88.118.8\x00t")
        known = list(known_templates(txn))

    assert record is not None
    assert [value.index for value in decode_values(record.public)] == [1000]
    assert known == [TemplateElsewhere("88.7/META_Z")]
