"""The short way of the plain twin of the DNS face: octet for octet what the long one gives, and only for common questions."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable

import pytest

from idis.proto.dns.message import encode_query
from idis.proto.dns.name import Labels, write_name
from idis.proto.dns.naming import name_of
from idis.proto.identifier import parse_identifier
from idis.proto.value import TTL_ABSOLUTE, Value, encode_values
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, Privacy
from idis.registry.record import Record, prepare
from idis.registry.store.base import StoreError
from idis.registry.store.memory import MemoryStore
from idis.resolver.config import DnsSection
from idis.resolver.dns_plain import FORMS_MAX, PlainDns
from idis.resolver.node import Node
from idis.resolver.prepared import Prepared
from tests.waiting import WAIT_S_MAX

NOW = 1_700_000_000
SEED = 18
ZONE: Labels = (b"id", b"example")
DNS = DnsSection(zone="id.example", port=0)
URL = Value(1, "URL", b"https://example.com/p/1", ttl=300)
SUFFIXES: dict[str, tuple[Value, ...]] = {
    "A1": (URL, Value(2, "EMAIL", b"a@example.com", ttl=7)),
    "two": (Value(1, "URL", b"h:1", ttl=2**32 - 1), Value(70_000, "url.x", b"h:2", ttl=9), Value(3, "URLS", b"no", ttl=1)),
    "long": (Value(1, "URL", b"https://" + b"u" * 240), Value(2, "URL", b"https://" + b"v" * 241)),
    "long-only": (Value(2, "URL", b"https://" + b"v" * 241),),
    "many": tuple(Value(number, "note", b"x" * 60, ttl=1_000 - number) for number in range(1, 25)),
    "big": (Value(1, "big", b"b" * 4_097), Value(2, "big", b"b" * 4_096), Value(3, "c", b"")),
    "empty": (Value(1, "URL", b""), URL),
    "odd": (Value(1, "URL", b"https://x/!"),),
    "utf": (Value(1, "URL", "https://例/".encode()), Value(2, "名称", "值".encode())),
    "hs": (URL, Value(2, "hs_alias", b"88/x")),
    "late": (Value(1, "URL", b"https://x/", ttl=2**31 - 1, ttl_type=TTL_ABSOLUTE),),
    "mixed": (URL, Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)),
    "hidden": (Value(300, "URL", b"s3cret", permissions=0x0C),),
    "x" * 63: (URL,),
    "y" * 64: (URL,),
    "b.c/d e": (URL,),
    "_": (URL,),
}
RECORDS = tuple(Record(f"88.118.8/{suffix}", values) for suffix, values in SUFFIXES.items())
NAMES = tuple(name_of(parse_identifier(record.identifier), ZONE) for record in RECORDS)

# A1._.8.118.88.id.example, NAPTR, asked with recursion desired.
ASKED = bytes.fromhex(
    "abcd 0100 0001 0000 0000 0000"
    " 024131 015f 0138 03313138 023838 026964 076578616d706c65 00 0023 0001"
)
ANSWERED = bytes.fromhex(
    "abcd 8500 0001 0001 0000 0000"
    " 024131 015f 0138 03313138 023838 026964 076578616d706c65 00 0023 0001"
    " c00c 0023 0001 0000012c 002f 0064 0001 01 55 08 696469732b75726c"
    " 1e 215e2e2a2421 68747470733a2f2f6578616d706c652e636f6d2f702f31 21 00"
)


def make_store(*entries: PrefixEntry) -> MemoryStore:
    """Prefixes with a record each, `A1`, where they keep any; `88.118.8` is always there."""
    store = MemoryStore()
    for entry in (PrefixEntry("88.118.8", homed=True), *entries):
        store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()
        if entry.keeps_records:
            put(store, f"{entry.prefix}/A1", *SUFFIXES["A1"])
    return store


def put(store: MemoryStore, identifier: str, *values: Value) -> None:
    """Write a record."""
    record = prepare(Record(identifier, values), NOW)
    store.write(lambda txn: txn.put_record(record), actor="test").result()


class Asker:
    """The short way over a store; a batch for each question."""

    def __init__(self, store: MemoryStore) -> None:
        self.prepared = Prepared(1, known_bytes=10**6)
        self.plain = PlainDns(self.prepared, ZONE)
        self._store = store

    def ask(self, packet: bytes) -> bytes | None:
        """What it answers."""
        with self._store.read() as txn:
            self.prepared.open(txn, NOW)
            self.plain.open(txn)
            return self.plain.answer(packet)


def asked(identifier: str, kind: int = 35, **named: int | bytes) -> bytes:
    """A question for an identifier."""
    return encode_query(7, name_of(parse_identifier(identifier), ZONE), kind, **named)  # type: ignore[arg-type]


def test_a_common_question_is_answered() -> None:
    """Every octet of a NAPTR answer; the number and RD are echoed, AA is set."""
    assert Asker(make_store()).ask(ASKED) == ANSWERED


@pytest.mark.parametrize("kind", [16, 35, 256])
def test_what_dns_made_of_a_record_is_no_record(kind: int, frame: Callable[[str], bytes]) -> None:
    """Octets behind a name that was asked for over DNS do not lead to what is kept of it there."""
    asker, plain = Asker(make_store()), frame("88.118.8/AAAAA")
    asker.ask(asked("88.118.8/A1", kind))
    hostile = plain.replace(b"AAAAA", b"A1\0" + kind.to_bytes(2, "big"))

    assert asker.prepared.reply(plain) is not None
    assert asker.prepared.reply(hostile) is None


def test_a_remembered_form_answers_as_the_first() -> None:
    """The second question of a form is not read again, and says the same with its own number."""
    asker = Asker(make_store())
    asker.ask(ASKED)

    assert asker.ask(b"\x12\x34" + ASKED[2:]) == b"\x12\x34" + ANSWERED[2:]


@pytest.mark.parametrize(
    "entry",
    [
        PrefixEntry("88.118.9", hosting=Hosting.HOSTED, privacy=Privacy.STRICT),
        PrefixEntry("88.118.9", homed=True, daily_quota=5),
        PrefixEntry("88.118.9", homed=True, state=PrefixState.SUSPENDED),
        PrefixEntry("88.118.9", values=encode_values([Value(1, "HS_SITE", bytes(12))])),
    ],
    ids=["strict", "metered", "suspended", "elsewhere"],
)
def test_what_is_not_for_everybody_takes_the_long_way(entry) -> None:
    """Below prefixes with rules of their own nothing is answered here."""
    assert Asker(make_store(entry)).ask(asked("88.118.9/A1")) is None


def test_suffixes_that_are_not_folded_are_found_as_spelled() -> None:
    """Domain names say small letters; a record in capital ones is another then."""
    store = make_store(PrefixEntry("88.118.10", homed=True, fold_suffix=False))
    put(store, "88.118.10/b2", URL)
    asker = Asker(store)

    assert asker.ask(asked("88.118.10/b2")) is not None
    assert asker.ask(asked("88.118.10/A1")) is None


def test_a_commit_is_in_the_next_answer() -> None:
    """A changed record, and a prefix that becomes strict."""
    store = make_store()
    asker = Asker(store)
    asker.ask(ASKED)
    put(store, "88.118.8/A1", Value(1, "URL", b"https://example.com/p/2", ttl=300))
    changed = asker.ask(ASKED)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True, privacy=Privacy.STRICT)), actor="test").result()

    assert changed == ANSWERED.replace(b"/p/1", b"/p/2")
    assert asker.ask(ASKED) is None


def test_a_damaged_record_takes_the_long_way(monkeypatch) -> None:
    """The chain has the words for it."""
    asker = Asker(make_store())

    def values_of(_key: bytes) -> None:
        raise StoreError("damaged")

    asker.ask(asked("88.118.8/zz"))
    monkeypatch.setattr(asker.prepared, "values_of", values_of)

    assert asker.plain.answer(ASKED) is None


def test_what_a_record_came_to_is_read_once(monkeypatch) -> None:
    """The second question for it finds its records ready, whatever its spelling and number."""
    asker = Asker(make_store())
    asker.ask(ASKED)
    monkeypatch.delattr(Prepared, "values_of")

    assert asker.ask(ASKED.replace(b"A1", b"a1")) == ANSWERED.replace(b"A1", b"a1")


@pytest.mark.parametrize(
    "packet",
    [
        asked("88.118.8/A1", udp_bytes=1_232, cookie=b"12345678"),
        asked("88.118.8/A1", 1),
        asked("88.118.8/zz"),
        asked("88.118.8"),
        ASKED[:-2] + b"\x00\x03",
        ASKED + b"\x00",
        ASKED.replace(b"\x02id", b"\x02ie"),
        ASKED[:12] + b"\x01" + ASKED[13:],
        ASKED[:-4].replace(b"\x07example\x00", b"\xc0\x0c") + ASKED[-4:],
        b"",
        ASKED[:12],
    ],
    ids=["cookie", "A", "absent", "prefix", "class", "tail", "zone", "label", "pointer", "nothing", "header"],
)
def test_what_is_not_common_takes_the_long_way(packet) -> None:
    """Before and after a form is known."""
    asker = Asker(make_store())
    first = asker.ask(packet)
    asker.ask(ASKED)

    assert first is None
    assert asker.ask(packet) is None


def test_names_of_255_octets_are_answered_and_no_longer_ones() -> None:
    """A known form does not make a name too long: its item may reach only so far."""
    prefix = "8." + ".".join("p" * 60 for _ in range(3))
    store = make_store(PrefixEntry(prefix.upper(), homed=True))
    room = 255 - len(write_name((b"_", *(label.encode() for label in reversed(prefix.split("."))), *ZONE))) - 1
    put(store, f"{prefix}/{'z' * room}", URL)
    put(store, f"{prefix}/{'z' * (room + 1)}", URL)
    asker = Asker(store)
    whole = asked(f"{prefix}/{'z' * room}")

    assert asker.ask(whole) is not None
    assert asker.ask(whole[:12] + bytes((room + 1,)) + b"z" + whole[13:]) is None


def test_forms_are_bounded() -> None:
    """Whoever varies the case of letters fills no memory."""
    asker = Asker(make_store())
    choice = random.Random(SEED)
    for _ in range(FORMS_MAX + 10):
        varied = (choice.choice((octet, octet ^ 0x20)) if 97 <= octet <= 122 else octet for octet in ASKED[14:])
        asker.ask(ASKED[:14] + bytes(varied))

    assert 0 < len(asker.plain._forms) <= FORMS_MAX


@pytest.fixture
async def node(start_node) -> Node:
    """A node with RECORDS and a zone."""
    found: Node = await start_node(dns=DNS, records=RECORDS)
    return found


def both(node: Node, packet: bytes, *, datagram: bool = True) -> tuple[bytes | None, bytes | None]:
    """What the short way answers, and the long one."""
    assert node._dns is not None
    service = node._dns._service
    assert service.plain is not None
    with node._chain.batch("udp") as batch:
        service.plain.open(batch.txn)
        short = service.plain.answer(packet, datagram=datagram)
        source = service.sources.of("127.0.0.1")
        return short, service.answer(packet, source, batch, lambda octets: None, datagram=datagram)


@pytest.mark.parametrize("kind", [16, 35, 256])
@pytest.mark.parametrize("udp_bytes", [0, 512, 1_232, 65_535])
async def test_every_record_is_answered_as_by_the_long_way(node, kind, udp_bytes) -> None:
    """Or left to it; by datagram and on a stream."""
    answered = 0
    for number, name in enumerate(NAMES):
        for datagram in (True, False):
            short, long = both(node, encode_query(number, name, kind, udp_bytes=udp_bytes), datagram=datagram)
            answered += short is not None

            assert short in (None, long), name

    assert answered >= 10


async def test_damaged_questions_are_answered_as_by_the_long_way(node) -> None:
    """A seeded campaign of changed, cut and repeated octets, with every form known."""
    choice = random.Random(SEED)
    answered = 0
    for number in range(3_000):
        kind, udp_bytes = choice.choice((16, 35, 256)), choice.choice((0, 900))
        packet = bytearray(encode_query(number, choice.choice(NAMES), kind, udp_bytes=udp_bytes))
        for _ in range(choice.randint(0, 2)):
            at = choice.randrange(len(packet))
            match choice.randrange(3):
                case 0:
                    packet[at] = choice.choice((0, 1, 0x5F, 0x3F, 0x40, 0xC0, 0xFF, choice.randrange(256)))
                case 1:
                    del packet[max(at, 12) :]
                case _:
                    packet[at:at] = packet[at : at + choice.randint(1, 40)]
        short, long = both(node, bytes(packet[:512]))
        answered += short is not None

        assert short in (None, long), packet.hex()

    assert answered > 300


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_sockets_are_served_the_short_way(node, kind, monkeypatch) -> None:
    """Without the compiled step: first questions, and the same again, over both transports."""
    assert node._dns is not None
    for face in (*node._dns._datagrams, *node._dns._streams):
        monkeypatch.setattr(face, "_hot", None)
    service = node._dns._service
    packets = [encode_query(number, name, 35) for number, name in enumerate((NAMES[0], NAMES[1], NAMES[0], NAMES[1]))]
    expected = [both(node, packet, datagram=kind == socket.SOCK_DGRAM)[1] for packet in packets]
    decided: list[bytes] = []
    answer = service.answer

    def spy(packet: bytes, *arguments, **named):
        decided.append(packet)
        return answer(packet, *arguments, **named)

    monkeypatch.setattr(service, "answer", spy)

    assert await exchanged(node.dns_port, kind, packets) == expected
    assert len(decided) == (1 if kind == socket.SOCK_DGRAM else 0)  # the first datagram of a host, which is not known yet


async def exchanged(port: int, kind: int, packets: list[bytes]) -> list[bytes]:
    """The answers, one question after the other."""
    loop = asyncio.get_running_loop()
    answers = []
    with socket.socket(socket.AF_INET, kind) as link:
        link.setblocking(False)
        await loop.sock_connect(link, ("127.0.0.1", port))
        for packet in packets:
            stream = kind == socket.SOCK_STREAM
            await loop.sock_sendall(link, len(packet).to_bytes(2, "big") + packet if stream else packet)
            async with asyncio.timeout(WAIT_S_MAX):
                octets = await loop.sock_recv(link, 4_096)
            answers.append(octets[2:] if stream else octets)
    return answers
