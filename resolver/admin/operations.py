"""The operations that change records, as the wire asks for them (`wire.md` §4): a message in, an act of the registry out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.bodies import Name, NameAndIndexes, NameAndValues, RequestBody
from idis.proto.codes import OpCode, OpFlag
from idis.proto.message import Message
from idis.proto.responses import Created
from idis.registry.registration.acts import Act, AddValues, Create, Delete, Done, ModifyValues, RemoveValues

_OVERWRITE = int(OpFlag.OVERWRITE)
_MINT = int(OpFlag.MINT_NEW_SUFFIX)

RECORD_OPERATIONS = frozenset((OpCode.CREATE, OpCode.DELETE, OpCode.ADD_VALUE, OpCode.REMOVE_VALUE, OpCode.MODIFY_VALUE))


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a success and the opflags to add to it."""

    body: bytes = b""
    flags: int = 0


def act_of(message: Message, body: RequestBody, random_octets: Callable[[int], bytes]) -> Act:
    """The act that one of RECORD_OPERATIONS asks for.

    Args:
        message: the request.
        body: its body, read.
        random_octets: for a suffix that is to be minted.
    """
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


def mint(beginning: str, random_octets: Callable[[int], bytes]) -> str:
    """A new identifier: a prefix or the beginning of a suffix, followed by a random UUID."""
    separator = "" if "/" in beginning else "/"
    return f"{beginning}{separator}{uuid.UUID(bytes=random_octets(16), version=4)}"
