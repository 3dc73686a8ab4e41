"""Plain HTTP requests answered from the index: the JSON is Python's own, and nothing harms."""

from __future__ import annotations

import json
import os
import random

import pytest

from idis.proto.outcome import Answer
from idis.proto.types.table import STRUCTURES
from idis.proto.value import Reference, Value, encode_values
from idis.resolver.web.answer_json import json_text, outcome_document

speedups = pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

BLOCK = b"\r\nHost: x\r\nAccept: */*\r\n\r\n"
BEHIND = b"\r\nDate: d\r\n\r\n"
ROUNDS = int(os.environ.get("IDIS_HTTP_ROUNDS", "3000"))  # mutated buffers and values; a campaign takes millions


@pytest.fixture
def index(tmp_path):
    """An empty index that may answer."""
    index = speedups.AnswerIndex.create(tmp_path / "index", 4_096, 1 << 22, bytes(range(16)))
    index.enabled = True
    yield index
    index.close()


@pytest.fixture
def ring(tmp_path):
    """One that never fills up, and knows suffixes as they are spelled."""
    ring = speedups.AnswerIndex.create(tmp_path / "ring", 4_096, 1 << 22, bytes(range(16)), ring=True)
    ring.enabled = True
    yield ring
    ring.close()


@pytest.fixture
def blocks():
    """One header block is known."""
    blocks = speedups.HttpBlocks()
    blocks.add(BLOCK)
    return blocks


def put(index, name: str, values: bytes, flags: int = speedups.OWN) -> None:
    """A record under its folded name."""
    index.put(b"\x01" + name.upper().encode(), values, 1, 0, flags)


def get(target: bytes) -> bytes:
    """A plain request."""
    return b"GET /api/handles/" + target + b" HTTP/1.1" + BLOCK


def body_of(answer: bytes) -> bytes:
    """What stands behind the header, whose length must be right."""
    head, _, body = answer.partition(BEHIND)
    assert head == b"HEAD%d" % len(body)
    return body


def python_body(spelling: str, values: bytes) -> bytes:
    """The same answer without the compiled step."""
    return json_text(outcome_document(Answer(values, 0), spelling)).encode()


def test_requests_behind_each_other_are_answered_in_order(index, blocks):
    """Up to the first one that is not known."""
    for number in (1, 2):
        put(index, f"88.1/{number}", encode_values([Value(number, "n", b"x")]))
    octets = get(b"88.1/1") + get(b"88.1/2") + get(b"88.1/3") + get(b"88.1/1")
    answers, at, count = speedups.resolve_http(index, blocks, octets, 0, b"HEAD", BEHIND)

    assert (at, count) == (len(get(b"88.1/1") * 2), 2)
    assert [json.loads(part.partition(BEHIND)[2])["handle"] for part in answers.split(b"HEAD")[1:]] == ["88.1/1", "88.1/2"]


def test_the_answer_is_written_octet_for_octet(index, blocks):
    """By hand: spelling as asked, one value of each kind of data."""
    put(index, "88.1/A b", encode_values([Value(1, "URL", b'a"\\\n'), Value(2, "x", b"\x00\xff\x10", ttl=5, permissions=2)]))
    answers, _at, _count = speedups.resolve_http(index, blocks, get(b"88.1/a%20b"), 0, b"HEAD", BEHIND)

    assert body_of(answers) == (
        b'{"responseCode": 1, "handle": "88.1/a b", "values": ['
        b'{"index": 1, "type": "URL", "data": {"format": "string", "value": "a\\"\\\\\\n"}, "ttl": 86400, '
        b'"timestamp": "1970-01-01T00:00:00Z"}, '
        b'{"index": 2, "type": "x", "data": {"format": "base64", "value": "AP8Q"}, "ttl": 5, '
        b'"timestamp": "1970-01-01T00:00:00Z", "permissions": "0010"}]}'
    )


def test_every_value_is_shown_as_python_shows_it(ring, blocks):
    """Random octets of all kinds, times over the whole range; what is left to Python is left alone."""
    draw = random.Random(5)
    odd = "船\u2028é💡\ud7ff\u0085".encode() + b'"\\/\t\n\r\x08\x0c\x7f'
    alphabets = [bytes(range(256)), bytes(range(32, 127)), odd, b"\x80\xc2\xe0\xf0ab"]
    answered = 0
    for _ in range(ROUNDS):
        values = []
        for number in range(draw.randrange(1, 4)):
            alphabet = draw.choice(alphabets)
            data = bytes(draw.choice(alphabet) for _ in range(draw.choice((0, 1, 2, 3, 7, 8, 9, 30))))
            if draw.random() < 0.3:
                data = "".join(draw.choice("a船é💡\n\x00") for _ in range(9)).encode()
            values.append(
                Value(
                    draw.choice((1, 7, 2**31 - 1)) if number == 0 else number,
                    draw.choice(("URL", "品名", 'a"\\\x01\x7f', "HS", "HSX", "h", "", "a" * 40)),
                    data,
                    draw.choice((0, 86_400, 2**32 - 1, draw.getrandbits(32))),
                    draw.choice((0, 0, 1, 1, 2)),
                    draw.choice((0, 951_782_400, 4_107_542_399, 2**32 - 1, draw.getrandbits(32))),
                    draw.choice((14, 14, 0, 15, 2, 255)),
                )
            )
        octets = encode_values(values)
        put(ring, "88.1/R", octets)
        answers, _at, count = speedups.resolve_http(ring, blocks, get(b"88.1/R"), 0, b"HEAD", BEHIND)
        answered += count
        assert count == 1
        assert body_of(answers) == python_body("88.1/R", octets)

    assert answered == ROUNDS


@pytest.mark.parametrize(
    "values",
    [
        encode_values([Value(1, "HS_ADMIN", b"x")]),
        encode_values([Value(1, "hs_alias", b"x")]),
        encode_values([Value(1, "x", b"x", references=(Reference("88.1/a", 1),))]),
        encode_values([Value(1, "x", b"x" * 17_000)]),
        encode_values([]),
        b"",
        b"\x00\x00\x00\x01",
        encode_values([Value(1, "x", b"x")]) + b"\x00",
        encode_values([Value(1, "x", b"x")])[:-1],
        b"\xff\xff\xff\xff" + encode_values([Value(1, "x", b"x")])[4:],
        encode_values([Value(1, "x", b"x")]).replace(b"\x00\x00\x00\x01x", b"\xff\xff\xff\xffx"),
        encode_values([Value(1, "x", b"x")])[:4] + b"\x00\x00\x00\x00" + encode_values([Value(1, "x", b"x")])[8:],
        encode_values([Value(1, "x", b"x")])[:4] + b"\x80\x00\x00\x00" + encode_values([Value(1, "x", b"x")])[8:],
        encode_values([Value(1, "x", b"x")]).replace(b"x", b"\xff", 1),
    ],
)
def test_what_it_cannot_show_is_pythons(index, blocks, values):
    """Structures, references, large values, and arrays that are broken."""
    put(index, "88.1/A", values)

    assert speedups.resolve_http(index, blocks, get(b"88.1/A"), 0, b"HEAD", BEHIND) == (b"", 0, 0)


def test_every_structured_type_is_recognised_by_its_first_letters():
    """A new one under another name would be shown as plain text here."""
    assert all(name.startswith("HS_") for name in STRUCTURES)


@pytest.mark.parametrize(
    "target",
    [
        b"", b"88.1/B", b"88.1/A?", b"88.1/A#", b"88.1/%", b"88.1/%4", b"88.1/%4x", b"88.1/%00A", b"./88.1/A", b"88.1/./A",
        b"88.1/\xc3\x84", b"88.1/%FF", b"88.1/%C2%85", b"88.1/%ED%A0%80", b"88.1/%7F", b"a" * 5_000, b'88.1/"A', b"88.1/A|",
    ],
)  # fmt: skip
def test_a_target_that_is_not_plain_is_left(index, blocks, target):
    """Though the index has names like it."""
    for name in ("88.1/A", "", "88.1/.", "./88.1/A", "88.1/./A", "88.1/%", "88.1/%4", 'a"'):
        put(index, name, encode_values([Value(1, "n", b"x")]))

    assert speedups.resolve_http(index, blocks, get(target), 0, b"HEAD", BEHIND)[2] == 0


@pytest.mark.parametrize("block", [b"\r\nHost: y\r\nAccept: */*\r\n\r\n", BLOCK[:-1], BLOCK[:-2] + b"X: 1\r\n\r\n", b""])
def test_other_header_fields_are_left(index, blocks, block):
    """Only what has been learnt, and whole."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]))

    assert speedups.resolve_http(index, blocks, b"GET /api/handles/88.1/A HTTP/1.1" + block, 0, b"HEAD", BEHIND)[2] == 0


def test_a_record_with_hidden_values_shows_its_public_ones(index, blocks):
    """Over HTTP public values are asked for unless somebody says otherwise, and that is not plain."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]), speedups.OWN | speedups.PUBLIC_ONLY)

    assert speedups.resolve_http(index, blocks, get(b"88.1/A"), 0, b"HEAD", BEHIND)[2] == 1


def test_what_others_said_is_left(index, blocks):
    """A cache's answers have an age, which their header tells."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]), 0)
    index.put(b"\x0188.1/B", encode_values([Value(1, "n", b"x")]), 1, 2_000_000_000)
    index.put(b"\x0188.1/C", b"\x00\x00\x00\x00", 100)

    names = (b"88.1/A", b"88.1/B", b"88.1/C")

    assert all(speedups.resolve_http(index, blocks, get(name), 0, b"H", BEHIND)[2] == 0 for name in names)


def test_limits_are_kept(index, blocks):
    """Of answers, and of octets."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]))
    octets = get(b"88.1/A") * 9

    assert speedups.resolve_http(index, blocks, octets, 0, b"HEAD", BEHIND, 3)[2] == 3
    assert speedups.resolve_http(index, blocks, octets, 0, b"HEAD", BEHIND, 0)[2] == 0
    assert speedups.resolve_http(index, blocks, octets, 0, b"HEAD", BEHIND, -1, 200)[2] == 2
    assert speedups.resolve_http(index, blocks, octets, len(octets), b"HEAD", BEHIND) == (b"", len(octets), 0)


def test_a_disabled_index_answers_nothing(index, blocks):
    """As everywhere."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]))
    index.enabled = False

    assert speedups.resolve_http(index, blocks, get(b"88.1/A"), 0, b"HEAD", BEHIND) == (b"", 0, 0)


@pytest.mark.parametrize("block", [b"", b"\r\n\r\n" * 2, b"abc", b"\r\nA: b\r\n", b"\r\n" + b"a" * 2_000 + b"\r\n\r\n"])
def test_a_block_that_cannot_be_one_is_refused(block):
    """Its end must be where the first empty line is, or a request could hide in it."""
    with pytest.raises(ValueError, match="header block"):
        speedups.HttpBlocks().add(block)


def test_only_the_last_blocks_are_known(index):
    """Sixteen of them."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]))
    blocks = speedups.HttpBlocks()
    known = [b"\r\nHost: %d\r\n\r\n" % number for number in range(17)]
    for block in known:
        blocks.add(block)
    request = b"GET /api/handles/88.1/A HTTP/1.1"

    assert [speedups.resolve_http(index, blocks, request + block, 0, b"H", BEHIND)[2] for block in known] == [0] + [1] * 16


def test_mutated_requests_harm_nothing(index, blocks):
    """Cut anywhere, octets replaced: answered as the plain request, or left."""
    put(index, "88.1/A", encode_values([Value(1, "n", b"x")]))
    draw = random.Random(3)
    whole = get(b"88.1/A") * 3
    expected = speedups.resolve_http(index, blocks, get(b"88.1/A"), 0, b"HEAD", BEHIND)[0]
    for _ in range(ROUNDS):
        octets = bytearray(whole)
        for _ in range(draw.randrange(3)):
            octets[draw.randrange(len(octets))] = draw.randrange(256)
        octets = bytes(octets[: draw.randrange(len(octets) + 1)])
        answers, at, count = speedups.resolve_http(index, blocks, octets, 0, b"HEAD", BEHIND)
        assert at <= len(octets)
        assert answers.lower().count(expected.lower()[:20]) == count
