"""What a client gets: the reply to one question, the explanation that may come with it, and the errors when none came."""

from __future__ import annotations

from dataclasses import dataclass

import msgpack

from idis.proto.codes import OpFlag, ResponseCode, response_code_name
from idis.proto.errors import IdisError
from idis.proto.identifier import fold
from idis.proto.outcome import Answer, Outcome, Refused, outcome_code
from idis.proto.value import Value, decode_values
from idis.resolver.recursion.resolved import Hop

EXPLANATION_BYTES_MAX = 16_384  # a node's budget allows 16 hops of some hundred octets
EXPLANATION_VERSION = 1


class ClientError(IdisError):
    """No reply came; the text names the server. Base of the three below."""


class SilentError(ClientError):
    """The server, or one it referred to, did not answer in time."""


class UnreachableError(ClientError):
    """There is no connection to the server, or it was lost; or its name is unknown."""


class GarbledError(ClientError):
    """What came back is no answer to the question."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the answering node came to its answer.

    Attributes:
        node: its name.
        source: authority, cache, stale or upstream.
        age_s: how long ago the authority said so.
        hops: whom the node asked.
    """

    node: str
    source: str
    age_s: float
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to one question; not found and refused are replies too.

    Attributes:
        identifier: as asked.
        code: the response code; 1 is success.
        values: the values, in the order of the answer; empty unless the code is 1.
        message: the server's sentence when it refused.
        server, transport: who answered, and whether over `udp` or `tcp`.
        seconds: from asking to knowing.
        flags: the opflags of the response.
        hops: whom this client asked, one after the other.
        explanation: of the answering node, when asked for and given.
    """

    identifier: str
    code: int
    values: tuple[Value, ...]
    message: str
    server: str
    transport: str
    seconds: float
    flags: int = 0
    hops: tuple[Hop, ...] = ()
    explanation: Explanation | None = None

    @property
    def found(self) -> bool:
        """Whether there are values."""
        return self.code == ResponseCode.SUCCESS

    @property
    def code_name(self) -> str:
        """The field's name of the code."""
        return response_code_name(self.code)

    @property
    def authoritative(self) -> bool:
        """Whether a primary of the owner answered, not a cache."""
        return bool(self.flags & OpFlag.AUTHORITATIVE)

    @property
    def stale(self) -> bool:
        """Whether the answer is past its TTL, because the authority is silent."""
        return bool(self.flags & OpFlag.STALE)

    def first(self, type_name: str) -> Value | None:
        """The first value of a type, whatever the case of its name."""
        wanted = fold(type_name)
        return next((value for value in self.values if fold(value.type) == wanted), None)


def reply_of(
    identifier: str,
    outcome: Outcome,
    *,
    server: str,
    transport: str,
    seconds: float,
    flags: int = 0,
    hops: tuple[Hop, ...] = (),
    explanation: Explanation | None = None,
) -> Reply:
    """An outcome as a reply.

    Raises:
        ProtocolError: the values cannot be read.
    """
    return Reply(
        identifier=identifier,
        code=int(outcome_code(outcome)),
        values=decode_values(outcome.values) if isinstance(outcome, Answer) else (),
        message=outcome.message if isinstance(outcome, Refused) else "",
        server=server,
        transport=transport,
        seconds=seconds,
        flags=flags,
        hops=hops,
        explanation=explanation,
    )


def read_explanation(octets: bytes) -> Explanation | None:
    """Read msgpack `[1, node, source, age_ms, [[server, transport, question, code, micros], …]]`; None if it is not that."""
    if not octets or len(octets) > EXPLANATION_BYTES_MAX:
        return None
    try:
        form = msgpack.unpackb(octets, max_array_len=256, max_map_len=0, max_bin_len=0, max_ext_len=0, max_str_len=4_096)
        version, node, source, age_ms, hops = form[:5]
        if version != EXPLANATION_VERSION:
            return None
        return Explanation(str(node), str(source), int(age_ms) / 1_000, tuple(_hop(*hop[:5]) for hop in hops))
    except (ValueError, TypeError, msgpack.UnpackException):
        return None


def _hop(server: object, transport: object, question: object, code: object, micros: object) -> Hop:
    if not (isinstance(code, int) and isinstance(micros, int)):
        raise TypeError("a hop's code and micros are integers")
    return Hop(str(server), str(transport), str(question), code, micros)
