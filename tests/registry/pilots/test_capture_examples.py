"""The capture examples: good documents, about the things of the sample data, that tell what the records say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from idis.registry.pilots.capture_examples import EXAMPLES, FOLDER, example_files
from idis.registry.pilots.finding import Invalid
from idis.registry.pilots.sample import generate
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.prefix import PrefixEntry
from idis.registry.record import prepare
from idis.registry.store.base import ReadTxn
from idis.registry.store.memory import MemoryStore
from idis.registry.trace import rows
from idis.registry.trace.capture import Behaviour, Captured, capture
from idis.registry.trace.event import Event
from idis.registry.trace.reading import read_events
from idis.registry.trace.revising import believed
from idis.registry.trace.rows import UP
from idis.registry.trace.teller import Teller
from idis.registry.trace.things import Spelling

NOW_MS = 1_772_000_000_000
FILES = [path for pilot in EXAMPLES for path in example_files(pilot)]
SPELL = Spelling().name


def _pilot_of(path: Path) -> str:
    return path.name.partition("-")[0]


def _events(path: Path) -> Iterator[Event]:
    with path.open("rb") as stream:
        for event in read_events(stream):
            assert isinstance(event, Event)
            yield event


def _things(event: Event) -> set[str]:
    amounts = (*event.quantities, *event.child_quantities, *event.input_quantities, *event.output_quantities)
    named = (*event.epcs, *event.child_epcs, *event.input_epcs, *event.output_epcs, *(one.epc_class for one in amounts))
    return {SPELL(text) for text in (*named, *filter(None, (event.parent,)))}


def _captured(path: Path, store: MemoryStore) -> Captured:
    return capture(store, lambda: path.open("rb"), Teller("test", "88", ("",)), Behaviour.ROLLBACK, NOW_MS)


def _edges(txn: ReadTxn, things: set[str]) -> set[tuple[str, str, str]]:
    """Kind, child and parent of what the things are part of, packed in or made from."""
    found = set()
    for thing in things:
        for kind in UP:
            edges = (stored.edge for stored in believed(txn, thing, [rows.span(thing, UP[kind], UP[kind])]))
            found |= {(edge.kind.value, edge.child, edge.parent) for edge in edges if edge.kind.value in "ATG"}
    return found


@cache
def _of_records(pilot: str) -> MemoryStore:
    store, records = MemoryStore(), []
    for row in generate(pilot):
        judged = validate(PILOTS[pilot], row.object_code, row.fields, identifier=row.identifier, today=date(2026, 1, 15))
        assert not isinstance(judged, Invalid)
        records.append(prepare(judged.record, 1))
    prefixes = {record.identifier.partition("/")[0] for record in records}
    store.write(lambda txn: [txn.put_prefix(PrefixEntry(prefix, homed=True)) for prefix in prefixes], actor="test").result(10)
    store.write_all(records, actor="test")
    return store


def test_every_file_is_named() -> None:
    """No document lies in the folder that nobody finds."""
    assert sorted(FILES) == sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_captured_without_a_warning(path: Path) -> None:
    """Every event is kept."""
    done = _captured(path, MemoryStore())

    assert (done.problems, done.warnings, done.new) == ([], 0, done.events)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_things_are_in_the_sample_data(path: Path) -> None:
    """Whoever loads the sample data can resolve every thing an event names."""
    known = {SPELL(row.identifier) for row in generate(_pilot_of(path))}

    assert set().union(*map(_things, _events(path))) <= known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_tells_what_the_records_say(path: Path) -> None:
    """Each edge of the events is one of the records; a consumable in a whole is what the whole was made from."""
    things = set().union(*map(_things, _events(path)))
    told = MemoryStore()
    _captured(path, told)
    with told.read() as txn, _of_records(_pilot_of(path)).read() as records:
        said, known = _edges(txn, things), _edges(records, things)

    assert said
    assert {(kind, child, parent) for kind, child, parent in said if ("T", parent, child) not in known} <= known
