"""Every way octets from outside enter the language; nothing but the documented error may come out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from idis.proto.bodies import read_request
from idis.proto.challenge import ChallengeAnswer, decode_public_key_answer, decode_secret_answer, read_challenge
from idis.proto.connection import Connection
from idis.proto.credential import decode_credential
from idis.proto.dialect import speaks_idis
from idis.proto.dns.message import (
    Fault,
    Reply,
    Response,
    decode_query,
    decode_response,
    encode_fault,
    encode_hint,
    encode_reply,
)
from idis.proto.dns.name import lowered
from idis.proto.dns.naming import gs1_text, oid_text, ons1_text, place_of
from idis.proto.dns.records import TXT, Rr, data_text
from idis.proto.errors import DataError, ProtocolError
from idis.proto.exchange import explanation_of, outcome_of, outline, query_of, response_message
from idis.proto.fragments import Reassembly, split
from idis.proto.message import Message, decode_message, encode_message
from idis.proto.outcome import Answer, Refused
from idis.proto.private_key import decode_key_file
from idis.proto.replication_stream import ReplicationStream, StreamKind
from idis.proto.responses import read_response
from idis.proto.session import SessionReply, decode_exchange_offer
from idis.proto.types.namespace import decode_namespace, expand
from idis.proto.types.pattern import compile_pattern
from idis.proto.types.pubkey import decode_pem
from idis.proto.types.table import check_data, describe
from idis.proto.value import Value, decode_values, scan_values

_BASE = (Value(1, "URL", b"http://x"), Value(2, "EMAIL", b"a@b"))


def feed(kind: str, octets: bytes) -> None:
    """Run octets of a kind of the corpus through every parser that could meet them.

    Raises:
        Exception: anything a parser let out that it does not document; a finding.
    """
    match kind:
        case "message":
            _feed_frame(octets)
        case "values":
            _try(lambda: decode_values(octets))
            _try(lambda: list(scan_values(octets)))
        case "key file":
            _try(lambda: decode_key_file(octets))
        case "log":
            _try(lambda: ReplicationStream(StreamKind.LOG).receive_data(octets))
        case "dump":
            _try(lambda: ReplicationStream(StreamKind.DUMP).receive_data(octets))
        case "pattern":
            with suppress(DataError):
                compile_pattern(octets.decode("utf-8", "replace")).full_match("aabccd123xzy" * 20)
        case "dns question":
            _feed_dns(octets)
        case "dns response":
            response = _try(lambda: decode_response(octets))
            if isinstance(response, Response):
                for record in (*response.answers, *response.authority, *response.additional):
                    _try(lambda: data_text(record))  # noqa: B023
        case "HS_NAMESPACE":
            _try(lambda: expand(decode_namespace(octets), "1/a@box(3,abc)", _BASE))
        case _:
            _feed_data(kind, octets)


def _feed_dns(octets: bytes) -> None:
    query = decode_query(octets)
    if isinstance(query, Fault):
        encode_fault(query)
    elif query is not None:
        encode_reply(query, Reply(answers=(Rr(query.labels, TXT, 1, bytes(600)),)), query.udp_bytes, bytes(24))
        encode_hint(query)
        name = lowered(query.labels)
        for cut in range(len(name) + 1):
            place_of(name[:cut])
            gs1_text(name, name[cut:])
            ons1_text(name, name[cut:])
            oid_text(name, name[cut:])


def _feed_frame(octets: bytes) -> None:
    Connection().receive_data(octets)
    table = Reassembly()
    for packet in split(octets)[:9]:
        table.receive(packet, "source", 0.0)
    outline(octets)
    try:
        message = decode_message(octets)
    except ProtocolError:
        return
    if message.credential:
        _try(lambda: decode_credential(message.credential or b""))
    if message.response_code:
        _feed_response(message)
    else:
        _feed_request(message)


def _feed_request(request: Message) -> None:
    speaks_idis(request)
    _try(lambda: query_of(request))
    for outcome in (Answer(bytes(4), 0), Refused(408, "no")):
        _try(lambda: encode_message(_respond(request, outcome)))  # noqa: B023
    body = _try(lambda: read_request(request))
    if isinstance(body, ChallengeAnswer):
        _try(lambda: decode_secret_answer(body.answer))
        _try(lambda: decode_public_key_answer(body.answer))


def _respond(request: Message, outcome: Answer | Refused) -> Message:
    return response_message(request, outcome, site_serial=1, primary=True, now=5, nonce=bytes(16), explanation=b"\x90")


def _feed_response(response: Message) -> None:
    _try(lambda: outcome_of(response, 5))
    _try(lambda: explanation_of(response))
    _try(lambda: read_challenge(response))
    read = _try(lambda: read_response(response))
    if isinstance(read, tuple) and isinstance(read[1], SessionReply):
        data = read[1].data
        _try(lambda: decode_exchange_offer(data, response.version))


def _feed_data(type_name: str, octets: bytes) -> None:
    describe(type_name, octets)
    with suppress(DataError):
        check_data(type_name, octets)
    if type_name == "HS_PUBKEY":
        _try(lambda: decode_pem(octets))


def _try(parse: Callable[[], object]) -> object:
    try:
        return parse()
    except ProtocolError:
        return None
