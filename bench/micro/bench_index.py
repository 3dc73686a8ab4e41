"""The answer index: made from a store, kept by its journal, asked by the compiled step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from idis.bench.asking.questions import handle_frames
from idis.bench.asking.sample import sample_identifier
from idis.bench.micro.conftest import NOW, PREFIX, RECORDS, Benchmark, rewrite, sample_record
from idis.proto import speedups
from idis.registry.store.lmdb import LmdbStore

if speedups.LOADED != speedups.COMPILED:
    pytest.skip("the compiled hot path is not loaded", allow_module_level=True)

from idis.proto._speedups import Counters, process
from idis.registry.answer_index import AnswerIndexKeeper

CHUNK_FRAMES = 64
CHANGES = 64  # between two looks at the journal


def _keeper(store: LmdbStore, folder: Path) -> AnswerIndexKeeper:
    folder.mkdir(exist_ok=True)
    settings = {"identity": store.identity, "boot": b"bench", "site": b"", "random_octets": bytes, "bytes_max": 2**30}
    keeper = AnswerIndexKeeper(store, folder, **settings)  # type: ignore[arg-type]
    keeper.open()
    return keeper


def _settle(keeper: AnswerIndexKeeper) -> None:
    while keeper.wanted is not None or keeper.step():
        keeper.create()


@pytest.fixture
def keeper(store: LmdbStore, tmp_path: Path) -> Iterator[AnswerIndexKeeper]:
    """An index that answers."""
    made = _keeper(store, tmp_path / "index")
    _settle(made)
    assert made.fresh()
    yield made
    made.close()


def bench_make_an_index(benchmark: Benchmark, store: LmdbStore, tmp_path: Path) -> None:
    """Of 20,000 records, from nothing."""
    numbers = itertools.count()

    def make() -> None:
        keeper = _keeper(store, tmp_path / str(next(numbers)))
        _settle(keeper)
        keeper.close()

    benchmark.pedantic(make, rounds=5)  # type: ignore[attr-defined]


def bench_process_a_chunk(benchmark: Benchmark, keeper: AnswerIndexKeeper) -> None:
    """64 questions for records at random."""
    draw, index = Random(1), keeper.index
    assert index is not None
    names = [sample_identifier(PREFIX, draw.randrange(RECORDS)) for _ in range(CHUNK_FRAMES * 100)]
    frames = handle_frames(names, now=NOW, datagrams=True)
    ends = [0, *frames.ends]
    cuts = [frames.octets[ends[at] : ends[at + CHUNK_FRAMES]] for at in range(0, len(names), CHUNK_FRAMES)]
    chunks, counters = itertools.cycle(cuts), Counters()
    assert benchmark(lambda: process(index, next(chunks), NOW, 1, counters))[3] == CHUNK_FRAMES


def bench_ask_whether_it_is_fresh(benchmark: Benchmark, keeper: AnswerIndexKeeper) -> None:
    """Before each batch: has the store moved?"""
    assert benchmark(keeper.fresh)


def bench_follow_the_journal(benchmark: Benchmark, store: LmdbStore, keeper: AnswerIndexKeeper) -> None:
    """64 records were written: take them in."""
    editions = itertools.count(1)

    def setup() -> None:
        edition = next(editions)
        rewrite(store, [sample_record(edition * CHANGES % RECORDS + number, edition) for number in range(CHANGES)])

    benchmark.pedantic(_settle, args=(keeper,), setup=setup, rounds=30)  # type: ignore[attr-defined]
    assert keeper.fresh()
