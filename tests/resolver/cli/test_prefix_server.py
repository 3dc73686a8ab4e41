"""`idis prefix --server`: the life of a prefix led over the network, at a running node."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from idis.proto.value import decode_values
from idis.registry import roles, tokens
from idis.registry.audit.line import decode_line
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.identity import identity_of
from idis.registry.store.lmdb import LmdbStore
from idis.registry.token import TokenTerms
from idis.resolver.cli import prefix
from idis.resolver.cli.main import main
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.config import Tier
from idis.resolver.node import Node
from idis.resolver.operator_key import make_operator_key

Run = Callable[..., Awaitable[int]]
OPERATOR = RoleGrant(Role.OPERATOR)


@pytest.fixture
async def secondary(start_node: Callable[..., Awaitable[Node]]) -> Node:
    """A running secondary node that homes 88.118."""
    return await start_node("secondary-118", tier=Tier.SECONDARY, prefixes=("88.118",), records=())


@pytest.fixture
def token_for(secondary: Node) -> Callable[..., str]:
    """Makes API tokens of identities, with roles of the identity where some are named."""
    store: LmdbStore = secondary._store

    def make(name: str, *grants: RoleGrant) -> str:
        identity, caller, now = identity_of(300, name), tool("test"), int(time.time())
        for grant in grants:
            store.write(partial(roles.grant, caller=caller, identity=identity, wanted=grant), actor="test").result()
        terms = TokenTerms("test", identity=identity, prefixes=("",), actions=frozenset(Action))
        made = store.write(lambda txn: tokens.create(txn, caller, terms, now), actor="test").result().result
        assert isinstance(made, tuple), made
        return made[1]

    return make


@pytest.fixture
def idis(secondary: Node, token_for: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `idis prefix WORDS --server NODE` as an operator, or as the bearer of another token."""
    operator = token_for("88.118/ops", OPERATOR)

    async def run(*words: str, token: str = operator) -> int:
        parser = argparse.ArgumentParser()
        prefix.configure(parser)
        monkeypatch.setenv("IDIS_TOKEN", token)
        arguments = parser.parse_args([*words, "--server", f"127.0.0.1:{secondary.http_port}"])
        return await asyncio.to_thread(prefix.run, arguments)

    return run


async def test_a_life_is_led_over_the_network(
    idis: Run, token_for: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The applicant asks and corrects, the operator decides; the same lines as in a data directory, without positions."""
    applicant = token_for("88.1/yard")
    await idis("apply", "88.118.8", "--owner", "yard", token=applicant)
    await idis("review", "88.118.8")
    await idis("reject", "88.118.8", "--reason", "licence missing")
    await idis("resubmit", "88.118.8", "--owner", "上海某船厂", token=applicant)
    await idis("review", "88.118.8")
    await idis("approve", "88.118.8")
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    await idis("suspend", "88.118.8", "--reason", "audit")
    await idis("resume", "88.118.8")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("88.118.8:")]

    assert lines == [
        "88.118.8: applied for (version 1)",
        "88.118.8: in review (version 2)",
        "88.118.8: rejected (version 3)",
        "88.118.8: applied for again (version 4)",
        "88.118.8: in review (version 5)",
        "88.118.8: active (version 6)",
        "88.118.8: delegated to 192.0.2.1:2641 (version 7)",
        "88.118.8: unchanged (active 启用, answered elsewhere, version 7)",
        "88.118.8: suspended (version 8)",
        "88.118.8: active (version 9)",
    ]


async def test_a_delegation_grants_on_the_way(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What is new is granted, what waits is led on."""
    await idis("delegate", "88.118.8", "--to", "[2001:db8::1]:2641", "--http", "8000", "--owner", "yard")
    await idis("apply", "88.118.9", "--owner", "other")
    await idis("delegate", "88.118.9", "--service", "88.118/service")
    out = capsys.readouterr().out

    assert "88.118.8: granted and delegated to [2001:db8::1]:2641 (version 4)" in out
    assert "88.118.9: granted and delegated to 88.118/service (version 4)" in out


async def test_two_persons_revoke(idis: Run, token_for: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """The first is told what it waits for, which shows until the second has asked."""
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    capsys.readouterr()
    await idis("revoke", "88.118.8")
    first = capsys.readouterr().out
    await idis("show", "88.118.8")
    shown = capsys.readouterr().out
    await idis("revoke", "88.118.8", token=token_for("88.118/second", OPERATOR))

    assert first.startswith("revoke 88.118.8: noted for 88.118/OPS; it happens when a second person asks for the same, until ")
    assert "waits to revoke" in shown
    assert capsys.readouterr().out.startswith("88.118.8: revoked (version ")


async def test_terms_change_over_the_network(
    idis: Run, secondary: Node, token_for: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of the data directory; who may not is refused, and the trail names him."""
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    await idis("terms", "88.118.8", "--daily-quota", "1000", "--signing", "required", "--privacy", "strict")
    with pytest.raises(CommandError, match="no administrator"):
        await idis("terms", "88.118.8", "--quota", "1", token=token_for("88.1/other"))
    capsys.readouterr()
    await idis("show", "88.118.8")
    shown = " ".join(capsys.readouterr().out.split())
    secondary._store.write(lambda _txn: None, actor="test").result()  # behind the line of the trail, which nobody waits for
    with secondary._store.read() as txn:
        refused = [(line.act, line.subject) for _, body in txn.audits(None, 100) if (line := decode_line(body)).refused]

    assert "restricted values as if absent (strict) signing required daily quota 1,000 resolutions" in shown
    assert refused == [("change terms", "88.118.8")]


async def test_a_transfer_names_the_new_owner(
    idis: Run, token_for: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the form of the national interface."""
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--owner", "old")
    second = token_for("88.118/second", OPERATOR)
    for token in ({}, {"token": second}):
        await idis("transfer", "88.118.8", "--owner", "new", "--reason", "merger", **token)

    assert "88.118.8: transferred to new (version " in capsys.readouterr().out


async def test_the_form_is_filed_and_shown(idis: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON with the national names, for an applicant whom the operator names."""
    form = {
        "orgName": "上海某船厂",
        "orgNature": 2,
        "orgAddrProvince": "310000",
        "orgAddrCity": "310100",
        "orgAddr": "浦东新区",
        "orgCrtType": 1,
        "orgCrtCode": "91310000MA1FL0007C",
        "industryCategory": "C",
        "contactName": "张三",
        "contactPhone": "021-55550100",
        "contactEmail": "zhang@example.com",
        "legalName": "李四",
    }
    file = tmp_path / "form.json"
    file.write_text(json.dumps(form), encoding="utf-8")
    await idis("apply", "88.118.8", "--form", str(file), "--applicant", "300:88.1/zhang")
    capsys.readouterr()
    await idis("show", "88.118.8")
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if " " in line)

    assert shown["owner"] == "上海某船厂 91310000MA1FL0007C"
    assert shown["contactEmail"] == "zhang@example.com"
    assert shown["applied"].startswith("300:88.1/ZHANG ")


async def test_hosting_and_ranges(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Hosted in one step, ended; a range made, listed, withdrawn."""
    for step in ("apply", "review", "approve"):
        await idis(step, "88.118.9")
    await idis("host", "88.118.9")
    await idis("unhost", "88.118.9")
    await idis("route", "88.118.1000", "88.118.1999", "--to", "192.0.2.1:2641")
    await idis("list")
    await idis("route", "88.118.1000", "--remove")
    out = capsys.readouterr().out

    assert "88.118.9: hosted here (version 5)" in out
    assert "88.118.9: no longer hosted (version 6)" in out
    assert "88.118.1000 to 88.118.1999: delegated to 192.0.2.1:2641 (version 1)" in out
    assert ["88.118.1000", "to", "88.118.1999", "elsewhere"] in [line.split() for line in out.splitlines()]
    assert "the range that began at 88.118.1000 is no longer delegated" in out


async def test_an_operator_homes_and_lets_go(idis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """At the node that answers."""
    await idis("home", "88.200.1", "--owner", "yard")
    await idis("unhome", "88.200.1")
    out = capsys.readouterr().out

    assert "88.200.1: homed here (version 1)" in out
    assert "88.200.1: no longer homed here (version 2)" in out


async def test_a_status_is_said_over_the_network_and_its_end_is_warned_of(
    idis: Run, secondary: Node, token_for: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the record of the prefix stands: at its parent; `idis health` warns before it ends, and not after a renewal."""
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    issuer = tmp_path / "owner.pem"
    issuer.write_bytes(make_operator_key().private)
    issuer.chmod(0o600)
    server = f"127.0.0.1:{secondary.http_port}"

    async def said(*words: str) -> str:
        capsys.readouterr()
        assert await asyncio.to_thread(main, [*words]) == ExitCode.DONE
        secondary._follower.look()
        return capsys.readouterr().out

    await said("key", "delegate", "88.118.8", "--issuer", str(issuer), "--child", str(issuer), "--server", server)
    status = ("key", "status", "88.118.8", "--issuer", str(issuer), "--server", server)
    first = await said(*status, "--hours", "5")
    warned = await said("health", server)
    await said(*status)
    quiet = await said("health", server)

    assert first.startswith("0.NA/88.118.8: current until ")
    assert "warning: the status of 88.118.8 ends at " in warned
    assert "warning" not in quiet
    with secondary._store.read() as txn:
        entry = txn.prefix("88.118.8")
    assert entry is not None
    assert [value.index for value in decode_values(entry.values) if value.type == "IDIS.STATUS"] == [430]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("approve", "88.118.8"), "is no administrator of this"),
        (("list",), "is no administrator of this"),
        (("home", "88.200.1"), "is not delegated to this node"),
        (("apply", "88.118.8"), "An application for 88.118.8 names the organisation"),
    ],
)
async def test_a_stranger_is_told_what_he_lacks(
    idis: Run, token_for: Callable[..., str], words: tuple[str, ...], sentence: str
) -> None:
    """The node's own sentence, exit code 1."""
    with pytest.raises(CommandError, match=sentence) as caught:
        await idis(*words, token=token_for("88.1/stranger"))

    assert caught.value.code is ExitCode.REFUSED


async def test_without_a_token_the_way_to_one_is_named(idis: Run) -> None:
    """401 in words; who has one is told what is wrong with it instead."""
    with pytest.raises(CommandError, match="give an API token with --token-file FILE"):
        await idis("list", token="")
    with pytest.raises(CommandError, match=r"this token is unknown: send all of it, or have a new one made$"):
        await idis("list", token="idis_" + "A" * 43)


def _arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    prefix.configure(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("list", "--server", "127.0.0.1:1"), "nobody answers at 127.0.0.1:1"),
        (("list", "--server", "ftp://x"), "is no address of a node"),
        (("list", "--server", "http://x:y"), "is no address of a node"),
        (("list", "--server", "http://127.0.0.1:1", "--token-file", "/nowhere"), "/nowhere cannot be read"),
        (("revoke", "88.118.8", "--alone", "--server", "http://127.0.0.1:1"), "--alone is for a data directory"),
        (("apply", "88.118.8", "--applicant", "300:", "--server", "http://127.0.0.1:1"), "is no identity"),
        (("apply", "88.118.8", "--form", "/nowhere", "--server", "http://127.0.0.1:1"), "/nowhere cannot be read"),
    ],
)
def test_mistakes_are_told_in_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    """Before anything is asked of anybody."""
    with pytest.raises(CommandError, match=sentence):
        prefix.run(_arguments(*words))


async def test_an_administrators_key_is_taken_in_over_the_network(
    idis: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With sites and with hosting; shown as its digest."""
    pair = make_operator_key()
    (tmp_path / "operator.pub").write_bytes(pair.public)
    key = ("--admin-key", str(tmp_path / "operator.pub"))
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", *key)
    await idis("show", "88.118.8")
    delegated = capsys.readouterr().out
    await idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--no-admin-key")
    await idis("host", "88.118.8", *key)
    capsys.readouterr()
    await idis("show", "88.118.8")

    digest = sha256(pair.public).hexdigest()
    assert [f"300, SHA-256 {digest}" in shown for shown in (delegated, capsys.readouterr().out)] == [True, True]
