"""What records say for a resolver, and which records a key has."""

from __future__ import annotations

import json

import pytest

from idis.proto.schemes.gs1.link_types import DEFAULT
from idis.proto.value import Value, encode_values
from idis.registry.links import RECORDS_MAX, RecordLinks, record_links, records_of
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore

KEY = "https://id.gs1.org/01/06901234567892"
PIP = {"linkType": "gs1:pip", "href": "https://maker.example/p", "title": "p"}


def _link(index: int, **members: object) -> Value:
    return Value(index, "IDIS.LINK", json.dumps({**PIP, **members}).encode())


def _read(*values: Value, known: bool = False, asked: dict[str, str] | None = None) -> RecordLinks:
    return record_links("88.1/A", encode_values(values), 60, asked or {"01": "06901234567892"}, known=known)


def test_links_names_and_flags_are_read():
    """In the order of the values."""
    said = _read(_link(1, title="one"), Value(2, "name", "阀".encode()), Value(3, "recallFlag", b"check"), _link(4, title="two"))

    assert ([link.title for link in said.links], said.name, said.recalled, said.ttl_s) == (["one", "two"], "阀", "check", 60)


@pytest.mark.parametrize(
    ("flags", "recalled"),
    [((b"none",), ""), ((b"check",), "check"), ((b"stop",), "stop"), ((b"perhaps",), "check"), ((b"stop", b"none"), "stop")],
)
def test_a_thing_is_recalled_by_any_flag_but_none(flags: tuple[bytes, ...], recalled: str):
    """The gravest counts, and one that nobody knows is a reason to check."""
    values = [Value(index, "recallFlag", flag) for index, flag in enumerate(flags, 1)]

    assert _read(*values).recalled == recalled


@pytest.mark.parametrize("kind", ["URL", "url"])
def test_a_url_stands_in_for_the_default(kind: str):
    """Under the name of the thing; the first of them."""
    urls = Value(1, kind, b"https://maker.example/1"), Value(2, "URL", b"https://maker.example/2")
    (link,) = _read(*urls, Value(3, "name", b"Valve")).links

    assert (link.link_type, link.href, link.title) == (DEFAULT, "https://maker.example/1", "Valve")


def test_a_default_link_goes_before_a_url():
    """There is one default."""
    said = _read(Value(1, "URL", b"https://maker.example/1"), _link(2, linkType="gs1:defaultLink", href="https://maker.example/d"))

    assert [link.href for link in said.links] == ["https://maker.example/d"]


@pytest.mark.parametrize(
    "url", [b"javascript:alert(1)", b"ftp://x/y", b"https://x.example/a b", b"https://x.example/\r\nA: b", b"\xff"]
)
def test_a_url_that_is_no_web_address_leads_nowhere(url: bytes):
    """Values of that type may hold anything."""
    assert _read(Value(1, "URL", url)).links == ()


def test_data_that_is_no_link_is_passed_over():
    """A value of a node that did not check it."""
    assert _read(Value(1, "IDIS.LINK", b"{}"), _link(2)).links == _read(_link(2)).links


def test_links_that_are_not_public_are_for_who_is_known():
    """By the link's own word."""
    assert len(_read(_link(1, public=False)).links) == 0
    assert len(_read(_link(1, public=False), known=True).links) == 1


def test_targets_are_completed():
    """Encoded as a segment of a path is."""
    asked = {"01": "06901234567892", "key": "06901234567892", "10": "A/B", "21": "42"}
    said = _read(_link(1, href="https://m.example/{key}/{lot}/{serial}?a=1"), asked=asked)

    assert said.links[0].href == "https://m.example/06901234567892/A%2FB/42?a=1"


def test_a_target_without_its_variable_is_no_link():
    """Nothing was asked that could stand there."""
    assert _read(_link(1, href="https://m.example/{serial}")).links == ()


@pytest.fixture
def store() -> MemoryStore:
    """Three records of one key, of which one was deleted."""
    store = MemoryStore()
    entry = PrefixEntry(prefix="88.1", state=PrefixState.ACTIVE, homed=True)
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    alias = Value(1, "IDIS.ALIAS", f"gs1:{KEY}".encode())
    records = [Record(f"88.1/{name}", (alias, Value(2, "URL", b"https://m.example"))) for name in ("Valve-1", "Valve-2", "Gone")]
    store.write_all([prepare(record, 0) for record in records], actor="test")
    store.write(lambda txn: txn.delete_record(b"88.1\x00GONE"), actor="test").result()
    return store


def test_a_key_has_the_records_that_name_it(store: MemoryStore):
    """As long as they live."""
    with store.read() as txn:
        assert [(held.key, held.identifier) for held in records_of(txn, KEY)] == [
            (b"88.1\x00VALVE-1", "88.1/VALVE-1"),
            (b"88.1\x00VALVE-2", "88.1/VALVE-2"),
        ]


def test_a_long_name_is_told_as_it_was_registered(store: MemoryStore):
    """Its key in the store is a hash."""
    long = "x" * 600
    alias = Value(1, "IDIS.ALIAS", b"gs1:https://id.gs1.org/00/169012340000000013")
    store.write_all([prepare(Record(f"88.1/{long}", (alias,)), 0)], actor="test")
    with store.read() as txn:
        assert [held.identifier for held in records_of(txn, "https://id.gs1.org/00/169012340000000013")] == [f"88.1/{long}"]


def test_a_key_that_many_claim_is_not_followed_without_end(store: MemoryStore):
    """Nobody compares more."""
    alias = Value(1, "IDIS.ALIAS", f"gs1:{KEY}".encode())
    store.write_all([prepare(Record(f"88.1/N{number}", (alias,)), 0) for number in range(RECORDS_MAX + 5)], actor="test")
    with store.read() as txn:
        assert len(records_of(txn, KEY)) == RECORDS_MAX
