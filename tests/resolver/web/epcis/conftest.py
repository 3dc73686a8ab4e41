"""A running node and clients of its `/epcis/v2`, each with a token of its own."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp
import pytest
from yarl import URL

from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.registration.checks import Refusal
from idis.registry.token import TokenTerms
from idis.resolver.config import EventsSection
from idis.resolver.node import Node

OPERATOR = (RoleGrant(Role.OPERATOR),)
ALL_ACTIONS = frozenset(Action)


class Epcis:
    """Asks one node as one caller; paths below /epcis/v2 exactly as spelled."""

    def __init__(self, session: aiohttp.ClientSession, node: Node, secret: str = "") -> None:
        self.session = session
        self.base = f"http://127.0.0.1:{node.http_port}/epcis/v2"
        self.secret = secret

    async def ask(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, JSON and headers; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        if self.secret:
            sent.setdefault("Authorization", f"Bearer {self.secret}")
        octets = raw if raw is not None or body is None else json.dumps(body).encode()
        if octets is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(path if path.startswith("http") else self.base + path, encoded=True)
        async with self.session.request(method, url, data=octets, headers=sent, allow_redirects=False) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text and "json" in answer.content_type else text, answer.headers

    async def events(self, query: str = "") -> list[Any]:
        """The events that answer a question."""
        status, found, _ = await self.ask("GET", f"/events{query}")
        assert status == 200, found
        return found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections that are closed after the test."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def as_role(session: aiohttp.ClientSession, node: Node) -> Callable[..., Epcis]:
    """Makes clients whose token holds some roles."""

    def make(*roles: RoleGrant, actions: frozenset[Action] = ALL_ACTIONS, prefixes: tuple[str, ...] = ("",)) -> Epcis:
        terms = TokenTerms("a program", roles=roles, prefixes=prefixes, actions=actions)
        change = node._store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test")
        made = change.result(10).result
        assert not isinstance(made, Refusal), made
        return Epcis(session, node, made[1])

    return make


@pytest.fixture
async def node(start_node: Callable[..., Any]) -> Node:
    """A node whose operator lets subscribers on this machine be told."""
    return await start_node(events=EventsSection(networks=("127.0.0.0/8",)))  # type: ignore[no-any-return]


@pytest.fixture
def operator(as_role: Callable[..., Epcis]) -> Epcis:
    """A client who operates the node."""
    return as_role(*OPERATOR)


@pytest.fixture
def nobody(session: aiohttp.ClientSession, node: Node) -> Epcis:
    """A client without a token."""
    return Epcis(session, node)
