"""A value's data in one line."""

from __future__ import annotations

import pytest

from idis.proto.value import Value
from idis.resolver.cli.shown import shown_data


def test_structured_values_are_shown_for_people() -> None:
    """Administrators and lists as `index:handle`; keys as they are."""
    admin = bytes.fromhex("0fff 00000009 302e4e412f38382e31 0000012c")
    members = bytes.fromhex("00000002 00000004 382f6161 00000001 00000004 382f6262 0000012c")

    assert shown_data(Value(100, "HS_ADMIN", admin)) == "300:0.NA/88.1 rights 111111111111"
    assert shown_data(Value(200, "HS_VLIST", members)) == "1:8/aa 300:8/bb"


@pytest.mark.parametrize("hostile", ["a\x1b[2Jb", "a\u202eb", "a\u2066b", "a\rb"])
def test_characters_that_steer_a_terminal_are_not_sent_to_it(hostile) -> None:
    """A stranger's data cannot repaint the screen or turn its text around."""
    assert shown_data(Value(1, "URL", hostile.encode())).isprintable()
