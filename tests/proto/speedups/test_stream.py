"""process: octet for octet what the plain path gives, for the common questions and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from hot_differential import campaign
from hot_questions import KINDS, NAMES, NOW, SERIAL, SITE, corpus, expected, make_index, question
from hypothesis import given
from hypothesis import strategies as st

from idis.proto._speedups import AnswerIndex, Counters, process
from idis.proto.exchange import query_of
from idis.proto.message import decode_message
from idis.proto.types.site import Interface, Server, Site, encode_site
from idis.proto.value import Value, encode_values
from idis.registry import authority
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.memory import MemoryStore
from idis.resolver.reply import Replies

CORPUS = corpus()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnswerIndex]:
    """The table, mapped."""
    index = make_index(tmp_path_factory.mktemp("index") / "index")
    yield index
    index.close()


def ask(index: AnswerIndex, buffer: bytes, **limits: int) -> tuple[bytes, int, list[tuple[int, int]], int, bool]:
    """process, with a clock and a serial."""
    return process(index, buffer, NOW, SERIAL, Counters(), **limits)


@pytest.mark.timeout(0)
def test_both_paths_agree_on_damaged_buffers(request: pytest.FixtureRequest) -> None:
    """Many buffers of a few questions each, damaged and cut anywhere: the same answers, the same frames handed back."""
    result = campaign(2026, request.config.getoption("--differential-buffers", default=20_000))

    assert result.findings == ()
    assert min(result.answers, result.leftovers) > result.buffers // 5


def test_both_paths_agree_on_every_question(index: AnswerIndex) -> None:
    """Each question alone, whole."""
    assert [asked.hex() for asked in CORPUS if ask(index, asked)[:4] != expected(asked)] == []


def test_an_answer_by_hand(index: AnswerIndex) -> None:
    """Every octet of one answer."""
    asked = question("88.118.8/a1", request_id=0x01020304, session_id=0x0A0B0C0D, recursion_count=3, flags=0x1900_0000)
    answer = bytes.fromhex(
        "020b020b 0a0b0c0d 01020304 00000000 00000057"
        "00000001 00000001 99000000 0007 03 00 655499c0 0000003b"
        "0000000b 38382e3131382e382f6131"
        "00000001" + "61" * 40 + "00000000"
    )

    assert ask(index, asked) == (answer, len(asked), [], 1, False)


def test_absent_by_hand(index: AnswerIndex) -> None:
    """A negative answer echoes no identifier, is not authoritative here, and its body is an empty message."""
    answer = bytes.fromhex(
        "020b020b 00000000 00000001 00000000 00000020 00000001 00000064 19000000 0007 00 00 655499c0 00000004 00000000 00000000"
    )

    assert ask(index, question("88.118.9/absent"))[0] == answer


def test_a_stream_may_be_cut_anywhere(index: AnswerIndex) -> None:
    """Whatever part of the stream has arrived, whole frames are answered and the rest waits."""
    stream = b"".join(CORPUS[:40])

    for end in range(0, len(stream), 3):
        assert ask(index, stream[:end])[:4] == expected(stream[:end])


@given(st.lists(st.sampled_from(CORPUS), max_size=150), st.integers(1, 9), st.integers(1, 3_000), st.integers(1, 40))
def test_limits_only_interrupt(index: AnswerIndex, frames: list[bytes], unanswered: int, octets: int, allowed: int) -> None:
    """A caller that comes back after each limit gets in the end what it would have got at once."""
    stream = b"".join(frames)
    answers, at, leftovers, answered = b"", 0, [], 0
    more = True
    while more:
        part, consumed, left, count, more = ask(index, stream[at:], unanswered_max=unanswered, octets_max=octets)
        assert consumed or not more
        assert len(left) <= unanswered
        answers += part
        answered += count
        leftovers += [(at + start, at + end) for start, end in left]
        at += consumed

    assert (answers, at, leftovers, answered) == expected(stream)
    assert ask(index, stream, allowed=allowed, unanswered_max=200)[3] == min(answered, allowed)


def test_what_is_not_allowed_is_handed_back(index: AnswerIndex) -> None:
    """A source out of tokens has its questions decided by the chain, which refuses them aloud."""
    asked = question("88.118.8/a1")

    assert ask(index, asked * 3, allowed=1)[2:4] == ([(len(asked), 2 * len(asked)), (2 * len(asked), 3 * len(asked))], 1)


def test_broken_framing_is_left_to_the_connection(index: AnswerIndex) -> None:
    """It stops in front of a frame that is too long or compressed, and what stands before it is answered."""
    asked = question("88.118.8/a1")
    long = asked[:16] + (65_537).to_bytes(4, "big") + bytes(70_000)
    compressed = asked[:2] + b"\x82" + asked[3:]

    assert [ask(index, asked + broken)[1] for broken in (long, compressed)] == [len(asked), len(asked)]


def test_a_disabled_index_answers_nothing(tmp_path: Path) -> None:
    """While it is filled or behind, every frame goes to Python."""
    index = make_index(tmp_path / "index")
    index.enabled = False
    asked = question("88.118.8/a1")

    assert ask(index, asked) == (b"", len(asked), [(0, len(asked))], 0, False)


def test_a_closed_index_answers_nothing(tmp_path: Path) -> None:
    """Nor does one whose mapping is gone."""
    index = make_index(tmp_path / "index")
    index.close()
    asked = question("88.118.8/a1")

    assert ask(index, asked)[2:4] == ([(0, len(asked))], 0)


def test_a_ring_folds_the_prefix_alone(tmp_path: Path) -> None:
    """What others said holds for the suffix as it was asked for; which case the prefix has matters nowhere."""
    ring = AnswerIndex.create(tmp_path / "ring", 64, 65_536, bytes(16), ring=True)
    ring.put(b"\x01AB.1/a/B", bytes.fromhex("00000001") + b"lower")
    ring.put(b"\x02AB.1", bytes.fromhex("00000001") + b"site")
    ring.put(b"\x01AB.1/absent", bytes(4), 100)
    ring.enabled = True
    names = ("ab.1/a/B", "AB.1/a/B", "ab.1/a/b", "ab.1/A/B", "Ab.1/absent", "ab.1/Absent")
    answered = [ask(ring, question(name))[3] for name in names]

    assert answered == [1, 1, 0, 0, 1, 0]
    assert ask(ring, question("0.na/ab.1", SITE))[3] == 1


def test_expiry_is_to_the_second(index: AnswerIndex) -> None:
    """An entry that expires at a second answers until that second begins."""
    asked = question("88.118.9/cached")

    assert [process(index, asked, now, SERIAL, Counters())[3] for now in (NOW, NOW + 1)] == [1, 0]


def test_the_octets_may_lie_in_any_buffer(index: AnswerIndex) -> None:
    """A bytearray, and a view that begins at an odd octet."""
    asked = question("88.118.8/a1")

    assert process(index, bytearray(asked), NOW, SERIAL, Counters()) == ask(index, asked)
    assert process(index, memoryview(b"x" + asked)[1:], NOW, SERIAL, Counters()) == ask(index, asked)


def test_answers_are_counted_by_code(index: AnswerIndex) -> None:
    """Where `process` answered, Python has nothing left to count."""
    counters = Counters()
    asked = [question(name) for name in ("88.118.8/a1", "88.118.8/a2", "88.118.9/absent", "88.118.9/hidden", "88.118.8/nobody")]
    asked += [question("77/x"), question("77.1/x"), question("0.NA/77.1")]
    process(index, b"".join(asked), NOW, SERIAL, counters)

    assert counters.answered == {1: 2, 100: 1, 200: 1, 302: 2, 303: 1}


def test_long_keys_end_a_batch_early(index: AnswerIndex) -> None:
    """Identifiers of the greatest length, more of them than the keys of one batch have room for."""
    longest = question(NAMES[6])
    stream = (longest + question("88.118.8/a1")) * 30

    assert ask(index, stream, octets_max=10**7)[:4] == expected(stream)


SITE_OCTETS = encode_site(Site(1, (2, 11), 7, True, False, 2, b"", (), (Server(1, "127.0.0.1", b"", (Interface(3, 1, 2641),)),)))
REAL_VALUES = (Value(1, "URL", b"https://example.com/"), Value(2, "name", "船 1".encode()))


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """A registry with a prefix and two records."""
    store = MemoryStore()
    prefix = PrefixEntry("88.118.8", homed=True, values=encode_values([Value(1, "HS_SITE", SITE_OCTETS)]))
    store.write(lambda txn: txn.put_prefix(prefix), actor="test").result()
    for name in ("88.118.8/A1", "88.118.8/标识"):
        store.write(lambda txn, name=name: txn.put_record(prepare(Record(name, REAL_VALUES), NOW)), actor="test").result()
    return store


def test_the_plain_path_gives_the_same_octets(store: MemoryStore, tmp_path: Path) -> None:
    """Filled from a registry, the index answers with the octets of decoding, asking the authority, and encoding."""
    index = AnswerIndex.create(tmp_path / "index", 64, 65_536, bytes(16))
    with store.read() as txn:
        for key, record in txn.records("88.118.8", None, 10):
            index.put(b"\x01" + key.replace(b"\0", b"/"), record.public)
        entry = txn.prefix("88.118.8")
        assert entry is not None
        index.put(b"\x0288.118.8", entry.values)
        index.enabled = True
        compared = 0
        for asked in (question(name, tail) for name in ("88.118.8/a1", "88.118.8/标识", *NAMES) for tail in KINDS):
            answers = ask(index, asked)[0]
            if not answers:
                continue
            compared += 1
            message = decode_message(asked)
            outcome = authority.answer(query_of(message), txn, NOW)
            assert answers == Replies("test", SERIAL, bytes).frame(message, outcome, NOW)

    assert compared >= 8
