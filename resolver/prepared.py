"""Common questions answered from stored octets, without decoding them (`performance.md` §3).

Four questions are common: a record below a prefix answered here, for all values; a name below any other prefix, which
gets the same answer whatever its suffix; a prefix itself, for any types; and whatever the recursor's cache has fresh.
Their octets are recognised in place, the values are copied behind the echoed spelling, and the rest of the answer is
patched from the request. Whatever else comes, from a filter to a damaged record, goes back to the chain untouched; where
this answers, the chain would have given the same octets, and a test runs both.

Clients vary their requests little: most differ in request id and name alone. So what a request's header comes to is kept
for the second in which it holds, what a prefix comes to until the next commit, and both together as a *form*: everything of
a question in front of the suffix, with all that its answer has around suffix and values. Where no compiled step keeps an
index of them, records are kept too, each until it changes (`known_records.py`).
"""

from __future__ import annotations

import contextlib
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from idis.proto.codes import OpFlag, ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.exchange import query_of, response_message
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, PREFIX_HANDLE_HEAD, fold, parse_prefix
from idis.proto.message import ENVELOPE_BYTES, EXPIRATION_S, HEADER_BYTES, PROTOCOL_VERSION, decode_message
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.registry import authority
from idis.registry.prefix import PrefixState, Privacy
from idis.registry.record import NO_VALUES, RecordFlag
from idis.registry.store.base import ReadTxn, StoreError
from idis.registry.store.keys import KEY_BYTES_MAX, is_hashed, record_key
from idis.registry.template_handles import has_template
from idis.resolver.handlers.access import HEARTBEAT
from idis.resolver.known_records import TABLE_MASK, FollowedRecords
from idis.resolver.recursion.cache import Key, cache_key, plain_key
from idis.resolver.recursion.recursor import Recursor

# Each is remembered up to its number and then forgotten all at once: who varies everything gains nothing and costs little.
PREFIXES_MAX = 4_096
SHAPES_MAX = 1_024
FORMS_MAX = 4_096
MIDDLES_MAX = 16_384  # of all forms, 100 octets each

# major, minor, flags and suggested major, suggested minor, session, request id, sequence, length,
# opcode, response code, opflags, site serial, recursion count, reserved, expiration, body length, identifier length
_REQUEST = struct.Struct(">BBBBIIIIIIIHBBIII")
# version, session and request id, sequence, length, opcode to expiration, body length
_RESPONSE = struct.Struct(">4s8sII20sI")
_HEADER = struct.Struct(">IIIHBBI")  # opcode to expiration
_SPELLING_AT = ENVELOPE_BYTES + HEADER_BYTES  # its length stands in front of it
_IDENTIFIER_AT = _SPELLING_AT + 4
_FRAME_BYTES_MAX = _IDENTIFIER_AT + IDENTIFIER_BYTES_MAX + 16
_BODY_BYTES_AT = _SPELLING_AT - 4

# What follows the identifier when everything is asked for: no indexes, no types; IDIS clients add empty authBytes and may
# leave the credential's length out. (octets of the body behind the identifier, octets behind the body)
_TAILS = frozenset(((8, 4), (8, 0), (12, 4), (12, 0)))
_FILTERED = bytes(_FRAME_BYTES_MAX + 1)  # the tail of a question with a filter: no frame ends so

_MAJOR = 2
_OWN_MINOR = PROTOCOL_VERSION[1]
_EXPIRATION_MAX = 2**32 - 1
_RESOLUTION = 1
_SUCCESS = int(ResponseCode.SUCCESS)
_NOT_FOUND = int(ResponseCode.HANDLE_NOT_FOUND)
NO_VALUES_CODE = int(ResponseCode.VALUES_NOT_FOUND)
_NOT_RESPONSIBLE = int(ResponseCode.SERVER_NOT_RESPONSIBLE)

_PUBLIC_ONLY = int(OpFlag.PUBLIC_ONLY)
_DO_NOT_REFER = int(OpFlag.DO_NOT_REFER)
_AUTHORITATIVE = int(OpFlag.AUTHORITATIVE)
_UNCOMMON_FLAGS = int(
    OpFlag.CERTIFY
    | OpFlag.ENCRYPT
    | OpFlag.REQUEST_DIGEST
    | OpFlag.EXPLAIN
    | OpFlag.FOLLOW_ALIAS
    | OpFlag.IDIS_AUTH_BYTES
)
_ECHOED_FLAGS = int(OpFlag.CACHE_CERTIFY | OpFlag.PUBLIC_ONLY | OpFlag.DO_NOT_REFER)
_RECURSIVE = int(OpFlag.RECURSIVE)

_RESTRICTED = int(RecordFlag.RESTRICTED)
NOT_LIVE = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)

_NO_CREDENTIAL = b"\x00\x00\x00\x00"
_EMPTY_MESSAGE = b"\x00\x00\x00\x00"
_AROUND_BODY = HEADER_BYTES + len(_NO_CREDENTIAL)
_PREFIX_HANDLES = PREFIX_HANDLE_HEAD.rstrip("/").encode()  # what stands in front of the slash names prefixes
_HEARTBEAT = HEARTBEAT.encode()


class _Shape(NamedTuple):
    """What a request's header comes to, at one second."""

    size: int  # of the whole frame
    end: int  # of the identifier
    tail: bytes  # what must follow it if everything is asked for
    public_only: int
    version: bytes  # the answer's first four octets
    found: bytes  # the answer's octets from opcode to expiration
    absent: bytes  # the whole answer behind the ids, for a name that does not exist
    echoed: tuple[int, int, int]  # what other answers are made from: flags, recursion count, expiration


class _Home(NamedTuple):
    """A prefix answered here: what its keys start with, and how it treats names and readers."""

    start: bytes
    prefix: str
    fold_suffix: bool
    strict: bool
    templated: bool  # what is not registered may still be answered
    metered: bool  # every question is counted
    decoys: tuple[bytes, bytes]  # below a strict prefix


# What a question comes to but for its suffix: where that ends, what must follow, what its key starts with, whether it is
# folded there, the answer's first four octets, the octets between ids and suffix by the length of the values, and what all
# this was made from. A plain tuple, which is taken apart in a tenth of the time a named one needs.
_Form = tuple[int, bytes, bytes, bool, bytes, dict[int, bytes], _Shape, _Home]


class _Restricted(bytes):
    """Public values of a record that has others: not for everybody, and therefore false, as if they were not known."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


class _Fixed(NamedTuple):
    """An answer that depends on nothing but the prefix: response code and body."""

    code: int
    body: bytes


def _never(_query: Query, _txn: ReadTxn) -> bool:
    return False


class Prepared:
    """Answers the common questions of one batch after the other.

    Args:
        site_serial: of this node's HS_SITE.
        site: this node's HS_SITE, as the authority step knows it.
        recursor: of a node that recurses.
        known_bytes: memory for records that need not be read again; see `known_records.py`.
        may_be_foreign: whether what the authority lost may be a name of another scheme, for the chain to take up.

    Attributes:
        answered: response code → answers, for the batch to take.
        records: public values of records that are there and have some.
    """

    def __init__(
        self,
        site_serial: int,
        site: bytes = b"",
        recursor: Recursor | None = None,
        known_bytes: int = 0,
        may_be_foreign: Callable[[Query, ReadTxn], bool] = _never,
    ) -> None:
        self._site_serial = site_serial
        self._site = site
        self._recursor = recursor
        self._may_be_foreign = may_be_foreign
        self._shapes: dict[bytes, _Shape] = {}
        self._homes: dict[bytes, _Home | None] = {}
        self._below: dict[bytes, _Fixed | str | None] = {}  # prefix answered elsewhere → answer, or its folded form: recurse
        self._named: dict[tuple[bytes, int], _Fixed | Key | None] = {}  # question for a prefix itself
        self._forms: dict[bytes, _Form] = {}
        self._middles = 0  # of all forms
        self.records = FollowedRecords(known_bytes)
        self._transaction = self._now = -1
        self.answered: defaultdict[int, int] = defaultdict(int)

    def open(self, txn: ReadTxn, now: int) -> None:
        """Begin a batch: one snapshot of the registry, one unix time."""
        if txn.transaction != self._transaction:
            self._transaction = txn.transaction
            for known in (self._homes, self._below, self._named):
                known.clear()
            self._forget_forms()
            self.records.follow(txn)
        elif self.records.is_behind:
            self.records.follow(txn)
        self.records.free()
        if now != self._now:
            self._now = now
            self._shapes.clear()
            self._forget_forms()
        self._txn = txn
        self._public = txn.public

    def reply(self, frame: bytes) -> bytes | None:
        """The octets of the answer; None when this question is not common.

        Args:
            frame: envelope and message as received.
        """
        return self.replies((frame,))[0]

    def replies(self, frames: Iterable[bytes]) -> list[bytes | None]:
        """`reply` for many; little else happens on the way of a common question."""
        find, known = self._forms.get, self.records.current
        join = b"".join
        answers: list[bytes | None] = []
        add = answers.append
        found = 0
        for frame in frames:
            suffix_at = frame.find(b"/", _IDENTIFIER_AT) + 1
            form = find(frame[:4] + frame[16:suffix_at])
            if form is None:
                add(self._reply_slowly(frame))
                continue
            end, tail, start, folds, version, middles, _, _ = form
            suffix = frame[suffix_at:end]
            if frame[end:] != tail:
                add(None)
                continue
            key = start + suffix.upper() if folds else start + suffix
            values = known[hash(key) & TABLE_MASK].get(key)
            if not values:
                add(self._reply_from_store(frame, suffix, key, values, form))
                continue
            middle = middles.get(len(values)) or self._middle(frame, len(values), form)
            add(join((version, frame[4:12], middle, suffix, values, _NO_CREDENTIAL)))
            found += 1
        if found:
            self.answered[_SUCCESS] += found
        return answers

    def keys_below(self, prefix: str) -> tuple[bytes, bool] | None:
        """What the keys below a folded prefix start with, and whether suffixes are folded in them.

        None when not every asker may be shown what is there, or its questions are counted.
        """
        spelling = prefix.encode()
        home = self._homes.get(spelling) or self._read_home(spelling)
        return None if home is None or home.strict or home.metered else (home.start, home.fold_suffix)

    def values_of(self, key: bytes) -> bytes | None:
        """The public values of a record below a prefix of `keys_below`; None when it is not there to be shown.

        Raises:
            StoreError: it cannot be read.
        """
        values = self.records.current[hash(key) & TABLE_MASK].get(key)
        if values is None:
            record = self._public(key)
            if record is None or record[0] & NOT_LIVE or record[1] == NO_VALUES:
                return None
            return record[1]
        return values

    # A name below a prefix that is answered here.

    def _reply_from_store(
        self, frame: bytes, suffix: bytes, key: bytes, values: bytes | None, form: _Form
    ) -> bytes | None:
        """The answer for a record that is not known, or is not for everybody."""
        _, _, _, _, version, middles, shape, home = form
        if values is None:
            if not _is_printable(suffix):  # which no record that is known need be asked
                return None
            try:
                record = self._public(key)
            except StoreError:
                return None
            if record is None or record[0] & NOT_LIVE or (record[1] == NO_VALUES and home.strict):
                return self._reply_absent(frame, shape, home, is_there=record is not None)
            if record[1] == NO_VALUES:
                return None
            flags, values = record
            if flags & _RESTRICTED:
                values = _Restricted(values)
            if not is_hashed(key):  # a digest is no suffix, but its octets could be asked for
                self.records.add(key, values)
        if not values and not (shape.public_only or home.strict):
            return None
        self.answered[_SUCCESS] += 1
        middle = middles.get(len(values)) or self._middle(frame, len(values), form)
        return b"".join((version, frame[4:12], middle, suffix, values, _NO_CREDENTIAL))

    def _reply_absent(self, frame: bytes, shape: _Shape, home: _Home, *, is_there: bool) -> bytes | None:
        """The answer where there is no record, or one that nobody is shown."""
        if home.templated:
            return None
        # A record that strict prefixes hide whole is answered where an absent one is: time would tell them apart.
        if home.strict:
            self._read_decoy(home.decoys[not is_there])
        self.answered[_NOT_FOUND] += 1
        return shape.version + frame[4:12] + shape.absent

    def _read_decoy(self, key: bytes) -> None:
        """Read a record where there was none, or nothing where there was one: both have cost the same then."""
        with contextlib.suppress(StoreError):
            self._public(key)

    def _reply_slowly(self, frame: bytes) -> bytes | None:
        """As `reply`, for a question whose form is not known; it is from now on if it has one."""
        shape = self._shapes.get(frame[:4] + frame[16:_IDENTIFIER_AT]) or self._read_shape(frame)
        if shape is None or len(frame) != shape.size:
            return None
        prefix, _, suffix = frame[_IDENTIFIER_AT : shape.end].partition(b"/")
        home = self._homes.get(prefix)
        if home is None or not suffix or not frame.endswith(shape.tail):
            return self._reply_to_others(frame, shape, prefix, suffix)
        if home.metered or not _is_printable(suffix):
            return None
        form: _Form = (shape.end, shape.tail, home.start, home.fold_suffix, shape.version, {}, shape, home)
        key = home.start + (suffix.upper() if home.fold_suffix else suffix)
        if len(key) > KEY_BYTES_MAX:
            key = record_key(home.prefix, suffix.decode(), home.fold_suffix)
        elif prefix.upper() != _PREFIX_HANDLES:
            if len(self._forms) >= FORMS_MAX:
                self._forget_forms()
            self._forms[frame[:4] + frame[16 : _IDENTIFIER_AT + len(prefix) + 1]] = form
        values = self.records.current[hash(key) & TABLE_MASK].get(key)
        return self._reply_from_store(frame, suffix, key, values, form)

    def _middle(self, frame: bytes, values_bytes: int, form: _Form) -> bytes:
        """What stands in the answer between ids and suffix, to be remembered."""
        end, _, _, _, _, middles, shape, _ = form
        body_bytes = end - _SPELLING_AT + values_bytes
        head = _RESPONSE.pack(b"", b"", 0, body_bytes + _AROUND_BODY, shape.found, body_bytes)
        self._middles += 1
        if self._middles > MIDDLES_MAX:
            self._forget_forms()
        middle = middles[values_bytes] = head[12:] + frame[_SPELLING_AT : frame.index(b"/", _IDENTIFIER_AT) + 1]
        return middle

    def _forget_forms(self) -> None:
        self._forms.clear()
        self._middles = 0

    def _read_shape(self, frame: bytes) -> _Shape | None:
        """What the header comes to, to be remembered; None when no question with it is common."""
        size = len(frame)
        if not _IDENTIFIER_AT < size <= _FRAME_BYTES_MAX:
            return None
        (
            major, _minor, suggested_major, suggested_minor, _session_id, _request_id, _sequence, length,
            opcode, code, flags, _serial, recursion_count, _reserved, expiration, body_bytes, spelling_bytes,
        ) = _REQUEST.unpack_from(frame)  # fmt: skip
        end = _IDENTIFIER_AT + spelling_bytes
        body_end = _SPELLING_AT + body_bytes
        if (
            opcode != _RESOLUTION
            or code
            or flags & _UNCOMMON_FLAGS
            or (major, suggested_major) != (_MAJOR, _MAJOR)
            or length != size - ENVELOPE_BYTES
            or not 0 < spelling_bytes <= IDENTIFIER_BYTES_MAX
            or not end <= body_end <= size
        ):
            return None
        if expiration <= self._now:
            expiration = min(self._now + EXPIRATION_S, _EXPIRATION_MAX)
        shape = _Shape(
            size=size,
            end=end,
            tail=bytes(size - end) if (body_end - end, size - body_end) in _TAILS else _FILTERED,
            public_only=flags & _PUBLIC_ONLY,
            version=bytes((_MAJOR, min(suggested_minor, _OWN_MINOR), _MAJOR, _OWN_MINOR)),
            found=self._header(_SUCCESS, _AUTHORITATIVE, flags, recursion_count, expiration),
            absent=self._absent(flags, recursion_count, expiration),
            echoed=(flags, recursion_count, expiration),
        )
        if len(self._shapes) >= SHAPES_MAX:
            self._shapes.clear()
        self._shapes[frame[:4] + frame[16:_IDENTIFIER_AT]] = shape
        return shape

    def _header(self, code: int, added_flags: int, flags: int, recursion_count: int, expiration: int) -> bytes:
        flags = flags & _ECHOED_FLAGS | _RECURSIVE | added_flags
        return _HEADER.pack(_RESOLUTION, code, flags, self._site_serial, recursion_count, 0, expiration)

    def _absent(self, flags: int, recursion_count: int, expiration: int) -> bytes:
        header = self._header(_NOT_FOUND, _AUTHORITATIVE, flags, recursion_count, expiration)
        whole = _RESPONSE.pack(b"", b"", 0, len(_EMPTY_MESSAGE) + _AROUND_BODY, header, len(_EMPTY_MESSAGE))
        return whole[12:] + _EMPTY_MESSAGE + _NO_CREDENTIAL

    # What is not below a prefix that is known to be answered here.

    def _reply_to_others(self, frame: bytes, shape: _Shape, prefix: bytes, suffix: bytes) -> bytes | None:
        if not suffix or prefix.upper() == _PREFIX_HANDLES:
            return self._reply_for_prefix(frame, shape)
        if not frame.endswith(shape.tail):
            return None
        if prefix not in self._homes:
            home = self._homes[prefix] = self._read_home(prefix)
            if home is not None:
                return self.reply(frame)
        if shape.echoed[0] & _DO_NOT_REFER or not (suffix.isalnum() or _is_printable(suffix)):
            return None
        if prefix not in self._below:
            decided = self._decide(frame)
            self._below[prefix] = decided.identifier.folded_prefix if isinstance(decided, Query) else decided
        known = self._below[prefix]
        if isinstance(known, str):
            return self._reply_from_cache(frame, shape, plain_key(known, suffix.decode(), bool(shape.public_only)))
        return None if known is None else self._write(frame, shape, known, _AUTHORITATIVE)

    def _reply_for_prefix(self, frame: bytes, shape: _Shape) -> bytes | None:
        if shape.echoed[0] & _DO_NOT_REFER or frame[_IDENTIFIER_AT : shape.end] == _HEARTBEAT:
            return None
        question = frame[_BODY_BYTES_AT:], shape.public_only
        if question not in self._named:
            decided = self._decide(frame)
            if len(self._named) >= PREFIXES_MAX:
                self._named.clear()
            self._named[question] = cache_key(decided) if isinstance(decided, Query) else decided
        known = self._named[question]
        if isinstance(known, _Fixed):
            return self._write(frame, shape, known, _AUTHORITATIVE)
        return None if known is None else self._reply_from_cache(frame, shape, known)

    def _reply_from_cache(self, frame: bytes, shape: _Shape, key: Key) -> bytes | None:
        if self._recursor is None or shape.echoed[0] & _AUTHORITATIVE:
            return None
        match self._recursor.ready(key, self._now):
            case Answer(values=values):
                known = _Fixed(_SUCCESS, frame[_SPELLING_AT : shape.end] + values)
            case NotFound():
                known = _Fixed(_NOT_FOUND, _EMPTY_MESSAGE)
            case NoValues():
                known = _Fixed(NO_VALUES_CODE, _EMPTY_MESSAGE)
            case _:
                return None
        return self._write(frame, shape, known, 0)

    def _write(self, frame: bytes, shape: _Shape, known: _Fixed, added_flags: int) -> bytes:
        code, body = known
        self.answered[code] += 1
        header = self._header(code, added_flags, *shape.echoed)
        head = _RESPONSE.pack(shape.version, frame[4:12], 0, len(body) + _AROUND_BODY, header, len(body))
        return b"".join((head, body, _NO_CREDENTIAL))

    def _read_home(self, spelling: bytes) -> _Home | None:
        """The prefix, if the records below it are here to be shown."""
        if len(self._homes) >= PREFIXES_MAX:
            self._homes.clear()
            self._below.clear()
        try:
            prefix = fold(parse_prefix(spelling.decode()))
            entry = authority.responsible_entry(self._txn, prefix)
        except (UnicodeDecodeError, IdentifierError, StoreError):
            return None
        if entry is None or entry.prefix != prefix or entry.state is not PrefixState.ACTIVE or not entry.answers_here:
            return None
        strict = entry.privacy is Privacy.STRICT
        metered = bool(entry.daily_quota)
        start = f"{prefix}\x00".encode()
        decoys = authority.decoys(self._txn, prefix) if strict else (b"", b"")
        return _Home(start, prefix, entry.fold_suffix, strict, has_template(entry), metered, decoys)

    def _decide(self, frame: bytes) -> _Fixed | Query | None:
        """What the steps make of a question: an answer for all like it, a matter for the recursor, or not common."""
        try:
            message = decode_message(frame)
            query = query_of(message)
            outcome = authority.answer(query, self._txn, self._now, site=self._site)
            if _is_lost(outcome) and self._may_be_foreign(query, self._txn):
                return None
        except (ProtocolError, StoreError):
            return None
        if self._recursor is not None and _is_elsewhere(outcome):
            return query
        if isinstance(outcome, Refused) and outcome.code != _NOT_RESPONSIBLE:
            return None  # may hold a challenge, which is never the same twice
        answer = response_message(message, outcome, site_serial=self._site_serial, primary=True, now=self._now)
        return _Fixed(answer.response_code, answer.body)


def _is_elsewhere(outcome: Outcome) -> bool:
    return isinstance(outcome, Referral) or (isinstance(outcome, Refused) and outcome.code == _NOT_RESPONSIBLE)


def _is_lost(outcome: Outcome) -> bool:
    return isinstance(outcome, NotFound) or (isinstance(outcome, Refused) and outcome.code == _NOT_RESPONSIBLE)


def _is_printable(suffix: bytes) -> bool:
    try:
        return suffix.decode().isprintable()
    except UnicodeDecodeError:
        return False
