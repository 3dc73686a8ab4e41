"""The journal follower of a node."""

from __future__ import annotations

import pytest

from idis.proto.value import Value
from idis.registry.document import DocumentKind
from idis.registry.journal import Entry, Position, SnapshotNeeded
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore
from idis.resolver.follower import ENTRIES_MAX, Follower, outdated
from idis.resolver.metrics import Metrics


@pytest.fixture
def store():
    """A store with one homed prefix."""
    store = MemoryStore()
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result()
    return store


@pytest.fixture
def seen() -> list[list[Entry]]:
    """What the hook was given, look by look."""
    return []


@pytest.fixture
def metrics() -> Metrics:
    """Counters."""
    return Metrics()


@pytest.fixture
def follower(store, metrics, seen) -> Follower:
    """A follower that starts at the present."""
    return Follower(store, metrics, lambda entries: seen.append(list(entries)))


def put(store, number: int) -> None:
    """Write one record."""
    record = prepare(Record(f"88.118.8/{number}", (Value(1, "URL", b"https://example.com/"),)), 1_700_000_000)
    store.write(lambda txn: txn.put_record(record), actor="test").result()


def test_a_quiet_journal_is_not_read(follower, seen):
    """Nothing moved: the hook is left alone."""
    assert follower.look() is False
    assert seen == []


def test_changes_are_counted_by_kind_and_handed_on(follower, store, metrics, seen):
    """The hook gets the entries in order, the metrics their kinds, the position and the records."""
    put(store, 1)
    put(store, 2)
    follower.look()

    assert [entry.key for entry in seen[0]] == [b"88.118.8\x001", b"88.118.8\x002"]
    assert metrics.entries == {"put": 2}
    assert metrics.records == {"88.118.8": 2}
    assert metrics.position == (follower.position.epoch, follower.position.hi, follower.position.lo)


def test_what_was_there_at_start_is_counted_but_not_handed_on(store, metrics):
    """A node that starts knows its records without reading its whole history."""
    put(store, 1)
    Follower(store, metrics, lambda entries: pytest.fail("nothing is new"))

    assert metrics.records == {"88.118.8": 1}


def test_a_long_backlog_is_taken_in_steps(follower, store, seen):
    """One look holds its transaction for a bounded number of entries."""
    for number in range(ENTRIES_MAX + 1):
        put(store, number)

    assert follower.look() is True
    assert follower.look() is False
    assert [len(entries) for entries in seen] == [ENTRIES_MAX, 1]


def test_a_trimmed_journal_makes_the_hook_start_over(follower, store, seen, monkeypatch):
    """An empty list says that anything may have changed."""
    put(store, 1)
    here = Position(9, 9, 9)

    class Trimmed:
        position = here

        def __enter__(self) -> Trimmed:
            return self

        def __exit__(self, *error: object) -> None:
            return None

        def journal(self, after: Position, limit: int) -> SnapshotNeeded:
            return SnapshotNeeded(here)

        def prefixes(self, after: str | None, limit: int) -> list[PrefixEntry]:
            return []

    monkeypatch.setattr(store, "read", Trimmed)
    follower.look()

    assert seen == [[]]
    assert follower.position == here


def test_a_prefix_given_away_is_no_longer_counted(follower, store, metrics):
    """The gauge of a prefix goes when the node stops answering for it."""
    assert metrics.records == {"88.118.8": 0}
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8")), actor="test").result()
    follower.look()

    assert metrics.records == {}


def test_series_are_bounded(store, metrics, monkeypatch):
    """A registry with thousands of hosted prefixes shows the first ones."""
    monkeypatch.setattr("idis.resolver.follower.PREFIX_SERIES_MAX", 3)
    for number in range(5):
        store.write(lambda txn, number=number: txn.put_prefix(PrefixEntry(f"88.{number}", homed=True)), actor="test").result()
    Follower(store, metrics, lambda entries: None)

    assert len(metrics.records) == 3


@pytest.mark.parametrize(
    ("change", "prefixes"),
    [
        (lambda txn: txn.put_prefix(PrefixEntry("88.2", homed=True)), {"88.2"}),
        (lambda txn: txn.put_document(DocumentKind.FOREIGN_ROUTE, b"OID\x00p1.2", b"x"), {"0.ANY"}),
        (lambda txn: txn.put_document(DocumentKind.TOKEN, b"x", b"x"), set()),
        (lambda txn: txn.put_record(prepare(Record("88.118.8/A", (Value(1, "URL", b"u"),)), 0)), set()),
        (lambda txn: txn.put_record(prepare(Record("88.118.8/A", (Value(1, "IDIS.ALIAS", b"imo:IMO9074729"),)), 0)), {"0.ANY"}),
    ],
    ids=["a prefix", "a route", "another document", "a record", "a record with names"],
)
def test_what_others_said_is_outdated_by_what_changed_here(follower, store, seen, change, prefixes):
    """Below a prefix that is registered otherwise; of names, when a route or a record with names was written."""
    store.write(change, actor="test").result()
    follower.look()

    assert outdated(seen[0]) == prefixes
