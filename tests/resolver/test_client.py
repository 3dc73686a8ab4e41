"""The client, against a real enterprise node and against scripted servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgpack
import pytest

from idis.proto.errors import IdentifierError
from idis.proto.exchange import query_of, response_message
from idis.proto.message import decode_message, encode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.types.site import INTERFACE_BOTH, TCP, Interface, Server, Site, encode_site
from idis.proto.value import Value, encode_values
from idis.resolver.client import Client, GarbledError, SilentError, UnreachableError
from idis.resolver.client_batch import WINDOW
from idis.resolver.client_reply import read_explanation

A1 = "88.118.8/A1"


class Scripted:
    """A TCP server whose answers are functions of the query; None is silence, octets are sent as they are."""

    def __init__(self, decide: Callable[[Query], Outcome | bytes | None]) -> None:
        self.decide = decide
        self.asked: list[str] = []
        self.connections = 0
        self.answers_once = False

    async def start(self) -> None:
        """Listen on a kernel-chosen port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Stop listening."""
        self._server.close()
        await asyncio.sleep(0)

    @property
    def site(self) -> Answer:
        """This server as the only site of a prefix."""
        site = Site(servers=(Server(1, "127.0.0.1", b"", (Interface(INTERFACE_BOTH, TCP, self.port),)),))
        return Answer(encode_values([Value(1, "HS_SITE", encode_site(site))]), 86_400)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                envelope = await reader.readexactly(20)
                request = decode_message(envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big")))
                query = query_of(request)
                self.asked.append(query.spelling)
                decided = self.decide(query)
                if isinstance(decided, bytes):
                    writer.write(decided)
                elif decided is not None:
                    message = response_message(request, decided, site_serial=1, primary=True, now=0)
                    writer.write(encode_message(message))
                if self.answers_once:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


def url(text: str) -> Answer:
    """An answer with one value."""
    return Answer(encode_values([Value(1, "URL", text.encode())]), 60)


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., object]]:
    """Makes scripted servers; all are stopped at the end."""
    servers: list[Scripted] = []

    async def make(decide: Callable[[Query], Outcome | bytes | None]) -> Scripted:
        server = Scripted(decide)
        await server.start()
        servers.append(server)
        return server

    yield make
    for server in servers:
        await server.stop()


@pytest.fixture
def address(node) -> str:
    """Where the enterprise node of the shared fixtures listens."""
    return f"127.0.0.1:{node.port}"


class TestReplies:
    """One question to a real node."""

    @pytest.mark.parametrize("transport", ["tcp", "udp", "auto"])
    async def test_values_come_over_every_transport(self, address, transport) -> None:
        """The same reply, and it says how it came."""
        async with Client(address, transport=transport) as client:
            reply = await client.resolve(A1)

        assert [(value.index, value.type, value.text) for value in reply.values] == [
            (1, "URL", "https://example.com/p/1"),
            (2, "EMAIL", "a@example.com"),
        ]
        assert reply.transport == ("tcp" if transport == "tcp" else "udp")
        assert (reply.found, reply.authoritative, reply.code_name) == (True, True, "SUCCESS")

    async def test_types_and_indexes_choose_values(self, address) -> None:
        """The union of both filters."""
        async with Client(address) as client:
            by_type = await client.resolve(A1, types=["EMAIL"])
            by_index = await client.resolve(A1, indexes=[1])

        assert [value.index for value in by_type.values] == [2]
        assert [value.index for value in by_index.values] == [1]

    async def test_not_found_is_a_reply(self, address) -> None:
        """No exception for what happens in a healthy system."""
        async with Client(address) as client:
            reply = await client.resolve("88.118.8/absent")

        assert (reply.code, reply.found, reply.values) == (100, False, ())

    async def test_nothing_to_show_is_a_reply(self, address) -> None:
        """Code 200."""
        async with Client(address) as client:
            assert (await client.resolve(A1, types=["PHONE"])).code == 200

    async def test_refused_is_a_reply_with_a_sentence(self, address) -> None:
        """Code 301 says why."""
        async with Client(address) as client:
            reply = await client.resolve("77.1/x")

        assert reply.code == 301
        assert reply.message

    async def test_restricted_values_need_rights(self, address) -> None:
        """Code 402 when they are asked for."""
        async with Client(address) as client:
            assert (await client.resolve("88.118.8/secret", public_only=False)).code == 402

    async def test_the_node_explains_itself(self, address) -> None:
        """Its name and its source."""
        async with Client(address) as client:
            reply = await client.resolve(A1, explain=True)

        assert (reply.explanation.node, reply.explanation.source) == ("enterprise-118-8", "authority")

    async def test_a_name_is_looked_up(self, node) -> None:
        """`localhost` in place of an address."""
        async with Client(f"localhost:{node.port}") as client:
            assert (await client.resolve(A1)).found

    async def test_the_first_value_of_a_type_is_found_in_any_case(self, address) -> None:
        """None when there is none."""
        async with Client(address) as client:
            reply = await client.resolve(A1)

        assert reply.first("email").index == 2
        assert reply.first("PHONE") is None


class TestErrors:
    """No reply."""

    async def test_a_typo_is_told_with_its_place(self, address) -> None:
        """Before anything is sent."""
        async with Client(address) as client:
            with pytest.raises(IdentifierError, match="empty label") as caught:
                await client.resolve("88..118/x")

        assert caught.value.position == 3

    async def test_nobody_listens(self, scripted) -> None:
        """Known at once."""
        server = await scripted(lambda _query: None)
        await server.stop()
        async with Client(server.address) as client:
            with pytest.raises(UnreachableError, match=server.address):
                await client.resolve(A1)

    async def test_a_silent_server(self, scripted) -> None:
        """After the time allowed."""
        server = await scripted(lambda _query: None)
        async with Client(server.address, timeout_s=0.1) as client:
            with pytest.raises(SilentError, match="no answer in time"):
                await client.resolve(A1)

    async def test_a_server_that_speaks_something_else(self, scripted) -> None:
        """HTTP, for one."""
        server = await scripted(lambda _query: b"HTTP/1.1 400 Bad Request\r\n\r\n" * 2)
        async with Client(server.address, timeout_s=0.5) as client:
            with pytest.raises((GarbledError, UnreachableError)):
                await client.resolve(A1)

    async def test_an_unknown_name(self) -> None:
        """`.invalid` never exists (RFC 2606)."""
        async with Client("node.invalid:2641") as client:
            with pytest.raises(UnreachableError, match=r"node\.invalid"):
                await client.resolve(A1)

    def test_a_server_address_that_is_none(self) -> None:
        """Told when the client is made."""
        with pytest.raises(UnreachableError, match="is no server address"):
            Client("127.0.0.1:99999")


class TestBatches:
    """Many identifiers over one connection."""

    async def test_replies_keep_the_order_of_the_identifiers(self, scripted) -> None:
        """More than fit into the window."""
        server = await scripted(lambda query: url(query.spelling))
        names = [f"88.118.8/{number}" for number in range(3 * WINDOW + 7)]
        async with Client(server.address) as client:
            replies = await client.resolve_many(names)

        assert [reply.values[0].text for reply in replies] == names
        assert (server.connections, len(server.asked)) == (1, len(names))

    async def test_each_item_has_its_own_result(self, address) -> None:
        """Found, absent, no identifier."""
        async with Client(address) as client:
            found, absent, typo = await client.resolve_many([A1, "88.118.8/absent", "88..1/x"])

        assert (found.code, absent.code) == (1, 100)
        assert isinstance(typo, IdentifierError)

    async def test_the_filter_holds_for_every_item(self, address) -> None:
        """One wish for the whole batch."""
        async with Client(address) as client:
            replies = await client.resolve_many([A1, A1], types=["EMAIL"])

        assert [[value.index for value in reply.values] for reply in replies] == [[2], [2]]

    async def test_an_item_without_an_answer_does_not_stop_the_others(self, scripted) -> None:
        """It is a SilentError in its place."""
        server = await scripted(lambda query: None if query.spelling.endswith("/2") else url("here"))
        async with Client(server.address, timeout_s=0.2) as client:
            replies = await client.resolve_many([f"88.118.8/{number}" for number in range(5)])

        assert [isinstance(reply, SilentError) for reply in replies] == [False, False, True, False, False]

    async def test_a_server_that_closes_after_one_answer_serves_a_batch(self, scripted) -> None:
        """Whatever the connection lost is asked again on others."""
        server = await scripted(lambda query: url(query.spelling))
        server.answers_once = True
        names = [f"88.118.8/{number}" for number in range(20)]
        async with Client(server.address) as client:
            replies = await client.resolve_many(names)

        assert [reply.values[0].text for reply in replies] == names

    async def test_a_batch_over_udp_asks_one_by_one(self, address) -> None:
        """Datagrams have no pipeline."""
        async with Client(address, transport="udp") as client:
            replies = await client.resolve_many([A1] * 40)

        assert all(reply.transport == "udp" for reply in replies)

    async def test_nobody_listens_for_a_batch(self, scripted) -> None:
        """Every item says so."""
        server = await scripted(lambda _query: None)
        await server.stop()
        async with Client(server.address) as client:
            replies = await client.resolve_many([A1, A1])

        assert [type(reply) for reply in replies] == [UnreachableError, UnreachableError]

    async def test_an_empty_batch_is_an_empty_list(self, address) -> None:
        """Nothing is asked."""
        async with Client(address) as client:
            assert await client.resolve_many([]) == []


class TestDirect:
    """Asking the node for the prefix only."""

    async def test_the_prefix_is_asked_once(self, scripted) -> None:
        """Later identifiers go straight to the enterprise."""
        enterprise = await scripted(lambda query: url(query.spelling))
        recursive = await scripted(lambda _query: enterprise.site)
        async with Client(recursive.address, direct=True) as client:
            await client.resolve("88.118.8/a")
            await client.resolve("88.118.8/b")

        assert recursive.asked == ["88.118.8"]
        assert enterprise.asked == ["88.118.8/a", "88.118.8/b"]

    async def test_a_node_no_longer_responsible_is_looked_up_again(self, scripted) -> None:
        """301: once more, with what the recursive node says now."""
        new = await scripted(lambda _query: url("new"))
        old = await scripted(lambda _query: url("old"))
        where = [old]
        recursive = await scripted(lambda _query: where[0].site)
        async with Client(recursive.address, direct=True) as client:
            await client.resolve("88.118.8/a")
            old.decide = lambda _query: Refused(301, "moved away")
            where[0] = new
            reply = await client.resolve("88.118.8/a")

        assert reply.values[0].text == "new"
        assert [hop.response_code for hop in reply.hops] == [301, 1, 1]

    async def test_a_hosted_prefix_is_asked_at_the_node(self, scripted) -> None:
        """It has no site of its own; that too is remembered."""
        recursive = await scripted(lambda query: url("hosted") if query.identifier.suffix else NoValues())
        async with Client(recursive.address, direct=True) as client:
            await client.resolve("88.118.8/a")
            await client.resolve("88.118.8/b")

        assert recursive.asked == ["88.118.8", "88.118.8/a", "88.118.8/b"]

    async def test_an_unknown_prefix_is_the_nodes_to_explain(self, scripted) -> None:
        """The reply is the recursive node's."""
        recursive = await scripted(lambda _query: NotFound())
        async with Client(recursive.address, direct=True) as client:
            assert (await client.resolve("88.118.8/a")).code == 100

    async def test_a_silent_enterprise_is_asked_for_at_the_node(self, scripted) -> None:
        """The recursive node may have the answer in its cache."""
        enterprise = await scripted(lambda _query: None)
        await enterprise.stop()
        recursive = await scripted(lambda query: url("cached") if query.identifier.suffix else enterprise.site)
        async with Client(recursive.address, direct=True) as client:
            reply = await client.resolve("88.118.8/a")

        assert reply.values[0].text == "cached"


def alias(text: str) -> Answer:
    """An answer that stands for another name."""
    return Answer(encode_values([Value(1, "HS_ALIAS", text.encode())]), 60)


class TestAliases:
    """Names that stand for others, at a node that leaves following them to the client."""

    async def test_an_alias_is_followed_on_request(self, scripted) -> None:
        """The reply keeps the name that was asked for."""
        server = await scripted(lambda query: alias("88.118.8/b") if query.spelling.endswith("/a") else url("real"))
        async with Client(server.address) as client:
            reply = await client.resolve("88.118.8/a", follow_alias=True, types=["URL"])

        assert (reply.identifier, reply.values[0].text) == ("88.118.8/a", "real")
        assert len(reply.hops) == 2

    async def test_an_alias_is_not_followed_unasked(self, scripted) -> None:
        """It is an ordinary value."""
        server = await scripted(lambda _query: alias("88.118.8/b"))
        async with Client(server.address) as client:
            assert (await client.resolve("88.118.8/a")).first("HS_ALIAS").text == "88.118.8/b"

    async def test_an_alias_loop_is_code_6(self, scripted) -> None:
        """Two names that stand for each other."""
        server = await scripted(lambda query: alias("88.118.8/b" if query.spelling.endswith("/a") else "88.118.8/A"))
        async with Client(server.address) as client:
            reply = await client.resolve("88.118.8/a", follow_alias=True)

        assert (reply.code, reply.message) == (6, "aliases form a loop or are too many")

    async def test_aliases_are_followed_in_batches(self, scripted) -> None:
        """Where the first answer does not settle an item."""
        server = await scripted(lambda query: alias("88.118.8/b") if query.spelling.endswith("/a") else url("real"))
        async with Client(server.address) as client:
            replies = await client.resolve_many(["88.118.8/a", "88.118.8/b"], follow_alias=True)

        assert [(reply.identifier, reply.values[0].text) for reply in replies] == [
            ("88.118.8/a", "real"),
            ("88.118.8/b", "real"),
        ]


async def test_a_referral_to_a_service_handle_is_followed_without_roots(scripted) -> None:
    """A referral that names only HS_SERV led nowhere: the node that referred is asked who has the sites of the service."""

    def decide(query: Query) -> Outcome | None:
        if query.spelling == "88.118.70/X":
            service = encode_values([Value(1, "HS_SERV", b"88.118/SERVICE")])
            return Referral(302, service, ttl_s=60, prefix="88.118.70") if not served else url("https://served.example")
        if query.spelling == "88.118/SERVICE":
            served.append(True)
            return server.site
        return server.site

    served: list[bool] = []
    server = await scripted(decide)
    async with Client(server.address) as client:
        reply = await client.resolve("88.118.70/X")

    assert (reply.code, [value.text for value in reply.values]) == (1, ["https://served.example"])


async def test_a_server_that_comes_back_is_asked_at_once(scripted) -> None:
    """A client has one server; it is never set aside."""
    server = await scripted(lambda _query: url("here"))
    await server.stop()
    async with Client(server.address) as client:
        for _ in range(6):
            with pytest.raises(UnreachableError):
                await client.resolve(A1)
        server._server = await asyncio.start_server(server._serve, "127.0.0.1", server.port)

        assert (await client.resolve(A1)).found


class TestExplanations:
    """Octets of a stranger."""

    def test_an_explanation_is_read(self) -> None:
        """`[1, "n", "cache", 1500, [["s", "udp", "q", 1, 7]]]`, by hand."""
        octets = bytes.fromhex("95 01 a1 6e a5 6361636865 cd05dc 91 95 a1 73 a3 756470 a1 71 01 07")

        explanation = read_explanation(octets)

        assert (explanation.node, explanation.source, explanation.age_s) == ("n", "cache", 1.5)
        assert (explanation.hops[0].server, explanation.hops[0].micros) == ("s", 7)

    @pytest.mark.parametrize(
        "octets",
        [
            b"",
            b"\xc1",
            b"\x95\x02\xa1n\xa5cache\x00\x90",
            b"\x91" * 2_000,
            b"\xdd\xff\xff\xff\xff",
            b"\x80",
            b"\x95\x01\xa1n\xa5cache\x00\x91\x91\x01",
            bytes(20_000),
        ],
        ids=["empty", "unused", "version", "deep", "wide", "map", "short hop", "long"],
    )
    def test_anything_else_is_no_explanation(self, octets) -> None:
        """Broken, hostile or of a later version: passed over."""
        assert read_explanation(octets) is None

    def test_fields_of_later_versions_are_passed_over(self) -> None:
        """What stands behind the known ones."""
        octets = msgpack.packb([1, "n", "cache", 0, [["s", "udp", "q", 1, 7, "more"]], "more"])

        assert read_explanation(octets).hops[0].server == "s"
