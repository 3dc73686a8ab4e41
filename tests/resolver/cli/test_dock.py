"""`idis dock` against a live node."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest

from idis.proto.value import Value
from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.record import Record, prepare
from idis.registry.token import TokenTerms
from idis.resolver.cli import dock
from idis.resolver.cli.output import CommandError, ExitCode

VIN, PACK = "88.118.8/VIN.1", "88.118.8/PACK.1"
Run = Callable[..., Awaitable[int]]


def _record(identifier: str, code: str, **fields: str) -> Record:
    values = [Value(1000, "TEMPLATE_ID", f"88.118.8/META_automotive_{code}".encode())]
    values += [Value(2010 + at, name, text.encode()) for at, (name, text) in enumerate(fields.items())]
    return Record(identifier, tuple(values))


@pytest.fixture
async def idis(start_node, tmp_path) -> Run:
    """Runs `idis dock` with an operator's token on a node with a vehicle and a pack."""
    node = await start_node()
    made = (_record(VIN, "vehicle", orderNo="O-1"), _record(PACK, "battery", modelId="M-96", productType="P"))
    node._store.write_all([prepare(record, 1) for record in made], actor="test")
    terms = TokenTerms("test", roles=(RoleGrant(Role.OPERATOR),), prefixes=("",), actions=frozenset(Action))
    token = node._store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test").result().result
    (tmp_path / "token").write_text(token[1])
    parser = argparse.ArgumentParser()
    dock.configure(parser)
    server = ("--server", f"http://127.0.0.1:{node.http_port}", "--token-file", str(tmp_path / "token"))
    return lambda *words: asyncio.to_thread(lambda: dock.run(parser.parse_args([*words, *server])))


async def test_a_match_is_exit_0(idis, capsys):
    """One line a part."""
    assert await idis("check", VIN, PACK, "--order", "O-1", "--wanted", "M-96") == ExitCode.DONE
    assert capsys.readouterr().out == f"ALLOW  {PACK}: order matches, product matches\n"


async def test_a_mismatch_is_exit_1_with_its_reason(idis, capsys):
    """A station is gated by the exit code, a person by the words."""
    assert await idis("check", VIN, PACK, "--wanted", "M-108") == ExitCode.REFUSED
    assert capsys.readouterr().out.splitlines()[1].strip() == "order: the order calls for M-108, this is M-96"


async def test_what_was_built(idis, capsys):
    """Once installed, then there already."""
    words = ("built", VIN, PACK, "--order", "O-1", "--wanted", "M-96", "--at", "2026-03-02T09:30:00+08:00", "--station", "ST-1")

    assert [await idis(*words), await idis(*words)] == [ExitCode.DONE, ExitCode.DONE]
    assert [line.partition("product matches ")[2] for line in capsys.readouterr().out.splitlines()] == [
        "(installed)",
        "(was installed before)",
    ]


async def test_what_cannot_be_read_is_named(idis):
    """A scanner that read nothing: which of the parts that was."""
    with pytest.raises(CommandError, match=r"^parts/1: "):
        await idis("check", VIN, PACK, "")


async def test_json(idis, capsys):
    """The node's own answer."""
    await idis("check", VIN, PACK, "--json")

    assert json.loads(capsys.readouterr().out)["verdict"] == "hold"


def test_without_a_node():
    """It says what is missing."""
    parser = argparse.ArgumentParser()
    dock.configure(parser)

    with pytest.raises(CommandError, match="--server URL"):
        dock.run(parser.parse_args(["check", VIN, PACK]))
