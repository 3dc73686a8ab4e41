"""Records: their edges follow them, in the transaction that writes them (`tracing.md` §1).

A changed field closes the while of what was installed or packed, and opens another; it never rewrites history. What a thing
was made from or belongs to has no while: a changed field there corrects what was believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from idis.registry.record import PreparedRecord, StoredRecord
from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, Certainty, Edge, EdgeKind
from idis.registry.trace.factors import factor_rows
from idis.registry.trace.fields import NOTHING, TEMPLATE, Declared, FieldEdge, declared
from idis.registry.trace.pointers import dues_of
from idis.registry.trace.revising import Stored, believed, revise
from idis.registry.trace.rows import UP
from idis.registry.trace.things import Spelling

_LASTING = (EdgeKind.PART_OF, EdgeKind.PACKED_IN)  # kinds that have a while

AnyRecord = PreparedRecord | StoredRecord


def follow_record(
    txn: ReadTxn, old: AnyRecord | None, new: AnyRecord | None, *, now_ms: int
) -> dict[bytes, bytes]:
    """The rows that change when a record takes the place of another, or of none, or goes.

    Args:
        txn: the transaction that writes it.
        old: what existed until now.
        new: what exists from now on.
        now_ms: of the commit, unix time in milliseconds.
    """
    named = new if new is not None else old
    assert named is not None, "something changed"
    spelling = spelling_at(txn)
    before = _declared(old, spelling)
    after = _declared(new, spelling)
    if before == after:
        return {}
    thing = spelling.name(named.identifier)
    changed = {key: b"" for about in before.factors for key in factor_rows(*about)}
    for about in after.factors:
        changed.update(factor_rows(*about))
    current = list(_current(txn, thing, before, after)) if before.edges else []
    wanted = list(_wanted(thing, current, after, now_ms, gone=new is None))
    changed.update(revise(current, wanted, now_ms))
    changed.update(dues_of(txn, changed, thing.partition("/")[0], now_ms))
    return changed


def spelling_at(txn: ReadTxn) -> Spelling:
    """How a store spells the things of its records: each prefix says whether it folds."""

    def folds(prefix: str) -> bool:
        entry = txn.prefix(prefix)
        return entry is None or entry.fold_suffix

    return Spelling(folds)


def may_declare(record: AnyRecord) -> bool:
    """Whether a record is of some template: all others declare nothing, and most records are others."""
    return TEMPLATE in record.public or TEMPLATE in record.restricted


def new_rows(public: bytes, restricted: bytes, thing: str, spelling: Spelling, now_ms: int) -> dict[bytes, bytes]:
    """The rows of a record where none was before, by its values; `thing` is its identifier in the one spelling."""
    after = declared(public, restricted, thing, spelling.name)
    if after is NOTHING:
        return {}
    changed: dict[bytes, bytes] = {}
    for about in after.factors:
        changed.update(factor_rows(*about))
    for told in after.edges:
        changed.update(_continued(thing, told, (), now_ms).rows())
    return changed


def _declared(record: AnyRecord | None, spelling: Spelling) -> Declared:
    if record is None or not may_declare(record):
        return NOTHING
    return declared(record.public, record.restricted, spelling.name(record.identifier), spelling.name)


def _tag(thing: str, field: str) -> bytes:
    return rows.tag_of(f"{thing} {field}")


def _current(txn: ReadTxn, thing: str, before: Declared, after: Declared) -> Iterator[Stored]:
    """What is believed of what this record said."""
    tags = {_tag(thing, edge.field) for declared_ in (before, after) for edge in declared_.edges}
    for child, kind in dict.fromkeys((edge.child, edge.kind) for part in (before, after) for edge in part.edges):
        for stored in believed(txn, child, [rows.span(child, UP[kind], UP[kind])]):
            if stored.tag in tags:
                yield stored


def _wanted(thing: str, current: list[Stored], after: Declared, now_ms: int, *, gone: bool) -> Iterator[Stored]:
    """What should be believed of what it says and said."""
    if gone:
        return
    left = {stored.place: stored for stored in current}
    begun: dict[tuple[EdgeKind, str], int] = {}
    for told in after.edges:
        stored = _continued(thing, told, list(left.values()), now_ms)
        left.pop(stored.place, None)
        begun.setdefault((told.kind, told.child), stored.edge.from_ms)
        yield stored
    said = {(told.kind, told.child, told.parent, _tag(thing, told.field)) for told in after.edges}
    for old in left.values():
        edge = old.edge
        if edge.kind not in _LASTING:
            continue
        if edge.to_ms == ALWAYS_MS:
            if (edge.kind, edge.child, edge.parent, old.tag) in said:
                continue  # the day it began was corrected
            end = begun.get((edge.kind, edge.child), now_ms)
            end = end if end > edge.from_ms else now_ms
            if end <= edge.from_ms:
                continue
            edge = edge._replace(to_ms=end)
        yield old._replace(edge=edge._replace(recorded_ms=now_ms))


def _continued(thing: str, edge: FieldEdge, current: Sequence[Stored], now_ms: int) -> Stored:
    """The edge of a field, which goes on from the one that is open where the field does not say since when."""
    tag = _tag(thing, edge.field)
    begun = now_ms if edge.from_ms is None and not current else edge.from_ms
    if begun is None:
        same = (edge.kind, edge.child, edge.parent)
        opened = [
            old.edge.from_ms
            for old in current
            if old.tag == tag
            and (old.edge.kind, old.edge.child, old.edge.parent) == same
            and old.edge.to_ms == ALWAYS_MS
        ]
        begun = opened[0] if opened else now_ms
    return Stored(
        Edge(
            edge.kind,
            edge.child,
            edge.parent,
            begun,
            ALWAYS_MS if edge.to_ms is None or edge.to_ms <= begun else edge.to_ms,
            now_ms,
            quantity=edge.quantity,
            uom=edge.uom,
            certainty=Certainty.POSSIBLE if edge.reasons else Certainty.CERTAIN,
            reasons=edge.reasons,
            source=thing,
            holder=thing.partition("/")[0],
        ),
        tag,
    )
