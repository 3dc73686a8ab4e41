"""Who may read or change which value (`wire.md` §4.1, §4.2; `trust.md` §5).

Reading is decided here and nowhere else. Whoever has proved no identity is the public, to whom everything that is not
public is as if it did not exist, or somebody who may be asked for a proof. Whoever has proved one is a `Reader`:

    public value               shown
    value under readers' lists shown to whom its list names, directly or through a group, and to administrators with
                               READ_VALUE; to anybody else it does not exist, and no code tells of it
    value without public-read  shown to administrators with READ_VALUE; to others a refusal, or nothing below a strict prefix
    value without admin-read   shown to nobody
    disabled value             shown to nobody
    secret (HS_SECKEY)         shown to administrators who may also change administrators: whoever can read one can act as
                               its owner, so that reading must not give more than what is held already

A question for public values gets, of all these, only those with public-read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from idis.proto.codes import AdminRight, Permission, ResponseCode
from idis.proto.outcome import Refused
from idis.proto.query import Query
from idis.proto.value import ValueSpan
from idis.registry.caller import Action, Caller
from idis.registry.identity import Identity
from idis.registry.prefix import Privacy
from idis.registry.record import MARK_LISTED, MARK_OFF
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Subject, Unknown, is_named, refuse
from idis.registry.store.base import ReadTxn

# Plain integers: the enumerations' own operators cost a microsecond, and every filtered answer asks these bits.
PUBLIC_READ = int(Permission.PUBLIC_READ)
_ADMIN_READ = int(Permission.ADMIN_READ)
_ADMIN_WRITE = int(Permission.ADMIN_WRITE)

SECRET_TYPES = frozenset((b"HS_SECKEY",))  # upper case, as they are compared

_READ = [int(AdminRight.READ_VALUE)]
_READ_SECRETS = [int(AdminRight.READ_VALUE | AdminRight.MODIFY_ADMIN)]


class Unproven(Enum):
    """Somebody who has proved no identity."""

    PUBLIC = "public"  # sees public values; hidden is the same as absent
    ANONYMOUS = "anonymous"  # may be challenged for an identity


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who has proved an identity, and what is known of the groups that other nodes keep."""

    caller: Caller
    groups: Groups = field(default_factory=dict)


# Whom readers' lists name, by the index of the value. A listed value without an entry is for administrators only.
Lists = Mapping[int, Sequence[Identity]]


def unproven_of(query: Query, privacy: Privacy) -> Unproven:
    """Whom to answer: a query for public values, or any query below a strict prefix, comes from the public."""
    return Unproven.PUBLIC if query.public_only or privacy is Privacy.STRICT else Unproven.ANONYMOUS


def refusal_of(unproven: Unproven, restricted: Iterable[int], *, by_name: bool) -> int:
    """What stands in the way of somebody unproven who wants values without public-read; 0 when nothing does.

    Args:
        unproven: who asks.
        restricted: the permission bits of each wanted value that is not public.
        by_name: whether the values were asked for by index or type, not as part of the whole record.

    Returns:
        0, AUTHENTICATION_NEEDED, or INSUFFICIENT_PERMISSIONS when one that was asked for by name is readable by nobody, so
        that proving an identity would not help.
    """
    if unproven is Unproven.PUBLIC:
        return 0
    code = 0
    for permissions in restricted:
        if by_name and not permissions & _ADMIN_READ:
            return ResponseCode.INSUFFICIENT_PERMISSIONS
        code = ResponseCode.AUTHENTICATION_NEEDED
    return code


def readable(
    txn: ReadTxn,
    reader: Reader,
    subject: Subject,
    lists: Lists,
    wanted: Iterable[ValueSpan],
    *,
    by_name: bool,
    public_only: bool,
    strict: bool,
) -> list[ValueSpan] | Refused | Unknown:
    """Which of the wanted values a reader is shown.

    Args:
        txn: where groups of this node are looked up.
        reader: who asks.
        subject: the record, with its administrators.
        lists: its readers' lists.
        wanted: values of it, permissions with their marks.
        by_name, public_only: what was asked for; see `refusal_of`, `Query`.
        strict: whether values that are not shown are absent for everybody.

    Returns:
        The values; a refusal on account of values without public-read; or groups to be fetched first.
    """
    sight = _Sight(txn, reader, subject, lists)
    shown: list[ValueSpan] = []
    unknown: dict[Identity, None] = {}
    for span in wanted:
        bits = span.permissions
        if bits & MARK_OFF or (public_only and not bits & PUBLIC_READ):
            continue
        if bits & MARK_LISTED:
            verdict = sight.listed(span)
        elif bits & PUBLIC_READ:
            verdict = None
        else:
            verdict = sight.restricted(span)
        match verdict:
            case None:
                shown.append(span)
            case Unknown(groups=groups):
                unknown.update(dict.fromkeys(groups))
            case Refusal() if bits & MARK_LISTED or strict or (not by_name and sight.omits(span)):
                continue
            case Refusal(code=code, message=message):
                return Refused(code, message)
    return Unknown(tuple(unknown)) if unknown else shown


def changeable(permissions: int) -> bool:
    """Whether a value may be modified or removed at all: without admin-write it is read-only for everybody."""
    return bool(permissions & _ADMIN_WRITE)


Verdict = Refusal | Unknown | None


class _Sight:
    """What one reader sees of one record; each kind of right is worked out once."""

    def __init__(self, txn: ReadTxn, reader: Reader, subject: Subject, lists: Lists) -> None:
        self._txn = txn
        self._reader = reader
        self._subject = subject
        self._lists = lists
        self._verdicts: dict[bool, Verdict] = {}
        self._named: dict[Sequence[Identity], bool | Unknown] = {}

    def restricted(self, span: ValueSpan) -> Verdict:
        """What stands between the reader and a value that only administrators may read."""
        if not span.permissions & _ADMIN_READ:
            return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, "one of these values may be read by nobody")
        return self._administers(_is_secret(span))

    def listed(self, span: ValueSpan) -> Verdict:
        """What stands between the reader and a value under a readers' list."""
        named = self._is_named(tuple(self._lists.get(span.index, ())))
        if named is True and not _is_secret(span):
            return None
        verdict = self.restricted(span)
        return named if isinstance(named, Unknown) and isinstance(verdict, Refusal) else verdict

    def omits(self, span: ValueSpan) -> bool:
        """Whether a value is left out of a whole record instead of refusing it: one for nobody, a secret to a mere reader."""
        if not span.permissions & _ADMIN_READ:
            return True
        return _is_secret(span) and self._administers(False) is None

    def _administers(self, secret: bool) -> Verdict:
        if secret not in self._verdicts:
            reader = self._reader
            self._verdicts[secret] = refuse(
                self._txn,
                reader.caller,
                self._subject,
                _READ_SECRETS if secret else _READ,
                action=Action.READ,
                groups=reader.groups,
            )
        return self._verdicts[secret]

    def _is_named(self, names: Sequence[Identity]) -> bool | Unknown:
        if names not in self._named:
            caller = self._reader.caller
            if caller.identity is None or not caller.in_scope(Action.READ, self._subject.prefix):
                self._named[names] = False
            else:
                self._named[names] = is_named(self._txn, caller.identity, names, self._reader.groups)
        return self._named[names]


def _is_secret(span: ValueSpan) -> bool:
    return span.type.upper() in SECRET_TYPES
