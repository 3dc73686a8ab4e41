"""Records as JSON of the REST interface, there and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.proto.value import INDEX_MAX, TTL_ABSOLUTE, Reference, Value, decode_values
from idis.registry.journal import Position
from idis.registry.loading.rest_rows import record_of_rest, rest_of_record
from idis.registry.pilots.finding import Finding
from idis.registry.record import Alias, PreparedRecord, Record, RecordFlag, StoredRecord, prepare
from idis.registry.registration.value_checks import usual_permissions

NAME = "88.118/A1"
NOW = 1_795_179_187  # 2026-11-20T12:53:07Z


def stored(record: PreparedRecord) -> StoredRecord:
    """A prepared record as it is read back."""
    return StoredRecord(
        record.identifier,
        record.public,
        record.restricted,
        record.aliases,
        record.flags,
        1,
        Position(1, 1, 0),
        record.ttl_s,
        record.not_after,
        0,
    )


def shown(*values: Value, restricted: bool = True, aliases: tuple[Alias, ...] = ()) -> dict[str, Any]:
    """The object of a record with these values."""
    return rest_of_record(stored(prepare(Record(NAME, values, aliases), NOW)), restricted=restricted)


def test_the_form_is_that_of_the_rest_interface() -> None:
    """The example of the wire's description, member for member."""
    assert json.dumps(shown(Value(1, "URL", b"https://example.com/p/1"))) == (
        '{"responseCode": 1, "handle": "88.118/A1", "values": [{"index": 1, "type": "URL", "data": {"format": "string", '
        '"value": "https://example.com/p/1"}, "ttl": 86400, "timestamp": "2026-11-20T12:53:07Z"}]}'
    )


def test_unusual_members_are_shown() -> None:
    """Permissions, references, an absolute lifetime, octets that are no text, and second names."""
    value = Value(2, "X", b"\xff", ttl=0, ttl_type=TTL_ABSOLUTE, permissions=0x0C, references=(Reference("a/b", 3),))
    row = shown(value, aliases=(Alias("imo", "IMO9319466"),))
    (only,) = row["values"]

    assert only["data"] == {"format": "base64", "value": "/w=="}
    assert (only["ttl"], only["permissions"], only["references"]) == (
        *("1970-01-01T00:00:00Z", "1100", [{"handle": "a/b", "index": 3}]),
    )
    assert row["aliases"] == [["imo", "IMO9319466"]]


def test_restricted_values_are_left_out_and_the_row_says_so() -> None:
    """Without the right to see them, values are missing and `partial` warns whoever reads the row."""
    row = shown(Value(1, "URL", b"u"), Value(300, "HS_SECKEY", b"secret", permissions=0x0C), restricted=False)

    assert [value["index"] for value in row["values"]] == [1]
    assert row["partial"] is True
    assert "secret" not in json.dumps(row)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({}, "values must be a list"),
        ({"values": []}, "at least one value"),
        ({"values": [1]}, "must be an object"),
        ({"values": [{"index": 0, "type": "URL", "data": "x"}]}, "from 1 to"),
        ({"values": [{"index": 1, "type": "URL", "data": "x"}] * 2}, "occurs twice"),
        ({"values": [{"index": 1, "type": "URL", "data": {"format": "hex", "value": "zz"}}]}, "not hexadecimal"),
        ({"values": [{"index": 1, "type": "URL", "data": "x", "ttl": "tomorrow"}]}, "ttl must be"),
        ({"values": [{"index": 1, "type": "URL", "data": "x", "ttl": "2300-01-01"}]}, "outside 1970 to 2106"),
        ({"values": [{"index": 1, "type": "URL", "data": "x", "permissions": "12"}]}, "four binary digits"),
        ({"values": [{"index": 1, "type": "HS_ADMIN", "data": "x"}]}, "HS_ADMIN"),
        ({"values": [{"index": 1, "type": "URL", "data": "x"}], "aliases": [["imo"]]}, "an alias is"),
        ({"values": [{"index": 1, "type": "URL", "data": "x"}], "aliases": [["imo", "a\x00"]]}, "an alias is"),
        ({"values": [{"index": n, "type": "T", "data": ""} for n in range(1, 2_050)]}, "at most 2,048"),
    ],
)
def test_a_wrong_row_is_a_finding(row: dict[str, object], sentence: str) -> None:
    """Each fault of the form has its sentence."""
    found = record_of_rest(NAME, row, NOW)

    assert isinstance(found, Finding)
    assert sentence in found.message


def test_a_bare_string_and_defaults_are_accepted() -> None:
    """Data may be a plain string; lifetime and permissions have defaults."""
    record = record_of_rest(NAME, {"values": [{"index": 1, "type": "URL", "data": "u"}]}, NOW)
    assert isinstance(record, PreparedRecord)

    assert decode_values(record.public) == (Value(1, "URL", b"u", timestamp=NOW),)


VALUES = st.builds(
    Value,
    index=st.integers(1, INDEX_MAX),
    type=st.sampled_from(("URL", "objectType", "类型")),
    data=st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))),
    ttl=st.integers(0, 2**32 - 1),
    ttl_type=st.sampled_from((0, 1)),
    permissions=st.integers(0, 15),
    references=st.lists(st.builds(Reference, st.sampled_from(("", "a/b", "名/1")), st.integers(0, 9)), max_size=2).map(tuple),
)


@settings(deadline=None, max_examples=50)
@given(values=st.lists(VALUES, min_size=1, max_size=5, unique_by=lambda value: value.index), disabled=st.booleans())
def test_every_record_comes_back_identical(values: list[Value], disabled: bool) -> None:
    """Whatever the values, what is written as JSON is read as the same record."""
    record = prepare(Record(NAME, tuple(values), (Alias("s", "名"),)), NOW)
    kept = stored(record)
    if disabled:
        flags = record.flags | RecordFlag.DISABLED
        kept = StoredRecord(*(flags if name == "flags" else getattr(kept, name) for name in StoredRecord.__slots__))
    row = json.loads(json.dumps(rest_of_record(kept, restricted=True)))
    back = record_of_rest(NAME, row, NOW)
    assert isinstance(back, PreparedRecord)

    assert (back.public, back.restricted, back.aliases, back.flags, back.ttl_s, back.not_after) == (
        *(kept.public, kept.restricted, kept.aliases, kept.flags, kept.ttl_s, kept.not_after),
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("HS_ADMIN", "0fff00000007302e4e412f3838000000c8"),
        ("HS_VLIST", "0000000100000003612f620000012c"),
        ("HS_PUBKEY", "00"),
        ("HS_SECKEY", "736563726574"),
    ],
)
def test_structured_data_come_back_identical(name: str, data: str) -> None:
    """Structured types are shown in their own form, or as octets where that would change them."""
    row = json.loads(json.dumps(shown(Value(100, name, bytes.fromhex(data), permissions=usual_permissions(name)))))
    back = record_of_rest(NAME, row, NOW)
    assert isinstance(back, PreparedRecord)

    assert (*decode_values(back.public), *decode_values(back.restricted))[0].data == bytes.fromhex(data)


def test_a_secret_without_permissions_is_its_owners() -> None:
    """What everybody may read unless something is said holds for everything but secrets."""
    row = {"values": [{"index": 1, "type": "URL", "data": "x"}, {"index": 300, "type": "hs_seckey", "data": "secret"}]}
    back = record_of_rest(NAME, row, NOW)
    assert isinstance(back, PreparedRecord)

    assert [value.index for value in decode_values(back.public)] == [1]
    assert [value.permissions for value in decode_values(back.restricted)] == [0b1100]


def test_a_secret_that_everybody_could_read_is_refused() -> None:
    """One line of a file must not publish a key."""
    row = {"values": [{"index": 300, "type": "HS_SECKEY", "data": "secret", "permissions": "1110"}]}
    finding = record_of_rest(NAME, row, NOW)
    assert isinstance(finding, Finding)

    assert "1100" in finding.message
