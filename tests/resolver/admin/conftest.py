"""A node whose prefix has administrators, and a client of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from idis.resolver import node as node_module
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.node import Node
from tests.resolver.admin.wire import Admin, administer, rsa_key

StartNode = Callable[..., Awaitable[Node]]


@pytest.fixture
async def admin_node(start_node: StartNode) -> Node:
    """A running node whose prefix has administrators."""
    node = await start_node()
    administer(node._store)  # the node's own store: a second one in this process would share its lock
    return node


@pytest.fixture
async def admin(admin_node: Node) -> Admin:
    """A client of it that connects for each message."""
    return Admin(admin_node.port)


StartSigning = Callable[..., Awaitable[Admin]]


@pytest.fixture
def start_signing(start_node: StartNode, monkeypatch: pytest.MonkeyPatch) -> StartSigning:
    """Starts nodes that have a server key, and gives clients of them."""

    async def start(**named: Any) -> Admin:
        def key_of(_path: Path) -> ServerKey:
            return ServerKey(rsa_key())

        monkeypatch.setattr(node_module, "read_server_key", key_of)
        node = await start_node(**named)
        administer(node._store)
        return Admin(node.port, node=node)

    return start


@pytest.fixture
async def signing_admin(start_signing: StartSigning) -> Admin:
    """A client of a node that signs."""
    return await start_signing()


@pytest.fixture
def server_key() -> RSAPublicKey:
    """The public half of the key that such nodes sign with."""
    return rsa_key().public_key()
