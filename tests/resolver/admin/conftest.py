"""A node whose prefix has administrators, and a client of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from idis.resolver.node import Node
from tests.resolver.admin.wire import Admin, administer

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
