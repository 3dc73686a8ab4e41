"""Who asks over HTTP, by the proof that came with the request (`wire.md` §15, `trust.md` §5).

    Bearer    an API token
    Basic     an identity and its secret
    Handle    a signature over the session's nonce, or the session in which one was given, or the client certificate

Proofs are taken over TLS, and in plain HTTP from this machine itself, where a proxy that ends TLS may stand; never over a
network in the clear. A certificate counts only where the request says so: a browser shows one unasked, on anybody's
behalf.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.registry import tokens
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.registry.roles import roles_of
from idis.registry.store.base import StoreError
from idis.resolver.admin.proven import Proven
from idis.resolver.web.authorization import BadAuthorization, Basic, Bearer, HandleScheme, read_authorization
from idis.resolver.web.client_certificate import holder, named_identity
from idis.resolver.web.face import Face
from idis.resolver.web.peer import address_of, is_secure, peer_of
from idis.resolver.web.server_proof import ServerProof
from idis.resolver.web.session_proof import identity_of, proof_of
from idis.resolver.web.sessions import WebSession, WebSessions
from idis.resolver.web.token_uses import TokenUses

BASIC, BEARER = 'Basic realm="handle"', 'Bearer realm="handle"'
NO_SESSION = "this session is over, or was never begun here: begin one with POST /api/sessions"

_ACTOR = "api token"
_PLAIN = "credentials are taken over HTTPS only: this connection is plain HTTP"


class Callers:
    """Finds out who asks; nobody in particular where nothing is proved."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._uses = TokenUses()
        self._proof = ServerProof(face.server_key)
        self.sessions = WebSessions(secrets.token_bytes)

    async def caller_of(self, request: web.Request) -> Caller | Refusal:
        """Who asks, or why his proof is not accepted."""
        header = request.headers.get("Authorization")
        if header is None:
            return Caller(_origin(request))
        if not _may_carry_proofs(request):
            return Refusal(ResponseCode.AUTHENTICATION_NEEDED, _PLAIN)
        try:
            said = read_authorization(header)
            match said:
                case Bearer(secret=secret):
                    return self._by_token(request, secret)
                case Basic():
                    return await self._by_secret(request, said)
                case HandleScheme():
                    return await self.by_handle_scheme(request, said)
        except BadAuthorization as error:
            return Refusal(ResponseCode.PROTOCOL_ERROR, str(error))

    async def by_handle_scheme(self, request: web.Request, said: HandleScheme) -> Caller | Refusal:
        """Who asks by the scheme `Handle`: a proof in a session, a session, or the certificate of the connection.

        Raises:
            BadAuthorization: a field cannot be used.
        """
        session = None
        if said.session_id:
            session = self.session(said.session_id)
            if session is None:
                return Refusal(ResponseCode.SESSION_TIMEOUT, NO_SESSION)
        if said.proves:
            if session is None:
                return Refusal(ResponseCode.AUTHENTICATION_FAILED, "a proof needs the sessionId whose nonce it signs")
            return await self._by_proof(request, said, session)
        if session is not None and session.proven is not None:
            known = session.proven.caller(self._now)
            if known is None:
                self.sessions.close(session)
                return Refusal(ResponseCode.SESSION_TIMEOUT, NO_SESSION)
            return replace(known, origin=_origin(request))
        if said.client_certificate:
            return await self._by_certificate(request)
        return Caller(_origin(request))

    def session(self, session_id: str) -> WebSession | None:
        """The session a client names, if it still lives."""
        return self.sessions.find(session_id, self._now)

    def open_session(self, request: web.Request) -> WebSession:
        """A new session for whoever asks."""
        source = self._face.service.sources.of(address_of(request))
        return self.sessions.open(source.host, self._now, trusted=source.trusted)

    def challenges(self, request: web.Request) -> list[str]:
        """The WWW-Authenticate headers that ask for a proof."""
        session = self.open_session(request)
        fields = {"sessionId": session.session_id, "nonce": base64.b64encode(session.nonce).decode("ascii")}
        fields |= self.server_signature(request, session, _asked_for_proof(request))
        ways = ["Handle " + ", ".join(f'{name}="{text}"' for name, text in fields.items()), BEARER]
        # A browser would ask its user for a password where a script could do better.
        by_script = request.headers.get("X-Requested-With", "").lower() == "xmlhttprequest"
        return ways if by_script else [BASIC, *ways]

    def server_signature(self, request: web.Request, session: WebSession, cnonce: bytes) -> dict[str, str]:
        """This node's own proof in a session, for a client that sent a nonce; empty without, or when too many ask."""
        return self._proof.sign(session.nonce, cnonce, self._host_of(request), self._now) if cnonce else {}

    @property
    def _now(self) -> float:
        return self._face.service.clock.monotonic()

    def _host_of(self, request: web.Request) -> str:
        """By what wrong proofs are counted."""
        return self._face.service.sources.of(address_of(request)).host

    def _by_token(self, request: web.Request, secret: str) -> Caller | Refusal:
        service, address = self._face.service, address_of(request)
        now = int(service.clock.time())
        with service.chain.store.read() as txn:
            caller = tokens.authenticate(txn, secret, address, now, transport=_scheme(request))
        if isinstance(caller, Caller) and caller.scope is not None and self._uses.due(caller.scope.token_id, now):
            change = partial(tokens.note_use, token_id=caller.scope.token_id, address=address, now=now)
            with contextlib.suppress(StoreError):  # too much is waiting: a use that is not written down does no harm
                service.chain.store.write(change, actor=_ACTOR)  # nobody waits for it
        return caller

    async def _by_secret(self, request: web.Request, said: Basic) -> Caller | Refusal:
        identity = identity_of(said.identity)
        return await self._face.verifier.prove_secret(
            identity, said.secret, origin=_origin(request), source=self._host_of(request), now=self._now
        )

    async def _by_proof(self, request: web.Request, said: HandleScheme, session: WebSession) -> Caller | Refusal:
        proof, now = proof_of(said, session.nonce), self._now
        # A client may repeat its proof with every request of the session: it says no more than the session's number.
        if session.proven is not None and session.proof == proof and (known := session.proven.caller(now)) is not None:
            return replace(known, origin=_origin(request))
        proved = await self._face.verifier.prove(
            proof, origin=_origin(request), source=self._host_of(request), now=now
        )
        if isinstance(proved, Refusal):
            return proved
        caller = proved.caller
        assert caller.identity is not None, "a proof is of an identity"
        proven = Proven(caller, self._face.service.chain.store, self._now)
        self.sessions.prove(session, proven, caller.identity, shown=said.identity, proof=proof, now=self._now)
        return caller

    async def _by_certificate(self, request: web.Request) -> Caller | Refusal:
        transport = request.transport
        certificate = None if transport is None else transport.get_extra_info("client_certificate")
        if certificate is None:
            return Refusal(
                ResponseCode.AUTHENTICATION_FAILED, "this connection came without a client certificate: show one when it is made"
            )
        named = named_identity(certificate, datetime.fromtimestamp(self._face.service.clock.time(), UTC))
        if isinstance(named, Refusal):
            return named
        keys = await self._face.verifier.public_keys(named)
        if isinstance(keys, Refusal):
            return keys
        identity = holder(certificate, named, keys)
        if isinstance(identity, Refusal):
            return identity
        with self._face.service.chain.store.read() as txn:
            return Caller(_origin(request), identity, roles_of(txn, identity))


def _may_carry_proofs(request: web.Request) -> bool:
    if is_secure(request):
        return True
    return ipaddress.ip_address(peer_of(request).source.address.partition("%")[0]).is_loopback


def _asked_for_proof(request: web.Request) -> bytes:
    """The nonce of a client that wants this node's proof and gives none itself; empty otherwise."""
    with contextlib.suppress(BadAuthorization):
        said = read_authorization(request.headers.get("Authorization", ""))
        if isinstance(said, HandleScheme) and not said.proves:
            return said.cnonce
    return b""


def _scheme(request: web.Request) -> str:
    return "https" if is_secure(request) else "http"


def _origin(request: web.Request) -> str:
    return f"{_scheme(request)} {address_of(request)}"
