"""The desk: where what changes something, or needs a proof of who asks, is taken and answered (`wire.md` §4, §9, §10, §17).

    frame ─ unsealed, its code and counter checked ─ who asks: session, login, token ─ the operation
              │ needs a proof                                                             │ done, refused
              ▼                                                                           ▼
            challenge ──answer──▶ verifier ─▶ the operation again, by whoever it is      answer

A request is judged before its sender is asked for a proof: a proof that would change nothing is never asked for. The
proof is kept where there is a place for it, in the session or on the connection of an IDIS client; elsewhere it is good
for one request. Roles are looked up anew for each request, so that one that is revoked ends at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from idis.proto.batch import BatchRequest
from idis.proto.bodies import ExchangeKey, Login, Name, RequestBody
from idis.proto.challenge import HS_SECKEY, Challenge, ChallengeAnswer, Verification
from idis.proto.codes import OpCode, OpFlag, ResponseCode, opcode_name
from idis.proto.errors import ProtocolError
from idis.proto.notice import NoticeReceipt, NoticeTelling
from idis.proto.responses import Names, Verified
from idis.proto.session import SessionSetup
from idis.proto.subscription import SubscribeReply, SubscribeRequest
from idis.proto.trace import ExpandReply, ExpandRequest, PointerTelling
from idis.registry.audit.line import AuditLine
from idis.registry.caller import Caller
from idis.registry.registration.acts import Act
from idis.registry.registration.checks import Refusal
from idis.registry.registration.plain_creates import PlainCreate
from idis.registry.store.base import Store
from idis.resolver.admin.batches import register_batch
from idis.resolver.admin.challenges import Challenges
from idis.resolver.admin.concern import concerns
from idis.resolver.admin.dialogue import Dialogue
from idis.resolver.admin.homing import Homing
from idis.resolver.admin.letters import Letters
from idis.resolver.admin.listing import LIST_OPERATIONS, Listing
from idis.resolver.admin.logins import Logins
from idis.resolver.admin.operations import RECORD_OPERATIONS, act_of, read_operation, reply_of
from idis.resolver.admin.proven import Proven
from idis.resolver.admin.reading import Reading
from idis.resolver.admin.reception import Rejected, receive
from idis.resolver.admin.registrar import Registrar
from idis.resolver.admin.session_setup import SessionSetups
from idis.resolver.admin.sessions import Sessions
from idis.resolver.admin.verifier import Proof, Verifier
from idis.resolver.audit_writer import AuditWriter
from idis.resolver.guard.sources import Standing
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock
from idis.resolver.reply import Replies
from idis.resolver.request import HTTP, TCP, UDP, Peer
from idis.resolver.subscription.teller import Teller
from idis.resolver.trace.answering import Answering

OCTETS_MAX = 67_108_864  # of requests under way: some wait for other nodes, all may be large

_TOO_MUCH = Refusal(ResponseCode.SERVER_TOO_BUSY, "this node has too much to administer: ask again in a second")
_CERTIFY = int(OpFlag.CERTIFY)
_CONTINUOUS = int(OpFlag.CONTINUOUS)
_HOMING = (OpCode.HOME_PREFIX, OpCode.UNHOME_PREFIX)
_CHANGES = RECORD_OPERATIONS | {OpCode.BATCH, *_HOMING}
_READS = (OpCode.RESOLUTION, OpCode.GET_SITE_INFO)


@dataclass(slots=True)
class Desk:
    """The administration of one node; its parts are made in `composition.py`."""

    store: Store
    registrar: Registrar
    homing: Homing
    verifier: Verifier
    challenges: Challenges
    sessions: Sessions
    setups: SessionSetups
    logins: Logins
    letters: Letters
    reading: Reading
    listing: Listing
    replies: Replies
    clock: Clock
    metrics: Metrics
    trail: AuditWriter
    tracing: Answering
    teller: Teller
    random_octets: Callable[[int], bytes]
    octets: int = 0  # of requests under way

    def concerns(self, frame: bytes, peer: Peer) -> bool:
        """Whether a frame is for the desk."""
        return concerns(frame, peer)

    def gauge(self) -> None:
        """Show in the metrics what is held now."""
        for name, held in (
            ("challenges", len(self.challenges)),
            ("challenge_bytes", self.challenges.octets),
            ("sessions", len(self.sessions)),
            ("logins", len(self.logins)),
        ):
            self.metrics.gauges[f"admin_{name}"] = held

    def close(self) -> None:
        """End its threads, and whoever waits for changes."""
        self.letters.close()
        self.setups.close()
        self.teller.close()

    async def answer(self, frame: bytes, peer: Peer, send: Callable[[bytes], None]) -> None:
        """Answer one frame, in as many messages as it takes."""
        received = receive(frame, peer, send, self.sessions, self.clock.monotonic())
        match received:
            case None:
                return
            case Rejected(dialogue=dialogue, refusal=refusal):
                self.metrics.admin[f"rejected.{int(refusal.code)}"] += 1
                await self.letters.refuse(dialogue, refusal)
            case Dialogue() if self.octets > OCTETS_MAX:
                self.metrics.limited["administration"] += 1
                await self.letters.refuse(received, _TOO_MUCH)
            case Dialogue():
                self.octets += len(frame)
                try:
                    await self._take(received)
                finally:
                    self.octets -= len(frame)

    async def _take(self, dialogue: Dialogue) -> None:
        wants_signature = dialogue.request.opflags & _CERTIFY and dialogue.session is None
        if wants_signature and (refusal := self.letters.refuse_signing(dialogue)):
            await self.letters.refuse(dialogue, refusal, signed=False)
            return
        try:
            body = read_operation(dialogue.request, int(self.clock.time()))
            refusal = await self._dispatch(dialogue, body)
        except ProtocolError as error:
            refusal = Refusal(error.code, str(error))
        if refusal is not None:
            await self.letters.refuse(dialogue, refusal)

    async def _dispatch(self, dialogue: Dialogue, body: RequestBody | PlainCreate) -> Refusal | None:
        match body:
            case ChallengeAnswer():
                return await self._prove(dialogue, body)
            case Verification():
                return await self._verify(dialogue, body)
            case SessionSetup():
                return await self.setups.set_up(dialogue, body)
            case ExchangeKey():
                return await self.setups.exchange_key(dialogue, body)
            case Login():
                return await self._log_in(dialogue)
        if dialogue.request.opcode == OpCode.SESSION_TERMINATE:
            return await self.setups.terminate(dialogue)
        return await self._serve(dialogue, body, self._caller(dialogue))

    def _caller(self, dialogue: Dialogue) -> Caller:
        """Whoever is known on this connection, or in this session."""
        now, session = self.clock.monotonic(), dialogue.session
        if session is not None:
            known = None if session.proven is None else session.proven.caller(now)
        else:
            known = self.logins.caller(dialogue.peer.link, now)
        if known is None:
            return dialogue.stranger
        # A login is of its connection; a session may be used from elsewhere than where it was proved.
        return known if session is None or known.origin == dialogue.origin else replace(known, origin=dialogue.origin)

    async def _serve(self, dialogue: Dialogue, body: RequestBody | PlainCreate, caller: Caller) -> Refusal | None:
        """Do what is asked, or challenge whoever asks; a refusal when neither is to be done."""
        refusal = await self._operate(dialogue, body, caller)
        if refusal is None or refusal.code != ResponseCode.AUTHENTICATION_NEEDED or not caller.anonymous:
            return refusal
        if dialogue.idis:
            return Refusal(ResponseCode.LOGIN_FIRST, "log in over this connection first (operation 2001), or again")
        await self._challenge(dialogue)
        return None

    async def _operate(self, dialogue: Dialogue, body: RequestBody | PlainCreate, caller: Caller) -> Refusal | None:
        request, opcode = dialogue.request, dialogue.request.opcode
        if opcode in _CHANGES and (refusal := self.logins.refuse_repeated(dialogue.peer.link, request.request_id)):
            return refusal
        if opcode in RECORD_OPERATIONS:
            return await self._change(dialogue, act_of(request, body, self.random_octets), caller)
        if isinstance(body, BatchRequest):
            return await self._batch(dialogue, body, caller)
        if isinstance(body, ExpandRequest | PointerTelling | SubscribeRequest | NoticeTelling | NoticeReceipt):
            return await self._serve_node(dialogue, body)
        if opcode in _HOMING and isinstance(body, Name):
            do = self.homing.home if opcode == OpCode.HOME_PREFIX else self.homing.unhome
            if (refusal := await do(body.handle, caller)) is None:
                await self.letters.succeed(dialogue)
            return refusal
        if opcode in _READS:
            settled = await self.reading.answer(dialogue, caller)
            if isinstance(settled, Refusal):
                return settled
            message = self.replies.message(request, settled, int(self.clock.time()))
            if message is not None:
                await self.letters.send(dialogue, message)
            return None
        if opcode in LIST_OPERATIONS and isinstance(body, Name):
            return await self._list(dialogue, body.handle, caller)
        return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, f"this node does not offer {opcode_name(opcode)}")

    async def _change(self, dialogue: Dialogue, act: Act | PlainCreate, caller: Caller) -> Refusal | None:
        done = await self.registrar.perform(act, caller)
        if isinstance(done, Refusal):
            return done
        reply = reply_of(dialogue.request, done)
        await self.letters.succeed(dialogue, reply.body, flags=reply.flags)
        return None

    async def _batch(self, dialogue: Dialogue, batch: BatchRequest, caller: Caller) -> Refusal | None:
        reply = await register_batch(self.registrar, batch, caller)
        if isinstance(reply, Refusal):
            return reply
        await self.letters.succeed(dialogue, reply.encode())
        return None

    async def _serve_node(
        self, dialogue: Dialogue, body: ExpandRequest | PointerTelling | SubscribeRequest | NoticeTelling | NoticeReceipt
    ) -> Refusal | None:
        """What one node asks of another."""
        source = dialogue.peer.source.address
        match body:
            case PointerTelling():
                return await self._taken(dialogue, self.tracing.take_pointers(body, source))
            case NoticeTelling():
                return await self._taken(dialogue, self.tracing.take_notice(body, source))
            case NoticeReceipt():
                return await self._taken(dialogue, self.tracing.take_receipt(body, source))
        reply: ExpandReply | SubscribeReply | Refusal
        if isinstance(body, SubscribeRequest):
            reply = await self.teller.answer(body, dialogue.peer.source.address)
        else:
            reply = await self.tracing.expand(body, dialogue.origin)
        if isinstance(reply, Refusal):
            return reply
        await self.letters.succeed(dialogue, reply.encode())
        return None

    async def _taken(self, dialogue: Dialogue, taking: Awaitable[Refusal | None]) -> Refusal | None:
        refusal = await taking
        if refusal is None:
            await self.letters.succeed(dialogue)
        return refusal

    async def _list(self, dialogue: Dialogue, handle: str, caller: Caller) -> Refusal | None:
        if dialogue.peer.transport == HTTP:
            # The tunnel answers in one piece, and a list has no end that is known before.
            return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, "lists go over the binary port: they take many messages")
        pages = await self.listing.names(dialogue.request.opcode, handle, caller)
        if isinstance(pages, Refusal):
            return pages
        page: list[str] | None = None
        async for following in pages:
            if page is not None:
                await self._send_page(dialogue, page, more=True)
            page = following
        await self._send_page(dialogue, page or [], more=False)
        return None

    async def _send_page(self, dialogue: Dialogue, page: list[str], *, more: bool) -> None:
        await self.letters.succeed(dialogue, Names(tuple(page)).encode(), flags=_CONTINUOUS if more else 0)
        if dialogue.peer.link is not None:
            await dialogue.peer.link.room()

    # Proofs.

    async def _challenge(self, dialogue: Dialogue) -> None:
        request, peer = dialogue.request, dialogue.peer
        bound = dialogue.session is None and dialogue.idis
        if bound and peer.link is not None:
            self._forget_with(peer)
        challenge = self.challenges.open(
            request,
            source=peer.source.host,
            trusted=peer.standing is Standing.TRUSTED,
            link=peer.link if bound else None,
            in_session=dialogue.session is not None,
            now=self.clock.monotonic(),
        )
        self.metrics.admin["challenges"] += 1
        await self.letters.challenge(dialogue, challenge)

    def _forget_with(self, peer: Peer) -> None:
        """A connection's own challenges end with it."""
        link = peer.link
        assert link is not None, "only a connection ends"
        if not self.challenges.has_link(link):
            link.on_end.append(lambda: self.challenges.drop_link(link))

    async def _prove(self, dialogue: Dialogue, answer: ChallengeAnswer) -> Refusal | None:
        """A challenge is answered: verify it, and do what was asked in the first place."""
        message, peer, now = dialogue.request, dialogue.peer, self.clock.monotonic()
        in_session = dialogue.session is not None
        open_ones = self.challenges.take(
            message.session_id, source=peer.source.host, link=peer.link, in_session=in_session, now=now
        )
        if not open_ones:
            self.metrics.admin["failures.late"] += 1
            return Refusal(
                ResponseCode.AUTHENTICATION_TIMEOUT,
                "no challenge of this session is open: each is answered once, within a minute; send the request again",
            )
        challenges = tuple(pending.challenge for pending in open_ones)
        proof = Proof(answer.handle, answer.index, answer.type, answer.answer, challenges)
        proved = await self.verifier.prove(proof, origin=dialogue.origin, source=peer.source.host, now=now)
        if isinstance(proved, Refusal):
            return proved
        for pending in open_ones:
            if pending.challenge is not proved.challenge:
                self.challenges.put_back(pending)
        answered = next(pending.request for pending in open_ones if pending.challenge is proved.challenge)
        request = replace(answered, request_id=message.request_id, session_id=message.session_id)
        return await self._go_on(replace(dialogue, request=request), proved.caller)

    async def _go_on(self, dialogue: Dialogue, caller: Caller) -> Refusal | None:
        """Whoever asked is known: do what he asked."""
        session, link = dialogue.session, dialogue.peer.link
        refusal: Refusal | None
        if dialogue.peer.transport == UDP and dialogue.request.opcode not in _READS:
            return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, "changes are made over TCP")
        if dialogue.request.opcode == OpCode.LOGIN_ID_SYSTEM:
            assert link is not None, "a login is of a connection"
            self.logins.add(link, Proven(caller, self.store, self.clock.monotonic()), caller)
            self.metrics.admin["logins"] += 1
            self.trail.note(AuditLine(caller.name, caller.origin, "log in", str(caller.identity)))
            await self.letters.succeed(dialogue)
            return None
        if session is not None and session.is_for(caller.identity):
            session.proven = Proven(caller, self.store, self.clock.monotonic())
        try:
            refusal = await self._serve(dialogue, read_operation(dialogue.request, int(self.clock.time())), caller)
        except ProtocolError as error:
            refusal = Refusal(error.code, str(error))
        if refusal is not None:
            await self.letters.refuse(dialogue, refusal)
        return None

    async def _log_in(self, dialogue: Dialogue) -> Refusal | None:
        """An IDIS client wants its connection to be known for an identity."""
        link = dialogue.peer.link
        if link is None or dialogue.peer.transport != TCP or dialogue.session is not None:
            return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, "a login holds for a TCP connection: connect to the binary port")
        if (known := self.logins.caller(link, self.clock.monotonic())) is not None:
            return Refusal(ResponseCode.RELOGIN, f"{known.name} has logged in over this connection already: use another one")
        await self._challenge(dialogue)
        return None

    async def _verify(self, dialogue: Dialogue, asked: Verification) -> Refusal | None:
        """Another node asks whether an answer it was given is right (operation 201)."""
        challenge = Challenge(0, asked.nonce, asked.digest)
        proof = Proof(asked.handle, asked.index, HS_SECKEY, asked.answer, (challenge,))
        valid = await self.verifier.judge(proof, source=dialogue.peer.source.host, now=self.clock.monotonic())
        if isinstance(valid, Refusal):
            return valid
        await self.letters.succeed(dialogue, Verified(valid).encode())
        return None
