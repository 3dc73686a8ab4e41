"""Records kept while they stay as they are: bounded, replaced little by little, forgotten as the journal says."""

from __future__ import annotations

import pytest

from idis.proto.value import Value
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import StoreError
from idis.registry.store.memory import MemoryStore
from idis.resolver import known_records
from idis.resolver.known_records import (
    CHANGES_PER_BATCH,
    ENTRY_BYTES,
    EVICTED,
    FREED_PER_BATCH,
    KNOWN_BYTES_MAX,
    KNOWN_BYTES_MIN,
    TABLES,
    FollowedRecords,
    KnownRecords,
    known_bytes,
)

NOW = 1_700_000_000


def kept(known: KnownRecords) -> int:
    """How many entries there are."""
    return sum(map(len, known.tables))


def test_what_was_added_is_found() -> None:
    """Under its key, as it was."""
    known = KnownRecords(10**6)
    known.add(b"key", b"values")

    assert known.get(b"key") == b"values"
    assert known.get(b"other") is None


def test_a_change_of_everything_forgets_everything() -> None:
    """The next look finds nothing old, and there is room again."""
    known = KnownRecords(TABLES * (ENTRY_BYTES + 10))
    known.add(b"key", b"values")
    known.forget()
    known.add(b"key", b"new")

    assert known.get(b"key") == b"new"


def test_a_change_of_one_leaves_the_others() -> None:
    """And gives its room back."""
    known = KnownRecords(TABLES * (ENTRY_BYTES + 10))
    known.add(b"a", b"1")
    known.discard(b"a")
    known.discard(b"never there")
    known.add(b"a", b"2")

    assert known.get(b"a") == b"2"


def test_it_is_bounded() -> None:
    """Whoever asks for a million names twice fills no more memory than there is; what never fits is not kept."""
    known = KnownRecords(TABLES * 4 * (ENTRY_BYTES + 10))
    for number in range(20_000):
        for _ in range(2):
            known.add(b"%05d" % number, b"12345")
    for _ in range(2):
        known.add(b"large", bytes(5_000))

    assert kept(known) <= 4 * TABLES
    assert known.get(b"large") is None


def test_who_asks_once_moves_nothing() -> None:
    """With no room left a scan of other names leaves nearly all of what is known."""
    known = KnownRecords(TABLES * 40 * (ENTRY_BYTES + 10))
    old = [b"%05d" % number for number in range(40 * TABLES)]
    for key in old:
        known.add(key, b"12345")
    before = [key for key in old if known.get(key) is not None]
    for number in range(5_000):
        known.add(b"s%04d" % number, b"12345")

    assert sum(known.get(key) is not None for key in before) > 0.9 * len(before)


def test_who_asks_again_takes_the_place_of_the_first() -> None:
    """The oldest of its table go; the next ones find room without asking twice."""
    known = KnownRecords(TABLES * 2 * EVICTED * (ENTRY_BYTES + 10))
    keys = [key for key in (b"%05d" % number for number in range(40_000)) if hash(key) % TABLES == 7]
    for key in keys[: 2 * EVICTED]:
        known.add(key, b"12345")
    for _ in range(2):
        known.add(keys[-1], b"12345")

    assert known.get(keys[-1]) == b"12345"
    assert [key for key in keys[: 2 * EVICTED] if known.get(key) is None] == keys[:EVICTED]


def test_nothing_is_kept_where_nothing_may_be() -> None:
    """A bound of zero."""
    known = FollowedRecords(0)
    for _ in range(3):
        known.add(b"key", b"")

    assert kept(known) == 0
    assert not known.is_behind


def test_what_is_forgotten_is_freed_in_steps() -> None:
    """Each batch frees more than a batch can add, until all is gone."""
    known = KnownRecords(10**9)
    for number in range(3 * FREED_PER_BATCH):
        known.add(b"%d" % number, b"")
    known.forget()
    left = []
    for _ in range(4):
        known.free()
        left.append(sum(map(len, known._forgotten)))

    assert left == [2 * FREED_PER_BATCH, FREED_PER_BATCH, 0, 0]


def make_store() -> MemoryStore:
    """With a prefix for records."""
    store = MemoryStore()
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result()
    return store


def put(store: MemoryStore, *names: str, data: bytes = b"x") -> None:
    """One commit."""
    records = [prepare(Record(f"88.1/{name}", (Value(1, "URL", data),)), NOW) for name in names]
    store.write(lambda txn: [txn.put_record(record) for record in records], actor="test").result()


def followed(store: MemoryStore, *names: str) -> FollowedRecords:
    """What was known of some records as the store stands."""
    known = FollowedRecords(10**6)
    follow(known, store)
    for name in names:
        known.add(b"88.1\0%b" % name.encode(), b"old")
    return known


def follow(known: FollowedRecords, store: MemoryStore) -> None:
    """Begin a batch."""
    with store.read() as txn:
        known.follow(txn)


def test_what_a_commit_changed_is_forgotten_and_nothing_else() -> None:
    """A record that was put, one that was deleted, with what was made of them."""
    store = make_store()
    put(store, "A", "B", "C")
    known = followed(store, "A", "B", "C")
    known.marks = (b"\0m",)
    for key in (b"\0m88.1\0A", b"\0m88.1\0C"):
        known.add(key, b"made")
    put(store, "A", data=b"y")
    store.write(lambda txn: txn.delete_record(b"88.1\0B"), actor="test").result()
    follow(known, store)

    assert [known.get(b"88.1\0%b" % name) for name in (b"A", b"B", b"C")] == [None, None, b"old"]
    assert [known.get(b"\0m88.1\0%b" % name) for name in (b"A", b"C")] == [None, b"made"]


def test_a_load_forgets_everything() -> None:
    """Its entry names a range, not records."""
    store = make_store()
    known = followed(store, "A")
    store.write_all([prepare(Record("88.1/Z", (Value(1, "URL", b"x"),)), NOW)], actor="test")
    follow(known, store)

    assert kept(known) == 0


def test_nothing_is_current_while_changes_are_unread() -> None:
    """A large commit is read over several batches; until then the store is asked, afterwards what was not changed is known."""
    store = make_store()
    known = followed(store, "A", "5")
    put(store, *map(str, range(2 * CHANGES_PER_BATCH + 1)))
    seen = []
    for _ in range(3):
        follow(known, store)
        seen.append((known.is_behind, known.current is known.tables))

    assert seen == [(True, False), (True, False), (False, True)]
    assert [known.get(b"88.1\0A"), known.get(b"88.1\x005")] == [b"old", None]


@pytest.mark.parametrize("cause", ["trimmed", "far behind", "damaged"])
def test_what_cannot_be_followed_is_forgotten(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal no longer has it, it would take too long, or it cannot be read."""
    store = make_store()
    put(store, "A")
    known = followed(store, "A")
    for name in "XYZ":
        put(store, name)
    with store.read() as txn:
        position = txn.position
    if cause == "trimmed":
        store.trim(position)
    if cause == "far behind":
        monkeypatch.setattr(known_records, "COMMITS_BEHIND_MAX", 2)
    with store.read() as txn:
        if cause == "damaged":
            monkeypatch.setattr(type(txn), "journal", damaged)
        known.follow(txn)

    assert kept(known) == 0
    assert not known.is_behind


def damaged(*_arguments: object) -> None:
    """As an entry that does not match its digest."""
    raise StoreError("damaged")


@pytest.mark.parametrize(
    ("limit", "processes", "octets"),
    [("max\n", 1, 2**28), ("4294967296\n", 1, 2**27), ("4294967296\n", 4, 2**25), ("1048576\n", 1, KNOWN_BYTES_MIN)],
)
def test_the_bound_is_a_share_of_the_memory(limit: str, processes: int, octets: int, tmp_path, monkeypatch) -> None:
    """Of the machine's or of the container's, divided by the processes, within limits."""
    (tmp_path / "memory.max").write_text(limit)
    monkeypatch.setattr(known_records, "_CGROUP_LIMIT", tmp_path / "memory.max")
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 2**21, "SC_PAGE_SIZE": 2**12}.__getitem__)

    assert known_bytes(processes) == octets


def test_the_bound_ends_somewhere(monkeypatch) -> None:
    """However large the machine."""
    monkeypatch.setattr("os.sysconf", lambda _name: 2**24)

    assert known_bytes(1) <= KNOWN_BYTES_MAX
