"""Loading many records at once: appended where nothing is, merged where something is, whole in every case."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idis.registry.journal import BEGINNING, EntryKind, Position
from idis.registry.prefix import PrefixEntry
from idis.registry.record import PreparedRecord, Record, prepare
from idis.registry.store import bulk, codec, keys
from idis.registry.store.base import Store, StoreError
from idis.registry.store.bulk import Item, Loaded, batches, begin_sealed, compare_batch, item_of, load_batch, put_all
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.packed_rows import unpack_rows
from idis.registry.store.sealed_batch import seal
from idis.registry.store.verify import check

MakeRecord = Callable[..., PreparedRecord]


@pytest.fixture
def items(make_record: MakeRecord) -> Callable[..., list[Item]]:
    """Sorted items of one prefix: some with second names, some spelled in lower case."""

    def build(count: int, *, prefix: str = "88.118", text: str = "one", first: int = 0) -> list[Item]:
        found = []
        for number in range(first, first + count):
            name = f"a{number:05}" if number % 3 else f"A{number:05}"
            aliases = [("imo", f"IMO{number}")] if number % 2 else []
            record = make_record(f"{prefix}/{name}", text, *aliases)
            found.append(item_of(keys.record_key(prefix, name, True), record, 1))
        return sorted(found)

    return build


Items = Callable[..., list[Item]]


def journal_kinds(store: Store) -> list[EntryKind]:
    """The kinds of all entries after the one that registered the prefix."""
    with store.read() as txn:
        entries = txn.journal(BEGINNING, 1_000)
    assert isinstance(entries, list)
    return [entry.kind for entry in entries if entry.kind not in (EntryKind.EPOCH, EntryKind.PREFIX)]


def test_a_fresh_range_is_one_segment(lmdb_store: LmdbStore, items: Items) -> None:
    """A batch into an empty range is one journal entry, and the store verifies."""
    loaded = load_batch(lmdb_store, items(50), actor="test")

    assert loaded == Loaded(new=50)
    assert journal_kinds(lmdb_store) == [EntryKind.BULK]
    assert check(lmdb_store.environment).problems == []


def test_a_batch_between_records_is_a_segment_too(lmdb_store: LmdbStore, items: Items) -> None:
    """An empty range need not lie at the end of the table."""
    load_batch(lmdb_store, items(5, first=900), actor="test")
    load_batch(lmdb_store, items(5, first=100), actor="test")

    assert journal_kinds(lmdb_store) == [EntryKind.BULK, EntryKind.BULK]
    assert check(lmdb_store.environment).problems == []


def test_bulk_and_single_writes_store_the_same(lmdb_store: LmdbStore, items: Items, make_record: MakeRecord) -> None:
    """A record is the same octets but for its position, whichever way it came; its second name is found."""
    lmdb_store.write(lambda txn: txn.put_record(make_record("88.118/a00001", "one", ("imo", "IMO1"))), actor="test").result()
    with lmdb_store.read() as txn:
        single = txn.record(b"88.118\x00A00001")
    lmdb_store.write(lambda txn: txn.put_prefix(PrefixEntry("88.119", homed=True)), actor="test").result()
    load_batch(lmdb_store, items(2, prefix="88.119"), actor="test")
    with lmdb_store.read() as txn:
        record = txn.record(b"88.119\x00A00001")
        named = txn.aliases("imo", "IMO1", 9)
    assert single is not None
    assert record is not None

    assert (record.public, record.aliases, record.version, record.flags, record.ttl_s) == (
        *(single.public, single.aliases, single.version, single.flags, single.ttl_s),
    )
    assert named == [b"88.118\x00A00001", b"88.119\x00A00001"]


def test_seal_gives_the_octets_of_the_codec(items: Items, make_record: MakeRecord) -> None:
    """The quick form and its plain twin agree."""
    position = Position(1, 7, 3)
    sealed = seal(items(2), position, 0)
    plain = codec.encode_record(b"88.118\x00A00001", make_record("88.118/a00001", "one", ("imo", "IMO1")), 1, position)

    values = list(unpack_rows(sealed.values))

    assert values[1] == (b"88.118\x00A00001", plain)
    assert sealed.digest_sum == sum(codec.digest_of(value) for _, value in values) % 2**64


@pytest.mark.parametrize("guess", [0, 40], ids=["right", "wrong"])
def test_a_batch_sealed_ahead_is_stored_at_its_true_place(lmdb_store: LmdbStore, items: Items, guess: int) -> None:
    """A guessed position that turns out wrong is corrected."""
    with lmdb_store.read() as txn:
        last = txn.position
    sealed = seal(items(6), Position(last.epoch, last.hi + 1 + guess, 0), 0)
    begin_sealed(lmdb_store, sealed, actor="test")()
    with lmdb_store.read() as txn:
        record = txn.record(b"88.118\x00A00000")
        position = txn.position
    assert record is not None

    assert record.position == position
    assert check(lmdb_store.environment).problems == []


def test_equal_records_are_left_alone(store: Store, items: Items) -> None:
    """A second load writes nothing on any engine."""
    load_batch(store, items(20), actor="test")
    with store.read() as txn:
        before = txn.position
    loaded = load_batch(store, items(20), actor="test")
    with store.read() as txn:
        after = txn.position

    assert (loaded, before) == (Loaded(unchanged=20), after)


def test_new_and_changed_records_are_told_apart(store: Store, items: Items) -> None:
    """Where something lies in the range, each record is compared."""
    load_batch(store, items(10), actor="test")
    mixed = [*items(5), *items(10, text="two", first=5)]
    expected = Loaded(new=5, changed=5, unchanged=5)

    assert compare_batch(store, mixed) == expected
    assert load_batch(store, mixed, actor="test") == expected


def test_a_deleted_record_comes_back_with_the_next_version(lmdb_store: LmdbStore, items: Items) -> None:
    """A tombstone in the range keeps the count of versions going."""
    load_batch(lmdb_store, items(3), actor="test")
    lmdb_store.write(lambda txn: txn.delete_record(b"88.118\x00A00001"), actor="test").result()
    loaded = load_batch(lmdb_store, items(3), actor="test")
    with lmdb_store.read() as txn:
        record = txn.record(b"88.118\x00A00001")
    assert record is not None

    assert loaded == Loaded(new=1, unchanged=2)
    assert record.version == 3
    assert check(lmdb_store.environment).problems == []


def test_nothing_is_loaded_below_a_prefix_answered_elsewhere(lmdb_store: LmdbStore, items: Items) -> None:
    """The engine's rule holds for loads too, and the batch leaves nothing."""
    lmdb_store.write(lambda txn: txn.put_prefix(PrefixEntry("88.120")), actor="test").result()
    with pytest.raises(StoreError, match=r"88\.120"):
        load_batch(lmdb_store, items(3, prefix="88.120"), actor="test")

    assert journal_kinds(lmdb_store) == []


def test_a_change_that_fails_takes_its_whole_batch(lmdb_store: LmdbStore, items: Items) -> None:
    """All of a small file or nothing: an error in the last record undoes the first."""
    foreign = items(1, prefix="88.999")
    with pytest.raises(StoreError):
        lmdb_store.write(lambda txn: put_all(txn, [*items(4), *foreign]), actor="test").result()
    with lmdb_store.read() as txn:
        records = txn.stat("88.118").records

    assert records == 0


def test_batches_are_cut_at_prefixes_and_bounds(items: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    """One prefix a batch, and no more records or octets than a commit takes."""
    monkeypatch.setattr(bulk, "RECORDS_PER_COMMIT", 4)
    several = [*items(6), *items(3, prefix="88.118.1")]
    by_count = [len(batch) for batch in batches(several)]
    monkeypatch.setattr(bulk, "COMMIT_BYTES_MAX", 1)
    by_octets = [len(batch) for batch in batches(several)]

    assert (by_count, by_octets) == ([4, 2, 3], [1] * 9)


def test_octets_are_counted_as_single_writes_count_them(lmdb_store: LmdbStore, items: Items) -> None:
    """The statistics of a bulk load equal those of the same records written one by one."""
    lmdb_store.write(lambda txn: txn.put_prefix(PrefixEntry("88.119", homed=True)), actor="test").result()
    load_batch(lmdb_store, items(9), actor="test")
    lmdb_store.write(lambda txn: put_all(txn, items(9, prefix="88.119")), actor="test").result()
    with lmdb_store.read() as txn:
        one, other = txn.stat("88.118"), txn.stat("88.119")

    assert (one.records, one.octets) == (other.records, other.octets)


def test_a_hashed_key_keeps_its_identifier(lmdb_store: LmdbStore) -> None:
    """A suffix too long for a key comes back whole."""
    name = "x" * 1_000
    record = prepare(Record(f"88.118/{name}", ()), 1)
    load_batch(lmdb_store, [item_of(keys.record_key("88.118", name, True), record, 1)], actor="test")
    with lmdb_store.read() as txn:
        found = txn.record(keys.record_key("88.118", name, True))

    assert found is not None
    assert found.identifier == f"88.118/{name}"
