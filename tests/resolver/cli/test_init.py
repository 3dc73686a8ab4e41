"""`idis init`: a node with an operator and without a password."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from idis.registry.caller import Role, RoleGrant
from idis.registry.identity import parse_identity
from idis.registry.keyring import key_values
from idis.registry.roles import granted
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import verify
from idis.resolver.admin.server_key import site_key
from idis.resolver.cli import init
from idis.resolver.operator_key import (
    OperatorKeyError,
    make_operator_key,
    read_operator_key,
    read_public_key,
    write_operator_key,
)

RECURSIVE = ("--tier", "recursive", "--root", "127.0.0.1:2641")


def made(directory: Path, *words: str) -> int:
    """Run `idis init DIRECTORY WORDS`."""
    parser = argparse.ArgumentParser()
    init.configure(parser)
    return init.run(parser.parse_args([str(directory), "--name", "node", "--no-tls", *words]))


def operators(directory: Path) -> dict[str, tuple[tuple[RoleGrant, ...], list[bytes]]]:
    """Who holds a role, which, and with which keys."""
    store = LmdbStore.open(directory, exclusive=False)
    with store.read() as txn:
        found = {str(who): (roles, [value.data for value in key_values(txn, who)]) for who, roles in granted(txn)}
    store.close()
    return found


@pytest.mark.parametrize(
    ("words", "identity"),
    [
        (("--tier", "secondary", "--prefix", "88.118"), "300:0.NA/88.118"),
        (("--tier", "root"), "300:0.NA/0.NA"),
        (RECURSIVE, "300:LOCAL/NODE"),
    ],
)
def test_first_operator(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], identity: str) -> None:
    """With a prefix of its own or without, the node knows its operator by the key that lies beside it, and says so once."""
    assert made(tmp_path / "node", *words) == 0
    key = read_operator_key(tmp_path / "node" / "operator.pem")

    assert operators(tmp_path / "node") == {identity: ((RoleGrant(Role.OPERATOR),), [key.public])}
    assert f"operator {identity}: the private key is {tmp_path}/node/operator.pem" in capsys.readouterr().out
    assert verify(tmp_path / "node").sound


def test_the_parents_operator_is_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command, with the two public keys that lie in the directory; nothing where there is no parent."""
    place = ("--host", "192.0.2.40", "--port", "2700", "--http-port", "8080")
    told = []
    below = ("--tier", "enterprise", "--prefix", "88.118.8")
    for name, words in (("yard", below), ("root", ("--tier", "root")), ("recursive", RECURSIVE)):
        made(tmp_path / name, *words, *place)
        told.append([line for line in capsys.readouterr().out.splitlines() if "prefix delegate" in line])
    yard = tmp_path / "yard"

    line = (
        "  idis prefix delegate 88.118.8 --data PARENT --to 192.0.2.40:2700 --http 8080 "
        "--admin-key operator.pub --server-key server_key.pub"
    )
    assert told == [[line], [], []]
    assert read_public_key(yard / "operator.pub") == read_operator_key(yard / "operator.pem").public
    assert site_key((yard / "server_key.pub").read_bytes())


def test_only_the_prefix_of_the_operator_gets_his_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """He is 300 of the first one; the others have administrators to come."""
    made(tmp_path / "node", "--tier", "enterprise", "--prefix", "88.118.8", "--prefix", "88.118.9")
    lines = [line for line in capsys.readouterr().out.splitlines() if "prefix delegate" in line]

    assert ["--admin-key" in line for line in lines] == [True, False]


def test_key_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The private key is made where it is wanted, and is not in the data directory."""
    made(tmp_path / "node", *RECURSIVE, "--operator-key", str(tmp_path / "mine.pem"), "--json")
    told = json.loads(capsys.readouterr().out)

    assert (told["operator"], told["operator_key"]) == ("300:LOCAL/NODE", str(tmp_path / "mine.pem"))
    assert read_operator_key(tmp_path / "mine.pem").public in operators(tmp_path / "node")["300:LOCAL/NODE"][1]
    assert not (tmp_path / "node" / "operator.pem").exists()


def test_key_that_exists(tmp_path: Path) -> None:
    """Who operates several nodes uses one key: the file is taken as it is."""
    key = make_operator_key()
    write_operator_key(tmp_path / "mine.pem", key)
    for name in ("one", "two"):
        made(tmp_path / name, *RECURSIVE, "--operator-key", str(tmp_path / "mine.pem"))

    assert operators(tmp_path / "one") == operators(tmp_path / "two")
    assert read_operator_key(tmp_path / "mine.pem") == key


def test_key_that_cannot_be_written(tmp_path: Path) -> None:
    """A node without the key of its operator is not left behind."""
    with pytest.raises(OperatorKeyError):
        made(tmp_path / "node", *RECURSIVE, "--operator-key", str(tmp_path / "none" / "mine.pem"))

    assert not (tmp_path / "node").exists()


def test_operator_of_a_prefix_is_its_administrator(tmp_path: Path) -> None:
    """The HS_ADMIN value of a new prefix names that key, so that it administers the prefix by the field's own rules too."""
    made(tmp_path / "node", "--tier", "secondary", "--prefix", "88.118")
    store = LmdbStore.open(tmp_path / "node", exclusive=False)
    with store.read() as txn:
        entry = txn.prefix("88.118")
        keys = key_values(txn, parse_identity("300:88.118"))
    store.close()

    assert entry is not None
    # index 300 of 0.NA/88.118, behind all rights
    assert bytes.fromhex("0fff 0000000b 302e4e412f38382e313138 0000012c") in entry.values
    assert len(keys) == 1
