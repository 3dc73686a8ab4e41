"""A node that resolves GS1 keys, and its clients."""

from __future__ import annotations

import pytest

from idis.resolver.node import Node
from tests.resolver.web.conftest import Browser
from tests.resolver.web.links.things import RECORDS, Asking


@pytest.fixture
async def resolver(start_node) -> Node:
    """A running node that knows RECORDS."""
    return await start_node(records=RECORDS)


@pytest.fixture
def ask(browser_of, resolver: Node) -> Asking:
    """Asks `resolver`."""
    browser: Browser = browser_of(resolver)
    return Asking(browser)
