"""`GET /api/verifications/{index:identifier}`: whether a proof by a secret that this node holds is right (`wire.md` §4, 201).

Nodes that hold no secrets of others ask so, as clients of the binary protocol ask by operation 201.
"""

from __future__ import annotations

from aiohttp import web

from idis.proto.challenge import HS_SECKEY
from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.resolver.web.authorization import BadAuthorization, base64_octets, handle_scheme
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply
from idis.resolver.web.parameters import BadParameter
from idis.resolver.web.paths import VERIFICATIONS_PATH, rest_of
from idis.resolver.web.peer import address_of
from idis.resolver.web.rest import answer_refusal, limited
from idis.resolver.web.session_proof import proof_of


class Verifications:
    """Verifies proofs by secrets."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers

    async def get(self, request: web.Request) -> web.Response:
        """One proof."""
        identity = ""
        try:
            identity = rest_of(request, VERIFICATIONS_PATH)
            fields = {name.lower(): text for name, text in request.query.items()}
            nonce = base64_octets(fields.get("nonce", ""), "nonce")
            said = handle_scheme(fields | {"id": identity, "type": HS_SECKEY})
            proof = proof_of(said, nonce)
        except (BadAuthorization, BadParameter) as error:
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, str(error)), identity)
        if (busy := limited(request, self._face)) is not None:
            return self._refuse(request, busy, identity)
        now = self._face.service.clock.monotonic()
        valid = await self._face.verifier.judge(proof, source=self._face.service.sources.of(address_of(request)).host, now=now)
        if isinstance(valid, Refusal):
            return self._refuse(request, valid, identity)
        return json_reply(
            {"responseCode": int(ResponseCode.SUCCESS), "handle": proof.user, "verificationResult": valid}
        )

    def _refuse(self, request: web.Request, refusal: Refusal, identity: str) -> web.Response:
        return answer_refusal(request, self._callers, refusal, handle=identity)
