"""The header of a table against the fields of a pilot: which column is which field.

A column is named by the field's english or Chinese name, or by both with a blank between them. A name that fits no field
refuses the table: data dropped in silence are worse than a question asked.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from idis.registry.loading.rows import FileRefused
from idis.registry.pilots.schema import ObjectType, Pilot

IDENTIFIER_NAMES = ("identifier", "标识", "handle")
OBJECT_TYPE_NAMES = ("objectType", "对象类型")

_NAMED_AT_MOST = 3  # unknown columns named in the sentence; a file of another kind has dozens


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table keeps what. `fields` are (column, english field name), identifier excepted; `object_at` -1: nowhere."""

    identifier_at: int
    object_at: int
    fields: tuple[tuple[int, str], ...]


def resolve_columns(header: Iterable[str], pilot: Pilot, object_code: str) -> Columns:
    """Find each column's field.

    Args:
        header: the column names.
        pilot: the schema.
        object_code: the object all rows describe; empty when each row says it.

    Raises:
        FileRefused: no identifier, nothing that says the object, an unknown column, or two columns for one field.
    """
    names = list(header)
    objects = [object_of(pilot, object_code)] if object_code else list(pilot.objects.values())
    known = field_names(objects)
    found: list[tuple[int, str]] = []
    unknown: list[str] = []
    identifier_at = -1
    for at, name in enumerate(names):
        if _is_one_of(name, IDENTIFIER_NAMES) and identifier_at < 0:
            identifier_at = at
        elif field := _field_of(name, known):
            found.append((at, field))
        else:
            unknown.append(name)
    if identifier_at < 0:
        what = "the first line is no header, or" if not found else "the header"
        raise FileRefused(f'{what} lacks the column "identifier" (标识); it has: {_listed(names)}')
    if unknown:
        raise FileRefused(_unknown_columns(unknown, known, pilot, object_code))
    _refuse_twice(found, names)
    object_at = next((at for at, field in found if field == "objectType"), -1)
    if object_at < 0 and not object_code:
        raise FileRefused(
            'the rows do not say what they describe: add a column "objectType" (对象类型) or name it with --object, '
            f"one of {', '.join(pilot.objects)}"
        )
    return Columns(identifier_at, object_at, tuple(found))


def object_of(pilot: Pilot, code: str) -> ObjectType:
    """An object of a pilot by its code.

    Raises:
        FileRefused: it has no such object; the sentence names the nearest.
    """
    found = pilot.objects.get(code)
    if found is None:
        raise FileRefused(f'the {pilot.name} pilot has no object "{code}"{did_you_mean(code, pilot.objects)}')
    return found


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """'; did you mean "thickness"?', or the whole short list, or nothing."""
    candidates = list(dict.fromkeys(words))
    folded = {candidate.casefold(): candidate for candidate in candidates}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{folded[near[0]]}"?'
    return f"; it has {', '.join(candidates)}" if len(candidates) <= 40 else ""


def field_names(objects: Iterable[ObjectType]) -> Mapping[str, str]:
    """English and Chinese names, folded, to english names."""
    names: dict[str, str] = {}
    for kind in objects:
        for field in kind.fields:
            names[field.name.casefold()] = field.name
            names.setdefault(field.chinese.casefold(), field.name)
    return names


def _field_of(name: str, known: Mapping[str, str]) -> str | None:
    whole = name.strip().casefold()
    if whole in known:
        return known[whole]
    # 'thickness 厚度', as templates print it
    parts = {known.get(part) for part in whole.split()}
    return parts.pop() if len(parts) == 1 else None


def _is_one_of(name: str, names: tuple[str, ...]) -> bool:
    words = [name.strip().casefold(), *name.casefold().split()]
    return any(candidate.casefold() in words for candidate in names)


def _unknown_columns(unknown: list[str], known: Mapping[str, str], pilot: Pilot, object_code: str) -> str:
    of_what = f"{pilot.name} {object_code}" if object_code else f"the {pilot.name} pilot"
    shown = [f'"{name}"{_nearest(name, known)}' for name in unknown[:_NAMED_AT_MOST]]
    more = f" and {len(unknown) - _NAMED_AT_MOST} more" if len(unknown) > _NAMED_AT_MOST else ""
    verb = "is no field" if len(unknown) == 1 else "are no fields"
    return f"{', '.join(shown)}{more} {verb} of {of_what} (see 'idis pilot show {pilot.name}'); rename or remove the column"


def _nearest(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name.strip().casefold(), known, n=1, cutoff=0.6)
    return f' (did you mean "{known[near[0]]}"?)' if near else ""


def _refuse_twice(found: list[tuple[int, str]], names: list[str]) -> None:
    first: dict[str, int] = {}
    for at, field in found:
        if field in first:
            raise FileRefused(f'the columns "{names[first[field]]}" and "{names[at]}" are both the field {field}')
        first[field] = at


def _listed(names: list[str]) -> str:
    shown = ", ".join(f'"{name[:40]}"' for name in names[:8])
    return shown + (", …" if len(names) > 8 else "")
