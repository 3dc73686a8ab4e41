"""Answers kept ready are those that are made: one node asked both ways, and changed in between."""

from __future__ import annotations

import asyncio
import re

import pytest

from idis.proto.value import Value
from idis.registry.audit.line import audit
from idis.registry.caller import tool
from idis.registry.record import Record, prepare
from idis.registry.registration.life import Event, advance
from idis.resolver.node import Node
from idis.resolver.web.links.kept import KeptReplies
from tests.resolver.web.links.things import (
    BARE_KEY,
    CLAIMED_KEY,
    GONE_KEY,
    HIDDEN_KEY,
    KEY,
    OLD_KEY,
    PLAIN_KEY,
    PREFIX,
    PUMP_KEY,
    Asking,
    alias,
    link,
)

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PATHS = (
    *(KEY + rest for rest in (
        "", "/", "?a=1&b", "/21/42", "/10/LOT7/21/42/", "/21/none?linkType=gs1:pip", "?linkType=gs1:pip", "?linkType=linkset",
        "?linkType=all", "?linkType=gs1:nosuch", "?linkType=gs1:relatedVideo", "/foo", "/10/A%2FB/21/1?linkType=gs1:traceability",
        "?linkType=gs1:certificationInfo&context=CN", "/21/%20", "/21/a'b", "?x='y'",
    )),
    "/01/06901234567893", "/01/", PUMP_KEY, f"{PUMP_KEY}/10/L1", BARE_KEY, PLAIN_KEY, GONE_KEY, OLD_KEY, CLAIMED_KEY, HIDDEN_KEY,
    "/00/169012340000000020",
)  # fmt: skip
CLIENTS = (
    "Accept: */*\r\n",
    "",
    f"Accept: {BROWSER}\r\nAccept-Language: zh-CN,zh;q=0.9\r\n",
    "Accept: application/linkset+json\r\nAccept-Language: en\r\n",
    "Accept: application/json\r\n",
    "Accept: application/ld+json, text/html;q=0.1\r\n",
)


async def _talk(node: Node, requests: list[bytes]) -> list[bytes]:
    """Answers to requests of one connection, without their dates."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
    answers = []
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: ([0-9]+)", head)
        body = await reader.readexactly(int(length[1])) if length and not request.startswith(b"HEAD") else b""
        lines = sorted(line for line in head.split(b"\r\n") if not line.startswith(b"Date:"))
        answers.append(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    writer.close()
    return answers


@pytest.mark.parametrize("client", CLIENTS)
async def test_both_ways_give_the_same(resolver: Node, ask: Asking, client: str, monkeypatch: pytest.MonkeyPatch):
    """Made by aiohttp's side, made before it, and kept before it; GET and HEAD."""
    host = f"Host: 127.0.0.1:{resolver.http_port}\r\n"
    asked = [f"{method} {path} HTTP/1.1\r\n{host}{client}" for method in ("GET", "HEAD") for path in PATHS]
    await ask(KEY)  # from its first request on it is there
    plain = [f"{request}\r\n".encode() for request in asked]
    made, kept = await _talk(resolver, plain), await _talk(resolver, plain)
    others = await _talk(resolver, [f"{request}X-Nothing: 1\r\n\r\n".encode() for request in asked])

    assert made == others
    assert kept == others


@pytest.fixture
def kept(resolver: Node):
    """Its answers, from the first request on."""
    return lambda: resolver._links.kept


async def _ask_thrice(ask: Asking, path: str) -> str:
    return [(await ask(path)).location for _ in range(3)][-1]


async def test_an_answer_is_made_once(resolver: Node, ask: Asking, kept, monkeypatch: pytest.MonkeyPatch):
    """And sent until something changes."""
    await _ask_thrice(ask, f"{KEY}/21/1")
    monkeypatch.setattr(resolver._links.kept._resolver, "at_once", None)

    assert await _ask_thrice(ask, f"{KEY}/21/1") == "https://maker.example/valve"


@pytest.mark.parametrize("path", ["/01/06901234567977", f"{KEY}/foo", HIDDEN_KEY])
async def test_what_is_unknown_is_not_kept(ask: Asking, kept, path: str):
    """There is no end of it."""
    await _ask_thrice(ask, path)

    assert len(kept()._kept) == 0


def _write(node: Node, record: Record) -> None:
    node._store.write(lambda txn: txn.put_record(prepare(record, 1_700_000_001)), actor="test").result()


async def test_other_changes_leave_answers_alone(resolver: Node, ask: Asking, kept):
    """Records that have nothing to do with them, and the trail."""
    await _ask_thrice(ask, KEY)
    _write(resolver, Record(f"{PREFIX}/X", (alias(1, "/00/169012340000000020"), Value(2, "URL", b"https://x.example"))))
    caller = tool("test")
    resolver._store.write(lambda txn: audit(txn, caller, "test", f"{PREFIX}/X"), actor="test").result()
    await ask(BARE_KEY)

    assert [place for place in kept()._kept if place.startswith(KEY.encode() + b"\n")]


async def test_a_deleted_record_is_in_the_next_answer(resolver: Node, ask: Asking):
    """Its level is unknown again."""
    assert await _ask_thrice(ask, f"{KEY}/10/LOT7") == "https://maker.example/lot7"
    resolver._store.write(lambda txn: txn.delete_record(b"88.118.8\x00LOT7"), actor="test").result()

    assert await _ask_thrice(ask, f"{KEY}/10/LOT7") == "https://maker.example/valve"


async def test_a_record_that_gives_its_key_away_is_in_the_next_answer(resolver: Node, ask: Asking):
    """To another one."""
    assert await _ask_thrice(ask, PLAIN_KEY) == "https://maker.example/pallet"
    _write(resolver, Record(f"{PREFIX}/PALLET", (Value(2, "URL", b"https://maker.example/pallet"),)))
    assert (await ask(PLAIN_KEY)).status == 404
    _write(resolver, Record(f"{PREFIX}/P2", (alias(1, PLAIN_KEY), Value(2, "URL", b"https://maker.example/p2"))))

    assert await _ask_thrice(ask, PLAIN_KEY) == "https://maker.example/p2"


async def test_a_second_claim_is_in_the_next_answer(resolver: Node, ask: Asking):
    """Then it is for the client to choose."""
    await _ask_thrice(ask, KEY)
    _write(resolver, Record(f"{PREFIX}/V2", (alias(1, KEY), link(2, "gs1:defaultLink", "https://other.example"))))

    assert (await ask(KEY)).status == 300


async def test_a_suspended_prefix_is_in_the_next_answer(resolver: Node, ask: Asking):
    """What stands below it is answered by nobody."""
    await _ask_thrice(ask, KEY)
    resolver._store.write(lambda txn: advance(txn, PREFIX, Event.SUSPEND, reason="audit"), actor="test").result()
    answer = await ask(KEY)

    assert answer.status == 403
    assert "suspended" in answer.json["detail"]


async def test_what_is_asked_for_once_is_not_kept(ask: Asking, kept):
    """Most labels are scanned once."""
    await ask(KEY)
    for number in range(20):
        await ask(f"{KEY}/21/{number}")
    assert len(kept()._kept) == 0
    await ask(f"{KEY}/21/7")

    assert len(kept()._kept) == 1


async def test_what_is_kept_is_bounded(resolver: Node, ask: Asking, kept):
    """The oldest goes first, with all that led to it."""
    await ask(KEY)
    small = KeptReplies(resolver._chain, resolver._links.kept._resolver, bytes_max=20_000)
    resolver._links.kept = small
    for number in range(120):
        await ask(f"{KEY}/21/{number // 2}")

    assert 0 < small._bytes <= 20_000
    assert len(small._kept) < 60
    small._forget_all(b"88.118.8\x00VALVE")
    assert (len(small._kept), small._bytes, small._places) == (0, 0, {})
