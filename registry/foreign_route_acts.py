"""What operators do with routes: each act is judged, done and audited in one transaction."""

from __future__ import annotations

from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.registry.audit.line import Facts, audit
from idis.registry.caller import Action, Caller, Role
from idis.registry.foreign_route import ForeignRoute, checked_route
from idis.registry.foreign_routes import put_foreign_route, remove_foreign_route, route_named
from idis.registry.registration.checks import Refusal
from idis.registry.route_types import ROUTE_TYPES, route_type
from idis.registry.store.base import ReadTxn, WriteTxn


def put_route(txn: WriteTxn, caller: Caller, route: ForeignRoute) -> tuple[ForeignRoute, bool] | Refusal:
    """Keep a route, in place of one of the same prefix or range.

    Returns:
        The route as it is kept, and whether that changed anything.
    """
    if refusal := refuse_routing(caller):
        return refusal
    try:
        wanted = checked_route(route)
        before = put_foreign_route(txn, wanted)
    except DataError as error:
        return Refusal(ResponseCode.INVALID_VALUE, str(error))
    if before == wanted:
        return wanted, False
    audit(txn, caller, "put route", wanted.name, before=None if before is None else _facts(before), after=_facts(wanted))
    return wanted, True


def remove_route(txn: WriteTxn, caller: Caller, type_name: str, start: str, end: str = "") -> ForeignRoute | Refusal:
    """Remove a route; what it held is then held by a shorter one, or by none."""
    if refusal := refuse_routing(caller):
        return refusal
    held = held_route(txn, type_name, start, end)
    if isinstance(held, Refusal):
        return held
    remove_foreign_route(txn, held)
    audit(txn, caller, "remove route", held.name, before=_facts(held))
    return held


def switch_route(
    txn: WriteTxn, caller: Caller, type_name: str, start: str, end: str, *, enabled: bool
) -> tuple[ForeignRoute, bool] | Refusal:
    """Switch a route on or off. While it is off, what it holds is answered as disabled.

    Returns:
        The route as it is now, and whether that changed anything.
    """
    if refusal := refuse_routing(caller):
        return refusal
    held = held_route(txn, type_name, start, end)
    return held if isinstance(held, Refusal) else put_route(txn, caller, replace(held, enabled=enabled))


def held_route(txn: ReadTxn, type_name: str, start: str, end: str = "") -> ForeignRoute | Refusal:
    """The route of exactly this prefix or range, in any spelling of it."""
    try:
        name = route_type(type_name)
        spell = ROUTE_TYPES[name].spell
        first, last = spell(start), spell(end) if end else ""
    except DataError as error:
        return Refusal(ResponseCode.INVALID_VALUE, str(error))
    held = route_named(txn, name, first, last)
    if held is None:
        return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"there is no route {name} {first}{f' to {last}' if last else ''} here")
    return held


def refuse_routing(caller: Caller) -> Refusal | None:
    """What forbids a caller to change routes: they are the operators' of the whole node."""
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "routes are the operators': prove an identity that is one")
    if not caller.holds(Role.OPERATOR, ""):
        return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, f"{caller.name} is no operator of this node, and routes are theirs")
    if not caller.in_scope(Action.PREFIX, ""):
        return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, "this token may not be used for routes: its scope lacks 'prefix'")
    return None


def refuse_seeing_routes(caller: Caller) -> Refusal | None:
    """What forbids a caller to list routes: operators and auditors see them, and everybody sees where a text would be asked."""
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "routes are listed for operators and auditors: prove an identity")
    if not (caller.holds(Role.OPERATOR, "") or caller.holds(Role.AUDITOR, "")):
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"{caller.name} is neither operator nor auditor of this node: routes are theirs",
        )
    return None


def _facts(route: ForeignRoute) -> Facts:
    return {
        "targets": [str(target) for target in route.targets],
        "enabled": route.enabled,
        "answer": route.answer.value,
        "ttl_s": route.ttl_s,
        "negative_ttl_s": route.negative_ttl_s,
        "note": route.note,
    }
