"""The measurements of loading and recovery do what they say, on few records."""

from __future__ import annotations

from pathlib import Path

import pytest

from idis.bench import import_figures, recovery


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A CSV of sixty parts."""
    path = tmp_path / "parts.csv"
    import_figures.write_parts(path, 60)
    return path


def test_every_generated_row_is_good(parts: Path, tmp_path: Path) -> None:
    """The rows that are measured pass the pilot's checks, all of them."""
    figure = import_figures.load_rows("rows", parts, tmp_path / "one", 1)

    assert (figure.records, figure.note.split(";")[0]) == (60, "60 new, 0 unchanged, 0 refused")


def test_the_dump_of_the_rows_is_restored(parts: Path, tmp_path: Path) -> None:
    """What is measured as restored was stored."""
    import_figures.load_rows("rows", parts, tmp_path / "one", 1)
    dumped = import_figures.dump_store(tmp_path / "one", tmp_path / "parts.dump")
    restored = import_figures.restore("restore", tmp_path / "parts.dump", tmp_path / "two", 1)

    assert (dumped.records, restored.records) == (60, 60)


def test_plain_records_load(tmp_path: Path) -> None:
    """The records of exactly 300 octets of values are a dump that restores."""
    import_figures.write_plain(tmp_path / "plain.dump", 40)

    assert import_figures.restore("plain", tmp_path / "plain.dump", tmp_path / "three", 1).records == 40


def test_a_figure_is_one_line() -> None:
    """Records, seconds, rate and memory stand in columns."""
    figure = import_figures.Figure("rows", 1_000_000, 20.0, 38.5, 100 * 2**20, "note")

    assert str(figure) == "rows      1,000,000     20.0 s     38.5 CPU s    50,000/s    100 MiB  note"


def test_a_killed_node_answers_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One round of the recovery measurement: start, read, kill, start, right answer."""
    port = recovery.make_node(tmp_path, 50)
    recovery.report(tmp_path / "node", port, 50, 1)

    assert "after SIGKILL under reads" in capsys.readouterr().out
