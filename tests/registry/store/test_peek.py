"""The last commit, read from the file."""

from __future__ import annotations

import pytest

from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.peek import Peek


@pytest.fixture
def store(tmp_path):
    """A store on disk."""
    store = LmdbStore.create(tmp_path / "store", node="test")
    yield store
    store.close()


@pytest.fixture
def path(store):
    """Its data file."""
    return store.environment.folder / "data.mdb"


def test_every_commit_is_seen(store, path):
    """Without another look at the file; it is the number of the engine's own snapshots."""
    peek = Peek(path)
    seen = []
    for number in range(5):
        entry = PrefixEntry(prefix=f"88.{number}")
        store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()
        with store.read() as txn:
            seen.append((peek.last_transaction, txn.transaction))
    peek.close()

    assert all(peeked == reported for peeked, reported in seen)
    assert len(set(seen)) == 5


@pytest.mark.parametrize("octets", [b"", b"\x00" * 64, b"\x00" * 8_192, b"\xff" * 8_192, b"\xde\xc0\xef\xbe" * 4_096])
def test_what_is_no_store_is_refused(tmp_path, octets):
    """Empty, short, zeroed, and full of the right words in the wrong places."""
    path = tmp_path / "data.mdb"
    path.write_bytes(octets)

    with pytest.raises(ValueError, match="no data file"):
        Peek(path)


def test_half_a_store_is_refused(tmp_path, path):
    """One meta page alone may be the older one."""
    half = tmp_path / "half"
    half.write_bytes(path.read_bytes()[:4_096])

    with pytest.raises(ValueError, match="no data file"):
        Peek(half)


def test_a_closed_one_says_so(path):
    """Rather than an old number."""
    peek = Peek(path)
    peek.close()

    with pytest.raises(ValueError, match="closed"):
        _ = peek.last_transaction
