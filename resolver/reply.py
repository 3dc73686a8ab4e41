"""From what the chain decided to the octets that leave (`wire.md` §2–§5)."""

from __future__ import annotations

from collections.abc import Callable

import msgpack

from idis.proto.codes import OpFlag, ResponseCode
from idis.proto.exchange import response_message, success_message
from idis.proto.message import Message, encode_message
from idis.proto.outcome import Outcome, outcome_code
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Settled, Silence, SiteRecord

EXPLANATION_VERSION = 1
NONCE_BYTES = 16
SESSION_ID_MAX = 2**31 - 1  # challenges are linked by 31-bit ids that nobody can guess (`wire.md` W7)

_FOLLOW_ALIAS = int(OpFlag.FOLLOW_ALIAS)
_CHALLENGES = (ResponseCode.AUTHENTICATION_NEEDED, ResponseCode.RELOGIN, ResponseCode.LOGIN_FIRST)


class Replies:
    """Writes the answers of one node.

    Args:
        name: the node's, for explanations.
        site_serial: of its own HS_SITE.
        random_octets: `secrets.token_bytes`, or a fake.
    """

    def __init__(self, name: str, site_serial: int, random_octets: Callable[[int], bytes]) -> None:
        self._name = name
        self._site_serial = site_serial
        self._random_octets = random_octets

    def frame(self, request: Message, settled: Settled, now: int) -> bytes | None:
        """The octets that answer `request`; None when nothing leaves."""
        message = self.message(request, settled, now)
        return None if message is None else encode_message(message)

    def message(self, request: Message, settled: Settled, now: int) -> Message | None:
        """The same before it is encoded, for whoever signs it."""
        match settled:
            case Silence():
                return None
            case SiteRecord(octets=octets):
                return success_message(request, octets, site_serial=self._site_serial, primary=True, now=now)
            case Resolved():
                return self._response(request, settled, now)
            case _:
                return self._response(request, Resolved(settled, "authority"), now)

    def explanation(self, resolved: Resolved) -> bytes:
        """Who answered, how old the answer is, and each hop: msgpack `[1, node, source, age_ms, [[…], …]]`."""
        hops = [[hop.server, hop.transport, hop.question, hop.response_code, hop.micros] for hop in resolved.hops]
        packed: bytes = msgpack.packb([EXPLANATION_VERSION, self._name, resolved.source, int(resolved.age_s * 1_000), hops])
        return packed

    def _response(self, request: Message, resolved: Resolved, now: int) -> Message:
        here = resolved.source == "authority"
        challenge = outcome_code(resolved.outcome) in _CHALLENGES
        return response_message(
            request,
            resolved.outcome,
            site_serial=self._site_serial,
            primary=here,
            now=now,
            nonce=self._random_octets(NONCE_BYTES) if challenge else None,
            session_id=request.session_id or self._fresh_id() if challenge else None,
            explanation=self.explanation(resolved),
            stale=resolved.stale,
            alias_followed=not here and bool(request.opflags & _FOLLOW_ALIAS),
        )

    def _fresh_id(self) -> int:
        return int.from_bytes(self._random_octets(4), "big") & SESSION_ID_MAX or 1


def code_of(settled: Outcome | Resolved | SiteRecord) -> int:
    """The response code that reports it."""
    match settled:
        case SiteRecord():
            return ResponseCode.SUCCESS
        case Resolved(outcome=outcome):
            return outcome_code(outcome)
        case _:
            return outcome_code(settled)
