"""Templates of other nodes: asked for, believed for a while, given up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from idis.proto.value import Value
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import create_record
from idis.registry.store.memory import MemoryStore
from idis.registry.template_elsewhere import TemplateElsewhere, known_template
from idis.resolver.template_fetching import AGAIN_S_MIN, REFRESH_S, TemplateFetching

NOW = 1_700_000_000
TEMPLATE = "88.2/META_A"
ITEM = Value(2000, "META_ITEM", b'{"restricted":true}')
LOST = Refusal(406, "nobody answers")


class Source:
    """Another node, and the clock."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answer: Sequence[Value] | Refusal = (ITEM,)
        self.now = 0.0

    async def believed_values(self, identifier: str, *types: str) -> Sequence[Value] | Refusal:
        """What is set."""
        self.asked.append((identifier, *types))
        return self.answer


@pytest.fixture
def store() -> MemoryStore:
    """A node with 88.1, and a record that names a template of 88.2."""
    store = MemoryStore(clock=lambda: NOW)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result()
    values = (Value(1000, "TEMPLATE_ID", b"88.2/META_a"), Value(2000, "price", b"9"))
    store.write(lambda txn: create_record(txn, "88.1/x", values, NOW), actor="test").result()
    return store


@pytest.fixture
def source() -> Source:
    """Another node."""
    return Source()


@pytest.fixture
def fetching(store: MemoryStore, source: Source) -> TemplateFetching:
    """Of this node."""
    return TemplateFetching(store, source, lambda: NOW + source.now, lambda: source.now)


def known(store: MemoryStore) -> TemplateElsewhere:
    """What is known of the template."""
    with store.read() as txn:
        return known_template(txn, TEMPLATE)


async def test_a_named_template_is_asked_for_once_and_again_later(fetching: TemplateFetching, store: MemoryStore, source: Source):
    """By the type of its items alone."""
    await fetching.look()
    await fetching.look()
    assert source.asked == [(TEMPLATE, "META_ITEM")]
    assert known(store) == TemplateElsewhere(TEMPLATE, NOW, frozenset((2000,)))
    source.now = REFRESH_S
    await fetching.look()
    assert len(source.asked) == 2


async def test_what_is_not_there_restricts_nothing(fetching: TemplateFetching, store: MemoryStore, source: Source):
    """Its node has said so."""
    source.answer = ()
    await fetching.look()

    assert known(store) == TemplateElsewhere(TEMPLATE, NOW)


async def test_what_cannot_be_had_stays_unknown(fetching: TemplateFetching, store: MemoryStore, source: Source):
    """And is asked for less and less often."""
    source.answer = LOST
    for moment in (0.0, AGAIN_S_MIN, 2 * AGAIN_S_MIN, 3 * AGAIN_S_MIN):
        source.now = moment
        await fetching.look()

    assert len(source.asked) == 3
    assert known(store) == TemplateElsewhere(TEMPLATE)


async def test_a_day_without_an_answer_hides_again(fetching: TemplateFetching, store: MemoryStore, source: Source):
    """What was known is forgotten."""
    await fetching.look()
    source.answer, source.now = LOST, 86_400.0
    await fetching.look()

    assert known(store) == TemplateElsewhere(TEMPLATE)


async def test_a_template_of_this_node_is_not_asked_for(fetching: TemplateFetching, store: MemoryStore, source: Source):
    """Its prefix has come here."""
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.2", homed=True)), actor="test").result()
    await fetching.look()

    assert source.asked == []
