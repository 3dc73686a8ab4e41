"""One value of a record as a line of the page, read as its template says; without a template, by its type alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.types.table import describe
from idis.proto.types.text import decode_text
from idis.proto.value import Value
from idis.registry.pilots.vocabularies import RECALL_FLAG as RECALL_FLAGS
from idis.registry.record import RECALL_FLAG
from idis.resolver.address import path_of
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.markup import TEXT_CHARACTERS_MAX
from idis.resolver.web.landing.shown import Line, Link, Mark
from idis.resolver.web.landing.template import Item, readable_name

STRUCTURE_BYTES_MAX = 65_536  # of JSON text that is taken apart; longer is shown as it begins
PARTS_MAX = 100  # of a list
EXPIRES_SOON = timedelta(days=30)
VALID_UNTIL = frozenset(("validUntil", "expiryDate", "expires", "notAfter"))

Content = Words | Link | tuple[Line, ...]

# What people call the common types of values that belong to no template.
_TYPES: Mapping[str, Words] = {
    "URL": Words("网址", "Web page"),
    "EMAIL": Words("电子邮箱", "E-mail"),
    "DESC": Words("描述", "Description"),
    "name": Words("名称", "Name"),
    "nameEn": Words("英文名称", "English name"),
    "INET_HOST": Words("主机", "Host"),
    RECALL_FLAG: Words("召回标志", "Recall flag"),
}
_RECALLS = {code: Words(label, readable_name(code)) for code, label in RECALL_FLAGS.codes.items()}
_TRUTHS = {"true": Words("是", "Yes"), "false": Words("否", "No")}
_FOR_PROGRAMS = ("HS_", "IDIS.", "TEMPLATE")


def is_technical(value: Value) -> bool:
    """Whether a value is for programs: keys, sites, administrators, statements, the template's name."""
    return value.type.upper().startswith(_FOR_PROGRAMS)


def technical_line(value: Value) -> Line:
    """A value for programs, in short."""
    said = describe(value.type, value.data[:STRUCTURE_BYTES_MAX])["value"]
    words = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return Line(Words(value.type), (Words(words),), note=str(value.index))


def line_of(value: Value, item: Item | None, today: date) -> Line:
    """A value as its item says, else as its type does."""
    text = decode_text(value.data)
    if text is None:
        return Line(_label(value, item), (_octets(value.data),))
    if item is None:
        said = _RECALLS.get(text) if value.type == RECALL_FLAG else None
        return Line(_label(value, None), (said or _linked(text),))
    mark = validity(text, today)[1] if item.name in VALID_UNTIL else Mark.PLAIN
    return Line(item.label, contents_of(text, item), mark)


def contents_of(text: str, item: Item) -> tuple[Content, ...]:
    """The contents of a field's text: a list has several."""
    if not item.is_list and item.type != "object":
        return (_single(text, item),)
    told = read_json(text)
    if item.is_list and isinstance(told, list) and told:
        shown = tuple(_part(part, item) for part in told[:PARTS_MAX])
        return (*shown, Words("…")) if len(told) > PARTS_MAX else shown
    if item.type == "object" and isinstance(told, dict) and told:
        return (_part(told, item),)
    return (Words(text),)


def validity(day: str, today: date) -> tuple[Words, Mark]:
    """How long something is valid, and how much that matters today."""
    try:
        until = date.fromisoformat(day[:10])
    except ValueError:
        return Words(""), Mark.PLAIN
    if until < today:
        return Words(f"已于 {until} 过期", f"Expired on {until}"), Mark.BAD
    if until - today <= EXPIRES_SOON:
        return Words(f"将于 {until} 到期", f"Expires on {until}"), Mark.DOUBT
    return Words(f"有效期至 {until}", f"Valid until {until}"), Mark.GOOD


def own_link(handle: str) -> Link | Words:
    """A link to the page of another identifier on this node; the text alone where it is none."""
    try:
        parse_identifier(handle)
    except IdentifierError:
        return Words(handle)
    return Link(path_of(handle), Words(handle)) if "/" in handle else Words(handle)


def objects_of(text: str) -> list[Mapping[str, object]]:
    """The objects of a JSON list; none where it is none."""
    told = read_json(text)
    return [part for part in told[:PARTS_MAX] if isinstance(part, dict)] if isinstance(told, list) else []


def texts_of(text: str, item: Item) -> list[str]:
    """The texts of a field, whether it holds one or a list."""
    told = read_json(text) if item.is_list else text
    return [part for part in told[:PARTS_MAX] if isinstance(part, str)] if isinstance(told, list) else [text]


def member_lines(told: Mapping[str, object], item: Item) -> Iterable[Line]:
    """The members of an object, in their own order."""
    for name, part in list(told.items())[:PARTS_MAX]:
        member = item.members.get(name)
        if member is None:
            yield Line(Words(readable_name(name)), (Words(_plain(part)),))
        else:
            yield Line(member.label, contents_of(_plain(part), member))


def read_json(text: str) -> object:
    """What JSON text of a stranger says; None where it is none, or too long to be taken apart."""
    if len(text) > STRUCTURE_BYTES_MAX:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _part(part: object, item: Item) -> Content:
    if isinstance(part, dict):
        return tuple(member_lines(part, item))
    return _single(_plain(part), item)


def _single(text: str, item: Item) -> Content:
    match item.type.removesuffix("[]"):
        case "E":
            return Words(item.codes.get(text, text), readable_name(text) if item.codes else text)
        case "B":
            return _TRUTHS.get(text, Words(text))
        case "N":
            return Words(f"{text} {item.unit}" if item.unit else text)
        case "R":
            return own_link(text)
        case "DT":
            return Words(text.replace("T", " ", 1))
        case _:
            return _linked(text)


def _linked(text: str) -> Words | Link:
    return Link(text) if text.startswith(("https://", "http://")) and len(text) <= TEXT_CHARACTERS_MAX else Words(text)


def _label(value: Value, item: Item | None) -> Words:
    if item is not None:
        return item.label
    return _TYPES.get(value.type) or Words(value.type)


def _octets(data: bytes) -> Words:
    return Words(f"二进制数据，{len(data):,} 字节", f"Binary data, {len(data):,} octets")


def _plain(part: object) -> str:
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
