"""`idis role` on a real data directory."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from idis.registry.identity import parse_identity
from idis.registry.keyring import key_values
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli import role
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.operator_key import make_operator_key

Command = Callable[..., int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data directory."""
    LmdbStore.create(tmp_path / "node", map_bytes=2**24).close()
    return tmp_path / "node"


@pytest.fixture
def idis(data: Path) -> Command:
    """Runs `idis role WORDS --data DIR`."""

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser()
        role.configure(parser)
        return role.run(parser.parse_args([*words, "--data", str(data)]))

    return run


def listed(idis: Command, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    """What `idis role list --json` says."""
    capsys.readouterr()
    idis("list", "--json")
    return [(row["identity"], row["role"], row["prefix"]) for row in json.loads(capsys.readouterr().out)["roles"]]


def test_grant_and_revoke(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """What is granted is listed until it is revoked; doing it again changes nothing and says so."""
    assert idis("grant", "300:88.118/zhang", "administrator", "--prefix", "88.118") == 0
    assert "administrator of 88.118 granted to 300:88.118/ZHANG (position 1." in capsys.readouterr().out
    assert listed(idis, capsys) == [("300:88.118/ZHANG", "administrator", "88.118")]
    idis("grant", "300:88.118/zhang", "administrator", "--prefix", "88.118")
    assert "nothing changed" in capsys.readouterr().out
    assert idis("revoke", "300:88.118/zhang", "administrator", "--prefix", "88.118") == 0
    assert listed(idis, capsys) == []


def test_last_operator(idis: Command) -> None:
    """Revoking the last operator is refused with exit code 1 and a remedy."""
    idis("grant", "300:88.118/zhang", "operator")

    with pytest.raises(CommandError, match="grant the role to another one before") as refused:
        idis("revoke", "300:88.118/zhang", "operator")
    assert refused.value.code is ExitCode.REFUSED


def test_key_of_a_local_identity(idis: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An auditor without a record anywhere brings his public key along."""
    key = make_operator_key()
    (tmp_path / "li.pem").write_bytes(key.public)
    idis("grant", "300:LOCAL/li", "auditor", "--key", str(tmp_path / "li.pem"))
    store = LmdbStore.open(data, exclusive=False)
    with store.read() as txn:
        held = key_values(txn, parse_identity("300:LOCAL/li"))
    store.close()

    assert [value.data for value in held] == [key.public]
    assert listed(idis, capsys) == [("300:LOCAL/LI", "auditor", "")]


def test_key_of_another_identity(idis: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key of an identity with a record belongs there; neither key nor role is kept."""
    (tmp_path / "li.pem").write_bytes(make_operator_key().public)

    with pytest.raises(CommandError, match="into its own record"):
        idis("grant", "300:88.118/li", "auditor", "--key", str(tmp_path / "li.pem"))
    assert listed(idis, capsys) == []


@pytest.mark.parametrize("words", [("grant", "300:88..1/x", "auditor"), ("grant", "300:88.1/x", "auditor", "--prefix", "88..1")])
def test_bad_names(idis: Command, words: tuple[str, ...]) -> None:
    """What is no identity or prefix is told in one sentence."""
    with pytest.raises(CommandError, match=r"is no (identity|prefix)"):
        idis(*words)


def test_table(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """For people: identity, role, and what for."""
    idis("grant", "300:88.118/zhang", "auditor")
    capsys.readouterr()
    idis("list")

    assert capsys.readouterr().out.splitlines()[1].split() == ["300:88.118/ZHANG", "auditor", "the", "whole", "node"]
