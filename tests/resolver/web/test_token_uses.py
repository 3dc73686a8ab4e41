"""Which uses of tokens are written down."""

from __future__ import annotations

from idis.registry.tokens import USE_INTERVAL_S
from idis.resolver.web import token_uses as module
from idis.resolver.web.token_uses import TokenUses


def test_a_use_is_due_once_in_an_interval():
    """Each token for itself."""
    uses = TokenUses()
    due = [uses.due(token, now) for token, now in (("a", 1_000), ("a", 1_001), ("b", 1_001), ("a", 1_000 + USE_INTERVAL_S))]

    assert due == [True, False, True, True]


def test_the_table_is_bounded(monkeypatch):
    """The one noted longest ago is forgotten."""
    monkeypatch.setattr(module, "TOKENS_REMEMBERED_MAX", 2)
    uses = TokenUses()
    for token in ("a", "b", "c"):
        uses.due(token, 1_000)

    assert uses.due("a", 1_001)
    assert not uses.due("c", 1_001)
