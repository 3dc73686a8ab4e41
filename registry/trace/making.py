"""Making: what was made from what, from transformation events, one alone or several joined (`tracing.md` §4.2, §4.3).

Events with one transformationID form one process if they are said in one name: two enterprises may use the same one without
knowing of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, Certainty, Edge, EdgeKind
from idis.registry.trace.joins import Join, Part, Process
from idis.registry.trace.membership import mixing_in
from idis.registry.trace.revising import Stored, believed, revise
from idis.registry.trace.rows import Slot
from idis.registry.trace.saying import Saying

PARTS_MAX = 1_000_000  # of one process: a line that runs for a year under one number

_OF_CLASS, _CLAIM, _OUTPUT = 1, 2, 4
_MEMBERS = 9


def note_making(txn: ReadTxn, saying: Saying) -> dict[bytes, bytes]:
    """The rows that a transformation adds and changes."""
    said = list(_parts(saying))
    process, tag = _process_of(saying)
    if not saying.event.transformation_id:
        made: dict[bytes, bytes] = {}
        for join, outputs in Process.of(said).joins_alike():
            made.update(rows.rows_alike(_stored(join, tag, saying.recorded_ms).edge, outputs, tag))
        return made
    changed = dict(_part_row(process, part, saying.recorded_ms) for part in said)
    known = list(_read(txn, process))
    changed.update(_change(txn, Process.of(known), Process.of([*known, *said]), said, tag, saying.recorded_ms))
    return changed


def withdraw_making(txn: ReadTxn, saying: Saying) -> dict[bytes, bytes]:
    """The rows that change when it was an error."""
    now_ms = saying.recorded_ms
    said = list(_parts(saying))
    process, tag = _process_of(saying)
    if not saying.event.transformation_id:
        return _change(txn, Process.of(said), Process(), said, tag, now_ms)
    before = Process.of(_read(txn, process))
    changed = dict(_part_row(process, part, now_ms, retracted_ms=now_ms) for part in said)
    changed.update(_change(txn, before, before.without(saying.event.event_id), said, tag, now_ms))
    return changed


def _change(
    txn: ReadTxn, before: Process, after: Process, said: Iterable[Part], tag: bytes, now_ms: int
) -> dict[bytes, bytes]:
    """The rows of edges that differ between two states of a process."""
    # A pair changes with its own two things, or when all pairs become mixed or cease to be.
    touching = {part.thing for part in said} if before.mixed == after.mixed else None
    wanted = [_stored(join, tag, now_ms) for join in after.joins(touching)]
    spans: dict[str, list[tuple[bytes, bytes]]] = {}
    for join in before.joins(touching):
        span = rows.moment_span(EdgeKind.MADE_FROM, join.output, join.input, join.time_ms)
        spans.setdefault(join.output, []).append(span)
    current = [old for output, moments in spans.items() for old in believed(txn, output, moments) if old.tag == tag]
    return revise(current, wanted, now_ms)


def _stored(join: Join, tag: bytes, now_ms: int) -> Stored:
    return Stored(
        Edge(
            EdgeKind.MADE_FROM,
            join.output,
            join.input,
            join.time_ms,
            recorded_ms=now_ms,
            quantity=join.quantity,
            uom=join.uom,
            certainty=Certainty.POSSIBLE if join.reasons else Certainty.CERTAIN,
            reasons=join.reasons,
            source=join.event_id,
            holder=join.holder,
        ),
        tag,
    )


def _process_of(saying: Saying) -> tuple[str, bytes]:
    """The name of the process an event belongs to, and the tag of its edges."""
    own = saying.event.transformation_id
    process = f"{saying.holder} {own}" if own else saying.event.event_id
    return process, rows.tag_of(process)


def _parts(saying: Saying) -> Iterator[Part]:
    event = saying.event
    mixing = mixing_in(event)
    for output, epcs, amounts in (
        (False, event.input_epcs, event.input_quantities),
        (True, event.output_epcs, event.output_quantities),
    ):
        named: set[tuple[str, str]] = set()
        listed = [(epc, None, "", False) for epc in epcs]
        listed_by_class = [(amount.epc_class, amount.quantity, amount.uom, True) for amount in amounts]
        for text, quantity, uom, of_class in (*listed, *listed_by_class):
            thing = saying.spelling.name(text)
            if (thing, uom) not in named:
                named.add((thing, uom))
                yield Part(
                    output,
                    thing,
                    event.time.time_ms,
                    event.event_id,
                    saying.holder,
                    of_class,
                    quantity,
                    uom,
                    mixing,
                    saying.claim,
                )


def _part_row(process: str, part: Part, recorded_ms: int, *, retracted_ms: int = ALWAYS_MS) -> rows.Row:
    place = rows.head(process) + bytes((Slot.PROCESS,)) + rows.time_key(part.time_ms)
    key = place + rows.tag_of(f"{part.event_id} {part.output} {part.thing} {part.uom}")
    flags = (_OF_CLASS if part.of_class else 0) | (_CLAIM if part.claim else 0) | (_OUTPUT if part.output else 0)
    members = [
        part.thing,
        flags,
        part.event_id,
        recorded_ms,
        part.holder,
        part.mixing,
        None if part.quantity is None else str(part.quantity),
        part.uom,
        None if retracted_ms == ALWAYS_MS else retracted_ms,
    ]
    return key, rows.pack(members)


def _read(txn: ReadTxn, process: str) -> Iterator[Part]:
    """The parts of a process that are believed."""
    (found,) = txn.edge_spans([rows.span(process, Slot.PROCESS, Slot.PROCESS)], PARTS_MAX)
    for key, row in found:
        thing, flags, event_id, _, holder, mixing, quantity, uom, retracted = rows.unpack(row, _MEMBERS)
        flags = flags or 0
        if retracted is None:
            yield Part(
                bool(flags & _OUTPUT),
                thing,
                rows.time_of(key[-16:-8]),
                event_id,
                holder or "",
                bool(flags & _OF_CLASS),
                None if quantity is None else Decimal(quantity),
                uom or "",
                mixing or "",
                bool(flags & _CLAIM),
            )
