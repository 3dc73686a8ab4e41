"""Derived templates of a store: one by its handle, those below a prefix, those a load needs."""

from __future__ import annotations

from collections.abc import Iterator

from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold
from idis.registry.loading.rows import FileRefused
from idis.registry.pilots.derivation import Derivation, registered_derivation
from idis.registry.pilots.template_life import TemplateError
from idis.registry.pilots.template_name import DERIVED_MARK, TEMPLATE_MARK, template_handle, template_name
from idis.registry.record import StoredRecord
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key
from idis.registry.store.rules import exists
from idis.registry.trace.held import record_of
from idis.registry.trace.records import spelling_at

RECORDS_PER_PAGE = 256


def derivation_at(txn: ReadTxn, handle: str) -> Derivation | None:
    """The derived template of a handle; None where this store has none.

    Raises:
        TemplateError: it cannot be used.
    """
    named = template_name(handle)
    if named is None or not named.name:
        return None
    try:
        record = record_of(txn, spelling_at(txn).name(handle))
    except IdentifierError:
        return None  # whoever writes values by hand may write anything
    return None if record is None else registered_derivation(record.identifier, record.values)


def derivations_below(txn: ReadTxn, prefix: str, pilot: str) -> Iterator[Derivation]:
    """The derived templates of one pilot that a prefix holds, by their names, withdrawn ones included; no unusable ones."""
    entry = txn.prefix(fold(prefix))
    if entry is None or not entry.answers_here:
        return
    head = record_key(entry.prefix, f"{TEMPLATE_MARK[1:]}{pilot}_", entry.fold_suffix)
    after = head
    while rows := txn.records(entry.prefix, after, RECORDS_PER_PAGE):
        for key, record in rows:
            if not key.startswith(head):
                return
            if exists(record) and record.live and (found := _usable(record)):
                yield found
        after = rows[-1][0]


def _usable(record: StoredRecord) -> Derivation | None:
    try:
        return registered_derivation(record.identifier, record.values)
    except TemplateError:
        return None  # whoever asks for it by name is told why


def derivations_for(txn: ReadTxn, pilot: str, object_code: str, prefix: str) -> tuple[str, tuple[Derivation, ...]]:
    """The object that a load is about, and the derived templates its rows may name.

    Args:
        pilot: name of the schema; empty: none is needed.
        object_code: `plate`, `plate-offshore`, the handle of a derived template, or empty.
        prefix: below which `plate-offshore` is looked for.

    Raises:
        FileRefused: the template is not here, withdrawn, not of that pilot, or cannot be used.
    """
    if not pilot:
        return object_code, ()
    handle = object_code if TEMPLATE_MARK in object_code else template_handle(prefix, pilot, object_code)
    try:
        wanted = derivation_at(txn, handle)
    except TemplateError as error:
        raise FileRefused(str(error)) from None
    others = (each for each in derivations_below(txn, prefix, pilot) if not each.withdrawn) if prefix else ()
    listing = f"see 'idis pilot templates {pilot}'"
    if wanted is None:
        if TEMPLATE_MARK in object_code:
            raise FileRefused(f"{object_code} is no derived template that is registered here ({listing})")
        if DERIVED_MARK in object_code:
            where = f"below {prefix} there is none" if prefix else "name its prefix with --prefix, or its handle"
            raise FileRefused(f"{object_code} is a derived template: {where} ({listing})")
        return object_code, tuple(others)
    if wanted.name.pilot != pilot:
        raise FileRefused(f"{wanted.handle} is a template of the {wanted.name.pilot} pilot, not of {pilot}")
    code = wanted.name.code
    if wanted.withdrawn:
        advice = f"idis pilot publish {pilot} {code} --prefix {wanted.name.holder}"
        raise FileRefused(f"the template {wanted.handle} is withdrawn: {advice}")
    return code, (*(each for each in others if each.name.code != code), wanted)
