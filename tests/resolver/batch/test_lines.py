"""Batch files: what a line asks for, and where a file is cut."""

from __future__ import annotations

import io
import json
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from idis.proto.batch import BATCH_ITEMS_MAX, BatchItem, Verb
from idis.proto.errors import DataError
from idis.proto.value import TTL_ABSOLUTE, Value, decode_values
from idis.resolver.batch import lines
from idis.resolver.batch.lines import CHUNK_BYTES_MAX, LINE_BYTES_MAX, BadLine, chunks, read_line

URL = '{"identifier": "88.1/a", "values": [{"index": 1, "type": "URL", "data": "https://a.example"}]}'


def item(line: str) -> BatchItem:
    """What a good line asks for."""
    judged = read_line(1, line.encode())
    assert isinstance(judged, BatchItem)
    return judged


def sentence(line: bytes) -> str:
    """What is wrong with a bad line."""
    judged = read_line(7, line)
    assert isinstance(judged, BadLine)
    return judged.message


def test_a_record_is_created():
    """`verb` may be left out."""
    read = item(URL)

    assert (read.verb, read.identifier) == (Verb.CREATE, "88.1/a")
    assert decode_values(read.payload) == (Value(1, "URL", b"https://a.example"),)


def test_a_line_is_an_item_as_the_api_takes_it():
    """What `/api/v1` shows of a value can stand in a line as it is."""
    value = {"index": 1, "type": "URL", "data": {"format": "string", "value": "u"}, "ttl_s": 60, "expires": None}
    shown = {"permissions": "1100", "references": [], "written": "2026-11-20T12:53:07Z"}
    read = item(json.dumps({"verb": "modify", "identifier": "88.1/a", "values": [value | shown], "indexes": []}))

    assert (read.verb, decode_values(read.payload)) == (Verb.MODIFY, (Value(1, "URL", b"u", ttl=60, permissions=0xC),))


def test_a_value_may_end_at_a_moment():
    """`expires` goes before `ttl_s`."""
    line = URL.replace('"data":', '"expires": "1970-01-01T00:01:00Z", "ttl_s": 5, "data":')

    assert decode_values(item(line).payload) == (Value(1, "URL", b"https://a.example", ttl_type=TTL_ABSOLUTE, ttl=60),)


@pytest.mark.parametrize(
    ("line", "verb", "indexes"),
    [
        ('{"verb": "delete", "identifier": "88.1/a"}', Verb.DELETE, ()),
        ('{"verb": "remove", "identifier": "88.1/a", "indexes": [1, 2]}', Verb.REMOVE, (1, 2)),
        ('{"verb": "disable", "identifier": "88.1/a"}', Verb.DISABLE, ()),
        ('{"verb": "enable", "identifier": "88.1/a", "indexes": [7]}', Verb.ENABLE, (7,)),
    ],
)
def test_other_verbs_are_named(line: str, verb: Verb, indexes: tuple[int, ...]):
    """Each with what belongs to it."""
    read = item(line)

    assert (read.verb, read.indexes) == (verb, indexes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1]", "one JSON object"),
        (b"{}", "which identifier"),
        (b'{"identifier": 1}', "which identifier"),
        (b'{"identifier": "88.1/a"}', "values"),
        (b'{"identifier": "88.1/a", "verb": "explode"}', "one of create"),
        (b'{"identifier": "88.1/a", "verb": ["create"]}', "one of create"),
        (b'{"handle": "88.1/a", "op": "delete"}', "what is handle, op?"),
        (URL[:-1].encode() + b', "disabled": true}', "what is disabled?"),
        (b'{"identifier": "88.1/a", "verb": "remove", "indexes": [0]}', "numbers from 1"),
        (b'{"identifier": "88.1/a", "verb": "remove", "indexes": [true]}', "numbers from 1"),
        (b'{"identifier": "88.1/a", "values": [{"index": 1, "type": "HS_ADMIN", "data": "x"}]}', "HS_ADMIN"),
        (b'{"identifier": "88.1/a", "values": [{"index": 1, "type": "URL", "data": "x", "ttl": 1}]}', "what is ttl?"),
        (b'{"identifier": "88.1/a", "values": [{"index": 1, "type": "URL", "data": "x", "expires": 5}]}', "expires a time"),
        (b'{"identifier": "88.1/a", "values": ["x"]}', "values[1]"),
        (b'{"identifier": "88.1/a", "values": [{"index": 1, "type": "URL", "data": 5}]}', "data is text, or"),
        (b'{"identifier": "88.1/a", "verb": "delete", "indexes": [2]}', "delete takes neither"),
        (URL[:-1].encode() + b', "verb": "delete"}', "delete takes neither"),
        (URL[:-1].encode() + b', "indexes": [2]}', "create takes values, and no indexes"),
        (URL[:-1].encode() + b', "verb": "disable", "indexes": [1]}', "disable takes indexes, and no values"),
        (b'{"identifier": "88.1/a", "verb": "remove", "indexes": []}', "remove takes indexes"),
    ],
)
def test_a_bad_line_says_why(line: bytes, words: str):
    """And harms no other line."""
    assert words in sentence(line)


def test_a_file_is_cut_at_the_most_items():
    """Blank lines count as lines, not as items."""
    lines = (URL + "\n\n").encode() * (BATCH_ITEMS_MAX + 1)
    first, second = chunks(io.BytesIO(lines), 0, 1)

    assert (len(first.items), len(second.items)) == (BATCH_ITEMS_MAX, 1)
    assert (first.items[1][0], second.items[0][0], second.end) == (3, 2 * BATCH_ITEMS_MAX + 1, len(lines))
    assert first.end == second.start


def test_a_file_is_cut_at_the_most_octets():
    """Long records make small batches."""
    row = URL.replace("https://a.example", "x" * 500_000).encode() + b"\n"
    cut = list(chunks(io.BytesIO(row * 10), 0, 1))

    assert [len(chunk.items) for chunk in cut] == [5, 5]
    assert all(chunk.end - chunk.start < CHUNK_BYTES_MAX + LINE_BYTES_MAX for chunk in cut)


def test_a_file_is_cut_at_the_same_places_from_where_it_stood():
    """Keys of batches are made of these places."""
    lines = URL.encode() + b"\n"
    whole = list(chunks(io.BytesIO(lines * (2 * BATCH_ITEMS_MAX + 5)), 0, 1))
    rest = list(chunks(io.BytesIO(lines * (2 * BATCH_ITEMS_MAX + 5)), whole[0].end, whole[0].next_line))

    assert rest == whole[1:]


def test_the_last_line_needs_no_end():
    """A file without a final newline is whole."""
    (chunk,) = chunks(io.BytesIO(URL.encode()), 0, 1)

    assert (len(chunk.items), chunk.end) == (1, len(URL))


def test_a_line_without_an_end_stops_the_file():
    """Nothing behind it can be found."""
    with pytest.raises(DataError, match="line 2"):
        list(chunks(io.BytesIO(URL.encode() + b"\n" + b" " * (LINE_BYTES_MAX + 1)), 0, 1))


texts = st.one_of(
    st.sampled_from(("one", "", "钢板", "\ud800", None, 7, ["a"], {}, {"format": "string"}, {"format": "hex", "value": "00"})),
    st.sampled_from(("one", 7, None, "\ud800")).map(lambda value: {"format": "string", "value": value}),
    st.just({"format": "string", "value": "a", "more": 1}),
)
kinds = st.sampled_from(
    ("URL", "url", "heatNo", "钢", "HS_ADMIN", "HS_SECKEY", "IDIS.ALIAS", "recallFlag", "a b", "", 7, None, "\ud800")
)
indexes = st.sampled_from((1, 2, 3, 1000, 2**31 - 1, 2**31, 0, -1, True, 1.0, "1", None))
plain = st.builds(lambda *three: dict(zip(("index", "type", "data"), three, strict=True)), indexes, kinds, texts)
shown = st.one_of(plain, plain, plain.map(lambda value: value | {"ttl_s": 60}), st.sampled_from((None, 7, "index", [], {})))


@given(st.lists(shown, max_size=4))
@settings(max_examples=150)
@example([{"index": 1, "type": "URL", "data": "one"}, {"index": 2, "type": "x", "data": {"format": "string", "value": "2"}}])
@example([{"index": 2, "type": "URL", "data": "one"}, {"index": 1, "type": "heatNo", "data": "two"}])
@example([{"index": 1, "type": "URL", "data": "one"}, {"index": 1, "type": "heatNo", "data": "two"}])
def test_plain_values_are_read_as_all_others(values: list[object]):
    """The quick way gives what the ordinary one gives, sentences included."""
    line = json.dumps({"identifier": "88.1/a", "values": values}).encode()
    quick = read_line(1, line)
    with patch.object(lines, "_plain_values", lambda shown: None):
        assert read_line(1, line) == quick
