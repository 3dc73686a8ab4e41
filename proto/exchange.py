"""One exchange: the question a request asks, the outcome a response reports, and the messages that carry them.

A response is built in the version both sides speak, echoes what the request must recognise (request id, session,
spelling, six flags) and may start with a digest of it (`wire.md` §1–§5). Codes a peer could not know are replaced by
the nearest one it does. Our own extension, an explanation, stands behind the fields every peer knows, where peers that
do not know it pass over it.
"""

from __future__ import annotations

import struct

from idis.proto.codes import OpCode, OpFlag, ResponseCode
from idis.proto.dialect import code_for_peer, is_backup, read_filter_indexes, read_filter_types
from idis.proto.digest import digest_request, encode_request_digest, read_request_digest
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.message import (
    ENVELOPE_BYTES,
    EXPIRATION_S,
    HEADER_BYTES,
    PROTOCOL_VERSION,
    REQUEST_VERSION,
    SITE_SERIAL_UNKNOWN,
    Message,
    Version,
    answer_version,
    decode_envelope,
)
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused, outcome_code
from idis.proto.query import Query
from idis.proto.value import TTL_ABSOLUTE, Value, read_values, scan_values
from idis.proto.wire import Reader, array, blob, text, u32

_COPIED_FLAGS = int(
    OpFlag.CERTIFY | OpFlag.CACHE_CERTIFY | OpFlag.ENCRYPT | OpFlag.PUBLIC_ONLY | OpFlag.DO_NOT_REFER | OpFlag.REQUEST_DIGEST
)
# Plain integers: combining members of an enumeration costs as much as the rest of a message.
_CACHE_CERTIFY = int(OpFlag.CACHE_CERTIFY)
_PUBLIC_ONLY = int(OpFlag.PUBLIC_ONLY)
_DO_NOT_REFER = int(OpFlag.DO_NOT_REFER)
_AUTH_BYTES = int(OpFlag.IDIS_AUTH_BYTES)
_RECURSIVE = int(OpFlag.RECURSIVE)
_AUTHORITATIVE = int(OpFlag.AUTHORITATIVE)
_REQUEST_DIGEST = int(OpFlag.REQUEST_DIGEST)
_EXPLAIN = int(OpFlag.EXPLAIN)
_FOLLOW_ALIAS = int(OpFlag.FOLLOW_ALIAS)
_STALE = int(OpFlag.STALE)
_EXPIRATION_MAX = 2**32 - 1
_NO_VALUES = u32(0)
_LENGTH = struct.Struct(">I")
_REFERRALS = (ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL)


def request_message(
    query: Query,
    *,
    request_id: int,
    now: int,
    site_serial: int = SITE_SERIAL_UNKNOWN,
    version: Version = REQUEST_VERSION,
) -> Message:
    """The resolution request that asks `query`.

    Args:
        query: what to resolve; its `auth` is appended as IDIS authBytes when there is any.
        request_id: a positive number, unique among the exchanges under way.
        now: unix time.
        site_serial: serial of the HS_SITE the server was found in.
        version: the version of the request; the best we speak is suggested whatever it is.
    """
    flags = _CACHE_CERTIFY
    for wanted, flag in (
        (query.public_only, _PUBLIC_ONLY),
        (query.authoritative, _AUTHORITATIVE),
        (query.recursive, _RECURSIVE),
        (query.do_not_refer, _DO_NOT_REFER),
        (query.follow_alias, _FOLLOW_ALIAS),
        (query.explain, _EXPLAIN),
        (query.auth, _AUTH_BYTES),
    ):
        if wanted:
            flags |= flag
    body = text(query.spelling) + array(map(u32, query.indexes)) + array(map(text, query.types))
    return Message(
        opcode=int(OpCode.RESOLUTION),
        body=body + blob(query.auth) if query.auth else body,
        opflags=flags,
        request_id=request_id,
        site_serial=site_serial,
        recursion_count=query.recursion_count,
        expiration=_expiration(0, now),
        version=version,
        suggested=PROTOCOL_VERSION,
    )


def query_of(message: Message) -> Query:
    """The question a resolution request asks; octets behind the fields we know are passed over.

    Raises:
        ProtocolError: fields that run past the body, more than FILTERS_MAX indexes or types; with the code
            INVALID_HANDLE when the identifier is none.
    """
    reader = Reader(message.body)
    spelling = reader.text()
    indexes = read_filter_indexes(reader)
    types = read_filter_types(reader)
    flags = message.opflags
    try:
        identifier = parse_identifier(spelling)
    except IdentifierError as error:
        raise ProtocolError(str(error), offset=4, code=ResponseCode.INVALID_HANDLE) from None
    return Query(
        spelling=spelling,
        identifier=identifier,
        indexes=indexes,
        types=types,
        public_only=bool(flags & _PUBLIC_ONLY),
        authoritative=bool(flags & _AUTHORITATIVE),
        recursive=bool(flags & _RECURSIVE),
        do_not_refer=bool(flags & _DO_NOT_REFER),
        follow_alias=bool(flags & _FOLLOW_ALIAS),
        explain=bool(flags & _EXPLAIN),
        recursion_count=message.recursion_count,
        auth=reader.blob() if flags & _AUTH_BYTES and reader.remaining >= 4 else b"",
    )


def response_message(
    request: Message,
    outcome: Outcome,
    *,
    site_serial: int,
    primary: bool,
    now: int,
    nonce: bytes | None = None,
    session_id: int | None = None,
    explanation: bytes = b"",
    stale: bool = False,
    alias_followed: bool = False,
    idis_peer: bool = False,
) -> Message:
    """The response that reports `outcome` to the sender of `request`.

    Args:
        request: the request, whose opcode, ids, flags and spelling are echoed.
        outcome: of a resolution, or a refusal of anything.
        site_serial: serial of our own HS_SITE.
        primary: whether we are a primary of the site, which makes the answer authoritative.
        now: unix time.
        nonce: 16 fresh octets; needed when the outcome is AUTHENTICATION_NEEDED, RELOGIN or LOGIN_FIRST.
        session_id: replaces the request's, to link a challenge to its answer.
        explanation: octets of our extension, appended when the request asks for them; not before 2.1, whose challenges
            have no place for them.
        stale: the answer is older than its TTL.
        alias_followed: FOLLOW_ALIAS was honoured.
        idis_peer: the connection has used an IDIS feature, so IDIS's own codes are understood.
    """
    version = answer_version(request)
    code = code_for_peer(request, outcome_code(outcome), version, idis_peer)
    body = _outcome_body(request, outcome)
    if code == ResponseCode.AUTHENTICATION_NEEDED:
        assert nonce is not None, "a challenge needs a nonce"
        body = blob(nonce)
    explained = bool(explanation) and bool(request.opflags & _EXPLAIN) and version >= (2, 1)
    if explained:
        body += explanation
    return success_message(
        request,
        body,
        site_serial=site_serial,
        primary=primary,
        now=now,
        session_id=session_id,
        code=code,
        flags=(_STALE if stale else 0) | (_EXPLAIN if explained else 0) | (_FOLLOW_ALIAS if alias_followed else 0),
    )


def success_message(
    request: Message,
    body: bytes,
    *,
    site_serial: int,
    primary: bool,
    now: int,
    session_id: int | None = None,
    code: int = ResponseCode.SUCCESS,
    flags: int = 0,
) -> Message:
    """The response to any request with a body encoded elsewhere (`responses.py`), behind a request digest if one is due.

    Args:
        request: the request, whose opcode, ids and flags are echoed.
        body: what stands behind the digest; for a challenge the nonce as the wire's bytes.
        site_serial: serial of our own HS_SITE.
        primary: whether we are a primary of the site.
        now: unix time.
        session_id: replaces the request's.
        code: the response code, as the peer is to see it.
        flags: opflags to add, such as CONTINUOUS in a list or OVERWRITE after one.
    """
    version = answer_version(request)
    flags |= request.opflags & _COPIED_FLAGS | _RECURSIVE
    if primary:
        flags |= _AUTHORITATIVE
    if code == ResponseCode.AUTHENTICATION_NEEDED:
        stated = encode_request_digest(digest_request(request, version), version)
        body = stated + body if version >= (2, 1) else body + stated
        flags |= _REQUEST_DIGEST
    elif flags & _REQUEST_DIGEST:
        body = encode_request_digest(digest_request(request, version), version) + body
    return Message(
        opcode=request.opcode,
        body=body,
        response_code=int(code),
        opflags=flags,
        request_id=request.request_id,
        session_id=request.session_id if session_id is None else session_id,
        site_serial=site_serial,
        recursion_count=request.recursion_count,
        expiration=_expiration(request.expiration, now),
        version=version,
        suggested=max(version, PROTOCOL_VERSION),
    )


def error_message(
    request: Message,
    code: int,
    message: str = "",
    *,
    now: int,
    site_serial: int = SITE_SERIAL_UNKNOWN,
    primary: bool = False,
    nonce: bytes | None = None,
    session_id: int | None = None,
    idis_peer: bool = False,
) -> Message:
    """The response that refuses `request` with a code and one sentence; see `response_message`."""
    return response_message(
        request,
        Refused(code, message),
        site_serial=site_serial,
        primary=primary,
        now=now,
        nonce=nonce,
        session_id=session_id,
        idis_peer=idis_peer,
    )


def outcome_of(message: Message, now: int | None = None) -> Outcome:
    """What the response to a resolution reports.

    Args:
        message: the response.
        now: unix time, with which values of absolute TTL get a lifetime; without it they are not to be cached.

    Raises:
        ProtocolError: the body breaks off inside a field every peer knows.
    """
    reader = _body_reader(message)
    code = message.response_code
    if code == ResponseCode.SUCCESS:
        reader.text()
        return Answer(*_read_raw_values(reader, now))
    if code == ResponseCode.VALUES_NOT_FOUND:
        return NoValues()
    if code == ResponseCode.HANDLE_NOT_FOUND:
        return NotFound()
    if code in _REFERRALS and not is_backup(code, message.version):
        handle = reader.text() if reader.remaining >= 4 else ""
        values, ttl_s = _read_raw_values(reader, now) if reader.remaining >= 4 else (_NO_VALUES, 0)
        return Referral(code, values, handle, ttl_s)
    if code == ResponseCode.AUTHENTICATION_NEEDED:
        return Refused(code)
    return Refused(code, reader.text() if reader.remaining >= 4 else "")


def answered_spelling(message: Message) -> str:
    """The identifier a successful response says it answers for.

    Raises:
        ProtocolError: the body breaks off.
    """
    return _body_reader(message).text()


def explanation_of(message: Message) -> bytes:
    """The octets of our explanation behind a response's known fields; empty when there are none.

    Raises:
        ProtocolError: the body breaks off inside a field every peer knows.
    """
    if not message.opflags & _EXPLAIN:
        return b""
    reader = _body_reader(message)
    code = message.response_code
    reader.blob()
    if code == ResponseCode.SUCCESS or (code in _REFERRALS and not is_backup(code, message.version)):
        end = reader.at + 4
        for span in scan_values(reader.buffer, reader.at):
            end = span.end
        reader.at = end
    return reader.take(reader.remaining)


def outline(frame: bytes) -> Message | None:
    """What can be read of a frame that is no message, so that its sender can be told; None when not even the envelope can."""
    try:
        envelope = decode_envelope(frame)
    except ProtocolError:
        return None
    header = frame[ENVELOPE_BYTES : ENVELOPE_BYTES + HEADER_BYTES]
    opcode, flags = (_LENGTH.unpack_from(header, at)[0] if len(header) >= at + 4 else 0 for at in (0, 8))
    return Message(
        opcode=opcode,
        opflags=flags & ~_REQUEST_DIGEST,
        request_id=envelope.request_id,
        session_id=envelope.session_id,
        version=envelope.version,
        suggested=envelope.suggested,
    )


def spelling_octets(request: Message) -> bytes:
    """The identifier a request begins with, as the wire's string, ready to echo.

    Raises:
        ProtocolError: the string runs past the body.
    """
    body = request.body
    if len(body) < 4 or len(body) < 4 + (length := _LENGTH.unpack_from(body)[0]):
        raise ProtocolError("the identifier runs past the body", offset=0)
    return body[: 4 + length]


def _body_reader(message: Message) -> Reader:
    """A reader behind the request digest, if the body begins with one."""
    reader = Reader(message.body)
    nonce_first = message.response_code == ResponseCode.AUTHENTICATION_NEEDED and message.version < (2, 1)
    if message.opflags & _REQUEST_DIGEST and message.body and not nonce_first:
        read_request_digest(reader)
    return reader


def _read_raw_values(reader: Reader, now: int | None) -> tuple[bytes, int]:
    """A counted array of values as its octets, and the shortest time any of them may be cached."""
    start = reader.at
    values = read_values(reader)
    ttl_s = min((_lifetime_s(value, now) for value in values), default=0)
    return reader.buffer[start : reader.at], ttl_s


def _lifetime_s(value: Value, now: int | None) -> int:
    if now is None and value.ttl_type == TTL_ABSOLUTE:
        return 0
    return value.lifetime_s(now or 0)


def _outcome_body(request: Message, outcome: Outcome) -> bytes:
    match outcome:
        case Answer(values=values):
            return spelling_octets(request) + values
        case Referral(handle=handle, values=values):
            return text(handle) + values
        case Refused(message=message):
            return text(message)
        case NotFound() | NoValues():
            return _NO_VALUES  # an empty message


def _expiration(asked: int, now: int) -> int:
    return asked if asked > now else min(now + EXPIRATION_S, _EXPIRATION_MAX)
