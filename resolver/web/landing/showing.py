"""From the values of a record to what its page shows: the name on top, the flag, the fields in their order, the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from idis.proto.errors import DataError
from idis.proto.schemes.gs1.link_types import RECALL_STATUS
from idis.proto.schemes.gs1.link_types import title as link_title
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.succession import succession_of
from idis.proto.types.alias import ALIAS_TYPE, split_alias
from idis.proto.types.link import LINK_TYPE, decode_link
from idis.proto.types.link import Link as RegisteredLink
from idis.proto.types.successor import Succession as RegisteredSuccession
from idis.proto.types.successor import SuccessionKind
from idis.proto.value import Value
from idis.registry.aliases import HOLDER_TYPE
from idis.registry.record import RECALL_FLAG, recalled
from idis.resolver.address import path_of
from idis.resolver.web.landing import certificates
from idis.resolver.web.landing.certificates import Named
from idis.resolver.web.landing.fields import is_technical, line_of, own_link, read_json, technical_line, texts_of
from idis.resolver.web.landing.language import NO_WORDS, Words
from idis.resolver.web.landing.shown import Case, Certificate, Line, Link, Mark, Origin, Recall, Shown, Succession
from idis.resolver.web.landing.template import NO_TEMPLATE, Item, Template, readable_name
from idis.resolver.web.landing.words import ENDS

VALUES_SHOWN_MAX = 200  # of a record; a page of more is read by nobody
NOTICES_MAX = 3  # of a recall, beside its flag
REFERRED_MAX = 3  # things of one list whose names are asked for

# Fields of the common head that the page shows in places of their own, or that say nothing to a reader.
_NAME, _NAME_EN, _STATUS = "name", "nameEn", "status"
_ELSEWHERE = frozenset(("objectType", _NAME, _NAME_EN, _STATUS, "visibility"))
_RECALL_MARKS = {Recall.NONE: Mark.GOOD, Recall.CHECK: Mark.DOUBT, Recall.STOP: Mark.BAD}
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
        names: what other things that its values refer to are called, by their handles.
    """

    identifier: str
    values: Sequence[Value]
    template: Template = NO_TEMPLATE
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    names: Mapping[str, Words] = field(default_factory=dict)


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
    told = {_name_of(value, items): value for value in values}
    technical = [value for value in values if is_technical(value)]
    plain = [value for value in values if not is_technical(value)]
    shown = [value for value in plain[:VALUES_SHOWN_MAX] if _name_of(value, items) not in _ELSEWHERE]
    held = [value for value in shown if (item := items.get(value.index)) and certificates.is_certificate(item)]
    state, mark = _state(told.get(_STATUS), items)
    links = tuple(links_of(values))
    succession = succession_of(values)
    withdrawn = succession is not None and succession.kind is SuccessionKind.WITHDRAWN
    return Shown(
        identifier=registered.identifier,
        case=Case.WITHDRAWN if withdrawn else Case.FOUND,
        origin=origin,
        name=name_in(values, registered.template),
        kind=registered.template.kind,
        recall=recall_of(values),
        notices=notices_of(links),
        state=state,
        state_mark=mark,
        lines=tuple(_line(registered, value, today) for value in shown if value not in held),
        certificates=tuple(_certificates(registered, held, today)),
        links=tuple(map(shown_link, links)),
        others=tuple(other_names(values, today)),
        technical=tuple(map(technical_line, technical[:VALUES_SHOWN_MAX])),
        succession=None if succession is None else _succession(succession),
        json=json,
        omitted=max(len(plain) - VALUES_SHOWN_MAX, 0),
    )


def recall_of(values: Sequence[Value]) -> Recall:
    """The recall flag among values."""
    return Recall(recalled(value.text for value in values if value.type == RECALL_FLAG) or Recall.NONE.value)


def certificates_named(values: Sequence[Value], template: Template) -> list[Named]:
    """The certificates that values only name."""
    return [
        named
        for value in values
        if (item := template.items.get(value.index)) and not item.disabled and certificates.is_certificate(item)
        for named in certificates.named_in(value, item)
    ]


def handles_in(values: Sequence[Value], template: Template) -> list[str]:
    """The handles of other things that values refer to, the first few of a list, each once."""
    found: list[str] = []
    for value in values:
        item = template.items.get(value.index)
        if item is not None and not item.disabled and item.type in ("R", "R[]") and not certificates.is_certificate(item):
            found += texts_of(value.text, item)[:REFERRED_MAX]
    return list(dict.fromkeys(found))


def name_in(values: Sequence[Value], template: Template) -> Words:
    """What a thing is called."""
    told = {_name_of(value, template.items): value.text.strip() for value in values}
    return Words(told.get(_NAME, ""), told.get(_NAME_EN, ""))


def links_of(values: Iterable[Value]) -> Iterable[RegisteredLink]:
    """The links of a record for everybody; a target that is only complete with what a Digital Link asks for is left out."""
    for value in values:
        if value.type.upper() != LINK_TYPE:
            continue
        try:
            link = decode_link(value.data)
        except DataError:
            continue  # of a node that did not check it
        if link.public and not link.variables:
            yield link


def shown_link(link: RegisteredLink, href: str = "") -> Link:
    """A link as a page shows it.

    Args:
        link: as it is registered.
        href: where it leads for this reader; empty: as registered.
    """
    english = link_title(link.link_type, zh=False)
    words = Words(f"{link_title(link.link_type, zh=True)}：{link.title}", f"{english[:1].upper()}{english[1:]}: {link.title}")
    return Link(href or link.href, words, ", ".join(link.languages), link.media_type)


def notices_of(links: Iterable[RegisteredLink]) -> tuple[Link, ...]:
    """What owners say of a recall, each page once."""
    found = {link.href: shown_link(link) for link in links if link.link_type == RECALL_STATUS}
    return tuple(found.values())[:NOTICES_MAX]


def other_names(values: Sequence[Value], today: date) -> Iterable[Line]:
    """The names of a thing in other schemes, as people write them."""
    for value in values:
        if value.type.upper() == ALIAS_TYPE and (parts := split_alias(value.data)) is not None:
            scheme, name = parts
            known = RECOGNISERS.get(scheme)
            reading = known.read(name, today.year) if known else None
            yield Line(scheme_words(scheme), (Words(reading.display if reading else name),))


def holders_in(values: Sequence[Value]) -> tuple[Link, ...]:
    """The pages of the records that have one name, where an answer is that several have it; else none."""
    if any(value.type != HOLDER_TYPE for value in values):
        return ()
    links = []
    for value in values:
        told = read_json(value.text)
        handle, owner = (told.get("handle"), told.get("owner")) if isinstance(told, dict) else ("", "")
        if isinstance(handle, str) and isinstance(link := own_link(handle), Link):
            links.append(replace(link, aside=owner if isinstance(owner, str) else ""))
    return tuple(links)


def scheme_words(scheme: str) -> Words:
    """What people call a scheme; its short name where nobody does."""
    known = RECOGNISERS.get(scheme)
    english, _, chinese = known.title.rpartition(" ") if known else ("", "", scheme)
    return Words(chinese, english or chinese)


def _line(registered: Registered, value: Value, today: date) -> Line:
    item = registered.template.items.get(value.index)
    line = line_of(value, item, today)
    if _name_of(value, registered.template.items) == RECALL_FLAG:
        return replace(line, mark=_RECALL_MARKS[recall_of([value])])
    return _with_names(line, registered.names)


def _with_names(line: Line, names: Mapping[str, Words]) -> Line:
    """A line whose links to other things say what those are called."""
    contents = (
        replace(content, words=name, aside=content.words.zh)
        if isinstance(content, Link) and (name := names.get(content.words.zh))
        else content
        for content in line.contents
    )
    return replace(line, contents=tuple(contents))


def _certificates(registered: Registered, values: Sequence[Value], today: date) -> Iterable[Certificate]:
    for value in values:
        item = registered.template.items[value.index]
        if found := certificates.named_in(value, item):
            for certificate in (registered.certificates.get(one.handle) or certificates.named(one) for one in found):
                yield replace(certificate, lines=tuple(_with_names(line, registered.names) for line in certificate.lines))
        else:
            yield from certificates.held_in(value, item, registered.values, registered.template, today)


def _succession(succession: RegisteredSuccession) -> Succession:
    successors = tuple(Link(path_of(name), Words(name)) for name in succession.successors)
    return Succession(ENDS[succession.kind.value], successors, succession.date, succession.note)


def _state(value: Value | None, items: Mapping[int, Item]) -> tuple[Words, Mark]:
    """The state a record says it is in, if that is one we know to be a state."""
    item = items.get(value.index) if value is not None else None
    if value is None or item is None:
        return NO_WORDS, Mark.PLAIN
    return Words(item.codes.get(value.text, value.text), readable_name(value.text)), _STATES.get(value.text, Mark.PLAIN)


def _name_of(value: Value, items: Mapping[int, Item]) -> str:
    """What a value is called to programs: by its item, else by its type."""
    item = items.get(value.index)
    return item.name if item is not None else value.type


def _is_disabled(value: Value, items: Mapping[int, Item]) -> bool:
    item = items.get(value.index)
    return item is not None and item.disabled
