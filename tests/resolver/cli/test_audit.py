"""`idis audit` on a real data directory."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.proto.codes import ResponseCode
from idis.registry.audit.line import AuditLine
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli import audit
from idis.resolver.cli.audit import changes, wanted_of
from idis.resolver.cli.output import CommandError

Command = Callable[..., int]

LINES = (
    AuditLine("300:0.NA/88.118", "tcp 192.0.2.1", "create", "88.118/a", None, {"version": 1, "values": [[1, "URL", "00ff"]]}),
    AuditLine("300:88.9/li", "tcp 192.0.2.2", "create", "88.9/b", code=ResponseCode.INVALID_ADMIN, note="no administrator"),
    AuditLine("cli root", "cli root", "suspend", "88.118", {"state": "active"}, {"state": "suspended"}, note="un\x1b[31mpaid"),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of a node whose trail has three lines."""
    store = LmdbStore.create(tmp_path / "node", map_bytes=2**24)
    for line in LINES:
        store.write(lambda txn, line=line: txn.add_audit(line.encode()), actor="test").result()  # type: ignore[misc]
    store.close()
    return tmp_path / "node"


@pytest.fixture
def idis(data: Path) -> Command:
    """Runs `idis audit WORDS --data DIR`."""
    return lambda *words: audit.run(parsed(*words, "--data", str(data)))


def parsed(*words: str) -> argparse.Namespace:
    """The arguments of `idis audit`."""
    parser = argparse.ArgumentParser()
    audit.configure(parser)
    return parser.parse_args(words)


def test_show(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, the newest line last; nothing in it acts on a terminal."""
    assert idis("show") == 0
    head, *rows = capsys.readouterr().out.splitlines()

    assert head.split() == ["time", "who", "from", "act", "what", "code", "changes"]
    assert [row.split()[-1] for row in rows] == ["values", "administrator", "un\\x1b[31mpaid"]
    assert "state: active → suspended; un" in rows[2]


def test_show_while_the_node_runs(data: Path) -> None:
    """The trail is read by another process beside the node that writes it."""
    node = LmdbStore.open(data, exclusive=True)
    words = ["audit", "show", "--json", "--refused", "--data", str(data)]
    script = f"from idis.resolver.cli.main import main; raise SystemExit(main({words!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    node.close()

    assert json.loads(done.stdout)["note"] == "no administrator"


def test_limit_takes_the_latest(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Of many lines the latest are shown, oldest of them first."""
    idis("show", "--json", "--limit", "2")

    assert [json.loads(line)["act"] for line in capsys.readouterr().out.splitlines()] == ["create", "suspend"]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("--subject", "88.118"), 2),
        (("--actor", "88.9"), 1),
        (("--action", "suspend"), 1),
        (("--since", "1h"), 3),
        (("--until", "1h"), 0),
        (("--until", "2020-01-01"), 0),
    ],
)
def test_conditions(idis: Command, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], number: int) -> None:
    """Each option narrows."""
    idis("show", "--json", *words)

    assert len(capsys.readouterr().out.splitlines()) == number


@pytest.mark.parametrize(
    ("text", "moment_ms"),
    [
        ("90s", 1_699_999_910_000),
        ("7d", 1_699_395_200_000),
        ("2023-11-14", 1_699_920_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000_000),
        ("2023-11-14T22:13:20+08:00", 1_699_971_200_000),
    ],
)
def test_moments(text: str, moment_ms: int) -> None:
    """So long ago, a day, a moment in UTC, a moment with its zone."""
    assert wanted_of(parsed("show", "--since", text), 1_700_000_000.0).since_ms == moment_ms


def test_no_moment() -> None:
    """What is no time is told in one sentence."""
    with pytest.raises(CommandError, match="yesterday is no time"):
        wanted_of(parsed("show", "--since", "yesterday"), time.time())


def test_export_and_check(idis: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An export passes its check; with one line taken out it fails, and the row is named."""
    file = tmp_path / "trail.jsonl"
    assert idis("export", "--output", str(file)) == 0
    digest = json.loads(file.read_bytes().splitlines()[-1])["chain"]
    assert f"3 lines; keep this elsewhere, it proves them: {digest}" in capsys.readouterr().out
    assert audit.run(parsed("check", str(file))) == 0
    rows = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(rows[:2] + rows[3:]))

    assert audit.run(parsed("check", str(file))) == 1
    assert "row 3: it does not follow" in capsys.readouterr().out


def test_export_keeps_files(idis: Command, tmp_path: Path) -> None:
    """A file that exists is not overwritten."""
    file = tmp_path / "trail.jsonl"
    file.write_bytes(b"mine")

    with pytest.raises(CommandError, match="not overwritten"):
        idis("export", "--output", str(file))
    assert file.read_bytes() == b"mine"


def test_check_of_what_cannot_be_read(tmp_path: Path) -> None:
    """A missing file is told in one sentence."""
    with pytest.raises(CommandError, match="cannot be read"):
        audit.run(parsed("check", str(tmp_path / "none")))


def test_values_that_changed() -> None:
    """Of a record's values, those that came, went and changed are named by their index."""
    before = {"version": 1, "values": [[1, "URL", "00"], [2, "EMAIL", "01"], [3, "X", "02"]]}
    after = {"version": 2, "values": [[1, "URL", "00"], [2, "EMAIL", "ff"], [7, "X", "02"]]}

    assert changes(AuditLine("", "", "modify", "", before, after)) == "version: 1 → 2, values ~2 -3 +7"
