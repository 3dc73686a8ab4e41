"""What this node answers: a query and a snapshot give one outcome.

`answer` is a short list of steps. The longest registered prefix decides who is responsible; then the name is a prefix
or a record, held here or delegated, and each case has one function. Everything works on stored octets: the plain
answer is the array made when the record was written, filters cut slices, nothing is decoded.

A hidden value answers as if it were absent wherever the public asks (`public_only`, or a strict prefix), and a value
under a readers' list wherever anybody asks whom the list does not name: both take the same path here, because a selection
forgets what it did not show. Whoever has proved an identity (`permission.Reader`) takes a path of his own, value by value.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import overload

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.identifier import ancestors
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.value import Value, encode_value, encode_values, scan_values
from idis.registry import filters
from idis.registry.cut_statement import with_digests, with_sealed_digests
from idis.registry.permission import Lists, Reader, Unproven, readable, refusal_of, unproven_of
from idis.registry.prefix import ROOT_PREFIX, PrefixEntry, PrefixState, Privacy
from idis.registry.record import NO_VALUES, RECALL_FLAG, RecordFlag, StoredRecord
from idis.registry.rights import Subject, Unknown, admins_in, admins_of, enabled_values
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key
from idis.registry.template_handles import expanded, has_template
from idis.registry.views import lists_of

SITE_TYPES = frozenset((b"HS_SITE", b"HS_SITE.6", b"HS_SERV"))
DERIVED_SITE_TYPES = frozenset((b"HS_SITE.PREFIX", b"HS_SERV.PREFIX"))
_DERIVED_SUFFIX = ".PREFIX"

# A prefix that was never granted is nobody's: queries pass over it to what is registered above.
_NOT_GRANTED = (PrefixState.APPLIED, PrefixState.IN_REVIEW, PrefixState.REJECTED)

_NO_OCTET = b"\xff"  # in no text, so in no key but a hashed one

_STOPPED = (PrefixState.SUSPENDED, PrefixState.REVOKED)

_RESTRICTED = int(RecordFlag.RESTRICTED)
_LISTED = int(RecordFlag.LISTED)
_RECALLED = int(RecordFlag.HOLD | RecordFlag.STOP)
_NOT_LIVE = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)
_flag_bits = int.__and__  # the flags' own operator builds an enumeration member, a microsecond each time


@overload
def answer(query: Query, txn: ReadTxn, now: int, *, site: bytes = b"") -> Outcome: ...


@overload
def answer(query: Query, txn: ReadTxn, now: int, *, site: bytes = b"", reader: Reader) -> Outcome | Unknown: ...


def answer(query: Query, txn: ReadTxn, now: int, *, site: bytes = b"", reader: Reader | None = None) -> Outcome | Unknown:
    """Decide what a query gets.

    Args:
        query: what is asked; without a reader, its flags say whether a challenge may come of it.
        txn: one snapshot of the registry.
        now: unix time in seconds, against which absolute TTLs are reckoned.
        site: this node's own site record; it stands in for a prefix answered here that registers no site.
        reader: who has proved an identity. The answer is then his alone: no shared cache may keep it.

    Returns:
        The outcome; for a reader, the groups of other nodes on which it hangs.
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
        return _answer_prefix(query, entry, txn, now, site, reader)
    if not entry.answers_here:
        return _refer(query, entry, now)
    key = record_key(prefix, suffix, entry.fold_suffix)
    if reader is None:
        return _answer_unproven(query, entry, key, txn, now)
    record = txn.record(key)
    if record is None or _flag_bits(record.flags, _NOT_LIVE):
        return _answer_absent(query, entry, txn, now)
    return _answer_reader(_with_recall(query, record.flags), entry, record, txn, now, reader)


def responsible_entry(txn: ReadTxn, prefix: str) -> PrefixEntry | None:
    """The entry that decides for a folded prefix: its own or the nearest above it that was granted.

    A range counts as an entry of exactly the prefix it contains; a plain entry of that prefix wins over it. Where a prefix
    above that entry is suspended or revoked here, it decides: whoever comes from above gets no further either.
    """
    entry = _nearest_granted(txn, prefix)
    return None if entry is None else stopped_by(txn, entry.prefix) or entry


def stopped_by(txn: ReadTxn, prefix: str) -> PrefixEntry | None:
    """The nearest prefix above a folded one that is suspended or revoked here: everything below stops with it."""
    above = prefix.rpartition(".")[0]
    while above:
        entry = txn.longest_prefix(above)
        if entry is None:
            return None
        if entry.state in _STOPPED:
            return entry
        above = entry.prefix.rpartition(".")[0]
    return None


def has_below(txn: ReadTxn, prefix: str) -> bool:
    """Whether anything was ever registered below a folded prefix here, in whatever state it is."""
    return any(entry.prefix.startswith(f"{prefix}.") for entry in txn.prefixes(f"{prefix}.", 1))


def decoys(txn: ReadTxn, prefix: str) -> tuple[bytes, bytes]:
    """Keys below a folded prefix to be read beside what a stranger asks for, so that the time does not tell hidden from absent.

    Returns:
        A key without record, for who asked for one that is hidden; a key with one, if there is any, for who asked for none.
    """
    nothing = f"{prefix}\x00".encode() + _NO_OCTET
    return nothing, next((key for key, _ in txn.public_records(prefix, b"", 1)), nothing)


def _nearest_granted(txn: ReadTxn, prefix: str) -> PrefixEntry | None:
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


def _answer_unproven(query: Query, entry: PrefixEntry, key: bytes, txn: ReadTxn, now: int) -> Outcome:
    """A record is asked for by somebody who has proved no identity.

    Of what is kept from him nothing is read unless he may be told that there is something: time tells, too.
    """
    found = txn.public(key)
    strict = entry.privacy is Privacy.STRICT
    hidden = found is not None and strict and found[1] == NO_VALUES
    if strict and (found is None or hidden):
        txn.public(decoys(txn, entry.prefix)[found is None])
    if found is None or hidden or _flag_bits(found[0], _NOT_LIVE):
        return _answer_absent(query, entry, txn, now)
    flags, public = found
    query = _with_recall(query, flags)
    told = unproven_of(query, entry.privacy) is Unproven.ANONYMOUS and _flag_bits(flags, _RESTRICTED)
    if query.wants_all or told:
        record = txn.record(key)
        assert record is not None, "one snapshot says one thing"
        return _answer_record(query, entry.privacy, record, now)
    selection = filters.select(query, public)
    return _show(query, replace(selection, public=tuple(with_digests(selection.public, public))), Unproven.PUBLIC, now)


def _with_recall(query: Query, flags: int) -> Query:
    """Whoever asks for one value of a thing that must not be used learns that, whatever he asks for."""
    if query.wants_all or not _flag_bits(flags, _RECALLED):
        return query
    return replace(query, types=(*query.types, RECALL_FLAG))


def _answer_absent(query: Query, entry: PrefixEntry, txn: ReadTxn, now: int) -> Outcome:
    return _answer_by_template(query, entry, txn, now) if has_template(entry) else NotFound()


def _answer_record(query: Query, privacy: Privacy, record: StoredRecord, now: int) -> Outcome:
    """The record exists and is held here."""
    public = record.public
    if query.wants_all and public != NO_VALUES and (query.public_only or not _flag_bits(record.flags, _RESTRICTED)):
        # The common question: the octets were made when the record was written.
        ttl_s = record.ttl_s
        if record.not_after:
            ttl_s = min(ttl_s, max(record.not_after - now, 0))
        return Answer(public, ttl_s)
    if privacy is Privacy.STRICT and public == NO_VALUES:
        return NotFound()  # to a reader of a record that withholds nothing, which is empty
    selection = filters.select(query, public, record.restricted)
    if not query.wants_all:
        selection = replace(selection, public=tuple(with_digests(selection.public, public)))
    return _show(query, selection, unproven_of(query, privacy), now)


def _answer_reader(
    query: Query, entry: PrefixEntry, record: StoredRecord, txn: ReadTxn, now: int, reader: Reader
) -> Outcome | Unknown:
    """The record exists and is held here, and somebody known asks for it."""
    if not record.withholds:
        return _answer_record(query, entry.privacy, record, now)
    values = filters.merge((record.public, record.restricted))
    # A record without administrators of its own is its prefix's.
    admins = admins_of(enabled_values(record)) or admins_in(entry.values)
    lists = lists_of(txn, record) if _flag_bits(record.flags, _LISTED) else {}
    outcome = _show_reader(query, values, Subject(entry.prefix, admins), lists, entry.privacy, txn, now, reader)
    if isinstance(outcome, Answer):
        values = with_sealed_digests(outcome.values, record.public, record.restricted, whole=query.wants_all)
        return replace(outcome, values=values)
    if isinstance(outcome, NoValues) and entry.privacy is Privacy.STRICT and record.public == NO_VALUES:
        whole = replace(query, indexes=(), types=())
        seen = _show_reader(whole, values, Subject(entry.prefix, admins), lists, entry.privacy, txn, now, reader)
        return seen if isinstance(seen, Unknown) else NoValues() if isinstance(seen, Answer) else NotFound()
    return outcome


def _answer_by_template(query: Query, entry: PrefixEntry, txn: ReadTxn, now: int) -> Outcome:
    """Nothing is registered under the name, but its prefix may have a rule that makes its values."""
    try:
        values = expanded(query.spelling, entry, txn)
    except ProtocolError as error:
        return Refused(ResponseCode.ERROR, f"the template of the prefix {entry.prefix} cannot be applied: {error}")
    if values is None:
        return NotFound()
    return _show(query, filters.select(query, encode_values(values)), unproven_of(query, entry.privacy), now)


def _answer_prefix(
    query: Query, entry: PrefixEntry, txn: ReadTxn, now: int, site: bytes, reader: Reader | None
) -> Outcome | Unknown:
    """A prefix itself is asked for, and its entry is registered here: the entry is its record."""
    if site and entry.answers_here:
        entry = _with_own_site(entry, site)
    if reader is not None:
        subject = Subject(entry.prefix, admins_in(entry.values), is_prefix=True)
        outcome = _show_reader(query, entry.values, subject, {}, entry.privacy, txn, now, reader)
        hidden = entry.privacy is Privacy.STRICT and not filters.has_public(entry.values)
        return NotFound() if hidden and isinstance(outcome, NoValues) else outcome
    if entry.privacy is Privacy.STRICT and not filters.has_public(entry.values):
        return NotFound()
    return _show(query, filters.select(query, entry.values), unproven_of(query, entry.privacy), now)


def _show_reader(
    query: Query,
    values: bytes,
    subject: Subject,
    lists: Lists,
    privacy: Privacy,
    txn: ReadTxn,
    now: int,
    reader: Reader,
) -> Outcome | Unknown:
    """What somebody known gets of the wanted values of one counted array."""
    spans = readable(
        txn,
        reader,
        subject,
        lists,
        filters.wanted(query, values),
        by_name=not query.wants_all,
        public_only=query.public_only,
        strict=privacy is Privacy.STRICT,
    )
    if not isinstance(spans, list):
        return spans
    if not spans:
        return NoValues()
    shown = [filters.shown(values[span.start : span.end]) for span in spans]
    return Answer(filters.join(shown), filters.lifetime_s(shown, now))


def _show(query: Query, selection: filters.Selection, unproven: Unproven, now: int) -> Outcome:
    """What somebody unproven gets of the wanted values."""
    if code := refusal_of(unproven, selection.restricted, by_name=not query.wants_all):
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
