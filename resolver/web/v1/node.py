"""This node, and who asks it (`/node`, `/whoami`)."""

from __future__ import annotations

from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.types.site_json import site_to_json
from idis.proto.value import VALUES_PER_RECORD_MAX
from idis.registry.caller import TokenScope
from idis.registry.registration.value_checks import RECORD_BYTES_MAX, VALUE_BYTES_DEFAULT_MAX
from idis.resolver.web.body import BODY_BYTES_MAX
from idis.resolver.web.v1.common_model import PAGE_ITEMS_MAX
from idis.resolver.web.v1.node_model import CallerModel, NodeLimits, NodeModel, RoleModel, ScopeModel
from idis.resolver.web.v1.operation import Call, Needs, Nothing, Operation, Reply

GROUP = "node 节点"


async def get_node(call: Call[Nothing, None]) -> Reply:
    """What this node is."""
    face = call.face
    node, limits = face.config.node, face.config.limits
    return Reply(
        NodeModel(
            name=node.name,
            tier=node.tier,
            version=face.version,
            prefixes=node.prefixes,
            site=site_to_json(face.site),
            limits=NodeLimits(
                body_bytes=BODY_BYTES_MAX,
                identifier_bytes=IDENTIFIER_BYTES_MAX,
                values_per_record=VALUES_PER_RECORD_MAX,
                value_bytes=VALUE_BYTES_DEFAULT_MAX,
                record_bytes=RECORD_BYTES_MAX,
                page_items=PAGE_ITEMS_MAX,
                body_ms=limits.body_ms,
                connections_per_address=limits.connections_per_address,
            ),
            uptime_s=int(face.uptime_s),
        )
    )


async def who_am_i(call: Call[Nothing, None]) -> Reply:
    """Who asks, as this node understood it."""
    caller = call.caller
    scope = caller.scope
    return Reply(
        CallerModel(
            anonymous=caller.anonymous,
            identity=None if caller.identity is None else str(caller.identity),
            roles=tuple(RoleModel(grant.role, grant.prefix) for grant in caller.roles),
            scope=None if scope is None else _scope(scope),
            origin=caller.origin,
        )
    )


def _scope(scope: TokenScope) -> ScopeModel:
    return ScopeModel(scope.token_id, scope.prefixes, tuple(sorted(scope.actions, key=lambda action: action.value)))


OPERATIONS = (
    Operation(
        name="getNode",
        method="GET",
        path="/node",
        group=GROUP,
        summary=("what this node is", "节点信息"),
        answer=get_node,
        parameters=Nothing,
        response=NodeModel,
        successes=((200, "the node"),),
        needs=Needs.NOBODY,
    ),
    Operation(
        name="whoAmI",
        method="GET",
        path="/whoami",
        group=GROUP,
        summary=("who you are here", "当前身份"),
        detail="The way to try a token or a key.",
        answer=who_am_i,
        parameters=Nothing,
        response=CallerModel,
        successes=((200, "you"),),
        needs=Needs.OPTIONAL,
    ),
)
