"""`idis import --delivery-note` on a data directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from idis.resolver.cli.main import main
from idis.resolver.cli.output import ExitCode

NOTE = """\
noteNo,identifier,from,to,shipped
DN-1,88.118.21/PLATE.1,88.118.21/ORG.M,88.118.8/ORG.Y,2026-03-02 09:30
DN-1,88.118.21/PLATE.2,88.118.21/ORG.M,88.118.8/ORG.Y,
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The command with a new data directory and a note of which one row is bad."""
    words = ["init", str(tmp_path / "node"), "--tier", "enterprise", "--name", "yard", "--prefix", "88.118.8"]
    assert main(words) == ExitCode.DONE
    (tmp_path / "note.csv").write_text(NOTE, encoding="utf-8")
    return ["import", str(tmp_path / "note.csv"), "--delivery-note", "--data", str(tmp_path / "node")]


def test_rows_become_events(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What was kept, what was not and why; exit code 1 for the row that was kept out."""
    capsys.readouterr()
    code = main(words)
    printed = capsys.readouterr()

    assert code == ExitCode.REFUSED
    assert "2 rows read, 1 refused: 1 events recorded, 0 known before" in printed.out
    assert "note.csv, line 3: shipped: shipped (发货时间) is missing [required]; fill it in" in printed.err


def test_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same as one document."""
    main([*words, "--dry-run"])
    capsys.readouterr()
    main([*words, "--json"])
    found = json.loads(capsys.readouterr().out)

    assert (found["rows"], found["refused"], found["events"], found["findings_total"]) == (2, 1, 1, 1)


def test_a_pilot_does_not_go_with_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A note has columns of its own."""
    assert main([*words, "--pilot", "ship"]) == ExitCode.USAGE
    assert "columns of its own" in capsys.readouterr().err
