"""The chunk handler gives the octets aiohttp gives; one node, asked with it and without it."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from idis.proto import speedups
from idis.proto.value import Reference, Value
from idis.registry.record import Record, prepare
from idis.resolver.config import GuardSection
from idis.resolver.node import Node
from idis.resolver.transports.http import HttpTransport
from idis.resolver.web.chunks import STEP_MADE, behind_length
from tests.waiting import WAIT_S_MAX, until

P = "88.118.8"
RECORDS = (
    Record(f"{P}/A1", (Value(1, "URL", b"https://example.com/p/1"), Value(2, "EMAIL", b"a@example.com"))),
    Record(f"{P}/secret", (Value(1, "URL", b"https://example.com/s"), Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C))),
    Record(f"{P}/hidden", (Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C),)),
    Record(f"{P}/船舶/分段 1", (Value(1, "名称", '分段 "1" \\ 💡\t\r\n'.encode()),)),
    Record(f"{P}/big", (Value(1, "note", bytes(range(256)) * 8),)),
    Record(f'{P}/q"\\', (Value(1, "n\x01\x1f\x7f/", b""), Value(2, "n", b"a"), Value(3, "n", b"\x00\xff"))),
    Record(f"{P}/odd", (
        Value(7, "x", b"\x7f", ttl=0), Value(8, "x", b"\x08\x0c", ttl=2**31, ttl_type=1), Value(9, "x", b"t", ttl_type=2),
        Value(2**31 - 1, "x", b"p", permissions=0x1E), Value(10, "x", b"p", permissions=0x02),
    )),
    Record(f"{P}/refs", (Value(1, "x", b"", references=(Reference("88.118.8/A1", 1),)),)),
    Record(f"{P}/admin", (Value(100, "HS_ADMIN", b"no admin at all"), Value(101, "hs_alias", b"88.118.8/A1"))),
    Record(f"{P}/utf", tuple(Value(number, "x", octets) for number, octets in enumerate((
        b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\xf0\x9f\x92\xa1", b"12345678\xc2",
        b"\xc2\x85", b"\xe2\x80\xa8", b"\xf0\x80\x80\x80", b"\xe8\x88", b"\x80", b"\xf5\x80\x80\x80",
    ), 1))),
    Record(f"{P}/.dot", (Value(1, "x", b"."),)),
    Record(f"{P}/long", tuple(Value(n, "text", b"0123456789abcdef" * 40) for n in range(1, 40))),
)  # fmt: skip
TARGETS = [
    b"88.118.8/A1", b"88.118.8/a1", b"88.118.8%2FA1", b"88.118.8/%41%31", b"88.118.8/secret", b"88.118.8/hidden",
    b"88.118.8/big", b"88.118.8/%E8%88%B9%E8%88%B6/%E5%88%86%E6%AE%B5%201",
    b"88.118.8/%e8%88%b9%e8%88%b6%2f%e5%88%86%e6%ae%b5%201", b"88.118.8/\xe8\x88\xb9", b"88.118.8/q%22%5C",
    b"88.118.8/q%22%5c", b"88.118.8/q\"\\", b"88.118.8/odd", b"88.118.8/refs", b"88.118.8/admin", b"88.118.8/utf",
    b"88.118.8/.dot", b"88.118.8/long", b"88.118.8/absent", b"88.118.8", b"0.NA/88.118.8", b"0.na/88.118.8", b"99.1/x",
    b"88..1/x", b"", b"/", b"0", b"88.118.8/", b"88.118.8/A1/", b"88.118.8//A1", b"88.118.8/./A1",
    b"88.118.8/../88.118.8/A1", b"88.118.8/%2e%2e/A1", b"88.118.8/%FF", b"88.118.8/%0A", b"88.118.8/%00",
    b"88.118.8/%7F", b"88.118.8/%C2%85", b"88.118.8/%", b"88.118.8/%4", b"88.118.8/%zz", b"88.118.8/a%252Fb",
    b"88.118.8/a+b", b"88.118.8/A1#x", b"88.118.8/A1?", b"88.118.8/A1?index=1", b"88.118.8/A1?index=1&index=2",
    b"88.118.8/A1?type=URL", b"88.118.8/A1?type=url&index=2", b"88.118.8/A1?index=0", b"88.118.8/A1?index=99",
    b"88.118.8/A1?pretty", b"88.118.8/A1?pretty=1", b"88.118.8/A1?pretty=maybe", b"88.118.8/A1?callback=f",
    b"88.118.8/A1?callback=f.g&pretty", b"88.118.8/A1?cert", b"88.118.8/A1?cert=false", b"88.118.8/A1?auth",
    b"88.118.8/A1?publicOnly=false", b"88.118.8/secret?publicOnly=false", b"88.118.8/secret?publicOnly",
    b"88.118.8/A1?nothing=1", b"88.118.8/A1?index=1&index=1", b"88.118.8/A1?&", b"88.118.8/A1?index=%31",
    b"88.118.8/A1?doNotRefer=yes", b"88.118.8/A1?INDEX=1", b"88.118.8/A1?type=URL;index=2", b"88.118.8/A1?a?b",
    b"88.118.8/" + b"x" * 3_000, b"88.118.8/" + b"x" * 9_000,
]  # fmt: skip
FIELDS = [
    b"Host: x\r\n",
    b"host:x\r\n",
    b"Host: 127.0.0.1:8000\r\nAccept: application/json\r\n",
    b"Host: x\r\nUser-Agent: curl/8\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n",
    b"Host: x\r\nConnection: Keep-Alive\r\nSec-Fetch-Mode: cors\r\nDNT: 1\r\nReferer: http://x/\r\nPriority: u=0\r\n",
    b"Host: x\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nUpgrade-Insecure-Requests: 1\r\nAccept-Language: zh-CN\r\n",
    b"",
    b"Host: x\r\nHost: y\r\n",
    b"Host: \r\n",
    b"Host: x y\r\n",
    b"Host : x\r\n",
    b"Host: x\r\nOrigin: https://example.com\r\n",
    b"Host: x\r\nAuthorization: Basic YTpi\r\n",
    b"Host: x\r\nCookie: a=b\r\n",
    b"Host: x\r\nIf-None-Match: *\r\n",
    b"Host: x\r\nIf-Modified-Since: Wed, 25 Nov 2026 22:09:16 GMT\r\n",
    b"Host: x\r\nRange: bytes=0-1\r\n",
    b"Host: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
    b"Host: x\r\nSec-WebSocket-Version: 13\r\n",
    b"Host: x\r\nConnection: close\r\n",
    b"Host: x\r\nContent-Length: 0\r\n",
    b"Host: x\r\nContent-Length: 3\r\n",
    b"Host: x\r\nTransfer-Encoding: chunked\r\n",
    b"Host: x\r\nExpect: 100-continue\r\n",
    b"Host: x\r\nAccept: */*\r\nAccept: text/html\r\n",
    b"Host: x\r\n Accept: */*\r\n",
    b"Host: x\r\nAccept: \x01\r\n",
    b"Host: x\r\nAccept: \xe8\x88\xb9\r\n",
    b"Host: x\r\nAccept:\t*/*\r\n",
    b"Host: x\r\nX-Other: 1\r\n",
    b"Host: x\nAccept: */*\r\n",
    b"Host: x\r\nAccept: " + b"a" * 600 + b"\r\n",
    b"Host: x\r\nAccept: " + b"a" * 9_000 + b"\r\n",
]
LINES = [
    b"GET /api/handles/%s HTTP/1.1\r\n",
    b"HEAD /api/handles/%s HTTP/1.1\r\n",
    b"GET /api/handles/%s HTTP/1.0\r\n",
    b"GET /api/handles/%s HTTP/9.9\r\n",
    b"GET /api/handles/%s  HTTP/1.1\r\n",
    b"GET  /api/handles/%s HTTP/1.1\r\n",
    b"GET /api/handles/%s HTTP/1.1\n",
    b"GET http://x/api/handles/%s HTTP/1.1\r\n",
    b"GET /API/handles/%s HTTP/1.1\r\n",
    b"GET //api/handles/%s HTTP/1.1\r\n",
    b"get /api/handles/%s HTTP/1.1\r\n",
    b"POST /api/handles/%s HTTP/1.1\r\n",
    b"OPTIONS /api/handles/%s HTTP/1.1\r\n",
    b"BREW /api/handles/%s HTTP/1.1\r\n",
    b"GET /api/handles/%s\r\n",
    b"\r\nGET /api/handles/%s HTTP/1.1\r\n",
    b"GET /%s HTTP/1.1\r\n",
]
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"  # makes whoever has not given up close
ROUNDS = 120
RESETS_MAX = 4


class Faces:
    """The two ports of one node."""

    def __init__(self, node: Node, with_chunks: int, without: int) -> None:
        self.node, self.with_chunks, self.without = node, with_chunks, without

    async def ask(self, port: int, pieces: list[bytes]) -> bytes:
        """Everything that comes until the connection is closed, with the dates taken out.

        Who closes before it has read everything may have its last words destroyed by a reset: it is asked again.
        """
        for _ in range(RESETS_MAX):
            if answer := await self._ask(port, pieces):
                break
        return answer

    async def _ask(self, port: int, pieces: list[bytes]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S_MAX):
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0.002 if len(pieces) > 2 else 0)
                while octets := await reader.read(1 << 20):
                    answer += octets
        writer.close()
        return re.sub(rb"Date: [^\r]*\r\n", b"", answer)

    async def differ(self, *pieces: bytes) -> tuple[bytes, bytes] | None:
        """Both answers, if they are not the same.

        When garbage comes in one piece with requests in front of it, aiohttp forgets those; the chunk handler does not.
        """
        parts = [*pieces, LAST]
        one, other = await asyncio.gather(self.ask(self.with_chunks, parts), self.ask(self.without, parts))
        same = one.endswith(other) if other.startswith(b"HTTP/1.0 400 ") else one == other
        return None if same else (one, other)


@pytest.fixture(params=[speedups.COMPILED, speedups.PLAIN])
async def faces(request, start_node, make_config) -> AsyncIterator[Faces]:
    """A node with an answer index, or without, whose HTTP is also served without the chunk handler."""
    if request.param == speedups.COMPILED and speedups.LOADED != speedups.COMPILED:
        pytest.skip("the compiled hot path is not installed")
    section = make_config().node
    index_bytes = section.index_bytes if request.param == speedups.COMPILED else 0
    node = await start_node(records=RECORDS, node=replace(section, index_bytes=index_bytes), guard=GuardSection())
    assert await until(lambda: not index_bytes or node._hot_path.index_answers.fresh())
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setblocking(False)
    other = HttpTransport([bound], node._application, node._service)
    await other.open()
    yield Faces(node, node.http_port, bound.getsockname()[1])
    await other.close()


async def test_every_target_is_answered_alike(faces):
    """Names, spellings, encodings, filters, forms, and what is none of these."""
    different = {}
    for target in TARGETS:
        for line in LINES[:2]:
            if found := await faces.differ(line % target + b"Host: x\r\n\r\n"):
                different[line % target] = found

    assert not different


async def test_every_header_is_answered_alike(faces):
    """Those that change nothing, those that do, doubled ones, credentials, conditions, bodies and garbage."""
    different = {}
    for fields in FIELDS:
        if found := await faces.differ(LINES[0] % b"88.118.8/A1" + fields + b"\r\n"):
            different[fields] = found

    assert not different


async def test_every_request_line_is_answered_alike(faces):
    """Other methods, versions, paths and broken lines."""
    different = {}
    for line in LINES:
        if found := await faces.differ(line % b"88.118.8/A1" + b"Host: x\r\n\r\n"):
            different[line] = found

    assert not different


async def test_streams_cut_anywhere_are_answered_alike(faces):
    """Requests of all kinds one behind the other, in pieces."""
    draw = random.Random(7)
    different = []
    for _ in range(ROUNDS):
        usual = draw.random() < 0.5
        stream = b"".join(
            (LINES[0] if usual else draw.choice(LINES[:2] * 6 + LINES)) % draw.choice(TARGETS[:-1])
            + (FIELDS[2] if usual else draw.choice(FIELDS[:6] * 4 + FIELDS))
            + b"\r\n"
            for _ in range(draw.randrange(1, 6))
        )
        cuts = sorted(draw.randrange(len(stream) + 1) for _ in range(draw.choice((0, 0, 1, 3))))
        pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        if found := await faces.differ(*pieces):
            different.append((pieces, *found))

    assert not different


async def test_mutated_requests_are_answered_alike(faces):
    """One octet of a plain request replaced, dropped or doubled."""
    draw = random.Random(11)
    plain = LINES[0] % b"88.118.8/A1" + FIELDS[3] + b"\r\n"
    different = []
    for _ in range(ROUNDS):
        at = draw.randrange(len(plain))
        octet = bytes((draw.choice((0, 9, 10, 13, 32, 37, 47, 58, 63, 127, 128, 255, draw.randrange(256))),))
        mutated = plain[:at] + draw.choice((octet, b"", plain[at : at + 1] * 2)) + plain[at + 1 :]
        if found := await faces.differ(mutated):
            different.append((mutated, *found))

    assert not different


async def test_a_write_is_in_the_next_answer(faces):
    """Whether it changes a record, makes one, or takes one away; by this process and by another one's store."""
    seen = []
    for values in ((Value(1, "n", b"one"),), (Value(1, "n", b"two"), Value(2, "n", b"more"))):
        record = prepare(Record(f"{P}/new", values), 1_700_000_000)
        faces.node._store.write_all([record], actor="test")
        answer = await faces.ask(faces.with_chunks, [LINES[0] % b"88.118.8/new" + FIELDS[0] + b"\r\n" + LAST])
        seen.append([value in answer for value in (b'"one"', b'"two"', b'"more"')])
    faces.node._store.write(lambda txn: txn.delete_record(b"88.118.8\x00NEW"), actor="test").result()
    answer = await faces.ask(faces.with_chunks, [LINES[0] % b"88.118.8/new" + FIELDS[0] + b"\r\n" + LAST])

    assert seen == [[True, False, False], [False, True, True]]
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_answers_are_counted_as_everywhere(faces):
    """By response code, and with their time."""
    metrics = faces.node.metrics
    before = metrics.answered["http", 1], metrics.answered["http", 100], sum(metrics.durations["http"].counts)
    plain = b"".join(LINES[0] % target + FIELDS[0] + b"\r\n" for target in (b"88.118.8/A1", b"88.118.8/admin", b"88.118.8/none"))
    await faces.ask(faces.with_chunks, [plain + LAST])
    after = metrics.answered["http", 1], metrics.answered["http", 100], sum(metrics.durations["http"].counts)

    assert [now - then for then, now in zip(before, after, strict=True)] == [2, 1, 3]


async def test_more_than_a_step_allows_is_answered_in_steps(faces):
    """Names that have to be made one by one, and more octets than a peer may have unread."""
    absent = b"".join(LINES[0] % b"88.118.8/none%d" % number + FIELDS[0] + b"\r\n" for number in range(3 * STEP_MADE))
    large = (LINES[0] % b"88.118.8/long" + FIELDS[0] + b"\r\n") * 150

    assert (await faces.ask(faces.with_chunks, [absent + LAST])).count(b"HTTP/1.1 404 ") == 3 * STEP_MADE
    assert (await faces.ask(faces.with_chunks, [large + LAST])).count(b"HTTP/1.1 200 ") == 151


async def test_an_address_that_asks_too_often_is_told_so(start_node):
    """The rate is that of every transport; a busy answer is aiohttp's."""
    guard = GuardSection(trusted_networks=(), validated_per_s=2)
    node = await start_node(records=RECORDS, guard=guard)
    faces = Faces(node, node.http_port, 0)
    answer = await faces.ask(node.http_port, [(LINES[0] % b"88.118.8/A1" + FIELDS[0] + b"\r\n") * 9 + LAST])

    assert (answer.count(b"HTTP/1.1 200 OK\r\nIdis-Source"), answer.count(b"HTTP/1.1 503 ")) == (5, 4)
    assert node.metrics.limited["rate_connected"] == 4


def test_the_date_is_that_of_the_standard():
    """RFC 9110 section 5.6.7; a leap day."""
    assert behind_length(1_709_164_800) == b"\r\nDate: Thu, 29 Feb 2024 00:00:00 GMT\r\nServer: idis\r\n\r\n"
