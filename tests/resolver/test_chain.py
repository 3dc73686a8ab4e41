"""The chain: what each step decides, and in which order they stand."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from idis.proto.outcome import Answer, Refused
from idis.proto.query import Query
from idis.proto.value import Value, encode_values
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import RecordDamaged
from idis.registry.store.memory import MemoryStore
from idis.resolver.chain import Chain, Deferred
from idis.resolver.config import GuardSection
from idis.resolver.guard.rates import Rates
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.handlers.access import Access
from idis.resolver.handlers.authority import Authority
from idis.resolver.handlers.limit import Limit
from idis.resolver.handlers.observe import Observe
from idis.resolver.handlers.recursion import Recursion
from idis.resolver.metrics import Metrics
from idis.resolver.prepared import Prepared
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.reply import Replies
from idis.resolver.request import TCP, UDP, Peer

NOW = 1_700_000_000
SITE = bytes.fromhex("0001020b0001800200000000")
ELSEWHERE = encode_values([Value(1, "URL", b"https://example.org/")])


class FakeClock:
    """Time that stands still until told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self) -> float:
        """Unix time."""
        return NOW + self.seconds

    def monotonic(self) -> float:
        """Steady time."""
        return self.seconds


@dataclass
class FakeRecursor:
    """Knows one answer: at once, after asking, or not without failing."""

    at_once: Resolved | None = None
    later: Resolved | Exception = field(default_factory=lambda: Resolved(Answer(ELSEWHERE, 60), "upstream"))
    asked: list[Query] = field(default_factory=list)

    def ready(self, key: object, now: float) -> None:
        """Nothing is answered without the steps."""

    def cached(self, query: Query, now: float) -> Resolved | None:
        """What is known."""
        return self.at_once

    async def resolve(self, query: Query, *, referral: object = None) -> Resolved:
        """What is found out."""
        self.asked.append(query)
        await asyncio.sleep(0)
        if isinstance(self.later, Exception):
            raise self.later
        return self.later


class World:
    """A chain over the memory store with one prefix, 88.118.8, and one record."""

    def __init__(self, recursor: FakeRecursor | None = None, guard: GuardSection = GuardSection()) -> None:  # noqa: B008
        self.store = MemoryStore()
        self.store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result()
        record = prepare(Record("88.118.8/A1", (Value(1, "URL", b"https://example.com/"),)), NOW)
        self.store.write(lambda txn: txn.put_record(record), actor="test").result()
        self.metrics = Metrics()
        steps = [Access(), Authority(SITE, self.metrics), *([Recursion(recursor)] if recursor else [])]
        self.chain = Chain(
            store=self.store,
            limit=Limit(Rates(guard), self.metrics),
            steps=steps,
            observe=Observe(self.metrics),
            prepared=Prepared(1, SITE, recursor),
            replies=Replies("test", 1, bytes),
            recursor=recursor,
            clock=FakeClock(),
        )
        self.delivered: list[bytes] = []

    def answer(self, frame: bytes, transport: str = TCP, standing: Standing = Standing.TRUSTED) -> bytes | Deferred | None:
        """What one frame gets."""
        peer = Peer(transport, Source("192.0.2.1/32", "192.0.2.0/24", "192.0.0.0/20", standing is Standing.TRUSTED), standing)
        with self.chain.batch(transport) as batch:
            return batch.answer(frame, peer, self.delivered.append)


def code_of(reply: object) -> int:
    """The response code of a frame that was answered."""
    assert isinstance(reply, bytes)
    return int.from_bytes(reply[24:28], "big")


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [("88.118.8/A1", 1), ("88.118.8/absent", 100), ("88.118.8", 1), ("0.na/88.118.8", 1), ("99.1/x", 301), ("0", 100)],
)
def test_the_authority_answers_what_is_held_here(frame, identifier, expected):
    """Records, absent names, prefixes in both spellings, foreign prefixes, the heartbeat."""
    assert code_of(World().answer(frame(identifier))) == expected


@pytest.mark.parametrize(
    ("identifier", "expected"), [("", 102), ("88..1/x", 102), ("/x", 102), ("88.118.8/", 102), ("88.118.8/\x07", 102)]
)
def test_what_is_no_identifier_is_told_so(frame, identifier, expected):
    """INVALID_HANDLE with a sentence."""
    reply = World().answer(frame(identifier))

    assert code_of(reply) == expected
    assert len(reply) > 60


def test_fields_that_run_past_the_body_are_a_protocol_error(frame):
    """The count of indexes promises four milliards."""
    whole = frame("88.118.8/A1")
    broken = whole[:59] + b"\xff\xff\xff\xff" + whole[63:]

    assert code_of(World().answer(broken)) == 4


def test_a_body_that_runs_past_the_message_is_a_protocol_error(frame):
    """What can be read of the frame says whom to tell."""
    whole = frame("88.118.8/A1", 77)
    broken = whole[:40] + b"\x00\x00\xff\xff" + whole[44:]
    reply = World().answer(broken)

    assert code_of(reply) == 4
    assert reply[8:12] == whole[8:12]


def test_garbage_never_escapes(frame, request):
    """Mutated requests are answered or dropped; no exception comes out, over any transport."""
    world = World()
    random = Random(20_251_125)
    seeds = [frame("88.118.8/A1", types=("URL",), indexes=(1,)), frame("88.118.8", tail=bytes(4)), frame("/", opcode=2)]
    for _ in range(request.config.getoption("--fuzz-frames") // 10):
        mutated = bytearray(random.choice(seeds))
        for _ in range(random.randrange(1, 5)):
            mutated[random.randrange(len(mutated))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        reply = world.answer(bytes(mutated[: random.choice((None, random.randrange(len(mutated))))]), random.choice((UDP, TCP)))

        assert reply is None or len(reply) >= 44


def test_site_info_is_answered_raw(frame):
    """GET_SITE_INFO: the site record, nothing around it."""
    reply = World().answer(frame("/", opcode=2))

    assert code_of(reply) == 1
    assert reply[44:-4] == SITE


def test_trailing_octets_are_tolerated(frame):
    """IDIS clients append authBytes; a later version may append more."""
    assert code_of(World().answer(frame("88.118.8/A1", tail=b"\x00\x00\x00\x03abc\x01\x02"))) == 1


@pytest.mark.parametrize(
    ("opcode", "flags", "reason"),
    [(1, 0x5900_0000, "certify"), (2, 0x4000_0000, "certify"), (100, 0, "operation"), (400, 0, "operation")],
)
def test_udp_gets_silence_where_tcp_gets_a_sentence(frame, opcode, flags, reason):
    """Signatures and changes over UDP: nothing leaves, the reason is counted; over TCP code 5."""
    world = World()
    asked = frame("88.118.8/A1", opcode=opcode, flags=flags)

    assert world.answer(asked, UDP) is None
    assert world.metrics.silent == {reason: 1}
    assert code_of(world.answer(asked, TCP)) == 5


def test_an_unknown_opcode_is_refused_on_every_transport(frame):
    """Code 5, also over UDP: the answer costs nothing."""
    world = World()

    assert [code_of(world.answer(frame("88.118.8/A1", opcode=4711), transport)) for transport in (UDP, TCP)] == [5, 5]


def test_limits_stand_before_decoding(frame):
    """A source over its rate gets code 3 on a stream and silence on UDP, whatever it sends."""
    world = World(guard=GuardSection(validated_per_s=1, network_per_s=1_000, unvalidated_per_s=1, unvalidated_burst=1))
    streams = [world.answer(frame("88.118.8/A1"), TCP, Standing.CONNECTED) for _ in range(3)]
    datagrams = [world.answer(frame("88.118.8/absent"), UDP, Standing.UNPROVEN) for _ in range(2)]

    assert [code_of(reply) for reply in streams] == [1, 1, 3]
    assert datagrams[1] is None
    assert world.metrics.limited == {"rate_connected": 1, "rate_unproven": 1}


def test_a_damaged_record_is_never_answered_from(frame):
    """Code 2 and a sentence; the neighbours are answered as ever."""

    class Damaged:
        def __init__(self, inner: object) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

        def record(self, key: bytes) -> object:
            raise RecordDamaged("digest")

        public = record

    world = World()
    read = world.store.read

    @contextmanager
    def damaged():
        with read() as txn:
            yield Damaged(txn)

    world.store.read = damaged
    reply = world.answer(frame("88.118.8/A1"))

    assert code_of(reply) == 2
    assert b"damaged" in reply
    assert code_of(world.answer(frame("88.118.8"))) == 1


def test_own_names_are_not_asked_elsewhere(frame):
    """The authority's word stands, also when it is 'not found'."""
    recursor = FakeRecursor()
    world = World(recursor)

    assert [code_of(world.answer(frame(name))) for name in ("88.118.8/A1", "88.118.8/absent", "0")] == [1, 100, 100]
    assert recursor.asked == []


def test_what_is_cached_is_answered_at_once(frame):
    """No task, no await: the answer of others leaves in the same step, not authoritative."""
    world = World(FakeRecursor(at_once=Resolved(Answer(ELSEWHERE, 60), "cache", 3.0)))
    reply = world.answer(frame("99.1/x"))

    assert code_of(reply) == 1
    assert reply[28] & 0x80 == 0


async def test_what_others_know_is_delivered_later(frame):
    """The batch ends without it; the answer carries the request's id."""
    world = World(FakeRecursor())
    reply = world.answer(frame("99.1/x", 4711))
    await world.chain.finish(1.0)

    assert reply is Deferred.ASKED
    assert [int.from_bytes(frame[8:12], "big") for frame in world.delivered] == [4711]
    assert world.metrics.answered["tcp", 1] == 1


async def test_a_failure_while_asking_others_is_an_answer(frame):
    """The asker gets code 2; nobody waits for ever."""
    world = World(FakeRecursor(later=OSError("boom")))
    world.answer(frame("99.1/x"))
    await world.chain.finish(1.0)

    assert [code_of(reply) for reply in world.delivered] == [2]


async def test_a_stop_does_not_wait_for_ever(frame):
    """What does not end within the grace is cancelled."""

    class Silent(FakeRecursor):
        async def resolve(self, query: Query, *, referral: object = None) -> Resolved:
            await asyncio.sleep(3_600)
            raise AssertionError

    world = World(Silent())
    world.answer(frame("99.1/x"))
    await world.chain.finish(0.01)

    assert (world.chain.waiting, world.delivered) == (0, [])


def test_answers_are_counted_by_transport_and_code(frame):
    """Prepared answers and those of the steps alike, and every batch's time."""
    world = World()
    for name in ("88.118.8/A1", "88.118.8/A1", "88.118.8", "99.1/x"):
        world.answer(frame(name), UDP)

    assert world.metrics.answered == {("udp", 1): 3, ("udp", 301): 1}
    assert sum(world.metrics.durations["udp"].counts) == 4


async def test_http_passes_the_same_steps(frame):
    """`resolve` waits for others where a frame is answered later."""
    from idis.proto.exchange import query_of
    from idis.proto.message import decode_message
    from idis.resolver.request import HTTP, Request

    world = World(FakeRecursor(later=Resolved(Refused(6, "loop"), "upstream")))
    source = Source("192.0.2.1/32", "192.0.2.0/24", "192.0.0.0/20", True)
    message = decode_message(frame("99.1/x"))

    settled = await world.chain.resolve(Request(message, query_of(message), Peer(HTTP, source, Standing.TRUSTED)))
    assert settled == Resolved(Refused(6, "loop"), "upstream")
    assert world.metrics.answered == {("http", 6): 1}


def test_a_query_of_its_own_identity_reaches_the_recursor_whole(frame):
    """authBytes and flags of the request are part of the question that is asked on."""
    asked: list[Query] = []

    class Noting(FakeRecursor):
        def cached(self, query: Query, now: float) -> Resolved | None:
            asked.append(query)
            return Resolved(Answer(ELSEWHERE, 60), "cache")

    World(Noting()).answer(frame("99.1/x", flags=0x1900_0004, tail=b"\x00\x00\x00\x05token"))

    assert asked[0] == replace(asked[0], auth=b"token", public_only=True, recursive=True)


