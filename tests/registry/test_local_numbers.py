"""Bare local numbers lead to the records that have them, with and without a scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idis.proto.schemes.recognised import NUMBER_CHARACTERS_MAX, Confidence
from idis.proto.value import Value
from idis.registry.local_numbers import SCOPES_MAX, is_local, local_readings
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Alias, Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore

URL = (Value(1, "URL", b"https://maker.example"),)
Store = LmdbStore | MemoryStore


@pytest.fixture(params=["lmdb", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Both kinds."""
    made = LmdbStore.create(tmp_path / "s") if request.param == "lmdb" else MemoryStore()
    for prefix in ("88.1", "88.2"):
        made.write(lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)), actor="test").result()
    yield made
    if isinstance(made, LmdbStore):
        made.close()


def register(store: Store, *named: tuple[str, str, str]) -> None:
    """Records, each with a name: identifier, scheme, local id."""
    store.write_all([prepare(Record(name, URL, (Alias(scheme, local),)), 1) for name, scheme, local in named], actor="test")


def found(store: Store, text: str) -> list[tuple[str, str]]:
    """Scheme and canonical form of each reading."""
    with store.read() as txn:
        return [(reading.scheme, reading.canonical) for reading in local_readings(txn, text)]


def test_a_number_without_a_scope_is_found(store: Store) -> None:
    """Exactly as it is written, whatever stands around it."""
    register(store, ("88.1/A", "localId", "K-77"))

    assert found(store, " K-77\n") == [("localId", "K-77")]
    assert found(store, "k-77") == found(store, "K-7") == found(store, "K-777") == []


def test_a_number_is_found_in_every_scope(store: Store) -> None:
    """Two yards number alike; the full name is found, too."""
    register(store, ("88.1/A", "plateNo", "88.1|24H-07"), ("88.2/B", "plateNo", "88.2/S|24H-07"))
    register(store, ("88.2/C", "plateNo", "88.2/S|1"))

    assert found(store, "24H-07") == [("plateNo", "88.1|24H-07"), ("plateNo", "88.2/S|24H-07")]
    assert found(store, "88.1|24H-07") == [("plateNo", "88.1|24H-07")]


def test_scopes_of_two_parts_are_one(store: Store) -> None:
    """A serial number within supplier and part."""
    register(store, ("88.1/A", "serialNo", "88.1|P-1|0001"), ("88.1/B", "serialNo", "88.1|P-2|0002"))

    assert found(store, "0002") == [("serialNo", "88.1|P-2|0002")]


def test_names_in_between_hide_no_scope(store: Store) -> None:
    """A name without a scope, and one that is kept as its digest."""
    register(store, ("88.1/A", "heatNo", "5"), ("88.1/B", "heatNo", "88.1|6"), ("88.1/C", "heatNo", "9" * 600))

    assert found(store, "6") == [("heatNo", "88.1|6")]


def test_scopes_have_a_limit(store: Store) -> None:
    """Beyond it a number is found with its scope."""
    register(store, *((f"88.1/{n}", "plateNo", f"88.{n:03}|{n:03}") for n in range(SCOPES_MAX + 1)))

    assert found(store, f"{SCOPES_MAX - 1:03}") == [("plateNo", f"88.{SCOPES_MAX - 1:03}|{SCOPES_MAX - 1:03}")]
    assert found(store, f"{SCOPES_MAX:03}") == []
    assert found(store, f"88.{SCOPES_MAX:03}|{SCOPES_MAX:03}")


def test_numbers_of_persons_lead_nowhere(store: Store) -> None:
    """Fields that are private make nothing findable; schemes with a grammar are read by it."""
    register(store, ("88.1/A", "personNo", "88.1|7"), ("88.1/B", "imo", "7"))

    assert found(store, "7") == []
    assert (is_local("personNo"), is_local("imo"), is_local("serialNo")) == (False, False, True)


@pytest.mark.parametrize("text", ["", " ", "a\x00b", "x" * (NUMBER_CHARACTERS_MAX + 1), "\ud800"])
def test_what_no_label_has_is_not_looked_for(store: Store, text: str) -> None:
    """Nothing, controls, half characters, long texts."""
    assert found(store, text) == []


def test_a_reading_says_why(store: Store) -> None:
    """The rule, the field, the scope; and how it is written."""
    register(store, ("88.1/A", "plateNo", "88.1|24H-07"))
    with store.read() as txn:
        (reading,) = local_readings(txn, "24H-07")

    assert reading.why == "rule 16: a record of this node has it as its plateNo within 88.1"
    assert (reading.display, reading.confidence, reading.ok) == ("24H-07", Confidence.LIKELY, True)
