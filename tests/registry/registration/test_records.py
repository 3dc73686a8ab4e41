"""Registering records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.value import Value, decode_values
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState
from idis.registry.record import Alias, Record, prepare
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import (
    Recorded,
    add_values,
    create_record,
    delete_record,
    modify_values,
    publish_record,
    remove_values,
    replace_record,
)
from idis.registry.registration.value_checks import RECORD_BYTES_MAX
from idis.registry.store.base import WriteTxn
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore

T = TypeVar("T")

NOW = 1_700_000_000
NAME = "88.118.8/A1"
URL = Value(1, "URL", b"https://a.example")
EMAIL = Value(2, "EMAIL", b"a@b.example")
SECRET = Value(3, "HS_SECKEY", b"secret", permissions=0b1100)
LOCKED = Value(4, "NOTE", b"for ever", permissions=0b1010)


@pytest.fixture
def store() -> MemoryStore:
    """An enterprise node that homes 88.118.8."""
    made = MemoryStore(clock=lambda: NOW)
    _put(made, "88.118.8", homed=True)
    return made


def _put(store: MemoryStore, name: str, **facts: object) -> None:
    _write(store, lambda txn: txn.put_prefix(PrefixEntry(name, **facts)))  # type: ignore[arg-type]


def _write(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    return store.write(change, actor="operator").result().result


def _create(store: MemoryStore, *values: Value, name: str = NAME, now: int = NOW) -> Recorded | Refusal:
    return _write(store, lambda txn: create_record(txn, name, values, now))


def _stored(store: MemoryStore, name: str = NAME) -> tuple[Value, ...]:
    """The values as stored, without their timestamps."""
    prefix, _, suffix = name.partition("/")
    with store.read() as txn:
        record = txn.record(record_key(prefix, suffix, True))
    assert record is not None
    assert record.live
    values = (*decode_values(record.public), *decode_values(record.restricted))
    return tuple(
        Value(value.index, value.type, value.data, value.ttl, value.ttl_type, 0, value.permissions, value.references)
        for value in values
    )


def _refused(result: object, code: int) -> str:
    assert isinstance(result, Refusal), result
    assert result.code == code
    return result.message


def test_a_created_record_is_stored(store: MemoryStore) -> None:
    """All its values, and version 1."""
    assert _create(store, URL, SECRET) == Recorded(NAME, 1)
    assert _stored(store) == (URL, SECRET)


def test_the_registry_sets_the_timestamp(store: MemoryStore) -> None:
    """Whatever the client wrote there."""
    _create(store, Value(1, "URL", b"u", timestamp=5))
    with store.read() as txn:
        record = txn.record(record_key("88.118.8", "A1", True))

    assert record is not None
    assert decode_values(record.public)[0].timestamp == NOW


def test_creating_the_same_again_changes_nothing(store: MemoryStore) -> None:
    """A client that lost the answer asks again and learns that it is done."""
    _create(store, URL, SECRET)

    assert _create(store, SECRET, URL, now=NOW + 9) == Recorded(NAME, 1, changed=False)


def test_creating_in_another_case_meets_the_same_record(store: MemoryStore) -> None:
    """Suffixes fold here; the spelling stays the first one."""
    _create(store, URL)

    assert _create(store, URL, name="88.118.8/a1") == Recorded(NAME, 1, changed=False)


def test_a_taken_identifier_is_refused(store: MemoryStore) -> None:
    """Creating never overwrites."""
    _create(store, URL)

    assert "replace it" in _refused(_create(store, EMAIL), ResponseCode.HANDLE_ALREADY_EXISTS)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "is answered elsewhere"),
        ({"homed": True, "state": PrefixState.SUSPENDED}, "is suspended 停用"),
        ({"homed": True, "state": PrefixState.APPLIED}, "is applied 待审核"),
    ],
)
def test_records_are_registered_only_below_a_prefix_answered_here(
    store: MemoryStore, facts: dict[str, object], words: str
) -> None:
    """Delegated, suspended and waiting prefixes take none."""
    _put(store, "88.118.9", **facts)

    assert words in _refused(_create(store, URL, name="88.118.9/A1"), ResponseCode.SERVER_NOT_RESPONSIBLE)


def test_a_foreign_identifier_is_told_what_is_ours(store: MemoryStore) -> None:
    """A mistyped prefix is seen beside the right one."""
    words = _refused(_create(store, URL, name="88.118.6/A1"), ResponseCode.SERVER_NOT_RESPONSIBLE)

    assert words == (
        "not this node's identifier 非本企业标识: the prefix 88.118.6 is not registered here (registered here: 88.118.8): "
        "check the prefix, or home it here first"
    )


def test_a_child_of_a_homed_prefix_is_not_its_record(store: MemoryStore) -> None:
    """Only the exact prefix holds a record."""
    _refused(_create(store, URL, name="88.118.8.1/A1"), ResponseCode.SERVER_NOT_RESPONSIBLE)


def test_a_hosted_prefix_takes_records(store: MemoryStore) -> None:
    """That is what hosting is."""
    _put(store, "88.118.9", hosting=Hosting.HOSTED)

    assert _create(store, URL, name="88.118.9/A1") == Recorded("88.118.9/A1", 1)


def test_a_prefix_is_not_registered_as_a_record(store: MemoryStore) -> None:
    """It has its own life."""
    _refused(_create(store, URL, name="88.118.8"), ResponseCode.INVALID_HANDLE)


def test_what_is_no_identifier_raises_with_its_place(store: MemoryStore) -> None:
    """The position of the fault travels with the error."""
    future = store.write(lambda txn: create_record(txn, "88.118.8/a\tb", [URL], NOW), actor="operator")

    with pytest.raises(IdentifierError) as caught:
        future.result()

    assert caught.value.position == 10


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((), "at least one value"),
        ((Value(0, "URL", b""),), "index 0 is out of range"),
        ((Value(2**31, "URL", b""),), "out of range"),
        ((URL, Value(1, "EMAIL", b"")), "index 1 is given twice"),
        ((Value(1001, "TEMPLATE", b""),), "written by the node only"),
        ((Value(1, "", b""),), "a type is 1 to 255 octets"),
        ((Value(1, "T" * 256, b""),), "a type is 1 to 255 octets"),
        ((Value(1, "A B", b""),), "without blanks"),
        ((Value(1, "URL", bytes(65_537)),), "has 65537 octets (at most 65536)"),
        ((Value(1, "URL", b"", permissions=16),), "four bits"),
        ((Value(1, "URL", b"", ttl=2**32),), "a TTL is 0 to 4294967295"),
        ((Value(1, "HS_ADMIN", b"?"),), "value 1: no data of type HS_ADMIN"),
        (tuple(Value(index, "T", b"") for index in range(1, 1000)) * 3, "is given twice"),
        (tuple(Value(index, "T", b"") for index in range(2000, 4049)), "2049 values, at most 2048"),
        (tuple(Value(index, "T", bytes(65_536)) for index in (1, 2, 3, 4)), "fits no message"),
    ],
)
def test_values_that_cannot_be_are_refused(store: MemoryStore, values: tuple[Value, ...], words: str) -> None:
    """One sentence each, and nothing is stored."""
    assert words in _refused(_create(store, *values), ResponseCode.INVALID_VALUE)
    with store.read() as txn:
        assert txn.record(record_key("88.118.8", "A1", True)) is None


def test_larger_values_are_for_those_who_say_so(store: MemoryStore) -> None:
    """Up to what one message carries."""
    large = Value(1, "DOC", bytes(RECORD_BYTES_MAX - 100))

    assert _write(store, lambda txn: create_record(txn, NAME, [large], NOW, value_bytes_max=2**30)) == Recorded(NAME, 1)


def test_a_quota_bounds_the_records_of_a_prefix(store: MemoryStore) -> None:
    """The one that would exceed it is refused; changing what exists is not."""
    _put(store, "88.118.8", homed=True, quota=2)
    for number in (1, 2):
        _create(store, URL, name=f"88.118.8/{number}")

    assert "quota of 2 records" in _refused(_create(store, URL, name="88.118.8/3"), ResponseCode.REGISTRATION_COUNT_LIMIT)
    assert _write(store, lambda txn: replace_record(txn, "88.118.8/2", [EMAIL], NOW)) == Recorded("88.118.8/2", 2)
    _refused(_write(store, lambda txn: replace_record(txn, "88.118.8/3", [EMAIL], NOW)), ResponseCode.REGISTRATION_COUNT_LIMIT)


def test_deleting_frees_the_quota(store: MemoryStore) -> None:
    """Tombstones do not count."""
    _put(store, "88.118.8", homed=True, quota=1)
    _create(store, URL, name="88.118.8/1")
    _write(store, lambda txn: delete_record(txn, "88.118.8/1"))

    assert _create(store, URL, name="88.118.8/2") == Recorded("88.118.8/2", 1)


def test_replacing_puts_other_values_in_place(store: MemoryStore) -> None:
    """What is not given is gone."""
    _create(store, URL, SECRET)

    assert _write(store, lambda txn: replace_record(txn, NAME, [EMAIL], NOW)) == Recorded(NAME, 2)
    assert _stored(store) == (EMAIL,)


def test_replacing_what_is_absent_creates_it(store: MemoryStore) -> None:
    """As the overwrite flag of the wire does."""
    assert _write(store, lambda txn: replace_record(txn, NAME, [EMAIL], NOW)) == Recorded(NAME, 1)


def test_replacing_with_the_same_changes_nothing(store: MemoryStore) -> None:
    """No new version, no journal entry."""
    _create(store, URL)

    assert _write(store, lambda txn: replace_record(txn, NAME, [URL], NOW + 9)) == Recorded(NAME, 1, changed=False)


def test_replacing_keeps_what_only_the_node_writes(store: MemoryStore) -> None:
    """The template value survives every client."""
    template = Value(1001, "TEMPLATE", b"ship/block")
    _write(store, lambda txn: txn.put_record(prepare(Record(NAME, (URL, template)), NOW)))
    _write(store, lambda txn: replace_record(txn, NAME, [EMAIL], NOW))

    assert _stored(store) == (EMAIL, template)


def test_replacing_keeps_aliases_unless_new_ones_are_given(store: MemoryStore) -> None:
    """Second names are not values, and are not lost with them."""
    old, new = (Alias("imo", "IMO9074729"),), (Alias("vin", "LSVAA4182E2184847"),)
    _write(store, lambda txn: create_record(txn, NAME, [URL], NOW, aliases=old))

    def aliases() -> tuple[Alias, ...]:
        with store.read() as txn:
            record = txn.record(record_key("88.118.8", "A1", True))
        assert record is not None
        return record.aliases

    _write(store, lambda txn: replace_record(txn, NAME, [EMAIL], NOW))
    kept = aliases()
    _write(store, lambda txn: replace_record(txn, NAME, [EMAIL], NOW, aliases=new))

    assert (kept, aliases()) == (old, new)


def test_a_read_only_value_cannot_be_replaced_modified_or_removed(store: MemoryStore) -> None:
    """Without admin-write it is read-only for everybody."""
    _create(store, URL, LOCKED)
    changed = Value(4, "NOTE", b"changed", permissions=0b1110)

    for act in (
        lambda txn: replace_record(txn, NAME, [URL], NOW),
        lambda txn: replace_record(txn, NAME, [URL, changed], NOW),
        lambda txn: modify_values(txn, NAME, [changed], NOW),
        lambda txn: remove_values(txn, NAME, [4], NOW),
    ):
        _refused(_write(store, act), ResponseCode.INSUFFICIENT_PERMISSIONS)
    assert _stored(store) == (URL, LOCKED)


def test_a_read_only_value_may_stand_while_others_change(store: MemoryStore) -> None:
    """It only has to stay as it is."""
    _create(store, URL, LOCKED)

    assert _write(store, lambda txn: replace_record(txn, NAME, [EMAIL, LOCKED], NOW)) == Recorded(NAME, 2)


def test_adding_needs_free_indexes(store: MemoryStore) -> None:
    """A taken one is refused unless it holds the same already."""
    _create(store, URL)
    taken = _write(store, lambda txn: add_values(txn, NAME, [Value(1, "URL", b"other")], NOW))
    added = _write(store, lambda txn: add_values(txn, NAME, [URL, EMAIL], NOW))

    assert "modify it" in _refused(taken, ResponseCode.VALUE_ALREADY_EXISTS)
    assert added == Recorded(NAME, 2)
    assert _stored(store) == (URL, EMAIL)


def test_adding_what_is_there_changes_nothing(store: MemoryStore) -> None:
    """Asked twice, done once."""
    _create(store, URL, EMAIL)

    assert _write(store, lambda txn: add_values(txn, NAME, [EMAIL], NOW + 9)) == Recorded(NAME, 1, changed=False)


def test_modifying_needs_existing_indexes(store: MemoryStore) -> None:
    """A missing one is refused, and nothing is half-done."""
    _create(store, URL)
    moved = Value(1, "URL", b"https://b.example")
    missing = _write(store, lambda txn: modify_values(txn, NAME, [moved, EMAIL], NOW))

    assert "has no value 2" in _refused(missing, ResponseCode.VALUES_NOT_FOUND)
    assert _stored(store) == (URL,)
    assert _write(store, lambda txn: modify_values(txn, NAME, [moved], NOW)) == Recorded(NAME, 2)
    assert _stored(store) == (moved,)


def test_removing_takes_values_out(store: MemoryStore) -> None:
    """By index, named twice or not; one that is absent already is no error."""
    _create(store, URL, EMAIL)

    assert _write(store, lambda txn: remove_values(txn, NAME, [2, 2, 9], NOW)) == Recorded(NAME, 2)
    assert _write(store, lambda txn: remove_values(txn, NAME, [2], NOW)) == Recorded(NAME, 2, changed=False)
    assert _stored(store) == (URL,)


def test_a_record_keeps_at_least_one_value(store: MemoryStore) -> None:
    """Removing the last one is meant as a deletion."""
    _create(store, URL)

    assert "delete the record" in _refused(
        _write(store, lambda txn: remove_values(txn, NAME, [1], NOW)), ResponseCode.INVALID_VALUE
    )


def test_what_the_node_wrote_is_not_removed(store: MemoryStore) -> None:
    """The template value is the node's."""
    _write(store, lambda txn: txn.put_record(prepare(Record(NAME, (URL, Value(1001, "TEMPLATE", b"t"))), NOW)))

    _refused(_write(store, lambda txn: remove_values(txn, NAME, [1001], NOW)), ResponseCode.INVALID_VALUE)


def test_changing_or_deleting_what_is_absent_is_not_found(store: MemoryStore) -> None:
    """Never registered and deleted are the same."""
    _create(store, URL, name="88.118.8/B")
    _write(store, lambda txn: delete_record(txn, "88.118.8/B"))

    for name in (NAME, "88.118.8/B"):
        for act in (
            lambda txn, name=name: add_values(txn, name, [EMAIL], NOW),
            lambda txn, name=name: modify_values(txn, name, [EMAIL], NOW),
            lambda txn, name=name: remove_values(txn, name, [1], NOW),
            lambda txn, name=name: delete_record(txn, name),
        ):
            _refused(_write(store, act), ResponseCode.HANDLE_NOT_FOUND)


def test_a_version_goes_on_after_a_deletion(store: MemoryStore) -> None:
    """Or an old copy could pass for the new record."""
    _create(store, URL)

    assert _write(store, lambda txn: delete_record(txn, NAME)) == Recorded(NAME, 2)
    assert _create(store, EMAIL) == Recorded(NAME, 3)


def test_a_refused_change_leaves_no_trace_in_the_journal(store: MemoryStore) -> None:
    """Nothing happened, so nothing is told."""
    _create(store, URL)
    with store.read() as txn:
        before = txn.position
    _create(store, EMAIL)
    with store.read() as txn:
        after = txn.position

    assert after == before


def _prefix_values(store: MemoryStore) -> dict[int, Value]:
    with store.read() as txn:
        entry = txn.prefix("88.118.8")
    assert entry is not None
    return {value.index: value for value in decode_values(entry.values)}


def test_the_record_of_a_prefix_takes_values(store: MemoryStore) -> None:
    """Keys, rules and notes of a prefix stand in its own record, stamped with the time of their writing."""
    namespace = Value(5, "HS_NAMESPACE", b"<namespace/>")
    result = _write(store, lambda txn: add_values(txn, "0.NA/88.118.8", [namespace], NOW))

    assert result == Recorded("0.NA/88.118.8", 2)
    assert _prefix_values(store) == {5: Value(5, "HS_NAMESPACE", b"<namespace/>", timestamp=NOW)}


def test_the_same_value_of_a_prefix_again_changes_nothing(store: MemoryStore) -> None:
    """As with any record."""
    for _ in range(2):
        result = _write(store, lambda txn: add_values(txn, "88.118.8", [URL], NOW))

    assert result == Recorded("0.NA/88.118.8", 2, changed=False)


def test_a_value_of_a_prefix_is_modified_and_removed(store: MemoryStore) -> None:
    """Value by value, the others keep their octets."""
    _write(store, lambda txn: add_values(txn, "88.118.8", [URL, EMAIL], NOW))
    _write(store, lambda txn: modify_values(txn, "88.118.8", [Value(1, "URL", b"https://b.example")], NOW + 5))
    _write(store, lambda txn: remove_values(txn, "88.118.8", [2], NOW + 9))

    assert _prefix_values(store) == {1: Value(1, "URL", b"https://b.example", timestamp=NOW + 5)}


def test_the_sites_of_a_prefix_are_not_changed_here(store: MemoryStore) -> None:
    """They belong to delegation, homing and hosting, which keep them in step with who answers."""
    result = _write(store, lambda txn: add_values(txn, "88.118.8", [Value(1, "HS_SERV", b"88.118.8/SERV")], NOW))

    assert "idis prefix" in _refused(result, ResponseCode.INVALID_VALUE)


def test_a_prefix_that_is_not_registered_has_no_record_to_change(store: MemoryStore) -> None:
    """The nearest registered ones are named."""
    result = _write(store, lambda txn: add_values(txn, "88.118.9", [URL], NOW))

    assert "88.118.8" in _refused(result, ResponseCode.HANDLE_NOT_FOUND)


def test_a_template_is_published_with_what_only_the_node_writes(store: MemoryStore) -> None:
    """Index 1001 is refused from clients and written by the node; the same again changes nothing."""
    template = Record("88.118.8/META_ship_plate", (Value(1001, "TEMPLATE", b"1"), URL))
    first, again = (_write(store, lambda txn: publish_record(txn, template, NOW)) for _ in range(2))

    assert first == Recorded("88.118.8/META_ship_plate", 1)
    assert again == Recorded("88.118.8/META_ship_plate", 1, changed=False)
