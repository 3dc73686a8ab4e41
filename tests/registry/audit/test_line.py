"""A line of the audit trail: what it keeps, what it never keeps, and its limits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from idis.proto.value import Reference, Value, encode_values
from idis.registry.audit.line import (
    AuditLine,
    audit,
    audit_created,
    decode_line,
    prefix_summary,
    prepared_summary,
    record_summary,
)
from idis.registry.caller import Caller, Role, RoleGrant, TokenScope
from idis.registry.identity import Identity
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import PreparedRecord, Record, RecordFlag, StoredRecord, prepare
from idis.registry.store.memory import MemoryStore

LINE = AuditLine("300:0.NA/88", "tcp 192.0.2.7", "create", "88.118/a", {"version": 1}, {"version": 2}, 1, "why")
OCTETS = bytes.fromhex(
    "99 01"
    " ab 3330303a302e4e412f3838"
    " ad 746370203139322e302e322e37"
    " a6 637265617465"
    " a8 38382e3131382f61"
    " 81 a7 76657273696f6e 01"
    " 81 a7 76657273696f6e 02"
    " 01"
    " a3 776879"
)


def stored(*values: Value) -> StoredRecord:
    """A record of some values, as it comes back from a store."""
    store = MemoryStore(clock=lambda: 1_700_000_000.0)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    store.write(lambda txn: txn.put_record(prepare(Record("88.118/a", values), 1_700_000_000)), actor="test").result()
    with store.read() as txn:
        record = txn.record(b"88.118\x00A")
    assert record is not None
    return record


def test_octets() -> None:
    """A line is a fixed array: version, actor, origin, act, subject, before, after, code, note."""
    assert LINE.encode() == OCTETS


def test_decode() -> None:
    """The octets give the line again."""
    assert decode_line(OCTETS) == LINE


def test_fields_of_later_versions() -> None:
    """What a later version appends is passed over."""
    assert decode_line(b"\x9a" + OCTETS[1:] + b"\xa5later") == LINE


def test_audit_names_the_caller() -> None:
    """Actor is the identity and its token, origin where the request came from; the act is journalled with the change."""
    store = MemoryStore()
    scope = TokenScope("T1", ("",), frozenset())
    caller = Caller("http 192.0.2.7", Identity(300, "0.NA/88"), (RoleGrant(Role.OPERATOR),), scope)
    store.write(lambda txn: audit(txn, caller, "suspend", "88.1", note="unpaid"), actor="test").result()
    with store.read() as txn:
        ((_, octets),) = txn.audits(None, 9)

    line = AuditLine("300:0.NA/88 (token T1)", "http 192.0.2.7", "suspend", "88.1", note="unpaid")
    assert decode_line(octets) == line


def test_record_summary_names_values() -> None:
    """Index and type of each value, a digest that follows its data, and the version."""
    one, other = (stored(Value(1, "URL", data), Value(2, "EMAIL", b"x")) for data in (b"one", b"other"))
    first, second = record_summary(one), record_summary(other)
    values: Any = first["values"]

    assert first["version"] == 1
    assert [value[:2] for value in values] == [[1, "URL"], [2, "EMAIL"]]
    assert values[0] != second["values"][0]  # type: ignore[index]
    assert values[1] == second["values"][1]  # type: ignore[index]


def test_record_summary_ignores_the_time() -> None:
    """The time of writing changes no digest: a value that is written again is the same value."""
    value = Value(1, "URL", b"one")
    early, late = (
        StoredRecord("88.1/a", encode_values([value], timestamp=now), bytes(4), (), stored(value).flags, 1, None, 0, 0, 0)  # type: ignore[arg-type]
        for now in (1, 2)
    )

    assert record_summary(early) == record_summary(late)


def test_restricted_values_are_digests() -> None:
    """The data of a value without public-read is not in a line."""
    record = stored(Value(5, "PRICE", b"4711-confidential", permissions=12))
    octets = AuditLine("", "", "create", "88.118/a", after=record_summary(record)).encode()

    assert b"confidential" not in octets
    assert b"PRICE" in octets


def test_secrets_have_no_digest() -> None:
    """Of a secret key there is nothing a guess could be compared with: two records with different ones look the same."""
    one, other = (record_summary(stored(Value(301, "HS_SECKEY", data, permissions=12))) for data in (b"0000", b"1234"))

    assert one == other == {"version": 1, "values": [[301, "HS_SECKEY", "secret"]]}


def test_deleted_record() -> None:
    """A tombstone is told as such, with its version."""
    store = MemoryStore()
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result()
    store.write(lambda txn: txn.put_record(prepare(Record("88.118/a", (Value(1, "URL", b""),)), 1)), actor="test").result()
    store.write(lambda txn: txn.delete_record(b"88.118\x00A"), actor="test").result()
    with store.read() as txn:
        record = txn.record(b"88.118\x00A")

    assert record is not None
    assert record_summary(record) == {"version": 2, "deleted": True}


def test_prefix_summary_holds_every_field() -> None:
    """All that is registered of a prefix is named, its values by digest only."""
    values = encode_values([Value(1, "EMAIL", b"a@example.org")])
    entry = PrefixEntry("88.1", PrefixState.SUSPENDED, reason="unpaid", values=values)
    summary = prefix_summary(entry)

    assert (summary["state"], summary["reason"]) == ("suspended", "unpaid")
    named = {"signing" if name == "signing_required" else name for name in PrefixEntry.__slots__ if name != "prefix"}
    assert set(summary) == named
    assert b"example" not in AuditLine("", "", "", "", summary).encode()


def test_many_values() -> None:
    """Only 64 are named; the rest is counted, and a digest follows each of them."""
    values = [Value(index, "URL", b"x") for index in range(1, 101)]
    summary = record_summary(stored(*values))
    changed = record_summary(stored(*values[:-1], Value(100, "URL", b"y")))
    named: Any = summary["values"]

    assert (len(named), summary["more_values"]) == (64, 36)
    assert summary["digest"] != changed["digest"]


@pytest.mark.parametrize("field", ["actor", "origin", "act", "subject", "note"])
def test_texts_are_cut(field: str) -> None:
    """A stranger's long name makes no long line."""
    line = AuditLine(**{"actor": "", "origin": "", "act": "", "subject": "", field: "x" * 100_000})

    assert len(line.encode()) < 3_000


def test_large_facts_become_a_digest() -> None:
    """Facts that make a line longer than 32 KiB are replaced by their size and digest."""
    facts = {"text": "x" * 20_000}
    kept = decode_line(AuditLine("", "", "", "", facts).encode()).before
    decoded = decode_line(AuditLine("", "", "", "", facts, facts).encode())

    assert kept == facts
    assert decoded.before is not None
    assert set(decoded.before) == {"octets", "sha256"}
    assert decoded.before["octets"] == len(msgpack.packb(facts))


def test_no_valid_text() -> None:
    """A name with a lone surrogate, which has no octets, is written in escapes."""
    assert decode_line(AuditLine("", "", "login", "a\ud800").encode()).subject == "a\\ud800"


def test_a_line_after_one_that_failed() -> None:
    """Facts that cannot be written are a mistake of ours; the next line is not spoiled by it."""
    with pytest.raises(TypeError):
        AuditLine("", "", "", "", {"set": {1}}).encode()

    assert LINE.encode() == OCTETS


values = st.builds(
    Value,
    index=st.integers(1, 2**31 - 1),
    type=st.sampled_from(("URL", "heatNo", "a" * 32, "b" * 64, "c" * 65, "钢板", "HS_SECKEY", "hs_seckey", "HS_SECKEYS", "a\n")),
    data=st.binary(max_size=200),
    references=st.sampled_from(((), (), (Reference("88.1/a", 1),))),
)


@given(
    st.lists(values, max_size=20),
    st.lists(values, max_size=2),
    st.sampled_from(("88.118/a", "88.118/" + "x" * 300, "88.118/钢", "88.118/\ud800", "88.118/" + "x" * 3_000)),
    st.sampled_from((1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63)),
)
@settings(max_examples=60)
@example([Value(1, "URL", b"")] * 64, [], "88.118/a", 1)
@example([Value(1, "URL", b"")] * 64, [Value(1, "URL", b"", permissions=12)], "88.118/a", 1)
def test_a_new_record_is_told_of_alike_both_ways(
    public: list[Value], hidden: list[Value], name: str, version: int
) -> None:
    """The line that is made in one piece says what `audit` says with a summary."""
    record = PreparedRecord(name, encode_values(public), encode_values(hidden), (), RecordFlag(0), 0, 0)
    summary = prepared_summary(record, version)
    lines: list[bytes] = []
    trail = SimpleNamespace(add_audit=lines.append)
    caller = Caller("tcp 192.0.2.7", Identity(300, "0.NA/88.118"))
    audit(trail, caller, "create", name, after=summary)  # type: ignore[arg-type]
    audit_created(trail, caller, "create", [(record, version)])  # type: ignore[arg-type]

    assert lines[0] == lines[1]
