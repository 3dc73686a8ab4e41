"""The bulk fast path: one table's columns are compiled once, its rows become prepared records one by one.

Rows of one table repeat themselves: the same supplier, grade, date and status stand in thousands of them. So each column
remembers what a cell became, octets and all; a row is then a handful of dictionary look-ups and one join. Only what is
new is read, by the very functions `validate` uses; and whatever is unusual (a finding, a warning, an identifier that has
to be looked at closely) sends the whole row through `validate`, so that both paths can only agree. A property test
holds them to it, octet for octet.

The timestamp lies inside every value, so what is remembered is forgotten when the second changes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeAlias

from idis.proto.errors import IdentifierError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, fold, parse_identifier
from idis.proto.value import TTL_S_DEFAULT, TTL_S_MAX, Value, encode_value
from idis.proto.wire import u32
from idis.registry.pilots.finding import Finding, Invalid
from idis.registry.pilots.reading import Reading, data_text, is_absent, read_cell
from idis.registry.pilots.schema import INDEX_TEMPLATE, DataType, Field, FieldValue, ObjectType, Pilot, Rule
from idis.registry.pilots.validation import (
    ALIAS_SEPARATOR,
    PERMISSIONS_PUBLIC,
    TYPE_TEMPLATE,
    field_aliases,
    field_permissions,
    head_permissions,
    match_columns,
    template_id_value,
    template_identifier,
    validate,
)
from idis.registry.record import Alias, PreparedRecord, RecordFlag, prepare

MEMO_CELLS_MAX = 4_096  # remembered a column; beyond it the column is a running number and memory is better spent elsewhere
PREFIXES_MAX = 1_024

_pack_length = struct.Struct(">I").pack
_NO_REFERENCES = u32(0)
_EMPTY_TAIL_BYTES = 8  # of an encoded value with neither data nor references: the two zero counts
PUBLIC_TTL_S = min(TTL_S_DEFAULT, TTL_S_MAX)

RECALL_FLAGS = {"none": 0, "check": int(RecordFlag.HOLD), "stop": int(RecordFlag.STOP)}  # by the text of the recall flag

# By that text and whether the record holds restricted values; members of an enumeration are dear to combine, so it is done
# once.
_FLAGS = {
    (text, restricted): RecordFlag(flag | (RecordFlag.RESTRICTED if restricted else 0))
    for text, flag in RECALL_FLAGS.items()
    for restricted in (False, True)
}


class RowEncoder:
    """Checks and encodes the rows of one table whose columns are known in advance.

    Attributes:
        column_findings: what is wrong with the headings; every row will be refused with it.
        warnings: those of the row encoded last.
    """

    def __init__(self, pilot: Pilot, object_code: str, columns: Sequence[str], *, today: date) -> None:
        """Compile the columns.

        Args:
            pilot: the industry's schema.
            object_code: the kind of thing the rows describe.
            columns: the table's headings in order, english or chinese field names.
            today: the date findings are judged by.

        Raises:
            KeyError: the pilot has no such object.
        """
        self._pilot = pilot
        self._object_code = object_code
        self._columns = tuple(columns)
        self._today = today
        self.warnings: list[Finding] = []
        matched = match_columns(pilot.objects[object_code], self._columns)
        self.column_findings = matched.findings
        places = {field.name: self._columns.index(heading) for heading, field in matched.fields.items()}
        self._plan = _Plan(pilot.objects[object_code], places, len(self._columns), today)
        twice = len(set(self._columns)) < len(self._columns)
        self._usual = not matched.findings and not twice and self._plan.complete
        self._tables: dict[str, Table] = {}  # by the cell that says the visibility
        self._now = -1
        self._prefixes: set[str] = set()

    def encode(self, cells: Sequence[str], identifier: str, now: int) -> PreparedRecord | list[Finding]:
        """The record of one row, or why it is kept out.

        Args:
            cells: the row's texts, aligned with the columns; an empty one is absent.
            identifier: the record's name as registered.
            now: unix time in seconds for the values' timestamps.
        """
        if len(cells) != len(self._columns):
            self.warnings = []
            message = f"the row has {len(cells)} cells, the heading {len(self._columns)}"
            return [Finding("", "", "columns", message, "check separators and quotes of this row")]
        if self._usual:
            if now != self._now:
                self._now = now
                self._tables.clear()
            try:
                record = self._encode_usual(cells, identifier)
            except Unusual:
                pass
            else:
                self.warnings = []
                return record
        return self._encode_unusual(cells, identifier, now)

    def table(self, shown: str, now: int) -> Table | None:
        """What the columns of rows come to whose cell of visibility is this; None where every row needs a closer look."""
        if not self._usual:
            return None
        try:
            return Table(self._plan, shown, now)
        except Unusual:
            return None

    def _encode_usual(self, cells: Sequence[str], identifier: str) -> PreparedRecord:
        prefix = self._prefix(identifier)
        shown = cells[self._plan.visibility_place]
        table = self._tables.get(shown)
        if table is None:
            table = self._tables[shown] = Table(self._plan, shown, self._now)
        return table.record([*cells, "", prefix], identifier, prefix)

    def _prefix(self, identifier: str) -> str:
        prefix, _, suffix = identifier.partition("/")
        if prefix not in self._prefixes:
            self._learn_prefix(prefix, identifier)
        if not suffix or not identifier.isascii() or not identifier.isprintable() or len(identifier) > IDENTIFIER_BYTES_MAX:
            raise Unusual
        return prefix

    def _learn_prefix(self, prefix: str, identifier: str) -> None:
        try:
            parsed = parse_identifier(identifier)
        except IdentifierError:
            raise Unusual from None
        if parsed.suffix is None:
            raise Unusual
        if len(self._prefixes) >= PREFIXES_MAX:
            self._prefixes.clear()
        self._prefixes.add(prefix)

    def _encode_unusual(self, cells: Sequence[str], identifier: str, now: int) -> PreparedRecord | list[Finding]:
        row = dict(zip(self._columns, cells, strict=True))
        result = validate(self._pilot, self._object_code, row, identifier=identifier, today=self._today)
        if isinstance(result, Invalid):
            self.warnings = []
            return list(result.findings)
        self.warnings = list(result.warnings)
        return prepare(result.record, now)


class Unusual(Exception):
    """This row needs the careful path."""


# What a cell became: the octets of its value (none when absent), the fact, its stored text, and, in columns that are
# edges or scopes, that text folded. A plain tuple, because millions are made.
Entry: TypeAlias = "tuple[bytes, FieldValue | None, str, tuple[str, ...]]"

_ABSENT: Entry = (b"", None, "", ())


class _Plan:
    """What can be known of a table before its first row."""

    def __init__(self, object_type: ObjectType, places: dict[str, int], width: int, today: date) -> None:
        self.object_type = object_type
        self.today = today
        self.absent_place = width  # each row is followed by an empty cell and by its prefix
        self.prefix_place = width + 1
        self.fields = [field for field in object_type.fields if field.name in places or field.default]
        self.places = {field.name: places.get(field.name, width) for field in self.fields}
        self.complete = all(field.name in self.places for field in object_type.fields if field.required == "y")
        self.visibility_place = self.places.get("visibility", width)
        self.scopes = frozenset(name for field in self.fields if field.alias for name in field.alias.within)
        self.rules = [rule for rule in object_type.rules if self._can_speak(rule, places)]

    def visibility(self, cell: str) -> str:
        """What the cell of the visibility column says."""
        field = self.object_type.field("visibility")
        assert field is not None
        reading = None if is_absent(cell) else read_cell(field, cell, self.today)
        if not isinstance(reading, Reading):
            raise Unusual
        return data_text(reading.value)

    def _can_speak(self, rule: Rule, places: dict[str, int]) -> bool:
        """Whether the rule can find anything: it has a column to look at, or it finds even what the defaults say."""
        present = [field for field in self.fields if field.name in rule.fields]
        if len(present) < rule.least:
            return False
        if any(field.name in places for field in present):
            return True
        readings = ((field.name, read_cell(field, field.default, self.today)) for field in present)
        return rule.check({name: reading.value for name, reading in readings if isinstance(reading, Reading)}) is not None


class Column(dict[str, Entry]):
    """What the cells of one field became, as far as remembered."""

    def __init__(self, field: Field, permissions: int, now: int, today: date, *, folds: bool) -> None:
        super().__init__()
        self.field = field
        empty = Value(field.index, field.name, b"", timestamp=now, permissions=permissions)
        self.head = encode_value(empty)[:-_EMPTY_TAIL_BYTES]
        self._today = today
        self._folds = folds

    def __missing__(self, cell: str) -> Entry:
        entry = self.became(cell)
        if len(self) >= MEMO_CELLS_MAX:
            self.clear()
        self[cell] = entry
        return entry

    def became(self, cell: str) -> Entry:
        """What a cell becomes. Raises Unusual."""
        value = self._read(cell)
        return _ABSENT if value is None else self._entry(value, data_text(value))

    def _entry(self, value: FieldValue, text: str) -> Entry:
        data = text.encode("utf-8")
        octets = self.head + u32(len(data)) + data + _NO_REFERENCES
        return octets, value, text, self._folded(value) if self._folds else ()

    def _read(self, cell: str) -> FieldValue | None:
        if is_absent(cell):
            if not self.field.default:
                if self.field.required == "y":
                    raise Unusual
                return None
            cell = self.field.default
        reading = read_cell(self.field, cell, self._today)
        if not isinstance(reading, Reading) or reading.warnings or reading.value == ():
            raise Unusual
        return reading.value

    def _folded(self, value: FieldValue) -> tuple[str, ...]:
        # As `scope_text` and `names_itself` see it.
        if isinstance(value, tuple):
            return tuple(fold(item) for item in value if isinstance(item, str))
        return (fold(data_text(value)),)


class TextColumn(Column):
    """A column of free text, where running numbers live: printable text is stored as it stands, the rest read with care."""

    def __init__(self, field: Field, permissions: int, now: int, today: date, *, folds: bool) -> None:
        super().__init__(field, permissions, now, today, folds=folds)
        self._length = field.length

    def __missing__(self, cell: str) -> Entry:
        if cell and cell.isprintable() and len(cell) <= self._length and cell[0] != " " and cell[-1] != " ":
            # Every row of a running number comes here, so this is `_entry` and what remembers it without their calls.
            data = cell.encode()
            octets = b"".join((self.head, _pack_length(len(data)), data, _NO_REFERENCES))
            entry = (octets, cell, cell, self._folded(cell) if self._folds else ())
            if len(self) >= MEMO_CELLS_MAX:
                self.clear()
            self[cell] = entry
            return entry
        return super().__missing__(cell)


class Templates(dict[str, Entry]):
    """The value that names the template, by prefix."""

    def __init__(self, object_type: ObjectType, visibility: str, now: int) -> None:
        super().__init__()
        self._object_type = object_type
        self._visibility = visibility
        self._now = now

    def __missing__(self, prefix: str) -> Entry:
        if len(self) >= PREFIXES_MAX:
            self.clear()
        self[prefix] = entry = self.became(prefix)
        return entry

    def became(self, prefix: str) -> Entry:
        """The value below a prefix."""
        value = template_id_value(self._object_type, prefix, self._visibility)
        return encode_value(replace(value, timestamp=self._now)), None, "", ()

    def handle(self, prefix: str) -> str:
        """What the value names."""
        return template_identifier(self._object_type, prefix)


class Constant(dict[str, Entry]):
    """A value that every row has."""

    field = None

    def __init__(self, octets: bytes) -> None:
        super().__init__({"": (octets, None, "", ())})

    def became(self, _cell: str) -> Entry:
        """The value."""
        return self[""]


class Table:
    """The columns with the octets of one second and one visibility.

    Attributes:
        fields: those that have a column or a default.
        columns: where in a row each of its values comes from, and what its cells become; public ones first.
        public: how many are public.
        at: the number of each field's column.
        rules: those that may have something to say, and `looked_at` the columns they look at.
        recall: the column of the recall flag.
        edges: columns that must not name the record itself.
    """

    def __init__(self, plan: _Plan, visibility_cell: str, now: int) -> None:
        visibility = plan.visibility(visibility_cell)
        head = head_permissions(visibility)
        version = str(plan.object_type.version).encode()
        template = encode_value(Value(INDEX_TEMPLATE, TYPE_TEMPLATE, version, timestamp=now, permissions=head))
        columns: list[tuple[int, str, int, Column | Templates | Constant]] = [
            (head, "", plan.prefix_place, Templates(plan.object_type, visibility, now)),
            (head, "", plan.absent_place, Constant(template)),
        ]
        for field in plan.fields:
            permissions = field_permissions(field, visibility)
            folds = field.edge is not None or field.name in plan.scopes
            kind = TextColumn if field.type is DataType.TEXT and not field.scheme else Column
            column = kind(field, permissions, now, plan.today, folds=folds)
            columns.append((permissions, field.name, plan.places[field.name], column))
        # Public values first; each group stays in the order of its indexes.
        columns.sort(key=lambda column: column[0] != PERMISSIONS_PUBLIC)
        self.fields = plan.fields
        self.columns = [(place, column) for _, _, place, column in columns]
        self.public = sum(permissions == PERMISSIONS_PUBLIC for permissions, _, _, _ in columns)
        self.at = at = {name: number for number, (_, name, _, _) in enumerate(columns)}
        self.rules = plan.rules
        self.looked_at = [(name, at[name]) for name in {name for rule in plan.rules for name in rule.fields} if name in at]
        self.recall = at["recallFlag"]
        self.edges = [at[field.name] for field in plan.fields if field.edge is not None and not field.edge.child]
        self._namings = [
            _naming(field, at) for field in plan.fields if field.alias or any(member.alias for member in field.members)
        ]

    def record(self, cells: list[str], identifier: str, prefix: str) -> PreparedRecord:
        """One row's record; raises Unusual when it needs a closer look."""
        entries = [column[cells[place]] for place, column in self.columns]
        if self.edges:
            own = fold(identifier)
            if any(own in entries[at][3] for at in self.edges):
                raise Unusual
        if self.rules:
            facts = {name: fact for name, place in self.looked_at if (fact := entries[place][1]) is not None}
            for rule in self.rules:
                if rule.check(facts) is not None:
                    raise Unusual
        octets = [entry[0] for entry in entries]
        public, restricted = octets[: self.public], octets[self.public :]
        public_count = len(public) - public.count(b"")
        restricted_count = len(restricted) - restricted.count(b"")
        return PreparedRecord(
            identifier,
            _pack_length(public_count) + b"".join(public),
            _pack_length(restricted_count) + b"".join(restricted),
            tuple([alias for naming in self._namings for alias in naming(entries, prefix)]),
            _FLAGS[entries[self.recall][2], restricted_count > 0],
            PUBLIC_TTL_S if public_count else TTL_S_MAX,
            0,
        )


_Naming: TypeAlias = Callable[[list[Entry], str], Iterable[Alias]]


def _naming(field: Field, at: dict[str, int]) -> _Naming:
    """How the aliases of a field come out of a row's entries, as `field_aliases` makes them."""
    place = at[field.name]
    if field.alias is None or field.type.is_list or field.members:
        within = field.alias.within if field.alias else ()
        needed = [(name, at[name]) for name in (field.name, *within) if name in at]
        return lambda entries, prefix: _general_aliases(field, needed, entries, prefix)
    scheme = field.alias.scheme
    if not field.alias.within:
        return lambda entries, _prefix: (Alias(scheme, entries[place][2]),) if entries[place][0] else ()
    scopes = [at.get(name, -1) for name in field.alias.within]

    def scoped(entries: list[Entry], prefix: str) -> Iterable[Alias]:
        if not entries[place][0]:
            return ()
        parts = [entries[scope][3][0] if scope >= 0 and entries[scope][3] else fold(prefix) for scope in scopes]
        parts.append(entries[place][2])
        return (Alias(scheme, ALIAS_SEPARATOR.join(parts)),)

    return scoped


def _general_aliases(field: Field, needed: list[tuple[str, int]], entries: list[Entry], prefix: str) -> Iterable[Alias]:
    facts: dict[str, FieldValue] = {}
    for name, place in needed:
        value = entries[place][1]
        if value is not None:
            facts[name] = value
    return field_aliases(field, facts, prefix) if field.name in facts else ()
