"""What stands in the answer index for a record and for a prefix: which questions, and the octets of their answers.

Only what every asker gets alike: records below active prefixes answered here whose suffixes fold, active prefixes
themselves for the types that clients ask for, and the referrals of what lies below prefixes answered elsewhere. A record
with restricted values is there for those alone who ask for public ones. All else, and every name that does not exist, is
left to the store (`resolver/prepared.py`, `registry/authority.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from idis.proto._speedups import (
    KIND_BELOW,
    KIND_RECORD,
    KIND_SITE,
    KIND_SITES,
    KIND_SITES_NAMESPACE,
    OWN,
    PUBLIC_ONLY,
    VALUE_BYTES_MAX,
)
from idis.proto.codes import ResponseCode
from idis.proto.identifier import PREFIX_HANDLE_HEAD, Identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.registry import authority
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.record import NO_VALUES, RecordFlag
from idis.registry.store.base import ReadTxn

_RECORD = bytes((KIND_RECORD,))
_BELOW = bytes((KIND_BELOW,))
_HASHED = b"\xff"  # stands in a key for a suffix too long to be spelled there (`store/keys.py`)
_EMPTY_MESSAGE = b"\x00\x00\x00\x00"
_NO_HANDLE = b"\x00\x00\x00\x00"  # a referral names its sites itself
_HEARTBEAT = "0"  # what idle IDIS clients resolve (`wire.md` §17.11); no answer of the registry may stand in its place
_NOT_SHOWN = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)
_RESTRICTED = int(RecordFlag.RESTRICTED)

# Kind → the types its questions name (`proto/_speedups.pyi`).
TYPES_OF_KIND: dict[int, tuple[str, ...]] = {
    KIND_RECORD: (),
    KIND_SITE: ("HS_SITE",),
    KIND_SITES: ("HS_SITE", "HS_SITE.6", "HS_SERV"),
    KIND_SITES_NAMESPACE: ("HS_SITE", "HS_SITE.6", "HS_SERV", "HS_NAMESPACE"),
}
KEYS_PER_PREFIX = len(TYPES_OF_KIND) + 1 + 3  # all values have two spellings, and one key holds three referrals


class Item(NamedTuple):
    """One entry of the index; `value` None: no answer may stand under this key."""

    key: bytes
    value: bytes | None
    code: int = int(ResponseCode.SUCCESS)
    flags: int = OWN


class Home(NamedTuple):
    """What decides how the records below a prefix are answered."""

    strict: bool


def home_of(entry: PrefixEntry | None, txn: ReadTxn) -> Home | None:
    """The prefix as a home of records the index may hold; None when it may hold none of them.

    Args:
        entry: of the prefix.
        txn: the snapshot it was read from, in which a prefix above may be suspended.
    """
    if entry is None or entry.state is not PrefixState.ACTIVE or not entry.answers_here or not entry.fold_suffix:
        return None
    if entry.daily_quota or authority.stopped_by(txn, entry.prefix) is not None:
        return None
    return Home(entry.privacy is Privacy.STRICT)


def record_item(key: bytes, public: tuple[int, bytes] | None, home: Home | None) -> Item | None:
    """What stands in the index for a record.

    Args:
        key: its record key.
        public: `ReadTxn.public` of it.
        home: of its prefix.

    Returns:
        The entry; None for a key that spells no identifier.
    """
    place = _place_of(key)
    if place is None:
        return None
    if home is None or public is None:
        return Item(place, None)
    flags, value = public
    if flags & _NOT_SHOWN or value == NO_VALUES or len(value) > VALUE_BYTES_MAX:
        return Item(place, None)
    if flags & _RESTRICTED and not home.strict:
        return Item(place, value, flags=OWN | PUBLIC_ONLY)
    return Item(place, value)


def prefix_items(prefix: str, entry: PrefixEntry | None, txn: ReadTxn, site: bytes) -> Iterator[Item]:
    """What stands in the index for a prefix itself, whatever the state of its entry.

    Args:
        prefix: folded.
        entry: of exactly this prefix.
        txn: the snapshot it was read from.
        site: this node's own site record, as `authority.answer` takes it.
    """
    if prefix == _HEARTBEAT:
        return
    for kind, types in TYPES_OF_KIND.items():
        # Without types a prefix is a name like any other to the index, which knows it by its spelling.
        spellings = (prefix, PREFIX_HANDLE_HEAD + prefix) if kind == KIND_RECORD else (prefix,)
        places = [bytes((kind,)) + spelling.encode() for spelling in spellings]
        value, code, flags = None, 0, OWN
        if entry is not None and entry.state is PrefixState.ACTIVE:
            query = Query(prefix, Identifier(prefix, None), types=types, public_only=False)
            outcome = authority.answer(query, txn, 0, site=site)
            if isinstance(outcome, Refused):  # something is restricted; who asks for public values is not told so
                flags |= PUBLIC_ONLY
                outcome = authority.answer(replace(query, public_only=True), txn, 0, site=site)
            value, code = _answer_of(outcome)
        for place in places:
            yield Item(place, value, code, flags)
    yield below_item(prefix, entry, txn)


def below_item(prefix: str, entry: PrefixEntry | None, txn: ReadTxn) -> Item:
    """What stands in the index for names of a prefix and below it that are answered elsewhere.

    What is told of names below it stands there only while nothing is registered below it; see `KIND_BELOW`.
    """
    place = _BELOW + prefix.encode()
    if entry is None or entry.state is not PrefixState.ACTIVE or entry.answers_here:
        return Item(place, None)
    # No prefix has a blank, so this one is not registered.
    below = "" if txn.routes(None, 1) or authority.has_below(txn, prefix) else f"{prefix}. "
    asked = ((prefix, "x"), (below, "x"), (below, None))
    parts = [_referral_of(name, suffix, txn) if name else b"" for name, suffix in asked]
    value = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    if not any(parts) or len(value) > VALUE_BYTES_MAX:
        return Item(place, None)
    return Item(place, value, int(ResponseCode.SERVICE_REFERRAL))


def _referral_of(prefix: str, suffix: str | None, txn: ReadTxn) -> bytes:
    """The body of the referral that everybody gets who asks so; empty when it is none."""
    spelling = prefix if suffix is None else f"{prefix}/{suffix}"
    code = ResponseCode.PREFIX_REFERRAL if suffix is None else ResponseCode.SERVICE_REFERRAL
    match authority.answer(Query(spelling, Identifier(prefix, suffix)), txn, 0):
        case Referral(code=told, values=values, handle="") if told == code:
            return _NO_HANDLE + values
        case _:
            return b""


def _place_of(key: bytes) -> bytes | None:
    prefix, _, suffix = key.partition(b"\x00")
    return None if suffix.startswith(_HASHED) else b"".join((_RECORD, prefix, b"/", suffix))


def _answer_of(outcome: Outcome) -> tuple[bytes | None, int]:
    match outcome:
        case Answer(values=values) if len(values) <= VALUE_BYTES_MAX:
            return values, int(ResponseCode.SUCCESS)
        case NoValues():
            return _EMPTY_MESSAGE, int(ResponseCode.VALUES_NOT_FOUND)
        case NotFound():
            return _EMPTY_MESSAGE, int(ResponseCode.HANDLE_NOT_FOUND)
        case _:
            return None, 0
