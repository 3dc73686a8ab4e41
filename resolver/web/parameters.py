"""What `GET /api/handles/{identifier}` is asked by its parameters (`wire.md` §15)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from idis.proto.any_name import any_name
from idis.proto.dialect import FILTERS_MAX
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.query import Query
from idis.proto.value import INDEX_MAX
from idis.resolver.web.answer_json import allowed_callback

Pairs = Iterable[tuple[str, str]]  # the parameters in their order, decoded; a name may come again

_HANDLE_HEAD = re.compile(r"[0-9][\w.-]*(?:/|$)")

_TRUE = ("", "true", "1", "yes")
_FALSE = ("false", "0", "no")


class BadParameter(ValueError):
    """A parameter that cannot be used; the text names it and what is allowed."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the answer is to look."""

    pretty: bool = False
    callback: str = ""


def form_of(parameters: Pairs) -> Form:
    """How the answer is to look.

    Raises:
        BadParameter: see there.
    """
    first = first_of(parameters)
    callback = first.get("callback", "")
    if callback and not allowed_callback(callback):
        raise BadParameter("callback must be a name of letters, digits, '_', '$' and dots")
    return Form(flag_of(first, "pretty"), callback)


def query_of(spelling: str, parameters: Pairs, *, public_only: bool = True) -> Query:
    """The query that an identifier and parameters come to; `public_only` where they do not say.

    Raises:
        BadParameter, IdentifierError: see there.
    """
    parameters = list(parameters)
    first = first_of(parameters)
    indexes = [text for name, text in parameters if name == "index"]
    types = [text for name, text in parameters if name == "type"]
    if len(indexes) > FILTERS_MAX or len(types) > FILTERS_MAX:
        raise BadParameter(f"at most {FILTERS_MAX} indexes and types may be asked for")
    if spelling.strip() and not _HANDLE_HEAD.match(spelling):
        try:
            parse_identifier(spelling)
        except IdentifierError:
            spelling = any_name(spelling)  # of another scheme, with blanks or the separators of a scan
    return Query(
        spelling=spelling,
        identifier=parse_identifier(spelling),
        indexes=tuple(index_of(text) for text in indexes),
        types=tuple(types),
        public_only=flag_of(first, "publicOnly", default=public_only),
        authoritative=flag_of(first, "auth"),
        recursive=True,
        do_not_refer=flag_of(first, "doNotRefer"),
    )


def certify_of(parameters: Pairs) -> bool:
    """Whether a signed answer is asked for.

    Raises:
        BadParameter: see there.
    """
    return flag_of(first_of(parameters), "cert")


def flag_of(first: dict[str, str], name: str, *, default: bool = False) -> bool:
    """A boolean parameter; without a value it is true.

    Args:
        first: the first value of each parameter.
        name: of the one wanted.
        default: where it is not there.

    Raises:
        BadParameter: it is neither true nor false.
    """
    text = first.get(name)
    if text is None:
        return default
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise BadParameter(f"{name} must be true or false")


def first_of(parameters: Pairs) -> dict[str, str]:
    """The first value of each parameter."""
    first: dict[str, str] = {}
    for name, text in parameters:
        first.setdefault(name, text)
    return first


def index_of(text: str) -> int:
    """An index of a value.

    Raises:
        BadParameter: it is none.
    """
    if text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= INDEX_MAX:
        return int(text)
    raise BadParameter(f"index must be a whole number from 1 to {INDEX_MAX}")
