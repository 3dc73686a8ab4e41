"""Segments: how a load of many records is cut, so that each piece is one short commit and one journal entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from idis.registry.record import PreparedRecord
from idis.registry.store import keys
from idis.registry.store.base import COMMIT_OPS_MAX


def segments(records: Sequence[PreparedRecord], folds: Callable[[str], bool]) -> Iterator[list[PreparedRecord]]:
    """Sort records by key and cut them into groups of one prefix and at most COMMIT_OPS_MAX.

    Args:
        records: in any order; of two with one identifier the later one wins.
        folds: whether the suffixes of a folded prefix fold case.
    """
    keyed = []
    for record in records:
        identifier, key = keys.identifier_key(record.identifier, True)
        if not folds(identifier.folded_prefix):
            _, key = keys.identifier_key(record.identifier, False)
        keyed.append((key, record))
    keyed.sort(key=lambda pair: pair[0])
    for _, group in groupby(keyed, key=lambda pair: keys.prefix_of(pair[0])):
        rows = [record for _, record in group]
        for at in range(0, len(rows), COMMIT_OPS_MAX):
            yield rows[at : at + COMMIT_OPS_MAX]
