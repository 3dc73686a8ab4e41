"""What the tests of the stores share: a clock that stands still, records, and every engine by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idis.proto.value import Value
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Alias, PreparedRecord, Record, prepare
from idis.registry.store.base import Store
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.registry.store.writer import Settings

NOW = 1_700_000_000
MAP_BYTES = 64 * 2**20
SETTINGS = Settings(free_bytes_min=0)


class FakeClock:
    """Unix time that moves only when told."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """Unix time in seconds."""
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the stores under test."""
    return FakeClock()


@pytest.fixture
def make_record() -> Callable[..., PreparedRecord]:
    """Builds a prepared record of one value."""

    def build(identifier: str, text: str = "one", *aliases: tuple[str, str], now: int = NOW) -> PreparedRecord:
        value = Value(1, "goodsName", text.encode())
        return prepare(Record(identifier, (value,), tuple(Alias(*alias) for alias in aliases)), now)

    return build


@pytest.fixture
def lmdb_store(tmp_path: Path, clock: FakeClock) -> Iterator[LmdbStore]:
    """An LMDB store with the homed prefix 88.118."""
    store = LmdbStore.create(tmp_path / "node", map_bytes=MAP_BYTES, settings=SETTINGS, clock=clock)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    yield store
    store.close()


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Store:
    """A store of each engine with the homed prefix 88.118."""
    if request.param == "lmdb":
        made: Store = request.getfixturevalue("lmdb_store")
        return made
    memory = MemoryStore(clock=clock)
    memory.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    return memory
