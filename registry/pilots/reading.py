"""One cell: what a field's text (CSV, XLSX) or typed value (JSON) means, and how it is stored.

A cell is read in two steps. `read_cell` turns it into a typed fact and checks it against its field; `data_text` writes
a fact the one way it is stored, so that equal facts have equal octets: numbers without superfluous zeros, booleans
`true` and `false`, times in ISO 8601, lists as JSON text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import NoReturn

from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.registry.pilots.finding import Finding, Severity
from idis.registry.pilots.numbers import number_check
from idis.registry.pilots.schema import LIST_ITEMS_MAX, NUMBER_DIGITS_MAX, DataType, Field, FieldValue, Vocabulary

VALUE_SHOWN_MAX = 60  # characters of an offending value that a finding repeats

# A prefix on its own names an organisation; everything else has a suffix.
_NAMED_BY_PREFIX = frozenset({"organisation"})

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)(Z|[-+][0-9]{2}:[0-9]{2})?"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
)  # line feeds and tabs are text; half a character is none

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "1", "是", "真"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否", "假"), False),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A cell that was understood: the fact, and warnings about it."""

    value: FieldValue
    warnings: tuple[Finding, ...] = ()


class _Refused(Exception):
    """A cell that breaks a rule; caught in this file."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def _refuse(path: str, shown: object, rule: str, message: str, advice: str) -> NoReturn:
    raise _Refused(Finding(path, shorten(shown), rule, message, advice))


def read_cell(field: Field, cell: object, today: date) -> Reading | Finding:
    """What the cell says, or what is wrong with it.

    Args:
        field: what it is meant to be.
        cell: text, or a typed value out of JSON or a spreadsheet; not an absent one.
        today: the date future days are judged by.
    """
    warnings: list[Finding] = []
    try:
        return Reading(_read(field, cell, field.name, today, warnings), tuple(warnings))
    except _Refused as refused:
        return refused.finding


def is_absent(cell: object) -> bool:
    """Whether nothing was entered."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def data_text(value: FieldValue) -> str:
    """The text a fact is stored as."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return _number_text(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return _json_text(value)


def shorten(cell: object) -> str:
    """A cell as a finding repeats it."""
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a character would break whoever prints it
    return text if len(text) <= VALUE_SHOWN_MAX else text[: VALUE_SHOWN_MAX - 1] + "…"


def nearest(word: str, among: Mapping[str, object] | list[str]) -> str:
    """The likeliest meant word, or nothing."""
    close = get_close_matches(word, list(among), n=1, cutoff=0.6)
    return close[0] if close else ""


def _read(field: Field, cell: object, path: str, today: date, warnings: list[Finding]) -> FieldValue:
    if not field.type.is_list:
        return _ITEMS[field.type](field, cell, path, today, warnings)
    read = _ITEMS[field.type.item]
    cells = _list_cells(field, cell, path)
    if len(cells) < field.count:
        _refuse(
            path, cell, "count", f"at least {field.count} are needed, {len(cells)} given", "add the missing ones, separated by ;"
        )
    if len(cells) > LIST_ITEMS_MAX:
        _refuse(path, cell, "count", f"{len(cells)} items, at most {LIST_ITEMS_MAX} are allowed", "split the record")
    return tuple(read(field, item, f"{path}[{number}]", today, warnings) for number, item in enumerate(cells, 1))


def _list_cells(field: Field, cell: object, path: str) -> list[object]:
    if isinstance(cell, str):
        text = cell.strip()
        if text.startswith(("[", "{")) and (text[0] == "[" or field.type is DataType.OBJECTS):
            cell = _parse_json(text, path)
        elif field.type is DataType.OBJECTS:
            _refuse(path, cell, "json", "a list of objects is written as JSON text", f"write [{_example(field)}]")
        else:
            cell = text.replace("；", ";").split(";")
    if isinstance(cell, list | tuple):
        return [item for item in cell if not is_absent(item)]
    return [cell]  # one item alone


def _text(field: Field, cell: object, path: str, today: date, warnings: list[Finding]) -> str:
    text = _plain_text(cell, path)
    if field.scheme:
        text = _scheme_number(field, text, path, today, warnings)
    if len(text) > field.length:
        _refuse(path, cell, "length", f"{len(text)} characters, at most {field.length} are allowed", "shorten the text")
    return text


def _scheme_number(field: Field, text: str, path: str, today: date, warnings: list[Finding]) -> str:
    verdict = number_check(field.scheme)(text, today)
    advice = "compare it with the document or the name plate"
    if not verdict.ok:
        message = f"check digit {verdict.expected} would be right" if verdict.expected else verdict.message
        _refuse(path, text, field.scheme, message, advice)
    warnings.extend(Finding(path, text, field.scheme, warning, advice, Severity.WARNING) for warning in verdict.warnings)
    return verdict.canonical


def _plain_text(cell: object, path: str) -> str:
    match cell:
        case str():
            text = cell.strip()
        case bool() | list() | dict():
            _refuse(path, cell, "text", "a text is expected here", "write it in quotes")
        case int():
            text = str(cell)
        case float() if cell.is_integer():
            text = str(int(cell))  # a spreadsheet's 24.0 for a number typed as 24
        case _:
            text = str(cell)
    if control := _CONTROL.search(text):
        _refuse(path, text, "text", f"a control character stands at place {control.start() + 1}", "remove it")
    return text


def _number(field: Field, cell: object, path: str, _today: date, _warnings: list[Finding]) -> Decimal:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal | str):
        _refuse(path, cell, "number", "a number is expected here", "write digits, as 12.5")
    text = cell.strip() if isinstance(cell, str) else str(cell)
    if _NUMBER.fullmatch(text) is None:
        unit = f" (unit {field.unit})" if field.unit else ""
        _refuse(
            path, cell, "number", f"this is not a number{unit}", "write digits with a decimal point and nothing else, as 1234.5"
        )
    try:
        value = Decimal(text)
    except InvalidOperation:
        _refuse(path, cell, "number", "this is not a number", "write digits, as 12.5")
    _bound(field, value, cell, path)
    return value


def _bound(field: Field, value: Decimal, cell: object, path: str) -> None:
    unit = f" {field.unit}" if field.unit else ""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # the grammar lets no NaN or infinity through
    if max(value.adjusted() + 1, 0) + max(-exponent, 0) > NUMBER_DIGITS_MAX:
        _refuse(path, cell, "digits", f"more than {NUMBER_DIGITS_MAX} digits", "round the number")
    if field.above is not None and value <= field.above:
        _refuse(path, cell, "above", f"must be greater than {field.above}{unit}", "enter the measured value")
    if field.minimum is not None and value < field.minimum:
        _refuse(path, cell, "minimum", f"must be at least {field.minimum}{unit}", "correct the value or its unit")
    if field.maximum is not None and value > field.maximum:
        _refuse(path, cell, "maximum", f"must be at most {field.maximum}{unit}", "correct the value or its unit")
    if field.integer and value != value.to_integral_value():
        _refuse(path, cell, "integer", "must be a whole number", "round the number")


def _date(_field: Field, cell: object, path: str, _today: date, _warnings: list[Finding]) -> date:
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell
    text = cell.strip() if isinstance(cell, str) else ""
    if _DAY.fullmatch(text) is None:
        _refuse(path, cell, "date", "a date is written YYYY-MM-DD", "write it as 2025-03-17")
    try:
        return date.fromisoformat(text)
    except ValueError:
        _refuse(path, cell, "date", "this day is not in the calendar", "correct month or day")


def _time(_field: Field, cell: object, path: str, _today: date, _warnings: list[Finding]) -> datetime:
    text = cell.isoformat() if isinstance(cell, datetime) else cell.strip() if isinstance(cell, str) else ""
    match = _TIME.fullmatch(text)
    if match is None:
        _refuse(path, cell, "time", "a time is written in ISO 8601 with its offset", "write it as 2025-03-17T08:30:00+08:00")
    if match[3] is None:
        _refuse(
            path,
            cell,
            "time",
            "the time has no offset from UTC",
            f"write it as {match[1]}T{match[2]}+08:00 if it is Chinese time",
        )
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3]}")
    except ValueError:
        _refuse(path, cell, "time", "this time is not in the calendar", "correct date, hour or offset")


def _code(field: Field, cell: object, path: str, today: date, warnings: list[Finding]) -> str:
    text = _plain_text(cell, path)
    if field.scheme:
        text = _scheme_number(field, text, path, today, warnings)
    if field.codes is None or text in field.codes.codes:
        return text
    code = field.codes.synonyms.get(text) or _labelled(field.codes, text)
    if code is None:
        meant = nearest(text, field.codes.codes)
        known = ", ".join(list(field.codes.codes)[:12]) + (" …" if len(field.codes.codes) > 12 else "")
        _refuse(
            path, cell, "code", f"not in the list {field.codes.name}", f"write {meant}" if meant else f"choose one of {known}"
        )
    return code


def _labelled(vocabulary: Vocabulary, text: str) -> str | None:
    """The code whose Chinese label is the text."""
    return next((code for code, label in vocabulary.codes.items() if label == text), None)


def _boolean(_field: Field, cell: object, path: str, _today: date, _warnings: list[Finding]) -> bool:
    if isinstance(cell, bool):
        return cell
    truth = _TRUTHS.get(str(cell).strip().lower())
    if truth is None:
        _refuse(path, cell, "boolean", "neither true nor false", "write true or false")
    return truth


def _reference(field: Field, cell: object, path: str, _today: date, _warnings: list[Finding]) -> str:
    text = _plain_text(cell, path)
    try:
        identifier = parse_identifier(text)
    except IdentifierError as error:
        _refuse(path, cell, "reference", str(error), "write the identifier as prefix/suffix, as 88.118.8/BLOCK.H2588-B102")
    if identifier.suffix is None and not _NAMED_BY_PREFIX.issuperset(field.references or ("any",)):
        target = " or ".join(field.references) or "record"
        _refuse(path, cell, "reference", f"the identifier of a {target} has a suffix", "write it as prefix/suffix")
    return text


def _file(_field: Field, cell: object, path: str, _today: date, _warnings: list[Finding]) -> str:
    text = _plain_text(cell, path)
    if _URI.fullmatch(text) is None:
        _refuse(path, cell, "file", "a file is named by its URL", "write it as https://…")
    return text


def _object(field: Field, cell: object, path: str, today: date, warnings: list[Finding]) -> Mapping[str, FieldValue]:
    given = _parse_json(cell.strip(), path) if isinstance(cell, str) else cell
    if not isinstance(given, dict):
        _refuse(path, cell, "json", "an object is written as JSON text", f"write {_example(field)}")
    names = {name: member for member in field.members for name in (member.name, member.chinese)}
    read: dict[str, FieldValue] = {}
    for name, item in given.items():
        member = names.get(name)
        if member is None:
            meant = nearest(str(name), names)
            known = ", ".join(member.name for member in field.members)
            _refuse(f"{path}.{name}", item, "unknown-member", "no such member", f"write {meant}" if meant else f"use {known}")
        if not is_absent(item):
            read[member.name] = _read(member, item, f"{path}.{member.name}", today, warnings)
    for member in field.members:
        if member.required == "y" and member.name not in read:
            _refuse(f"{path}.{member.name}", "", "required", f"{member.name} is missing", f"add {member.name} ({member.chinese})")
    return {member.name: read[member.name] for member in field.members if member.name in read}


_ITEMS: dict[DataType, Callable[[Field, object, str, date, list[Finding]], FieldValue]] = {
    DataType.TEXT: _text,
    DataType.NUMBER: _number,
    DataType.DATE: _date,
    DataType.TIME: _time,
    DataType.CODE: _code,
    DataType.BOOLEAN: _boolean,
    DataType.REFERENCE: _reference,
    DataType.FILE: _file,
    DataType.OBJECT: _object,
}


def _parse_json(text: str, path: str) -> object:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        where = f" at place {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        _refuse(path, text, "json", f"the JSON text cannot be read{where}", "check quotes, commas and brackets")


def _no_constant(name: str) -> object:
    raise ValueError(name)  # NaN and the infinities are no numbers of ours


def _example(field: Field) -> str:
    return "{" + ", ".join(f'"{member.name}": …' for member in field.members if member.required == "y") + "}"


def _number_text(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _json_text(value: FieldValue) -> str:
    match value:
        case bool() | Decimal():
            return data_text(value)
        case tuple():
            return "[" + ",".join(map(_json_text, value)) + "]"
        case Mapping():
            return (
                "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_json_text(item)}" for name, item in value.items()) + "}"
            )
        case _:
            return json.dumps(data_text(value), ensure_ascii=False)
