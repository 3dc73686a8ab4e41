"""Writes records as the documents of other data spaces and passports: one JSON document a line.

Only what is public is written. A record that cannot be mapped is left out whole and told of: a document with a hole in it
would be believed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from idis.proto.value import decode_values
from idis.registry.loading.export import Report, Snapshot
from idis.registry.pilots.mapping.bom_as_built import Child
from idis.registry.pilots.mapping.source import Fault, Source
from idis.registry.pilots.mapping.table import MAPPINGS
from idis.registry.store.base import ReadTxn, Store
from idis.registry.trace.edge import Certainty, EdgeKind
from idis.registry.trace.expanding import Direction
from idis.registry.trace.export import moment_text
from idis.registry.trace.held import record_of
from idis.registry.trace.records import spelling_at
from idis.registry.trace.tracing import trace
from idis.registry.trace.walking import Budget

CHILDREN_BUDGET = Budget(depth=1, edges=10_000, ms=5_000)  # of one bill of material
FAULTS_MAX = 1_000  # told; the count goes on
_IN = (EdgeKind.PART_OF, EdgeKind.MADE_FROM)


@dataclass(slots=True)
class MappedExport:
    """How many documents were written, how many records of the right kind could not be, and why."""

    documents: int = 0
    left_out: int = 0
    faults: list[tuple[str, Fault]] = field(default_factory=list)


def export_mapped(
    store: Store,
    out: TextIO,
    form: str,
    prefixes: Sequence[str],
    *,
    at_ms: int,
    report: Report,
    partners: Mapping[str, str] | None = None,
) -> MappedExport:
    """Write every record that the form has a document for.

    Args:
        store: the registry.
        out: gets one document a line.
        form: a name of `MAPPINGS`.
        prefixes: as the user spells them; none means all.
        at_ms: the moment of which a bill of material tells, unix time in milliseconds.
        report: called with progress.
        partners: business partner numbers by folded prefix, of enterprises whose records are not here.

    Raises:
        FileRefused, StoreError: see `Snapshot`.
    """
    mapping, done = MAPPINGS[form], MappedExport()
    with store.read() as txn:
        snapshot = Snapshot(txn, prefixes, restricted=False, report=report)
        look = Lookup(txn)
        for prefix in snapshot.entries:
            for _, record in snapshot.records(prefix):
                texts = {value.type: value.text for value in decode_values(record.public)}
                code = texts.get("objectType", "")
                if code not in mapping.objects or (mapping.only and texts.get(mapping.only[0]) != mapping.only[1]):
                    continue
                source = Source(record.identifier, code, texts, look, partners=partners or {})
                children = tuple(children_of(txn, record.identifier, at_ms)) if mapping.takes_children else ()
                if mapping.takes_children and not children:
                    continue
                document = mapping.write(source, children)
                if source.faults:
                    done.left_out += 1
                    done.faults += [(record.identifier, one) for one in source.faults][: FAULTS_MAX - len(done.faults)]
                else:
                    out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
                    done.documents += 1
    return done


class Lookup:
    """The public texts of other records of one store, each read once."""

    def __init__(self, txn: ReadTxn) -> None:
        self._txn = txn
        self._spell = spelling_at(txn).name
        self._known: dict[str, Mapping[str, str] | None] = {}

    def __call__(self, identifier: str) -> Mapping[str, str] | None:
        """The texts by type; None for what is not here."""
        if identifier not in self._known:
            record = record_of(self._txn, self._spell(identifier)) if identifier else None
            found = None if record is None else {value.type: value.text for value in decode_values(record.public)}
            self._known[identifier] = found
        return self._known[identifier]


def children_of(txn: ReadTxn, identifier: str, at_ms: int) -> Iterator[Child]:
    """What is in a thing at a moment, or what it was made from, one level down."""
    thing = spelling_at(txn).name(identifier)
    found = trace(txn, thing, Direction.BACK, as_of_ms=at_ms, budget=CHILDREN_BUDGET)
    for line in found.lines:
        edge = line.via
        if edge is None or edge.kind not in _IN:
            continue
        other = edge.child if edge.kind is EdgeKind.PART_OF else edge.parent
        possible = edge.certainty is Certainty.POSSIBLE
        yield Child(other, moment_text(edge.from_ms), edge.quantity, edge.uom, possible)
