"""Every operation of the table for those who may not: nobody, a token for something else, an auditor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from idis.registry.caller import Action, Role, RoleGrant
from idis.resolver.web.v1.field import Field, One, members
from idis.resolver.web.v1.openapi import example_of, path_names
from idis.resolver.web.v1.operation import Needs, Operation
from idis.resolver.web.v1.table import OPERATIONS

# What an auditor may write: to ask for a prefix needs an identity only, and a token may always end itself.
# What detectMany takes by POST is too long for a path; it writes nothing.
OPEN_TO_AUDITORS = {"applyForPrefix", "revokeToken", "detectMany"}


def example(operation: Operation[Any, Any]) -> tuple[str, str, object]:
    """Method, path and body of a request that is well formed."""
    path, query = operation.path, []
    for member in members(operation.parameters):
        value = quote(str(example_of(member.shape)))
        if member.attribute in path_names(operation.path):
            path = path.replace(f"{{{member.name}}}", value)
        elif member.required:
            query.append(f"{member.name}={value}")
    body = None if operation.request is None else json.loads(json.dumps(example_of(One(operation.request, Field("")))))
    return operation.method, f"{path}?{'&'.join(query)}" if query else path, body


async def answered(api: Any, chosen: list[Operation[Any, Any]]) -> dict[str, int]:
    """The status of each operation."""
    return {operation.name: (await api.ask(*example(operation)))[0] for operation in chosen}


async def test_nobody_gets_past_the_proof(nobody: Any) -> None:
    """Where a proof is needed, nobody in particular gets 401, whatever else is wrong with the request."""
    chosen = [operation for operation in OPERATIONS if operation.needs is Needs.PROOF]

    assert len(chosen) > 30
    assert set((await answered(nobody, chosen)).values()) == {401}


async def test_a_token_for_something_else_gets_nowhere(api_of: Callable[..., Any]) -> None:
    """An operator's token that lacks the one action an operation needs gets 403."""
    for action in Action:
        chosen = [operation for operation in OPERATIONS if operation.action is action]
        other = api_of(RoleGrant(Role.OPERATOR), actions=frozenset(Action) - {action})

        assert set((await answered(other, chosen)).values()) <= {403}


async def test_an_auditor_writes_nothing(api_of: Callable[..., Any], operator: Any) -> None:
    """Every write is refused for want of the right, or of what it is about; nothing has changed after all of them."""
    await operator.ask("POST", "/prefixes/88.118.8.1/allocate", {})
    before = [(await operator.ask("GET", path))[1] for path in ("/records?prefix=88.118.8", "/prefixes", "/roles", "/ranges")]
    chosen = [operation for operation in OPERATIONS if operation.writes and operation.name not in OPEN_TO_AUDITORS]
    statuses = await answered(api_of(RoleGrant(Role.AUDITOR)), chosen)
    after = [(await operator.ask("GET", path))[1] for path in ("/records?prefix=88.118.8", "/prefixes", "/roles", "/ranges")]

    assert {name: status for name, status in statuses.items() if status not in (403, 404, 422)} == {"registerBatch": 200}
    assert after == before


async def test_an_application_governs_nothing(api_of: Callable[..., Any], operator: Any) -> None:
    """It keeps records; what becomes of prefixes, ranges and roles is not its matter."""
    application = api_of(RoleGrant(Role.APPLICATION, "88.118.8"))
    groups = ("prefixes 标识前缀", "ranges 前缀范围", "roles 角色")
    chosen = [
        operation
        for operation in OPERATIONS
        if operation.group in groups and operation.writes and operation.name not in OPEN_TO_AUDITORS
    ]
    statuses = await answered(application, chosen)

    assert {name: status for name, status in statuses.items() if status not in (403, 404)} == {}
