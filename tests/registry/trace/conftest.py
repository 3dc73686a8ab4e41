"""What the tests of tracing share: an empty store of each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idis.registry.store.base import Store
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.registry.store.writer import Settings


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each engine."""
    opened: MemoryStore | LmdbStore
    if request.param == "memory":
        opened = MemoryStore()
    else:
        opened = LmdbStore.create(tmp_path / "node", map_bytes=64 * 2**20, settings=Settings(free_bytes_min=0))
    yield opened
    opened.close()
