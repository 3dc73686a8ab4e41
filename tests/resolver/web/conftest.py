"""An HTTP client of a running node."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from idis.resolver.config import DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, TlsSection
from idis.resolver.node import Node
from tests.resolver.admin.wire import administer
from tests.resolver.web.rest_client import Rest


class Browser:
    """Asks one node over HTTP, paths exactly as spelled."""

    def __init__(self, session: aiohttp.ClientSession, node: Node) -> None:
        self._session = session
        self._base = f"http://127.0.0.1:{node.http_port}"

    async def ask(self, path: str, method: str = "GET", **named: object) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers."""
        url = URL(self._base + path, encoded=True)
        async with self._session.request(method, url, allow_redirects=False, **named) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
        """Status, octets and content type."""
        async with self._session.post(self._base + path, data=body, headers=headers) as answer:
            return answer.status, await answer.read(), answer.content_type


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections that are closed after the test."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def browser(session: aiohttp.ClientSession, node: Node) -> Browser:
    """A client of `node`."""
    return Browser(session, node)


@pytest.fixture
def browser_of(session: aiohttp.ClientSession):
    """Makes clients of other nodes."""
    return lambda node: Browser(session, node)


@pytest.fixture
async def secure_node(start_node) -> Node:
    """A running node with TLS, whose prefix has administrators."""
    running = await start_node(tls=TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0))
    administer(running._store)
    return running


@pytest.fixture
def rest(session: aiohttp.ClientSession, secure_node: Node) -> Rest:
    """A client of `secure_node` over HTTPS."""
    return Rest(session, secure_node)


@pytest.fixture
def plain_rest(session: aiohttp.ClientSession, secure_node: Node) -> Rest:
    """A client of `secure_node` over plain HTTP."""
    return Rest(session, secure_node, tls=False)
