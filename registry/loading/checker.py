"""Checks the rows of a block and encodes the good ones: the part of a load that runs in worker processes.

The columns of a table are resolved once; after that a row costs one name, one pass of the pilot's compiled checks and
one stored form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from idis.proto import speedups
from idis.registry.loading.checked import Checked, Gathering, place_of
from idis.registry.loading.columns import (
    IDENTIFIER_NAMES,
    OBJECT_TYPE_NAMES,
    Columns,
    did_you_mean,
    object_of,
    resolve_columns,
)
from idis.registry.loading.csv_rows import CsvBlock
from idis.registry.loading.naming import VALUE_SHOWN_MAX, Domains, Naming
from idis.registry.loading.rest_rows import record_of_rest
from idis.registry.loading.rows import Block, Damaged, FileRefused
from idis.registry.loading.spill import RunWriter
from idis.registry.loading.template_lists import TemplateLists
from idis.registry.pilots.derivation import Derivation, with_derivations
from idis.registry.pilots.encoder import RowEncoder
from idis.registry.pilots.finding import Finding, Invalid
from idis.registry.pilots.schema import DataType, ObjectType, Pilot
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.record import prepare

if TYPE_CHECKING:
    from idis.proto._speedups import UsualRows, UsualTable


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load is about; travels to the workers.

    Attributes:
        pilot: name of the schema; empty for records in the REST form.
        object_code: the object all rows describe; empty when rows or sheets say it.
        prefix: completes identifiers given by their suffix; empty when they are full.
        domains: the prefixes of this node.
        today: what dates are judged by.
        now: unix time in seconds, the values' timestamp.
        lists: those of templates.
        derivations: templates of enterprises that rows may be made after, beside the pilot's.
    """

    pilot: str
    object_code: str
    prefix: str
    domains: Domains
    today: date
    now: int
    lists: TemplateLists = dataclass_field(default_factory=TemplateLists)
    derivations: tuple[Derivation, ...] = ()

    def checker(self, writer: RunWriter) -> Callable[[Block], Checked]:
        """The function a worker applies to each block; its runs go to `writer`."""
        if not self.pilot:
            return RestChecker(self, writer)
        return PilotChecker(self, with_derivations(PILOTS[self.pilot], self.derivations), writer)


class RestChecker:
    """Rows that are records in the REST form: `{"handle": …, "values": […]}`."""

    def __init__(self, plan: Plan, writer: RunWriter) -> None:
        self._writer = writer
        self._naming = Naming(plan.domains, plan.prefix)
        self._now = plan.now
        self._lists = plan.lists

    def __call__(self, block: Block) -> Checked:
        """Check and encode a block."""
        gathering = Gathering(block.weight, self._lists)
        for line, row in block.rows():
            gathering.rows += 1
            place = place_of(block.sheet_number, line)
            if isinstance(row, Damaged):
                gathering.refuse(place, "", [_damage(row)])
            elif isinstance(row, Mapping):
                self._check(gathering, place, row)
        return gathering.written(self._writer)

    def _check(self, gathering: Gathering, place: int, row: Mapping[str, object]) -> None:
        spelling = row.get("handle")
        named = self._naming.name(spelling if isinstance(spelling, str) else "")
        if isinstance(named, Finding):
            gathering.refuse(place, str(spelling or "")[:VALUE_SHOWN_MAX], [named])
            return
        record = record_of_rest(named.identifier, row, self._now)
        if isinstance(record, Finding):
            gathering.refuse(place, named.identifier, [record])
            return
        gathering.keep(place, named.key, record, ())
        if row.get("partial") is True:
            gathering.partials.append((named.key, place, named.identifier))


class PilotChecker:
    """Rows described by a pilot's schema, in columns or as objects."""

    def __init__(self, plan: Plan, pilot: Pilot, writer: RunWriter) -> None:
        self._plan = plan
        # Rows of a pilot name a template of their own prefix, which is answered here.
        self._lists = plan.lists if plan.lists.own else None
        self._pilot = pilot
        self._writer = writer
        self._naming = Naming(plan.domains, plan.prefix)
        self._tables: dict[tuple[str, tuple[str, ...]], _Table] = {}
        self._facts = {code: _ObjectFacts(kind) for code, kind in pilot.objects.items()}
        self._gathering = Gathering(0)  # of the block at hand

    def __call__(self, block: Block) -> Checked:
        """Check and encode a block.

        Raises:
            FileRefused: its header does not fit the schema.
        """
        gathering = Gathering(block.weight, self._lists)
        table = self._table(block) if block.columns else None
        if speedups.LOADED == speedups.COMPILED and table is not None and isinstance(block, CsvBlock):
            self._take(gathering, table, block)
        else:
            self._check(gathering, table, block)
        return gathering.written(self._writer)

    def _check(self, gathering: Gathering, table: _Table | None, block: Block) -> None:
        """Check row by row."""
        for line, row in block.rows():
            gathering.rows += 1
            place = place_of(block.sheet_number, line)
            if isinstance(row, Damaged):
                gathering.refuse(place, "", [_damage(row)])
            elif table is not None:
                self._check_cells(gathering, place, table, cast("Sequence[str]", row))
            elif isinstance(row, Mapping):
                self._check_object(gathering, place, row)

    def _take(self, gathering: Gathering, table: _Table, block: CsvBlock) -> None:
        """Take usual rows in one pass, and check the others in their turn."""
        block = block.in_utf8()
        usual = self._usual(table, block)
        if usual is None:
            self._check(gathering, table, block)
            return

        def careful(line: int, start: int, end: int) -> None:
            self._check(gathering, table, replace(block, octets=block.octets[start:end], line=line))

        self._gathering = gathering
        place = place_of(block.sheet_number, 0)
        taken = usual.take(block.octets, block.line, place, gathering.records, gathering.aliases, careful)
        gathering.rows += taken  # careful rows have been added meanwhile

    def _usual(self, table: _Table, block: CsvBlock) -> UsualRows | None:
        if block.separator not in table.usual:
            from idis.registry.loading.usual_rows import Place, usual_rows, usual_table

            def table_of(cell: str, shown: str) -> UsualTable | None:
                code = table.object_code or cell.strip()
                reader = table.reader(code)
                found = None if isinstance(reader, Finding) else reader.encoder.table(shown, self._plan.now)
                if isinstance(reader, Finding) or found is None:
                    return None
                schemes = self._facts[code].unique_schemes
                place = Place(len(block.columns), reader.picked, reader.foreign_at, reader.references, schemes)
                return usual_table(found, place, self._lists)

            def refer(place: int, field: str, cell: str, identifier: str) -> None:
                self._refer_cell(self._gathering, place, field, cell, identifier)

            at = table.identifier_at, -1 if table.object_code else table.object_at, table.visibility_at
            naming = self._naming.known
            table.usual[block.separator] = usual_rows(
                len(block.columns), block.separator, self._plan.prefix, at, table_of, naming, refer
            )
        return table.usual[block.separator]

    def _check_cells(self, gathering: Gathering, place: int, table: _Table, cells: Sequence[str]) -> None:
        named = self._naming.name(cells[table.identifier_at])
        if isinstance(named, Finding):
            gathering.refuse(place, cells[table.identifier_at][:VALUE_SHOWN_MAX], [named])
            return
        code = table.object_code or cells[table.object_at].strip()
        reader = table.reader(code)
        if isinstance(reader, Finding):
            gathering.refuse(place, named.identifier, [reader])
            return
        if foreign := reader.foreign(cells):
            gathering.refuse(place, named.identifier, [foreign])
            return
        result = reader.encoder.encode(reader.pick(cells), named.identifier, self._plan.now)
        if isinstance(result, list):
            gathering.refuse(place, named.identifier, result)
            return
        if reader.encoder.warnings:
            gathering.find(place, named.identifier, reader.encoder.warnings)
        gathering.keep(place, named.key, result, self._facts[code].unique_schemes)
        for at, field in reader.references:
            self._refer_cell(gathering, place, field, cells[at], named.identifier)

    def _check_object(self, gathering: Gathering, place: int, row: Mapping[str, object]) -> None:
        fields = {key: value for key, value in row.items() if key not in IDENTIFIER_NAMES}
        spelling = next((row[name] for name in IDENTIFIER_NAMES if name in row), "")
        named = self._naming.name(spelling if isinstance(spelling, str) else "")
        if isinstance(named, Finding):
            gathering.refuse(place, str(spelling)[:VALUE_SHOWN_MAX], [named])
            return
        code = self._plan.object_code or next((str(row[name]) for name in OBJECT_TYPE_NAMES if name in row), "")
        facts = self._facts.get(code)
        if facts is None:
            gathering.refuse(place, named.identifier, [_unknown_object(code, self._pilot)])
            return
        result = validate(self._pilot, code, fields, identifier=named.identifier, today=self._plan.today)
        if isinstance(result, Invalid):
            gathering.refuse(place, named.identifier, result.findings)
            return
        gathering.find(place, named.identifier, result.warnings)
        gathering.keep(place, named.key, prepare(result.record, self._plan.now), facts.unique_schemes)
        for field in facts.references:
            for text in _references(fields.get(field)):
                self._refer(gathering, place, field, text, named.identifier)

    def _refer_cell(self, gathering: Gathering, place: int, field: str, cell: str, identifier: str) -> None:
        if cell not in gathering.referred:
            gathering.referred.add(cell)
            for text in _references(cell):
                self._refer(gathering, place, field, text, identifier)

    def _refer(self, gathering: Gathering, place: int, field: str, text: str, identifier: str) -> None:
        key = self._naming.refer(text)
        if key is not None:
            gathering.refer(key, place, field, text[:VALUE_SHOWN_MAX], identifier)

    def _table(self, block: Block) -> _Table:
        code = self._plan.object_code or (block.sheet if block.sheet in self._pilot.objects else "")
        key = (code, block.columns)
        if key not in self._tables:
            try:
                self._tables[key] = _Table(self._plan, self._pilot, code, block.columns)
            except FileRefused as refused:
                raise FileRefused(f'sheet "{block.sheet}": {refused}' if block.sheet else str(refused)) from None
        return self._tables[key]


class _ObjectFacts:
    """What loading must know of an object type beyond its checks."""

    def __init__(self, kind: ObjectType) -> None:
        self.unique_schemes = frozenset(field.alias.scheme for field in kind.fields if field.alias and field.unique)
        self.references = tuple(field.name for field in kind.fields if field.type.item is DataType.REFERENCE)


class _Table:
    """A header, resolved; makes one reader per object type its rows describe."""

    def __init__(self, plan: Plan, pilot: Pilot, object_code: str, header: tuple[str, ...]) -> None:
        self._plan = plan
        self._pilot = pilot
        self._columns = resolve_columns(header, pilot, object_code)
        self._readers: dict[str, _Reader | Finding] = {}
        self.object_code = object_code
        self.identifier_at = self._columns.identifier_at
        self.object_at = self._columns.object_at
        self.visibility_at = next((at for at, name in self._columns.fields if name == "visibility"), -1)
        self.usual: dict[str, UsualRows | None] = {}  # by separator: the compiled pass over its rows

    def reader(self, code: str) -> _Reader | Finding:
        """The reader of an object's rows, or the finding that there is no such object."""
        found = self._readers.get(code)
        if found is None:
            if code in self._pilot.objects:
                found = _Reader(self._plan, self._pilot, object_of(self._pilot, code), self._columns)
            else:
                found = _unknown_object(code, self._pilot)
            self._readers[code] = found
        return found


class _Reader:
    """Picks the cells of one object type out of a row."""

    def __init__(self, plan: Plan, pilot: Pilot, kind: ObjectType, columns: Columns) -> None:
        own = [(at, name) for at, name in columns.fields if kind.field(name)]
        self._kind = kind
        self._foreign = [(at, name) for at, name in columns.fields if not kind.field(name)]
        self.picked = [at for at, _ in own]
        self.foreign_at = [at for at, _ in self._foreign]
        self.encoder = RowEncoder(pilot, kind.code, [name for _, name in own], today=plan.today)
        self.pick = _picker(self.picked)
        references = _ObjectFacts(kind).references
        self.references = [(at, name) for at, name in own if name in references]

    def foreign(self, cells: Sequence[str]) -> Finding | None:
        """A filled cell in a column that belongs to other objects only."""
        for at, name in self._foreign:
            if cells[at].strip():
                message = f"{self._kind.code} has no field {name}"
                return Finding(name, cells[at][:VALUE_SHOWN_MAX], "unknown-field", message, "leave the cell empty")
        return None


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    if len(places) == 0:
        return lambda _cells: ()
    if len(places) == 1:
        only = places[0]
        return lambda cells: (cells[only],)
    return itemgetter(*places)


def _references(cell: object) -> Sequence[str]:
    """The identifiers a reference cell names: one, several with semicolons between, or a JSON list."""
    if isinstance(cell, list):
        return [item for item in cell if isinstance(item, str)]
    if not isinstance(cell, str) or not cell:
        return ()
    if cell.startswith("["):
        try:
            return _references(json.loads(cell))
        except (ValueError, RecursionError):
            return ()
    return cell.split(";") if ";" in cell else (cell,)


def _unknown_object(code: str, pilot: Pilot) -> Finding:
    if not code:
        advice = f"one of {', '.join(pilot.objects)}, or name it for all rows with --object"
        return Finding("objectType", "", "required", "the row does not say what it describes", advice)
    message = f"the {pilot.name} pilot has no such object{did_you_mean(code, pilot.objects)}"
    return Finding("objectType", code[:VALUE_SHOWN_MAX], "objectType", message, f"see 'idis pilot show {pilot.name}'")


def _damage(row: Damaged) -> Finding:
    return Finding("", row.value[:VALUE_SHOWN_MAX], row.rule, row.message, "correct the line and import the file again")
