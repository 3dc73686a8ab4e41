"""The part of the tour on which a prefix comes to life: asked for, granted, delegated, resolvable; suspended and resumed.

The applicant and the operator talk to the secondary node over its `/api/v1`, each with a token of his own, as they would
from anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from idis.proto.codes import ResponseCode
from idis.proto.value import Value
from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.identity import Identity, identity_of
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import create_record
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.token import TokenTerms
from idis.resolver.cli.web_client import WebClient
from idis.resolver.client_reply import Reply
from idis.resolver.lab.build import ACTOR, LabError
from idis.resolver.lab.plan import LabNode

if TYPE_CHECKING:
    from idis.resolver.lab.tour import Tour

APPLICANT = identity_of(300, "88.118.8/applicant")
OWNER = "示例配件有限公司"
_OPERATOR = (RoleGrant(Role.OPERATOR),)


def a_prefix_comes_to_life(tour: Tour) -> None:
    """Apply, review, approve, home, delegate, resolve; suspend, resume."""
    print("\nA prefix comes to life: asked for, granted, delegated, resolvable; suspended and resumed")
    parent, child = tour.plan.holder("88.118"), tour.plan.holder("88.118.8")
    with (
        web_client(parent, identity=APPLICANT) as applicant,
        web_client(parent, roles=_OPERATOR) as operator,
        web_client(child, roles=_OPERATOR) as enterprise,
    ):
        walk = _Walk(tour, operator)
        walk.step("apply 88.118.*", lambda: applicant.change("POST", "prefixes", body=_application()), "applied", parent)
        prefix = walk.prefix
        for event, state in (("review", "in_review"), ("approve", "active")):
            walk.step(event, partial(operator.change, "POST", "prefixes", prefix, event, body={}), state, parent)
        approved = time.monotonic()
        walk.step("home", partial(enterprise.change, "PUT", "prefixes", prefix, "home", body={}), "active", child)
        register(child, f"{prefix}/FIRST")
        sites = {"sites": [site_of(child)]}
        walk.step("delegate", partial(operator.change, "PUT", "prefixes", prefix, "sites", body=sites), "active", parent)
        tour.ask(tour.plan.recursive, f"{prefix}/FIRST", ResponseCode.SUCCESS, _resolvable(approved))
        walk.step("suspend", partial(operator.change, "POST", "prefixes", prefix, "suspend", body={}), "suspended", parent)
        tour.ask(parent, f"{prefix}/FIRST", ResponseCode.SERVER_NOT_RESPONSIBLE, lambda reply: reply.message)
        walk.step("resume", partial(operator.change, "POST", "prefixes", prefix, "resume", body={}), "active", parent)
        tour.ask(parent, f"{prefix}/FIRST", ResponseCode.SERVICE_REFERRAL, lambda _: f"answered by {child.name} again")


@dataclass
class _Walk:
    """The steps of one prefix; `prefix` is known after the first."""

    tour: Tour
    operator: WebClient
    prefix: str = ""

    def step(self, question: str, act: Callable[[], Any], state: str, node: LabNode) -> None:
        """One stop: do it, and see that the prefix is in the state it must be in."""
        with self.tour.stop(f"{question} {self.prefix}".strip() + f" ← {node.name} http") as show:
            started = time.monotonic()
            entry = act()["entry"]
            seconds = time.monotonic() - started
            if entry["state"] != state:
                raise LabError(f"expected the state {state}, got {entry['state']}")
            self.prefix = str(entry["prefix"])
            show(f"{self.prefix} is {state.replace('_', ' ')}, version {entry['version']}", seconds)


def register(node: LabNode, identifier: str) -> None:
    """Register a record in the data directory of a node that runs.

    Raises:
        LabError: it was refused.
    """
    values = (Value(1, "URL", b"https://example.com/tour"),)
    _write(node, partial(create_record, identifier=identifier, values=values, now=int(time.time())))


def web_client(node: LabNode, *, identity: Identity | None = None, roles: tuple[RoleGrant, ...] = ()) -> WebClient:
    """A client of a node's `/api/v1` with a token of a day, made in its data directory as `idis token create` does."""
    terms = TokenTerms("tour", identity=identity, roles=roles, actions=frozenset(Action), days=1)
    made = _write(node, partial(tokens.create, caller=tool(ACTOR), terms=terms, now=int(time.time())))
    assert isinstance(made, tuple), "a token that was not refused has a secret"
    host = f"[{node.host}]" if ":" in node.host else node.host
    return WebClient(f"http://{host}:{node.http_port}", str(made[1]))


def site_of(node: LabNode) -> dict[str, object]:
    """The site of a node as `/api/v1` takes it."""
    return {"servers": [{"address": node.host, "tcp": node.port, "udp": node.port, "http": node.http_port}]}


def _write(node: LabNode, change: Callable[[WriteTxn], object]) -> object:
    store = LmdbStore.open(node.directory, exclusive=False)
    try:
        result = store.write(change, actor=ACTOR).result().result
    finally:
        store.close()
    if isinstance(result, Refusal):
        raise LabError(result.message)
    return result


def _application() -> dict[str, object]:
    return {"prefix": "88.118.*", "organisation": {"owner": OWNER, "industry": "C373"}}


def _resolvable(approved: float) -> Callable[[Reply], str]:
    def check(reply: Reply) -> str:
        value = reply.first("URL")
        if value is None:
            raise LabError("the record names nothing")
        return f"resolvable everywhere, {(time.monotonic() - approved) * 1e3:,.0f} ms after the approval"

    return check
