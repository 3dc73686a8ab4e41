"""What the compiled pass over the rows of a CSV needs to know (`UsualRows` in `proto/_speedups.pyi`): names, tables, columns.

The pass takes rows as `RowEncoder` takes them, by the same columns; whatever it does not know it asks here once, and rows
that need a closer look it leaves to the checker.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

from idis.proto._speedups import UsualRows, UsualTable
from idis.proto.errors import IdentifierError
from idis.proto.value import TTL_S_MAX
from idis.registry.identity import normal
from idis.registry.loading.checked import FIRST_VERSION
from idis.registry.loading.template_lists import TemplateLists
from idis.registry.pilots.encoder import PUBLIC_TTL_S, RECALL_FLAGS, Entry, Table, Templates, TextColumn, Unusual
from idis.registry.pilots.schema import DataType, Field
from idis.registry.pilots.validation import field_aliases
from idis.registry.record import RecordFlag
from idis.registry.store import codec

_FORMS = (codec.FORMAT, codec.PREPARED_BY, FIRST_VERSION, PUBLIC_TTL_S, TTL_S_MAX, int(RecordFlag.RESTRICTED))

_LEARNED, _TEXT, _DATE, _TIME = range(4)  # kinds of columns: all but learned ones are taken as they stand
_PREFIX = -1  # in place of a column: what follows from the record's prefix
_KINDS = {DataType.DATE: _DATE, DataType.TIME: _TIME}

_Became = tuple[bytes, object, str, tuple[str, ...], tuple[tuple[str, str], ...]]  # an entry, and the second names in it


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of one kind of object have what.

    Attributes:
        width: how many columns the file has.
        picked: the columns of the object's fields.
        foreign: columns that must be empty.
        references: columns of references and their fields' names.
        unique_schemes: of second names that allow one bearer.
    """

    width: int
    picked: Sequence[int]
    foreign: Sequence[int]
    references: Sequence[tuple[int, str]]
    unique_schemes: Container[str]


def usual_rows(
    width: int,
    separator: str,
    prefix: str,
    at: tuple[int, int, int],
    table_of: Callable[[str, str], UsualTable | None],
    known: Callable[[str], tuple[bytes, bool] | None],
    refer: Callable[[int, str, str, str], None],
) -> UsualRows | None:
    """The pass over files with one header; None where none of their rows is usual.

    Args:
        width: how many columns they have.
        separator: of their cells.
        prefix: completes identifiers; empty when they are full.
        at: columns of identifier, object type (-1: the same for all) and visibility (-1: none).
        table_of: the table of an object type's and a visibility's cell.
        known: see `Naming.known`.
        refer: told place, field, cell and identifier of references.
    """
    identifier_at, object_at, visibility_at = at
    if visibility_at < 0 or not prefix.isascii():
        return None
    return UsualRows(
        width,
        separator,
        identifier_at=identifier_at,
        object_at=object_at,
        visibility_at=visibility_at,
        prefix=f"{prefix}/".encode() if prefix else b"",
        table_of=table_of,
        known=known,
        refer=refer,
        forms=_FORMS,
    )


def usual_table(table: Table, place: Place, lists: TemplateLists | None) -> UsualTable | None:
    """A table for the pass; None where each of its rows needs a closer look."""
    namings = [_naming(field, table, place) for field in table.fields if _is_named(field)]
    if None in namings:
        return None
    return UsualTable(
        place.width,
        [_column(table, number, place, lists) for number in range(len(table.columns))],
        public=table.public,
        recall=table.recall,
        flags=RECALL_FLAGS,
        edges=tuple(table.edges),
        rules=tuple(rule.check for rule in table.rules),
        looked_at=tuple(table.looked_at),
        namings=tuple(namings),
        foreign=tuple(place.foreign),
        references=tuple((table.at[name], name) for _, name in place.references),
        secret=secrets.token_bytes(16),
    )


def _column(
    table: Table, number: int, place: Place, lists: TemplateLists | None
) -> tuple[int, int, bytes, int, Callable[[str], _Became | None]]:
    """Where its cells are, its kind, the head of its values, how long a text may be, what a cell becomes."""
    picked, column = table.columns[number]
    if isinstance(column, Templates):
        return _PREFIX, _LEARNED, b"", 0, _learner(lambda prefix: _of_template(column, prefix, lists))
    if column.field is None or picked >= len(place.picked):  # the same in every row: known with its prefix
        return _PREFIX, _LEARNED, b"", 0, _learner(lambda _prefix: column.became(""), column.field)
    kind = _LEARNED
    if number not in table.edges:
        is_looked_at = number in {at for _, at in table.looked_at}
        kind = _TEXT if isinstance(column, TextColumn) else _LEARNED if is_looked_at else _KINDS.get(column.field.type, _LEARNED)
    return place.picked[picked], kind, column.head, column.field.length, _learner(column.became, column.field)


def _learner(became: Callable[[str], Entry], field: Field | None = None) -> Callable[[str], _Became | None]:
    def learn(cell: str) -> _Became | None:
        try:
            octets, fact, text, folded = became(cell)
        except Unusual:
            return None
        names: Sequence[Any] = ()
        if field is not None and fact is not None and _has_many_names(field):
            names = [(alias.scheme, alias.local_id) for alias in field_aliases(field, {field.name: fact}, "")]
        return octets, fact, text, folded, tuple(names)

    return learn


def _of_template(column: Templates, prefix: str, lists: TemplateLists | None) -> Entry:
    """The value that names a template; where lists restrict it, each record needs a closer look."""
    if lists is not None:
        try:
            name = normal(column.handle(prefix))
        except IdentifierError:
            raise Unusual from None
        if name in lists.own or name.partition("/")[0] not in lists.here:
            raise Unusual
    return column.became(prefix)


def _is_named(field: Field) -> bool:
    return field.alias is not None or any(member.alias for member in field.members)


def _has_many_names(field: Field) -> bool:
    return _is_named(field) and (field.alias is None or field.type.is_list or bool(field.members))


def _naming(field: Field, table: Table, place: Place) -> tuple[bytes, bool, bool, int, tuple[int, ...]] | None:
    """Scheme, whether it allows one bearer, whether its cell brings many, the column, and those it is unique in."""
    number = table.at[field.name]
    if not _has_many_names(field) and field.alias is not None:
        scopes = tuple(table.at.get(name, _PREFIX) for name in field.alias.within)
        return field.alias.scheme.encode(), field.alias.scheme in place.unique_schemes, False, number, scopes
    rules = [item.alias for item in (field, *field.members) if item.alias is not None]
    if any(rule.within or rule.scheme in place.unique_schemes for rule in rules):
        return None
    return b"", False, True, number, ()
