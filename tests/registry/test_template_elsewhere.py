"""Templates of other nodes: what is hidden while they are not known, once they are, and when they change."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, Outcome
from idis.proto.query import Query
from idis.proto.value import Value, decode_values
from idis.registry.authority import answer
from idis.registry.identity import identity_of
from idis.registry.loading.load import Options, load
from idis.registry.loading.template_lists import TemplateLists
from idis.registry.prefix import PrefixEntry
from idis.registry.readers import ReaderLists, with_item_marks
from idis.registry.record import Record, prepare
from idis.registry.registration import relisting, visibility
from idis.registry.registration.records import create_record, publish_record
from idis.registry.registration.relisting import AGE_S_MAX, KEPT_S, learn
from idis.registry.rights import Unknown
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore
from idis.registry.template_elsewhere import (
    TEMPLATES_MAX,
    TemplateElsewhere,
    keep_template,
    known_template,
    known_templates,
    named_in,
    read_items,
    want_template,
)

NOW = 1_700_000_000
TEMPLATE = "88.2/META_A"
NAMES = Value(1000, "TEMPLATE_ID", b"88.2/META_a")
URL = Value(1, "URL", b"u")
STEEL, PRICE = Value(2000, "steelGrade", b"AH36"), Value(2001, "price", b"9")


@pytest.fixture
def store() -> MemoryStore:
    """A node with 88.1, and a record that names a template of 88.2."""
    store = MemoryStore(clock=lambda: NOW)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result()
    store.write(lambda txn: create_record(txn, "88.1/x", (URL, NAMES, STEEL, PRICE), NOW), actor="test").result()
    return store


def ask(store: MemoryStore, name: str = "88.1/x") -> Outcome | Unknown:
    """What everybody gets."""
    with store.read() as txn:
        return answer(Query(name, parse_identifier(name), public_only=False), txn, NOW)


def shown(store: MemoryStore, name: str = "88.1/x") -> list[int]:
    """The indexes of that."""
    outcome = ask(store, name)
    assert isinstance(outcome, Answer)
    return [value.index for value in decode_values(outcome.values)]


def learnt(store: MemoryStore, found: TemplateElsewhere | None, now: int = NOW) -> bool:
    """Take over what was read, and let the records follow."""
    done = store.write(lambda txn: learn(txn, TEMPLATE, found, now), actor="test").result().result
    relisting.finish(store)
    return done


def test_a_template_that_is_not_known_hides_every_field(store: MemoryStore) -> None:
    """Fail closed: what lies below the fields is the record's own and stays."""
    assert shown(store) == [1, 1000]
    with store.read() as txn:
        assert list(known_templates(txn)) == [TemplateElsewhere(TEMPLATE)]


def test_what_is_hidden_is_absent_octet_for_octet(store: MemoryStore) -> None:
    """The same outcome as of a record without the fields."""
    store.write(lambda txn: create_record(txn, "88.1/y", (URL, NAMES), NOW), actor="test").result()

    assert ask(store) == ask(store, "88.1/y")


def test_a_known_template_hides_what_it_restricts(store: MemoryStore) -> None:
    """A listed item, and a disabled one; then no more."""
    learnt(store, TemplateElsewhere(TEMPLATE, NOW, listed=frozenset((2001,))))
    assert shown(store) == [1, 1000, 2000]
    learnt(store, TemplateElsewhere(TEMPLATE, NOW, off=frozenset((2000,))))
    assert shown(store) == [1, 1000, 2001]
    learnt(store, TemplateElsewhere(TEMPLATE, NOW))
    assert shown(store) == [1, 1000, 2000, 2001]


def test_a_record_written_later_follows_at_once(store: MemoryStore) -> None:
    """The lists are looked up when it is written."""
    learnt(store, TemplateElsewhere(TEMPLATE, NOW, listed=frozenset((2001,))))
    store.write(lambda txn: create_record(txn, "88.1/y", (NAMES, STEEL, PRICE), NOW), actor="test").result()

    assert shown(store, "88.1/y") == [1000, 2000]


def test_what_was_not_read_for_a_day_is_not_known(store: MemoryStore) -> None:
    """Until then what was known holds."""
    learnt(store, TemplateElsewhere(TEMPLATE, NOW))

    assert not learnt(store, None, NOW + AGE_S_MAX - 1)
    assert shown(store) == [1, 1000, 2000, 2001]
    assert learnt(store, None, NOW + AGE_S_MAX)
    assert shown(store) == [1, 1000]


def test_reading_the_same_again_writes_nothing_for_hours(store: MemoryStore) -> None:
    """Then the time alone, and no record."""
    learnt(store, TemplateElsewhere(TEMPLATE, NOW))

    def fetched(now: int) -> int:
        assert not learnt(store, TemplateElsewhere(TEMPLATE, now), now)
        with store.read() as txn:
            return known_template(txn, TEMPLATE).fetched

    assert fetched(NOW + KEPT_S - 1) == NOW
    assert fetched(NOW + KEPT_S) == NOW + KEPT_S


def test_a_template_that_came_here_counts_as_an_own_one(store: MemoryStore) -> None:
    """What was known of it from elsewhere is dropped."""
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.2", homed=True)), actor="test").result()

    assert learnt(store, None)
    assert shown(store) == [1, 1000, 2000, 2001]
    with store.read() as txn:
        assert list(known_templates(txn)) == []


def test_templates_are_known_up_to_a_limit(store: MemoryStore) -> None:
    """A writer who invents names fills no store; beyond it fields stay hidden."""

    def fill(txn: WriteTxn) -> bool:
        for number in range(TEMPLATES_MAX - 1):
            keep_template(txn, TemplateElsewhere(f"88.3/META_{number}"))
        return want_template(txn, "88.4/META_B")

    assert store.write(fill, actor="test").result().result is False


@pytest.mark.parametrize("named", ["META_a", "88.2", "0.NA/88.2", "88.1/META_a", "/", "a b"])
def test_what_names_no_template_elsewhere_hides_nothing(store: MemoryStore, named: str) -> None:
    """A word, a prefix, a template of this node that is not there, no identifier."""
    values = (Value(1000, "TEMPLATE_ID", named.encode()), STEEL)
    store.write(lambda txn: create_record(txn, "88.1/y", values, NOW), actor="test").result()

    assert shown(store, "88.1/y") == [1000, 2000]


def test_an_item_says_that_it_is_restricted_and_not_for_whom(store: MemoryStore) -> None:
    """In the public description, for as long as its list is there; what it says is what another node reads of it."""
    item = Value(2000, "META_ITEM", b'{"itemCode":"a","itemState":0}')
    reader = identity_of(300, "88.9/zhang")
    store.write(lambda txn: publish_record(txn, Record("88.1/META_b", (item,)), NOW), actor="test").result()
    store.write(lambda txn: visibility.set_readers(txn, "88.1/META_b", 2000, [reader], NOW), actor="test").result()
    outcome = ask(store, "88.1/META_b")

    assert isinstance(outcome, Answer)
    (told,) = decode_values(outcome.values)
    assert told.data == b'{"itemCode":"a","itemState":0,"restricted":true}'
    assert read_items(TemplateElsewhere(TEMPLATE), [told], NOW) == TemplateElsewhere(TEMPLATE, NOW, frozenset((2000,)))
    assert with_item_marks(told, ReaderLists({}, frozenset((2000,)))).data == b'{"itemCode":"a","itemState":1}'


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_items_that_cannot_be_read_make_a_template_unknown(data: bytes) -> None:
    """One bad item among good ones, too: it might be the restricted one."""
    assert read_items(TemplateElsewhere(TEMPLATE), [Value(2000, "META_ITEM", b"{}"), Value(2001, "META_ITEM", data)], NOW) is None


def test_a_template_without_items_restricts_nothing() -> None:
    """It is kept by a server that has no such items, or is not there."""
    assert read_items(TemplateElsewhere(TEMPLATE), [URL], NOW) == TemplateElsewhere(TEMPLATE, NOW)


def test_items_that_were_restricted_do_not_open_because_all_are_gone() -> None:
    """They may be hidden now, which is like absent."""
    known = TemplateElsewhere(TEMPLATE, 1)

    assert read_items(replace(known, listed=frozenset((2000,))), [URL], NOW) is None
    assert read_items(replace(known, off=frozenset((2000,))), [URL], NOW) is None


def test_the_name_of_a_template_is_found_in_octets() -> None:
    """Without decoding; nothing where nothing is named."""
    made = prepare(Record("88.1/x", (URL, NAMES)), NOW)

    assert named_in(made.public) == "88.2/META_a"
    assert named_in(prepare(Record("88.1/x", (URL,)), NOW).public) == ""


def test_a_load_hides_fields_of_templates_it_does_not_know(store: MemoryStore, tmp_path: Path) -> None:
    """From the first moment, and has them fetched; a template of this node that is not there hides nothing."""
    price, file = {"index": 2000, "type": "price", "data": "9"}, tmp_path / "rows.jsonl"
    names = [{"index": 1000, "type": "TEMPLATE_ID", "data": template} for template in ("88.7/META_z", "88.1/META_z")]
    rows = [{"handle": f"88.1/{at}", "values": [name, price]} for at, name in zip("ab", names, strict=True)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    load(file, store, Options(), folder=None, today=date(2026, 1, 1), now=NOW, report=lambda *_: None)

    assert (shown(store, "88.1/a"), shown(store, "88.1/b")) == ([1000], [1000, 2000])
    with store.read() as txn:
        assert "88.7/META_Z" in {known.template for known in known_templates(txn)}


def test_a_load_follows_what_is_known() -> None:
    """Of a template elsewhere; the record's own prefix decides whose template it is."""
    known = TemplateElsewhere(TEMPLATE, NOW, listed=frozenset((2001,)))
    lists = TemplateLists({}, {TEMPLATE: known}, frozenset(("88.1",)))
    record, template = lists.applied(prepare(Record("88.1/x", (NAMES, STEEL, PRICE)), NOW))

    assert template == TEMPLATE
    assert [value.index for value in decode_values(record.public)] == [1000, 2000]
