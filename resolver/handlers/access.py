"""Second step: may this be asked here, on this transport?

What costs the node more than it costs the asker, or would change something, is not served over UDP, where the asker may
be somebody else (`wire.md` W5, W6; `trust.md` §6).
"""

from __future__ import annotations

from idis.proto.codes import OpCode, OpFlag, ResponseCode, opcode_name
from idis.proto.outcome import NotFound, Refused
from idis.registry.store.base import ReadTxn
from idis.resolver.request import UDP, Request, Silence, Verdict

HEARTBEAT = "0"  # what an idle IDIS client resolves to keep its connection (`wire.md` §17.11)

_SERVED = (OpCode.RESOLUTION, OpCode.GET_SITE_INFO)
_KNOWN = frozenset(OpCode)
_CERTIFY = int(OpFlag.CERTIFY)


class Access:
    """Lets resolutions and GET_SITE_INFO pass and refuses the rest."""

    def __call__(self, request: Request, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """Refuse, stay silent, or leave the verdict open."""
        if verdict is not None:
            return verdict
        message = request.message
        if message.response_code:
            # Answering an answer would let two nodes talk to each other for ever after one forged datagram.
            return Silence("response")
        datagram = request.peer.transport == UDP
        if message.opflags & _CERTIFY:
            if datagram:
                return Silence("certify")
            return Refused(ResponseCode.OPERATION_NOT_SUPPORTED, "this node does not sign answers: ask without the certify flag")
        if message.opcode not in _SERVED:
            if datagram and message.opcode in _KNOWN:
                return Silence("operation")
            return Refused(ResponseCode.OPERATION_NOT_SUPPORTED, f"this node does not offer {opcode_name(message.opcode)}")
        if request.query is not None and request.query.spelling == HEARTBEAT:
            return NotFound()
        return None
