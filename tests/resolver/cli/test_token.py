"""`idis token` on a real data directory."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idis.registry.caller import Action, Caller, Role, RoleGrant
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.registry.store.lmdb import LmdbStore
from idis.registry.tokens import authenticate
from idis.resolver.cli import token
from idis.resolver.cli.output import CommandError, ExitCode

Command = Callable[..., int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data directory."""
    LmdbStore.create(tmp_path / "node", map_bytes=2**24).close()
    return tmp_path / "node"


@pytest.fixture
def idis(data: Path) -> Command:
    """Runs `idis token WORDS --data DIR`."""

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser()
        token.configure(parser)
        return token.run(parser.parse_args([*words, "--data", str(data)]))

    return run


def ask(data: Path, secret: str, address: str = "192.0.2.7") -> Caller | Refusal:
    """Who stands behind a secret."""
    store = LmdbStore.open(data, exclusive=False)
    try:
        with store.read() as txn:
            return authenticate(txn, secret, address, int(time.time()))
    finally:
        store.close()


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON that was printed."""
    return json.loads(capsys.readouterr().out)


def test_secret_alone_on_standard_output(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The secret can be piped to where it belongs; what is said about it goes to standard error, and it works."""
    assert idis("create", "--identity", "300:88.118/zhang", "--prefix", "88.118", "--network", "192.0.2.0/24") == 0
    told = capsys.readouterr()
    secret = told.out.removesuffix("\n")
    caller = ask(data, secret)

    assert secret.startswith("idis_")
    assert secret not in told.err
    assert isinstance(caller, Caller)
    assert caller.identity == Identity(300, "88.118/ZHANG")
    assert isinstance(ask(data, secret, "198.51.100.1"), Refusal)


def test_of_roles(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token with roles of its own, for the actions that were named."""
    idis("create", "--role", "application:88.118", "--role", "auditor", "--action", "audit", "--json")
    caller = ask(data, document(capsys)["secret"])

    assert isinstance(caller, Caller)
    assert caller.roles == (RoleGrant(Role.APPLICATION, "88.118"), RoleGrant(Role.AUDITOR))
    assert caller.scope is not None
    assert caller.scope.actions == {Action.AUDIT}


def test_list(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """The list shows what a token is for and no secret, as a table and as JSON."""
    idis("create", "--identity", "300:88.118/zhang", "--label", "MES", "--json")
    made = document(capsys)
    idis("list", "--json")
    (shown,) = document(capsys)["tokens"]
    idis("list")
    table = capsys.readouterr().out

    assert {**shown, "secret": made["secret"]} == {**made, "state": "valid"}
    assert made["secret"] not in table
    for word in (made["id"], "MES", "valid", "300:88.118/ZHANG", "anywhere", "never"):
        assert word in table


def test_revoke(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A revoked token is refused at once, and stays in the list as revoked."""
    idis("create", "--identity", "300:88.118/zhang", "--json")
    made = document(capsys)
    assert idis("revoke", made["id"]) == 0
    assert "is revoked" in capsys.readouterr().out
    idis("revoke", made["id"])
    assert "nothing changed" in capsys.readouterr().out
    idis("list", "--json")

    assert document(capsys)["tokens"][0]["state"] == "revoked"
    assert isinstance(ask(data, made["secret"]), Refusal)


def test_unknown(idis: Command) -> None:
    """A token that is not there: exit code 1."""
    with pytest.raises(CommandError, match="there is no token") as refused:
        idis("revoke", "00ff")
    assert refused.value.code is ExitCode.REFUSED


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--role", "king"), "king is no role"),
        (("--identity", "300:88..1"), "is no identity"),
        (("--identity", "300:88.1/x", "--days", "366"), "1 to 365 days"),
        (("--identity", "300:88.1/x", "--network", "here"), "no network"),
        (("--identity", "300:88.1/x", "--prefix", "88..1"), "no prefix"),
    ],
)
def test_bad_words(idis: Command, words: tuple[str, ...], sentence: str) -> None:
    """Each mistake is told in one sentence."""
    with pytest.raises(CommandError, match=sentence):
        idis("create", *words)
