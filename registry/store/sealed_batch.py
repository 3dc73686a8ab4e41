"""A batch of new records sealed for one place in the journal: what a load prepares in its workers (`storage.md` §2.9).

Sealing patches the position into each stored form, puts the digest in front, and derives what else is stored with a record:
the rows of its second names, and its edges. Compiled where that is possible; what is not plain about a record is left to
the functions that single writes use, and the plain twin gives the same octets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto import speedups
from idis.registry.journal import POSITION_BYTES, Position
from idis.registry.store import codec, keys
from idis.registry.store.packed_rows import Row, pack_rows, unpack_rows
from idis.registry.store.sealed_edges import Folds, SealedEdges, all_fold, rows_of
from idis.registry.trace.fields import plain_plan
from idis.registry.trace.rows import is_edge

# In a stored form without its digest. `codec.py` lays it out: format, flags, prepared by, version, position, …
POSITION_AT = 12
POSITION_END = POSITION_AT + POSITION_BYTES
_HEADER_BYTES = codec.RECORD_HEADER_BYTES - codec.DIGEST_BYTES


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch prepared for one place in the journal: worth its making only if the batch is written just there.

    Attributes:
        position: that place.
        first, last: keys of the first and the last record.
        count: how many there are.
        values: their keys and sealed values, packed.
        names: keys and sealed values of the alias table, packed and sorted.
        digest_sum: of `values`, modulo 2**64.
        octets: of `values`, as `PrefixStat` counts them.
        edges: derived from them.
    """

    position: Position
    first: bytes
    last: bytes
    count: int
    values: bytes
    names: bytes
    digest_sum: int
    octets: int
    edges: SealedEdges

    def items(self) -> list[Row]:
        """The batch as it was before."""
        return [(key, value[codec.DIGEST_BYTES :]) for key, value in unpack_rows(self.values)]


class Asked:
    """Whether prefixes fold, and of which this was asked."""

    def __init__(self, folds: Folds) -> None:
        self._folds = folds
        self._asked: set[str] = set()

    def __call__(self, prefix: str) -> bool:
        """Whether a prefix does."""
        self._asked.add(prefix)
        return self._folds(prefix)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """All that was asked about."""
        return tuple(sorted(self._asked))


def seal_in_python(
    batch: Sequence[Row],
    position: Position,
    now_ms: int,
    edges: SealedEdges | None = None,
    *,
    folds: Folds = all_fold,
    skip: int = 0,
) -> Sealed:
    """Give each record of a batch its position and digest.

    Args:
        batch: keys and stored forms, at least one, sorted.
        position: where it will be written.
        now_ms: from which on its edges are known, unix time in milliseconds.
        edges: those, where they were derived before.
        folds: whether a folded prefix folds the suffixes below it.
        skip: octets of a digest that stand before each stored form.
    """
    place = position.encode()
    values: list[Row] = []
    names: dict[bytes, bytes] = {}
    for key, value in batch:
        if len(value) < skip + _HEADER_BYTES:
            raise ValueError("no stored form of a record")
        rest = value[skip : skip + POSITION_AT] + place + value[skip + POSITION_END :]
        values.append((key, codec.seal(keys.RECORD, key, rest)))
        for name in codec.alias_keys(key, rest):
            names[name] = key
    _, name_rows, _, _ = codec.seal_aliases(names)
    if edges is None:
        asked = Asked(folds)
        found = rows_of(((key, value[skip:]) for key, value in batch), asked, now_ms)
        loose = {key: found.pop(key) for key in [key for key in found if not is_edge(key)]}
        _, edge_rows, edge_sum, _ = codec.seal_edges(found)
        edges = SealedEdges(pack_rows(edge_rows), len(edge_rows), sorted(loose.items()), edge_sum, asked.prefixes)
    digest_sum = sum(codec.digest_of(value) for _, value in values) % codec.DIGEST_SUM_MODULUS
    octets = sum(len(key) + len(value) for key, value in values)
    first, last = batch[0][0], batch[-1][0]
    return Sealed(position, first, last, len(values), pack_rows(values), pack_rows(name_rows), digest_sum, octets, edges)


def _seal_compiled(
    batch: Sequence[Row],
    position: Position,
    now_ms: int,
    edges: SealedEdges | None = None,
    *,
    folds: Folds = all_fold,
    skip: int = 0,
) -> Sealed:
    names = _speedups.SealedRows(keys.ALIAS + b"\x00")
    asked = Asked(folds)
    maker = _speedups.EdgeMaker(plain_plan, asked, now_ms) if edges is None else None
    values, digest_sum, octets, odd = _speedups.seal_batch(batch, skip, position.encode(), codec.alias_keys, names, maker)
    if maker is not None:
        for key, row in rows_of(odd, asked, now_ms).items():
            (maker.rows if is_edge(key) else maker.loose).add(key, row)
        rows, count, edge_sum = maker.rows.packed()
        edges = SealedEdges(rows, count, maker.loose.pairs(), edge_sum, asked.prefixes)
    assert edges is not None, "given or made"
    return Sealed(position, batch[0][0], batch[-1][0], len(batch), values, names.packed()[0], digest_sum, octets, edges)


seal = seal_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    seal = _seal_compiled
