"""The compiled step and its plain twin give the same octets, for common questions and for damaged ones."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct

import pytest

from idis.proto.dns.cookie import is_good_cookie, make_cookie
from idis.proto.dns.message import decode_response, encode_query
from idis.proto.dns.name import Labels
from idis.proto.dns.naming import name_of
from idis.proto.identifier import parse_identifier
from idis.proto.speedups import COMPILED, LOADED
from idis.proto.value import TTL_ABSOLUTE, Value
from idis.registry.record import Record
from idis.resolver.config import DnsSection, GuardSection
from idis.resolver.node import Node
from tests.waiting import WAIT_S_MAX, until

QUESTIONS = int(os.environ.get("IDIS_DNS_QUESTIONS", "1500"))  # of the campaign; more for a long one
SEED = 8
SECRET = "5a" * 16
ZONE: Labels = (b"id", b"example")
DNS = DnsSection(zone="id.example", port=0, cookie_secret=SECRET)
LOOPBACK = bytes((127, 0, 0, 1))

pytestmark = pytest.mark.skipif(LOADED != COMPILED, reason="there is no compiled step")

SUFFIXES = ("A1", "b.c/d e", "船舶", "x" * 70, "y" * 130, "_", "-", "long", "many", "odd", "hs", "late", "utf", "zz")
VALUES: dict[str, tuple[Value, ...]] = {
    "A1": (Value(1, "URL", b"https://example.com/p/1", ttl=300), Value(2, "EMAIL", b"a@example.com", ttl=7)),
    "long": (Value(1, "URL", b"https://" + b"u" * 241), Value(2, "url.x", b"https://" + b"v" * 242), Value(3, "note", b"n" * 99)),
    "many": tuple(Value(number, "note", b"x" * 60, ttl=1_000 - number) for number in range(1, 25)),
    "odd": (Value(1, "URL", b"https://x/!"), Value(70_000, "URL.a", b"h:x"), Value(70_001, "URLS", b"no")),
    "_": (Value(70_000, "URL.a", b"h:x"), Value(70_001, "URLS", b"no"), Value(70_002, "t" * 300, b"")),
    "hs": (Value(1, "URL", b"https://x/"), Value(2, "HS_ALIAS", b"88/x"), Value(3, "hs_pubkey", b"\x01")),
    "late": (Value(1, "URL", b"https://x/", ttl=2**31 - 1, ttl_type=TTL_ABSOLUTE),),
    "utf": (Value(1, "URL", "https://例/".encode()), Value(2, "名称", "值".encode()), Value(3, "URL", b"")),
    "zz": (Value(1, "big", b"b" * 4_097), Value(2, "small", bytes(range(256))), Value(3, "c", b"")),
}
RECORDS = tuple(Record(f"88.118.8/{suffix}", VALUES.get(suffix, (Value(1, "URL", b"https://y/"),))) for suffix in SUFFIXES)
NAMES = tuple(name_of(parse_identifier(record.identifier), ZONE) for record in RECORDS)


@pytest.fixture
async def node(start_node) -> Node:
    """A node whose index answers."""
    found: Node = await start_node(dns=DNS, records=RECORDS)
    accelerator = found._hot_path and found._hot_path.accelerator
    assert accelerator
    assert await until(accelerator.answers.fresh)
    return found


def plain(node: Node, packet: bytes, *, datagram: bool = True) -> bytes:
    """What the plain twin answers; nothing where it stays silent."""
    assert node._dns is not None
    service = node._dns._service
    with node._chain.batch("udp" if datagram else "tcp") as batch:
        return service.answer(packet, service.sources.of("127.0.0.1"), batch, lambda octets: None, datagram=datagram) or b""


async def compiled(node: Node, *packets: bytes) -> list[bytes]:
    """What comes over the socket."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(("127.0.0.1", node.dns_port))
        for packet in packets:
            await loop.sock_sendall(sender, packet)
        async with asyncio.timeout(WAIT_S_MAX):
            return [await loop.sock_recv(sender, 4_096) for _ in packets]


async def streamed(node: Node, packets: list[bytes], choice: random.Random) -> bytes:
    """What comes over one connection, to which the packets are written in pieces."""
    octets = b"".join(map(framed, packets))
    reader, writer = await asyncio.open_connection("127.0.0.1", node.dns_port)
    while octets:
        cut = choice.randint(1, 2_000)
        writer.write(octets[:cut])
        await writer.drain()
        octets = octets[cut:]
    expected = sum(len(framed(found)) for packet in packets if (found := plain(node, packet, datagram=False)))
    async with asyncio.timeout(WAIT_S_MAX):
        found = await reader.readexactly(expected)
    writer.close()
    return found


def framed(octets: bytes) -> bytes:
    """A message behind its length."""
    return len(octets).to_bytes(2, "big") + octets


def answered(node: Node) -> int:
    """Questions that the compiled step answered itself."""
    assert node._dns is not None
    hot = node._dns._datagrams[0]._hot
    assert hot is not None
    return hot._zone.answered


@pytest.mark.parametrize("kind", [16, 35, 256])
@pytest.mark.parametrize("udp_bytes", [0, 512, 1_232, 65_535])
async def test_every_record_is_answered_alike(node, kind, udp_bytes) -> None:
    """Each name, type and size: octet for octet."""
    for number, name in enumerate(NAMES):
        packet = encode_query(number, name, kind, udp_bytes=udp_bytes)

        assert (await compiled(node, packet)) == [plain(node, packet)], name


async def test_the_common_question_is_answered_in_the_compiled_step(node) -> None:
    """Not by its twin: all three types of a plain record, whatever the case of the name."""
    name = tuple(label.upper() for label in NAMES[0])
    for kind in (16, 35, 256):
        await compiled(node, encode_query(kind, name, kind))

    assert answered(node) == 3


def damaged(packet: bytes, choice: random.Random) -> bytes:
    """A packet with some octets changed, cut, repeated or added."""
    octets = bytearray(packet)
    for _ in range(choice.randint(1, 3)):
        at = choice.randrange(len(octets))
        match choice.randrange(4):
            case 0:
                octets[at] = choice.choice((0, 1, 0x5F, 0x3F, 0x40, 0xC0, 0xFF, choice.randrange(256)))
            case 1:
                del octets[max(at, 12) :]
            case 2:
                octets[at:at] = octets[at : at + choice.randint(1, 40)]
            case _:
                octets += bytes(choice.randrange(256) for _ in range(choice.randint(1, 12)))
    return bytes(octets[:512])


async def test_damaged_questions_are_answered_alike(node) -> None:
    """A seeded campaign: whatever arrives, both say the same, or both say nothing."""
    choice = random.Random(SEED)
    for number in range(QUESTIONS):
        kind, udp_bytes = choice.choice((16, 35, 256)), choice.choice((0, 1_232))
        whole = encode_query(number & 0xFFFF, choice.choice(NAMES), kind, udp_bytes=udp_bytes)
        packet = damaged(whole, choice)
        expected = plain(node, packet)
        if expected:
            assert await compiled(node, packet) == [expected], packet.hex()


@pytest.mark.parametrize("kind", [16, 35, 256])
async def test_a_stream_of_every_record_is_answered_alike(node, kind) -> None:
    """With and without room named; plain questions by the compiled step."""
    options: list[dict[str, int]] = [{}, {"udp_bytes": 512}, {"udp_bytes": 65_535}]
    packets = [
        encode_query(number, name, kind, **option)
        for number, name in enumerate((*NAMES, (b"x", *ZONE), (b"x", b"org")))
        for option in options
    ]
    expected = b"".join(framed(plain(node, packet, datagram=False)) for packet in packets)

    assert await streamed(node, packets, random.Random(SEED)) == expected
    assert answered(node) > len(RECORDS)


async def test_damaged_streams_are_answered_alike(node) -> None:
    """Seeded, fifty messages a connection, cut anywhere; what gets no answer leaves no gap."""
    choice = random.Random(SEED + 1)
    for _ in range(QUESTIONS // 50):
        packets = []
        for number in range(50):
            kind, udp_bytes = choice.choice((16, 35, 256)), choice.choice((0, 1_232))
            whole = encode_query(number, choice.choice(NAMES), kind, udp_bytes=udp_bytes)
            packets.append(whole if choice.random() < 0.5 else damaged(whole, choice))
        expected = b"".join(framed(found) for packet in packets if (found := plain(node, packet, datagram=False)))

        assert await streamed(node, packets, choice) == expected


async def test_a_silent_stream_is_closed(node) -> None:
    """What gets no answer, such as a response, is not waited for: the connection is idle afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.dns_port)
    writer.write(framed(bytes.fromhex("0001 8000 0000 0000 0000 0000")) + framed(encode_query(1, NAMES[0], 35)))
    await reader.readexactly(2)
    assert node._dns is not None
    table = node._dns._service.table

    assert [one.idle for one in table._open if one.address == "127.0.0.1"] == [True]
    writer.close()


async def test_cookies_are_made_and_believed_alike(start_node) -> None:
    """A stranger learns the cookie from one and shows it to the other."""
    node = await start_node(dns=DNS, guard=GuardSection(trusted_networks=()), records=RECORDS)
    (taught,) = await compiled(node, encode_query(1, NAMES[0], 35, udp_bytes=1_232, cookie=b"12345678"))
    edns = decode_response(taught).edns
    assert edns is not None
    assert edns.cookie is not None
    now = struct.unpack(">I", edns.cookie[12:16])[0]
    own = make_cookie(b"12345678", LOOPBACK, bytes.fromhex(SECRET), now)
    (proven,) = await compiled(node, encode_query(2, NAMES[0], 35, udp_bytes=1_232, cookie=own))

    assert is_good_cookie(edns.cookie, LOOPBACK, bytes.fromhex(SECRET), now)
    assert edns.cookie == own
    assert (decode_response(taught).code, decode_response(proven).code, len(decode_response(proven).answers)) == (23, 0, 1)


async def test_strangers_get_hints_alike(start_node) -> None:
    """TC without a cookie; what is foreign is refused, which is no longer than the question."""
    node = await start_node(dns=DNS, guard=GuardSection(trusted_networks=()), records=RECORDS)
    names = (NAMES[0], (b"x", b"org"), (b"x", *ZONE))
    packets = [encode_query(number, name, 35, udp_bytes=900 * number) for number, name in enumerate(names)]

    assert [await compiled(node, packet) for packet in packets] == [[plain(node, packet)] for packet in packets]
