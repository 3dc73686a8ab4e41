"""What a store holds of a thing: its record, and the texts of that record's values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.statement import is_node_flag
from idis.proto.value import Value
from idis.registry.record import StoredRecord
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key
from idis.registry.trace.things import home_of


def record_of(txn: ReadTxn, thing: str) -> StoredRecord | None:
    """The live record of a thing, where this store keeps it."""
    prefix = home_of(thing)
    if not prefix or "/" not in thing:
        return None
    entry = txn.prefix(prefix)
    if entry is None or not entry.answers_here:
        return None
    try:
        suffix = parse_identifier(thing).suffix
    except IdentifierError:
        return None
    stored = None if suffix is None else txn.record(record_key(prefix, suffix, entry.fold_suffix))
    return stored if stored is not None and stored.live else None


def answers_for(txn: ReadTxn, thing: str) -> bool:
    """Whether a thing's record would be here if there were one."""
    prefix = home_of(thing)
    return bool(prefix) and answers_below(txn, prefix)


def answers_below(txn: ReadTxn, prefix: str) -> bool:
    """Whether the records of a folded prefix are here."""
    entry = txn.prefix(prefix)
    return entry is not None and entry.answers_here


def texts_of(record: StoredRecord) -> Mapping[str, str]:
    """The values of a record by type, as text."""
    return texts_by_type(record.values)


def texts_by_type(values: Iterable[Value]) -> Mapping[str, str]:
    """Values by type, as text; of two recall flags the node's, which is there because it is the graver one."""
    return {value.type: value.text for value in sorted(values, key=is_node_flag)}
