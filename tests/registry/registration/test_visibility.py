"""Readers' lists and disabling as acts, and the records of a template that follow its lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.audit.line import decode_line
from idis.registry.caller import Caller, tool
from idis.registry.identity import parse_identity
from idis.registry.prefix import PrefixEntry
from idis.registry.readers import READERS_INDEX
from idis.registry.record import Record, RecordFlag, StoredRecord, prepare
from idis.registry.registration import acts, records, relisting
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import WriteTxn
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore

T = TypeVar("T")

NOW, LATER = 1_700_000_000, 1_700_000_100
NAME = "88.1/x"
TEMPLATE = "88.1/META_part"
OPERATOR = tool("test")
READER = parse_identity("300:88.1/reader")
URL, PRICE, NOTE = Value(1, "URL", b"a"), Value(2001, "price", b"9"), Value(2002, "note", b"n")
OF_TEMPLATE = Value(1000, "TEMPLATE_ID", TEMPLATE.encode())


@pytest.fixture
def store() -> MemoryStore:
    """A node with a template of one item, 2001, and no other record."""
    made = MemoryStore(clock=lambda: NOW)
    put(made, lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)))
    item = Value(2001, "META_ITEM", '{"itemIndex":2001,"chineseName":"价","itemState":0}'.encode())
    put(made, lambda txn: records.publish_record(txn, Record(TEMPLATE, (Value(1001, "TEMPLATE", b"1"), item)), NOW))
    return made


def put(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    """Commit a change."""
    return store.write(change, actor="test").result().result


def perform(store: MemoryStore, act: acts.Act, caller: Caller = OPERATOR, now: int = NOW) -> acts.Result:
    """Do an act, and let the records of a template follow."""
    result = put(store, lambda txn: acts.perform(txn, act, caller, now))
    relisting.finish(store)
    return result


def stored(store: MemoryStore, name: str = NAME) -> StoredRecord:
    """The record as it is kept."""
    with store.read() as txn:
        record = txn.record(record_key("88.1", name.partition("/")[2], True))
    assert record is not None
    return record


def public(store: MemoryStore, name: str = NAME) -> list[int]:
    """The indexes that everybody sees."""
    return [value.index for value in decode_values(stored(store, name).public)]


def test_a_listed_value_leaves_the_public_answer(store: MemoryStore) -> None:
    """And comes back, as it was, when the list is lifted."""
    perform(store, acts.Create(NAME, (URL, NOTE)))
    before = stored(store).public
    perform(store, acts.SetReaders(NAME, 2002, (READER,)), now=LATER)

    assert stored(store).public == encode_values([URL], timestamp=NOW)
    perform(store, acts.SetReaders(NAME, 2002, None), now=LATER)
    assert stored(store).public == before


def test_a_change_of_a_hidden_value_shows_nowhere(store: MemoryStore) -> None:
    """Not even in the timestamps of the others."""
    perform(store, acts.Create(NAME, (URL, NOTE)))
    perform(store, acts.SetReaders(NAME, 2002, ()))
    before = stored(store).public
    perform(store, acts.ModifyValues(NAME, (Value(2002, "note", b"other"),)), now=LATER)

    assert stored(store).public == before
    assert stored(store).version == 3


def test_a_template_hides_a_field_of_all_its_records(store: MemoryStore) -> None:
    """Those that are there and those that come; the template itself goes on describing the field."""
    perform(store, acts.Create(NAME, (URL, PRICE, OF_TEMPLATE)))
    perform(store, acts.Create("88.1/other", (URL, PRICE)))
    perform(store, acts.SetReaders(TEMPLATE, 2001, (READER,)))
    perform(store, acts.Create("88.1/new", (PRICE, OF_TEMPLATE)))

    assert (public(store), public(store, "88.1/new"), public(store, "88.1/other")) == ([1, 1000], [1000], [1, 2001])
    assert public(store, TEMPLATE) == [1001, 2001]
    perform(store, acts.SetReaders(TEMPLATE, 2001, None))
    assert (public(store), public(store, "88.1/new")) == ([1, 1000, 2001], [1000, 2001])


def test_an_own_list_goes_before_the_templates(store: MemoryStore) -> None:
    """It stays when the template's is lifted."""
    perform(store, acts.Create(NAME, (URL, PRICE, OF_TEMPLATE)))
    perform(store, acts.SetReaders(NAME, 2001, ()))
    perform(store, acts.SetReaders(TEMPLATE, 2001, (READER,)))
    perform(store, acts.SetReaders(TEMPLATE, 2001, None))

    assert public(store) == [1, 1000]


def test_records_follow_in_bounded_pieces(store: MemoryStore) -> None:
    """Each piece is one change of the store; what is left to do survives in it."""
    count = relisting.RECORDS_PER_STEP + 10
    made = [prepare(Record(f"88.1/N{number:04}", (PRICE, OF_TEMPLATE)), NOW) for number in range(count)]
    store.write_all(made, actor="test")
    put(store, lambda txn: acts.perform(txn, acts.SetReaders(TEMPLATE, 2001, ()), OPERATOR, NOW))
    first = put(store, relisting.step)

    assert first is not None
    assert (first.done, first.changed) == (False, relisting.RECORDS_PER_STEP - 1)  # the template stands before them
    second = put(store, relisting.step)
    assert second is not None
    assert (second.done, second.changed) == (True, count)
    assert put(store, relisting.step) is None


def test_a_disabled_record_stays_disabled_and_hidden(store: MemoryStore) -> None:
    """A change of its template's lists writes it anew and does not bring it back."""
    perform(store, acts.Create(NAME, (PRICE, OF_TEMPLATE)))
    perform(store, acts.Disable(NAME))
    perform(store, acts.SetReaders(TEMPLATE, 2001, ()))

    assert stored(store).flags == RecordFlag.DISABLED | RecordFlag.LISTED
    perform(store, acts.Enable(NAME))
    assert public(store) == [1000]


def test_disabling_an_item_disables_the_field(store: MemoryStore) -> None:
    """Everywhere, and the template says so: itemState 1."""
    perform(store, acts.Create(NAME, (URL, PRICE, OF_TEMPLATE)))
    perform(store, acts.Disable(TEMPLATE, (2001,)))

    assert public(store) == [1, 1000]
    assert b'"itemState":1' in stored(store, TEMPLATE).public
    perform(store, acts.Enable(TEMPLATE, (2001,)))
    assert public(store) == [1, 1000, 2001]
    assert b'"itemState":0' in stored(store, TEMPLATE).public


def test_a_field_that_the_template_names_is_switched_off_not_removed(store: MemoryStore) -> None:
    """Its data are there when it is enabled again; a value of another index goes."""
    perform(store, acts.Create(NAME, (URL, PRICE, OF_TEMPLATE)))
    perform(store, acts.RemoveValues(NAME, (1, 2001)))

    assert public(store) == [1000]
    perform(store, acts.Enable(NAME, (2001,)))
    assert public(store) == [1000, 2001]


def test_a_disabled_value_counts_as_absent(store: MemoryStore) -> None:
    """It is not modified; a value added at its index takes its place and is in force."""
    perform(store, acts.Create(NAME, (URL, NOTE)))
    perform(store, acts.Disable(NAME, (2002,)))
    modified = perform(store, acts.ModifyValues(NAME, (Value(2002, "note", b"new"),)))

    assert isinstance(modified, Refusal)
    assert modified.code == ResponseCode.VALUES_NOT_FOUND
    perform(store, acts.AddValues(NAME, (Value(2002, "note", b"new"),)))
    assert public(store) == [1, 2002]
    assert all(value.index != READERS_INDEX for value in stored(store).values)


def test_a_replacement_keeps_lists_and_disabled_values(store: MemoryStore) -> None:
    """Whoever puts a whole record need not know what is kept in it."""
    perform(store, acts.Create(NAME, (URL, PRICE, NOTE)))
    perform(store, acts.SetReaders(NAME, 2001, ()))
    perform(store, acts.Disable(NAME, (2002,)))
    perform(store, acts.Create(NAME, (URL, Value(2001, "price", b"10")), overwrite=True))

    assert public(store) == [1]
    assert {value.index: value.data for value in stored(store).values if value.index != READERS_INDEX} == {
        1: b"a",
        2001: b"10",
        2002: b"n",
    }


def test_a_disabled_record_is_not_registered_over(store: MemoryStore) -> None:
    """The name is taken for whoever may register there; it can be enabled or deleted."""
    perform(store, acts.Create(NAME, (URL,)))
    perform(store, acts.Disable(NAME))
    refused = [perform(store, acts.Create(NAME, (NOTE,), overwrite=overwrite)) for overwrite in (False, True)]

    assert [getattr(one, "code", 0) for one in refused] == [ResponseCode.HANDLE_ALREADY_EXISTS] * 2
    assert isinstance(perform(store, acts.Delete(NAME)), acts.Done)
    assert isinstance(perform(store, acts.Create(NAME, (NOTE,))), acts.Done)


_ACTS = [acts.Delete(NAME), acts.Enable(NAME), acts.ModifyValues(NAME, (URL,)), acts.SetReaders(NAME, 1, ())]


@pytest.mark.parametrize("act", _ACTS)
def test_a_disabled_record_is_absent_to_strangers(store: MemoryStore, act: acts.Act) -> None:
    """The refusal is that of a name nobody registered."""
    stranger = Caller("tcp", parse_identity("300:88.1/z"))
    never = perform(store, act, stranger)
    perform(store, acts.Create(NAME, (URL,)))
    perform(store, acts.Disable(NAME))

    assert perform(store, act, stranger) == never
    assert isinstance(never, Refusal)
    assert never.code == ResponseCode.HANDLE_NOT_FOUND


def test_the_nodes_own_value_is_nobody_elses(store: MemoryStore) -> None:
    """Not added, not removed, not listed."""
    perform(store, acts.Create(NAME, (URL, NOTE)))
    perform(store, acts.SetReaders(NAME, 2002, ()))
    added = perform(store, acts.AddValues(NAME, (Value(READERS_INDEX, "URL", b"u"),)))
    perform(store, acts.RemoveValues(NAME, (READERS_INDEX,)))

    assert isinstance(added, Refusal)
    assert public(store) == [1]
    assert isinstance(perform(store, acts.SetReaders(NAME, READERS_INDEX, None)), Refusal)


def test_what_leads_on_cannot_be_hidden(store: MemoryStore) -> None:
    """Whoever could not see an alias would be answered wrongly."""
    perform(store, acts.Create(NAME, (Value(1, "HS_ALIAS", b"88.1/y"),)))

    assert isinstance(perform(store, acts.SetReaders(NAME, 1, ())), Refusal)


def test_a_template_with_lists_is_not_deleted(store: MemoryStore) -> None:
    """Its records would show what it keeps for some."""
    perform(store, acts.SetReaders(TEMPLATE, 2001, ()))

    assert isinstance(perform(store, acts.Delete(TEMPLATE)), Refusal)
    perform(store, acts.SetReaders(TEMPLATE, 2001, None))
    assert isinstance(perform(store, acts.Delete(TEMPLATE)), acts.Done)


def test_a_new_edition_of_a_template_keeps_its_lists(store: MemoryStore) -> None:
    """And says which items are disabled."""
    perform(store, acts.SetReaders(TEMPLATE, 2001, ()))
    perform(store, acts.Disable(TEMPLATE, (2001,)))
    item = Value(2001, "META_ITEM", b'{"itemIndex":2001,"itemState":0,"definition":"new"}')
    put(store, lambda txn: records.publish_record(txn, Record(TEMPLATE, (Value(1001, "TEMPLATE", b"2"), item)), NOW))
    perform(store, acts.Create(NAME, (URL, PRICE, OF_TEMPLATE)))

    assert public(store) == [1, 1000]
    assert b'"itemState":1,"definition":"new"' in stored(store, TEMPLATE).public


def test_grants_are_audited(store: MemoryStore) -> None:
    """Who is on the list now."""
    perform(store, acts.Create(NAME, (URL, NOTE)))
    perform(store, acts.SetReaders(NAME, 2002, (READER,)))
    with store.read() as txn:
        lines = [decode_line(line) for _, line in txn.audits(None, 9)]

    assert [line.act for line in lines] == ["create", "set readers"]
    assert lines[1].note == "value 2002 is for 300:88.1/READER"
