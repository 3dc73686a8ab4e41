"""Identifiers asked for over DNS: their names below a zone, the codes of the answers, and some answers looked into.

A question carries an OPT record, as resolvers send it. Two kinds of answers have response code 0 and are none: a truncated
one, and one without records. They are counted under codes of their own.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence

from idis.bench.asking.identifiers import Asked
from idis.bench.asking.load import DnsForm, LoadError, Target
from idis.bench.asking.plan import DNS_NO_DATA, DNS_TRUNCATED, Frames
from idis.bench.asking.questions import QuestionError, dns_frames
from idis.proto.dns.message import UDP_BYTES_MAX, Response, decode_response, encode_query
from idis.proto.dns.name import Labels, lowered, name_from_text
from idis.proto.dns.naming import name_of
from idis.proto.dns.records import NAPTR, TXT, URI, Rr
from idis.proto.errors import DataError, IdisError, ProtocolError
from idis.proto.identifier import parse_identifier

TYPES = {"NAPTR": NAPTR, "URI": URI, "TXT": TXT}

_CODES = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
    DNS_TRUNCATED: "TRUNCATED", DNS_NO_DATA: "NODATA",
}  # fmt: skip
_ANSWER_BYTES_MAX = 65_535
_LENGTH_BYTES = 2


class DnsAnswerError(IdisError):
    """No answer to a question, or one that does not hold what it should."""


def code_name(code: int) -> str:
    """The name of a response code."""
    return _CODES.get(code, str(code))


def identifier_frames(identifiers: Sequence[str], form: DnsForm, *, datagrams: bool) -> Frames:
    """Questions for identifiers, with room for answers of 1,232 octets by datagram.

    Raises:
        QuestionError: an identifier whose name would be too long.
        LoadError: the zone is no name.
    """
    zone = zone_of(form)
    names = (_name(identifier, zone) for identifier in identifiers)
    return dns_frames(names, TYPES[form.type], datagrams=datagrams, udp_bytes=UDP_BYTES_MAX)


def zone_of(form: DnsForm) -> Labels:
    """The labels of a zone.

    Raises:
        LoadError: it is no name.
    """
    try:
        return lowered(name_from_text(form.zone))
    except DataError as error:
        raise LoadError(f"--zone: {error}") from None


def look_into(asked: Asked, some: Sequence[str], form: DnsForm, target: Target, *, datagrams: bool, timeout_s: float) -> int:
    """Decode the answers to some identifiers; how many there were.

    Raises:
        DnsAnswerError: one is missing, cannot be read, or lacks the text that was wanted.
    """
    zone, kind = zone_of(form), TYPES[form.type]
    with _link(target, datagrams=datagrams, timeout_s=timeout_s) as link:
        for number, identifier in enumerate(some, 1):
            name = _name(identifier, zone)
            query = encode_query(number, name, kind, udp_bytes=UDP_BYTES_MAX)
            try:
                response = decode_response(_exchanged(link, query, datagrams=datagrams))
            except (OSError, ProtocolError) as error:
                raise DnsAnswerError(f"the answer to {identifier} cannot be read: {error}") from None
            _check(identifier, name, kind, response, asked.wanted.get(identifier))
    return len(some)


def _check(identifier: str, name: Labels, kind: int, response: Response, wanted: str | None) -> None:
    if any(lowered(record.owner) != name or record.type != kind for record in response.answers):
        raise DnsAnswerError(f"the answer to {identifier} holds records nobody asked for")
    if wanted and not any(wanted.encode() in _text(record) for record in response.answers):
        raise DnsAnswerError(f"the answer to {identifier} ({code_name(response.code)}) does not hold {wanted!r}")


def _text(record: Rr) -> bytes:
    """What a value's text is looked for in: the data, the strings of a TXT record one behind the other."""
    if record.type != TXT:
        return record.data
    parts, at = [], 0
    while at < len(record.data):
        end = at + 1 + record.data[at]
        parts.append(record.data[at + 1 : end])
        at = end
    return b"".join(parts)


def _name(identifier: str, zone: Labels) -> Labels:
    try:
        return name_of(parse_identifier(identifier), zone)
    except DataError as error:
        raise QuestionError(f"{identifier} has no domain name: {error}") from None


@contextlib.contextmanager
def _link(target: Target, *, datagrams: bool, timeout_s: float) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM) as link:
        link.settimeout(timeout_s)
        link.connect((target.address, target.port))
        yield link


def _exchanged(link: socket.socket, query: bytes, *, datagrams: bool) -> bytes:
    """The answer to a query; others that were late are passed over."""
    link.sendall(query if datagrams else len(query).to_bytes(_LENGTH_BYTES, "big") + query)
    while True:
        if datagrams:
            octets = link.recv(_ANSWER_BYTES_MAX)
        else:
            octets = _received(link, int.from_bytes(_received(link, _LENGTH_BYTES), "big"))
        if octets[:2] == query[:2]:
            return octets


def _received(link: socket.socket, size: int) -> bytes:
    octets = b""
    while len(octets) < size:
        more = link.recv(size - len(octets))
        if not more:
            raise ConnectionError("the connection ended")
        octets += more
    return octets
