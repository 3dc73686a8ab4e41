"""Models and operations in few words, as a person reads them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from idis.resolver.web.v1.field import Anything, Field, Flag, Many, Maybe, Member, One, Shape, Text, Whole, Word, members
from idis.resolver.web.v1.openapi import BASE_PATH, example_of, path_names
from idis.resolver.web.v1.operation import Needs, Operation


def in_words(shape: Shape) -> str:
    """A shape in a few words: `number 1 to 64`."""
    match shape:
        case Maybe(shape=inner):
            return f"{in_words(inner)} or null"
        case Word() as word:
            return " | ".join(word.choices)
        case Whole(field=field):
            return f"number{_range(field)}"
        case Flag():
            return "true | false"
        case Text(field=field) if field.form:
            return field.form
        case Text(field=field):
            return f"text{_range(field)}"
        case Many(item=item):
            return f"list of {in_words(item)}"
        case One(model=model):
            return model.__name__.removesuffix("Model")
        case Anything():
            return "any JSON"


def sketch(shape: Shape, depth: int = 0) -> str:
    """A model as JSON with what each member is in place of its value."""
    match shape:
        case Maybe(shape=inner):
            return f"{sketch(inner, depth)} | null"
        case One(model=model):
            lines = [_line(member, depth + 1) for member in members(model)]
            return "\n".join(["{", *lines, "  " * depth + "}"])
        case Many(item=item):
            return f"[{sketch(item, depth)}, …]"
        case _:
            return f"‹{in_words(shape)}›"


def curl_of(operation: Operation[Any, Any]) -> str:
    """A command that performs an operation with its example values, for a shell that holds $NODE and $TOKEN."""
    path, query = operation.path, []
    in_path = path_names(path)
    for member in members(operation.parameters):
        example = quote(str(example_of(member.shape)), safe="-._~:")
        if member.attribute in in_path:
            path = path.replace(f"{{{member.name}}}", example)
        elif member.required:
            query.append(f"{member.name}={example}")
    method = "" if operation.method == "GET" else f"-X {operation.method} "
    parts = [f'curl {method}"$NODE{BASE_PATH}{path}{"?" if query else ""}{"&".join(query)}"']
    if operation.needs is not Needs.NOBODY:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if operation.request is not None:
        body = json.dumps(example_of(One(operation.request, Field(""))), ensure_ascii=False)
        quoted = body.replace("'", r"'\''")
        parts += ["-H 'Content-Type: application/json'", f"-d '{quoted}'"]
    return " \\\n  ".join(parts)


def _line(member: Member, depth: int) -> str:
    """One member; what it is stands behind its first line."""
    first, newline, rest = sketch(member.shape, depth).partition("\n")
    named = f'{"  " * depth}"{member.name}"{"" if member.required else "?"}: {first}'
    told = " ".join(part for part in (member.field.zh, member.field.line) if part)
    return f"{named}   // {told}{newline}{rest}"


def _range(field: Field) -> str:
    if field.most is None:
        return "" if field.least is None else f" from {field.least:,}"
    if field.most > 2**53:
        return ""
    return f" {field.most:,}" if field.least == field.most else f" {field.least or 0:,}–{field.most:,}"
