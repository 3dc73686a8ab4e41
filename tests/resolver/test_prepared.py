"""Prepared answers: octet for octet what the chain's steps give, and only for the common question."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.exchange import query_of
from idis.proto.message import decode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Refused
from idis.proto.value import Value, encode_values
from idis.registry import authority
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, Privacy
from idis.registry.record import Record, prepare
from idis.registry.store.base import StoreError
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore
from idis.registry.template_handles import TYPE as TEMPLATE
from idis.resolver.known_records import TABLES
from idis.resolver.prepared import Prepared
from idis.resolver.recursion.cache import cache_key
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.recursion.settings import RecursorSettings
from idis.resolver.reply import Replies, code_of

NOW = 1_700_000_000
SERIAL = 7
PUBLIC = Value(1, "URL", b"https://example.com/")
SECRET = Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)
SITE = bytes.fromhex("0001020b0001800200000000")  # this node's own
ELSEWHERE = encode_values([Value(1, "HS_SITE", bytes(12)), Value(2, "HS_SITE.PREFIX", bytes(12))])
RULE = b'<namespace><template delimiter="@"><value index="1" type="URL" data="https://example.com/${extension}"/></template></namespace>'

PREFIXES = (
    PrefixEntry("88.118.8", homed=True),
    PrefixEntry("88.118.9", hosting=Hosting.HOSTED, privacy=Privacy.STRICT),
    PrefixEntry("88.118.10", homed=True, fold_suffix=False),
    PrefixEntry("88.118.11", homed=True, state=PrefixState.SUSPENDED),
    PrefixEntry("88.118.12", values=ELSEWHERE),
    PrefixEntry("88.118.13"),
    PrefixEntry("88.118.14", homed=True, values=encode_values([PUBLIC, SECRET])),
    PrefixEntry("88.118.15", homed=True, values=encode_values([Value(1, TEMPLATE, RULE)])),
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
        outcome = authority.answer(query, txn, NOW, site=SITE)
    octets = Replies("test", SERIAL, bytes).frame(message, outcome, NOW)
    assert octets is not None
    return int(code_of(outcome)), octets


def reply(fast: Prepared, frame: bytes, store: MemoryStore = STORE) -> tuple[int, bytes] | None:
    """What the fast way answers and counts."""
    fast.answered.clear()
    with store.read() as txn:
        fast.open(txn, NOW)
        octets = fast.reply(frame)
    if octets is None:
        assert not fast.answered
        return None
    ((code, count),) = fast.answered.items()
    assert count == 1
    return code, octets


FAST = Prepared(SERIAL, SITE)
KNOWING = Prepared(SERIAL, SITE, known_bytes=TABLES * 600)  # two records of a table or so: it forgets, too


def prepared(frame: bytes) -> tuple[int, bytes] | None:
    """The fast way, as it meets a question first and as it remembers it, with and without the record."""
    first = reply(Prepared(SERIAL, SITE), frame)
    assert reply(FAST, frame) == first
    assert reply(KNOWING, frame) == first
    assert reply(KNOWING, frame) == first
    return first


# No indexes, the type HS_SITE.
SITE_ASKED = bytes.fromhex("00000000 00000001 00000007 48535f53495445")

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
    "form": ("{prefix}/{suffix}", st.sampled_from(["{prefix}", "0.NA/{prefix}", "0.na/{prefix}", "0.NA/{prefix}/x"])),
    "prefix": (
        "88.118.8",
        st.sampled_from([entry.prefix for entry in PREFIXES])
        | st.sampled_from(["88.118.99", "88.118.8.1", "88.118.12.1", "0.NA", "88.abc", "88..1", "0", ""]),
    ),
    "suffix": ("A1", st.sampled_from([*NAMES, "a1", "absent", "", "a\x07b", "\u3000", "x" * 2_050]) | st.text(max_size=8)),
    "tail": (
        bytes(8),
        st.sampled_from([b"", bytes(4), bytes(12), bytes(16), bytes(8) + b"\0\0\0\1x", b"\0\0\0\1" + bytes(8)])
        | st.sampled_from([SITE_ASKED, SITE_ASKED + bytes(4), SITE_ASKED[:-1], b"\0\0\0\1\0\0\1\x2c" + bytes(4)]),
    ),
    "credential": (bytes(4), st.sampled_from([b"", b"\0\0\0\1x", bytes(5)])),
}
VARIED_MAX = 3


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """The common request with up to three fields changed."""
    varied = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=VARIED_MAX))
    field: dict[str, Any] = {name: draw(other) if name in varied else usual for name, (usual, other) in FIELDS.items()}
    name = field["form"].format(prefix=field["prefix"], suffix=field["suffix"]).encode("utf-8", "replace")
    body = struct.pack(">I", len(name)) + name + field["tail"]
    numbers = [field[name] for name in ("opcode", "code", "flags", "serial", "recursion_count", "reserved", "expiration")]
    message = struct.pack(">IIIHBBII", *numbers, len(body)) + body + field["credential"]
    numbers = [field[name] for name in ("major", "minor", "suggested_major", "suggested_minor", "session", "request", "sequence")]
    return struct.pack(">BBBBIIII", *numbers, len(message) + field["length"]) + message


# How fast inputs come depends on who else uses the machine.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
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
        {"types": ("HS_SITE",)},
        {"flags": 0x1980_0000},
        {"flags": 0x5900_0000},
        {"flags": 0x1908_0000},
        {"opcode": 2},
        {"tail": b"\x00\x00\x00\x01x"},
    ],
    ids=["index", "type", "site of a record", "digest", "certify", "explain", "site info", "token"],
)
def test_uncommon_questions_go_to_the_chain(frame, uncommon):
    """Filters, digests, signatures, explanations, other operations, tokens."""
    assert prepared(frame("88.118.8/A1", **uncommon)) is None


@pytest.mark.parametrize("name", ["88.118.8/hidden", "88.118.15/absent@1", "88..1/x", "88.118.8/\x07", "/x", "88.118.8/", "0"])
def test_what_needs_a_decision_goes_to_the_chain(frame, name):
    """Records with nothing to show, names answered by rule, what is no identifier, the heartbeat."""
    assert prepared(frame(name)) is None


@pytest.mark.parametrize("name", ["88.118.8", "0.NA/88.118.8", "0.na/88.118.12", "88.118.12", "88.118.14", "0.NA/88.abc"])
@pytest.mark.parametrize("types", [("HS_SITE",), ("HS_SITE", "HS_SITE.6", "HS_SERV"), ("URL",), ()], ids=str)
@pytest.mark.parametrize("tail", [b"", bytes(4)], ids=["Handle", "IDIS with empty authBytes"])
def test_prefixes_are_answered_fast(frame, name, types, tail):
    """By either spelling, for any types; a prefix answered here shows this node's own site unless it has one."""
    asked = frame(name, types=types, tail=tail)

    assert prepared(asked) is not None
    assert prepared(asked) == by_the_steps(asked)


@pytest.mark.parametrize(
    ("name", "code"),
    [("88.118.12/A1", 302), ("88.118.12.7/A1", 302), ("0.NA/88.118.12.7", 303), ("88.118.8.7/A1", 100), ("88.118.11/A1", 301),
     ("88.118.13/A1", 301), ("99.1/x", 301), ("0.NA/99.1", 301), ("99.1/标识", 301)],
)  # fmt: skip
def test_names_answered_elsewhere_are_common(frame, name, code):
    """Referrals, refusals and what certainly does not exist are the same for every suffix."""
    asked = frame(name)
    fast = prepared(asked)

    assert fast is not None
    assert fast[0] == code
    assert fast == by_the_steps(asked)


def test_who_wants_no_referral_is_told_by_the_chain(frame):
    """What is remembered of a prefix holds for those who take referrals."""
    fast = Prepared(SERIAL, SITE)

    assert reply(fast, frame("88.118.12/A1", flags=0x1910_0000)) is None
    assert reply(fast, frame("88.118.12/A1")) == by_the_steps(frame("88.118.12/A1"))
    assert reply(fast, frame("88.118.12/A1", flags=0x1910_0000)) is None


def test_a_prefix_shows_its_secrets_to_nobody(frame):
    """With PO a prefix with restricted values is common, without it the chain may have to challenge."""
    assert prepared(frame("88.118.14", flags=0x1900_0000)) == by_the_steps(frame("88.118.14", flags=0x1900_0000))
    assert prepared(frame("88.118.14", flags=0x1000_0000)) is None


def test_a_restricted_record_is_common_only_for_the_public(frame):
    """Without PO the reader may be challenged, which the chain decides."""
    assert prepared(frame("88.118.8/mixed", flags=0x1900_0000)) is not None
    assert prepared(frame("88.118.8/mixed", flags=0x1000_0000)) is None


def test_a_change_of_a_prefix_is_seen_at_the_next_question(frame):
    """What is remembered of prefixes holds only until the next commit."""
    store = make_store()
    fast = Prepared(SERIAL, SITE)
    asked = [frame("88.118.8/A1"), frame("88.118.8.7/A1"), frame("88.118.8")]
    before = [reply(fast, question, store) for question in asked]
    suspended = replace(PREFIXES[0], state=PrefixState.SUSPENDED)
    store.write(lambda txn: txn.put_prefix(suspended), actor="test").result()

    assert [answer[0] for answer in before if answer] == [1, 100, 1]
    assert [answer and answer[0] for answer in (reply(fast, question, store) for question in asked)] == [301, 301, 301]


def test_a_change_of_a_record_is_seen_at_the_next_question(frame):
    """What is remembered of a record holds only until a commit that changes it."""
    store = make_store()
    fast = Prepared(SERIAL, SITE, known_bytes=10**6)
    seen = []
    for text in (b"first", b"second"):
        record = prepare(Record("88.118.8/A1", (Value(1, "URL", text),)), NOW)
        store.write(lambda txn, record=record: txn.put_record(record), actor="test").result()
        answers = [reply(fast, frame("88.118.8/A1"), store) for _ in range(2)]
        seen.append(all(text in answer[1] for answer in answers if answer))
    store.write(lambda txn: txn.delete_record(b"88.118.8\0A1"), actor="test").result()

    assert seen == [True, True]
    assert reply(fast, frame("88.118.8/A1"), store)[0] == 100


def test_a_change_of_another_record_leaves_a_known_one_known(frame):
    """It is not read again, neither before nor after."""
    store = make_store()
    fast = Prepared(SERIAL, SITE, known_bytes=10**6)
    asked = frame("88.118.8/A1")
    reply(fast, asked, store)
    other = prepare(Record("88.118.8/other", (PUBLIC,)), NOW)
    store.write(lambda txn: txn.put_record(other), actor="test").result()
    with store.read() as txn:
        fast.open(txn, NOW)

    assert fast.records.get(b"88.118.8\0A1") is not None


def test_a_known_record_with_secrets_is_for_the_public_only(frame):
    """What one asker who wants public values made known is not shown to another, who may have to be challenged."""
    fast = Prepared(SERIAL, SITE, known_bytes=10**6)
    first = reply(fast, frame("88.118.8/mixed", flags=0x1900_0000))

    assert reply(fast, frame("88.118.8/mixed", flags=0x1000_0000)) is None
    assert reply(fast, frame("88.118.8/mixed", flags=0x1900_0000)) == first == by_the_steps(frame("88.118.8/mixed"))


def test_a_suffix_that_looks_like_the_key_of_a_long_name_is_not_that_name(frame):
    """A long suffix is kept by its digest, which is no text that anybody could ask for."""
    store, long = make_store(), "x" * 600
    record = prepare(Record(f"88.118.10/{long}", (PUBLIC,)), NOW)
    store.write(lambda txn: txn.put_record(record), actor="test").result()
    fast = Prepared(SERIAL, SITE, known_bytes=10**6)
    digest = record_key("88.118.10", long, fold_suffix=False).partition(b"\0")[2]
    alike = "y" * len(digest)
    codes = [reply(fast, frame(f"88.118.10/{suffix}"), store)[0] for suffix in (long, alike)]

    assert codes == [1, 100]
    assert reply(fast, frame(f"88.118.10/{alike}").replace(alike.encode(), digest), store) is None


def test_many_frames_are_answered_as_each_alone(frame):
    """In order, None for those that are not common; each is counted once."""
    names = ("88.118.8/A1", "88.118.8/hidden", "88.118.8/absent", "88.118.9/mixed", "88.118.8/a1", "88.118.12/A1")
    asked = [frame(name) for name in names]
    alone = [reply(FAST, one) for one in asked]
    FAST.answered.clear()
    with STORE.read() as txn:
        FAST.open(txn, NOW)
        answers = FAST.replies(asked)

    assert answers == [one and one[1] for one in alone]
    assert dict(FAST.answered) == {1: 3, 100: 1, 302: 1}


def test_forms_and_middles_are_bounded(frame, monkeypatch):
    """Whoever varies header, name and values fills no memory, and gets the same answers."""
    monkeypatch.setattr("idis.resolver.prepared.FORMS_MAX", 3)
    monkeypatch.setattr("idis.resolver.prepared.MIDDLES_MAX", 2)
    fast = Prepared(SERIAL, SITE)
    for number in range(12):
        asked = frame(f"88.118.8/{'x' * number}A1", flags=0x1900_0000)

        assert reply(fast, asked) == by_the_steps(asked)
        assert reply(fast, frame("88.118.8/A1")) == by_the_steps(frame("88.118.8/A1"))
        assert len(fast._forms) <= 3


def test_an_expiration_is_echoed_as_long_as_it_lies_ahead(frame):
    """What is remembered of a header holds for one second."""
    fast = Prepared(SERIAL)
    asked = frame("88.118.8/A1")
    ends = 2_000_000_000
    with STORE.read() as txn:
        fast.open(txn, ends - 1)
        assert fast.reply(asked)[36:40] == ends.to_bytes(4, "big")
        fast.open(txn, ends)
        assert fast.reply(asked)[36:40] == (ends + 43_200).to_bytes(4, "big")


def test_a_frame_of_another_length_than_it_says_goes_to_the_chain(frame):
    """Also when its header is one that is remembered."""
    asked = frame("88.118.8/A1")
    fast = Prepared(SERIAL)

    assert reply(fast, asked) is not None
    assert reply(fast, asked + b"\x00") is None
    assert reply(fast, asked[:-1]) is None


def test_a_store_that_fails_goes_to_the_chain(frame):
    """The chain knows what to say about a damaged record."""

    class Failing:
        def __init__(self, txn: object) -> None:
            self._txn = txn

        def __getattr__(self, name: str) -> object:
            return getattr(self._txn, name)

        def public(self, key: bytes) -> object:
            raise StoreError("damaged")

    fast = Prepared(SERIAL)
    with STORE.read() as txn:
        fast.open(Failing(txn), NOW)
        assert fast.reply(frame("88.118.8/A1")) is None


class FakeClock:
    """Both clocks, set by hand."""

    def __init__(self) -> None:
        self.seconds = float(NOW)

    def time(self) -> float:
        """Unix time."""
        return self.seconds

    def monotonic(self) -> float:
        """Steady time."""
        return self.seconds


class Caching:
    """A recursive node without a network: what it caches is put there by hand."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        settings = RecursorSettings(roots=("127.0.0.1:2641",), negative_ttl_s=60)
        self.recursor = Recursor(settings, self.clock, random=lambda: 0.0)
        self.fast = Prepared(SERIAL, SITE, self.recursor)

    def learn(self, frame: bytes, outcome: Outcome) -> None:
        """As if another node had answered."""
        key = cache_key(query_of(decode_message(frame)))
        self.recursor.cache.put(key, outcome, self.clock.seconds, self.clock.seconds)

    def by_the_steps(self, frame: bytes) -> tuple[int, bytes] | None:
        """Decode, look into the cache, encode."""
        message = decode_message(frame)
        resolved = self.recursor.cached(query_of(message), self.clock.seconds)
        if resolved is None:
            return None
        octets = Replies("test", SERIAL, bytes).frame(message, resolved, NOW)
        return int(code_of(resolved)), octets


CACHED = Answer(encode_values([PUBLIC]), 100)


@pytest.mark.parametrize("outcome", [CACHED, NotFound(), NoValues()], ids=["answer", "not found", "no values"])
@pytest.mark.parametrize(
    ("name", "types"),
    [("99.1/a", ()), ("99.1/标识 1", ()), ("88.118.12/A1", ()), ("99.1", ()), ("0.NA/99.1", ("HS_SITE",)), ("99.1", ("URL",))],
)
def test_what_others_said_is_common(frame, outcome, name, types):
    """Cached answers and absences, of records and of prefixes: the steps' octets, not authoritative."""
    node = Caching()
    asked = frame(name, types=types)
    before = reply(node.fast, asked)
    node.learn(asked, outcome)

    assert before is None
    assert reply(node.fast, asked) is not None
    assert reply(node.fast, asked) == node.by_the_steps(asked)


@pytest.mark.parametrize("outcome", [Refused(301, "no"), Refused(402)], ids=["301", "402"])
def test_refusals_of_others_go_to_the_chain(frame, outcome):
    """They may hold a challenge, or a sentence for a version of its own."""
    node = Caching()
    node.learn(frame("99.1/a"), outcome)

    assert reply(node.fast, frame("99.1/a")) is None


def test_who_asks_for_an_authoritative_answer_gets_no_cached_one(frame):
    """The authority has to be asked."""
    node = Caching()
    node.learn(frame("99.1/a"), CACHED)

    assert reply(node.fast, frame("99.1/a", flags=0x9900_0000)) is None


def test_own_answers_come_before_the_cache(frame):
    """A recursive node with prefixes of its own never asks the cache about them."""
    node = Caching()
    node.learn(frame("88.118.8/A1"), NotFound())

    assert reply(node.fast, frame("88.118.8/A1")) == by_the_steps(frame("88.118.8/A1"))


@pytest.mark.parametrize(("age_s", "common"), [(0, True), (89, True), (91, False), (101, False)])
def test_what_ends_soon_goes_to_the_chain(frame, age_s, common):
    """There it is fetched anew, if it is popular; what has ended may be served stale there."""
    node = Caching()
    node.learn(frame("99.1/a"), CACHED)
    reply(node.fast, frame("99.1/a"))
    node.clock.seconds += age_s

    assert (reply(node.fast, frame("99.1/a")) is not None) is common


def test_hits_are_counted(frame):
    """For the metrics, and for what is popular."""
    node = Caching()
    node.learn(frame("99.1/a"), CACHED)
    node.learn(frame("99.1/b"), NotFound())
    for name in ("99.1/a", "99.1/a", "99.1/b"):
        reply(node.fast, frame(name))

    assert (node.recursor.counters.hits, node.recursor.counters.negative_hits) == (2, 1)
