"""Prepared answers: octet for octet what the chain's steps give, and only for the common question."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.exchange import query_of
from idis.proto.message import decode_message
from idis.proto.value import Value
from idis.registry import authority
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, Privacy
from idis.registry.record import Record, prepare
from idis.registry.store.base import StoreError
from idis.registry.store.memory import MemoryStore
from idis.resolver.prepared import Prepared
from idis.resolver.reply import Replies, code_of

NOW = 1_700_000_000
SERIAL = 7
PUBLIC = Value(1, "URL", b"https://example.com/")
SECRET = Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)

PREFIXES = (
    PrefixEntry("88.118.8", homed=True),
    PrefixEntry("88.118.9", hosting=Hosting.HOSTED, privacy=Privacy.STRICT),
    PrefixEntry("88.118.10", homed=True, fold_suffix=False),
    PrefixEntry("88.118.11", homed=True, state=PrefixState.SUSPENDED),
    PrefixEntry("88.118.12"),
    PrefixEntry("88.ABC", homed=True),
)
NAMES = ("A1", "mixed", "hidden", "标识/船 1", "gone")


RECORDS = (("A1", (PUBLIC,)), ("mixed", (PUBLIC, SECRET)), ("hidden", (SECRET,)), ("标识/船 1", (PUBLIC,)), ("gone", (PUBLIC,)))


def make_store() -> MemoryStore:
    """Every prefix, and every record below those answered here."""
    store = MemoryStore()
    for entry in PREFIXES:
        store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()
        if not entry.answers_here:
            continue
        for name, values in RECORDS:
            record = prepare(Record(f"{entry.prefix}/{name}", values), NOW)
            store.write(lambda txn, record=record: txn.put_record(record), actor="test").result()
        key = f"{entry.prefix}\0{'GONE' if entry.fold_suffix else 'gone'}".encode()
        store.write(lambda txn, key=key: txn.delete_record(key), actor="test").result()
    return store


STORE = make_store()


def by_the_steps(frame: bytes) -> tuple[int, bytes] | None:
    """The twin: decode, ask the authority, encode."""
    try:
        message = decode_message(frame)
        query = query_of(message)
    except ProtocolError:
        return None
    with STORE.read() as txn:
        outcome = authority.answer(query, txn, NOW)
    octets = Replies("test", SERIAL, bytes).frame(message, outcome, NOW)
    assert octets is not None
    return int(code_of(outcome)), octets


def prepared(frame: bytes) -> tuple[int, bytes] | None:
    """The fast way."""
    with STORE.read() as txn:
        return Prepared(SERIAL).reply(frame, txn, NOW)


# Every field of a request: what it usually is, and what else it may be.
FIELDS: dict[str, tuple[object, st.SearchStrategy[object]]] = {
    "major": (2, st.sampled_from([1, 3, 5])),
    "minor": (3, st.integers(0, 255)),
    "suggested_major": (2, st.sampled_from([0, 1, 3, 5, 0x22, 0x42, 0x82])),
    "suggested_minor": (11, st.integers(0, 255)),
    "session": (0, st.integers(0, 2**32 - 1)),
    "request": (1, st.integers(0, 2**32 - 1)),
    "sequence": (0, st.integers(0, 2**32 - 1)),
    "length": (0, st.sampled_from([-1, 1])),
    "opcode": (1, st.sampled_from([0, 2, 100])),
    "code": (0, st.sampled_from([1, 100])),
    "flags": (0x1900_0000, st.sampled_from([1 << bit for bit in range(32)]) | st.integers(0, 2**32 - 1)),
    "serial": (0xFFFF, st.integers(0, 0xFFFF)),
    "recursion_count": (0, st.integers(0, 255)),
    "reserved": (0, st.integers(0, 255)),
    "expiration": (NOW + 43_200, st.sampled_from([0, NOW, NOW + 1, 2**32 - 1])),
    "prefix": ("88.118.8", st.sampled_from([*(entry.prefix for entry in PREFIXES), "88.118.99", "0.NA", "88.abc", "88..1", ""])),
    "suffix": ("A1", st.sampled_from([*NAMES, "a1", "absent", "", "a\x07b", "\u3000", "x" * 2_050]) | st.text(max_size=8)),
    "tail": (bytes(8), st.sampled_from([b"", bytes(4), bytes(12), bytes(16), bytes(8) + b"\0\0\0\1x", b"\0\0\0\1" + bytes(8)])),
    "credential": (bytes(4), st.sampled_from([b"", b"\0\0\0\1x", bytes(5)])),
}
VARIED_MAX = 3


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """The common request with up to three fields changed."""
    varied = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=VARIED_MAX))
    field: dict[str, Any] = {name: draw(other) if name in varied else usual for name, (usual, other) in FIELDS.items()}
    name = f"{field['prefix']}/{field['suffix']}".encode("utf-8", "replace")
    body = struct.pack(">I", len(name)) + name + field["tail"]
    numbers = [field[name] for name in ("opcode", "code", "flags", "serial", "recursion_count", "reserved", "expiration")]
    message = struct.pack(">IIIHBBII", *numbers, len(body)) + body + field["credential"]
    numbers = [field[name] for name in ("major", "minor", "suggested_major", "suggested_minor", "session", "request", "sequence")]
    return struct.pack(">BBBBIIII", *numbers, len(message) + field["length"]) + message


@given(frames())
def test_the_fast_way_is_the_steps_octet_for_octet(frame):
    """Wherever the fast way answers, its octets are those of decoding, deciding and encoding."""
    fast = prepared(frame)

    assert fast is None or fast == by_the_steps(frame)


@pytest.mark.parametrize(
    "name", ["88.118.8/A1", "88.118.8/a1", "88.118.9/mixed", "88.118.10/A1", "88.abc/标识/船 1", "88.118.8/absent"]
)
def test_common_questions_are_answered_fast(frame, name):
    """Also folded names, hosted and strict prefixes, names that are absent."""
    asked = frame(name)

    assert prepared(asked) is not None
    assert prepared(asked) == by_the_steps(asked)


@pytest.mark.parametrize("tail", [b"", bytes(4)], ids=["Handle", "IDIS with empty authBytes"])
def test_both_dialects_are_common(frame, tail):
    """id-pointer always appends authBytes."""
    assert prepared(frame("88.118.8/A1", tail=tail)) == by_the_steps(frame("88.118.8/A1", tail=tail))


@pytest.mark.parametrize(
    "uncommon",
    [
        {"indexes": (1,)},
        {"types": ("URL",)},
        {"flags": 0x1980_0000},
        {"flags": 0x5900_0000},
        {"flags": 0x1908_0000},
        {"opcode": 2},
        {"tail": b"\x00\x00\x00\x01x"},
    ],
    ids=["index", "type", "digest", "certify", "explain", "site info", "token"],
)
def test_uncommon_questions_go_to_the_chain(frame, uncommon):
    """Filters, digests, signatures, explanations, other operations, tokens."""
    assert prepared(frame("88.118.8/A1", **uncommon)) is None


@pytest.mark.parametrize("name", ["88.118.11/A1", "88.118.12/A1", "88.118.99/A1", "0.NA/88.118.8", "88.118.8", "88.118.8/hidden"])
def test_what_needs_a_decision_goes_to_the_chain(frame, name):
    """Suspended, delegated and unknown prefixes, prefixes themselves, records with nothing to show."""
    assert prepared(frame(name)) is None


def test_a_restricted_record_is_common_only_for_the_public(frame):
    """Without PO the reader may be challenged, which the chain decides."""
    assert prepared(frame("88.118.8/mixed", flags=0x1900_0000)) is not None
    assert prepared(frame("88.118.8/mixed", flags=0x1000_0000)) is None


def test_a_change_of_a_prefix_is_seen_at_the_next_question(frame):
    """What is remembered of prefixes holds only until the journal moves."""
    store = make_store()
    fast = Prepared(SERIAL)
    with store.read() as txn:
        assert fast.reply(frame("88.118.8/A1"), txn, NOW) is not None
    suspended = replace(PREFIXES[0], state=PrefixState.SUSPENDED)
    store.write(lambda txn: txn.put_prefix(suspended), actor="test").result()

    with store.read() as txn:
        assert fast.reply(frame("88.118.8/A1"), txn, NOW) is None


def test_a_store_that_fails_goes_to_the_chain(frame):
    """The chain knows what to say about a damaged record."""

    class Failing:
        def __init__(self, txn: object) -> None:
            self._txn = txn

        def __getattr__(self, name: str) -> object:
            return getattr(self._txn, name)

        def record(self, key: bytes) -> object:
            raise StoreError("damaged")

    with STORE.read() as txn:
        assert Prepared(SERIAL).reply(frame("88.118.8/A1"), Failing(txn), NOW) is None
