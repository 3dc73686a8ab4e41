"""NAPTR records of a name: asked of name servers over UDP, and over TCP where they do not fit (RFC 1035, RFC 7766)."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idis.proto.dns.message import NOERROR, NXDOMAIN, Response, decode_response, encode_query
from idis.proto.dns.name import Labels, lowered, name_text
from idis.proto.dns.records import NAPTR, Rr
from idis.proto.errors import ProtocolError

UDP_BYTES = 1_232  # what no path fragments (DNS flag day 2020)
RETRY_S = 0.4  # of silence
PORT = 53
SERVERS_MAX = 3  # as system resolvers take
_CNAME, _DNAME = 5, 39
_RESOLVERS = Path("/etc/resolv.conf")


class Unanswered(Exception):
    """No name server answered; its text says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a name has. `absent` when it does not exist, or has no such records."""

    records: tuple[Rr, ...]
    ttl_s: int
    absent: bool


class NameServers:
    """Asks name servers, which recurse for us.

    Args:
        servers: address and port of each; none for those of this machine.
        retry_s: of silence, until the next one is asked.
    """

    def __init__(self, servers: Sequence[tuple[str, int]], retry_s: float = RETRY_S) -> None:
        self._servers = tuple(servers)
        self._retry_s = retry_s

    async def naptr(self, labels: Labels) -> Names:
        """The NAPTR records of a name; whoever calls bounds the time.

        Raises:
            Unanswered: by nobody, or with a failure.
        """
        trouble = "no name server is known"
        for server in self._servers or await asyncio.to_thread(system_servers):
            try:
                response = await self._ask(server, labels)
            except (OSError, ProtocolError, TimeoutError) as error:
                trouble = f"{server[0]}: {str(error) or 'no answer'}"
                continue
            if response.code in (NOERROR, NXDOMAIN):
                found = tuple(record for record in response.answers if record.type == NAPTR)
                ttls = [record.ttl_s for record in (found and response.answers) or response.authority]
                return Names(found, min(ttls, default=0), not found)
            trouble = f"{server[0]} answered with the code {response.code}"
        raise Unanswered(f"{trouble} (asked for {name_text(labels)})")

    async def _ask(self, server: tuple[str, int], labels: Labels) -> Response:
        number = secrets.randbelow(65_536)
        # RD: these servers ask others for us.
        question = bytearray(encode_query(number, labels, NAPTR, udp_bytes=UDP_BYTES))
        question[2] |= 1
        async with asyncio.timeout(self._retry_s):
            response = await _over_udp(server, bytes(question), labels, number)
        if not response.truncated:
            return response
        async with asyncio.timeout(self._retry_s):
            return await _over_tcp(server, bytes(question), labels, number)


def system_servers() -> tuple[tuple[str, int], ...]:
    """The name servers that this machine uses."""
    try:
        lines = _RESOLVERS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        word, _, address = line.strip().partition(" ")
        if word == "nameserver":
            try:
                found.append((str(ipaddress.ip_address(address.strip())), PORT))
            except ValueError:
                continue
    return tuple(found[:SERVERS_MAX])


class _Datagrams(asyncio.DatagramProtocol):
    """The first answer that belongs to the question; what a stranger sends meanwhile is passed over."""

    def __init__(self, labels: Labels, number: int) -> None:
        self._labels = labels
        self._number = number
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.answer.done():
            return
        try:
            response = _matching(data, self._labels, self._number)
        except ProtocolError:
            return
        self.answer.set_result(response)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_udp(server: tuple[str, int], question: bytes, labels: Labels, number: int) -> Response:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(labels, number), remote_addr=server)
    try:
        transport.sendto(question)
        return await protocol.answer
    finally:
        transport.close()


async def _over_tcp(server: tuple[str, int], question: bytes, labels: Labels, number: int) -> Response:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(question).to_bytes(2, "big") + question)
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            return _matching(await reader.readexactly(length), labels, number)
        except asyncio.IncompleteReadError:
            raise OSError("it closed the connection") from None
    finally:
        writer.close()


def _matching(octets: bytes, labels: Labels, number: int) -> Response:
    """A response to this question: the same number, and the same name in front of it."""
    response = decode_response(octets)
    asked = encode_query(number, lowered(labels), NAPTR)
    if response.id != number or octets[12 : len(asked)].lower() != asked[12:].lower():
        raise ProtocolError("this answers another question", offset=0)
    return response
