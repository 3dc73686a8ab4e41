"""The last commit, read from the file."""

from __future__ import annotations

import os

import pytest

from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.peek import last_transaction


@pytest.fixture
def store(tmp_path):
    """A store on disk."""
    store = LmdbStore.create(tmp_path / "store", node="test")
    yield store
    store.close()


@pytest.fixture
def descriptor(store):
    """Its data file."""
    descriptor = os.open(store.environment.folder / "data.mdb", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_every_commit_is_seen(store, descriptor):
    """It is the number the engine itself reports, whichever meta page was written last."""
    seen = [(last_transaction(descriptor), store.last_transaction)]
    for number in range(5):
        entry = PrefixEntry(prefix=f"88.{number}")
        store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()
        seen.append((last_transaction(descriptor), store.last_transaction))

    assert all(peeked == reported for peeked, reported in seen)
    assert len(set(seen)) == 6


@pytest.mark.parametrize("octets", [b"", b"\x00" * 64, b"\x00" * 8_192, b"\xff" * 8_192, b"\xde\xc0\xef\xbe" * 4_096])
def test_what_is_no_store_has_no_last_commit(tmp_path, octets):
    """Empty, short, zeroed, and full of the right words in the wrong places."""
    path = tmp_path / "data.mdb"
    path.write_bytes(octets)
    descriptor = os.open(path, os.O_RDONLY)

    assert last_transaction(descriptor) is None
    os.close(descriptor)


def test_half_a_store_has_no_last_commit(tmp_path, store, descriptor):
    """One meta page alone may be the older one."""
    path = tmp_path / "half"
    path.write_bytes(os.pread(descriptor, 4_096, 0))
    half = os.open(path, os.O_RDONLY)

    assert last_transaction(half) is None
    os.close(half)
