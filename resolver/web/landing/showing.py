"""From the values of a record to what its page shows: the name on top, the flag, the fields in their order, the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from idis.proto.value import Value
from idis.registry.record import RECALL_FLAG
from idis.resolver.web.landing import certificates
from idis.resolver.web.landing.certificates import Named
from idis.resolver.web.landing.fields import is_technical, line_of, technical_line
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.shown import Case, Certificate, Line, Mark, Origin, Recall, Shown
from idis.resolver.web.landing.template import NO_TEMPLATE, Item, Template, readable_name

VALUES_SHOWN_MAX = 200  # of a record; a page of more is read by nobody
CERTIFICATES_MAX = 50  # in the values of a record

# Fields of the common head that the page shows in places of their own, or that say nothing to a reader.
_NAME, _NAME_EN, _STATUS = "name", "nameEn", "status"
_ELSEWHERE = frozenset(("objectType", _NAME, _NAME_EN, _STATUS, RECALL_FLAG, "visibility"))
_STATES = {
    "active": Mark.GOOD,
    "in_use": Mark.GOOD,
    "on_hold": Mark.DOUBT,
    "superseded": Mark.DOUBT,
    "recalled": Mark.BAD,
    "scrapped": Mark.BAD,
}


@dataclass(frozen=True, slots=True)
class Registered:
    """What is registered of an identifier for everybody.

    Attributes:
        identifier: as asked for.
        values: the public ones, ascending by index.
        template: what the record is made after; `NO_TEMPLATE` without.
        certificates: those that its values only name, as far as they could be had, by their handles.
    """

    identifier: str
    values: Sequence[Value]
    template: Template = NO_TEMPLATE
    certificates: Mapping[str, Certificate] | None = None


def shown_record(registered: Registered, origin: Origin, today: date, json: str) -> Shown:
    """What the page of a record shows.

    Args:
        registered: the record.
        origin: where it comes from.
        today: by which validity is judged.
        json: the path of the same for programs.
    """
    items = registered.template.items
    values = [value for value in registered.values if not _is_disabled(value, items)]
    told = {(items[value.index].name if value.index in items else value.type): value for value in values}
    technical = [value for value in values if is_technical(value)]
    plain = [value for value in values if not is_technical(value)]
    shown = plain[:VALUES_SHOWN_MAX]
    lines: list[Line] = []
    held: list[Certificate] = []
    for value in shown:
        item = items.get(value.index)
        if (item.name if item else value.type) in _ELSEWHERE:
            continue
        if item is not None and certificates.is_certificate(item):
            held += _certificates(registered, value, item, today)
        else:
            lines.append(line_of(value, item, today))
    state, mark = _state(told.get(_STATUS), items)
    return Shown(
        identifier=registered.identifier,
        case=Case.FOUND,
        origin=origin,
        name=_name(told),
        kind=registered.template.kind,
        recall=recall_of(values),
        state=state,
        state_mark=mark,
        lines=tuple(lines),
        certificates=tuple(held[:CERTIFICATES_MAX]),
        technical=tuple(map(technical_line, technical[:VALUES_SHOWN_MAX])),
        json=json,
        omitted=len(plain) - len(shown),
    )


def recall_of(values: Sequence[Value]) -> Recall:
    """The recall flag among values; one that is not known counts as a reason to check."""
    flags = [value.text for value in values if value.type == RECALL_FLAG]
    if not flags or flags == [Recall.NONE.value]:
        return Recall.NONE
    return Recall.STOP if Recall.STOP.value in flags else Recall.CHECK


def certificates_named(values: Sequence[Value], template: Template) -> list[Named]:
    """The certificates that values only name."""
    return [
        named
        for value in values
        if (item := template.items.get(value.index)) and not item.disabled and certificates.is_certificate(item)
        for named in certificates.named_in(value, item)
    ]


def _certificates(registered: Registered, value: Value, item: Item, today: date) -> list[Certificate]:
    known = registered.certificates or {}
    if found := certificates.named_in(value, item):
        return [known.get(named.handle) or certificates.named(named) for named in found]
    return list(certificates.held_in(value, item, registered.values, registered.template, today))


def _name(told: Mapping[str, Value]) -> Words:
    chinese, english = (told[name].text.strip() if name in told else "" for name in (_NAME, _NAME_EN))
    return Words(chinese, english)


def _state(value: Value | None, items: Mapping[int, Item]) -> tuple[Words, Mark]:
    """The state a record says it is in, if that is one we know to be a state."""
    item = items.get(value.index) if value is not None else None
    if value is None or item is None:
        return Words(""), Mark.PLAIN
    return Words(item.codes.get(value.text, value.text), readable_name(value.text)), _STATES.get(value.text, Mark.PLAIN)


def _is_disabled(value: Value, items: Mapping[int, Item]) -> bool:
    item = items.get(value.index)
    return item is not None and item.disabled
