"""What a peer can understand: the response codes for its version and dialect, and the signs of an IDIS client.

hdllib throws on every code it does not know, so IDIS's own codes go only to connections that showed an IDIS feature
(`wire.md` §5, §17); peers before 2.5 knew two codes by other numbers.
"""

from __future__ import annotations

import struct

from idis.proto.codes import OpCode, OpFlag, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.message import Message, Version
from idis.proto.value import VALUES_PER_RECORD_MAX
from idis.proto.wire import Reader

# A record holds no more values, so longer filters only cost time.
FILTERS_MAX = VALUES_PER_RECORD_MAX

_IDIS_FLAGS = int(OpFlag.IDIS_AUTH_BYTES | OpFlag.IDIS_TRUSTED_QUERY | OpFlag.IDIS_TRUSTED_RESULT)
_IDIS_OPCODES = (OpCode.LOGIN, OpCode.LOGIN_ID_SYSTEM)

# The nearest code hdllib knows (`wire.md` §5).
_CODES_FOR_HANDLE_PEERS = {
    ResponseCode.RELOGIN: ResponseCode.AUTHENTICATION_NEEDED,
    ResponseCode.LOGIN_FIRST: ResponseCode.AUTHENTICATION_NEEDED,
    ResponseCode.DAILY_REQUEST_LIMIT: ResponseCode.SERVER_TOO_BUSY,
    ResponseCode.REGISTRATION_COUNT_LIMIT: ResponseCode.SERVER_TOO_BUSY,
    ResponseCode.PREFIX_LIMIT: ResponseCode.SERVER_TOO_BUSY,
    ResponseCode.VERIFY_CREDENTIAL_FAILED: ResponseCode.AUTHENTICATION_FAILED,
}
_CODES_BEFORE_2_5 = {
    ResponseCode.INVALID_VALUE: ResponseCode.VALUE_ALREADY_EXISTS,
    ResponseCode.SERVER_BACKUP: ResponseCode.PREFIX_REFERRAL,
}


def speaks_idis(request: Message) -> bool:
    """Whether this request uses a feature only IDIS clients have, so that IDIS's own codes are safe on its connection."""
    if request.opcode in _IDIS_OPCODES or request.credential is None:
        return True
    if request.opflags & _IDIS_FLAGS:
        return True
    if request.opcode != OpCode.RESOLUTION:
        return False
    try:
        reader = Reader(request.body)
        reader.blob()
        read_filter_indexes(reader)
        read_filter_types(reader)
    except ProtocolError:
        return False
    return reader.remaining >= 4  # authBytes, though empty


def code_for_peer(request: Message, code: int, version: Version, idis_peer: bool) -> int:
    """The code that tells the sender of `request` what `code` says, in an answer of `version`.

    Args:
        request: shows whether its sender speaks IDIS.
        code: what we would say to a peer that knows everything.
        version: the version of the answer.
        idis_peer: an earlier request on the connection used an IDIS feature.
    """
    if code in _CODES_FOR_HANDLE_PEERS and not idis_peer and not speaks_idis(request):
        code = _CODES_FOR_HANDLE_PEERS[ResponseCode(code)]
    if version < (2, 5) and code in _CODES_BEFORE_2_5:
        code = _CODES_BEFORE_2_5[ResponseCode(code)]
    return int(code)


def is_backup(code: int, version: Version) -> bool:
    """Whether a code says that the server is a read-only backup, by the number it has in that version."""
    return code == ResponseCode.SERVER_BACKUP or (code == ResponseCode.PREFIX_REFERRAL and version < (2, 5))


def read_filter_indexes(reader: Reader) -> tuple[int, ...]:
    """The indexes of a resolution request, at most FILTERS_MAX."""
    count = reader.count(4, FILTERS_MAX)
    return struct.unpack(f">{count}I", reader.take(4 * count)) if count else ()


def read_filter_types(reader: Reader) -> tuple[str, ...]:
    """The types of a resolution request, at most FILTERS_MAX."""
    return reader.array(reader.text, 4, FILTERS_MAX)
