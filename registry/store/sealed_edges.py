"""The edges of records that are loaded many at once, made ready where the records are: in the workers of a load.

Deriving an edge costs more than storing it. So whoever seals a batch derives its edges too, taking every prefix to fold the
suffixes below it, and says which prefixes that was said of; the storing process, which knows, derives them again in the
rare case that one does not. Records that are new have no edges yet, so theirs are put without a look at what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from idis.registry.store import codec
from idis.registry.store.packed_rows import Row
from idis.registry.trace.fields import TEMPLATE
from idis.registry.trace.records import new_rows
from idis.registry.trace.things import Spelling

Folds = Callable[[str], bool]  # whether a folded prefix folds the suffixes below it


@dataclass(frozen=True, slots=True)
class SealedEdges:
    """The edges of some new records.

    Attributes:
        rows: keys and sealed rows of edges, packed and sorted; none of them is stored yet.
        count: how many they are.
        loose: keys and rows that may be there already: who bears a factor.
        digest_sum: of `rows`, modulo 2**64.
        folding: prefixes that were taken to fold the suffixes below them.
    """

    rows: bytes = b""
    count: int = 0
    loose: Sequence[Row] = ()
    digest_sum: int = 0
    folding: tuple[str, ...] = ()


def all_fold(prefix: str) -> bool:
    """What a worker takes to be true of every prefix."""
    return True


def rows_of(records: Iterable[Row], folds: Folds, now_ms: int) -> dict[bytes, bytes]:
    """The rows of new records, given by their keys and stored forms without digests."""
    spelling = Spelling(folds)
    found: dict[bytes, bytes] = {}
    for key, rest in records:
        if TEMPLATE in rest:  # most records are of no template: those are not taken apart
            identifier, public, restricted = codec.record_parts(key, rest)
            found.update(new_rows(public, restricted, spelling.name(identifier), spelling, now_ms))
    return found
