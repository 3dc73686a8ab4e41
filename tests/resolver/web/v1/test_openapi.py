from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from idis.resolver.web.v1.field import Field, One, members
from idis.resolver.web.v1.openapi import BASE_PATH, document, example_of, models_of, path_names, schema_of, statuses_of
from idis.resolver.web.v1.operation import Operation
from idis.resolver.web.v1.page import page
from idis.resolver.web.v1.reading import read_model
from idis.resolver.web.v1.table import OPERATIONS

DOCUMENT = document(OPERATIONS, "0.1.0", "test")
WITH_BODY = [operation for operation in OPERATIONS if operation.request is not None]


def name_of(operation: Operation[Any, Any]) -> str:
    """How a test case is called."""
    return operation.name


def references(part: object) -> set[str]:
    """Every $ref below a part of the document."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(references(value) for value in part))
    return set()


def test_every_reference_leads_somewhere() -> None:
    """All $refs name a component that exists, and every schema is used."""
    components = DOCUMENT["components"]
    known = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in components[kind]}  # type: ignore[index]

    assert references(DOCUMENT) <= known
    assert {name for name in known if "/schemas/" in name} <= references(DOCUMENT)


def test_no_two_models_share_a_name() -> None:
    """A model's name is its place in the document, also of one inside another."""
    names = [model.__name__ for model in models_of(OPERATIONS)]

    assert len(set(names)) == len(names)


def test_operations_have_names_of_their_own() -> None:
    """operationId is unique, and so is method and path."""
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_parameter_of_a_path_is_in_its_model(operation: Operation[Any, Any]) -> None:
    """What the path names is read, and must be given."""
    required = {member.attribute for member in members(operation.parameters) if member.required}

    assert set(path_names(operation.path)) <= required


@pytest.mark.parametrize("operation", WITH_BODY, ids=name_of)
def test_the_example_of_a_body_is_one(operation: Operation[Any, Any]) -> None:
    """What the document shows as an example is accepted by what reads bodies, and by the schema."""
    assert operation.request is not None
    example = example_of(One(operation.request, Field("")))
    schemas = DOCUMENT["components"]["schemas"]  # type: ignore[index]
    jsonschema.validate(example, {**schema_of(operation.request), "components": {"schemas": schemas}})

    assert read_model(operation.request, example)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_member_says_what_it_is(operation: Operation[Any, Any]) -> None:
    """No parameter is left without a line, no operation without a summary in both languages."""
    assert all(operation.summary)
    assert all(member.field.line for model in (operation.parameters, *operation.headers) for member in members(model))


def test_patterns_mean_the_same_to_python_and_to_ecmascript() -> None:
    r"""None uses the classes \s, \d, \w and \b, which differ, or what only one of them knows."""
    patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(DOCUMENT))

    assert len(patterns) > 20
    assert [pattern for pattern in patterns if re.search(r"\\\\[sSdDwWbBAZ]|\(\?[^:]", pattern)] == []


def test_refusals_are_told_for_every_operation() -> None:
    """Each may meet a bad request, a bad proof, a failing and a busy node."""
    assert all({400, 401, 500, 503} <= set(statuses_of(operation)) for operation in OPERATIONS)


def test_the_page_stands_alone() -> None:
    """It fetches nothing and runs nothing, shows every operation, and every link within it leads somewhere."""
    text = page(OPERATIONS, "0.1.0", "<node>")
    anchors = set(re.findall(r'id="([^"]+)"', text))

    assert not re.search(r"<script|<link|<img|src=|@import|url\(", text)
    assert all(f'id="op-{operation.name}"' in text for operation in OPERATIONS)
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors
    assert "<node>" not in text


async def test_the_document_is_served(nobody: Any) -> None:
    """What is served is what the table gives, with the node's name."""
    status, shown, _ = await nobody.ask("GET", "/openapi.json")

    assert (status, shown["openapi"], shown["servers"]) == (200, "3.1.0", [{"url": BASE_PATH}])
    assert shown["paths"] == json.loads(json.dumps(DOCUMENT["paths"]))


async def test_the_page_is_served_without_rights_to_run_anything(nobody: Any) -> None:
    """The page comes with a policy that forbids everything but its own style."""
    status, text, headers = await nobody.ask("GET", "/")

    assert status == 200
    assert text.startswith("<!doctype html>")
    assert headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
