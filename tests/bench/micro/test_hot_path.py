"""The micro-benchmark of the hot path runs and measures what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from idis.bench.micro import hot_path
from idis.bench.micro.hot_path import main, measure
from idis.bench.micro.loopback import Loopback
from idis.proto import speedups

NAMES = {
    "load", "octets of the file per entry", "of these beside key and value", "get from Python", "put, replacing",
    "process, 1 frames a chunk", "process, 16 frames a chunk", "process, 64 frames a chunk", "process, 256 frames a chunk",
    "recvmmsg and sendmmsg alone", "drain", "drain adds",
}  # fmt: skip


@pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the compiled hot path is not loaded")
def test_every_part_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run gives each figure once; that every question was answered it asserts itself."""
    monkeypatch.setattr(hot_path, "SAMPLE", 512)
    figures = list(measure(1_000, 1, tmp_path))

    assert {figure.name for figure in figures} == NAMES
    assert all(figure.best > 0 for figure in figures if figure.name != "drain adds")


def test_the_plain_path_has_nothing_to_measure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so instead of measuring something else."""
    monkeypatch.setattr(speedups, "LOADED", speedups.PLAIN)

    assert main([]) == 1
    assert "not loaded" in capsys.readouterr().err


def test_the_echo_answers_each_question() -> None:
    """What drain is held against does the same exchange: as many answers as questions, of the size asked for."""
    with Loopback(8) as loopback:
        loopback.answer_bytes = 360
        loopback.ask([b"question"] * 8)
        loopback.echo()

        assert [len(answer) for answer in loopback.collect()] == [360] * 8
