"""The edges of records that are loaded many at once, made ready where the records are: in the workers of a load.

Deriving an edge costs more than storing it. So whoever seals a batch derives its edges too, taking every prefix to fold the
suffixes below it, and says which prefixes that was said of; the storing process, which knows, derives them again in the
rare case that one does not. Records that are new have no edges yet, so theirs are put without a look at what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from idis.registry.store import codec
from idis.registry.store.lmdb_write import LmdbWriteTxn
from idis.registry.trace import rows
from idis.registry.trace.fields import TEMPLATE
from idis.registry.trace.records import new_rows, spelling_at
from idis.registry.trace.things import Spelling

Pairs = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class SealedEdges:
    """The edges of some new records.

    Attributes:
        values: keys and sealed rows of edges, sorted; none of them is stored yet.
        loose: keys and rows that may be there already: who bears a factor.
        digest_sum: of `values`, modulo 2**64.
        folding: prefixes that were taken to fold the suffixes below them.
    """

    values: Pairs = ()
    loose: Pairs = ()
    digest_sum: int = 0
    folding: Sequence[str] = ()


def seal_edges(
    records: Iterable[tuple[bytes, bytes]], now_ms: int, folds: Callable[[str], bool] = lambda prefix: True
) -> SealedEdges:
    """Derive the edges of new records.

    Args:
        records: keys and sealed records.
        now_ms: since when the edges are known, unix time in milliseconds.
        folds: whether a folded prefix folds the suffixes below it.
    """
    asked: dict[str, None] = {}

    def noted(prefix: str) -> bool:
        asked[prefix] = None
        return folds(prefix)

    spelling = Spelling(noted)
    found: dict[bytes, bytes] = {}
    for key, value in records:
        if TEMPLATE in value:  # most records are of no template: those are not taken apart
            identifier, public, restricted = codec.record_parts(key, value)
            found.update(new_rows(public, restricted, spelling.name(identifier), spelling, now_ms))
    loose = {key: found.pop(key) for key in [key for key in found if not rows.is_edge(key)]}
    _, values, digest_sum, _ = codec.seal_edges(found)
    return SealedEdges(values, sorted(loose.items()), digest_sum, tuple(asked))


def put_sealed_edges(txn: LmdbWriteTxn, edges: SealedEdges, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Put the edges of new records, in the transaction that puts the records."""
    spelling = spelling_at(txn)
    if not all(map(spelling.folds, edges.folding)):
        edges = seal_edges(records, txn.now_ms, spelling.folds)
    if edges.values:
        txn.add_edges(edges.values, edges.digest_sum)
    if edges.loose:
        txn.put_edges(dict(edges.loose))
