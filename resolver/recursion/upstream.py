"""Asks one server one question: UDP first, TCP when UDP is silent or not offered, within one deadline and one budget.

The first datagram waits for the measured round trip. If it stays unanswered, the request goes out once more and over TCP
at the same time; whichever answers first wins, and a server that answers only over TCP is asked that way for ten
minutes. A server with addresses of both families is asked on IPv6 first; IPv4 joins after 300 ms or at the first
failure. Only this layer repeats; every packet is taken from the query's budget, every repeat from the server's retry
budget.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.exchange import answered_spelling, outcome_of, request_message
from idis.proto.identifier import fold
from idis.proto.message import Message, decode_message, encode_message
from idis.proto.outcome import Outcome
from idis.proto.query import Query
from idis.resolver.recursion.budget import Budget
from idis.resolver.recursion.event import Failure, Reason, Reply
from idis.resolver.recursion.health import UDP_SILENT_S, Health, HealthTable
from idis.resolver.recursion.pool import ConnectionLost, Pool
from idis.resolver.recursion.target import Target, peer_name
from idis.resolver.recursion.udp import UdpExchange
from idis.resolver.recursion.way import tls_sentence

HEAD_START_S = 0.300  # of IPv6 before IPv4 (RFC 8305, as the field's own client does it)
TCP_PATIENCE_S_MIN = 0.500  # a connection has to be made first
TCP_PATIENCE_FACTOR = 4
TCP_TRIES_MAX = 3  # an idle connection closed under us, a shared one that gave its one answer to somebody else, a new one
UDP_REQUEST_BYTES_MAX = 512  # one packet; fragmented questions are refused in many places


_BUDGET_SPENT = "the packets allowed for this question are spent"


@dataclass(slots=True)
class UpstreamCounters:
    """Counts since start; `codes` by response code."""

    queries: int = 0
    packets: int = 0
    timeouts: int = 0
    tcp_fallbacks: int = 0
    mismatches: int = 0
    set_aside: int = 0
    codes: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Response:
    """A response that matches its request, what it reports, and how it came."""

    message: Message
    outcome: Outcome
    peer: str
    transport: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one server, as all its tries share it."""

    target: Target
    frame: bytes
    request_id: int
    folded: str
    budget: Budget
    health: Health
    unix: int


class Upstream:
    """The upstream servers of one recursor or client.

    Args:
        clock: the monotonic clock, in seconds, of budgets and health.
        wall_clock: unix time, for the expiration of requests and values of absolute TTL.
        breaker: set silent servers aside. A client of one server has nobody else to ask and does without.
        patience_s_min: wait at least so long for a datagram; more than the default where the server itself has to ask others.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        breaker: bool = True,
        patience_s_min: float = 0.0,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._breaker = breaker
        self._patience_s_min = patience_s_min
        self._random = secrets.SystemRandom().random
        self.pool = Pool()
        self.health = HealthTable(self._random)
        self.counters = UpstreamCounters()

    async def ask(self, target: Target, query: Query, budget: Budget) -> Reply | Failure:
        """Put a resolution question to a server and read what it says."""
        response = await self.exchange(target, query, budget)
        return response if isinstance(response, Failure) else Reply(response.outcome, response.peer, response.transport)

    async def exchange(self, target: Target, query: Query, budget: Budget) -> Response | Failure:
        """The same, with the response as it came."""
        health = self.health.of(target.key)
        if not health.admit(self._clock()) and self._breaker:
            self.counters.set_aside += 1
            return Failure(Reason.SET_ASIDE, "set aside after too many failures", target.name, _preferred(target))
        self.counters.queries += 1
        try:
            result = await self._race(self.question(target, query, budget))
        except asyncio.CancelledError:
            health.abandoned()
            raise
        if isinstance(result, Response):
            self.counters.codes[result.message.response_code] += 1
        else:
            health.failed(self._clock())
        return result

    def rank(self, target: Target) -> float:
        """The cost of asking a target, for choosing between sites."""
        return self.health.rank(target.key, self._clock())

    async def close(self) -> None:
        """Close all connections."""
        await self.pool.close()

    def question(self, target: Target, query: Query, budget: Budget) -> Question:
        """A question ready to send."""
        request_id = secrets.randbelow(2**31 - 1) + 1  # unpredictable: forgers have to guess it
        unix = int(self._wall_clock())
        if query.auth and target.tcp_port:
            target = replace(target, udp_port=0)  # what only one may see does not go to an address that nobody has proved
        message = request_message(query, request_id=request_id, now=unix, site_serial=target.serial, version=target.version)
        return Question(
            target, encode_message(message), request_id, fold(query.spelling), budget, self.health.of(target.key), unix
        )

    async def _race(self, question: Question) -> Response | Failure:
        """Ask on every address, each 300 ms after the one before or as soon as that fails."""
        first, *others = question.target.addresses
        if not others:
            return await self._ask_address(question, first)
        loop = asyncio.get_running_loop()
        running = {loop.create_task(self._ask_address(question, first))}
        failure: Response | Failure
        try:
            while True:
                done, running = await asyncio.wait(
                    running, timeout=HEAD_START_S if others else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    failure = task.result()
                    if isinstance(failure, Response):
                        return failure
                if others:
                    running.add(loop.create_task(self._ask_address(question, others.pop(0))))
                if not running:
                    return failure
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _ask_address(self, question: Question, address: str) -> Response | Failure:
        target = question.target
        muted = target.tcp_port and self._clock() < question.health.udp_silent_until
        if target.udp_port and len(question.frame) <= UDP_REQUEST_BYTES_MAX and not muted:
            return await self._ask_udp(question, address)
        return await self._ask_tcp(question, address)

    async def _ask_udp(self, question: Question, address: str) -> Response | Failure:
        target, health = question.target, question.health
        peer = peer_name(address, target.udp_port)
        if not self._take_packet(question):
            return Failure(Reason.BUDGET, _BUDGET_SPENT, peer, "udp")
        started = self._clock()
        try:
            exchange = UdpExchange(
                address, target.udp_port, question.frame, lambda frame: read_response(frame, question, peer, "udp")
            )
        except OSError as error:
            return Failure(Reason.UNREACHABLE, _reason(error), peer, "udp")
        try:
            exchange.send()
            response = await exchange.wait(self._patience_s(question))
            if response is None:
                self.counters.timeouts += 1
                return await self._ask_again(question, address, exchange)
            now = self._clock()
            health.answered(now, now - started)
            return response
        except OSError as error:
            if not target.tcp_port:
                return Failure(Reason.UNREACHABLE, _reason(error), peer, "udp")
            self.counters.tcp_fallbacks += 1
            return await self._ask_tcp(question, address)
        finally:
            self.counters.mismatches += exchange.mismatches
            exchange.close()

    async def _ask_again(self, question: Question, address: str, exchange: UdpExchange[Response]) -> Response | Failure:
        """The first datagram was not answered: repeat it, and ask over TCP beside it."""
        target, health = question.target, question.health
        silence = Failure(Reason.SILENT, "no answer in time", peer_name(address, target.udp_port), "udp")
        if not health.take_retry() or not self._take_packet(question):
            return silence
        exchange.send()
        if not target.tcp_port:
            response = await exchange.wait(self._patience_s(question, factor=2))
            if response is None:
                self.counters.timeouts += 1
                return silence
            health.answered(self._clock(), None)
            return response
        self.counters.tcp_fallbacks += 1
        tcp = asyncio.get_running_loop().create_task(self._ask_tcp(question, address))
        try:
            await asyncio.wait((tcp, exchange.answer), return_when=asyncio.FIRST_COMPLETED)
            if exchange.answer.done() and exchange.answer.exception() is None:
                health.answered(self._clock(), None)
                return exchange.answer.result()
            result = await tcp
            if isinstance(result, Response):
                health.udp_silent_until = self._clock() + UDP_SILENT_S
            return result
        finally:
            tcp.cancel()
            await asyncio.gather(tcp, return_exceptions=True)

    async def _ask_tcp(self, question: Question, address: str) -> Response | Failure:
        port = question.target.tcp_port
        peer, way = peer_name(address, port), self.pool.way(address, port)
        started = self._clock()
        warm = self.pool.idle(address, port)
        try:
            async with asyncio.timeout(self._patience_s(question, factor=TCP_PATIENCE_FACTOR, least_s=TCP_PATIENCE_S_MIN)):
                frame = await self._ask_pool(question, address, port)
            response = read_response(frame, question, peer, way.name)
        except TimeoutError:
            self.counters.timeouts += 1
            return Failure(Reason.SILENT, "no answer in time", peer, way.name)
        except OSError as error:
            return Failure(Reason.UNREACHABLE, _reason(error, way.host or address), peer, way.name)
        except ProtocolError as error:
            self.counters.mismatches += 1
            return Failure(Reason.GARBLED, str(error), peer, way.name)
        now = self._clock()
        round_trips = 1 if warm else 2  # a new connection costs one more
        question.health.answered(now, (now - started) / round_trips)
        return response

    async def _ask_pool(self, question: Question, address: str, port: int) -> bytes:
        """Ask over a pooled connection. One that was closed while idle, or by a server that answers once, is worth a new try."""
        for attempt in range(1, TCP_TRIES_MAX + 1):
            if not self._take_packet(question):
                break
            warm = self.pool.idle(address, port)
            try:
                return await self.pool.ask(address, port, question.frame)
            except ConnectionLost as lost:
                if attempt == TCP_TRIES_MAX or not (warm or lost.after_answers):
                    raise
        raise ConnectionLost(_BUDGET_SPENT, after_answers=0)

    def _patience_s(self, question: Question, *, factor: int = 1, least_s: float = 0.0) -> float:
        wanted_s = max(question.health.timeout_s * factor, self._patience_s_min, least_s)
        return max(min(wanted_s, question.budget.deadline - self._clock()), 0.0)

    def _take_packet(self, question: Question) -> bool:
        taken = question.budget.take_packet()
        self.counters.packets += taken
        return taken


def read_response(frame: bytes, question: Question, peer: str, transport: str) -> Response:
    """Read a frame; raises ProtocolError unless it is an answer to this very question."""
    message = decode_message(frame)
    if message.request_id != question.request_id:
        raise ProtocolError("the answer has another request id", offset=8)
    if message.opcode != OpCode.RESOLUTION or message.response_code == 0:
        raise ProtocolError("the answer is no answer to a resolution", offset=20)
    if message.response_code == ResponseCode.SUCCESS and fold(answered_spelling(message)) != question.folded:
        raise ProtocolError("the answer is about another identifier", offset=44)
    return Response(message, outcome_of(message, question.unix), peer, transport)


def _preferred(target: Target) -> str:
    return "udp" if target.udp_port else "tcp"


def _reason(error: OSError, host: str = "") -> str:
    if isinstance(error, ssl.SSLError):
        return tls_sentence(error, host)
    if error.errno is not None:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__
