"""New plain records, which are most of what is ever written: registered at a fraction of what other acts cost.

What is plain is read off its octets (`octets.py`). Whether a caller may register below a prefix is found out once for a
transaction and remembered; where that hangs on more than his rights, such as a quota that is counted record by record,
nothing is remembered and each record is an act like any other (`acts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, takewhile

from idis.proto.codes import AdminRight
from idis.proto.identifier import fold
from idis.proto.value import decode_values
from idis.registry.authority import stopped_by
from idis.registry.caller import Caller
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import PreparedRecord, same_content
from idis.registry.registration.acts import Act, Create
from idis.registry.registration.checks import Refusal
from idis.registry.registration.octets import plain_record
from idis.registry.rights import NO_GROUPS, Groups, Subject, Unknown, admins_in, refuse
from idis.registry.store.base import WriteTxn
from idis.registry.store.keys import record_key

_ADMIN = b"HS_ADMIN"  # in any other case it is not plain


@dataclass(frozen=True, slots=True)
class PlainCreate:
    """Register a record of plain values, prepared already.

    Attributes:
        identifier: its spelling is kept.
        octets: the values as they came, a counted array.
        record: what is to be stored.
    """

    identifier: str
    octets: bytes
    record: PreparedRecord


def in_full(act: Act | PlainCreate) -> Act:
    """The same act with its values decoded, for whoever has to look at them."""
    return Create(act.identifier, decode_values(act.octets)) if isinstance(act, PlainCreate) else act


def plain_create(identifier: str, octets: bytes, now: int) -> PlainCreate | None:
    """The act of registering values as they came over the wire; None when they or the name are not plain."""
    prepared = plain_record(identifier, octets, now)
    return None if prepared is None else PlainCreate(identifier, octets, prepared)


@dataclass(frozen=True, slots=True)
class _Home:
    """A prefix below which the caller may register, records with administrators of their own included or not."""

    entry: PrefixEntry
    folded: str
    administrators: bool


class PlainCreates:
    """The plain creates of one caller in one transaction."""

    def __init__(self, txn: WriteTxn, caller: Caller, groups: Groups = NO_GROUPS) -> None:
        self._txn = txn
        self._caller = caller
        self._groups = groups
        self._homes: dict[str, _Home | None] = {}  # by spelling; None: judge each record by itself

    def may_register(self, identifier: str) -> bool:
        """Whether the caller may register plain records where this one would lie, without further questions."""
        return self._home(identifier.partition("/")[0]) is not None

    def create(self, records: Iterable[PreparedRecord]) -> list[tuple[PreparedRecord, int, bool]]:
        """Register the first of some records and those behind it that lie below the same prefix as it is spelled.

        One that is there with the same content is no error.

        Args:
            records: at least one; no more are taken than are registered, and one behind them.

        Returns:
            Each with its version, and whether it is new; version 0 where it has to be an act like any other. Nothing when
            the first has to be.
        """
        records = iter(records)
        first = next(records)
        spelled = first.identifier.partition("/")[0]
        home = self._home(spelled)
        if home is None:
            return []
        mine = list(takewhile(partial(_may_create, home, f"{spelled}/"), chain((first,), records)))
        versions = self._txn.put_new_records(mine)
        return [
            (record, version or self._version_if_same(home, record), bool(version))
            for record, version in zip(mine, versions, strict=True)
        ]

    def _version_if_same(self, home: _Home, prepared: PreparedRecord) -> int:
        """The version of a record that is there with this very content; 0 for another one."""
        suffix = prepared.identifier.partition("/")[2]
        stored = self._txn.record(record_key(home.folded, suffix, home.entry.fold_suffix))
        if stored is None or not stored.live or stored.aliases or stored.flags != prepared.flags:
            return 0
        same = same_content(stored.public, prepared.public) and same_content(stored.restricted, prepared.restricted)
        return stored.version if same else 0

    def _home(self, spelled: str) -> _Home | None:
        if spelled not in self._homes:
            self._homes[spelled] = self._find_home(spelled)
        return self._homes[spelled]

    def _find_home(self, spelled: str) -> _Home | None:
        folded = fold(spelled)
        entry = self._txn.prefix(folded) if spelled.isascii() and spelled.isprintable() else None
        # Quotas are counted record by record.
        if entry is None or entry.state is not PrefixState.ACTIVE or not entry.answers_here or entry.moving:
            return None
        if entry.quota or entry.signing_required:
            return None
        if stopped_by(self._txn, folded) is not None:
            return None
        owners = Subject(folded, admins_in(entry.values), is_prefix=True, guarded=True)
        if self._refuse(owners) is None:
            return _Home(entry, folded, administrators=True)  # whoever may do this may do the rest
        return _Home(entry, folded, administrators=False) if self._refuse(replace(owners, guarded=False)) is None else None

    def _refuse(self, owners: Subject) -> Refusal | Unknown | None:
        return refuse(self._txn, self._caller, owners, [AdminRight.ADD_HANDLE], groups=self._groups)


def _may_create(home: _Home, head: str, record: PreparedRecord) -> bool:
    """Whether a record lies below a prefix as it is spelled, and the caller may create it there."""
    if not record.identifier.startswith(head):
        return False
    return home.administrators or not (_ADMIN in record.public or _ADMIN in record.restricted)
