"""Keys an identity is proved with: where they are found, and where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idis.proto.value import Value, encode_values
from idis.registry.identity import Identity, parse_identity
from idis.registry.keyring import drop_operator_key, key_values, operator_identity, put_operator_key
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import Record, prepare
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore

PEM = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"
VALUES = (
    Value(1, "HS_SITE", b"x"),
    Value(300, "HS_PUBKEY", b"first"),
    Value(301, "hs_seckey", b"secret", permissions=12),
    Value(302, "HS_PUBKEY", b"second"),
)


@pytest.fixture
def store() -> MemoryStore:
    """A store that homes 88.118, whose prefix record and record 88.118/zhang hold keys."""
    made = MemoryStore()
    write(made, lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True, values=encode_values(VALUES))))
    write(made, lambda txn: txn.put_record(prepare(Record("88.118/zhang", VALUES), 1)))
    return made


def write(store: MemoryStore, change: Callable[[WriteTxn], Any]) -> Any:
    """The result of a change."""
    return store.write(change, actor="test").result().result


def keys_of(store: MemoryStore, identity: str) -> list[bytes]:
    """The data of the keys of an identity."""
    with store.read() as txn:
        return [value.data for value in key_values(txn, parse_identity(identity))]


@pytest.mark.parametrize("identifier", ["88.118/zhang", "88.118/ZHANG", "0.NA/88.118", "88.118"])
def test_one_key(store: MemoryStore, identifier: str) -> None:
    """The key at the index of the identity, of a record and of a prefix in any spelling."""
    assert keys_of(store, f"300:{identifier}") == [b"first"]


def test_any_key(store: MemoryStore) -> None:
    """Index 0 stands for every key, public or secret, but for nothing else."""
    assert sorted(keys_of(store, "0:88.118/zhang")) == [b"first", b"second", b"secret"]


@pytest.mark.parametrize("identity", ["1:88.118/zhang", "303:88.118/zhang", "300:88.118/li", "300:88.119/zhang", "300:88.118.8"])
def test_no_key(store: MemoryStore, identity: str) -> None:
    """Other values, free indexes, absent records and prefixes of other nodes give none."""
    assert keys_of(store, identity) == []


def test_deleted_record(store: MemoryStore) -> None:
    """The keys of a deleted record prove nothing any more."""
    write(store, lambda txn: txn.delete_record(b"88.118\x00ZHANG"))

    assert keys_of(store, "300:88.118/zhang") == []


def test_suspended_prefix(store: MemoryStore) -> None:
    """Nor do those of a suspended prefix and of the records below it."""
    entry = PrefixEntry("88.118", PrefixState.SUSPENDED, homed=True, values=encode_values(VALUES))
    write(store, lambda txn: txn.put_prefix(entry))

    assert keys_of(store, "300:88.118/zhang") == []
    assert keys_of(store, "300:0.NA/88.118") == []


def test_number_of_keys_is_bounded(store: MemoryStore) -> None:
    """A record with a hundred keys makes nobody try them all."""
    values = tuple(Value(index, "HS_PUBKEY", b"%d" % index) for index in range(1, 101))
    write(store, lambda txn: txn.put_record(prepare(Record("88.118/many", values), 1)))

    assert len(keys_of(store, "0:88.118/many")) == 16


def test_operator_key(store: MemoryStore) -> None:
    """The key of an operator that nothing here has a record of is found by its index, and by any."""
    assert write(store, lambda txn: put_operator_key(txn, parse_identity("300:LOCAL/node"), PEM)) is True
    assert write(store, lambda txn: put_operator_key(txn, parse_identity("300:LOCAL/node"), PEM)) is False
    assert keys_of(store, "300:local/NODE") == keys_of(store, "0:LOCAL/node") == [PEM]
    assert keys_of(store, "301:LOCAL/node") == []


def test_operator_keys_are_replaced_and_dropped_by_index(store: MemoryStore) -> None:
    """Each index has one key; dropping one leaves the others, dropping index 0 leaves none."""
    for index, pem in ((300, b"old"), (301, b"other"), (300, b"new")):
        write(store, lambda txn, index=index, pem=pem: put_operator_key(txn, Identity(index, "LOCAL/NODE"), pem))
    before = keys_of(store, "0:LOCAL/node")
    dropped = write(store, lambda txn: drop_operator_key(txn, Identity(300, "LOCAL/NODE")))

    assert (before, dropped, keys_of(store, "0:LOCAL/node")) == ([b"new", b"other"], True, [b"other"])
    assert write(store, lambda txn: drop_operator_key(txn, Identity(0, "LOCAL/NODE"))) is True
    assert write(store, lambda txn: drop_operator_key(txn, Identity(0, "LOCAL/NODE"))) is False
    assert keys_of(store, "0:LOCAL/node") == []


@pytest.mark.parametrize(
    ("prefixes", "identity"),
    [(("88.118", "88.119"), "300:0.NA/88.118"), ((), "300:LOCAL/NODE 1"), (("99.ab",), "300:0.NA/99.AB")],
)
def test_first_operator(prefixes: tuple[str, ...], identity: str) -> None:
    """The administrator of the first prefix, or a name of the node's own; spelled as identities are compared."""
    made = operator_identity(prefixes, "node 1")

    assert str(made) == identity
    assert parse_identity(identity) == made
