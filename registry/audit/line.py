"""One line of the audit trail (`trust.md` §9.2).

A line is written in the transaction of the change it tells of, so that neither exists without the other; its time and
place are the key it is stored under. It names values by index, type and digest and never holds their octets: what only
some may read must not become readable here. Of a secret not even a digest is kept, since a short one could be guessed
from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from threading import local

import msgpack

from idis.proto import speedups
from idis.proto.codes import ResponseCode
from idis.proto.value import scan_values
from idis.registry.caller import Caller
from idis.registry.prefix import PrefixEntry
from idis.registry.record import NO_VALUES, PreparedRecord, RecordFlag, StoredRecord
from idis.registry.store.base import WriteTxn

LINE_VERSION = 1
VALUES_NAMED_MAX = 64  # of a record in one line; the number of the others is told
TYPE_CHARACTERS_MAX = 64  # of a named value: types are words, and a line must not grow by a stranger's invention
TEXT_CHARACTERS_MAX = 2_048  # of actor, origin, act and subject: as long as an identifier may be
NOTE_CHARACTERS_MAX = 500
LINE_BYTES_MAX = 32_768  # half of what the store allows; in a longer one, facts are replaced by their digests
DIGEST_BYTES = 8  # enough to see that a value changed; too few to be a proof of what it was
SECRET_TYPE = b"HS_SECKEY"

_TOMBSTONE, _DISABLED = int(RecordFlag.TOMBSTONE), int(RecordFlag.DISABLED)  # the enumeration's own operators take a microsecond

Facts = Mapping[str, object]  # text, numbers, truth values, None, and lists and mappings of them

_TIMED_BYTES = 8  # index and timestamp, with which an encoded value begins

# Compiled: the line of a new record of plain values, without building what it says; None for one that it leaves to others.
created_line = None
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    created_line = _speedups.created_line

_DONE = int(ResponseCode.SUCCESS)
_ARRAY_OF_NINE = b"\x99\x01"  # in msgpack, and LINE_VERSION
_NO_MORE = b"\x01\xa0"  # the code of what was done, no note


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what.

    Attributes:
        actor: the identity, and the token that stood in for it.
        origin: where the request came from.
        act: a verb.
        subject: an identifier, a prefix, an identity.
        before: what was there; None for nothing.
        after: what is there now; None for nothing.
        code: the response code; 1 for what was done, others for what was refused.
        note: one sentence, such as the reason of a rejection.
    """

    actor: str
    origin: str
    act: str
    subject: str
    before: Facts | None = None
    after: Facts | None = None
    code: int = ResponseCode.SUCCESS
    note: str = ""

    @property
    def refused(self) -> bool:
        """Whether nothing was done."""
        return self.code != ResponseCode.SUCCESS

    def encode(self) -> bytes:
        """The line's octets: a msgpack array; texts are cut to their limits, facts that make it too long become digests."""
        subject = (self.actor, self.origin, self.act, self.subject)
        return _encode(*subject, self.before, self.after, int(self.code), self.note)

    def to_json(self) -> dict[str, object]:
        """The line for programs."""
        return {
            "actor": self.actor,
            "origin": self.origin,
            "act": self.act,
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "code": self.code,
            "note": self.note,
        }


def decode_line(octets: bytes) -> AuditLine:
    """The reverse of `AuditLine.encode`; fields that later versions append are passed over."""
    _version, actor, origin, act, subject, before, after, code, note, *_later = msgpack.unpackb(octets)
    return AuditLine(actor, origin, act, subject, before, after, code, note)


def audit(
    txn: WriteTxn,
    caller: Caller,
    act: str,
    subject: str,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    code: int = ResponseCode.SUCCESS,
    note: str = "",
) -> None:
    """Write a line in the transaction of the change; the arguments are those of `AuditLine`.

    A batch is one act: one line with its counts and a digest, not one for each item.
    """
    txn.add_audit(_encode(caller.name, caller.origin, act, subject, before, after, int(code), note))


def audit_created(txn: WriteTxn, caller: Caller, act: str, created: Iterable[tuple[PreparedRecord, int]]) -> None:
    """`audit` of records that were just created, each with its version."""
    actor, origin = caller.name, caller.origin
    head = _ARRAY_OF_NINE + b"".join(_pack(text[:TEXT_CHARACTERS_MAX]) for text in (actor, origin, act))
    for record, version in created:
        line = None
        if created_line is not None and not int(record.flags) & _DISABLED:
            line = created_line(head, record.identifier, version, record.public, record.restricted, _NO_MORE)
        if line is None:
            line = _encode(actor, origin, act, record.identifier, None, prepared_summary(record, version), _DONE, "")
        txn.add_audit(line)


def _encode(
    actor: str, origin: str, act: str, subject: str, before: Facts | None, after: Facts | None, code: int, note: str
) -> bytes:
    """The octets of a line; see `AuditLine.encode`."""
    texts = [text[:TEXT_CHARACTERS_MAX] for text in (actor, origin, act, subject)]
    note = note[:NOTE_CHARACTERS_MAX]
    octets = _pack([LINE_VERSION, *texts, before, after, code, note])
    if len(octets) <= LINE_BYTES_MAX:
        return octets
    return _pack([LINE_VERSION, *texts, _digested(before), _digested(after), code, note])


def record_summary(record: StoredRecord) -> dict[str, object]:
    """What a line says of a record: its version, and of each value the index, the type and a digest."""
    summary: dict[str, object] = {"version": record.version}
    flags = int(record.flags)
    if flags & _TOMBSTONE:
        summary["deleted"] = True
        return summary
    if flags & _DISABLED:
        summary["disabled"] = True
    return summary | _values_summary(record.public, record.restricted)


def prepared_summary(record: PreparedRecord, version: int) -> dict[str, object]:
    """What `record_summary` says of a record that was just written as this version."""
    if int(record.flags) & _DISABLED:
        return {"version": version, "disabled": True} | _values_summary(record.public, record.restricted)
    return {"version": version, **_values_summary(record.public, record.restricted)}


def prefix_summary(entry: PrefixEntry) -> dict[str, object]:
    """What a line says of a prefix: all that is registered of it, its values as those of a record."""
    return {
        "state": entry.state.name.lower(),
        "homed": entry.homed,
        "hosting": entry.hosting.name.lower(),
        "owner": entry.owner,
        "owner_code": entry.owner_code,
        "industry": entry.industry,
        "privacy": entry.privacy.name.lower(),
        "fold_suffix": entry.fold_suffix,
        "quota": entry.quota,
        "daily_quota": entry.daily_quota,
        "signing": "required" if entry.signing_required else "optional",
        "moving": entry.moving.name.lower(),
        "reason": entry.reason,
        "ttl_s": entry.ttl_s,
        "version": entry.version,
        **_values_summary(entry.values),
    }


def _values_summary(*arrays: bytes) -> dict[str, object]:
    named: list[list[object]] = []
    spans = [(array, span) for array in arrays if array != NO_VALUES for span in scan_values(array)]
    for array, (index, kind, _, start, end) in spans[:VALUES_NAMED_MAX]:
        # The index stands beside it, and the time of writing is not what a value says.
        digest = "secret" if _secret(kind) else _digest(array[start + _TIMED_BYTES : end])
        named.append([index, kind.decode("utf-8", "replace")[:TYPE_CHARACTERS_MAX], digest])
    summary: dict[str, object] = {"values": named}
    if len(spans) > VALUES_NAMED_MAX:
        contents = [array[start + _TIMED_BYTES : end] for array, (_, kind, _, start, end) in spans if not _secret(kind)]
        summary["more_values"] = len(spans) - VALUES_NAMED_MAX
        summary["digest"] = _digest(b"".join(contents))
    return summary


def _secret(kind: bytes) -> bool:
    return kind.upper().startswith(SECRET_TYPE)


_hasher = blake2b(digest_size=DIGEST_BYTES).copy  # making one takes longer than hashing a value


def _digest(octets: bytes) -> str:
    hasher = _hasher()
    hasher.update(octets)
    return hasher.hexdigest()


def _digested(facts: Facts | None) -> Facts | None:
    """How many octets facts would be, and their digest."""
    if facts is None:
        return None
    packed = _pack(facts)
    return {"octets": len(packed), "sha256": sha256(packed).hexdigest()}


class _Packers(local):
    """One packer for each thread: making one, with its buffer, takes longer than packing a line."""

    def __init__(self) -> None:
        # A name that is no valid text must not keep its refusal out of the trail.
        self.packer = msgpack.Packer(unicode_errors="backslashreplace")


_packers = _Packers()


def _pack(fields: object) -> bytes:
    packed: bytes = _packers.packer.pack(fields)
    return packed
