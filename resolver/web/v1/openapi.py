"""The OpenAPI 3.1 document of the operations, made from their typed models and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from idis.resolver.web.v1.field import Anything, Field, Flag, Many, Maybe, Member, One, Shape, Text, Whole, Word, members
from idis.resolver.web.v1.operation import Lines, Needs, Operation
from idis.resolver.web.v1.problem import PROBLEM_TYPE, Problem
from idis.resolver.web.v1.showing import show

BASE_PATH = "/api/v1"
OPENAPI = "3.1.0"

_PARAMETER = re.compile(r"\{(\w+)\}")

_TITLE = "idis"
_DESCRIPTION = """\
The interface of a node of the Industrial Internet identifier resolution system (工业互联网标识解析) for programs of its operators
and enterprises: records, prefixes, tokens, roles and the audit trail. Resolution for the public is `/api/handles`.

- Every refusal is a problem (RFC 9457) whose `code` is the response code of the field's own protocol.
- Lists come in pages: ask again with `cursor` = `next` of the last page until that is null.
- What has a version answers with it as its ETag; send it back as If-Match and the write happens only if nothing has changed.
- With an Idempotency-Key, a write that is sent again is answered as the first time; after a time-out, just send it again.
- Members and parameters that are not listed are refused."""

# What any operation may be answered with.
_ALWAYS = (400, 401, 414, 500, 503)
_WITH_BODY = (408, 413, 415)

_MEANINGS = {
    400: "the request is not what this document asks for; `pointer` says where",
    401: "an identity must be proved, or the proof is not accepted",
    403: "the identity has not the right",
    404: "there is no such thing here, or another node is responsible",
    408: "the body did not arrive in time",
    409: "it does not fit what is there now",
    412: "the expected version is not there",
    413: "the body is too long",
    414: "path and query are longer than a request line may be",
    415: "the body is not application/json",
    422: "the request is well formed, but cannot be used",
    500: "this node failed",
    501: "this node does not do that",
    503: "this node is too busy, or cannot write now; ask again after Retry-After seconds",
}

_PROOFS: list[dict[str, list[str]]] = [{"token": []}, {"basic": []}, {"signature": []}]
_SCHEMES: dict[str, object] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API token, `idis_…`: `idis token create`, or `POST /tokens`",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "user `index:handle`, percent-encoded; password: the secret key in its HS_SECKEY value",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Handle …`: the signature of a session's challenge, as `/api/sessions` explains",
    },
}


def document(operations: Sequence[Operation[Any, Any]], version: str, node: str) -> dict[str, object]:
    """The document.

    Args:
        operations: all of them.
        version: of the program.
        node: the name of the node that serves it.
    """
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": OPENAPI,
        "info": {"title": f"{_TITLE} · {node}" if node else _TITLE, "version": version, "description": _DESCRIPTION},
        "servers": [{"url": BASE_PATH}],
        "tags": [{"name": group} for group in dict.fromkeys(operation.group for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": {model.__name__: schema_of(model) for model in models_of(operations)},
            "responses": {f"Problem{status}": _problem(status) for status in _MEANINGS},
            "securitySchemes": _SCHEMES,
        },
    }


def models_of(operations: Iterable[Operation[Any, Any]]) -> list[type[Any]]:
    """Every model that is named, each once, in the order of first use."""
    found: dict[type[Any], None] = {Problem: None}
    for operation in operations:
        for model in (operation.request, operation.response):
            if model is not None and model is not Lines:
                _collect(model, found)
    return list(found)


def statuses_of(operation: Operation[Any, Any]) -> list[int]:
    """The statuses of the refusals an operation may be answered with."""
    found = {*_ALWAYS, *operation.refusals}
    if operation.needs is Needs.PROOF:
        found.add(403)
    if operation.request is not None:
        found.update(_WITH_BODY)
    if operation.versioned:
        found.add(412)
    if operation.writes or operation.request is not None or members(operation.parameters):
        found.add(422)  # what no schema can say, and an idempotency key that was used for something else
    return sorted(found)


def meaning_of(status: int) -> str:
    """What a status of a refusal means."""
    return _MEANINGS[status]


def schema_of(model: type[Any]) -> dict[str, object]:
    """The JSON Schema of a model."""
    known = members(model)
    return {
        "type": "object",
        "description": (model.__doc__ or "").strip().partition("\n")[0],
        "properties": {member.name: _member_schema(member) for member in known},
        "required": [member.name for member in known if member.required],
        "additionalProperties": False,
    }


def example_of(shape: Shape) -> object:
    """A valid value of a shape, from the examples of its members."""
    match shape:
        case Maybe(shape=inner):
            return example_of(inner)
        case _ if shape.field.example is not None:
            return show(shape.field.example)
        case One(model=model):
            return {
                member.name: example_of(member.shape)
                for member in members(model)
                if member.required or member.field.example is not None
            }
        case Many(item=item):
            return [example_of(item)]
        case Word() as word:
            return next(iter(word.choices))
        case Whole(field=field):
            return field.least or 0
        case Flag():
            return True
        case Text() | Anything():
            return "…"


def path_names(path: str) -> list[str]:
    """The parameters in a path."""
    return _PARAMETER.findall(path)


def _operation(operation: Operation[Any, Any]) -> dict[str, object]:
    told: dict[str, object] = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": " · ".join(operation.summary),
        "description": "\n\n".join(part for part in (operation.detail, operation.may and f"Right: {operation.may}") if part),
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.needs is not Needs.NOBODY:
        told["security"] = _PROOFS if operation.needs is Needs.PROOF else [{}, *_PROOFS]
    if operation.request is not None:
        told["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _reference(operation.request),
                    "example": example_of(One(operation.request, Field(""))),
                }
            },
        }
    return told


def _parameters(operation: Operation[Any, Any]) -> list[dict[str, object]]:
    in_path = path_names(operation.path)
    told = []
    for member in members(operation.parameters):
        place = "path" if member.attribute in in_path else "query"
        told.append(_parameter(member, place))
    told += [_parameter(member, "header") for model in operation.headers for member in members(model)]
    return told


def _parameter(member: Member, place: str) -> dict[str, object]:
    shape = member.shape.shape if isinstance(member.shape, Maybe) else member.shape
    schema = _schema(shape)
    if not member.required and member.default is not None and member.default != ():
        schema["default"] = show(member.default)
    return {
        "name": member.name,
        "in": place,
        "required": member.required,
        "description": _told(member.field),
        "schema": schema,
    }


def _responses(operation: Operation[Any, Any]) -> dict[str, object]:
    told: dict[str, object] = {}
    for status, meaning in operation.successes:
        success: dict[str, object] = {"description": meaning}
        if operation.response is Lines:
            success["content"] = {form: {"schema": {"type": "string"}} for form in operation.content_types}
        elif operation.response is not None:
            success["content"] = {"application/json": {"schema": _reference(operation.response)}}
        if _has_version(operation.response):
            success["headers"] = {"ETag": {"description": "the version, in quotes", "schema": {"type": "string"}}}
        told[str(status)] = success
    for status in statuses_of(operation):
        told[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return told


def _has_version(model: type[Any] | None) -> bool:
    return model not in (None, Lines) and any(member.name == "version" for member in members(model))


def _problem(status: int) -> dict[str, object]:
    told: dict[str, object] = {
        "description": f"{HTTPStatus(status).phrase}: {_MEANINGS[status]}",
        "content": {PROBLEM_TYPE: {"schema": _reference(Problem)}},
    }
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"description": "how to prove an identity", "schema": {"type": "string"}}}
    if status == 503:
        told["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return told


def _collect(model: type[Any], found: dict[type[Any], None]) -> None:
    if model in found:
        return
    found[model] = None
    for member in members(model):
        shape = member.shape
        while isinstance(shape, Maybe | Many):
            shape = shape.shape if isinstance(shape, Maybe) else shape.item
        if isinstance(shape, One):
            _collect(shape.model, found)


def _member_schema(member: Member) -> dict[str, object]:
    schema = _schema(member.shape)
    if not member.required:
        schema["default"] = show(member.default)
    return schema


def _schema(shape: Shape) -> dict[str, object]:
    schema = _bare_schema(shape)
    field = shape.field
    if told := _told(field):
        schema["description"] = told
    if field.example is not None and not isinstance(shape, One | Maybe):
        schema["examples"] = [show(field.example)]
    return schema


def _bare_schema(shape: Shape) -> dict[str, object]:
    match shape:
        case Maybe(shape=inner):
            bare = _bare_schema(inner)
            kind = bare.get("type")
            return bare | {"type": [kind, "null"]} if kind and "enum" not in bare else {"anyOf": [bare, {"type": "null"}]}
        case One(model=model):
            return _reference(model)
        case Many(item=item, field=field):
            return {"type": "array", "items": _schema(item)} | _bounds(field, "minItems", "maxItems")
        case Word() as word:
            return {"type": "string", "enum": list(word.choices)}
        case Whole(field=field):
            return {"type": "integer"} | _bounds(field, "minimum", "maximum")
        case Flag():
            return {"type": "boolean"}
        case Anything():
            return {}
        case Text(field=field):
            bare = {"type": "string"} | _bounds(field, "minLength", "maxLength")
            if field.pattern:
                bare["pattern"] = f"^(?:{field.pattern})$"
            if field.form:
                bare["format"] = field.form
            return bare


def _bounds(field: Field, least: str, most: str) -> dict[str, object]:
    return {name: bound for name, bound in ((least, field.least), (most, field.most)) if bound is not None}


def _told(field: Field) -> str:
    return f"{field.line} · {field.zh}" if field.zh else field.line


def _reference(model: type[Any]) -> dict[str, object]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
