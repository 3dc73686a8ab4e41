"""A running node, its tokens, and clients of its `/api/v1`."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from idis.registry import tokens
from idis.registry.caller import Action, Caller, Role, RoleGrant, tool
from idis.registry.registration.checks import Refusal
from idis.registry.token import TokenTerms
from idis.resolver.node import Node
from idis.resolver.web.callers import Callers

ALL_ACTIONS = frozenset(Action)
OPERATOR = (RoleGrant(Role.OPERATOR),)

MakeSecret = Callable[..., str]


class Api:
    """Asks one node as one caller; paths below /api/v1 exactly as spelled."""

    def __init__(self, session: aiohttp.ClientSession, node: Node, secret: str = "") -> None:
        self._session = session
        self._base = f"http://127.0.0.1:{node.http_port}/api/v1"
        self._secret = secret

    async def ask(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, JSON and headers; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        if self._secret:
            sent.setdefault("Authorization", f"Bearer {self._secret}")
        octets = raw if raw is not None or body is None else json.dumps(body).encode()
        if octets is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(self._base + path, encoded=True)
        async with self._session.request(method, url, data=octets, headers=sent, allow_redirects=False) as answer:
            text = await answer.text()
            shown = json.loads(text) if text and answer.content_type.endswith("json") else text
            return answer.status, shown, answer.headers


class StandIn:
    """Whom every request is taken to come from; None: whom it proves."""

    caller: Caller | None = None


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Lets a test stand in for somebody who has proved a key."""
    stand_in, proved = StandIn(), Callers.caller_of

    async def caller_of(callers: Callers, request: web.Request) -> Caller | Refusal:
        return stand_in.caller or await proved(callers, request)

    monkeypatch.setattr(Callers, "caller_of", caller_of)
    return stand_in


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections that are closed after the test."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def make_secret(node: Node) -> MakeSecret:
    """Makes a token of some roles, and gives its secret."""

    def make(*roles: RoleGrant, prefixes: tuple[str, ...] = ("",), actions: frozenset[Action] = ALL_ACTIONS, **terms: Any) -> str:
        wanted = TokenTerms("test", roles=roles, prefixes=prefixes, actions=actions, **terms)
        now = int(time.time())
        made = node._store.write(lambda txn: tokens.create(txn, tool("test"), wanted, now), actor="test").result().result
        assert isinstance(made, tuple), made
        return made[1]

    return make


@pytest.fixture
def api_of(session: aiohttp.ClientSession, node: Node, make_secret: MakeSecret) -> Callable[..., Api]:
    """Makes clients that hold a token of these roles; without roles, no token."""
    return lambda *roles, **terms: Api(session, node, make_secret(*roles, **terms) if roles else "")


@pytest.fixture
def operator(api_of: Callable[..., Api]) -> Api:
    """A client of an operator."""
    return api_of(*OPERATOR)


@pytest.fixture
def nobody(api_of: Callable[..., Api]) -> Api:
    """A client without a proof."""
    return api_of()
