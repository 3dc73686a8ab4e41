"""Hidden is absent, in octets: a record with values that lists or switches keep from the public answers as one without them.

Pairs of registries are made, equal but for hidden values; every way to an answer is asked the same frames. How many pairs
is an option, `--hidden-pairs`; a pair that differs is named by its seed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from idis.proto import speedups
from idis.proto.statement import SIGNED_INDEX, SIGNED_TYPE
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, encode_values
from idis.registry.answer_entries import home_of, record_item
from idis.registry.caller import Caller
from idis.registry.identity import Identity, parse_identity
from idis.registry.permission import Lists
from idis.registry.prefix import PrefixEntry, Privacy
from idis.registry.readers import ReaderLists, lists_value, mark
from idis.registry.record import Record, prepare
from idis.registry.registration import acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.signing import sign
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore
from idis.registry.suites import SigningKey
from idis.resolver.chain import Chain, Deferred
from idis.resolver.config import GuardSection
from idis.resolver.guard.rates import Rates
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.handlers.access import Access
from idis.resolver.handlers.authority import Authority
from idis.resolver.handlers.limit import Limit
from idis.resolver.handlers.observe import Observe
from idis.resolver.metrics import Metrics
from idis.resolver.prepared import Prepared
from idis.resolver.reply import Replies
from idis.resolver.request import HTTP, TCP, UDP, Peer

COMPILED = speedups.LOADED == speedups.COMPILED
if COMPILED:
    from idis.proto._speedups import AnswerIndex, Counters, process

NOW = 1_700_000_000
NAME = "88.1/x"
SITE = bytes.fromhex("0001020b0001800200000000")
ADMIN = encode_admin(Admin("88.9/owner", 300))
FRAMES_PER_PAIR = 24
OWNER = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
TYPES = ("URL", "URL.us", "EMAIL", "HS_ALIAS", "HS_SECKEY", "recallFlag", "HS_ADMIN", "名称")
OUTSIDER = Caller("tcp 192.0.2.1", Identity(300, "99.9/STRANGER"))
NOBODY = Caller("tcp 192.0.2.1")


class Clock:
    """Time that stands still."""

    def time(self) -> float:
        """Unix time."""
        return NOW

    def monotonic(self) -> float:
        """Steady time."""
        return 0.0


class Side:
    """A registry of one prefix and at most one record, and every way to its answers."""

    def __init__(self, entry: PrefixEntry, values: tuple[Value, ...] | None) -> None:
        self.store = MemoryStore(clock=Clock().time)
        self.store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
        if values is not None:
            self.store.write(lambda txn: txn.put_record(prepare(Record(NAME, values), NOW)), actor="test").result()
        metrics = Metrics()
        self.chain = Chain(
            store=self.store,
            limit=Limit(Rates(GuardSection()), metrics),
            steps=[Access(), Authority(SITE, metrics)],
            observe=Observe(metrics),
            prepared=Prepared(1, SITE),
            replies=Replies("test", 1, bytes),
            recursor=None,
            clock=Clock(),
        )
        self.entry = entry

    def answers(self, frame: bytes) -> list[bytes | Deferred | None]:
        """What the chain says over each transport, with and without the prepared way."""
        found: list[bytes | Deferred | None] = []
        for transport in (UDP, TCP, HTTP):
            source = Source("192.0.2.1/32", "192.0.2.0/24", "192.0.0.0/20", True)
            peer = Peer(transport, source, Standing.TRUSTED)
            with self.chain.batch(transport) as batch:
                found += [batch.answer(frame, peer, _deliver), batch.decode(frame, peer, _deliver)]
        return found

    def fill(self, index: AnswerIndex) -> None:
        """Put what stands for the record into a compiled index, as its keeper does."""
        key = record_key("88.1", "x", True)
        with self.store.read() as txn:
            item = record_item(key, txn.public(key), home_of(txn.prefix("88.1"), txn))
        assert item is not None
        index.delete(item.key)
        if item.value is not None:
            index.put(item.key, item.value, item.code, 0, item.flags)

    def verdict(self, act: acts.Act, caller: Caller) -> object:
        """What forbids an act."""
        with self.store.read() as txn:
            return acts.judge(txn, act, caller)


def _deliver(octets: bytes, /, *, more: bool = False) -> None:
    raise AssertionError("nothing is answered later here")


def _pair(random: Random) -> tuple[Side, Side]:
    """A registry whose record has hidden values, and one whose record lacks them."""
    strict = random.random() < 0.5
    values = [_value(random, index) for index in random.sample(range(1, 12), random.randint(1, 6))]
    hidden = {value.index for value in values if random.random() < 0.5} or {values[0].index}
    own, template, off = set(), set(), set()
    for index in hidden:
        random.choice((own, template, off)).add(index)
    readers = (parse_identity("300:88.9/r"),)
    lists = ReaderLists(dict.fromkeys(own, readers), frozenset(off))
    marked = mark((*values, lists_value(lists)), ReaderLists(dict.fromkeys(template, ())))
    left = tuple(value for value in values if value.index not in hidden)
    owner = encode_values([Value(100, "HS_ADMIN", ADMIN)])
    entry = PrefixEntry("88.1", homed=True, privacy=Privacy.STRICT if strict else Privacy.HANDLE, values=owner)
    # Below a strict prefix a record that shows nothing is one that does not exist.
    absent = strict and not any(value.public for value in left)
    if random.random() < 0.5:
        return Side(entry, _signed(marked, lists.lists)), Side(entry, None if absent else _signed(left, {}))
    return Side(entry, marked), Side(entry, None if absent else left)


def _signed(values: tuple[Value, ...], lists: Lists) -> tuple[Value, ...]:
    """The same, signed by the owner for everybody who sees something."""
    place = PrefixEntry("88.1", homed=True)
    signed = sign(OWNER, place, NAME, (*values, Value(SIGNED_INDEX, SIGNED_TYPE, b"")), lists, None, NOW)
    assert not isinstance(signed, Refusal)
    return signed


def _value(random: Random, index: int) -> Value:
    kind = random.choice(TYPES)
    data = {"HS_ADMIN": ADMIN, "recallFlag": b"stop", "HS_ALIAS": b"88.1/y"}.get(kind, random.randbytes(random.randint(0, 40)))
    ttl = random.choice((0, 60, 86_400, NOW + 30))
    bits = random.choice((14, 14, 14, 12, 15, 13, 2, 0))
    return Value(index, kind, data, ttl=ttl, ttl_type=random.randint(0, 1), permissions=bits)


def _frame(random: Random) -> bytes:
    """Any request for the record: every flag, filters or none, known and unknown operations."""
    spelling = random.choice((NAME, "88.1/X", "88.1/x", NAME)).encode()
    body = struct.pack(">I", len(spelling)) + spelling
    if random.random() < 0.4:
        body += bytes(8)
    else:
        indexes = [random.choice((1, 2, 3, 7, 11, 410, 411, 412, 415, 421, 1002)) for _ in range(random.randint(0, 3))]
        wanted = (*TYPES, "URL.", "IDIS.READERS", "IDIS.SIGNED", "url", ".")
        types = [random.choice(wanted).encode() for _ in range(random.randint(0, 2))]
        body += struct.pack(f">I{len(indexes)}I", len(indexes), *indexes) + struct.pack(">I", len(types))
        body += b"".join(struct.pack(">I", len(name)) + name for name in types)
    opcode = 1 if random.random() < 0.8 else random.choice((2, 100, 101, 102, 103, 104, 105, 200, 300, 2001, 7))
    flags = random.choice((0x1900_0000, 0x1800_0000, 0, random.getrandbits(32)))
    header = struct.pack(">IIIHBBII", opcode, 0, flags, 0xFFFF, 0, 0, 2_000_000_000, len(body))
    length = len(header) + len(body) + 4
    envelope = struct.pack(">BBBBIIII", 2, random.choice((3, 10)), 2, random.choice((3, 11)), 0, 9, 0, length)
    return envelope + header + body + bytes(4)


def _acts(random: Random) -> Iterator[acts.Act]:
    index = random.choice((1, 2, 3, 5, 7, 11, 410, 411, 415, 1002))
    value = _value(random, index)
    yield acts.Create(NAME, (value,))
    yield acts.Delete(NAME)
    yield acts.AddValues(NAME, (value,), overwrite=random.random() < 0.5)
    yield acts.ModifyValues(NAME, (value,))
    yield acts.ModifyValues(NAME, (replace(value, permissions=15), replace(value, index=index % 12 + 1, permissions=15)))
    yield acts.RemoveValues(NAME, (index,))
    yield acts.SetReaders(NAME, index, ())
    yield acts.Disable(NAME, random.choice(((), (index,))))
    yield acts.Enable(NAME, random.choice(((), (index,))))


@pytest.fixture(scope="module")
def seeds(request: pytest.FixtureRequest) -> range:
    """One for each pair."""
    return range(request.config.getoption("--hidden-pairs"))


def test_the_chain_answers_alike(seeds: range) -> None:
    """Every transport, prepared or step by step, gives both sides of a pair the same octets, or the same silence."""
    differing = []
    for seed in seeds:
        random = Random(seed)
        hidden, without = _pair(random)
        frames = [_frame(random) for _ in range(FRAMES_PER_PAIR)]
        differing += [(seed, frame.hex()) for frame in frames if hidden.answers(frame) != without.answers(frame)]

    assert differing == []


@pytest.mark.skipif(not COMPILED, reason="the compiled hot path is not loaded")
@pytest.mark.parametrize("ring", [False, True], ids=["index", "ring"])
def test_the_compiled_index_answers_alike(seeds: range, ring: bool, tmp_path: Path) -> None:
    """What the index or the ring gives without Python is the same for both, and so is what it leaves to Python."""
    indexes = []
    for name in ("hidden", "without"):
        index = AnswerIndex.create(tmp_path / name, 1_024, 1_048_576, bytes(16), ring=ring)
        index.enabled = True
        indexes.append(index)
    differing = []
    for seed in seeds:
        random = Random(seed)
        for index, side in zip(indexes, _pair(random), strict=True):
            side.fill(index)
        for frame in (_frame(random) for _ in range(FRAMES_PER_PAIR)):
            one, other = (process(index, frame, NOW, 1, Counters()) for index in indexes)
            if one != other:
                differing.append((seed, frame.hex()))

    assert differing == []


@pytest.mark.parametrize("caller", [NOBODY, OUTSIDER], ids=["nobody", "outsider"])
def test_acts_are_refused_alike(seeds: range, caller: Caller) -> None:
    """No change that is tried by somebody without rights tells, by code or sentence, what is hidden."""
    differing = []
    for seed in seeds:
        random = Random(seed)
        hidden, without = _pair(random)
        differing += [(seed, act) for act in _acts(random) if hidden.verdict(act, caller) != without.verdict(act, caller)]

    assert differing == []
