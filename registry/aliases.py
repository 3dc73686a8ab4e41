"""One thing with many codes: which records a name of any scheme leads to (一物多码).

The index is filled when a record is written, from fields of its template and from its public values of the type
IDIS.ALIAS. A name may lead to several records, of several owners: all are told, and whoever asks chooses. The other way,
from a record to its names, is `StoredRecord.aliases`.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.schemes.recognised import Recognised
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import prefix_of

HOLDER_TYPE = "IDIS.HOLDER"  # of a value of an answer: one of several records that have a name, {"handle": …, "owner": …}
HOLDERS_MAX = 64  # records of one name that are told; more share it as a word, not as a name


@dataclass(frozen=True, slots=True)
class Holder:
    """A record that has a name.

    Attributes:
        key: of the record in the store.
        identifier: as registered.
        prefix: folded; whose record it is.
        owner: of the prefix, as registered.
        scheme, name: by which it was found: the name that was asked for, or a coarser one of the same thing.
        level: how many levels coarser; 0 is the name itself.
    """

    key: bytes
    identifier: str
    prefix: str
    owner: str
    scheme: str
    name: str
    level: int = 0


def keys_named(txn: ReadTxn, recognised: Recognised) -> tuple[list[bytes], int]:
    """Keys of the records that a reading of a text names, and by which of its levels: the finest that any record has.

    Returns:
        No keys where no level names anything.
    """
    for level, name in enumerate(recognised.levels or (recognised.canonical,)):
        if keys := txn.aliases(recognised.scheme, name, HOLDERS_MAX):
            return keys, level
    return [], 0


def holders(txn: ReadTxn, recognised: Recognised) -> list[Holder]:
    """The records that a reading of a text names, those of the finest level that has any, in key order."""
    keys, level = keys_named(txn, recognised)
    name = recognised.levels[level] if recognised.levels else recognised.canonical
    found = []
    for key in keys:
        record = txn.record(key)
        if record is None or not record.live:
            continue
        prefix = prefix_of(key)
        entry = txn.prefix(prefix)
        owner = "" if entry is None else entry.owner
        found.append(Holder(key, record.identifier, prefix, owner, recognised.scheme, name, level))
    return found
