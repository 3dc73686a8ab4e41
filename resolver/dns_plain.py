"""The common DNS question without a compiler: answered from stored octets, without decoding question or values.

Names below one prefix differ in what stands in front of `_`: everything behind it, with type, class and OPT record, comes to
the same for all of them. So that is read once, as any message is, and remembered until the next commit; of a question like
it the item is cut out, its record looked up, and the data of its records are put behind the echoed question. What a record
has come to is kept beside the records themselves, until it changes.

The conditions are those of the compiled step (`proto/_speedups_dns.pxi`); names of more than letters, digits and hyphens,
cookies and strict prefixes are left out as well. Whatever is not plain gives None, and `dns_face.py` answers it, with the
octets this would have given. Rates are not minded here: only who has none may be answered so.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from idis.proto.dns.message import HEADER_BYTES, DnsQuery, Reply, decode_query, encode_reply
from idis.proto.dns.name import LABEL_BYTES_MAX, NAME_BYTES_MAX, Labels, below, lowered, write_name
from idis.proto.dns.naming import ItemName, place_of
from idis.proto.dns.records import IN, NAPTR, OPT, STRING_BYTES_MAX, TXT, URI, naptr, txt, uri
from idis.proto.value import INDEX_MAX, TTL_RELATIVE, TTL_S_MAX
from idis.registry.dns_records import ORDER, PREFERENCE_MAX, TEXT_BYTES_MAX, URL_SERVICE
from idis.registry.store.base import ReadTxn, StoreError
from idis.registry.store.keys import KEY_BYTES_MAX
from idis.resolver.known_records import TABLE_MASK
from idis.resolver.prepared import Prepared

FORMS_MAX = 1_024  # remembered, then forgotten all at once; resolvers that vary the case of letters meet more
TYPES_MAX = 1_024  # of values, for each of which it is remembered what it comes to
URL_BYTES_MAX = STRING_BYTES_MAX - len("!^.*$!!")  # in a substitution
TCP_BYTES_MAX = 65_535  # RFC 1035 §4.2.2

_ITEM = b"\x01_"  # the label behind an item
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
# What stays as it is in a substitution: everything printable but its delimiter and its escape.
_CLEAN = bytes(octet for octet in range(0x21, 0x7F) if octet not in b"!\\")
_KINDS = (NAPTR, URI, TXT)
# In front of a record's key, where every key has a prefix: behind it an asker could write the same octets.
_MARKS = {kind: b"\x00" + kind.to_bytes(2, "big") for kind in _KINDS}
_OPT = b"\x00" + OPT.to_bytes(2, "big")  # how an OPT record begins
_COUNTS_AT = 6  # in the header of an answer: how many records there are

_VALUE = struct.Struct(">IIBIBI")  # up to the type: index, timestamp, TTL type, TTL, permissions, length of the type
_RR = struct.Struct(">HHHIH")  # a pointer to the name that was asked, type, class, TTL, length
_POINTER = 0xC000 | HEADER_BYTES
_NO_REFERENCES = bytes(4)
_PAIR = struct.Struct(">HH")
_read_value, _read_u32, _write_rr = _VALUE.unpack_from, struct.Struct(">I").unpack_from, _RR.pack
_write_pair, _write_u16 = _PAIR.pack, struct.Struct(">H").pack
# What stands between the rank of a NAPTR record and its URL, by the length of that.
_NAPTR_HEADS = tuple(
    naptr(0, 0, b"U", URL_SERVICE, b"!^.*$!" + bytes(size) + b"!")[_PAIR.size : -2 - size] for size in range(URL_BYTES_MAX + 1)
)


# What everything but the item comes to: how far an item may reach, so that neither its label nor the whole name is longer than
# allowed; the octets from the label behind it to the end of the question; those of the longest answer; the answer from its
# flags to the number of questions, the numbers of its other records, its OPT record; what the keys below the prefix start
# with, and whether items are folded in them; the kind that is asked for. A plain tuple, which is taken apart in no time.
_Form = tuple[int, int, int, bytes, bytes, bytes, bytes, bool, int]


class PlainDns:
    """Answers the common questions about one zone.

    Args:
        prepared: knows the prefixes that are answered here.
        zone: lowered.
    """

    def __init__(self, prepared: Prepared, zone: Labels) -> None:
        self._prepared = prepared
        self._records = prepared.records
        self._records.marks = tuple(_MARKS.values())
        self._zone = zone
        self._forms: dict[bytes, _Form] = {}
        self._transaction = -1

    def open(self, txn: ReadTxn) -> None:
        """Begin a batch; `prepared` has been given the same snapshot."""
        if txn.transaction != self._transaction:
            self._transaction = txn.transaction
            self._forms.clear()
        self._known = self._records.current

    def answer(self, packet: bytes, *, datagram: bool = True) -> bytes | None:
        """What answers a message until the next commit; None when the question is not common."""
        cut = packet.find(_ITEM, HEADER_BYTES)
        form = self._forms.get(packet[2:HEADER_BYTES] + packet[cut:])
        if form is None and (form := self._read_form(packet, cut)) is None:
            return None
        cut_max, question_bytes, bytes_max, head, behind_count, opt, start, folds, kind = form
        item = packet[HEADER_BYTES + 1 : cut]
        # One label, which ends where the item does.
        if cut > cut_max or packet[HEADER_BYTES] != len(item):
            return None
        key = start + (item.upper() if folds else item.lower())
        place = _MARKS[kind] + key
        made = self._known[hash(place) & TABLE_MASK].get(place) or self._make(item, key, kind)
        if made is None:
            return None
        question = packet[HEADER_BYTES : cut + question_bytes]
        octets = b"".join((packet[:2], head, made[:2], behind_count, question, made[2:], opt))
        return octets if len(octets) <= (bytes_max if datagram else TCP_BYTES_MAX) else None

    def _make(self, item: bytes, key: bytes, kind: int) -> bytes | None:
        """What the record of an item comes to, to be remembered: the number of its records and these."""
        if not item or item.translate(None, _LETTERS) or len(key) > KEY_BYTES_MAX:  # of what may stand in it most does
            return None
        try:
            values = self._prepared.values_of(key)
        except StoreError:
            return None
        found = None if values is None else _records_of(values, kind)
        if found is None:
            return None
        made = _write_u16(found[0]) + found[1]
        self._records.add(_MARKS[kind] + key, made)
        return made

    def _read_form(self, packet: bytes, cut: int) -> _Form | None:
        """What a question like this one comes to, to be remembered; None when none like it is common."""
        query = decode_query(packet) if cut >= 0 else None
        if not isinstance(query, DnsQuery) or not _is_plain(query, packet):
            return None
        front = below(lowered(query.labels), self._zone)
        place = None if front is None else place_of(front)
        if not isinstance(place, ItemName):
            return None
        below_prefix = self._prepared.keys_below(place.identifier.folded_prefix)
        if below_prefix is None:
            return None
        empty = encode_reply(query, Reply(), query.udp_bytes)
        question_bytes = HEADER_BYTES + len(query.question) - cut
        name_bytes = question_bytes - _PAIR.size
        form: _Form = (
            HEADER_BYTES + min(1 + LABEL_BYTES_MAX, NAME_BYTES_MAX - name_bytes),
            question_bytes,
            query.udp_bytes,
            empty[2:_COUNTS_AT],
            empty[_COUNTS_AT + 2 : HEADER_BYTES],
            empty[HEADER_BYTES + len(query.question) :],
            *below_prefix,
            query.type,
        )
        if len(self._forms) >= FORMS_MAX:
            self._forms.clear()
        self._forms[packet[2:HEADER_BYTES] + packet[cut:]] = form
        return form


def _is_plain(query: DnsQuery, packet: bytes) -> bool:
    """Whether nothing in a question but its item depends on where it stands or who asks."""
    rest = packet[HEADER_BYTES + len(query.question) :]
    counts = packet[_COUNTS_AT:HEADER_BYTES]
    return (
        query.type in _KINDS
        and query.class_ == IN
        and len(write_name(query.labels)) + _PAIR.size == len(query.question)  # no pointers
        and (
            (not rest and counts == bytes(6))
            or (rest.startswith(_OPT) and counts == b"\0\0\0\0\0\1" and query.edns is not None and query.edns.cookie is None)
        )
    )


def _records_of(values: bytes, kind: int) -> tuple[int, bytes] | None:
    """How many records of a kind public values are, and their octets; None when there are none, or a value is not plain."""
    make = _MAKERS[kind]
    data: list[bytes] = []
    ttl_s, at = TTL_S_MAX, 4
    try:
        for _ in range(_read_u32(values)[0]):
            index, _timestamp, ttl_type, ttl, _permissions, type_bytes = _read_value(values, at)
            type_at = at + _VALUE.size
            type_end = type_at + type_bytes
            start = type_end + 4
            end = start + _read_u32(values, type_end)[0]
            at = end + 4
            if ttl_type != TTL_RELATIVE or not index or index > INDEX_MAX or values[end:at] != _NO_REFERENCES:
                return None
            name = values[type_at:type_end]
            matters = _matters(name, kind)
            if not matters:
                if matters is None:
                    return None
                continue
            made = make(index, name, values[start:end])
            if made is None:
                return None
            if made:
                data.append(made)
                if ttl < ttl_s:
                    ttl_s = ttl
    except struct.error:
        return None
    if not data or at != len(values):
        return None
    records = b""
    for one in data:
        records += _write_rr(_POINTER, kind, IN, ttl_s, len(one)) + one
    return len(data), records


@lru_cache(TYPES_MAX)
def _matters(name: bytes, kind: int) -> bool | None:
    """Whether values of a type may have records of a kind; None when that is not plain."""
    if not name.isascii():
        return None
    folded = name.upper()
    if kind == TXT:
        return None if folded.startswith(b"HS_") else True
    return folded == b"URL" or folded.startswith(b"URL.")


# The data of a value's record, by kind: nothing when it has none, None when that is not plain.


def _naptr_of(index: int, _name: bytes, url: bytes) -> bytes | None:
    if url.translate(None, _CLEAN):
        return None
    if not 0 < len(url) <= URL_BYTES_MAX:
        return b""
    rank = index if index < PREFERENCE_MAX else PREFERENCE_MAX
    return _write_pair(ORDER, rank) + _NAPTR_HEADS[len(url)] + url + b"!\x00"


def _uri_of(index: int, _name: bytes, url: bytes) -> bytes | None:
    return None if url.translate(None, _CLEAN) else uri(min(index, PREFERENCE_MAX), 1, url) if url else b""


def _txt_of(_index: int, name: bytes, data: bytes) -> bytes | None:
    return txt(b"%b=%b" % (name, data)) if len(data) <= TEXT_BYTES_MAX else b""


_MAKERS = {NAPTR: _naptr_of, URI: _uri_of, TXT: _txt_of}
