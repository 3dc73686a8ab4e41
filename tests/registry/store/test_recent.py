"""The entries a process committed last."""

from __future__ import annotations

import pytest

from idis.proto.value import Value
from idis.registry.journal import Entry, EntryKind, Position
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store import recent as recent_module
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.recent import RecentEntries


def entry(hi: int, lo: int, body: bytes = b"") -> Entry:
    """A journal entry of the first epoch."""
    return Entry(Position(1, hi, lo), EntryKind.PUT, b"88.1\x00a", 1, body, "test", 0)


A, B, C = [entry(5, 0), entry(5, 1)], [entry(6, 0)], [entry(7, 0), entry(7, 1)]


@pytest.fixture
def recent() -> RecentEntries:
    """Three commits."""
    kept = RecentEntries()
    for commit in (A, B, C):
        kept.add(commit)
    return kept


@pytest.mark.parametrize(
    ("position", "last", "limit", "expected"),
    [
        (Position(1, 5, 0), Position(1, 7, 1), 9, [*A[1:], *B, *C]),
        (Position(1, 5, 1), Position(1, 7, 1), 2, [*B, C[0]]),
        (Position(1, 5, 1), Position(1, 6, 0), 9, B),
        (Position(1, 7, 1), Position(1, 7, 1), 9, []),
    ],
)
def test_what_follows_is_given(recent, position, last, limit, expected):
    """In order, not beyond the snapshot, no more than asked for."""
    assert recent.after(position, last, limit) == expected


@pytest.mark.parametrize(
    ("position", "last"),
    [
        (Position(1, 4, 0), Position(1, 7, 1)),  # older than what is kept
        (Position(1, 7, 1), Position(1, 8, 0)),  # another process wrote since
        (Position(1, 6, 0), Position(1, 8, 0)),
        (Position(1, 7, 0), Position(1, 6, 0)),  # the snapshot is older
        (Position(0, 5, 0), Position(1, 7, 1)),  # another epoch
    ],
)
def test_what_is_not_known_whole_is_left_to_the_journal(recent, position, last):
    """None, never a part of it."""
    assert recent.after(position, last, 9) is None


def test_nothing_is_known_at_first():
    """A process that has written nothing reads the journal."""
    assert RecentEntries().after(Position(1, 1, 0), Position(1, 1, 0), 9) is None


def test_a_commit_of_another_process_in_between_is_a_new_beginning(recent):
    """What is kept has no gaps."""
    recent.add([entry(9, 0)])

    assert recent.after(Position(1, 7, 1), Position(1, 9, 0), 9) is None
    assert recent.after(Position(1, 9, 0), Position(1, 9, 0), 9) == []


@pytest.mark.parametrize(("name", "most"), [("COMMITS_MAX", 2), ("ENTRIES_MAX", 4), ("OCTETS_MAX", 25)])
def test_what_is_kept_is_bounded(monkeypatch, name, most):
    """In commits, entries and octets; the oldest go first."""
    monkeypatch.setattr(recent_module, name, most)
    kept = RecentEntries()
    for hi in (1, 2, 3):
        kept.add([entry(hi, 0, bytes(5)), entry(hi, 1, bytes(5))])
    last = Position(1, 3, 1)

    assert kept.after(Position(1, 1, 0), last, 9) is None
    assert kept.after(Position(1, 2, 1), last, 9) == [entry(3, 0, bytes(5)), entry(3, 1, bytes(5))]


def test_followers_get_what_the_journal_would_give(tmp_path):
    """The entries a store kept are those it reads back, whether its changes were applied together or one raised."""

    def put(name: str, fails: bool = False):
        def change(txn):
            version = txn.put_record(prepare(Record(f"88.1/{name}", (Value(1, "URL", b"u"),)), 1_700_000_000))
            txn.add_audit(name.encode())
            if fails:
                raise ValueError(name)
            return version

        return change

    store = LmdbStore.create(tmp_path / "d", map_bytes=2**20)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result()
    with store.read() as txn:
        start = txn.position
    futures = [store.write(put(f"r{number}", fails=number == 3), actor="test") for number in range(9)]
    assert [number for number, future in enumerate(futures) if future.exception()] == [3]
    with store.read() as txn:
        kept = store.environment.recent.after(start, txn.position, 99)
        store.environment.recent = RecentEntries()
        read = txn.journal(start, 99)

    assert kept == read
    assert len(read) == 16
    store.close()


def test_a_change_sees_its_own_entries_and_lines(tmp_path):
    """What is put only at the end of a commit is there for whoever asks before."""
    store = LmdbStore.create(tmp_path / "d", map_bytes=2**20)

    def change(txn):
        before = txn.position
        txn.add_audit(b"one")
        txn.add_audit(b"two")
        return [line for _, line in txn.audits(None, 9)], [found.body for found in txn.journal(before, 9)]

    lines, bodies = store.write(change, actor="test").result().result

    assert lines == bodies == [b"one", b"two"]
    store.close()
