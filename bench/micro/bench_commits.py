"""Durable writes: so many records handed in together, until all are acknowledged. Each commit flushes to disk."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from idis.bench.micro.conftest import RECORDS, Benchmark, rewrite, sample_record
from idis.registry.record import PreparedRecord
from idis.registry.store.lmdb import LmdbStore


@pytest.mark.parametrize("together", [1, 64, 512])
def bench_writes(benchmark: Benchmark, store: LmdbStore, together: int) -> None:
    """Replacing records, each by a change of its own; the writer groups what waits."""
    editions = itertools.count(1)

    def setup() -> tuple[tuple[list[PreparedRecord]], dict[str, object]]:
        edition = next(editions)
        return ([sample_record(edition * together % RECORDS + number, edition) for number in range(together)],), {}

    before = store.last_transaction
    benchmark.pedantic(partial(rewrite, store), setup=setup, rounds=30, warmup_rounds=2)  # type: ignore[attr-defined]
    assert store.last_transaction > before
