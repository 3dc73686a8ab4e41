"""One thing with many codes: names of other schemes lead to records, and come and go with their values."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from idis.proto.detect import detect
from idis.proto.schemes.recognised import Recognised
from idis.proto.value import Value
from idis.registry.aliases import holders, keys_named
from idis.registry.prefix import PrefixEntry
from idis.registry.record import MARK_LISTED, Alias, Record, prepare
from idis.registry.registration.records import add_values, create_record, modify_values, remove_values, replace_record
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.store.memory import MemoryStore

NOW = 1_800_000_000
CLASS = "gs1:https://id.gs1.org/01/06901234567892"
ITEM = f"{CLASS}/21/42"
URL = Value(1, "URL", b"https://maker.example")


@pytest.fixture
def store() -> MemoryStore:
    """Two owners."""
    made = MemoryStore()

    def register(txn: WriteTxn) -> None:
        txn.put_prefix(PrefixEntry("88.1", homed=True, owner="一号公司"))
        txn.put_prefix(PrefixEntry("88.2", homed=True, owner="二号公司"))

    made.write(register, actor="test").result()
    return made


def alias(index: int, text: str, permissions: int = 14) -> Value:
    """A value that names the record."""
    return Value(index, "IDIS.ALIAS", text.encode(), permissions=permissions)


def create(store: MemoryStore, identifier: str, *values: Value) -> None:
    """Register a record."""
    store.write(lambda txn: create_record(txn, identifier, [URL, *values], NOW), actor="test").result()


def read(text: str) -> Recognised:
    """The surest reading of a text."""
    return detect(text, year=2026)[0]


def aliases_of(txn: ReadTxn, key: bytes) -> tuple[Alias, ...]:
    """The names of the record of a key."""
    record = txn.record(key)
    assert record is not None
    return record.aliases


def found(store: MemoryStore, text: str) -> Sequence[str]:
    """The records that a text names."""
    with store.read() as txn:
        return [holder.identifier for holder in holders(txn, read(text))]


def test_every_spelling_of_a_name_leads_to_its_record(store: MemoryStore) -> None:
    """A scan, a URL and an EPC URN are one name."""
    create(store, "88.1/A", alias(2, ITEM), alias(3, "imo:IMO9074729"))

    for text in ("(01)06901234567892(21)42", "https://id.gs1.org/01/06901234567892/21/42", "urn:epc:id:sgtin:6901234.056789.42"):
        assert found(store, text) == ["88.1/A"]
    assert found(store, "IMO 9074729") == ["88.1/A"]


def test_an_item_that_nobody_registered_is_its_class(store: MemoryStore) -> None:
    """The finest level that anybody has; the level says how much coarser it is."""
    create(store, "88.1/CLASS", alias(2, CLASS))
    with store.read() as txn:
        (holder,) = holders(txn, read("(01)06901234567892(10)LOT(21)7"))
        keys, level = keys_named(txn, read("(01)06901234567892(21)7"))

        assert (holder.identifier, holder.name) == ("88.1/CLASS", CLASS.removeprefix("gs1:"))
        assert (len(keys), level) == (1, 1)


def test_all_records_of_one_name_are_told_with_their_owners(store: MemoryStore) -> None:
    """Two companies may have the same number of a third."""
    create(store, "88.1/A", alias(2, ITEM))
    create(store, "88.2/B", alias(2, ITEM))
    with store.read() as txn:
        told = [(holder.identifier, holder.prefix, holder.owner) for holder in holders(txn, read(ITEM.removeprefix("gs1:")))]

    assert told == [("88.1/A", "88.1", "一号公司"), ("88.2/B", "88.2", "二号公司")]


def test_names_come_and_go_with_their_values(store: MemoryStore) -> None:
    """Added, changed, removed; what the record was given otherwise stays."""
    given = (Alias("localId", "W-7"),)
    store.write(lambda txn: create_record(txn, "88.1/A", [URL], NOW, aliases=given), actor="test").result()
    store.write(lambda txn: add_values(txn, "88.1/A", [alias(2, ITEM)], NOW), actor="test").result()
    assert found(store, "(01)06901234567892(21)42") == ["88.1/A"]

    store.write(lambda txn: modify_values(txn, "88.1/A", [alias(2, "imo:IMO9074729")], NOW), actor="test").result()
    assert found(store, "(01)06901234567892(21)42") == []
    assert found(store, "IMO9074729") == ["88.1/A"]

    store.write(lambda txn: remove_values(txn, "88.1/A", [2], NOW), actor="test").result()
    assert found(store, "IMO9074729") == []
    with store.read() as txn:
        (key,) = txn.aliases("localId", "W-7", 1)
        assert aliases_of(txn, key) == given


def test_a_replacement_names_what_its_values_name(store: MemoryStore) -> None:
    """Nothing is left of the names before it."""
    create(store, "88.1/A", alias(2, ITEM))
    store.write(lambda txn: replace_record(txn, "88.1/A", [alias(7, "imo:IMO9074729")], NOW), actor="test").result()
    with store.read() as txn:
        (key,) = txn.aliases("imo", "IMO9074729", 1)
        assert aliases_of(txn, key) == (Alias("imo", "IMO9074729"),)


def test_a_hidden_name_names_nothing() -> None:
    """Where it led to would tell of it."""
    values = (URL, alias(2, ITEM, permissions=12), alias(3, CLASS, permissions=14 | MARK_LISTED))

    assert prepare(Record("88.1/A", values), NOW).aliases == ()


def test_records_without_such_values_keep_the_aliases_they_are_given() -> None:
    """As those of templates' fields."""
    given = (Alias("plateNo", "88.1|7"),)

    assert prepare(Record("88.1/A", (URL,), given), NOW).aliases == given
    assert prepare(Record("88.1/A", (URL, alias(2, ITEM)), given), NOW).aliases == (*given, Alias(*ITEM.split(":", 1)))
