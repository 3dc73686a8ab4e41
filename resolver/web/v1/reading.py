"""Reading what a client sent into models: every value is checked against its shape, and what is wrong is pointed at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from idis.resolver.web.v1.field import (
    Anything,
    Field,
    Flag,
    Many,
    Maybe,
    Member,
    One,
    Shape,
    Text,
    Whole,
    Word,
    by_name,
    compiled,
    members,
)

JSON_DEPTH_MAX = 16  # our deepest model has six; more is somebody's attempt at the stack
JSON_ELEMENTS_MAX = 300_000  # 2,000 records of ten values have two thirds of it; a megabyte of nothing but brackets would take 70

M = TypeVar("M")

_FLAGS = {"true": True, "false": False}


class Malformed(Exception):
    """What was sent is not what the document asks for.

    Attributes:
        pointer: RFC 6901, into the body as a URI fragment (`#/values/0/index`), or the name of a parameter.
        detail: one sentence.
    """

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(pointer, detail)
        self.pointer = pointer
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}"

    def within(self, part: str | int) -> Malformed:
        """The same, seen from what the member or item `part` belongs to."""
        self.pointer = f"/{part if isinstance(part, int) else _escaped(part)}{self.pointer}"
        return self


class Unfit(Malformed):
    """What was sent is what the document asks for, but cannot be used; more than a schema can say."""


class Unmet(Malformed):
    """A condition that nothing can meet."""


def read_json(octets: bytes) -> object:
    """The JSON of a body; a member given twice, a number that is none, and depth beyond JSON_DEPTH_MAX are refused.

    Raises:
        Malformed: see there.
    """
    # Counted before anything is made of them; marks within texts count too, and are few.
    if sum(map(octets.count, (b",", b"[", b"{"))) > JSON_ELEMENTS_MAX:
        raise Malformed("#", f"the body has more than {JSON_ELEMENTS_MAX} members and items: send less at once")
    try:
        document = json.loads(octets.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Malformed("#", "the body is not UTF-8") from None
    except RecursionError:
        raise Malformed("#", f"the body is nested deeper than {JSON_DEPTH_MAX}") from None
    except ValueError as error:
        raise Malformed("#", f"the body is not JSON: {error}") from None
    _walk(document, "#", 0)
    return document


def read_model(model: type[M], document: object) -> M:
    """An object of a model.

    Raises:
        Malformed: see there.
    """
    try:
        return _model(model, document)
    except Malformed as error:
        error.pointer = f"#{error.pointer}"
        raise


def read_text(shape: Shape, text: str, pointer: str) -> object:
    """A value of a plain shape, from the text of a parameter.

    Raises:
        Malformed: see there.
    """
    match shape:
        case Maybe(shape=inner):
            return read_text(inner, text, pointer)
        case Whole(field=field):
            digits = text.removeprefix("-")
            if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
                raise Malformed(pointer, "this must be a whole number")
            return _whole(field, int(text), pointer)
        case Flag():
            if text not in _FLAGS:
                raise Malformed(pointer, "this must be true or false")
            return _FLAGS[text]
        case Word() as word:
            if text not in word.choices:
                raise Malformed(pointer, f"this must be one of {', '.join(word.choices)}")
            return word.choices[text]
        case Text(field=field):
            return _text(field, text, pointer)
        case _:
            raise AssertionError("parameters are plain")


def read_parameters(model: type[M], given: Mapping[str, Sequence[str]]) -> M:
    """The parameters of an operation; one that is no list is given once.

    Raises:
        Malformed: see there.
    """
    read: dict[str, Any] = {}
    for member in members(model):
        texts = given.get(member.name, ())
        if texts:
            read[member.attribute] = _read_parameter(member, texts)
        elif member.required:
            raise Malformed(member.name, "this parameter must be given")
    return model(**read)


def read_time(text: str, pointer: str) -> int:
    """Unix time in seconds of an RFC 3339 time.

    Raises:
        Malformed: it is none.
        Unfit: it lies outside what 32 bits count.
    """
    try:
        moment = datetime.fromisoformat(text.upper())
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Malformed(pointer, "this must be a time such as 2027-01-31T08:00:00Z") from None
    if not 0 <= seconds < 2**32:
        raise Unfit(pointer, "this time lies outside 1970 to 2106")
    return seconds


def _read_parameter(member: Member, texts: Sequence[str]) -> object:
    shape, name = member.shape, member.name
    if isinstance(shape, Many):
        _check_length(shape.field, len(texts), "items", name)
        return tuple(read_text(shape.item, text, name) for text in texts)
    if len(texts) > 1:
        raise Malformed(name, "this parameter is given twice")
    return read_text(shape, texts[0], name)


# Where something is wrong is only known to whoever called: each names its part of the way when the error passes by.


def _model(model: type[M], document: object) -> M:
    if not isinstance(document, dict):
        raise Malformed("", "this must be an object")
    known = by_name(model)
    given: dict[str, Any] = {}
    for name, value in document.items():
        member = known.get(name)
        if member is None:
            raise Malformed("", f"there is no such member; there are {', '.join(known)}").within(name)
        shape = member.shape
        try:
            given[member.attribute] = _READERS[type(shape)](shape, value)
        except Malformed as error:
            raise error.within(name) from None
    if len(given) < len(known) and (
        missing := next((name for name, member in known.items() if member.required and name not in document), None)
    ):
        raise Malformed("", "this member must be given").within(missing)
    return model(**given)


def _maybe(shape: Maybe, value: object) -> object:
    return None if value is None else _READERS[type(shape.shape)](shape.shape, value)


def _anything(_shape: Anything, value: object) -> object:
    return value


def _one(shape: One, value: object) -> object:
    return _model(shape.model, value)


def _many(shape: Many, value: object) -> object:
    if not isinstance(value, list):
        raise Malformed("", "this must be a list")
    _check_length(shape.field, len(value), "items", "")
    item = shape.item
    read, items = _READERS[type(item)], []
    for at, part in enumerate(value):
        try:
            items.append(read(item, part))
        except Malformed as error:
            raise error.within(at) from None
    return tuple(items)


def _flag(_shape: Flag, value: object) -> object:
    if not isinstance(value, bool):
        raise Malformed("", "this must be true or false")
    return value


def _number(shape: Whole, value: object) -> object:
    return _whole(shape.field, value, "")


def _string(shape: Text | Word, value: object) -> object:
    if not isinstance(value, str):
        raise Malformed("", "this must be a string")
    return _text(shape.field, value, "") if isinstance(shape, Text) else read_text(shape, value, "")


_READERS: dict[type[Shape], Callable[[Any, object], object]] = {
    Maybe: _maybe,
    Anything: _anything,
    One: _one,
    Many: _many,
    Flag: _flag,
    Whole: _number,
    Word: _string,
    Text: _string,
}


def _whole(field: Field, value: object, pointer: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON Schema counts 1.0 among the integers
    if not isinstance(value, int) or value is True or value is False:
        raise Malformed(pointer, "this must be a whole number")
    if field.least is not None and value < field.least:
        raise Malformed(pointer, f"this must be at least {field.least}")
    if field.most is not None and value > field.most:
        raise Malformed(pointer, f"this must be at most {field.most}")
    return value


def _text(field: Field, text: str, pointer: str) -> str:
    _check_length(field, len(text), "characters", pointer)
    if field.pattern and compiled(field.pattern).fullmatch(text) is None:
        raise Malformed(pointer, f"this must be {field.line[0].lower()}{field.line[1:]}, in the form {field.pattern}")
    if field.form == "date-time":
        read_time(text, pointer)
    return text


def _check_length(field: Field, length: int, what: str, pointer: str) -> None:
    if field.least is not None and length < field.least:
        raise Malformed(pointer, f"this must have at least {field.least} {what}")
    if field.most is not None and length > field.most:
        raise Malformed(pointer, f"this has {length} {what}, at most {field.most} are allowed: give fewer")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a member is given twice")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _walk(document: object, pointer: str, depth: int) -> None:
    """Refuse what has no octets, and depth."""
    if depth > JSON_DEPTH_MAX:
        raise Malformed(pointer, f"the body is nested deeper than {JSON_DEPTH_MAX}")
    match document:
        case str():
            _check_octets(document, pointer)
        case float():
            if document in (float("inf"), float("-inf")):
                raise Malformed(pointer, "this number is too large")
        case dict():
            for name, value in document.items():
                _check_octets(name, pointer)
                _walk(value, f"{pointer}/{_escaped(name)}", depth + 1)
        case list():
            for at, value in enumerate(document):
                _walk(value, f"{pointer}/{at}", depth + 1)


def _check_octets(text: str, pointer: str) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise Malformed(pointer, "this text holds half a surrogate pair") from None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
