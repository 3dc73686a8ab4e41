"""Where everything lies in a store: the key layout of `storage.md` §3.

Integers in keys are big-endian, so that octet order is logical order. A zero octet ends a prefix: it is part of neither
prefix nor suffix and sorts below `.` and the digits, so the records of `88.118` and of `88.118.8` do not interleave. A
part that would make a key longer than the engine allows is replaced by `ff` and its BLAKE2b-256: the octet `ff` never
occurs in UTF-8, so a hashed part is never mistaken for text.
"""

from __future__ import annotations

from hashlib import blake2b

from idis.proto.errors import IdentifierError
from idis.proto.identifier import Identifier, fold, parse_identifier
from idis.registry.journal import Position
from idis.registry.record import Alias
from idis.registry.store.base import OutcomeKey

KEY_BYTES_MAX = 480  # below LMDB's 511; leaves room for what a table puts around a record key
ALIAS_PART_BYTES_MAX = 200  # longer second names are hashed: their form must not depend on the record they name

LABEL_BYTES_MAX = 255  # a longer label is part of no prefix

# Tables are named databases; each name is also part of every digest, so that a value in the wrong table is noticed.
META = b"meta"
PREFIX = b"prefix"
ROUTE = b"route"
RECORD = b"record"
JOURNAL = b"journal"
ALIAS = b"alias"
OUTCOME = b"outcome"
STAT = b"stat"
DOCUMENT = b"document"
AUDIT = b"audit"
EDGE = b"edge"
EVENT = b"event"
EVENT_TIME = b"event_time"
EVENT_ID = b"event_id"
LATER_TABLES = (DOCUMENT, AUDIT, EDGE, EVENT, EVENT_TIME, EVENT_ID)  # an older store gets them when it is opened
TABLES = (META, PREFIX, ROUTE, RECORD, JOURNAL, ALIAS, OUTCOME, STAT, *LATER_TABLES)

META_STORE = b"store"  # what the store is: format, engine, epoch
META_TRIMMED = b"trimmed"  # position of the youngest journal entry that was trimmed away
META_DOCUMENTS = b"documents"  # tally of the documents
META_AUDITS = b"audits"  # tally of the audit lines
META_EDGES = b"edges"  # tally of the rows of edges
META_EVENTS = b"events"  # tally of the events

AUDIT_KEY_BYTES = 24

BUCKET = 0  # a prefix has one bucket until it is spread over shards

_ZERO = b"\x00"
_ONE = b"\x01"
_HASHED = b"\xff"
_HASH_BYTES = 32


def record_key(prefix_folded: str, suffix: str, fold_suffix: bool) -> bytes:
    """The key of `prefix/suffix`: `P 0 S`, or `P 0 ff ‖ BLAKE2b-256(S)` when that is longer than KEY_BYTES_MAX.

    Args:
        prefix_folded: as `Identifier.folded_prefix` gives it.
        suffix: as spelled; it is folded here when the prefix says so.
        fold_suffix: `PrefixEntry.fold_suffix`.

    Raises:
        IdentifierError: the text has no UTF-8 form.
    """
    try:
        key = f"{prefix_folded}\x00{fold(suffix) if fold_suffix else suffix}".encode()
    except UnicodeEncodeError as error:
        raise IdentifierError("the identifier is not UTF-8 text", position=error.start) from None
    if len(key) <= KEY_BYTES_MAX:
        return key
    start = key.index(0) + 1
    return key[:start] + _hashed(key[start:])


def identifier_key(identifier: str, fold_suffix: bool) -> tuple[Identifier, bytes]:
    """Parse the spelling of a record's identifier and give its key.

    Raises:
        IdentifierError: it is none, or it names a prefix, which is not a record.
    """
    parsed = parse_identifier(identifier)
    if parsed.suffix is None:
        raise IdentifierError(f"{identifier} names a prefix, not a record below one")
    return parsed, record_key(parsed.folded_prefix, parsed.suffix, fold_suffix)


def prefix_of(key: bytes) -> str:
    """The folded prefix of a record key."""
    return key[: key.index(0)].decode()


def spelling_of(key: bytes) -> str | None:
    """The identifier a record key spells in its folded form, None when the suffix is hashed."""
    prefix, _, suffix = key.partition(_ZERO)
    return None if suffix[:1] == _HASHED else f"{prefix.decode()}/{suffix.decode()}"


def is_hashed(key: bytes) -> bool:
    """Whether a record key holds a hash in place of its suffix."""
    return _HASHED in key  # which no text does


def prefix_bounds(prefix_folded: str) -> tuple[bytes, bytes]:
    """The half-open range of keys that holds the records of exactly this prefix."""
    octets = prefix_folded.encode()
    return octets + _ZERO, octets + _ONE


def route_key(start: str) -> bytes:
    """The key of a range of prefixes by its first one: `parent 0 length u8 last-label`.

    The length stands before the label, so that ranges of one parent and one label length lie side by side in numeric
    order, whatever ranges of other lengths exist.
    """
    parent, _, label = start.rpartition(".")
    octets = label.encode()
    return parent.encode() + _ZERO + bytes((min(len(octets), LABEL_BYTES_MAX),)) + octets


def alias_head(alias: Alias) -> bytes:
    """What the keys of one second name begin with: `scheme 0 local-id 0`."""
    local = alias.local_id.encode()
    if len(local) > ALIAS_PART_BYTES_MAX:
        local = _hashed(local)
    return alias.scheme.encode() + _ZERO + local + _ZERO


def alias_key(alias: Alias, key: bytes) -> bytes:
    """The key that says: the record of `key` has this second name. Too long a record key is hashed inside it."""
    head = alias_head(alias)
    return head + (key if len(head) + len(key) <= KEY_BYTES_MAX else _hashed(key))


def alias_start(scheme: str, local_id: str) -> bytes:
    """Where the second names of a scheme begin that are not before one."""
    return scheme.encode() + _ZERO + local_id.encode()


def local_id_of(scheme: str, place: bytes) -> str | None:
    """The local id in a key of a second name; None where it is of another scheme, or is kept as its digest."""
    head = scheme.encode() + _ZERO
    local = place[len(head) :].partition(_ZERO)[0]
    return local.decode() if place.startswith(head) and local[:1] != _HASHED else None


def outcome_key(hour: int, outcome: OutcomeKey) -> bytes:
    """The key of a write's outcome: time first, so that old hours are deleted as one range."""
    return hour.to_bytes(4, "big") + outcome.principal + outcome.key


def stat_key(prefix_folded: str, bucket: int = BUCKET) -> bytes:
    """The key of a prefix's counts."""
    return prefix_folded.encode() + bytes((bucket,))


def document_key(kind: int, key: bytes) -> bytes:
    """The key of a document: kind u8, then the key its owner gave it. Those of a kind lie together, in key order."""
    return bytes((kind,)) + key


def audit_key(time_ms: int, position: Position) -> bytes:
    """The key of an audit line: time first, so that old ones are deleted as one range, then what tells apart lines of one
    moment: commit u64 and index u64 of its journal entry."""
    return time_ms.to_bytes(8, "big") + position.encode()[4:]


def audit_time_ms(place: bytes) -> int:
    """When the line of a key was written, unix time in milliseconds."""
    return int.from_bytes(place[:8], "big")


def _hashed(part: bytes) -> bytes:
    return _HASHED + blake2b(part, digest_size=_HASH_BYTES).digest()
