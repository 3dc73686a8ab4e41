"""Neighbours: the nodes that other prefixes are answered at, found by resolution and asked over TCP."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from idis.proto.bodies import Name
from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.message import EXPIRATION_S, PROTOCOL_VERSION, Message, decode_message, encode_message
from idis.proto.responses import ErrorBody, read_response
from idis.proto.trace import ExpandReply, ExpandRequest
from idis.registry.registration.checks import Refusal
from idis.registry.trace.expanding import Step
from idis.resolver.recursion.recursor import Clock
from idis.resolver.recursion.target import Target

SILENCE_S = 0.5  # after which a node is asked whether it is there: a step costs it milliseconds, unless it asks others itself
PROBE_S = 0.5  # in which it has to say so
SHUNNED_S = 10.0  # how long a node that did not answer is not asked again
SHUNNED_MAX = 1_024
_REQUEST_IDS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why a step was not answered."""

    step: Step
    code: int
    message: str
    retriable: bool = False


class Heard(NamedTuple):
    """A message that was sent, and what came back, in octets and decoded."""

    sent: bytes
    octets: bytes
    message: Message


class Finder(Protocol):
    """Finds and asks nodes; `admin.elsewhere.Elsewhere` is one."""

    async def server_of(self, prefix: str) -> Target | Refusal:
        """The server that answers for a prefix over TCP."""

    async def send(self, target: Target, address: str, frame: bytes) -> bytes:
        """One frame there, one back; OSError when it cannot be had."""


class Neighbours:
    """Asks the nodes of prefixes.

    Args:
        finder: knows the way.
        clock: unix and monotonic time.
    """

    def __init__(self, finder: Finder, clock: Clock) -> None:
        self._finder = finder
        self._clock = clock
        self._shunned: dict[str, float] = {}

    async def find(self, prefix: str, within_s: float) -> Target | Unreached:
        """The node of a prefix."""
        try:
            async with asyncio.timeout(within_s):
                found = await self._finder.server_of(prefix)
        except TimeoutError:
            return Unreached(Step.RESOLVE, int(ResponseCode.ERROR), f"who answers for {prefix} is not known in time", True)
        if isinstance(found, Refusal):
            return Unreached(Step.RESOLVE, int(found.code), f"nobody is known to answer for {prefix}", True)
        return found

    async def expand(self, target: Target, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
        """One step at one node."""
        message = self.message(int(OpCode.EXPAND), request.encode())
        answered = await self.exchange(target, message, within_s)
        return answered if isinstance(answered, Unreached) else read_reply(request.prefix, answered.message)

    def forgive(self, target: Target) -> None:
        """Ask a node again although it was silent a moment ago: somebody says that it may be back."""
        self._shunned.pop(target.name, None)

    async def ask(self, target: Target, opcode: int, body: bytes, within_s: float) -> Message | Unreached:
        """One message to one node."""
        answered = await self.exchange(target, self.message(opcode, body), within_s)
        return answered if isinstance(answered, Unreached) else answered.message

    def message(self, opcode: int, body: bytes) -> Message:
        """A request that is good now."""
        return Message(
            opcode=opcode,
            body=body,
            request_id=secrets.randbelow(_REQUEST_IDS) + 1,
            expiration=int(self._clock.time()) + EXPIRATION_S,
            version=PROTOCOL_VERSION,
        )

    async def exchange(self, target: Target, message: Message, within_s: float) -> Heard | Unreached:
        """One message to one node, and what comes back; a node that was silent is left alone for a while."""
        now = self._clock.monotonic()
        if self._shunned.get(target.name, 0.0) > now:
            return _silent(target, "it did not answer a moment ago")
        frame, failure = encode_message(message), "no address"
        for address in target.addresses:
            try:
                answered = await self._patiently(target, address, frame, within_s)
                return Heard(frame, answered, decode_message(answered))
            except TimeoutError:
                failure = "no answer in time"
            except OSError as error:
                failure = error.strerror or str(error)
            except ProtocolError as error:
                return Unreached(Step.VALIDATE, int(ResponseCode.PROTOCOL_ERROR), f"{target.name}: {error}")
        if len(self._shunned) >= SHUNNED_MAX:
            self._shunned.clear()
        self._shunned[target.name] = now + SHUNNED_S
        return _silent(target, failure)

    async def _patiently(self, target: Target, address: str, frame: bytes, within_s: float) -> bytes:
        """Send a frame and wait for what comes back, for as long as the node says that it is there.

        Raises:
            TimeoutError: it does not, or time is up.
            OSError: as `Finder.send`.
        """
        sending = asyncio.ensure_future(self._finder.send(target, address, frame))
        try:
            async with asyncio.timeout(within_s):
                while not (await asyncio.wait((sending,), timeout=SILENCE_S))[0]:
                    probe = encode_message(self.message(int(OpCode.GET_SITE_INFO), Name("/").encode()))
                    async with asyncio.timeout(PROBE_S):
                        await self._finder.send(target, address, probe)
            return sending.result()
        finally:
            sending.cancel()


def read_reply(prefix: str, answered: Message) -> ExpandReply | Unreached:
    """What a node answered to a step in the name of a prefix."""
    try:
        _digest, body = read_response(answered)
    except ProtocolError as error:
        return Unreached(Step.VALIDATE, int(ResponseCode.PROTOCOL_ERROR), f"what {prefix} answers cannot be read: {error}")
    if isinstance(body, ExpandReply) and answered.response_code == ResponseCode.SUCCESS:
        return body
    said = body.message if isinstance(body, ErrorBody) and body.message else f"code {answered.response_code}"
    busy = answered.response_code == ResponseCode.SERVER_TOO_BUSY
    step = Step.LIMIT if busy else Step.AUTHORISE
    return Unreached(step, answered.response_code, f"{prefix} does not answer this: {said}", busy)


def _silent(target: Target, why: str) -> Unreached:
    return Unreached(Step.CONNECT, int(ResponseCode.ERROR), f"{target.name} does not answer: {why}", True)
