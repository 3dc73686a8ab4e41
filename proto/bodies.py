"""Request bodies, one shape for each kind of operation (`wire.md` §4).

Octets behind the fields we know are kept in `trailing`: the dialects append fields, and a request that is passed on or
digested must keep its octets. An opcode without a known shape has an `Opaque` body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.batch import BatchRequest, read_batch
from idis.proto.challenge import ChallengeAnswer, Verification, read_challenge_answer, read_verification
from idis.proto.codes import OpCode
from idis.proto.dialect import read_filter_indexes, read_filter_types
from idis.proto.message import Message
from idis.proto.notice import NoticeReceipt, NoticeTelling, read_notice, read_receipt
from idis.proto.replication import DumpRequest, LogRequest, read_dump_request, read_log_request
from idis.proto.session import SessionSetup, read_session_setup
from idis.proto.subscription import SubscribeRequest, read_subscribe
from idis.proto.trace import ExpandRequest, PointerTelling, read_expand, read_pointer
from idis.proto.value import Value, encode_values, read_values
from idis.proto.wire import Reader, array, blob, text, u32


@dataclass(frozen=True, slots=True)
class Opaque:
    """A body without a known shape, as it came."""

    octets: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return self.octets


@dataclass(frozen=True, slots=True)
class Resolve:
    """RESOLUTION. `auth` is IDIS's authBytes: None when the field is absent."""

    handle: str
    indexes: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    auth: bytes | None = None
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        body = text(self.handle) + array(map(u32, self.indexes)) + array(map(text, self.types))
        return body + (b"" if self.auth is None else blob(self.auth)) + self.trailing


@dataclass(frozen=True, slots=True)
class Name:
    """A handle or prefix alone: GET_SITE_INFO, DELETE, the lists, HOME, UNHOME, SESSION_TERMINATE, BACKUP_SERVER."""

    handle: str
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.handle) + self.trailing


@dataclass(frozen=True, slots=True)
class NameAndValues:
    """CREATE, ADD_VALUE and MODIFY_VALUE."""

    handle: str
    values: tuple[Value, ...]
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.handle) + encode_values(self.values) + self.trailing


@dataclass(frozen=True, slots=True)
class NameAndIndexes:
    """REMOVE_VALUE."""

    handle: str
    indexes: tuple[int, ...]
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.handle) + array(map(u32, self.indexes)) + self.trailing


@dataclass(frozen=True, slots=True)
class Login:
    """LOGIN_ID_SYSTEM: the key the client will prove to hold."""

    handle: str
    index: int
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return text(self.handle) + u32(self.index) + self.trailing


@dataclass(frozen=True, slots=True)
class ExchangeKey:
    """SESSION_EXCHANGE_KEY: a session key encrypted to the server."""

    encrypted_key: bytes
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        return blob(self.encrypted_key) + self.trailing


RequestBody = (
    Opaque
    | Resolve
    | Name
    | NameAndValues
    | NameAndIndexes
    | Login
    | ExchangeKey
    | ChallengeAnswer
    | Verification
    | SessionSetup
    | LogRequest
    | DumpRequest
    | BatchRequest
    | ExpandRequest
    | PointerTelling
    | SubscribeRequest
    | NoticeTelling
    | NoticeReceipt
)


def read_request(message: Message) -> RequestBody:
    """The body of a request.

    Raises:
        ProtocolError: it breaks off inside a field, passes a limit, or holds a string that is not UTF-8.
    """
    read = _READERS.get(message.opcode)
    return Opaque(message.body) if read is None else read(Reader(message.body), message)


def _read_resolve(reader: Reader, _: Message) -> Resolve:
    handle, indexes, types = reader.text(), read_filter_indexes(reader), read_filter_types(reader)
    return Resolve(handle, indexes, types, _read_auth(reader), _rest(reader))


def _read_auth(reader: Reader) -> bytes | None:
    """IDIS's authBytes if what is left can be them; other octets stay where they are."""
    at = reader.at
    if reader.remaining >= 4 and reader.u32() <= reader.remaining:
        reader.at = at
        return reader.blob()
    reader.at = at
    return None


def _read_name(reader: Reader, _: Message) -> Name:
    return Name(reader.text(), _rest(reader))


def _read_name_and_values(reader: Reader, _: Message) -> NameAndValues:
    return NameAndValues(reader.text(), read_values(reader), _rest(reader))


def _read_name_and_indexes(reader: Reader, _: Message) -> NameAndIndexes:
    return NameAndIndexes(reader.text(), read_filter_indexes(reader), _rest(reader))


def _read_login(reader: Reader, _: Message) -> Login:
    return Login(reader.text(), reader.u32(), _rest(reader))


def _read_exchange_key(reader: Reader, _: Message) -> ExchangeKey:
    return ExchangeKey(reader.blob(), _rest(reader))


def _rest(reader: Reader) -> bytes:
    return reader.take(reader.remaining)


_READERS: dict[int, Callable[[Reader, Message], RequestBody]] = {
    OpCode.RESOLUTION: _read_resolve,
    OpCode.GET_SITE_INFO: _read_name,
    OpCode.CREATE: _read_name_and_values,
    OpCode.DELETE: _read_name,
    OpCode.ADD_VALUE: _read_name_and_values,
    OpCode.REMOVE_VALUE: _read_name_and_indexes,
    OpCode.MODIFY_VALUE: _read_name_and_values,
    OpCode.LIST_HANDLES: _read_name,
    OpCode.LIST_DERIVED_PREFIXES: _read_name,
    OpCode.CHALLENGE_ANSWER: lambda reader, _: read_challenge_answer(reader),
    OpCode.VERIFY_CHALLENGE: lambda reader, _: read_verification(reader),
    OpCode.HOME_PREFIX: _read_name,
    OpCode.UNHOME_PREFIX: _read_name,
    OpCode.LIST_HOMED_PREFIXES: _read_name,
    OpCode.SESSION_SETUP: lambda reader, _: read_session_setup(reader),
    OpCode.SESSION_TERMINATE: _read_name,
    OpCode.SESSION_EXCHANGE_KEY: _read_exchange_key,
    OpCode.RETRIEVE_TXN_LOG: lambda reader, message: read_log_request(reader, message.version),
    OpCode.DUMP_HANDLES: lambda reader, _: read_dump_request(reader),
    OpCode.BACKUP_SERVER: _read_name,
    OpCode.LOGIN_ID_SYSTEM: _read_login,
    OpCode.BATCH: lambda reader, _: read_batch(_rest(reader)),
    OpCode.EXPAND: lambda reader, _: read_expand(_rest(reader)),
    OpCode.POINTER: lambda reader, _: read_pointer(_rest(reader)),
    OpCode.SUBSCRIBE: lambda reader, _: read_subscribe(_rest(reader)),
    OpCode.NOTICE: lambda reader, _: read_notice(_rest(reader)),
    OpCode.RECEIPT: lambda reader, _: read_receipt(_rest(reader)),
}
