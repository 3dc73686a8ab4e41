"""What the administration writes back: answers in the form their request asks for (`wire.md` §2, §3, §10).

An answer in a session carries the session's code, and is encrypted when its request was. Any other is signed when its
request asks for that; signatures are made by a thread, and there is a budget for them: a signature covers the request's
own octets, so it can be neither kept nor made in advance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from idis.proto.challenge import Challenge
from idis.proto.codes import OpFlag, ResponseCode
from idis.proto.credential import encode_credential
from idis.proto.exchange import error_message, success_message
from idis.proto.message import Message, encode_message
from idis.proto.session import needs_counter
from idis.proto.signing import make_mac
from idis.proto.wire import blob
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.dialogue import Dialogue
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.admin.sessions import IV_BYTES
from idis.resolver.guard.rates import BURST_S, Buckets
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock

SIGNATURES_PER_SOURCE_PER_S = 50  # each costs a core half a millisecond; `wire.md` W5
SIGNATURES_PER_S = 500
SIGNING_THREADS = 1  # on all the cores there may be, signing never takes more than one

_CERTIFY = int(OpFlag.CERTIFY)
_ENCRYPT = int(OpFlag.ENCRYPT)
_EVERYBODY = ""


class Letters:
    """Writes the answers of one node.

    Args:
        site_serial: of its HS_SITE.
        server_key: what it signs with; None where it signs nothing.
        clock: unix and monotonic time.
        random_octets: `secrets.token_bytes`, or a fake.
        metrics: counts answers and signatures.
    """

    def __init__(
        self,
        site_serial: int,
        server_key: ServerKey | None,
        clock: Clock,
        random_octets: Callable[[int], bytes],
        metrics: Metrics,
    ) -> None:
        self._site_serial = site_serial
        self._server_key = server_key
        self._clock = clock
        self._random_octets = random_octets
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(SIGNING_THREADS, "signatures")
        self._per_source = Buckets(SIGNATURES_PER_SOURCE_PER_S, SIGNATURES_PER_SOURCE_PER_S * BURST_S)
        self._in_all = Buckets(SIGNATURES_PER_S, SIGNATURES_PER_S * BURST_S)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def refuse_signing(self, dialogue: Dialogue) -> Refusal | None:
        """Why the answer to a request cannot be signed; None when it can, and then a signature of the budget is taken."""
        if self._server_key is None:
            return Refusal(
                ResponseCode.OPERATION_NOT_SUPPORTED,
                "this node has no server key, so it signs nothing: ask without the certify flag",
            )
        now = self._clock.monotonic()
        if self._per_source.take(dialogue.peer.source.host, now) and self._in_all.take(_EVERYBODY, now):
            return None
        self._metrics.limited["signatures"] += 1
        return Refusal(ResponseCode.SERVER_TOO_BUSY, "too many signatures are asked for: ask again in a second, or for none")

    async def succeed(
        self, dialogue: Dialogue, body: bytes = b"", *, flags: int = 0, session_id: int | None = None, sign: bool = False
    ) -> None:
        """Answer with success.

        Args:
            dialogue: what is answered.
            body: what stands behind the request digest.
            flags: opflags to add; CONTINUOUS when more messages of the same answer follow.
            session_id: replaces the request's.
            sign: whether or not the request asks for it.
        """
        message = success_message(
            dialogue.request,
            body,
            site_serial=self._site_serial,
            primary=True,
            now=int(self._clock.time()),
            session_id=session_id,
            flags=flags,
        )
        await self.send(dialogue, message, sign=sign)

    async def refuse(self, dialogue: Dialogue, refusal: Refusal, *, signed: bool = True) -> None:
        """Answer with a refusal; unless `signed`, even where a signature was asked for."""
        message = error_message(
            dialogue.request,
            refusal.code,
            refusal.message,
            now=int(self._clock.time()),
            site_serial=self._site_serial,
            primary=True,
            # For a code that says "prove who you are" to peers who know no other for it; nobody can answer it.
            nonce=self._random_octets(16),
            idis_peer=dialogue.idis,
        )
        await self.send(dialogue, message, signed=signed)

    async def challenge(self, dialogue: Dialogue, challenge: Challenge) -> None:
        """Answer with a challenge."""
        message = success_message(
            dialogue.request,
            blob(challenge.nonce),
            site_serial=self._site_serial,
            primary=True,
            now=int(self._clock.time()),
            session_id=challenge.session_id,
            code=ResponseCode.AUTHENTICATION_NEEDED,
        )
        await self.send(dialogue, message)

    async def send(self, dialogue: Dialogue, message: Message, *, sign: bool = False, signed: bool = True) -> None:
        """Send a response that is made already, with the code or signature that belongs to it."""
        session = dialogue.session
        self._metrics.answered[dialogue.peer.transport, message.response_code] += 1
        if session is None:
            if signed and (sign or dialogue.request.opflags & _CERTIFY):
                message = await self._signed(message)
            dialogue.send(encode_message(message))
            return
        mac = make_mac(message, dialogue.counter if needs_counter(message) else 0, session.keys.mac)
        frame = encode_message(message if mac is None else replace(message, credential=encode_credential(mac)))
        if dialogue.sealed or dialogue.request.opflags & _ENCRYPT:
            frame = session.seal(frame, self._random_octets(IV_BYTES))
        dialogue.send(frame)

    async def _signed(self, message: Message) -> Message:
        if self._server_key is None:
            return message
        self._metrics.admin["signatures"] += 1
        credential = await asyncio.get_running_loop().run_in_executor(self._threads, self._server_key.sign, message)
        return message if credential is None else replace(message, credential=credential)
