"""One row against its object type: columns, cells, required fields, rules; then the record it makes.

The order is fixed: columns are matched to fields, each cell is read alone, what is missing is listed, and only then do
the rules look across fields. Every check that can run does run, so that a person corrects a row once. A row with an
error is kept out whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from idis.proto.codes import Permission
from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold, parse_identifier
from idis.proto.value import DEFAULT_PERMISSIONS, Value
from idis.registry.pilots.finding import Finding, Invalid, Severity, Valid
from idis.registry.pilots.reading import data_text, is_absent, nearest, read_cell, shorten
from idis.registry.pilots.schema import (
    INDEX_TEMPLATE,
    INDEX_TEMPLATE_ID,
    Facts,
    Field,
    FieldValue,
    ObjectType,
    Pilot,
)
from idis.registry.pilots.template_name import template_handle
from idis.registry.record import Alias, Record

# Headings of the column that holds the identifier itself; whoever reads the table takes it from there.
IDENTIFIER_COLUMNS = ("identifier", "标识")

PERMISSIONS_PUBLIC = int(DEFAULT_PERMISSIONS)
PERMISSIONS_RESTRICTED = int(Permission.ADMIN_READ | Permission.ADMIN_WRITE)

TYPE_TEMPLATE_ID = "TEMPLATE_ID"
TYPE_TEMPLATE = "TEMPLATE"

ALIAS_SEPARATOR = "|"  # between the scope and the local number


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's headings matched to fields: which field stands in which column, and what is wrong with the headings."""

    fields: Mapping[str, Field]  # heading → field
    findings: tuple[Finding, ...]


def validate(pilot: Pilot, object_code: str, row: Mapping[str, object], *, identifier: str, today: date) -> Valid | Invalid:
    """Check one row and make its record.

    Args:
        pilot: the industry's schema.
        object_code: the kind of thing the row describes.
        row: cells by english or chinese field name; text as in CSV, or typed as in JSON. An empty cell is absent.
        identifier: the record's name as registered, `prefix/suffix`.
        today: the date findings are judged by.

    Raises:
        KeyError: the pilot has no such object.
    """
    object_type = pilot.objects[object_code]
    findings = list(_identifier_findings(identifier))
    columns = match_columns(object_type, row)
    findings.extend(columns.findings)
    cells = {field.name: row[heading] for heading, field in columns.fields.items()}
    facts = _read_cells(object_type, cells, identifier, today, findings)
    wrong = {_top_field(finding.field) for finding in findings if finding.severity is Severity.ERROR}
    findings.extend(_missing(object_type, facts, wrong))
    for rule in object_type.rules:
        if wrong.isdisjoint(rule.fields) and (finding := rule.check(facts)) is not None:
            findings.append(finding)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Invalid(tuple(findings))
    return Valid(make_record(object_type, facts, identifier), tuple(findings))


def match_columns(object_type: ObjectType, headings: Iterable[str]) -> Columns:
    """Which field each heading means; case and blanks around it do not matter, nor does the language."""
    names = object_type.headings
    fields: dict[str, Field] = {}
    findings: list[Finding] = []
    taken: dict[str, str] = {}
    for heading in headings:
        plain = str(heading).strip().lower()
        if plain in IDENTIFIER_COLUMNS:
            continue
        field = names.get(plain)
        if field is None:
            findings.append(_unknown_column(object_type, heading, plain, names))
        elif field.name in taken:
            message = f"the columns {taken[field.name]} and {heading} are the same field"
            findings.append(Finding(field.name, "", "column-twice", message, "remove one of them"))
        else:
            taken[field.name] = heading
            fields[heading] = field
    return Columns(fields, tuple(findings))


def make_record(object_type: ObjectType, facts: Facts, identifier: str) -> Record:
    """The record of checked facts: template values, one value a field, and the aliases."""
    shown = visibility_of(facts)
    values = [
        template_id_value(object_type, identifier, shown),
        Value(INDEX_TEMPLATE, TYPE_TEMPLATE, str(object_type.version).encode(), permissions=head_permissions(shown)),
    ]
    for field in object_type.fields:
        if field.name in facts:
            data = data_text(facts[field.name]).encode("utf-8")
            values.append(Value(field.index, field.name, data, permissions=field_permissions(field, shown)))
    return Record(identifier, tuple(values), tuple(aliases_of(object_type, facts, identifier)))


def template_identifier(object_type: ObjectType, prefix: str) -> str:
    """The handle of the metadata template of records under that prefix."""
    return template_handle(object_type.holder or prefix, object_type.pilot, object_type.code)


def template_id_value(object_type: ObjectType, identifier: str, visibility: str) -> Value:
    """The value that names the template, in the prefix of the record itself unless one enterprise holds it."""
    handle = template_identifier(object_type, identifier.partition("/")[0])
    return Value(INDEX_TEMPLATE_ID, TYPE_TEMPLATE_ID, handle.encode("utf-8"), permissions=head_permissions(visibility))


def visibility_of(facts: Facts) -> str:
    """The object's visibility; absent counts as private, though the schema requires it."""
    return str(facts.get("visibility", "private"))


def head_permissions(visibility: str) -> int:
    """Permissions of the template values."""
    return PERMISSIONS_PUBLIC if visibility == "public" else PERMISSIONS_RESTRICTED


def field_permissions(field: Field, visibility: str) -> int:
    """Permissions of a field's value.

    A private field is never public. The recall flag is part of every answer, hence open for `partners` objects too;
    of a `private` object nothing is shown, because an answer must not confirm that it exists.
    """
    if field.private or visibility == "private":
        return PERMISSIONS_RESTRICTED
    if visibility == "public" or field.name == "recallFlag":
        return PERMISSIONS_PUBLIC
    return PERMISSIONS_RESTRICTED


def aliases_of(object_type: ObjectType, facts: Facts, identifier: str) -> Iterable[Alias]:
    """The other names of the record, in the order of the fields."""
    prefix = identifier.partition("/")[0]
    for field in object_type.fields:
        if field.name in facts:
            yield from field_aliases(field, facts, prefix)


def field_aliases(field: Field, facts: Facts, prefix: str) -> Iterable[Alias]:
    """The aliases one present field gives; those inside objects belong to their members."""
    value = facts[field.name]
    if field.alias is not None:
        scope = "".join(scope_text(facts.get(name), prefix) + ALIAS_SEPARATOR for name in field.alias.within)
        for item in value if isinstance(value, tuple) else (value,):
            yield Alias(field.alias.scheme, scope + data_text(item))
    for member in field.members:
        if member.alias is not None:
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Mapping) and member.name in item:
                    yield Alias(member.alias.scheme, data_text(item[member.name]))


def scope_text(value: FieldValue | None, prefix: str) -> str:
    """What makes a local number unique: the folded text of the field it is unique in, else the record's own prefix."""
    return fold(prefix if value is None else data_text(value))


def _identifier_findings(identifier: str) -> Iterable[Finding]:
    try:
        parsed = parse_identifier(identifier)
    except IdentifierError as error:
        yield Finding("identifier", shorten(identifier), "identifier", str(error), "write it as prefix/suffix")
        return
    if parsed.suffix is None:
        message = "a prefix alone names no object"
        yield Finding("identifier", shorten(identifier), "identifier", message, "add a suffix, as 88.118.8/BLOCK.H2588-B102")


def _read_cells(
    object_type: ObjectType, cells: Mapping[str, object], identifier: str, today: date, findings: list[Finding]
) -> dict[str, FieldValue]:
    facts: dict[str, FieldValue] = {}
    for field in object_type.fields:
        cell = cells.get(field.name)
        if is_absent(cell):
            if not field.default:
                continue
            cell = field.default
        reading = read_cell(field, cell, today)
        if isinstance(reading, Finding):
            findings.append(reading)
            continue
        findings.extend(reading.warnings)
        if reading.value == ():
            continue  # a list without items is absent
        if names_itself(field, reading.value, identifier):
            message = f"{field.name} points to the record itself"
            findings.append(Finding(field.name, shorten(cell), "edge-to-itself", message, "name the other object"))
        facts[field.name] = reading.value
    return facts


def names_itself(field: Field, value: FieldValue, identifier: str) -> bool:
    """Whether an edge leads from the record back to itself."""
    if field.edge is None or field.edge.child:
        return False
    own = fold(identifier)
    return any(isinstance(item, str) and fold(item) == own for item in (value if isinstance(value, tuple) else (value,)))


def _top_field(path: str) -> str:
    return path.partition("[")[0].partition(".")[0]


def _missing(object_type: ObjectType, facts: Facts, wrong: set[str]) -> Iterable[Finding]:
    for field in object_type.fields:
        if field.required == "y" and field.name not in facts and field.name not in wrong:
            yield Finding(
                field.name, "", "required", f"{field.name} ({field.chinese}) is missing", "fill it in; drafts are not imported"
            )


def _unknown_column(object_type: ObjectType, heading: str, plain: str, names: Mapping[str, Field]) -> Finding:
    close = nearest(plain, names)
    meant = names[close].name if close else ""
    advice = f"did you mean {meant}?" if meant else f"see: idis pilot show {object_type.pilot} {object_type.code}"
    return Finding(shorten(heading), "", "unknown-column", f"{object_type.code} has no such field", advice)
