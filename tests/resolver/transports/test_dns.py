"""DNS against a live node: kdig as the client of others, hand-written octets, and our own client's functions."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from idis.proto.dns.message import Response, decode_response, encode_query
from idis.proto.dns.name import name_from_text
from idis.proto.dns.records import data_text
from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.resolver.config import DnsSection, GuardSection, LimitsSection
from idis.resolver.creation import create_node
from idis.resolver.node import Node
from tests.ports import free_port
from tests.waiting import WAIT_S_MAX, until, until_seen

DNS = DnsSection(zone="id.example", port=0, gs1_prefix="88.118.8", oid_prefix="88.118.8", cookie_secret="00" * 16)
STRANGERS = GuardSection(trusted_networks=())
ONS = "gtin.gs1.id.onsepc.com"
VOCABULARY = "https://ref.gs1.org/voc/"
ZONE = "8.118.88.id.example"
PIP = b'{"linkType":"gs1:pip","href":"https://example.com/pip","title":"pip"}'
RECORDS = (
    Record("88.118.8/A1", (Value(1, "URL", b"https://example.com/p/1", ttl=300), Value(2, "EMAIL", b"a@example.com"))),
    Record("88.118.8/01/06901234567892", (Value(1, "URL", b"https://example.com/gtin"),)),
    Record("88.118.8/01/06901234567908", (Value(3, "IDIS.LINK", PIP),)),
    Record("88.118.8/1.2.156.10197", (Value(1, "URL", b"https://example.com/oid"),)),
    Record("88.118.8/hidden", (Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C),)),
    Record("88.118.8/big", tuple(Value(number, "note", b"x" * 200) for number in range(1, 11))),
    Record("88.118.8/" + "x" * 70, (Value(1, "URL", b"https://example.com/x"),)),
)
SERVE = "import sys; from idis.resolver.cli.main import main; sys.exit(main(['serve', sys.argv[1]]))"
needs_kdig = pytest.mark.skipif(shutil.which("kdig") is None, reason="kdig is not installed")


def connected(port: int) -> socket.socket:
    """A connection, as soon as somebody listens."""

    def connect() -> socket.socket | None:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S_MAX)
        return None

    found: socket.socket | None = until_seen(connect)
    assert found
    return found


@pytest.fixture
async def dns(start_node) -> Node:
    """A node with a zone."""
    return await start_node(dns=DNS, records=RECORDS)


async def ask(node: Node, *packets: bytes, wait_s: float = WAIT_S_MAX, answers: int | None = None) -> list[bytes]:
    """Send datagrams; what comes back."""
    loop = asyncio.get_running_loop()
    got: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(("127.0.0.1", node.dns_port))
        for packet in packets:
            await loop.sock_sendall(sender, packet)
        try:
            async with asyncio.timeout(wait_s):
                while len(got) < (len(packets) if answers is None else answers):
                    got.append(await loop.sock_recv(sender, 4_096))
        except TimeoutError:
            pass
    return got


async def answer(node: Node, name: str, kind: int, **named: object) -> Response:
    """One question by datagram."""
    (octets,) = await ask(node, encode_query(7, name_from_text(name), kind, **named))  # type: ignore[arg-type]
    return decode_response(octets)


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """The next message of a stream."""
    async with asyncio.timeout(WAIT_S_MAX):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


async def kdig(node: Node, *words: str) -> str:
    """What kdig prints."""
    command = ["kdig", "@127.0.0.1", "-p", str(node.dns_port), "+short", "+retry=0", f"+timeout={WAIT_S_MAX:.0f}", *words]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode()


@needs_kdig
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (f"a1._.{ZONE} NAPTR", '100 1 "U" "idis+url" "!^.*$!https://example.com/p/1!" .\n'),
        (f"A1._.{ZONE} URI +cookie", '1 1 "https://example.com/p/1" \n'),
        (f"a1._.{ZONE} TXT", '"URL=https://example.com/p/1"\n"EMAIL=a@example.com"\n'),
        (f"0.9.8.7.6.5.4.3.2.1.0.9.6.{ONS} NAPTR", '100 1 "U" "idis+url" "!^.*$!https://example.com/gtin!" .\n'),
        (f"0.0.9.7.6.5.4.3.2.1.0.9.6.{ONS} NAPTR", f'100 3 "U" "{VOCABULARY}pip" "!^.*$!https://example.com/pip!" .\n'),
        ("10197.156.2.1.oid-res.org URI", '1 1 "https://example.com/oid" \n'),
        ("id.example NS", "ns1.id.example.\n"),
        ("ns1.id.example A", "127.0.0.1\n"),
        (f"_s1.{ZONE} A", "127.0.0.1\n"),
    ],
)
async def test_kdig_gets_its_answer(dns, words, printed, transport) -> None:
    """Every kind of name, over UDP and TCP."""
    assert await kdig(dns, *words.split(), transport) == printed


async def test_an_answer_is_written_by_hand(dns) -> None:
    """The whole message, octet for octet: a pointer to the question, the shortest lifetime, AA."""
    question = bytes.fromhex("02 6131 01 5f 01 38 03 313138 02 3838 02 6964 07 6578616d706c65 00 0023 0001")
    (octets,) = await ask(dns, bytes.fromhex("beef 0100 0001 0000 0000 0000") + question)

    data = bytes.fromhex("0064 0001 01 55 08 696469732b75726c") + b"\x1e!^.*$!https://example.com/p/1!" + b"\x00"
    assert octets == bytes.fromhex("beef 8500 0001 0001 0000 0000") + question + bytes.fromhex("c00c 0023 0001 0000012c") + len(
        data
    ).to_bytes(2, "big") + data


async def test_a_service_is_found_from_its_prefix(dns) -> None:
    """NAPTR of the prefix, SRV of the service, address beside it."""
    named = await answer(dns, ZONE, 35)
    service = await answer(dns, f"_hdl-srv._tcp.{ZONE}", 33)

    assert data_text(named.answers[0]) == f'100 10 "S" "idis+hdl-srv.tcp" "" _hdl-srv._tcp.{ZONE}.'
    assert [data_text(record) for record in (*service.answers, *service.additional)] == [
        f"1 1 {dns.port} _s1.{ZONE}.",
        "127.0.0.1",
    ]


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        (f"zz._.{ZONE}", 16, 3),
        (f"a1._.{ZONE}", 1, 0),
        (f"hidden._.{ZONE}", 16, 0),
        (f"_.{ZONE}", 16, 0),
        (f"_tcp.{ZONE}", 16, 0),
        (f"_s9.{ZONE}", 1, 3),
        ("118.88.id.example", 16, 0),
        ("x" * 63 + f"._.{ZONE}", 16, 0),
        (f"_zz._.{ZONE}", 16, 3),
        ("id.example", 16, 0),
    ],
)
async def test_absence_is_told_with_its_soa(dns, name, kind, code) -> None:
    """NXDOMAIN only where nothing stands below either; the SOA bounds how long that is believed."""
    response = await answer(dns, name, kind)

    assert (response.code, response.answers, response.authoritative) == (code, (), True)
    assert [(record.owner, record.type, record.ttl_s) for record in response.authority] == [((b"id", b"example"), 6, 60)]


@pytest.mark.parametrize(
    ("name", "kind"), [("example.org", 1), ("id.example", 252), (f"a1._.{ZONE}", 251), ("8.77.id.example", 16), (".", 2)]
)
async def test_what_is_not_ours_is_refused(dns, name, kind) -> None:
    """Foreign zones, transfers, prefixes this node knows nothing of."""
    response = await answer(dns, name, kind)

    assert (response.code, response.authoritative, response.authority) == (5, False, ())


async def test_any_gets_the_least(dns) -> None:
    """RFC 8482: one kind, not all."""
    response = await answer(dns, f"a1._.{ZONE}", 255)

    assert [record.type for record in response.answers] == [35]


async def test_a_long_answer_is_truncated_and_whole_over_tcp(dns) -> None:
    """Ten texts of 200 octets do not fit into 1,232."""
    packet = encode_query(7, name_from_text(f"big._.{ZONE}"), 16, udp_bytes=4_096)
    (octets,) = await ask(dns, packet)
    reader, writer = await asyncio.open_connection("127.0.0.1", dns.dns_port)
    writer.write(len(packet).to_bytes(2, "big") + packet)
    whole = decode_response(await read_message(reader))
    writer.close()

    assert decode_response(octets).truncated
    assert (len(whole.answers), whole.truncated) == (10, False)


async def test_a_stream_is_pipelined_and_cut_anywhere(dns) -> None:
    """RFC 7766: several questions at once, octet by octet, each answered under its own number."""
    packets = [encode_query(number, name_from_text(f"a1._.{ZONE}"), 35) for number in range(3)]
    octets = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)
    reader, writer = await asyncio.open_connection("127.0.0.1", dns.dns_port)
    for octet in octets:
        writer.write(bytes((octet,)))
        await writer.drain()
    answers = [decode_response(await read_message(reader)) for _ in packets]
    writer.close()

    assert sorted(found.id for found in answers) == [0, 1, 2]


async def test_the_same_question_again_has_the_same_answer_until_a_change(dns) -> None:
    """What is kept for questions asked alike is forgotten when the store changes."""
    name = f"a1._.{ZONE}"
    first, again = [await answer(dns, name, 35) for _ in range(2)]
    change = Record("88.118.8/A1", (Value(1, "URL", b"https://new/"),))
    dns._store.write_all([prepare(change, 1_700_000_001)], actor="test")
    changed = await answer(dns, name, 35)

    assert first.answers == again.answers
    assert data_text(changed.answers[0]) == '100 1 "U" "idis+url" "!^.*$!https://new/!" .'


async def test_a_stranger_gets_no_more_than_it_sent(start_node) -> None:
    """Without a cookie: TC and no answer, not longer than the question."""
    node = await start_node(dns=DNS, guard=STRANGERS, records=RECORDS)
    packet = encode_query(7, name_from_text(f"a1._.{ZONE}"), 16)
    (octets,) = await ask(node, packet)

    assert decode_response(octets).truncated
    assert len(octets) <= len(packet)


async def test_a_stranger_with_a_cookie_is_answered(start_node) -> None:
    """BADCOOKIE teaches the cookie; whoever shows it was reached at its address (RFC 7873 §5.4)."""
    node = await start_node(dns=DNS, guard=STRANGERS, records=RECORDS)
    taught = await answer(node, f"a1._.{ZONE}", 16, udp_bytes=1_232, cookie=b"12345678")
    assert taught.edns is not None
    assert taught.edns.cookie is not None
    cookie = taught.edns.cookie
    proven = await answer(node, f"a1._.{ZONE}", 16, udp_bytes=1_232, cookie=cookie)

    assert (taught.code, cookie[:8], len(cookie)) == (23, b"12345678", 24)
    assert (proven.code, len(proven.answers)) == (0, 2)


async def test_a_stranger_over_its_rate_gets_every_second_hint(start_node) -> None:
    """One answer, then hint and silence in turn."""
    node = await start_node(dns=DNS, guard=replace(STRANGERS, unvalidated_per_s=1, unvalidated_burst=1), records=RECORDS)
    packets = [encode_query(number, name_from_text(f"a1._.{ZONE}"), 16) for number in range(9)]
    got = await ask(node, *packets, wait_s=0.3)

    assert len(got) == 5
    assert all(decode_response(octets).truncated for octets in got)


async def test_a_source_proven_by_tcp_is_answered(start_node) -> None:
    """A completed exchange shows that the address is the asker's own."""
    node = await start_node(dns=DNS, guard=STRANGERS, records=RECORDS)
    packet = encode_query(7, name_from_text(f"a1._.{ZONE}"), 16)
    reader, writer = await asyncio.open_connection("127.0.0.1", node.dns_port)
    writer.write(len(packet).to_bytes(2, "big") + packet)
    await read_message(reader)
    writer.close()

    assert len((await answer(node, f"a1._.{ZONE}", 16)).answers) == 2


async def test_garbage_gets_formerr_or_nothing(dns) -> None:
    """A header without its question is told so; less than a header, or a response, is not."""
    got = await ask(dns, b"\x00" * 12, b"\x00" * 11, b"\x00\x00\x80" + b"\x00" * 9, wait_s=0.3)

    assert [octets.hex() for octets in got] == ["000080010000000000000000"]


async def test_connections_are_bounded(start_node) -> None:
    """One address has as many as the node allows, DNS among them."""
    node = await start_node(dns=DNS, limits=LimitsSection(connections_per_address=1), records=RECORDS)
    _reader, writer = await asyncio.open_connection("127.0.0.1", node.dns_port)
    writer.write(b"\x00")  # has begun a message: is not idle
    await until(lambda: node._table.busy)
    other, closing = await asyncio.open_connection("127.0.0.1", node.dns_port)

    assert await asyncio.wait_for(other.read(), WAIT_S_MAX) == b""
    closing.close()
    writer.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_served_node_answers_streams(make_config, workers) -> None:
    """With the event loop that `idis serve` takes, and with several processes behind the port."""
    config = make_config(dns=replace(DNS, port=free_port()))
    config = replace(config, node=replace(config.node, workers=workers))
    create_node(config.data_dir, config)
    packet = encode_query(7, name_from_text(f"zz._.{ZONE}"), 16)
    served = subprocess.Popen([sys.executable, "-c", SERVE, str(config.data_dir)])
    try:
        for _ in range(3):  # two answers over one connection, three connections
            with connected(config.dns.port) as stream, stream.makefile("rb") as answers:
                stream.sendall((len(packet).to_bytes(2, "big") + packet) * 2)
                codes = [decode_response(answers.read(int.from_bytes(answers.read(2), "big"))).code for _ in range(2)]

                assert codes == [3, 3]
    finally:
        served.terminate()
        served.wait(WAIT_S_MAX)


async def test_answers_are_counted(dns) -> None:
    """By response code, for /metrics."""
    await answer(dns, f"a1._.{ZONE}", 16)
    await answer(dns, f"zz._.{ZONE}", 16)

    assert (dns.metrics.dns["code.0"], dns.metrics.dns["code.3"]) == (1, 1)


async def test_without_a_zone_there_is_no_dns(node) -> None:
    """Off by default."""
    assert node.dns_port == 0
