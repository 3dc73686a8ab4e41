"""`idis token`, `role`, `audit`, `readers` and `register --disable` at a running node, without its data directory."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from idis.registry import roles
from idis.registry.caller import Role, RoleGrant, tool
from idis.registry.identity import parse_identity
from idis.resolver.cli import audit, readers, register, resolve, role, token
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, TlsSection
from idis.resolver.node import Node
from tests.resolver.admin.wire import administer, ed25519_key
from tests.resolver.test_client_key import plain_pem

WHO = "304:0.NA/88.118.8"
NAME = "88.118.8/A1"
Run = Callable[..., Awaitable[str]]


@pytest.fixture
async def node(start_node: Callable[..., Awaitable[Node]], tmp_path: Path) -> Node:
    """A node with TLS and an operator, whose key lies in key.pem."""
    node = await start_node(tls=TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0))
    administer(node._store)
    grant = RoleGrant(Role.OPERATOR)
    node._store.write(lambda txn: roles.grant(txn, tool("test"), parse_identity(WHO), grant), actor="test").result()
    (tmp_path / "key.pem").write_bytes(plain_pem(ed25519_key()))
    return node


@pytest.fixture
async def idis(node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command's WORDS over HTTPS, with the token made for its operator; what it printed."""
    there = ("--server", f"https://127.0.0.1:{node.http_port}", "--ca", str(node.config.data_dir / DEVELOPMENT_CERTIFICATE))

    async def run(module: Any, *words: str, where: tuple[str, ...] = there) -> str:
        parser = argparse.ArgumentParser()
        module.configure(parser)
        capsys.readouterr()
        assert await asyncio.to_thread(module.run, parser.parse_args([*words, *where])) == ExitCode.DONE
        return capsys.readouterr().out

    actions = [word for action in ("read", "register", "access", "audit") for word in ("--action", action)]
    secret = await run(token, "create", "--identity", WHO, "--key", str(tmp_path / "key.pem"), *actions)
    monkeypatch.setenv("IDIS_TOKEN", secret.strip())
    return run


async def test_a_key_makes_a_token_and_a_token_none(idis: Run, tmp_path: Path) -> None:
    """It is listed, for somebody else too, and revoked with the key; a key of another kind than the identity's proves nothing."""
    proof = ("--by", WHO, "--key", str(tmp_path / "key.pem"))
    made = json.loads(await idis(token, "create", "--role", "auditor", "--label", "aud", "--json", *proof))
    listed = (await idis(token, "list")).splitlines()
    with pytest.raises(CommandError, match="no token makes tokens: prove who asks with --key FILE"):
        await idis(token, "create", "--role", "auditor")

    with pytest.raises(CommandError, match="is not accepted here: sign with SHA-256"):
        await idis(token, "list", "--by", "300:0.NA/88.118.8", "--key", str(tmp_path / "key.pem"))

    (line,) = (line for line in listed if line.startswith(made["token"]["id"]))
    assert "auditor of the whole node" in line
    assert await idis(token, "revoke", made["token"]["id"], *proof) == f"token {made['token']['id']} is revoked\n"


async def test_roles_are_granted_listed_and_told_of(idis: Run) -> None:
    """As in the data directory; the trail is read and kept over the network."""
    assert await idis(role, "grant", "300:88.1/zhang", "auditor") == "auditor granted to 300:88.1/ZHANG\n"
    assert (await idis(role, "list")).splitlines()[1].split() == ["300:88.1/ZHANG", "auditor", "the", "whole", "node"]
    assert "already: nothing changed" in await idis(role, "revoke", "300:88.1/other", "auditor")
    shown = json.loads(await idis(audit, "show", "--action", "grant role", "--limit", "1", "--json"))
    assert (shown["subject"], shown["code"]) == ("300:88.1/ZHANG", 1)
    assert "300:88.1/ZHANG" in await idis(audit, "show")
    assert "300:88.1/ZHANG" in await idis(audit, "export")


async def test_lists_and_switches_work_over_the_network(idis: Run, node: Node, tmp_path: Path) -> None:
    """A value for some, one switched off, and back; by somebody."""
    wire = ("--server", f"127.0.0.1:{node.port}")
    proved = (*wire, "--identity", WHO, "--key", str(tmp_path / "key.pem"))

    async def shown() -> list[str]:
        return [line.split()[0] for line in (await idis(resolve, NAME, where=wire)).splitlines()[2:]]

    assert (await idis(readers, "set", NAME, "2", "300:88.1/zhang")).startswith(f"{NAME} value 2: for 300:88.1/ZHANG (version ")
    assert (await idis(readers, "show", NAME)).splitlines()[1].split()[:3] == ["2", "EMAIL", "its"]
    assert "2" not in await shown()
    await idis(readers, "clear", NAME, "2")
    assert "nothing is kept from anybody" in await idis(readers, "show", NAME)
    assert (await idis(register, NAME, "--disable", "1", where=proved)).startswith(f"{NAME} value 1: disabled (version ")
    assert "1" not in await shown()
    await idis(register, NAME, "--enable", "1", where=proved)
    assert {"1", "2"} <= set(await shown())
    with pytest.raises(CommandError, match="who asks"):
        await idis(register, NAME, "--disable", where=wire)
