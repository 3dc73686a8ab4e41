"""What the micro-benchmarks share: a store of records on disk. Not part of the ordinary test run; see `bench/README.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from idis.bench.asking.sample import sample_identifier, sample_values
from idis.registry.prefix import PrefixEntry
from idis.registry.record import PreparedRecord, Record, prepare
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore

PREFIX = "88.1000.11"
RECORDS = 20_000
NOW = 1_700_000_000

Benchmark = Callable[..., Any]  # of pytest-benchmark


def sample_record(number: int, edition: int = 0) -> PreparedRecord:
    """A record of the sample data; another edition has other values."""
    return prepare(Record(sample_identifier(PREFIX, number), sample_values(number + edition)), NOW)


def rewrite(store: LmdbStore, records: Iterable[PreparedRecord]) -> None:
    """Hand records in together, each by a change of its own, and wait until all are durable."""
    for future in [store.write(partial(_put, record), actor="bench") for record in records]:
        future.result()


def _put(record: PreparedRecord, txn: WriteTxn) -> None:
    txn.put_record(record)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStore]:
    """RECORDS records below one prefix answered here."""
    LmdbStore.create(tmp_path / "data").close()
    opened = LmdbStore.open(tmp_path / "data", exclusive=True)
    opened.write(lambda txn: txn.put_prefix(PrefixEntry(PREFIX, homed=True)), actor="bench").result()
    opened.write_all([sample_record(number) for number in range(RECORDS)], actor="bench")
    yield opened
    opened.close()
