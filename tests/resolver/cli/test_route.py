"""`idis route` on a data directory, and at a running node."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.store.lmdb import LmdbStore
from idis.registry.token import TokenTerms
from idis.resolver.cli import route
from idis.resolver.cli.output import CommandError
from idis.resolver.node import Node

Run = Callable[..., Awaitable[int]]
TO = ("--to", "https://oid.example/{path}", "--to", "https://other.example/{id}")


@pytest.fixture(params=["directory", "node"])
async def idis(
    request: pytest.FixtureRequest, tmp_path: Path, start_node: Callable[..., Awaitable[Node]], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs `idis route WORDS`, once each way."""
    if request.param == "directory":
        data = tmp_path / "node"
        LmdbStore.create(data, map_bytes=2**24).close()
        (data / "node.toml").write_text('[node]\nname = "n"\ntier = "enterprise"\n')
        options = ("--data", str(data))
    else:
        node = await start_node()
        terms = TokenTerms("t", roles=(RoleGrant(Role.OPERATOR),), prefixes=("",), actions=frozenset(Action))
        made = node._store.write(lambda txn: tokens.create(txn, tool("t"), terms, int(time.time())), actor="t").result().result
        assert isinstance(made, tuple), made
        monkeypatch.setenv("IDIS_TOKEN", made[1])
        options = ("--server", f"http://127.0.0.1:{node.http_port}")

    async def run(*words: str) -> int:
        parser = argparse.ArgumentParser()
        route.configure(parser)
        return await asyncio.to_thread(lambda: route.run(parser.parse_args([*words, *options])))

    return run


async def listed(idis: Run, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What `idis route list --json` says."""
    capsys.readouterr()
    await idis("list", "--json")
    routes: list[dict[str, object]] = json.loads(capsys.readouterr().out)["routes"]
    return routes


async def test_a_route_from_its_first_day_to_its_last(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Added, shown, switched off and on, removed; told alike by a directory and by a node."""
    assert await idis("add", "oid", "urn:oid:1.2.156", *TO, "--redirect", "--note", "national") == 0
    out = capsys.readouterr().out
    assert out.startswith("OID 1.2.156: kept\n")
    assert "in use, asks https://oid.example/{path}, then https://other.example/{id}" in out
    expected = {
        "type": "OID",
        "start": "1.2.156",
        "end": None,
        "targets": ["https://oid.example/{path}", "https://other.example/{id}"],
        "enabled": True,
        "answer": "redirect",
        "ttl_s": 3600,
        "negative_ttl_s": 60,
        "note": "national",
    }
    assert await listed(idis, capsys) == [expected]

    assert await idis("disable", "OID", "1.2.156") == 0
    assert "OID 1.2.156: disabled" in capsys.readouterr().out
    await idis("show", "OID", "1.2.156")
    assert "disabled" in capsys.readouterr().out
    await idis("enable", "OID", "1.2.156")
    assert (await listed(idis, capsys))[0]["enabled"] is True
    assert await idis("remove", "OID", "1.2.156") == 0
    assert await listed(idis, capsys) == []


async def test_a_range_is_told_with_both_ends(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """In the table, too."""
    await idis("add", "GS1", "6901", "--end", "6905", "--to", "gs1:https://resolver.example")
    capsys.readouterr()
    await idis("list")
    out = capsys.readouterr().out

    assert "6901 to 6905" in out
    assert await idis("remove", "GS1", "6901", "--end", "6905") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "OID", "1.2", "--to", "ftp:x"), "is no target"),
        (("add", "OID", "3.2", "--to", "https://x/"), "is no prefix of this type"),
        (("add", "nothing", "1", "--to", "https://x/"), "there is no type of route"),
        (("remove", "OID", "1.2"), "there is no route OID 1.2 here"),
        (("show", "OID", "1.2"), "there is no route OID 1.2 here"),
        (("enable", "OID", "1.2"), "there is no route OID 1.2 here"),
    ],
)
async def test_what_cannot_be_done_has_a_sentence(idis: Run, words: tuple[str, ...], sentence: str) -> None:
    """The registry's own, either way."""
    with pytest.raises(CommandError, match=sentence):
        await idis(*words)


async def test_each_provider_is_asked(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With what it came to; the exit code tells whether one answered."""
    await idis("add", "OID", "1.2", "--to", "https://127.0.0.1:1/{path}")
    capsys.readouterr()
    assert await idis("test", "urn:oid:1.2.3") == 1
    out = capsys.readouterr().out
    assert "1.2.3 by the route OID 1.2" in out
    assert "127.0.0.1 is no address outside this network" in out
    assert await idis("test", "urn:oid:2.5.4") == 1

    assert "no route holds 2.5.4" in capsys.readouterr().out


async def test_nothing_is_told_where_there_is_nothing(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do."""
    await idis("list")

    assert "idis route add" in capsys.readouterr().out
