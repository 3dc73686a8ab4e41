"""The operations that change records, as the wire asks for them (`wire.md` §4): a message in, an act of the registry out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.bodies import Name, NameAndIndexes, NameAndValues, RequestBody, read_request
from idis.proto.codes import OpCode, OpFlag
from idis.proto.message import Message
from idis.proto.responses import Created
from idis.registry.registration.acts import Act, AddValues, Create, Delete, Done, ModifyValues, RemoveValues
from idis.registry.registration.plain_creates import PlainCreate, plain_create

_OVERWRITE = int(OpFlag.OVERWRITE)
_MINT = int(OpFlag.MINT_NEW_SUFFIX)
_SPECIAL = _OVERWRITE | _MINT

RECORD_OPERATIONS = frozenset((OpCode.CREATE, OpCode.DELETE, OpCode.ADD_VALUE, OpCode.REMOVE_VALUE, OpCode.MODIFY_VALUE))


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a success and the opflags to add to it."""

    body: bytes = b""
    flags: int = 0


def read_operation(message: Message, now: int) -> RequestBody | PlainCreate:
    """The body of a request; of one that creates a plain record, the act itself.

    Args:
        message: the request.
        now: unix time in seconds.

    Raises:
        ProtocolError: see `read_request`.
    """
    if message.opcode == OpCode.CREATE and not message.opflags & _SPECIAL and (plain := _plain(message.body, now)) is not None:
        return plain
    return read_request(message)


def act_of(
    message: Message, body: RequestBody | PlainCreate, random_octets: Callable[[int], bytes]
) -> Act | PlainCreate:
    """The act that one of RECORD_OPERATIONS asks for.

    Args:
        message: the request.
        body: its body, read.
        random_octets: for a suffix that is to be minted.
    """
    if isinstance(body, PlainCreate):
        return body
    overwrite = bool(message.opflags & _OVERWRITE)
    match message.opcode, body:
        case OpCode.CREATE, NameAndValues(handle=handle, values=values):
            if message.opflags & _MINT:
                handle = mint(handle, random_octets)
            return Create(handle, values, overwrite)
        case OpCode.ADD_VALUE, NameAndValues(handle=handle, values=values):
            return AddValues(handle, values, overwrite)
        case OpCode.MODIFY_VALUE, NameAndValues(handle=handle, values=values):
            return ModifyValues(handle, values)
        case OpCode.REMOVE_VALUE, NameAndIndexes(handle=handle, indexes=indexes):
            return RemoveValues(handle, indexes)
        case OpCode.DELETE, Name(handle=handle):
            return Delete(handle)
    raise AssertionError("only operations on records are acts")


def reply_of(message: Message, done: Done) -> Reply:
    """What the wire says of an act that is done."""
    flags = _OVERWRITE if done.overwritten else 0
    body = Created(done.identifier).encode() if message.opcode == OpCode.CREATE else b""
    return Reply(body, flags)


def _plain(body: bytes, now: int) -> PlainCreate | None:
    """The body of CREATE as an act, if all of it is plain."""
    end = 4 + int.from_bytes(body[:4], "big")
    try:
        return plain_create(body[4:end].decode("ascii"), body[end:], now)
    except UnicodeDecodeError:
        return None


def mint(beginning: str, random_octets: Callable[[int], bytes]) -> str:
    """A new identifier: a prefix or the beginning of a suffix, followed by a random UUID."""
    separator = "" if "/" in beginning else "/"
    return f"{beginning}{separator}{uuid.UUID(bytes=random_octets(16), version=4)}"
