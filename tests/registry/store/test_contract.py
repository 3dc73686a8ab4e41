"""The contract every engine keeps, verb by verb (`storage.md` §7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idis.proto.errors import IdentifierError
from idis.registry.document import DOCUMENT_BYTES_MAX, DocumentKind
from idis.registry.event_row import EventKnown, EventOrder, EventRow, time_head
from idis.registry.journal import BEGINNING, EntryKind, Position, SnapshotNeeded
from idis.registry.prefix import Hosting, PrefixEntry, RouteEntry
from idis.registry.record import NO_VALUES, PreparedRecord, RecordFlag
from idis.registry.store import codec, keys
from idis.registry.store.base import (
    Committed,
    Conflict,
    Expect,
    Expected,
    KeyReused,
    OutcomeKey,
    PrefixStat,
    Store,
    StoreError,
    WriteTxn,
)

MakeRecord = Callable[..., PreparedRecord]

KEY = b"88.118\x00A1"


def write(store: Store, change: Callable[[WriteTxn], Any], **options: Any) -> Any:
    """The result of a change."""
    return store.write(change, actor="test", **options).result(10).result


def put(store: Store, record: PreparedRecord, expect: Expected = Expect.ANY) -> int | Conflict:
    """Put one record."""
    result: int | Conflict = write(store, lambda txn: txn.put_record(record, expect))
    return result


def entries_of(store: Store, after: Position = BEGINNING) -> list[tuple[EntryKind, bytes, int]]:
    """The journal in short."""
    with store.read() as txn:
        entries = txn.journal(after, 1000)
    assert isinstance(entries, list)
    return [(entry.kind, entry.key, entry.version) for entry in entries]


class TestPutNewRecords:
    """`put_new_records` against each state."""

    def test_each_gets_its_entry(self, store: Store, make_record: MakeRecord) -> None:
        """New ones have version 1, and stand in the journal in the order they were given, whatever that of their keys."""
        begun = entries_of(store)
        records = [make_record(f"88.118/{name}") for name in ("c", "a", "b")]

        assert write(store, lambda txn: txn.put_new_records(records)) == [1, 1, 1]
        assert entries_of(store)[len(begun) :] == [(EntryKind.PUT, b"88.118\x00" + name, 1) for name in (b"C", b"A", b"B")]

    def test_what_is_there_stays(self, store: Store, make_record: MakeRecord) -> None:
        """Those before and behind it are created, with no position left out; a deleted one goes on with its version."""
        put(store, make_record("88.118/b"))
        put(store, make_record("88.118/gone"))
        write(store, lambda txn: txn.delete_record(b"88.118\x00GONE"))
        begun = entries_of(store)
        records = [make_record(f"88.118/{name}", "two") for name in ("a", "b", "gone", "a", "c")]

        assert write(store, lambda txn: txn.put_new_records(records)) == [1, 0, 3, 0, 1]
        assert entries_of(store)[len(begun) :] == [
            (EntryKind.PUT, b"88.118\x00A", 1),
            (EntryKind.PUT, b"88.118\x00GONE", 3),
            (EntryKind.PUT, b"88.118\x00C", 1),
        ]
        with store.read() as txn:
            assert txn.stat("88.118").records == 4
            assert [entry.position.lo for entry in txn.journal(BEGINNING, 1000)[-3:]] == [0, 1, 2]  # type: ignore[index]


class TestPutRecord:
    """`put_record` with each expectation against each state."""

    def test_creates_version_one(self, store: Store, make_record: MakeRecord) -> None:
        """A new record has version 1 and is read back as it was prepared."""
        record = make_record("88.118/a1")

        assert put(store, record) == 1
        with store.read() as txn:
            stored = txn.record(KEY)
        assert stored is not None
        assert (stored.identifier, stored.public, stored.version) == ("88.118/a1", record.public, 1)

    def test_replaces(self, store: Store, make_record: MakeRecord) -> None:
        """Other content gets the next version."""
        put(store, make_record("88.118/a1"))

        assert put(store, make_record("88.118/a1", "two")) == 2

    def test_equal_is_left_alone(self, store: Store, make_record: MakeRecord) -> None:
        """The same values at another time change nothing and leave no journal entry."""
        put(store, make_record("88.118/a1"))
        before = entries_of(store)

        assert put(store, make_record("88.118/a1", now=1_800_000_000)) == 1
        assert entries_of(store) == before

    def test_a_history_goes_on(self, store: Store, make_record: MakeRecord) -> None:
        """A record from another node keeps its version here, and it never falls: not by a lower one, nor by a deletion."""
        record = make_record("88.118/a1")
        versions = [
            store.write(lambda txn, least=least: txn.put_record(record, version_min=least), actor="test").result().result
            for least in (7, 3, 7, 9)
        ]
        two = make_record("88.118/a1", "two")
        other = store.write(lambda txn: txn.put_record(two, version_min=4), actor="test").result().result

        assert versions == [7, 7, 7, 9]
        assert other == 10

    @pytest.mark.parametrize("change", ["spelling", "alias", "flag"])
    def test_other_than_values_counts(self, store: Store, make_record: MakeRecord, change: str) -> None:
        """Another spelling, second name or flag makes a record different."""
        put(store, make_record("88.118/a1"))
        changed = {
            "spelling": make_record("88.118/A1"),
            "alias": make_record("88.118/a1", "one", ("imo", "IMO9074729")),
            "flag": replace(make_record("88.118/a1"), flags=RecordFlag.DISABLED),
        }[change]

        assert put(store, changed) == 2

    @pytest.mark.parametrize(
        ("expect", "result"), [(Expect.ANY, 1), (Expect.ABSENT, 1), (1, Conflict(0)), (7, Conflict(0))]
    )
    def test_expectation_when_absent(
        self, store: Store, make_record: MakeRecord, expect: Expected, result: int | Conflict
    ) -> None:
        """Where nothing is, only a version is in conflict."""
        assert put(store, make_record("88.118/a1"), expect) == result

    @pytest.mark.parametrize(
        ("expect", "result"), [(Expect.ANY, 2), (Expect.ABSENT, Conflict(1)), (1, 2), (2, Conflict(1))]
    )
    def test_expectation_when_present(
        self, store: Store, make_record: MakeRecord, expect: Expected, result: int | Conflict
    ) -> None:
        """Where version 1 is, only that version and no expectation are met."""
        put(store, make_record("88.118/a1"))

        assert put(store, make_record("88.118/a1", "two"), expect) == result

    @pytest.mark.parametrize(
        ("expect", "result"), [(Expect.ANY, 3), (Expect.ABSENT, 3), (2, Conflict(0)), (1, Conflict(0))]
    )
    def test_expectation_after_deletion(
        self, store: Store, make_record: MakeRecord, expect: Expected, result: int | Conflict
    ) -> None:
        """A tombstone counts as nothing, but its version goes on."""
        put(store, make_record("88.118/a1"))
        write(store, lambda txn: txn.delete_record(KEY))

        assert put(store, make_record("88.118/a1"), expect) == result

    def test_conflict_changes_nothing(self, store: Store, make_record: MakeRecord) -> None:
        """A refused expectation leaves record and journal as they were."""
        put(store, make_record("88.118/a1"))
        before = entries_of(store)
        put(store, make_record("88.118/a1", "two"), Expect.ABSENT)

        with store.read() as txn:
            stored = txn.record(KEY)
        assert stored is not None
        assert b"one" in stored.public
        assert entries_of(store) == before

    def test_unknown_prefix(self, store: Store, make_record: MakeRecord) -> None:
        """A record needs a registered prefix."""
        with pytest.raises(StoreError, match="not registered here"):
            put(store, make_record("88.999/a1"))

    def test_prefix_answered_elsewhere(self, store: Store, make_record: MakeRecord) -> None:
        """A delegated prefix takes no records."""
        write(store, lambda txn: txn.put_prefix(PrefixEntry("88.119")))

        with pytest.raises(StoreError, match="kept elsewhere"):
            put(store, make_record("88.119/a1"))

    def test_hosted_prefix(self, store: Store, make_record: MakeRecord) -> None:
        """A hosted prefix takes records."""
        write(store, lambda txn: txn.put_prefix(PrefixEntry("88.119", hosting=Hosting.HOSTED)))

        assert put(store, make_record("88.119/a1")) == 1

    @pytest.mark.parametrize("identifier", ["88.118", "0.NA/88.118", "88.118/", "", "88.118/a\tb"])
    def test_no_record_identifier(self, store: Store, make_record: MakeRecord, identifier: str) -> None:
        """What names a prefix, or nothing, is no record."""
        with pytest.raises(IdentifierError):
            put(store, replace(make_record("88.118/a1"), identifier=identifier))

    @pytest.mark.parametrize("alias", [("", "x"), ("imo", ""), ("i" * 65, "x"), ("imo", "a\x00b"), ("imo", "x" * 2049)])
    def test_bad_alias(self, store: Store, make_record: MakeRecord, alias: tuple[str, str]) -> None:
        """A second name that has no key is refused."""
        with pytest.raises(StoreError, match="second name"):
            put(store, make_record("88.118/a1", "one", alias))

    def test_tombstone_is_not_written(self, store: Store, make_record: MakeRecord) -> None:
        """Only a deletion leaves a tombstone."""
        with pytest.raises(StoreError, match="tombstone"):
            put(store, replace(make_record("88.118/a1"), flags=RecordFlag.TOMBSTONE))

    def test_suffix_case(self, store: Store, make_record: MakeRecord) -> None:
        """Where suffixes keep their case, two spellings are two records."""
        write(store, lambda txn: txn.put_prefix(PrefixEntry("88.120", homed=True, fold_suffix=False)))
        put(store, make_record("88.120/a"))
        put(store, make_record("88.120/A"))

        with store.read() as txn:
            assert [record.identifier for _, record in txn.records("88.120", None, 9)] == ["88.120/A", "88.120/a"]

    def test_longest_identifier(self, store: Store, make_record: MakeRecord) -> None:
        """An identifier of 2,048 octets is stored, and one that differs in its last letter is another."""
        long = "88.118/" + "x" * 2040
        put(store, make_record(long + "1"))
        put(store, make_record(long + "2"))

        with store.read() as txn:
            stored = txn.record(keys.record_key("88.118", long[7:] + "2", True))
        assert stored is not None
        assert stored.identifier == long + "2"


class TestDeleteRecord:
    """`delete_record` with each expectation."""

    @pytest.mark.parametrize(
        ("expect", "result"), [(Expect.ANY, 2), (1, 2), (2, Conflict(1)), (Expect.ABSENT, Conflict(1))]
    )
    def test_present(self, store: Store, make_record: MakeRecord, expect: Expected, result: int | Conflict) -> None:
        """A deletion takes the next version when its expectation holds."""
        put(store, make_record("88.118/a1"))

        assert write(store, lambda txn: txn.delete_record(KEY, expect)) == result

    @pytest.mark.parametrize("expect", [Expect.ANY, Expect.ABSENT, 1])
    def test_absent(self, store: Store, expect: Expected) -> None:
        """There is nothing to delete."""
        assert write(store, lambda txn: txn.delete_record(KEY, expect)) == Conflict(0)

    def test_twice(self, store: Store, make_record: MakeRecord) -> None:
        """A tombstone is not deleted again."""
        put(store, make_record("88.118/a1"))
        write(store, lambda txn: txn.delete_record(KEY))

        assert write(store, lambda txn: txn.delete_record(KEY)) == Conflict(0)

    def test_leaves_a_tombstone(self, store: Store, make_record: MakeRecord) -> None:
        """Name and version stay, values and second names go."""
        put(store, make_record("88.118/a1", "one", ("imo", "IMO9074729")))
        write(store, lambda txn: txn.delete_record(KEY))

        with store.read() as txn:
            stored = txn.record(KEY)
            assert txn.aliases("imo", "IMO9074729", 9) == []
        assert stored is not None
        assert not stored.live
        assert (stored.identifier, stored.version, stored.public) == ("88.118/a1", 2, NO_VALUES)


class TestReading:
    """Ranges, second names and counts."""

    def test_records_page_by_page(self, store: Store, make_record: MakeRecord) -> None:
        """`after` and `limit` walk one prefix in key order without its neighbours."""
        for prefix in ("88", "88.118.8", "88.11"):
            write(store, lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)))
            put(store, make_record(f"{prefix}/x"))
        for suffix in ("c", "a", "b"):
            put(store, make_record(f"88.118/{suffix}"))

        with store.read() as txn:
            first = txn.records("88.118", None, 2)
            second = txn.records("88.118", first[-1][0], 2)
        assert [key for key, _ in first + second] == [b"88.118\x00A", b"88.118\x00B", b"88.118\x00C"]

    def test_aliases_name_many(self, store: Store, make_record: MakeRecord) -> None:
        """One second name may belong to several records."""
        put(store, make_record("88.118/a1", "one", ("imo", "9074729")))
        put(store, make_record("88.118/a2", "two", ("imo", "9074729"), ("hull", "H1")))

        with store.read() as txn:
            assert txn.aliases("imo", "9074729", 9) == [b"88.118\x00A1", b"88.118\x00A2"]
            assert txn.aliases("imo", "9074729", 1) == [b"88.118\x00A1"]
            assert txn.aliases("imo", "907472", 9) == []

    def test_alias_follows_its_record(self, store: Store, make_record: MakeRecord) -> None:
        """A second name that a new version lacks is gone."""
        put(store, make_record("88.118/a1", "one", ("imo", "1"), ("hull", "H1")))
        put(store, make_record("88.118/a1", "one", ("hull", "H1")))

        with store.read() as txn:
            assert txn.aliases("imo", "1", 9) == []
            assert txn.aliases("hull", "H1", 9) == [KEY]

    def test_long_aliases(self, store: Store, make_record: MakeRecord) -> None:
        """Names and keys that fit no database key are found all the same."""
        long = "88.118/" + "x" * 400
        put(store, make_record(long, "one", ("plateNo", "p" * 2048), ("imo", "1" * 190)))

        with store.read() as txn:
            assert txn.aliases("plateNo", "p" * 2048, 9) == [keys.record_key("88.118", "x" * 400, True)]
            assert txn.aliases("imo", "1" * 190, 9) == [keys.record_key("88.118", "x" * 400, True)]

    def test_unstorable_questions(self, store: Store) -> None:
        """What no key can hold is simply not there."""
        with store.read() as txn:
            assert txn.prefix("") is None
            assert txn.longest_prefix("9" * 600) is None
            assert txn.route("9" * 600) is None
            assert txn.aliases("s" * 600, "x", 9) == []

    def test_stat_counts_what_exists(self, store: Store, make_record: MakeRecord) -> None:
        """Records, octets and the sum of digests follow creation, change and deletion."""
        for suffix in ("a1", "a2", "a3"):
            put(store, make_record(f"88.118/{suffix}"))
        put(store, make_record("88.118/a2", "a longer text"))
        write(store, lambda txn: txn.delete_record(b"88.118\x00A3"))

        with store.read() as txn:
            kept = [(key, record) for key, record in txn.records("88.118", None, 9) if record.live]
            stat = txn.stat("88.118")
        assert stat.records == 2
        assert stat.digest_sum == sum(record.digest for _, record in kept) % 2**64
        header_and_key = 2 * (codec.RECORD_HEADER_BYTES + len(KEY) + len("88.118/a1") + 2)
        assert stat.octets == header_and_key + sum(len(record.public) for _, record in kept)

    def test_stat_of_nothing(self, store: Store) -> None:
        """A prefix without records counts zero."""
        with store.read() as txn:
            assert txn.stat("88.118") == PrefixStat()

    def test_snapshot(self, store: Store, make_record: MakeRecord) -> None:
        """A reader sees the state it began with."""
        with store.read() as txn:
            before = txn.position
            put(store, make_record("88.118/a1"))

            assert txn.record(KEY) is None
            assert txn.position == before


class TestPublic:
    """`public`: what the common question needs of a record."""

    def test_is_what_record_says(self, store: Store, make_record: MakeRecord) -> None:
        """The flags and the public values of `record`, second names or not."""
        put(store, make_record("88.118/a1"))
        put(store, make_record("88.118/a2", "two", ("imo", "9074729")))

        with store.read() as txn:
            for key in (KEY, b"88.118\x00A2"):
                stored = txn.record(key)
                assert stored is not None
                assert txn.public(key) == (int(stored.flags), stored.public)

    def test_tombstone(self, store: Store, make_record: MakeRecord) -> None:
        """A deleted record has its flag and no values."""
        put(store, make_record("88.118/a1"))
        write(store, lambda txn: txn.delete_record(KEY))

        with store.read() as txn:
            assert txn.public(KEY) == (int(RecordFlag.TOMBSTONE), b"\x00\x00\x00\x00")

    def test_absent(self, store: Store) -> None:
        """A key without a record has nothing."""
        with store.read() as txn:
            assert txn.public(KEY) is None


class TestPublicRecords:
    """`public_records`: the same of many records."""

    def test_are_those_of_one_prefix_in_order(self, store: Store, make_record: MakeRecord) -> None:
        """Records of the prefixes above, below and beside it are not among them; tombstones are."""
        for prefix in ("88.118.8", "88.11", "88.1180"):
            write(store, lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)))
            put(store, make_record(f"{prefix}/x"))
        for name in ("c", "a", "b"):
            put(store, make_record(f"88.118/{name}"))
        write(store, lambda txn: txn.delete_record(b"88.118\x00B"))

        with store.read() as txn:
            page = txn.public_records("88.118", b"", 10)
            assert [key for key, _ in page] == [b"88.118\x00A", b"88.118\x00B", b"88.118\x00C"]
            assert page == [(key, txn.public(key)) for key, _ in page]

    @pytest.mark.parametrize(
        ("start", "limit", "names"),
        [
            (b"88.118\x00B", 10, b"BC"),
            (b"88.118\x00A\x00", 10, b"BC"),
            (b"", 2, b"AB"),
            (b"88.118\x00D", 10, b""),
            (b"88.119", 1, b""),
        ],
    )
    def test_begin_at_a_key(self, store: Store, make_record: MakeRecord, start: bytes, limit: int, names: bytes) -> None:
        """The first one is that of the key itself, or the next."""
        for name in "abc":
            put(store, make_record(f"88.118/{name}"))

        with store.read() as txn:
            assert b"".join(key[-1:] for key, _ in txn.public_records("88.118", start, limit)) == names


class TestTransaction:
    """`transaction` of a snapshot, `last_transaction` of a store."""

    def test_moves_with_every_commit(self, store: Store, make_record: MakeRecord) -> None:
        """A commit makes another snapshot, and only a commit does."""
        numbers = []
        for text in ("one", "one", "two"):
            with store.read() as txn:
                numbers.append(txn.transaction)
            with store.read() as txn:
                assert txn.transaction == numbers[-1]
            put(store, make_record("88.118/a1", text))

        assert numbers[0] < numbers[1]
        assert numbers[2] < store.last_transaction

    def test_the_last_one_is_in_the_next_snapshot(self, store: Store, make_record: MakeRecord) -> None:
        """What the store says to have committed is what a snapshot begun now shows."""
        put(store, make_record("88.118/a1"))
        last = store.last_transaction

        with store.read() as txn:
            assert txn.transaction == last


class TestPrefixes:
    """Prefix entries and the tree they form."""

    def test_round_trip(self, store: Store) -> None:
        """An entry is read back whole, with its version."""
        entry = PrefixEntry("88.119", homed=True, owner="广州船厂", owner_code="91440101", quota=7, values=b"\x00\x00\x00\x00")

        assert write(store, lambda txn: txn.put_prefix(entry)) == 1
        with store.read() as txn:
            assert txn.prefix("88.119") == replace(entry, version=1)

    @pytest.mark.parametrize(
        ("expect", "result"), [(Expect.ANY, 2), (Expect.ABSENT, Conflict(1)), (1, 2), (3, Conflict(1))]
    )
    def test_expectations(self, store: Store, expect: Expected, result: int | Conflict) -> None:
        """Prefix entries are compared and replaced as records are."""
        assert write(store, lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True, quota=5), expect)) == result

    def test_expected_but_absent(self, store: Store) -> None:
        """A version that is expected of nothing is a conflict."""
        assert write(store, lambda txn: txn.put_prefix(PrefixEntry("88.7"), 1)) == Conflict(0)

    def test_longest_match(self, store: Store) -> None:
        """The nearest registered ancestor answers, label by label."""
        write(store, lambda txn: txn.put_prefix(PrefixEntry("88")))
        with store.read() as txn:
            found = [txn.longest_prefix(name) for name in ("88.118.8", "88.118", "88.1185", "88", "8", "89.118")]

        assert [entry.prefix if entry else None for entry in found] == ["88.118", "88.118", "88", "88", None, None]

    def test_pages(self, store: Store) -> None:
        """Entries come in key order, after a prefix, up to a limit."""
        for name in ("88", "88.118.8", "20.500"):
            write(store, lambda txn, name=name: txn.put_prefix(PrefixEntry(name)))
        with store.read() as txn:
            first = txn.prefixes(None, 3)
            second = txn.prefixes(first[-1].prefix, 3)

        assert [entry.prefix for entry in first + second] == ["20.500", "88", "88.118", "88.118.8"]

    @pytest.mark.parametrize("name", ["88..1", "", "88.ab", "88/1"])
    def test_bad_name(self, store: Store, name: str) -> None:
        """What is no folded prefix is not registered."""
        with pytest.raises(StoreError):
            write(store, lambda txn: txn.put_prefix(PrefixEntry(name)))

    def test_keeps_its_records(self, store: Store, make_record: MakeRecord) -> None:
        """A prefix with records here is not given away."""
        put(store, make_record("88.118/a1"))

        with pytest.raises(StoreError, match="still holds 1 records"):
            write(store, lambda txn: txn.put_prefix(PrefixEntry("88.118")))

    def test_keeps_its_folding(self, store: Store, make_record: MakeRecord) -> None:
        """Whether suffixes fold cannot change once a key exists, even a deleted one."""
        put(store, make_record("88.118/a1"))
        write(store, lambda txn: txn.delete_record(KEY))

        with pytest.raises(StoreError, match="fold case"):
            write(store, lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True, fold_suffix=False)))


class TestRoutes:
    """Ranges of prefixes."""

    def test_holds_its_range(self, store: Store) -> None:
        """Both ends belong to a range; other lengths, parents and descendants do not."""
        write(store, lambda txn: txn.put_route(RouteEntry("88.101.1000", "88.101.1999", b"\x00\x00\x00\x00")))
        inside = ["88.101.1000", "88.101.1999", "88.101.1500"]
        outside = ["88.101.0999", "88.101.2000", "88.101.15", "88.102.1500", "88.101.1500.1"]
        with store.read() as txn:
            held = [name for name in inside + outside if txn.route(name) is not None]

        assert held == inside

    def test_lengths_do_not_interleave(self, store: Store) -> None:
        """A range of shorter labels between two numbers hides neither of them."""
        write(store, lambda txn: txn.put_route(RouteEntry("88.101.1000", "88.101.1999", b"\x00\x00\x00\x00")))
        write(store, lambda txn: txn.put_route(RouteEntry("88.101.15", "88.101.19", b"\x00\x00\x00\x00")))
        with store.read() as txn:
            found = txn.route("88.101.1700")

        assert found is not None
        assert found.start == "88.101.1000"

    @pytest.mark.parametrize(("start", "end"), [("1500", "2500"), ("0500", "1000"), ("1200", "1300"), ("0000", "9999")])
    def test_overlap(self, store: Store, start: str, end: str) -> None:
        """Two ranges share no prefix."""
        write(store, lambda txn: txn.put_route(RouteEntry("88.101.1000", "88.101.1999", b"\x00\x00\x00\x00")))

        with pytest.raises(StoreError, match="overlaps"):
            write(store, lambda txn: txn.put_route(RouteEntry(f"88.101.{start}", f"88.101.{end}", b"\x00\x00\x00\x00")))

    @pytest.mark.parametrize(
        ("start", "end"), [("88.1.10", "88.2.20"), ("88.1.10", "88.1.200"), ("88.1.20", "88.1.10"), ("88.1.a0", "88.1.b0")]
    )
    def test_no_range(self, store: Store, start: str, end: str) -> None:
        """Other parents, lengths, a wrong order or unfolded ends make no range."""
        with pytest.raises(StoreError):
            write(store, lambda txn: txn.put_route(RouteEntry(start, end, b"\x00\x00\x00\x00")))

    def test_replace_and_delete(self, store: Store) -> None:
        """A range is replaced by its start and removed once."""
        route = RouteEntry("88.1.10", "88.1.20", b"\x00\x00\x00\x00")

        assert write(store, lambda txn: txn.put_route(route)) == 1
        assert write(store, lambda txn: txn.put_route(replace(route, end="88.1.30"))) == 2
        with store.read() as txn:
            assert txn.routes(None, 9) == [replace(route, end="88.1.30", version=2)]
        assert write(store, lambda txn: txn.delete_route("88.1.10")) is True
        assert write(store, lambda txn: txn.delete_route("88.1.10")) is False

    def test_pages(self, store: Store) -> None:
        """Ranges come in order, after a start."""
        for start, end in (("88.1.30", "88.1.40"), ("88.1.10", "88.1.20"), ("88.1.5", "88.1.7")):
            write(store, lambda txn, start=start, end=end: txn.put_route(RouteEntry(start, end, b"\x00\x00\x00\x00")))
        with store.read() as txn:
            first = txn.routes(None, 2)
            second = txn.routes(first[-1].start, 2)

        assert [route.start for route in first + second] == ["88.1.5", "88.1.10", "88.1.30"]


class TestJournal:
    """Every change once, in order."""

    def test_opens_with_its_epoch(self, store: Store) -> None:
        """The first entry is that of the epoch."""
        assert entries_of(store)[0] == (EntryKind.EPOCH, b"", 1)

    def test_one_entry_a_change(self, store: Store, make_record: MakeRecord) -> None:
        """Each verb leaves its kind, key and version; the body of a put is the stored record."""
        with store.read() as txn:
            start = txn.position
        put(store, make_record("88.118/a1"))
        write(store, lambda txn: txn.delete_record(KEY))
        write(store, lambda txn: txn.put_route(RouteEntry("88.1.10", "88.1.20", b"\x00\x00\x00\x00")))
        write(store, lambda txn: txn.delete_route("88.1.10"))

        assert entries_of(store, start) == [
            (EntryKind.PUT, KEY, 1),
            (EntryKind.DELETE, KEY, 2),
            (EntryKind.ROUTE, b"88.1\x00\x0210", 1),
            (EntryKind.ROUTE, b"88.1\x00\x0210", 2),
        ]

    def test_body_is_the_record(self, store: Store, make_record: MakeRecord) -> None:
        """A follower needs no second look: the entry holds the record as it is stored."""
        put(store, make_record("88.118/a1"))
        with store.read() as txn:
            entries = txn.journal(BEGINNING, 99)
            stored = txn.record(KEY)

        assert isinstance(entries, list)
        assert codec.decode_record(KEY, entries[-1].body) == stored

    def test_changes_of_one_write(self, store: Store, make_record: MakeRecord) -> None:
        """All entries of one change share its number and count up from 0."""

        def change(txn: WriteTxn) -> None:
            txn.put_record(make_record("88.118/a1"))
            txn.put_record(make_record("88.118/a2"))

        write(store, change)
        with store.read() as txn:
            entries = txn.journal(BEGINNING, 99)

        assert isinstance(entries, list)
        assert entries[-1].position == entries[-2].position._replace(lo=1)
        assert entries[-2].position.lo == 0

    def test_names_actor_and_time(self, store: Store) -> None:
        """Who and when, to the millisecond of the clock."""
        store.write(lambda txn: txn.put_prefix(PrefixEntry("88.7")), actor="管理员").result(10)
        with store.read() as txn:
            entries = txn.journal(BEGINNING, 99)

        assert isinstance(entries, list)
        assert (entries[-1].actor, entries[-1].time_ms) == ("管理员", 1_700_000_000_000)

    def test_pages(self, store: Store, make_record: MakeRecord) -> None:
        """A follower reads on from its position."""
        for number in range(4):
            put(store, make_record(f"88.118/a{number}"))
        seen: list[bytes] = []
        position = BEGINNING
        with store.read() as txn:
            while entries := txn.journal(position, 2):
                assert isinstance(entries, list)
                seen += [entry.key for entry in entries]
                position = entries[-1].position

        assert seen == [b"", b"88.118", b"88.118\x00A0", b"88.118\x00A1", b"88.118\x00A2", b"88.118\x00A3"]

    def test_committed_position(self, store: Store, make_record: MakeRecord) -> None:
        """An acknowledgement says where the change stands."""
        committed = store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test").result(10)

        with store.read() as txn:
            assert committed.position == txn.position
            record = txn.record(KEY)
        assert record is not None
        assert record.position == committed.position

    def test_trimmed(self, store: Any, make_record: MakeRecord) -> None:
        """Who asks from before what was trimmed needs a snapshot; who is later reads on."""
        first = store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test").result(10).position
        last = store.write(lambda txn: txn.put_record(make_record("88.118/a2")), actor="test").result(10).position

        assert store.trim(last) == 3
        with store.read() as txn:
            assert txn.journal(BEGINNING, 9) == SnapshotNeeded(last)
            assert [entry.position for entry in txn.journal(first, 9)] == [last]

    def test_last_entry_stays(self, store: Any) -> None:
        """The journal always says how far it has come."""
        with store.read() as txn:
            last = txn.position
        store.trim(Position(9, 0, 0))

        with store.read() as txn:
            assert txn.position == last

    @pytest.mark.parametrize("after", [Position(2, 0, 0), Position(1, 10**6, 0), Position(0, 5, 0)])
    def test_foreign_position(self, store: Store, after: Position) -> None:
        """A position of another epoch, or ahead of this store, needs a snapshot."""
        with store.read() as txn:
            assert isinstance(txn.journal(after, 9), SnapshotNeeded)


class TestWrite:
    """Changes as a whole."""

    def test_sees_its_own_writes(self, store: Store, make_record: MakeRecord) -> None:
        """Within a change, reads include what it wrote."""

        def change(txn: WriteTxn) -> tuple[Any, ...]:
            txn.put_record(make_record("88.118/a1", "one", ("imo", "1")))
            listed = [key for key, _ in txn.records("88.118", None, 9)]
            return txn.record(KEY) is not None, txn.stat("88.118").records, txn.aliases("imo", "1", 9), listed

        assert write(store, change) == (True, 1, [KEY], [KEY])

    def test_raising_undoes_all(self, store: Store, make_record: MakeRecord) -> None:
        """A change that raises leaves no trace, and its caller gets what it raised."""
        before = entries_of(store)

        def change(txn: WriteTxn) -> None:
            txn.put_record(make_record("88.118/a1", "one", ("imo", "1")))
            raise LookupError("changed its mind")

        with pytest.raises(LookupError, match="changed its mind"):
            write(store, change)
        with store.read() as txn:
            assert txn.record(KEY) is None
            assert txn.stat("88.118") == PrefixStat()
            assert txn.aliases("imo", "1", 9) == []
        assert entries_of(store) == before

    def test_actor_too_long(self, store: Store) -> None:
        """An actor is a name."""
        with pytest.raises(StoreError, match="actor"):
            store.write(lambda txn: None, actor="x" * 256)

    def test_write_all(self, store: Store, make_record: MakeRecord) -> None:
        """Many records in any order: sorted, counted once, one BULK entry a segment."""
        write(store, lambda txn: txn.put_prefix(PrefixEntry("88.7", homed=True)))
        with store.read() as txn:
            start = txn.position
        records = [make_record(f"88.118/{number:04d}") for number in range(600, 0, -1)] + [make_record("88.7/x")]

        assert store.write_all(records, actor="test") == 601
        assert entries_of(store, start) == [
            (EntryKind.BULK, b"88.118\x000001", 0),
            (EntryKind.BULK, b"88.118\x000513", 0),
            (EntryKind.BULK, b"88.7\x00X", 0),
        ]
        with store.read() as txn:
            assert txn.stat("88.118").records == 600

    def test_write_all_again(self, store: Store, make_record: MakeRecord) -> None:
        """The same records change nothing; only what differs is counted."""
        store.write_all([make_record("88.118/a1"), make_record("88.118/a2")], actor="test")
        before = entries_of(store)

        assert store.write_all([make_record("88.118/a1"), make_record("88.118/a2")], actor="test") == 0
        assert entries_of(store) == before
        assert store.write_all([make_record("88.118/a1"), make_record("88.118/a2", "two")], actor="test") == 1

    def test_segment_describes_its_records(self, store: Store, make_record: MakeRecord) -> None:
        """A BULK entry names the range, the number and the digests of what carries its position."""
        store.write_all([make_record(f"88.118/a{number}") for number in range(3)], actor="test")
        with store.read() as txn:
            entries = txn.journal(BEGINNING, 99)
            records = [record for _, record in txn.records("88.118", None, 9)]

        assert isinstance(entries, list)
        segment = codec.decode_segment(entries[-1].body)
        assert {record.position for record in records} == {entries[-1].position}
        assert segment == codec.BulkSegment(
            "88.118", b"88.118\x00A0", b"88.118\x00A2", 3, sum(record.digest for record in records) % 2**64
        )

    def test_write_all_of_one_name(self, store: Store, make_record: MakeRecord) -> None:
        """Of two records with one identifier the later one stays."""
        store.write_all([make_record("88.118/a1", "old"), make_record("88.118/a1", "new")], actor="test")

        with store.read() as txn:
            stored = txn.record(KEY)
        assert stored is not None
        assert b"new" in stored.public


class TestOutcome:
    """Retrying is harmless."""

    key = OutcomeKey(b"principl", b"0123456789abcdef", b"digest")

    def test_repeated(self, store: Store, make_record: MakeRecord) -> None:
        """The same key and digest give the first result, without a second effect."""
        runs: list[int] = []

        def change(txn: WriteTxn) -> bytes:
            runs.append(1)
            txn.put_record(make_record("88.118/a1", str(len(runs))))
            return b"first"

        first = store.write(change, actor="test", outcome=self.key).result(10)
        again = store.write(change, actor="test", outcome=self.key).result(10)

        assert again == Committed(b"first", first.position, repeated=True)
        assert not first.repeated
        assert len(runs) == 1

    def test_reused(self, store: Store) -> None:
        """The same key with another digest is refused."""
        store.write(lambda txn: b"first", actor="test", outcome=self.key).result(10)

        with pytest.raises(KeyReused):
            store.write(lambda txn: b"other", actor="test", outcome=replace(self.key, digest=b"other")).result(10)

    def test_failed_change_leaves_none(self, store: Store) -> None:
        """What raised may be tried again with its key."""

        def change(txn: WriteTxn) -> bytes:
            raise LookupError

        with pytest.raises(LookupError):
            store.write(change, actor="test", outcome=self.key).result(10)
        assert store.write(lambda txn: b"done", actor="test", outcome=self.key).result(10).result == b"done"

    @pytest.mark.parametrize(("hours", "known"), [(0, True), (23, True), (24, False)])
    def test_forgotten_after_a_day(self, store: Store, clock: Any, hours: int, known: bool) -> None:
        """An outcome is found for 24 hours of the clock."""
        store.write(lambda txn: b"first", actor="test", outcome=self.key).result(10)
        clock.now += hours * 3600

        with store.read() as txn:
            assert (txn.outcome(self.key) is not None) is known

    @pytest.mark.parametrize(("principal", "key", "digest"), [(7, 16, 0), (8, 0, 0), (8, 16, 65)])
    def test_bad_key(self, store: Store, principal: int, key: int, digest: int) -> None:
        """Keys of another length are refused at once."""
        with pytest.raises(StoreError):
            store.write(lambda txn: b"", actor="test", outcome=OutcomeKey(b"p" * principal, b"k" * key, b"d" * digest))


class TestDocuments:
    """What a node keeps beside prefixes and records."""

    def test_round_trip(self, store: Store) -> None:
        """A document is read back by its kind and key, and by nothing else."""
        assert write(store, lambda txn: txn.put_document(DocumentKind.ROLE, b"k", b"body")) is True
        with store.read() as txn:
            found = [txn.document(DocumentKind.ROLE, b"k"), txn.document(DocumentKind.TOKEN, b"k")]
            assert found == [b"body", None]
            assert txn.document(DocumentKind.ROLE, b"k\x00") is None

    def test_replace_and_delete(self, store: Store) -> None:
        """A change is told from a repetition, a removal from nothing."""
        bodies = (b"one", b"one", b"two")
        put_again = [write(store, lambda txn, body=body: txn.put_document(DocumentKind.ROLE, b"k", body)) for body in bodies]
        removed = [write(store, lambda txn: txn.delete_document(DocumentKind.ROLE, b"k")) for _ in range(2)]

        assert put_again == [True, False, True]
        assert removed == [True, False]
        with store.read() as txn:
            assert txn.document(DocumentKind.ROLE, b"k") is None

    def test_pages(self, store: Store) -> None:
        """Those of one kind come in key order, after a key, up to a limit."""
        for kind, key in ((2, b"b"), (2, b"a"), (1, b"z"), (2, b"a\x00"), (3, b"a")):
            write(store, lambda txn, kind=kind, key=key: txn.put_document(DocumentKind(kind), key, b"body"))
        with store.read() as txn:
            first = txn.documents(DocumentKind.ROLE, None, 2)
            second = txn.documents(DocumentKind.ROLE, first[-1][0], 9)

        assert first + second == [(b"a", b"body"), (b"a\x00", b"body"), (b"b", b"body")]

    @pytest.mark.parametrize(
        ("key", "body"), [(b"", b"x"), (b"k" * 401, b"x"), (b"k", b""), (b"k", bytes(DOCUMENT_BYTES_MAX + 1))]
    )
    def test_refused(self, store: Store, key: bytes, body: bytes) -> None:
        """No key, too long a key, nothing, and too much are refused and are not there."""
        with pytest.raises(StoreError):
            write(store, lambda txn: txn.put_document(DocumentKind.ROLE, key, body))
        with store.read() as txn:
            assert txn.document(DocumentKind.ROLE, key) is None

    def test_journal(self, store: Store) -> None:
        """A change is one entry with the kind and key and the document; a removal has an empty body."""
        with store.read() as txn:
            start = txn.position
        write(store, lambda txn: txn.put_document(DocumentKind.ROLE, b"k", b"body"))
        write(store, lambda txn: txn.put_document(DocumentKind.ROLE, b"k", b"body"))
        write(store, lambda txn: txn.delete_document(DocumentKind.ROLE, b"k"))
        with store.read() as txn:
            entries = txn.journal(start, 9)

        assert isinstance(entries, list)
        assert [(entry.kind, entry.key, entry.body) for entry in entries] == [
            (EntryKind.DOCUMENT, b"\x02k", b"body"),
            (EntryKind.DOCUMENT, b"\x02k", b""),
        ]


class TestEdges:
    """Rows of the edge table: whatever is told of edges in a change, in key order."""

    def test_spans(self, store: Store) -> None:
        """Each span gives its rows from its start on, its end excluded."""
        write(store, lambda txn: txn.put_edges({b"b\x00\x01": b"two", b"a\x00\x02": b"one", b"a\x00\x03": b"more"}))
        with store.read() as txn:
            found = txn.edge_spans([(b"a\x00\x01", b"a\x00\x03"), (b"c", b"d"), (b"a", b"z")], 99)

        assert found == [[(b"a\x00\x02", b"one")], [], [(b"a\x00\x02", b"one"), (b"a\x00\x03", b"more"), (b"b\x00\x01", b"two")]]

    def test_limit(self, store: Store) -> None:
        """The limit counts rows over all spans: the list it cuts is the last."""
        write(store, lambda txn: txn.put_edges({b"a1": b"1", b"a2": b"2", b"a3": b"3"}))
        with store.read() as txn:
            found = txn.edge_spans([(b"a1", b"a2"), (b"a", b"z"), (b"a", b"z")], 3)

        assert found == [[(b"a1", b"1")], [(b"a1", b"1"), (b"a2", b"2")]]

    def test_replaced_and_removed(self, store: Store) -> None:
        """A row takes the place of the one that is there; an empty one removes it, or nothing."""
        write(store, lambda txn: txn.put_edges({b"a": b"1", b"b": b"2"}))
        write(store, lambda txn: txn.put_edges({b"a": b"new", b"b": b"", b"c": b""}))
        with store.read() as txn:
            assert txn.edge_spans([(b"a", b"z")], 9) == [[(b"a", b"new")]]

    def test_last(self, store: Store) -> None:
        """The last row of a span, or none."""
        write(store, lambda txn: txn.put_edges({b"a1": b"1", b"a2": b"2", b"b1": b"3"}))
        with store.read() as txn:
            found = [txn.last_edge(*bounds) for bounds in ((b"a", b"b"), (b"a", b"b2"), (b"b2", b"c"), (b"A", b"a1"))]

        assert found == [(b"a2", b"2"), (b"b1", b"3"), None, None]

    def test_goes_with_its_change(self, store: Store) -> None:
        """A change sees the rows it wrote, and leaves none when it raises."""
        seen: list[Any] = []

        def change(txn: WriteTxn) -> None:
            txn.put_edges({b"a": b"1"})
            seen.append(txn.last_edge(b"a", b"b"))
            raise LookupError("after writing")

        with pytest.raises(LookupError):
            write(store, change)
        with store.read() as txn:
            assert (seen[0], txn.last_edge(b"a", b"b")) == ((b"a", b"1"), None)

    @pytest.mark.parametrize(("key", "row"), [(b"", b"x"), (b"k" * 481, b"x"), (b"k", b"x" * 65_537)])
    def test_too_long(self, store: Store, key: bytes, row: bytes) -> None:
        """What does not fit is refused."""
        with pytest.raises(StoreError):
            write(store, lambda txn: txn.put_edges({key: row}))


def event_row(name: str = "urn:x:1", time_ms: int = 1_000, content: bytes = b"c", **more: Any) -> EventRow:
    """An event to be stored."""
    return EventRow(name, time_ms, content * 32, more.get("declares_error", False), more.get("body", b"body"))


ALL_EVENTS = (b"", b"\xff")


class TestEvents:
    """Events: by id, in the order of recording, in the order of what happened."""

    def test_by_id(self, store: Store) -> None:
        """An event is found by its id, and by no other."""
        stored = write(store, lambda txn: txn.put_event(event_row()))
        with store.read() as txn:
            assert (txn.event("urn:x:1"), txn.event("urn:x:2")) == (stored, None)

    def test_the_same_again(self, store: Store) -> None:
        """The same event twice is one, and told as known."""
        first = write(store, lambda txn: txn.put_event(event_row()))
        again = write(store, lambda txn: txn.put_event(event_row(body=b"another spelling")))
        with store.read() as txn:
            assert (again, len(txn.events(EventOrder.RECORDED, *ALL_EVENTS, 9))) == (EventKnown(first, True), 1)

    def test_another_content(self, store: Store) -> None:
        """Another content under an id that is taken is told as other, and not kept."""
        first = write(store, lambda txn: txn.put_event(event_row()))
        other = write(store, lambda txn: txn.put_event(event_row(content=b"d")))

        assert other == EventKnown(first, False)

    def test_a_declaration(self, store: Store) -> None:
        """The declaration that an event was wrong has its id and stands beside it."""
        write(store, lambda txn: [txn.put_event(event_row()), txn.put_event(event_row(declares_error=True))])
        with store.read() as txn:
            found = [txn.event("urn:x:1", declares_error=wrong) for wrong in (False, True)]

        assert [row and row.declares_error for row in found] == [False, True]

    def test_both_orders(self, store: Store) -> None:
        """Recorded as they came, happened as they say; each also backwards, with bounds and a limit."""
        for name, time_ms in (("urn:x:b", 2_000), ("urn:x:a", -5), ("urn:x:c", 9_000)):
            write(store, lambda txn, name=name, time_ms=time_ms: txn.put_event(event_row(name, time_ms)))
        with store.read() as txn:
            recorded = [row.event_id[-1] for _, row in txn.events(EventOrder.RECORDED, *ALL_EVENTS, 9)]
            happened = [row.event_id[-1] for _, row in txn.events(EventOrder.HAPPENED, *ALL_EVENTS, 9)]
            newest = [row.event_id[-1] for _, row in txn.events(EventOrder.HAPPENED, *ALL_EVENTS, 2, newest_first=True)]
            span = (time_head(0), time_head(9_000))
            inside = [row.event_id[-1] for _, row in txn.events(EventOrder.HAPPENED, *span, 9)]
            inside_back = [row.event_id[-1] for _, row in txn.events(EventOrder.HAPPENED, *span, 9, newest_first=True)]

        assert (recorded, happened, newest, inside, inside_back) == (["b", "a", "c"], ["a", "b", "c"], ["c", "b"], ["b"], ["b"])

    def test_going_on(self, store: Store) -> None:
        """The key of the last one read is where the next page begins."""
        write(store, lambda txn: [txn.put_event(event_row(f"urn:x:{number}")) for number in range(5)])
        with store.read() as txn:
            key, _ = txn.events(EventOrder.HAPPENED, *ALL_EVENTS, 3)[-1]
            rest = [row.event_id for _, row in txn.events(EventOrder.HAPPENED, key + b"\x00", b"\xff", 9)]

        assert rest == ["urn:x:3", "urn:x:4"]

    def test_a_clock_that_was_set_back(self, store: Store, clock: Any) -> None:
        """The order of recording is kept when the clock goes wrong."""
        write(store, lambda txn: txn.put_event(event_row("urn:x:1")))
        clock.now -= 3600
        write(store, lambda txn: txn.put_event(event_row("urn:x:2")))
        with store.read() as txn:
            rows = [row for _, row in txn.events(EventOrder.RECORDED, *ALL_EVENTS, 9)]

        assert [row.event_id for row in rows] == ["urn:x:1", "urn:x:2"]
        assert rows[0].recorded_ms == rows[1].recorded_ms

    def test_journal(self, store: Store) -> None:
        """The journal tells where an event lies."""
        stored = write(store, lambda txn: txn.put_event(event_row()))
        with store.read() as txn:
            entry = txn.journal(BEGINNING, 99)[-1]

        assert (entry.kind, entry.key) == (EntryKind.EVENT, stored.place)

    @pytest.mark.parametrize(
        "row", [event_row(""), event_row("u" * 2_049), event_row(body=b""), event_row(body=b"x" * 8_388_609)]
    )
    def test_refused(self, store: Store, row: EventRow) -> None:
        """What does not fit is refused."""
        with pytest.raises(StoreError):
            write(store, lambda txn: txn.put_event(row))


class TestAudits:
    """The audit trail: append only, in the order of time."""

    def test_order(self, store: Store, clock: Any) -> None:
        """Lines come by time and, within a change, as they were written; backwards the other way round."""
        write(store, lambda txn: [txn.add_audit(b"one"), txn.add_audit(b"two")])
        clock.now += 1
        write(store, lambda txn: txn.add_audit(b"three"))
        with store.read() as txn:
            forwards = txn.audits(None, 9)
            backwards = txn.audits(None, 9, newest_first=True)

        assert [line for _, line in forwards] == [b"one", b"two", b"three"]
        assert backwards == forwards[::-1]

    def test_pages(self, store: Store) -> None:
        """Strictly after a key, or strictly before it when read backwards; a time alone is a key too."""
        write(store, lambda txn: [txn.add_audit(line) for line in (b"one", b"two", b"three")])
        with store.read() as txn:
            keyed = {line: key for key, line in txn.audits(None, 9)}
            after = txn.audits(keyed[b"one"], 1)
            before = txn.audits(keyed[b"three"], 1, newest_first=True)
            since = txn.audits((1_700_000_000_000).to_bytes(8, "big"), 9)
            until = txn.audits((1_700_000_000_001).to_bytes(8, "big"), 9, newest_first=True)

        assert [line for _, line in after + before] == [b"two", b"two"]
        assert len(since) == len(until) == 3

    def test_key_is_time_and_position(self, store: Store) -> None:
        """The key: milliseconds, then commit and index of the journal entry, whose body is the line."""
        write(store, lambda txn: txn.add_audit(b"line"))
        with store.read() as txn:
            position = txn.position
            entries = txn.journal(BEGINNING, 99)
            (key, _), *_ = txn.audits(None, 9)

        assert isinstance(entries, list)
        assert key == (1_700_000_000_000).to_bytes(8, "big") + position.hi.to_bytes(8, "big") + position.lo.to_bytes(8, "big")
        assert (entries[-1].kind, entries[-1].key, entries[-1].body) == (EntryKind.AUDIT, key, b"line")

    def test_goes_with_its_change(self, store: Store, make_record: MakeRecord) -> None:
        """A change that raises leaves no line."""

        def change(txn: WriteTxn) -> None:
            txn.put_record(make_record("88.118/a1"))
            txn.add_audit(b"line")
            raise LookupError

        with pytest.raises(LookupError):
            write(store, change)
        with store.read() as txn:
            assert txn.audits(None, 9) == []

    @pytest.mark.parametrize("line", [b"", bytes(65_537)])
    def test_refused(self, store: Store, line: bytes) -> None:
        """A line is not empty and not longer than 64 KiB."""
        with pytest.raises(StoreError):
            write(store, lambda txn: txn.add_audit(line))

    def test_outlives_the_journal(self, store: Any) -> None:
        """Trimming the journal leaves the trail alone."""
        write(store, lambda txn: txn.add_audit(b"line"))
        store.trim(Position(9, 0, 0))

        with store.read() as txn:
            assert [line for _, line in txn.audits(None, 9)] == [b"line"]
