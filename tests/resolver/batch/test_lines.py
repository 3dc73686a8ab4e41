"""Batch files: what a line asks for, and where a file is cut."""

from __future__ import annotations

import io

import pytest

from idis.proto.batch import BATCH_ITEMS_MAX, BatchItem, Verb
from idis.proto.errors import DataError
from idis.proto.value import Value, decode_values
from idis.resolver.batch.lines import CHUNK_BYTES_MAX, LINE_BYTES_MAX, BadLine, chunks, read_line

URL = '{"handle": "88.1/a", "values": [{"index": 1, "type": "URL", "data": "https://a.example"}]}'


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
    """`op` may be left out."""
    read = item(URL)

    assert (read.verb, read.identifier) == (Verb.CREATE, "88.1/a")
    assert decode_values(read.payload) == (Value(1, "URL", b"https://a.example"),)


def test_what_an_answer_begins_with_says_nothing():
    """A line as `idis export` writes it."""
    assert item('{"responseCode": 1, ' + URL[1:]) == item(URL)


@pytest.mark.parametrize(
    ("line", "verb", "indexes"),
    [
        ('{"op": "delete", "handle": "88.1/a"}', Verb.DELETE, ()),
        ('{"op": "remove", "handle": "88.1/a", "indexes": [1, 2]}', Verb.REMOVE, (1, 2)),
        ('{"op": "disable", "handle": "88.1/a"}', Verb.DISABLE, ()),
        ('{"op": "enable", "handle": "88.1/a", "indexes": [7]}', Verb.ENABLE, (7,)),
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
        (b'{"handle": 1}', "which identifier"),
        (b'{"handle": "88.1/a"}', "values"),
        (b'{"handle": "88.1/a", "op": "explode"}', "one of create"),
        (b'{"handle": "88.1/a", "op": ["create"]}', "one of create"),
        (b'{"handle": "88.1/a", "verb": "delete"}', "what is verb?"),
        (URL[:-1].encode() + b', "disabled": true}', "what is disabled?"),
        (b'{"handle": "88.1/a", "op": "remove", "indexes": [0]}', "numbers from 1"),
        (b'{"handle": "88.1/a", "op": "remove", "indexes": [true]}', "numbers from 1"),
        (b'{"handle": "88.1/a", "values": [{"index": 1, "type": "HS_ADMIN", "data": "x"}]}', "HS_ADMIN"),
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
