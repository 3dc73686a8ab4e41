"""Answers to questions about genealogies, as a terminal shows them."""

from __future__ import annotations

from idis.resolver.cli.terminal import Terminal
from idis.resolver.cli.trace_shown import SHOWN, Page

HAPPENED = {
    "time": "2024-07-03T01:00:00Z", "thing": "88.118.8/LOT.FCW24-00001", "what": "OBSERVE; unset recalled", "other": None,
    "bizStep": "inspecting", "disposition": "conformant", "holder": None, "place": None,
    "source": "urn:uuid:00000000-0000-4000-8000-000000000003",
}  # fmt: skip


def test_a_time_line_on_a_narrow_terminal() -> None:
    """What happened stands there whole; who told it is cut."""
    answer = {"happenings": [HAPPENED], "complete": True}

    assert SHOWN["timeline"](answer, Page(Terminal(80))).text == [
        "88.118.8/LOT.FCW24-00001",
        "time               what happened, and who told it",
        "2024-07-03 01:00Z  OBSERVE; unset recalled, inspecting, conformant, urn:uuid:00…",
    ]
