"""What this node answers: a query and a snapshot give one outcome.

`answer` is a short list of steps. The longest registered prefix decides who is responsible; then the name is a prefix
or a record, held here or delegated, and each case has one function. Everything works on stored octets: the plain
answer is the array made when the record was written, filters cut slices, nothing is decoded.

A hidden value answers as if it were absent wherever the public asks (`public_only`, or a strict prefix): both take the
same path here, because a selection forgets what it did not show.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.identifier import ancestors
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.value import Value, encode_value, encode_values, scan_values
from idis.registry import filters
from idis.registry.permission import Reader, reader_of, refusal_of
from idis.registry.prefix import ROOT_PREFIX, PrefixEntry, PrefixState, Privacy
from idis.registry.record import RecordFlag, StoredRecord
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key
from idis.registry.template_handles import expanded, has_template

SITE_TYPES = frozenset((b"HS_SITE", b"HS_SITE.6", b"HS_SERV"))
DERIVED_SITE_TYPES = frozenset((b"HS_SITE.PREFIX", b"HS_SERV.PREFIX"))
_DERIVED_SUFFIX = ".PREFIX"

# A prefix that was never granted is nobody's: queries pass over it to what is registered above.
_NOT_GRANTED = (PrefixState.APPLIED, PrefixState.IN_REVIEW, PrefixState.REJECTED)

_NO_VALUES = b"\x00\x00\x00\x00"
_RESTRICTED = int(RecordFlag.RESTRICTED)
_NOT_LIVE = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)
_flag_bits = int.__and__  # the flags' own operator builds an enumeration member, a microsecond each time


def answer(query: Query, txn: ReadTxn, now: int, *, site: bytes = b"") -> Outcome:
    """Decide what a query gets.

    Args:
        query: what is asked, by whom is decided by its flags.
        txn: one snapshot of the registry.
        now: unix time in seconds, against which absolute TTLs are reckoned.
        site: this node's own site record; it stands in for a prefix answered here that registers no site.
    """
    identifier = query.identifier
    prefix = identifier.folded_prefix
    entry = responsible_entry(txn, prefix)
    if entry is None:
        return _beyond_the_registered(txn, prefix)
    if entry.state is not PrefixState.ACTIVE:
        return Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, f"the prefix {entry.prefix} is {entry.state.name.lower()}")
    if entry.prefix != prefix:
        return NotFound() if entry.answers_here else _refer_below(query, entry, now)
    suffix = identifier.suffix
    if suffix is None:
        return _answer_prefix(query, entry, now, site)
    if not entry.answers_here:
        return _refer(query, entry, now)
    record = txn.record(record_key(prefix, suffix, entry.fold_suffix))
    if record is None or _flag_bits(record.flags, _NOT_LIVE):
        return _answer_by_template(query, entry, txn, now) if has_template(entry) else NotFound()
    return _answer_record(query, entry.privacy, record, now)


def responsible_entry(txn: ReadTxn, prefix: str) -> PrefixEntry | None:
    """The entry that decides for a folded prefix: its own or the nearest above it that was granted.

    A range counts as an entry of exactly the prefix it contains; a plain entry of that prefix wins over it.
    """
    plain = txn.longest_prefix(prefix)
    if plain is not None and plain.prefix == prefix and plain.state not in _NOT_GRANTED:
        return plain
    for name in ancestors(prefix):
        if plain is not None and plain.prefix == name:
            if plain.state not in _NOT_GRANTED:
                return plain
            above = name.rpartition(".")[0]
            plain = txn.longest_prefix(above) if above else None
        if (route := txn.route(name)) is not None:
            return PrefixEntry(prefix=name, values=route.values, ttl_s=route.ttl_s)
    return None


def _beyond_the_registered(txn: ReadTxn, prefix: str) -> Outcome:
    """Nothing is registered at or above the prefix: a root knows that it does not exist, any other node knows nothing."""
    root = txn.prefix(ROOT_PREFIX)
    if root is not None and root.state is PrefixState.ACTIVE and root.homed:
        return NotFound()
    return Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, f"nothing is registered here for the prefix {prefix}")


def _answer_record(query: Query, privacy: Privacy, record: StoredRecord, now: int) -> Outcome:
    """The record exists and is held here."""
    public = record.public
    if query.wants_all and public != _NO_VALUES and (query.public_only or not _flag_bits(record.flags, _RESTRICTED)):
        # The common question: the octets were made when the record was written.
        ttl_s = record.ttl_s
        if record.not_after:
            ttl_s = min(ttl_s, max(record.not_after - now, 0))
        return Answer(public, ttl_s)
    if privacy is Privacy.STRICT and public == _NO_VALUES:
        return NotFound()
    return _show(query, filters.select(query, public, record.restricted), reader_of(query, privacy), now)


def _answer_by_template(query: Query, entry: PrefixEntry, txn: ReadTxn, now: int) -> Outcome:
    """Nothing is registered under the name, but its prefix may have a rule that makes its values."""
    try:
        values = expanded(query.spelling, entry, txn)
    except ProtocolError as error:
        return Refused(ResponseCode.ERROR, f"the template of the prefix {entry.prefix} cannot be applied: {error}")
    if values is None:
        return NotFound()
    return _show(query, filters.select(query, encode_values(values)), reader_of(query, entry.privacy), now)


def _answer_prefix(query: Query, entry: PrefixEntry, now: int, site: bytes) -> Outcome:
    """A prefix itself is asked for, and its entry is registered here: the entry is its record."""
    if site and entry.answers_here:
        entry = _with_own_site(entry, site)
    if entry.privacy is Privacy.STRICT and not filters.has_public(entry.values):
        return NotFound()
    return _show(query, filters.select(query, entry.values), reader_of(query, entry.privacy), now)


def _show(query: Query, selection: filters.Selection, reader: Reader, now: int) -> Outcome:
    """What a reader gets of the wanted values."""
    if code := refusal_of(reader, selection.restricted, by_name=not query.wants_all):
        return _refuse(code)
    if not selection.public:
        return NoValues()
    return Answer(filters.join(selection.public), filters.lifetime_s(selection.public, now))


def _refuse(code: int) -> Refused:
    if code == ResponseCode.AUTHENTICATION_NEEDED:
        return Refused(code, "some of these values are shown to their readers only: authenticate, or ask for public values")
    return Refused(code, "one of these values may be read by nobody")


def _refer(query: Query, entry: PrefixEntry, now: int) -> Outcome:
    """The identifier's own prefix is answered elsewhere."""
    sites = filters.public_of_types(entry.values, SITE_TYPES)
    return _referral(query, entry, ResponseCode.SERVICE_REFERRAL, sites, now)


def _refer_below(query: Query, entry: PrefixEntry, now: int) -> Outcome:
    """A prefix above the asked one is answered elsewhere, and so are the prefixes derived from it.

    A referral of an identifier shows the sites as HS_SITE, because that is what clients follow there; a referral of a
    prefix shows them as registered.
    """
    sites = filters.public_of_types(entry.values, DERIVED_SITE_TYPES) or filters.public_of_types(entry.values, SITE_TYPES)
    if query.identifier.names_prefix:
        return _referral(query, entry, ResponseCode.PREFIX_REFERRAL, sites, now)
    shown = [filters.with_type(site, filters.type_of(site).decode().upper().removesuffix(_DERIVED_SUFFIX)) for site in sites]
    return _referral(query, entry, ResponseCode.SERVICE_REFERRAL, shown, now)


def _referral(query: Query, entry: PrefixEntry, code: int, sites: list[bytes], now: int) -> Outcome:
    if query.do_not_refer:
        return Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, f"the prefix {entry.prefix} is answered elsewhere")
    if not sites:
        return Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, f"the prefix {entry.prefix} is registered without a site")
    return Referral(code, filters.join(sites), ttl_s=filters.lifetime_s(sites, now), prefix=entry.prefix)


def _with_own_site(entry: PrefixEntry, site: bytes) -> PrefixEntry:
    """The entry as it is shown: a prefix answered here always names a site, at the lowest free index."""
    if filters.public_of_types(entry.values, SITE_TYPES):
        return entry
    spans = list(scan_values(entry.values))
    taken = {span.index for span in spans}
    index = next(index for index in count(1) if index not in taken)
    # As old as the prefix record it completes; this node's site has no moment of writing of its own.
    timestamp = max((int.from_bytes(entry.values[span.start + 4 : span.start + 8], "big") for span in spans), default=0)
    own = encode_value(Value(index=index, type="HS_SITE", data=site, ttl=entry.ttl_s, timestamp=timestamp))
    values = filters.cut(entry.values)
    values.insert(sum(span.index < index for span in spans), own)
    return replace(entry, values=filters.join(values))
