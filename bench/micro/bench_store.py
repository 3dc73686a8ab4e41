"""Reading the store: a transaction, and a record at random."""

from __future__ import annotations

import itertools
from random import Random

from idis.bench.asking.sample import sample_identifier
from idis.bench.micro.conftest import PREFIX, RECORDS, Benchmark
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore


def _keys() -> itertools.cycle[bytes]:
    draw = Random(1)
    names = (sample_identifier(PREFIX, draw.randrange(RECORDS)) for _ in range(RECORDS))
    return itertools.cycle([record_key(PREFIX, name.partition("/")[2], True) for name in names])


def bench_open_a_snapshot(benchmark: Benchmark, store: LmdbStore) -> None:
    """A read transaction, begun and ended."""

    def look() -> int:
        with store.read() as txn:
            return txn.transaction

    assert benchmark(look) > 0


def bench_get_public_values(benchmark: Benchmark, store: LmdbStore) -> None:
    """What answers the common question, its digest compared."""
    keys = _keys()
    with store.read() as txn:
        assert benchmark(lambda: txn.public(next(keys))) is not None


def bench_get_a_record(benchmark: Benchmark, store: LmdbStore) -> None:
    """The whole record."""
    keys = _keys()
    with store.read() as txn:
        assert benchmark(lambda: txn.record(next(keys))) is not None
