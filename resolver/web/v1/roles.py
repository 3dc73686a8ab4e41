"""Roles: who is what on this node (`/roles`)."""

from __future__ import annotations

from collections.abc import Callable

from idis.registry import roles
from idis.registry.caller import Action, Caller, RoleGrant
from idis.registry.identity import Identity, parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import WriteTxn
from idis.resolver.web.v1.common_model import Done
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.node_model import RoleModel
from idis.resolver.web.v1.operation import Call, Nothing, Operation, Reply
from idis.resolver.web.v1.role_model import GrantModel, ListRolesParameters, RoleHolderModel, RoleHolderPage
from idis.resolver.web.v1.writing import commit

GROUP = "roles 角色"
_LIST = "roles"

_Act = Callable[[WriteTxn, Caller, Identity, RoleGrant], bool | Refusal]


async def list_roles(call: Call[ListRolesParameters, None]) -> Reply:
    """Who holds a role, page by page."""
    asked = call.parameters
    after = read_cursor(_LIST, asked.cursor)
    with call.face.service.chain.store.read() as txn:
        page = roles.granted_after(txn, after, asked.limit)
    holders = []
    for _key, identity, grants in page:
        seen = tuple(RoleModel(grant.role, grant.prefix) for grant in grants if roles.may_see(call.caller, grant))
        if seen:
            holders.append(RoleHolderModel(str(identity), seen))
    return Reply(RoleHolderPage(tuple(holders), make_cursor(_LIST, page[-1][0]) if len(page) == asked.limit else None))


async def grant_role(call: Call[Nothing, GrantModel]) -> Reply | Refusal:
    """Give an identity a role."""
    return await _change(call, roles.grant)


async def revoke_role(call: Call[Nothing, GrantModel]) -> Reply | Refusal:
    """Take a role from an identity."""
    return await _change(call, roles.revoke)


async def _change(call: Call[Nothing, GrantModel], act: _Act) -> Reply | Refusal:
    caller, identity = call.caller, parse_identity(call.body.identity)
    grant = RoleGrant(call.body.role.role, call.body.role.prefix)
    return await commit(call, lambda txn, _groups: act(txn, caller, identity, grant), lambda changed: Reply(Done(changed)))


_MAY = "operators any; administrators those of administrator and application, for their prefix and below"

OPERATIONS = (
    Operation(
        name="listRoles",
        method="GET",
        path="/roles",
        group=GROUP,
        summary=("list who holds which role", "角色列表"),
        may="operators and auditors see all, administrators those of their prefix and below",
        answer=list_roles,
        parameters=ListRolesParameters,
        response=RoleHolderPage,
        successes=((200, "one page"),),
        action=Action.ACCESS,
    ),
    Operation(
        name="grantRole",
        method="POST",
        path="/roles/grant",
        group=GROUP,
        summary=("grant a role", "授予角色"),
        may=_MAY,
        answer=grant_role,
        parameters=Nothing,
        request=GrantModel,
        response=Done,
        successes=((200, "it holds the role"),),
        refusals=(403, 422),
        action=Action.ACCESS,
    ),
    Operation(
        name="revokeRole",
        method="POST",
        path="/roles/revoke",
        group=GROUP,
        summary=("revoke a role", "撤销角色"),
        detail="The last operator of the node keeps its role.",
        may=_MAY,
        answer=revoke_role,
        parameters=Nothing,
        request=GrantModel,
        response=Done,
        successes=((200, "it does not hold the role"),),
        refusals=(403, 422),
        action=Action.ACCESS,
    ),
)
