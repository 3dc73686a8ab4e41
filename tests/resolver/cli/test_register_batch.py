"""`idis register --batch` on a real data directory."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.registry.audit.line import decode_line
from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.batch.place import PlaceError, errors_path, place_path
from idis.resolver.cli import register
from idis.resolver.cli.output import CommandError, ExitCode

MAP_BYTES = 16 * 1_048_576
Command = Callable[..., int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of an enterprise node that homes 88.118.8."""
    directory = tmp_path / "node"
    store = LmdbStore.create(directory, map_bytes=MAP_BYTES)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result()
    store.close()
    return directory


@pytest.fixture
def idis(data: Path) -> Command:
    """Runs `idis register WORDS --data DIR`."""

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser()
        register.configure(parser)
        return register.run(parser.parse_args([*words, "--data", str(data)]))

    return run


def lines(folder: Path, *rows: dict[str, object]) -> Path:
    """A batch file."""
    path = folder / "parts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def part(name: str) -> dict[str, object]:
    """A record to create."""
    return {"identifier": name, "values": [{"index": 1, "type": "URL", "data": "https://a.example"}]}


def counted(data: Path) -> tuple[int, list[str]]:
    """Records of the prefix, and the acts of the audit trail."""
    store = LmdbStore.open(data, exclusive=False)
    try:
        with store.read() as txn:
            return txn.stat("88.118.8").records, [decode_line(line).act for _, line in txn.audits(None, 10)]
    finally:
        store.close()


def test_a_file_is_registered(idis: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Every line is done, the audit trail tells of the batch, nothing is left beside the file."""
    path = lines(tmp_path, part("88.118.8/a"), part("88.118.8/b"))

    assert idis("--batch", str(path)) == ExitCode.DONE
    assert counted(data) == (2, ["batch"])
    assert "2 done" in capsys.readouterr().out
    assert not place_path(path).exists()
    assert not errors_path(path).exists()


def test_what_is_refused_is_told_and_the_rest_done(idis: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Exit code 1, and a sheet with the line and the reason."""
    path = lines(tmp_path, part("88.118.8/a"), part("99.1/b"))

    assert idis("--batch", str(path), "--json") == ExitCode.REFUSED
    shown = json.loads(capsys.readouterr().out)
    assert (shown["done"], shown["refused"], shown["errors"]) == (1, {"301": 1}, str(errors_path(path)))
    assert json.loads(errors_path(path).read_text())["line"] == 2


def test_a_place_of_another_node_is_not_taken_up(idis: Command, tmp_path: Path):
    """One sentence says what to do."""
    path = lines(tmp_path, part("88.118.8/a"))
    idis("--batch", str(path))
    place_path(path).write_text('{"version": 1, "run": "", "size": 1, "head": "", "target": "elsewhere"}')
    with pytest.raises(PlaceError, match="remove"):
        idis("--batch", str(path))


@pytest.mark.parametrize("word", [("--delete",), ("--disable",), ("--url", "https://example.com"), ("--sign", "key.pem")])
def test_what_is_of_one_record_is_not_of_a_batch(idis: Command, data: Path, tmp_path: Path, word: tuple[str, ...]):
    """Nothing is done that was not meant: the lines say what is."""
    with pytest.raises(CommandError, match=f"leave {word[0]} out"):
        idis("--batch", str(lines(tmp_path, part("88.118.8/a"))), *word)

    assert counted(data)[0] == 0


@pytest.mark.parametrize("words", [(), ("88.118.8/a", "--batch", "x")])
def test_one_identifier_or_one_file(idis: Command, words: tuple[str, ...]):
    """Neither and both are refused."""
    with pytest.raises(CommandError, match="one IDENTIFIER, or --batch FILE"):
        idis(*words)


def test_a_file_that_is_not_there(idis: Command):
    """The sentence names it."""
    with pytest.raises(CommandError, match="nowhere is no file"):
        idis("--batch", "nowhere")
