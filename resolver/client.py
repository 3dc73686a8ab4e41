"""The client: ask for identifiers from a program.

    async with Client("127.0.0.1:2641") as client:
        reply = await client.resolve("88.118.8/JXDY2106023", types=["URL"])
        if reply.found:
            print(reply.values[0].text)

One client holds its connections, its measurements of servers and the prefixes it has learnt; make one and keep it. It is
used from one event loop. `idis.resolver.sync` has the same for programs without one. Only msgpack is needed beside the
standard library.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal

from idis.proto.codes import OpFlag, ResponseCode
from idis.proto.errors import IdentifierError, IdisError, ProtocolError
from idis.proto.exchange import explanation_of
from idis.proto.identifier import Identifier, fold, parse_identifier
from idis.proto.outcome import Answer, NoValues, Referral, Refused
from idis.proto.query import Query
from idis.resolver.client_batch import Batch
from idis.resolver.client_reply import (
    ClientError,
    GarbledError,
    Reply,
    SilentError,
    UnreachableError,
    read_explanation,
    reply_of,
)
from idis.resolver.recursion.budget import RESOLUTION_MS_MAX, Budget
from idis.resolver.recursion.delegation import Delegation, DelegationTree, Kind, home_pointers
from idis.resolver.recursion.event import Failure, Reason
from idis.resolver.recursion.resolution import HOSTED_TTL_S, SITE_TYPES, Resolution
from idis.resolver.recursion.resolved import Hop
from idis.resolver.recursion.target import DEFAULT_PORT, Target, server_address, site_at, targets
from idis.resolver.recursion.upstream import Response, Upstream
from idis.resolver.recursion.walk import walk
from idis.resolver.recursion.way import default_port, split_scheme, way_to

Transport = Literal["auto", "tcp", "udp"]

DEFAULT_SERVER = f"127.0.0.1:{DEFAULT_PORT}"
SLOW_ITEMS_MAX = 32  # items of a batch that need more than one answer, at once
# A recursive node may have to ask others first; asking it again sooner would only add to its work.
PATIENCE_S = 0.5

_ALIAS = "HS_ALIAS"
_ERRORS: dict[Reason, type[ClientError]] = {
    Reason.SILENT: SilentError,
    Reason.BUDGET: SilentError,
    Reason.GARBLED: GarbledError,
    Reason.UNREACHABLE: UnreachableError,
    Reason.SET_ASIDE: UnreachableError,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of each identifier asked for.

    Attributes:
        types, indexes: which values; a value is wanted if either names it. All when both are empty. `URL.` also names
            every subtype of `URL`.
        public_only: False asks for restricted values too, which needs rights this client cannot prove; the reply is then 402.
        authoritative: ask the owner's primary, no cache.
        follow_alias: follow HS_ALIAS; the recursive node does it, or this client where there is none.
        explain: ask the node how it came to its answer.
        recursive: let the node ask others; False shows what it knows itself.
        auth: a pass, which says who asks for this one identifier (`Key.make_pass`); it goes over TCP, through recursion too.
    """

    types: tuple[str, ...] = ()
    indexes: tuple[int, ...] = ()
    public_only: bool = True
    authoritative: bool = False
    follow_alias: bool = False
    explain: bool = False
    recursive: bool = True
    auth: bytes = b""


class Client:
    """A client of one node, usually a recursive one.

    Args:
        server: `HOST:PORT` of the node; the port is 2641 unless given, an IPv6 address stands in brackets. `https://HOST:PORT`
            and `http://HOST:PORT` ask through the HTTP tunnel, port 8000 unless given.
        transport: `tcp` (persistent, pipelined), `udp`, or `auto`: UDP first, TCP when that is silent.
        timeout_s: longest time one question may take in all.
        direct: ask the node only where a prefix lives, remember that for its TTL, and ask there.
        follow_referrals: go on where a node that does not recurse refers to.
        tls: ask this node over TLS, on port 2642 unless given; its certificate must be for HOST. Referrals are followed plainly.
        ca: PEM file of the certificates to trust in place of the system's.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        transport: Transport = "tcp",
        timeout_s: float = RESOLUTION_MS_MAX / 1_000,
        direct: bool = False,
        follow_referrals: bool = True,
        tls: bool = False,
        ca: str | None = None,
    ) -> None:
        try:
            scheme, named = split_scheme(server)
            self._host, self._port = server_address(named, default_port(scheme, tls=tls, plain=DEFAULT_PORT))
        except ValueError as error:
            raise UnreachableError(str(error)) from None
        try:
            self._way = way_to(self._host, scheme, tls=tls, ca=ca)
        except ValueError as error:
            raise ClientError(str(error)) from None
        self._transport: Transport = transport if self._way.name == "tcp" else "tcp"
        self._timeout_s = timeout_s
        self._direct = direct
        self._follow_referrals = follow_referrals
        self._upstream = Upstream(patience_s_min=PATIENCE_S, breaker=False)
        self._target: Target | None = None
        self._tree = DelegationTree(())

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._upstream.close()

    async def resolve(
        self,
        identifier: str,
        *,
        types: Iterable[str] = (),
        indexes: Iterable[int] = (),
        public_only: bool = True,
        authoritative: bool = False,
        follow_alias: bool = False,
        explain: bool = False,
        recursive: bool = True,
        auth: bytes = b"",
    ) -> Reply:
        """Ask for one identifier, or for the record of a prefix.

        Args:
            identifier: `prefix/suffix`, or a prefix as `88.118` or `0.NA/88.118`.
            types, indexes, public_only, authoritative, follow_alias, explain, recursive, auth: see `Wish`.

        Returns:
            The reply, whatever its code: not found and refused are replies.

        Raises:
            IdentifierError: the text is no identifier; nothing was sent.
            SilentError: no answer within `timeout_s`.
            UnreachableError: no connection to the server.
            GarbledError: what came back is no answer.
        """
        wish = Wish(tuple(types), tuple(indexes), public_only, authoritative, follow_alias, explain, recursive, auth)
        return await self._resolve(identifier, wish)

    async def resolve_many(
        self,
        identifiers: Iterable[str],
        *,
        types: Iterable[str] = (),
        indexes: Iterable[int] = (),
        public_only: bool = True,
        authoritative: bool = False,
        follow_alias: bool = False,
        recursive: bool = True,
    ) -> list[Reply | IdisError]:
        """Ask for many identifiers over one connection, `client_batch.WINDOW` of them under way at once.

        Returns:
            One item for each identifier, in their order: its reply, or the error that `resolve` would have raised. An item
            that fails does not stop the others.
        """
        wish = Wish(tuple(types), tuple(indexes), public_only, authoritative, follow_alias, False, recursive)
        batch = list(identifiers)
        results: list[Reply | IdisError | None] = [None] * len(batch)
        if self._transport != "udp" and not self._direct:
            await self._pipeline(batch, wish, results)
        return await self._finish(batch, wish, results)

    # One question

    async def _resolve(self, text: str, wish: Wish) -> Reply:
        query = _query(text, wish)
        started = time.monotonic()
        budget = Budget(started, milliseconds=self._timeout_s * 1_000)
        reply = await self._resolve_one(query, budget, started)
        seen = {fold(str(query.identifier))}
        while _has_open_alias(query, reply) and (alias := reply.first(_ALIAS)) is not None:
            query = _query(alias.text, wish)
            if fold(str(query.identifier)) in seen or not budget.take_alias():
                code = ResponseCode.RECURSION_COUNT_TOO_HIGH
                return replace(reply, identifier=text, code=int(code), values=(), message="aliases form a loop or are too many")
            seen.add(fold(str(query.identifier)))
            following = await self._resolve_one(query, budget, started)
            reply = replace(following, identifier=text, hops=reply.hops + following.hops)
        return reply

    async def _resolve_one(self, query: Query, budget: Budget, started: float) -> Reply:
        if self._direct and not query.identifier.names_prefix:
            return await self._resolve_directly(query, budget, started)
        return await self._ask_node(query, budget, started)

    async def _ask_node(self, query: Query, budget: Budget, started: float, hops: tuple[Hop, ...] = ()) -> Reply:
        response, hop = await self._ask(await self._node(), query, budget)
        return await self._concluded(query, response, budget, started, (*hops, hop))

    async def _concluded(self, query: Query, response: Response, budget: Budget, started: float, hops: tuple[Hop, ...]) -> Reply:
        """A response as a reply, after its referrals."""
        if isinstance(response.outcome, Referral) and self._follow_referrals:
            return await self._follow(query, response.outcome, budget, started, hops)
        return self._reply(query, response, started, hops)

    def _reply(self, query: Query, response: Response, started: float, hops: tuple[Hop, ...]) -> Reply:
        message = response.message
        try:
            return reply_of(
                query.spelling,
                response.outcome,
                server=response.peer,
                transport=response.transport,
                seconds=time.monotonic() - started,
                flags=message.opflags,
                hops=hops,
                explanation=read_explanation(explanation_of(message)),
            )
        except ProtocolError as error:
            raise GarbledError(f"{response.peer}: {error}") from None

    async def _follow(self, query: Query, referral: Referral, budget: Budget, started: float, hops: tuple[Hop, ...]) -> Reply:
        """Walk the tiers from where the node refers to."""
        resolution = Resolution(query, self._tree, budget, time.monotonic(), rank=self._upstream.rank, referral=referral)
        done = await walk(resolution, self._upstream, time.monotonic)
        every = hops + done.hops
        if done.failed and isinstance(done.outcome, Refused) and done.outcome.code == ResponseCode.ERROR:
            raise SilentError(done.outcome.message)
        last = every[-1]
        return reply_of(
            query.spelling,
            done.outcome,
            server=last.server,
            transport=last.transport,
            seconds=time.monotonic() - started,
            hops=every,
        )

    async def _ask(self, target: Target, query: Query, budget: Budget) -> tuple[Response, Hop]:
        asked = time.monotonic()
        result = await self._upstream.exchange(target, query, budget)
        if isinstance(result, Failure):
            raise _ERRORS[result.reason](f"{result.peer}: {result.text}")
        micros = round((time.monotonic() - asked) * 1e6)
        question = " ".join((query.spelling, *query.types))
        return result, Hop(result.peer, result.transport, question, result.message.response_code, micros)

    # Straight to the enterprise

    async def _resolve_directly(self, query: Query, budget: Budget, started: float) -> Reply:
        """Ask where the prefix lives, then there. A node that is silent or no longer responsible is not the end."""
        hops: tuple[Hop, ...] = ()
        for _attempt in ("with what is known", "with what the node says now"):
            delegation, found = await self._home(query.identifier, budget)
            hops += found
            if delegation is None:
                break
            target = next(iter(targets(delegation.sites, query.spelling, primary_only=query.authoritative)), None)
            if target is None:
                break
            try:
                response, hop = await self._ask(target, query, budget)
            except ClientError:
                self._tree.forget(delegation)
                break
            hops += (hop,)
            if response.message.response_code != ResponseCode.SERVER_NOT_RESPONSIBLE:
                return await self._concluded(query, response, budget, started, hops)
            self._tree.forget(delegation)
        return await self._ask_node(query, budget, started, hops)

    async def _home(self, identifier: Identifier, budget: Budget) -> tuple[Delegation | None, tuple[Hop, ...]]:
        """Where the identifiers of a prefix live; None when only the node itself can say more."""
        folded = identifier.folded_prefix
        if (known := self._tree.home(folded, time.monotonic())) is not None:
            return (known if known.sites else None), ()
        prefix = identifier.prefix
        query = Query(prefix, Identifier(prefix, None), types=SITE_TYPES, recursive=True)
        response, hop = await self._ask(await self._node(), query, budget)
        match response.outcome:
            case Answer(values=values, ttl_s=ttl_s):
                delegation = Delegation(folded, Kind.HOME, home_pointers(values).sites, ttl_s)
            case NoValues():
                delegation = Delegation(folded, Kind.HOME, (), HOSTED_TTL_S)
            case _:
                return None, (hop,)
        self._tree.learn(delegation, time.monotonic())
        return (delegation if delegation.sites else None), (hop,)

    # Many questions

    async def _pipeline(self, batch: Sequence[str], wish: Wish, results: list[Reply | IdisError | None]) -> None:
        """Fill in whatever one answer over one connection settles; the rest stays None."""
        started = time.monotonic()
        positions: list[int] = []
        queries: list[Query] = []
        for position, text in enumerate(batch):
            try:
                queries.append(_query(text, wish))
            except IdentifierError as error:
                results[position] = error
            else:
                positions.append(position)
        try:
            target = await self._node()
        except ClientError:
            return
        settled = await Batch(self._upstream, target, self._timeout_s).ask(queries)
        for position, query, item in zip(positions, queries, settled, strict=True):
            if isinstance(item, ClientError):
                results[position] = item
            elif item is not None and not (isinstance(item.outcome, Referral) and self._follow_referrals):
                reply = self._reply(query, item, started, ())
                results[position] = None if _has_open_alias(query, reply) else reply

    async def _finish(self, batch: Sequence[str], wish: Wish, results: list[Reply | IdisError | None]) -> list[Reply | IdisError]:
        """Ask one by one for what the pipeline left open: referrals, lost connections, other transports."""
        gate = asyncio.Semaphore(SLOW_ITEMS_MAX)

        async def settle(text: str) -> Reply | IdisError:
            async with gate:
                try:
                    return await self._resolve(text, wish)
                except IdisError as error:
                    return error

        missing = [position for position, result in enumerate(results) if result is None]
        late = await asyncio.gather(*(settle(batch[position]) for position in missing))
        for position, result in zip(missing, late, strict=True):
            results[position] = result
        return [result for result in results if result is not None]

    # The node

    async def _node(self) -> Target:
        """The node as a target; its name is looked up once."""
        if self._target is None:
            addresses = await self._addresses()
            site = site_at(addresses[0], self._port)
            # A referral may name a service handle whose sites are not known yet: the node that referred knows who has them.
            self._tree = DelegationTree((site,))
            (target,) = targets([site], "", primary_only=False)
            self._target = replace(
                target,
                addresses=addresses,
                udp_port=0 if self._transport == "tcp" else self._port,
                tcp_port=0 if self._transport == "udp" else self._port,
            )
            if self._way.name != "tcp":
                self._upstream.pool.ways |= {(address, self._port): self._way for address in addresses}
        return self._target

    async def _addresses(self) -> tuple[str, ...]:
        try:
            return (str(ipaddress.ip_address(self._host)),)
        except ValueError:
            pass
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UnreachableError(f"{self._host}: {error.strerror or error}") from None
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        return tuple(sorted(addresses, key=lambda address: ":" not in address))


def _query(text: str, wish: Wish) -> Query:
    types = wish.types
    if wish.follow_alias and (types or wish.indexes) and _ALIAS not in map(fold, types):
        types = (*types, _ALIAS)  # without it a filter would hide that the name stands for another
    return Query(
        spelling=text,
        identifier=parse_identifier(text),
        indexes=wish.indexes,
        types=types,
        public_only=wish.public_only,
        authoritative=wish.authoritative,
        recursive=wish.recursive,
        follow_alias=wish.follow_alias,
        explain=wish.explain,
        auth=wish.auth,
    )


def _has_open_alias(query: Query, reply: Reply) -> bool:
    """Whether an alias was to be followed and the answering node, being no recursive one, left that to us."""
    return query.follow_alias and not reply.flags & OpFlag.FOLLOW_ALIAS and reply.first(_ALIAS) is not None
