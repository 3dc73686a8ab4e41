"""`idis capture`: events into a data directory and into a running node."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.token import TokenTerms
from idis.resolver.cli import capture
from idis.resolver.cli.output import CommandError
from tests.registry.trace.sample_events import FIVE, OBJECT, document

BAD = OBJECT | {"bizStep": "shiping"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good document."""
    path = tmp_path / "shift.json"
    path.write_text(json.dumps(document(*FIVE)))
    return path


@pytest.fixture
def bad_file(tmp_path: Path) -> Path:
    """A document with a bad event."""
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(document(OBJECT, BAD)))
    return path


def test_into_a_data_directory(data_of: Any, command_of: Any, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events are stored once, however often they are sent."""
    run = command_of(capture, data_of("88.118.8"))
    assert (run(str(file)), run(str(file))) == (0, 0)
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("5 of 5 events stored")
    assert second.endswith("0 of 5 events stored, 5 known before")


def test_a_bad_file(data_of: Any, command_of: Any, bad_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is stored, and every fault is told with its place."""
    assert command_of(capture, data_of("88.118.8"))(str(bad_file)) == 1
    out = capsys.readouterr().out
    assert "0 of 2 events stored, 2 refused" in out
    assert "/epcisBody/eventList/1/bizStep: 'shiping' is no business step of CBV 2.0: did you mean shipping?" in out


def test_proceed(data_of: Any, command_of: Any, bad_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told to go on, it keeps the good ones."""
    assert command_of(capture, data_of("88.118.8"))(str(bad_file), "--proceed", "--json") == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["events"]["stored"], told["events"]["refused"], len(told["errors"])) == (1, 1, 1)


def test_no_file(data_of: Any, command_of: Any, tmp_path: Path) -> None:
    """What is not there is told before anything is done."""
    with pytest.raises(CommandError, match="is no file"):
        command_of(capture, data_of("88.118.8"))(str(tmp_path / "none"))


async def test_into_a_running_node(node: Any, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same over the network, with a token."""
    terms = TokenTerms(
        "line 3", roles=(RoleGrant(Role.APPLICATION, "88.118.8"),), actions=frozenset({Action.TRACE}), prefixes=("88.118.8",)
    )
    made = (
        node._store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test").result(10).result
    )
    (tmp_path / "token").write_text(made[1])
    parser = argparse.ArgumentParser()
    capture.configure(parser)
    words = [str(file), "--server", f"http://127.0.0.1:{node.http_port}", "--token-file", str(tmp_path / "token")]
    assert await asyncio.to_thread(capture.run, parser.parse_args(words)) == 0
    assert capsys.readouterr().out.endswith("5 of 5 events stored\n")
