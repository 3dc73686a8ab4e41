"""Response bodies, one shape for each kind of result (`wire.md` §4), without the request digest in front of them.

`exchange.success_message` puts the digest there; `read_response` takes it off and hands it over beside the body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from idis.proto.batch import BatchReply, read_batch_reply
from idis.proto.bodies import Opaque
from idis.proto.codes import OpCode, OpFlag, ResponseCode
from idis.proto.dialect import is_backup, read_filter_indexes
from idis.proto.digest import RequestDigest, read_plain_digest, read_request_digest
from idis.proto.message import Message
from idis.proto.session import SessionReply, read_session_reply
from idis.proto.subscription import SubscribeReply, read_subscribe_reply
from idis.proto.trace import ExpandReply, read_expand_reply
from idis.proto.value import Value, encode_values, read_values
from idis.proto.wire import Reader, array, blob, text, u32

LIST_PAGE = 50  # names per message of a list, as Handle.Net sends them; 50 of the longest fit one message
LIST_NAMES_MAX = 4_096  # names we read from one message of a list; more would hold the reader for too long


@dataclass(frozen=True, slots=True)
class Resolved:
    """A resolution's values, for the handle as the request spelled it. `trailing` may hold our explanation."""

    handle: str
    values: tuple[Value, ...]
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.handle) + encode_values(self.values) + self.trailing


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """The answer to GET_SITE_INFO: one raw HS_SITE up to the end of the body (`types/site.py`)."""

    octets: bytes

    def encode(self) -> bytes:
        """The body's octets."""
        return self.octets


@dataclass(frozen=True, slots=True)
class Created:
    """The handle made by CREATE; None from servers that do not say it."""

    handle: str | None
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return (b"" if self.handle is None else text(self.handle)) + self.trailing


@dataclass(frozen=True, slots=True)
class Names:
    """One message of a list; the opflag CONTINUOUS tells whether more follow."""

    handles: tuple[str, ...]
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return array(map(text, self.handles)) + self.trailing


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer to VERIFY_CHALLENGE."""

    valid: bool
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return bytes((self.valid,)) + self.trailing


@dataclass(frozen=True, slots=True)
class LogFlags:
    """The answer to RETRIEVE_TXN_LOG, in front of the stream; flag 1 keeps the connection."""

    flags: int
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return bytes((self.flags,)) + self.trailing


@dataclass(frozen=True, slots=True)
class ReferralBody:
    """SERVICE_REFERRAL or PREFIX_REFERRAL; `values` is None when the field is absent."""

    handle: str
    values: tuple[Value, ...] | None = None
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.handle) + (b"" if self.values is None else encode_values(self.values)) + self.trailing


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """Any other code: a sentence, None when a 2.0 peer sent no body, and the indexes it is about (DO-IRP)."""

    message: str | None = ""
    indexes: tuple[int, ...] | None = None
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        message = b"" if self.message is None else text(self.message)
        return message + (b"" if self.indexes is None else array(map(u32, self.indexes))) + self.trailing


@dataclass(frozen=True, slots=True)
class ChallengeBody:
    """AUTHENTICATION_NEEDED: a nonce; the 2.0 form has the request digest behind it, which is handed over as any digest."""

    nonce: bytes
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return blob(self.nonce) + self.trailing


ResponseBody = (
    Opaque
    | Resolved
    | SiteRecord
    | Created
    | Names
    | Verified
    | LogFlags
    | SessionReply
    | ReferralBody
    | ErrorBody
    | ChallengeBody
    | BatchReply
    | ExpandReply
    | SubscribeReply
)


def read_response(message: Message) -> tuple[RequestDigest | None, ResponseBody]:
    """The body of a response and the digest of its request, None when it carries none.

    Raises:
        ProtocolError: it breaks off inside a field, passes a limit, or holds a string that is not UTF-8.
    """
    reader = Reader(message.body)
    digested = bool(message.opflags & OpFlag.REQUEST_DIGEST) and bool(message.body)
    if message.response_code == ResponseCode.AUTHENTICATION_NEEDED and message.version < (2, 1):
        nonce = reader.blob()
        return read_plain_digest(reader), ChallengeBody(nonce, _rest(reader))
    digest = read_request_digest(reader) if digested else None
    return digest, _read_body(reader, message)


def list_pages(handles: Sequence[str]) -> Iterator[tuple[bytes, int]]:
    """The messages of a list: each a body and the opflags to add, CONTINUOUS on all but the last."""
    for start in range(0, max(len(handles), 1), LIST_PAGE):
        last = start + LIST_PAGE >= len(handles)
        yield Names(tuple(handles[start : start + LIST_PAGE])).encode(), 0 if last else int(OpFlag.CONTINUOUS)


def _read_body(reader: Reader, message: Message) -> ResponseBody:
    code = message.response_code
    if code == ResponseCode.SUCCESS:
        read = _READERS.get(message.opcode)
        return Opaque(_rest(reader)) if read is None else read(reader)
    if code == ResponseCode.AUTHENTICATION_NEEDED:
        return ChallengeBody(reader.blob(), _rest(reader))
    if code in (ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL) and not is_backup(code, message.version):
        handle = reader.text()
        values = read_values(reader) if reader.remaining >= 4 else None
        return ReferralBody(handle, values, _rest(reader))
    return _read_error(reader, explained=bool(message.opflags & OpFlag.EXPLAIN))


def _read_error(reader: Reader, *, explained: bool) -> ErrorBody:
    if reader.remaining < 4:
        return ErrorBody(None, None, _rest(reader))
    message = reader.text()
    indexes = read_filter_indexes(reader) if reader.remaining >= 4 and not explained else None
    return ErrorBody(message, indexes, _rest(reader))


def _read_resolved(reader: Reader) -> Resolved:
    return Resolved(reader.text(), read_values(reader), _rest(reader))


def _read_created(reader: Reader) -> Created:
    return Created(reader.text() if reader.remaining >= 4 else None, _rest(reader))


def _read_names(reader: Reader) -> Names:
    return Names(reader.array(reader.text, 4, LIST_NAMES_MAX), _rest(reader))


def _rest(reader: Reader) -> bytes:
    return reader.take(reader.remaining)


_READERS: dict[int, Callable[[Reader], ResponseBody]] = {
    OpCode.RESOLUTION: _read_resolved,
    OpCode.GET_SITE_INFO: lambda reader: SiteRecord(_rest(reader)),
    OpCode.CREATE: _read_created,
    OpCode.LIST_HANDLES: _read_names,
    OpCode.LIST_DERIVED_PREFIXES: _read_names,
    OpCode.VERIFY_CHALLENGE: lambda reader: Verified(reader.u8() == 1, _rest(reader)),
    OpCode.LIST_HOMED_PREFIXES: _read_names,
    OpCode.SESSION_SETUP: read_session_reply,
    OpCode.RETRIEVE_TXN_LOG: lambda reader: LogFlags(reader.u8(), _rest(reader)),
    OpCode.BATCH: lambda reader: read_batch_reply(_rest(reader)),
    OpCode.EXPAND: lambda reader: read_expand_reply(_rest(reader)),
    OpCode.SUBSCRIBE: lambda reader: read_subscribe_reply(_rest(reader)),
}
