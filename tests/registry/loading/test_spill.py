"""Sorted runs come back as one sorted sequence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.registry.loading import spill as spill_module
from idis.registry.loading.spill import Spill, Stream

RUNS = st.lists(st.lists(st.tuples(st.binary(max_size=4), st.integers(0, 9)), max_size=9), max_size=9)


@settings(deadline=None)
@given(runs=RUNS, fan_in=st.integers(2, 4), piece=st.integers(1, 3))
def test_merging_equals_sorting(runs: list[list[tuple[bytes, int]]], fan_in: int, piece: int) -> None:
    """Whatever the runs, however they overlap and however few may be merged at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill_module, "MERGE_RUNS_MAX", fan_in)
        patch.setattr(spill_module, "PIECE_ITEMS", piece)
        stream = Stream(Spill.make(None, 0))
        for run in runs:
            stream.extend(sorted(run))
        once, again = list(stream), list(stream)

    assert once == again == sorted(item for run in runs for item in run)


def test_two_streams_share_a_file(tmp_path: Path) -> None:
    """What one stream writes does not disturb what another reads at the same time."""
    spill = Spill.make(tmp_path, 1)
    one, other = Stream(spill), Stream(spill)
    one.extend((number,) for number in range(1_000))
    for (number,) in one:
        if number % 100 == 0:
            other.add(spill.write_run(1, [(number, "other")]))

    assert list(other) == [(number, "other") for number in range(0, 1_000, 100)]


def test_the_file_has_no_name(tmp_path: Path) -> None:
    """Whatever ends the process, nothing is left behind."""
    spill = Spill.make(tmp_path, 1)
    Stream(spill).extend([(b"key",)])

    assert list(tmp_path.iterdir()) == []


def test_an_empty_stream_is_false() -> None:
    """A stream tells whether anything was added."""
    stream = Stream(Spill.make(None, 0))
    stream.add(None)
    stream.extend(iter(()))

    assert not stream
    assert list(stream) == []
