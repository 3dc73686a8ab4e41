"""Keeping: a node that recurses subscribes where its answers came from, and forgets what has changed there.

It is told by the recursor of every answer that is kept. At the server that gave it, it subscribes for the prefix; at those
that led there, for the prefixes they may delegate, so that a prefix that is suspended, revoked or moved to other sites is
known as soon as a record that changes. For each server there is one subscription, over a connection of its own, so that a
server that knows no subscriptions loses nothing by being asked; it is asked again an hour later.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.identifier import ancestors
from idis.proto.message import EXPIRATION_S, Message, decode_message, encode_message
from idis.proto.responses import read_response
from idis.proto.subscription import PREFIXES_MAX, SubscribeReply, SubscribeRequest, name_hash, prefix_hash
from idis.resolver.recursion.cache import Key
from idis.resolver.recursion.event import Done
from idis.resolver.recursion.pool import Pool
from idis.resolver.recursion.recursor import Clock
from idis.resolver.recursion.target import server_address

SERVERS_MAX = 256  # subscribed at; the least recently used goes
NAMES_MAX = 262_144  # whose answers are known by hash; beyond it the oldest are found when their TTL ends
PREFIX_NAMES_MAX = 65_536  # the same of prefixes
ZONES_MAX = 16  # first labels under which one server delegates prefixes; a root of the field has a handful
WAIT_MS = 15_000  # of one subscription
GRACE_S = 2.0  # for its answer to arrive
AGAIN_S_MIN, AGAIN_S_MAX = 0.5, 60.0  # after a failure, doubling
UNKNOWN_S = 3_600.0  # before a server that knows no subscriptions is asked again
_REQUEST_IDS = 2**31 - 1

Forget = Callable[[Iterable[Key]], int]


@dataclass(slots=True)
class _Server:
    """One server that is subscribed at."""

    name: str
    prefixes: dict[str, None] = field(default_factory=dict)
    zones: dict[str, None] = field(default_factory=dict)  # with a dot behind them
    position: bytes = b""
    task: asyncio.Task[None] | None = None


class Keeping:
    """The subscriptions of one process.

    Args:
        forget: drops answers by their keys, and what is under way for them.
        forget_prefix: drops all below a prefix.
        clock: unix time.
    """

    def __init__(self, forget: Forget, forget_prefix: Callable[[str], int], clock: Clock) -> None:
        self.told = 0  # answers that were dropped because a server told
        self._forget = forget
        self._forget_prefix = forget_prefix
        self._clock = clock
        self._pool = Pool()
        self._servers: OrderedDict[str, _Server] = OrderedDict()
        self._keys: OrderedDict[bytes, set[Key]] = OrderedDict()
        self._prefixes: OrderedDict[bytes, str] = OrderedDict()  # of what is kept, and those above
        self._unknown: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._servers)

    def note(self, key: Key, done: Done) -> None:
        """An answer is kept that was found in a way."""
        prefix, suffix = key[0], key[1]
        if not isinstance(prefix, str):
            return
        servers = [hop.server for hop in done.hops if hop.response_code]
        holder = servers[-1:] if isinstance(suffix, str) and not done.no_prefix else []
        leading = servers[: len(servers) - len(holder)]
        for name in ancestors(prefix):
            self._prefixes[prefix_hash(name)] = name
        while len(self._prefixes) > PREFIX_NAMES_MAX:
            self._prefixes.popitem(last=False)
        zone = f"{prefix.partition('.')[0]}."
        for server in dict.fromkeys(leading):
            self._subscribe(server, zone)
        if not isinstance(suffix, str):
            return
        mark = name_hash(prefix, suffix)
        known = self._keys.get(mark)
        if known is None:
            self._keys[mark] = {key}
            if len(self._keys) > NAMES_MAX:
                self._keys.popitem(last=False)
        else:
            known.add(key)
        for server in holder:
            self._subscribe(server, prefix)

    async def close(self) -> None:
        """End every subscription."""
        tasks = [one.task for one in self._servers.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pool.close()

    def _subscribe(self, name: str, prefix: str) -> None:
        server = self._servers.get(name)
        if server is None:
            if self._unknown.get(name, 0.0) > self._clock.monotonic():
                return
            server = self._servers[name] = _Server(name)
            if len(self._servers) > SERVERS_MAX:
                # Whoever delegates is told of seldom and asked by all: it stays while others can go.
                leaving = next((one for one in self._servers.values() if not one.zones), next(iter(self._servers.values())))
                oldest = self._servers.pop(leaving.name)
                if oldest.task is not None:
                    oldest.task.cancel()
        else:
            self._servers.move_to_end(name)
        names, most = (server.zones, ZONES_MAX) if prefix.endswith(".") else (server.prefixes, PREFIXES_MAX - ZONES_MAX)
        if prefix not in names and len(names) < most:
            names[prefix] = None
            if server.task is not None:
                server.task.cancel()  # what waits knows nothing of this prefix
            server.task = asyncio.create_task(self._follow(server))

    async def _follow(self, server: _Server) -> None:
        """Ask again and again what has changed at one server."""
        again_s = AGAIN_S_MIN
        while True:
            reply = await self._ask(server)
            if reply is not None:
                again_s = AGAIN_S_MIN
                self._take(server, reply)
                continue
            if server.name in self._unknown:
                self._servers.pop(server.name, None)
                return
            await asyncio.sleep(again_s)
            again_s = min(again_s * 2, AGAIN_S_MAX)

    def _take(self, server: _Server, reply: SubscribeReply) -> None:
        server.position = reply.position
        if reply.everything:
            names = (*server.prefixes, *(zone.removesuffix(".") for zone in server.zones))
            self.told += sum(map(self._forget_prefix, names))
        for mark in reply.hashes:
            if (prefix := self._prefixes.get(mark)) is not None:
                self.told += self._forget_prefix(prefix)
            if (keys := self._keys.pop(mark, None)) is not None:
                self.told += self._forget(keys)

    async def _ask(self, server: _Server) -> SubscribeReply | None:
        """One answer; None when there was none. A server that knows no subscriptions is noted."""
        address, port = server_address(server.name)
        request = Message(
            opcode=int(OpCode.SUBSCRIBE),
            body=SubscribeRequest(server.position, (*server.zones, *server.prefixes), WAIT_MS).encode(),
            request_id=secrets.randbelow(_REQUEST_IDS) + 1,
            expiration=int(self._clock.time()) + EXPIRATION_S,
        )
        try:
            async with asyncio.timeout(WAIT_MS / 1_000 + GRACE_S):
                answered = decode_message(await self._pool.ask(address, port, encode_message(request)))
            _digest, body = read_response(answered)
        except (OSError, TimeoutError, ProtocolError):
            return None
        if isinstance(body, SubscribeReply):
            return body
        if answered.response_code != ResponseCode.SERVER_TOO_BUSY:
            self._unknown[server.name] = self._clock.monotonic() + UNKNOWN_S
        return None
