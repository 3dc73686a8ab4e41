"""Identity through recursion on live nodes: a recursive node carries a pass on, and keeps nothing of the answer."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from idis.proto.proof import SKEW_S
from idis.proto.reader_pass import decode_pass
from idis.proto.value import Value
from idis.registry.identity import parse_identity
from idis.registry.readers import NOTHING_LISTED, ReaderLists, lists_value, mark
from idis.registry.record import Record
from idis.resolver.client import Client
from idis.resolver.client_key import Key
from idis.resolver.config import RecursionSection, Tier
from idis.resolver.node import Node
from tests.resolver.conftest import StartNode
from tests.waiting import WAIT_S_MAX

NAME = "88.118.8/P1"
READER = "300:88.118.8/zhang"


def key_pair(number: int) -> Ed25519PrivateKey:
    """A key that is the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32)


def key_file(folder: Path, number: int) -> Key:
    """The reader's key, or somebody else's in his name."""
    path = folder / f"{number}.pem"
    path.write_bytes(key_pair(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Key.from_file(READER, path)


def records() -> tuple[Record, ...]:
    """The reader's key, and a record that shows its price to him alone."""
    pem = key_pair(1).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    lists = lists_value(ReaderLists({2001: (parse_identity(READER),)}))
    values = mark((Value(1, "URL", b"u"), Value(2001, "price", b"9"), lists), NOTHING_LISTED)
    return Record("88.118.8/zhang", (Value(300, "HS_PUBKEY", pem),)), Record(NAME, values)


@pytest.fixture
async def nodes(start_node: StartNode) -> tuple[Node, Node]:
    """An enterprise node that is its own root, and a recursive node that asks it."""
    enterprise = await start_node(records=records())
    recursion = RecursionSection(enabled=True, roots=(f"127.0.0.1:{enterprise.port}",))
    return enterprise, await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)


async def seen(node: Node, auth: bytes = b"", name: str = NAME) -> list[int] | int:
    """The indexes of an answer, or its code."""
    async with Client(f"127.0.0.1:{node.port}", timeout_s=WAIT_S_MAX) as client:
        reply = await client.resolve(name, auth=auth)
    return [value.index for value in reply.values] if reply.found else reply.code


async def test_a_reader_sees_through_a_recursive_node_what_others_do_not(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """Before, meanwhile, and after: nothing of his answer is kept."""
    key, now = key_file(tmp_path, 1), int(time.time())
    answers = [await seen(nodes[1], auth) for auth in (b"", key.make_pass(NAME, now), b"", key.make_pass(NAME, now))]

    assert answers == [[1], [1, 2001], [1], [1, 2001]]


async def test_a_reader_shows_his_pass_to_the_node_itself(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """The way through recursion and the short way give the same."""
    assert await seen(nodes[0], key_file(tmp_path, 1).make_pass(NAME, int(time.time()))) == [1, 2001]


@pytest.mark.parametrize("through", [0, 1], ids=["direct", "recursive"])
@pytest.mark.parametrize("fault", ["another key", "another name", "late", "early", "changed", "garbage"])
async def test_a_wrong_pass_shows_nothing(nodes: tuple[Node, Node], tmp_path: Path, fault: str, through: int) -> None:
    """It is refused with 403, never answered as if there were none: its sender believes to have said who he is."""
    now, key = int(time.time()), key_file(tmp_path, 1)
    good = key.make_pass(NAME, now)
    auth = {
        "another key": key_file(tmp_path, 2).make_pass(NAME, now),
        "another name": key.make_pass("88.118.8/P2", now),
        "late": key.make_pass(NAME, now - SKEW_S),
        "early": key.make_pass(NAME, now + SKEW_S),
        "changed": replace(decode_pass(good), expires=decode_pass(good).expires + 1).encode(),
        "garbage": b"idis-pass.AAAA",
    }[fault]

    assert await seen(nodes[through], auth) == 403


async def test_tokens_of_other_nodes_do_no_harm(nodes: tuple[Node, Node]) -> None:
    """What id-pointer appends is carried on, and an answer to nobody in particular comes back."""
    assert await seen(nodes[1], b"some token") == [1]
