"""Who asks over HTTP, by the proof that came with the request."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from aiohttp import web

from idis.registry import tokens
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import StoreError
from idis.resolver.web.face import Face
from idis.resolver.web.handles import peer_of

CHALLENGES = ('Bearer realm="idis"',)
TOKENS_REMEMBERED_MAX = 1_024  # whose use was noted lately; more cost a look into the store

_BEARER = "bearer "
_ACTOR = "api token"


class Callers:
    """Finds out who asks; nobody in particular where nothing is proved."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._noted: OrderedDict[str, int] = OrderedDict()

    async def caller_of(self, request: web.Request) -> Caller | Refusal:
        """Who asks, or why his proof is not accepted."""
        address = peer_of(request).source.address
        proof = request.headers.get("Authorization", "")
        if proof[: len(_BEARER)].lower() == _BEARER:
            return self._by_token(proof[len(_BEARER) :].strip(), address)
        return Caller(f"http {address}")

    def _by_token(self, secret: str, address: str) -> Caller | Refusal:
        service = self._face.service
        now = int(service.clock.time())
        with service.chain.store.read() as txn:
            caller = tokens.authenticate(txn, secret, address, now)
        if isinstance(caller, Caller) and caller.scope is not None:
            self._note_use(caller.scope.token_id, address, now)
        return caller

    def _note_use(self, token_id: str, address: str, now: int) -> None:
        """Have the use of a token written down, once a minute; nobody waits for it."""
        if now - self._noted.get(token_id, 0) < tokens.USE_INTERVAL_S:
            return
        self._noted[token_id] = now
        self._noted.move_to_end(token_id)
        if len(self._noted) > TOKENS_REMEMBERED_MAX:
            self._noted.popitem(last=False)
        try:
            self._face.service.chain.store.write(
                partial(tokens.note_use, token_id=token_id, address=address, now=now), actor=_ACTOR
            )
        except StoreError:
            self._noted.pop(token_id)  # too much is waiting: the next use tries again
