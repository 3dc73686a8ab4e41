"""What the store of a data directory holds, for the tests of commands."""

from __future__ import annotations

from pathlib import Path

from idis.registry.record import StoredRecord
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore


def record_of(data: Path) -> StoredRecord | None:
    """The record 88.118.8/A1 as it is stored."""
    store = LmdbStore.open(data, exclusive=False)
    try:
        with store.read() as txn:
            return txn.record(record_key("88.118.8", "A1", True))
    finally:
        store.close()
