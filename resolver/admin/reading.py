"""Resolutions by somebody known: in a session, after a login, with a token, or after a challenge (`wire.md` §4.1)."""

from __future__ import annotations

from dataclasses import replace

from idis.proto.codes import OpCode, OpFlag, ResponseCode
from idis.proto.exchange import query_of
from idis.proto.outcome import Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.reader_pass import is_pass
from idis.registry import authority, tokens
from idis.registry.caller import Caller
from idis.registry.permission import Reader
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn
from idis.resolver.admin.concern import is_own_token
from idis.resolver.admin.dialogue import Dialogue
from idis.resolver.admin.passes import Passes
from idis.resolver.admin.registrar import Registrar
from idis.resolver.chain import Chain
from idis.resolver.guard.sources import Standing
from idis.resolver.request import Request, Settled

_CERTIFY = int(OpFlag.CERTIFY)


class Reading:
    """Answers questions.

    Args:
        chain: the steps that every question passes.
        registrar: decides what a reader sees, with the groups of other nodes.
        site: this node's own site record.
        passes: tells who is behind those that come through recursion.
    """

    def __init__(self, chain: Chain, registrar: Registrar, site: bytes, passes: Passes) -> None:
        self._chain = chain
        self._registrar = registrar
        self._site = site
        self._passes = passes

    async def answer(self, dialogue: Dialogue, caller: Caller) -> Settled | Refusal:
        """What a question gets; a refusal where the proof of an identity may help.

        Raises:
            ProtocolError: the question cannot be read.
        """
        # Whether the answer is signed is decided where it is written; the steps know nothing of signatures.
        message = replace(dialogue.request, opflags=dialogue.request.opflags & ~_CERTIFY)
        query = query_of(message) if message.opcode == OpCode.RESOLUTION else None
        if query is not None and is_own_token(query.auth):
            if caller.anonymous:
                known = self._by_token(query.auth.decode("ascii"), dialogue)
                if isinstance(known, Refusal):
                    return Refused(known.code, known.message)
                caller = known
            query = replace(query, auth=b"")  # it is a secret between its bearer and this node
        elif query is not None and caller.anonymous and is_pass(query.auth) and self._is_here(query):
            known = await self._passes.caller(query, origin=dialogue.origin, now=self._registrar.now)
            if isinstance(known, Refusal):
                return Refused(known.code, known.message)
            caller, query = known, replace(query, auth=b"")
        request = Request(message, query, dialogue.peer)
        settled: Settled | Refusal | None = None
        if query is not None and not caller.anonymous and (own := self._chain.own_query(query)) is not None:
            settled = await answer_here(self._registrar, own, caller, self._site)
        if settled is None:
            settled = await self._chain.resolve(request)
        if isinstance(settled, Refused) and settled.code == ResponseCode.AUTHENTICATION_NEEDED:
            return Refusal(settled.code, settled.message)
        return settled

    def _is_here(self, query: Query) -> bool:
        """Whether this node answers for the record asked for: another one's passes are another one's to judge."""
        with self._chain.store.read() as txn:
            entry = authority.responsible_entry(txn, query.identifier.folded_prefix)
        return entry is not None and entry.prefix == query.identifier.folded_prefix and entry.answers_here

    def _by_token(self, token: str, dialogue: Dialogue) -> Caller | Refusal:
        """Whoever a token stands for."""
        peer = dialogue.peer
        if peer.standing is not Standing.TRUSTED and not (peer.link is not None and peer.link.secure):
            return Refusal(ResponseCode.VERIFY_CREDENTIAL_FAILED, "tokens are taken over TLS only: this connection can be read")
        with self._chain.store.read() as txn:
            known = tokens.authenticate(txn, token, peer.source.address, self._registrar.now, transport=peer.transport)
        return Refusal(ResponseCode.VERIFY_CREDENTIAL_FAILED, known.message) if isinstance(known, Refusal) else known


async def answer_here(registrar: Registrar, query: Query, caller: Caller, site: bytes) -> Outcome | Refusal | None:
    """What somebody known gets from this node's registry; None where that points away, where a node that recurses goes on.

    Args:
        registrar: of the node.
        query: what he asks.
        caller: who he is.
        site: the node's own site record.
    """
    now = registrar.now

    def decide(txn: ReadTxn, groups: Groups) -> Outcome | Unknown:
        return authority.answer(query, txn, now, site=site, reader=Reader(caller, groups))

    decided: Outcome | Refusal = await registrar.decide(decide)
    elsewhere = isinstance(decided, Refused) and decided.code == ResponseCode.SERVER_NOT_RESPONSIBLE
    return None if elsewhere or isinstance(decided, Referral) else decided
