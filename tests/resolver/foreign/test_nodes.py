"""One name over every transport and through nodes of every tier: the same record."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from idis.proto.dns.message import Response, decode_response, encode_query
from idis.proto.dns.name import name_from_text
from idis.proto.dns.records import NAPTR, data_text
from idis.proto.value import Value, decode_values
from idis.registry.foreign_route import ForeignRoute, checked_route, parse_targets
from idis.registry.foreign_routes import put_foreign_route, remove_foreign_route
from idis.registry.record import Record, prepare
from idis.resolver.client import Client
from idis.resolver.client_reply import Reply
from idis.resolver.config import DnsSection, RecursionSection, RoutesSection, Tier
from idis.resolver.node import Node
from tests.resolver.foreign.conftest import Provider, page
from tests.waiting import WAIT_S_MAX, until

Start = Callable[..., Awaitable[Node]]
NAME = "88.118.8/PUMP"
URL = "https://maker.example/pump"
DEADLINE_MS = 30_000  # no question fails because the machine is busy
CLASS = "gs1:https://id.gs1.org/01/06901234567892"
ALIASES = (f"{CLASS}/21/42", CLASS, "oid:1.2.156.7", "imo:IMO9074729")
RECORD = Record(
    NAME,
    (Value(1, "URL", URL.encode()), *(Value(index, "IDIS.ALIAS", name.encode()) for index, name in enumerate(ALIASES, 2))),
)
TEXTS = [
    "(01)06901234567892(21)42",
    "gs1:01/06901234567892/21/42",
    "urn:oid:1.2.156.7",
    "1.2.156.7",
    "0.ANY/IMO 9074729",
    "imo:9074729",
]


def routed(node: Node, type_name: str, start: str, *targets: str) -> ForeignRoute:
    """A route of a node."""
    made = checked_route(ForeignRoute(type_name, start, "", parse_targets(targets)))
    node._store.write(lambda txn: put_foreign_route(txn, made), actor="test").result()
    return made


async def ask(node: Node, text: str, transport: Any = "auto") -> Reply:
    """A question of our own client."""
    async with Client(f"127.0.0.1:{node.port}", transport=transport, timeout_s=WAIT_S_MAX) as client:
        return await client.resolve(text)


def url_of(reply: Reply) -> str:
    """The URL of an answer."""
    assert reply.found, (reply.code, reply.message)
    return next(value.text for value in reply.values if value.type == "URL")


@pytest.fixture
async def enterprise(start_node: Start) -> Node:
    """Has the record."""
    return await start_node("enterprise", records=(RECORD,), dns=DnsSection(zone="id.example", port=0, cookie_secret="00" * 16))


@pytest.fixture
async def root(start_node: Start, enterprise: Node) -> Node:
    """Is at the top; what it knows of other schemes are routes."""
    made: Node = await start_node("root", tier=Tier.ROOT, prefixes=("0.NA",), records=())
    for type_name, start in (("GS1", "690123"), ("OID", "1.2.156"), ("alias", "imo")):
        routed(made, type_name, start, f"node:127.0.0.1:{enterprise.port}")
    return made


@pytest.fixture
async def recursive(start_node: Start, root: Node) -> Node:
    """Asks others."""
    recursion = RecursionSection(enabled=True, deadline_ms=DEADLINE_MS, roots=(f"127.0.0.1:{root.port}",))
    made: Node = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    return made


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_over_the_binary_protocol(enterprise: Node, text: str, transport: str) -> None:
    """As the handle that is asked for; asked twice, answered alike."""
    assert url_of(await ask(enterprise, text, transport)) == URL
    assert url_of(await ask(enterprise, text, transport)) == URL


@pytest.mark.parametrize("text", TEXTS)
async def test_through_a_node_that_only_has_a_route(root: Node, text: str) -> None:
    """It refers to the node that has the record, and a client goes there."""
    assert url_of(await ask(root, text)) == URL


@pytest.mark.parametrize("text", TEXTS)
async def test_through_a_recursive_node(recursive: Node, text: str) -> None:
    """Which asks whoever is at the top, follows its route, and keeps the answer."""
    assert url_of(await ask(recursive, text)) == URL
    again = await ask(recursive, text)

    assert url_of(again) == URL


async def test_a_recursive_node_s_own_route_goes_first(start_node: Start, enterprise: Node) -> None:
    """No root is asked; there is none."""
    recursion = RecursionSection(enabled=True, roots=("127.0.0.1:1",), deadline_ms=DEADLINE_MS)
    node = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    routed(node, "GS1", "690123", f"node:127.0.0.1:{enterprise.port}")

    assert url_of(await ask(node, TEXTS[0])) == URL


async def test_the_next_node_of_a_route_stands_in(start_node: Start, enterprise: Node) -> None:
    """For one that nobody listens at."""
    recursion = RecursionSection(enabled=True, roots=("127.0.0.1:1",))
    node = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    routed(node, "GS1", "690123", "node:127.0.0.1:1", f"node:127.0.0.1:{enterprise.port}")

    assert url_of(await ask(node, TEXTS[0])) == URL


async def test_a_node_asks_itself_for_nothing(enterprise: Node) -> None:
    """A route that leads to the node itself means that the record would be here."""
    routed(enterprise, "GS1", "690", f"node:127.0.0.1:{enterprise.port}")
    known, unknown = await ask(enterprise, TEXTS[0]), await ask(enterprise, "(01)06901111111118")

    assert url_of(known) == URL
    assert unknown.code == 100


async def test_a_route_that_changed_is_followed_at_once(recursive: Node, enterprise: Node) -> None:
    """What was kept by the old one is forgotten."""
    assert url_of(await ask(recursive, TEXTS[0])) == URL
    route = routed(recursive, "GS1", "69012345", "https://elsewhere.example/{path}")
    recursive._store.write(
        lambda txn: put_foreign_route(txn, checked_route(ForeignRoute("GS1", "69012345", "", route.targets, enabled=False))),
        actor="test",
    ).result()
    disabled = await ask(recursive, TEXTS[0])
    assert (disabled.code, disabled.message) == (301, "the route GS1 69012345 is disabled")
    recursive._store.write(lambda txn: remove_foreign_route(txn, route), actor="test").result()

    assert url_of(await ask(recursive, TEXTS[0])) == URL


async def test_a_name_registered_here_goes_before_what_others_say(recursive: Node, enterprise: Node, start_node: Start) -> None:
    """As soon as it is registered, although the other answer was kept."""
    assert url_of(await ask(recursive, "imo:9074729")) == URL
    recursion = RecursionSection(enabled=True, deadline_ms=DEADLINE_MS, roots=(f"127.0.0.1:{enterprise.port}",))
    node = await start_node("both", tier=Tier.RECURSIVE, prefixes=("88.9",), recursion=recursion, records=())
    assert (await ask(node, "imo:9074729")).found
    own = Record("88.9/SHIP", (Value(1, "URL", b"https://own"), Value(2, "IDIS.ALIAS", b"imo:IMO9074729")))
    node._store.write_all([prepare(own, 1_700_000_000)], actor="test")

    async def own_url() -> bool:
        return url_of(await ask(node, "imo:9074729")) == "https://own"

    assert await until(own_url)


@pytest.mark.parametrize("text", [*TEXTS, "IMO 9074729", "]d20106901234567892\x1d2142"])
async def test_over_http(enterprise: Node, text: str) -> None:
    """As the field's proxies are asked, whatever characters it has; the text is echoed."""
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{enterprise.http_port}/api/handles/{quote(text, safe='')}"
        async with session.get(url) as answer:
            document = await answer.json()

    assert document["responseCode"] == 1, document
    assert document["handle"] == text
    assert URL in json.dumps(document["values"])


async def test_over_dns(enterprise: Node) -> None:
    """ONS names of GS1 keys, ORS names of OIDs."""
    for name in ("0.9.8.7.6.5.4.3.2.1.0.9.6.gtin.gs1.id.onsepc.com", "7.156.2.1.oid-res.org"):
        response = await asked_dns(enterprise, name)
        assert any(URL in data_text(record) for record in response.answers), name


async def asked_dns(node: Node, name: str) -> Response:
    """The NAPTR records of a name."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(("127.0.0.1", node.dns_port))
        await loop.sock_sendall(sender, encode_query(7, name_from_text(name), NAPTR))
        async with asyncio.timeout(WAIT_S_MAX):
            return decode_response(await loop.sock_recv(sender, 4_096))


async def test_what_others_say_over_every_transport(
    start_node: Start, provide: Callable[..., Awaitable[Provider]], certificate: Any
) -> None:
    """Fetched once, then kept."""
    value = {"index": 1, "type": "URL", "data": {"format": "string", "value": URL}, "ttl": 60}
    provider = await provide(lambda path: page(json.dumps({"responseCode": 1, "values": [value]}).encode()))
    routes = RoutesSection(networks=("127.0.0.0/8", "::1/128"), ca=str(certificate / "certificate.pem"), deadline_ms=DEADLINE_MS)
    node = await start_node("enterprise", routes=routes)
    routed(node, "OID", "1.2", f"{provider.url}/{{path}}")

    assert url_of(await ask(node, "urn:oid:1.2.3", "tcp")) == URL
    assert url_of(await ask(node, "1.2.3", "udp")) == URL
    url = f"http://127.0.0.1:{node.http_port}/api/handles/urn:oid:1.2.3"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        document = await answer.json()
    assert document["values"][0]["data"]["value"] == URL
    assert provider.asked == ["/1.2.3"]


@pytest.mark.parametrize("tier", ["enterprise", "root"])
async def test_a_plain_client_of_others_gets_it_too(tier: str, enterprise: Node, root: Node, frame: Any, client_of: Any) -> None:
    """Octets as any Handle client sends them; a node with only a route refers, by HS_SITE."""
    answer = await client_of(enterprise if tier == "enterprise" else root).ask_tcp(frame("(01)06901234567892(21)42"))
    code = int.from_bytes(answer[24:28], "big")
    (length,) = struct.unpack_from(">I", answer, 44)
    rest = answer[48 + length :]

    if tier == "enterprise":
        assert code == 1
        assert answer[48 : 48 + length].decode() == "(01)06901234567892(21)42"
        assert [value.type for value in decode_values(rest[:-4])][:2] == ["URL", "IDIS.ALIAS"]
    else:
        assert code == 302
        assert b"HS_SITE" in answer
