"""Prepared answers: the common question answered from stored octets, without decoding it (`performance.md` §3).

The common question is a plain resolution of `prefix/suffix` for all values, below a prefix answered here. Its octets are
recognised in place, the record's public values are copied behind the echoed spelling, and the rest of the answer is
patched from the request. Whatever else comes, from a filter to a damaged record, goes back to the chain untouched;
where this answers, the chain would have given the same octets, and a test runs both.
"""

from __future__ import annotations

import struct

from idis.proto.codes import OpFlag, ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, PREFIX_HANDLE_HEAD, fold, parse_prefix
from idis.proto.message import ENVELOPE_BYTES, EXPIRATION_S, HEADER_BYTES, PROTOCOL_VERSION
from idis.registry.authority import responsible_entry
from idis.registry.journal import BEGINNING
from idis.registry.prefix import PrefixState, Privacy
from idis.registry.record import RecordFlag
from idis.registry.store.base import ReadTxn, StoreError
from idis.registry.store.keys import record_key
from idis.registry.template_handles import has_template

PREFIXES_MAX = 4_096  # remembered at a time; forgotten all at once, because the journal moving forgets them too

# major, minor, flags and suggested major, suggested minor, session, request id, sequence, length,
# opcode, response code, opflags, site serial, recursion count, reserved, expiration, body length, identifier length
_REQUEST = struct.Struct(">BBBBIIIIIIIHBBIII")
_RESPONSE = struct.Struct(">BBBBIIIIIIIHBBII")
_SPELLING_AT = ENVELOPE_BYTES + HEADER_BYTES  # its length stands in front of it
_IDENTIFIER_AT = _SPELLING_AT + 4
_FRAME_BYTES_MAX = _IDENTIFIER_AT + IDENTIFIER_BYTES_MAX + 16

# What follows the identifier in the common question: no indexes, no types; IDIS clients add empty authBytes and may
# leave the credential's length out. (octets of the body behind the identifier, octets behind the body)
_TAILS = frozenset(((8, 4), (8, 0), (12, 4), (12, 0)))
_ZEROS = bytes(16)

_MAJOR = 2
_OWN_MINOR = PROTOCOL_VERSION[1]
_EXPIRATION_MAX = 2**32 - 1
_RESOLUTION = 1
_SUCCESS = int(ResponseCode.SUCCESS)
_NOT_FOUND = int(ResponseCode.HANDLE_NOT_FOUND)

_PUBLIC_ONLY = int(OpFlag.PUBLIC_ONLY)
_UNCOMMON_FLAGS = int(
    OpFlag.CERTIFY
    | OpFlag.ENCRYPT
    | OpFlag.REQUEST_DIGEST
    | OpFlag.EXPLAIN
    | OpFlag.FOLLOW_ALIAS
    | OpFlag.IDIS_AUTH_BYTES
)
_ECHOED_FLAGS = int(OpFlag.CACHE_CERTIFY | OpFlag.PUBLIC_ONLY | OpFlag.DO_NOT_REFER)
_ADDED_FLAGS = int(OpFlag.RECURSIVE | OpFlag.AUTHORITATIVE)

_RESTRICTED = int(RecordFlag.RESTRICTED)
_NOT_LIVE = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)
_flag_bits = int.__and__  # the flags' own operator builds an enumeration member, a microsecond each time

_NO_VALUES = b"\x00\x00\x00\x00"
_NO_CREDENTIAL = b"\x00\x00\x00\x00"
_FOUND_TAIL_BYTES = HEADER_BYTES + 4
_NOT_FOUND_BODY = b"\x00\x00\x00\x00"  # an empty message
_PREFIX_HANDLES = PREFIX_HANDLE_HEAD.rstrip("/").encode()  # what stands in front of the slash names prefixes

# A prefix answered here: its folded form, whether suffixes fold, whether everybody is the public.
_Rule = tuple[str, bool, bool]


class Prepared:
    """Answers the common question; knows the prefixes answered here until the journal moves."""

    def __init__(self, site_serial: int) -> None:
        self._site_serial = site_serial
        self._rules: dict[bytes, _Rule | None] = {}
        self._known_at = BEGINNING

    def reply(self, frame: bytes, txn: ReadTxn, now: int) -> tuple[int, bytes] | None:
        """The response code and the octets of the answer; None when this question is not common.

        Args:
            frame: envelope and message as received.
            txn: one snapshot of the registry.
            now: unix time.
        """
        size = len(frame)
        if not _IDENTIFIER_AT < size <= _FRAME_BYTES_MAX:
            return None
        (
            major, _minor, suggested_major, suggested_minor, session_id, request_id, _sequence, length,
            opcode, code, flags, _serial, recursion_count, _reserved, expiration, body_length, spelling_length,
        ) = _REQUEST.unpack_from(frame)  # fmt: skip
        end = _IDENTIFIER_AT + spelling_length
        behind = size - _SPELLING_AT - body_length
        if (
            opcode != _RESOLUTION
            or code
            or flags & _UNCOMMON_FLAGS
            or (major, suggested_major) != (_MAJOR, _MAJOR)
            or length != size - ENVELOPE_BYTES
            or spelling_length > IDENTIFIER_BYTES_MAX
            or (body_length - 4 - spelling_length, behind) not in _TAILS
            or frame[end:] != _ZEROS[: size - end]
        ):
            return None
        found = self._look_up(frame[_IDENTIFIER_AT:end], txn, flags & _PUBLIC_ONLY)
        if found is None:
            return None
        code, body = (_SUCCESS, frame[_SPELLING_AT:end] + found) if found else (_NOT_FOUND, _NOT_FOUND_BODY)
        head = _RESPONSE.pack(
            _MAJOR, min(suggested_minor, _OWN_MINOR), _MAJOR, _OWN_MINOR, session_id, request_id, 0,
            len(body) + _FOUND_TAIL_BYTES, _RESOLUTION, code, flags & _ECHOED_FLAGS | _ADDED_FLAGS, self._site_serial,
            recursion_count, 0, expiration if expiration > now else min(now + EXPIRATION_S, _EXPIRATION_MAX), len(body),
        )  # fmt: skip
        return code, b"".join((head, body, _NO_CREDENTIAL))

    def _look_up(self, spelling: bytes, txn: ReadTxn, public_only: int) -> bytes | None:
        """The public values of the record, empty when there is no such record; None when the chain must decide."""
        slash = spelling.find(b"/")
        if slash <= 0:
            return None
        rule = self._rule(spelling[:slash], txn)
        if rule is None:
            return None
        try:
            suffix = spelling[slash + 1 :].decode()
        except UnicodeDecodeError:
            return None
        if not suffix or not suffix.isprintable():
            return None
        prefix, fold_suffix, strict = rule
        try:
            record = txn.record(record_key(prefix, suffix, fold_suffix))
        except StoreError:
            return None
        if record is None or _flag_bits(record.flags, _NOT_LIVE):
            return b""
        if record.public == _NO_VALUES or (not (public_only or strict) and _flag_bits(record.flags, _RESTRICTED)):
            return None
        return record.public

    def _rule(self, spelling: bytes, txn: ReadTxn) -> _Rule | None:
        position = txn.position
        # One snapshot gives one object, so all but the first question of a batch are spared the comparison.
        if position is not self._known_at:
            if position != self._known_at or len(self._rules) >= PREFIXES_MAX:
                self._rules.clear()
            self._known_at = position
        try:
            return self._rules[spelling]
        except KeyError:
            rule = self._rules[spelling] = _read_rule(spelling, txn)
            return rule


def _read_rule(spelling: bytes, txn: ReadTxn) -> _Rule | None:
    if spelling.upper() == _PREFIX_HANDLES:
        return None
    try:
        prefix = fold(parse_prefix(spelling.decode()))
        entry = responsible_entry(txn, prefix)
    except (UnicodeDecodeError, IdentifierError, StoreError):
        return None
    if entry is None or entry.prefix != prefix or entry.state is not PrefixState.ACTIVE or not entry.answers_here:
        return None
    if has_template(entry):  # what is not registered may still be answered
        return None
    return prefix, entry.fold_suffix, entry.privacy is Privacy.STRICT
