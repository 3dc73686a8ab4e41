"""Fields of a derived template: those an enterprise adds, and those of the base that it narrows.

A description uses the names of a template's items (`template.py`): englishName, chineseName, type, required, range and so
on. Narrowing only takes away: what a derived template accepts, its base accepts too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from idis.registry.pilots.reading import Reading, nearest, read_cell
from idis.registry.pilots.schema import (
    FIELD_NAME_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    DataType,
    Field,
    ObjectType,
    Vocabulary,
)
from idis.registry.pilots.template import range_text
from idis.registry.pilots.template_life import TemplateError

CODES_MAX = 1_000  # of one vocabulary: its item is one value of a record that every page reads
WORDS_MAX = 1_000  # characters of a definition
UNIT_CHARACTERS_MAX = 20

# Edges, aliases and objects with members are the industry's: what traces and finds things is the same for all its enterprises.
TYPES = {
    kind.short: kind
    for kind in (
        DataType.TEXT,
        DataType.NUMBER,
        DataType.DATE,
        DataType.TIME,
        DataType.BOOLEAN,
        DataType.CODE,
        DataType.REFERENCE,
        DataType.FILE,
        DataType.TEXTS,
        DataType.NUMBERS,
        DataType.CODES,
        DataType.REFERENCES,
    )
}

Described = Mapping[str, object]

_NARROWED = frozenset(("englishName", "required", "range", "maxLength", "codes"))
_OWN = _NARROWED.union(("itemIndex", "chineseName", "type", "definition", "unit", "references", "private", "default"))
_ENGLISH = re.compile(rf"[a-z][A-Za-z0-9]{{0,{FIELD_NAME_LENGTH_MAX - 1}}}")
_BOUND = r"\s*(-?[0-9]{1,19}(?:\.[0-9]{1,19})?)?\s*"
_RANGE = re.compile(rf"([\[(]){_BOUND},{_BOUND}([\])])")
_RESERVED = frozenset(("identifier", "标识", "handle"))  # headings of the column with the identifier
_SOME_DAY = date(2000, 1, 1)  # no default is a day


def own_field(described: Described, index: int, objects: Iterable[str]) -> Field:
    """A field that the enterprise adds.

    Args:
        described: as in the description.
        index: where its values lie.
        objects: codes of the pilot, one of which a reference may want.

    Raises:
        TemplateError: it says something that a field cannot be.
    """
    name = text_of(described, "englishName", "a field", FIELD_NAME_LENGTH_MAX)
    if _ENGLISH.fullmatch(name) is None or name in _RESERVED:
        raise TemplateError(f"{name!r} is no englishName: up to {FIELD_NAME_LENGTH_MAX} letters and digits, as coatingSystem")
    _refuse_unknown(described, _OWN, name)
    kind = TYPES.get(text_of(described, "type", name, 10))
    if kind is None:
        raise TemplateError(f"{name}: the type is one of {', '.join(TYPES)}")
    chinese = text_of(described, "chineseName", name, FIELD_NAME_LENGTH_MAX)
    if chinese in _RESERVED:
        raise TemplateError(f"{name}: {chinese} is the column of the identifier")
    field = Field(
        index,
        name,
        chinese,
        kind,
        "y" if _truth(described, "required", name) else "o",
        unit=text_of(described, "unit", name, UNIT_CHARACTERS_MAX, needed=False),
        references=_references(described, name, kind, objects),
        private=_truth(described, "private", name),
        default=text_of(described, "default", name, TEXT_LENGTH_MAX, needed=False),
        definition=text_of(described, "definition", name, WORDS_MAX, needed=False),
    )
    if (kind.item is DataType.CODE) != ("codes" in described):
        raise TemplateError(f"{name}: 'codes' goes with the types E and E[], and they with it")
    if "codes" in described:
        field = replace(field, codes=Vocabulary(name, _codes(described["codes"], name)))
    return _with_default(_limited(field, described))


def narrowed_field(described: Described, base: ObjectType) -> Field:
    """A field of the base as the enterprise narrows it.

    Raises:
        TemplateError: the base has no such field, or it would accept what the base does not.
    """
    name = text_of(described, "englishName", "a narrowed field", FIELD_NAME_LENGTH_MAX)
    field = base.field(name)
    if field is None:
        close = nearest(name, [each.name for each in base.fields])
        raise TemplateError(f"{base.code} has no field {name}" + (f"; did you mean {close}?" if close else ""))
    _refuse_unknown(described, _NARROWED, name)
    if len(described) == 1:
        raise TemplateError(f"{name}: say how it is narrowed, with {', '.join(sorted(_NARROWED - {'englishName'}))}")
    if "required" in described:
        if not _truth(described, "required", name) and field.required == "y":
            raise TemplateError(f"{name} is required by the base: a derived template asks for no less")
        if described["required"]:
            field = replace(field, required="y", condition="")
    if "codes" in described:
        field = replace(field, codes=_fewer(described["codes"], field))
    return _with_default(_limited(field, described))


def text_of(described: Described, key: str, of_what: str, most: int, *, needed: bool = True) -> str:
    """A text of a description.

    Raises:
        TemplateError: it is missing, no text, or longer than `most` characters.
    """
    found = described.get(key, "")
    if not isinstance(found, str) or len(found) > most or (found and not found.isprintable()):
        raise TemplateError(f"{of_what}: {key} is a text of up to {most} characters on one line")
    if needed and not found.strip():
        raise TemplateError(f"{of_what}: {key} is missing")
    return found.strip()


def _limited(field: Field, described: Described) -> Field:
    """The field with the range and the length of its description, which lie inside those it has."""
    if "range" in described:
        if field.type.item is not DataType.NUMBER:
            raise TemplateError(f"{field.name}: a range goes with numbers")
        field = _ranged(field, text_of(described, "range", field.name, 90))
    if "maxLength" in described:
        most = described["maxLength"]
        if field.type.item is not DataType.TEXT:
            raise TemplateError(f"{field.name}: maxLength goes with text")
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= field.length:
            raise TemplateError(f"{field.name}: maxLength is 1 to {field.length}")
        field = replace(field, length=most)
    return field


def _ranged(field: Field, text: str) -> Field:
    parts = _RANGE.fullmatch(text)
    if parts is None or (parts[3] and parts[4] == ")"):
        raise TemplateError(f"{field.name}: a range is written [10,80], (0,80] or [10,) and not {text}")
    low, high = (Decimal(part) if part else None for part in (parts[2], parts[3]))
    if low is not None and high is not None and (low > high or (low == high and parts[1] == "(")):
        raise TemplateError(f"{field.name}: nothing lies in the range {text}")
    ranged = field
    if low is not None:
        bounds = (low, None) if parts[1] == "(" else (None, low)
        ranged = replace(ranged, above=bounds[0], minimum=bounds[1])
    if high is not None:
        ranged = replace(ranged, maximum=high)
    if _wider(field, low, high, open_below=parts[1] == "("):
        raise TemplateError(f"{field.name}: {text} is wider than the base's {range_text(field)}")
    return ranged


def _wider(field: Field, low: Decimal | None, high: Decimal | None, *, open_below: bool) -> bool:
    """Whether a range reaches beyond the one the field has."""
    if high is not None and field.maximum is not None and high > field.maximum:
        return True
    if low is None:
        return False
    if field.minimum is not None:
        return low < field.minimum
    return field.above is not None and (low < field.above or (low == field.above and not open_below))


def _with_default(field: Field) -> Field:
    """The field, whose default is one of its values."""
    if field.default and not isinstance(read_cell(field, field.default, _SOME_DAY), Reading):
        raise TemplateError(f"{field.name}: it has the default {field.default}, which must remain allowed")
    return field


def _fewer(codes: object, field: Field) -> Vocabulary:
    if field.codes is None:
        raise TemplateError(f"{field.name} has no list of codes to narrow")
    wanted = _codes(codes, field.name)
    if unknown := [code for code in wanted if code not in field.codes.codes]:
        raise TemplateError(f"{field.name}: {unknown[0]} is not in the base's list {field.codes.name}")
    kept = {code: label for code, label in field.codes.codes.items() if code in wanted}
    synonyms = {spelling: code for spelling, code in field.codes.synonyms.items() if code in kept}
    return replace(field.codes, codes=kept, synonyms=synonyms, configurable=False)


def _codes(told: object, name: str) -> dict[str, str]:
    """Codes with their Chinese labels; a mere list has none."""
    found = dict.fromkeys(told, "") if isinstance(told, list) and all(isinstance(code, str) for code in told) else told
    if not isinstance(found, dict) or not 0 < len(found) <= CODES_MAX:
        raise TemplateError(f"{name}: codes are 1 to {CODES_MAX} texts in a list, or an object of them with their labels")
    for code, label in found.items():
        if not code.strip() or not isinstance(label, str) or not f"{code}{label}".isprintable():
            raise TemplateError(f"{name}: each code is a text, and so is its label")
    return {code.strip(): label or code for code, label in found.items()}


def _references(described: Described, name: str, kind: DataType, objects: Iterable[str]) -> tuple[str, ...]:
    told, known = described.get("references", []), tuple(objects)
    if not isinstance(told, list) or not all(code in known for code in told):
        raise TemplateError(f"{name}: references is a list of objects of the pilot, out of {', '.join(known)}")
    if told and kind.item is not DataType.REFERENCE:
        raise TemplateError(f"{name}: references go with the types R and R[]")
    return tuple(told)


def _truth(described: Described, key: str, name: str) -> bool:
    found = described.get(key, False)
    if not isinstance(found, bool):
        raise TemplateError(f"{name}: {key} is true or false")
    return found


def _refuse_unknown(described: Described, known: frozenset[str], name: str) -> None:
    if unknown := sorted(described.keys() - known):
        raise TemplateError(f"{name}: nothing is known of {unknown[0]}; it may say {', '.join(sorted(known - {'itemIndex'}))}")
