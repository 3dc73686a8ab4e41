"""Who sees what of a record, so that each sees a statement about just that (`trust.md` §3.1).

The public sees view 0. The owner and auditors see view 1: everything but secrets, what is switched off, and what nobody may
read. Whoever readers' lists name sees what is public and what the lists that name him keep; names that see the same share
one view. A sealed statement is kept as a value beside those it is about, and is marked like a listed one: to whom it does not
belong it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from idis.proto.codes import Permission
from idis.proto.errors import ProtocolError
from idis.proto.identifier import fold
from idis.proto.statement import SIGNED_INDEX, SIGNED_TYPE, VIEW_FULL, is_node_flag, is_sealed, sealed_digest, signable
from idis.proto.types.signed import Signed, decode_signed
from idis.proto.value import Value
from idis.registry.identity import Identity
from idis.registry.permission import Lists
from idis.registry.readers import READERS_INDEX, READERS_TYPE, own_lists, stored_values, template_lists
from idis.registry.record import MARK_LISTED, MARK_OFF, MARKS, StoredRecord, unmarked
from idis.registry.store.base import ReadTxn

SEALED_PERMISSIONS = int(Permission.ADMIN_READ | Permission.ADMIN_WRITE)  # administrators see all, since they keep them up

_ADMIN_READ = int(Permission.ADMIN_READ)
_SECRETS = frozenset({"HS_SECKEY"})


def lists_of(txn: ReadTxn, record: StoredRecord) -> Lists:
    """Whom the lists that hold for a record name, and for whom its sealed statements are."""
    values = stored_values(record)
    lists = lists_for(txn, values)
    return {**lists, **readers_of_views(values, lists)}


def lists_for(txn: ReadTxn, values: Iterable[Value]) -> Lists:
    """The lists that hold for the values of a record: its own, and its template's where it has none of its own."""
    values = tuple(values)
    return {**template_lists(txn, values).lists, **own_lists(values).lists, READERS_INDEX: ()}


def is_secret(value: Value) -> bool:
    """Whether no statement is about a value, because whoever can read it can act as its owner."""
    return fold(value.type) in _SECRETS


def public_view(values: Iterable[Value]) -> frozenset[int]:
    """The indexes of what everybody sees; values with their marks, here and below."""
    return frozenset(value.index for value in values if signable(value) and not value.permissions & MARKS)


def full_view(values: Iterable[Value]) -> frozenset[int]:
    """The indexes of what the owner and auditors see."""
    return frozenset(
        value.index
        for value in values
        if not (value.permissions & MARK_OFF or value.type == SIGNED_TYPE or is_secret(value) or is_node_flag(value))
        and (value.permissions & _ADMIN_READ or (value.public and not value.permissions & MARK_LISTED))
    )


def group_views(values: Sequence[Value], lists: Lists) -> dict[frozenset[int], tuple[Identity, ...]]:
    """What those see whom lists name, beyond the public: indexes → whom."""
    listed = [
        value.index
        for value in values
        if value.permissions & MARK_LISTED
        and not (value.permissions & MARK_OFF or value.type in (SIGNED_TYPE, READERS_TYPE) or is_secret(value))
    ]
    seen: dict[Identity, set[int]] = {}
    for index in listed:
        for name in lists.get(index, ()):
            seen.setdefault(name, set()).add(index)
    public, groups = public_view(values), dict[frozenset[int], tuple[Identity, ...]]()
    for name, indexes in seen.items():
        groups[public | indexes] = (*groups.get(public | indexes, ()), name)
    return groups


def sealed_statements(values: Iterable[Value]) -> dict[int, Signed]:
    """The sealed statements among values, by their views; those that cannot be read are none."""
    found = {}
    for value in filter(is_sealed, values):
        try:
            signed = decode_signed(value.data)
        except ProtocolError:
            continue
        if signed.view == value.index - SIGNED_INDEX:
            found[signed.view] = signed
    return found


def readers_of_views(values: Sequence[Value], lists: Lists) -> dict[int, tuple[Identity, ...]]:
    """Whom the sealed statements among values are for, by the indexes of these; administrators are not named."""
    statements = sealed_statements(values)
    groups = group_views(values, lists) if statements.keys() - {VIEW_FULL} else {}
    return {
        SIGNED_INDEX + view: () if view == VIEW_FULL else groups.get(frozenset(signed.opened), ())
        for view, signed in statements.items()
    }


def digests_of_view(signed: Signed, by_index: Mapping[int, Value]) -> tuple[bytes, ...]:
    """The digests of a whole sealed view, from the values it is about and its salts."""
    values = ((None if not index else unmarked(by_index[index]), salt) for index, salt in signed.salts)
    return tuple(sorted(sealed_digest(value, salt, signed.suite) for value, salt in values))
