"""`idis export`: where the records go, and what is told beside them."""

from __future__ import annotations

import argparse
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.proto.value import Value
from idis.registry.loading.rows import FileRefused
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli import export
from idis.resolver.cli.output import CommandError, ExitCode

Command = Callable[..., int]


@pytest.fixture
def idis(tmp_path: Path) -> Command:
    """Runs `idis export WORDS` on a node with one public and one restricted value."""
    store = LmdbStore.create(tmp_path / "node", exclusive=False)
    record = Record("88.118/a", (Value(1, "URL", b"u"), Value(300, "HS_SECKEY", b"secret", permissions=0x0C)))
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    store.write(lambda txn: txn.put_record(prepare(record, 1)), actor="test").result()
    store.close()

    def run(*words: object) -> int:
        parser = argparse.ArgumentParser()
        export.configure(parser)
        return export.run(parser.parse_args([*map(str, words), "--data", str(tmp_path / "node")]))

    return run


def test_lines_go_to_standard_output(idis: Command, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without a file the records can be piped; the summary is not among them."""
    code = idis()
    told = capfdbinary.readouterr()

    assert code == ExitCode.DONE
    assert json.loads(told.out)["handle"] == "88.118/a"
    assert b"1 records written" in told.err


def test_secrets_left_out_are_counted(idis: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who exports public values only is told that something is missing."""
    idis("--out", tmp_path / "x.jsonl")

    assert "1 records have values that are not public" in capsys.readouterr().err
    assert "secret" not in (tmp_path / "x.jsonl").read_text()


def test_only_the_owner_may_read_the_file(idis: Command, tmp_path: Path) -> None:
    """An export may hold secrets."""
    idis("--out", tmp_path / "x.dump", "--format", "dump", "--restricted")

    assert stat.S_IMODE((tmp_path / "x.dump").stat().st_mode) == 0o600


def test_a_failed_export_leaves_no_file(idis: Command, tmp_path: Path) -> None:
    """A file appears under its name when it is whole."""
    with pytest.raises(FileRefused):
        idis("--out", tmp_path / "x.jsonl", "--prefix", "88.9")

    assert [path.name for path in tmp_path.iterdir()] == ["node"]


def test_a_folder_that_is_missing_is_told(idis: Command, tmp_path: Path) -> None:
    """A place that cannot be written is one sentence."""
    with pytest.raises(CommandError, match="cannot be written"):
        idis("--out", tmp_path / "nowhere" / "x.jsonl")


@pytest.mark.parametrize("words", [["--format", "csv"], ["--json"]])
def test_some_forms_need_a_place(idis: Command, words: list[str]) -> None:
    """Tables need a folder, and a summary as JSON cannot share standard output with records."""
    with pytest.raises(CommandError, match="--out"):
        idis(*words)


def test_the_summary_is_json_on_request(idis: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs learn how many records went into which tables."""
    idis("--format", "csv", "--out", tmp_path / "tables", "--json")
    summary = json.loads(capsys.readouterr().out)

    assert (summary["records"], summary["partial"], summary["tables"]) == (1, 1, ["other.csv"])


def test_a_device_is_written_to_and_not_replaced(idis: Command, tmp_path: Path) -> None:
    """`idis export --out /dev/null` as root put a file in the device's place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    idis("--out", pipe)
    got = os.read(reader, 4_096)
    os.close(reader)

    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert json.loads(got)["handle"] == "88.118/a"


def test_a_link_stays_a_link(idis: Command, tmp_path: Path) -> None:
    """What it points to is replaced."""
    (tmp_path / "link").symlink_to(tmp_path / "real.jsonl")
    (tmp_path / "real.jsonl").write_text("old")
    idis("--out", tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "real.jsonl").read_text())["handle"] == "88.118/a"
