"""Names of any scheme, carried by handles."""

from __future__ import annotations

import pytest

from idis.proto.any_name import any_name, is_plain_handle, name_asked
from idis.proto.identifier import parse_identifier


@pytest.mark.parametrize("text", ["(01)06901234567892", "1.2.156", "1 0LAC10 AP001", "a/b/c", "]d201069012345678922142"])
def test_a_handle_carries_any_text(text: str) -> None:
    """And gives it back, whatever the case of its prefix."""
    spelling = any_name(text)

    assert parse_identifier(spelling).prefix == "0.ANY"
    assert name_asked(spelling) == name_asked(f"0.any/{text}") == text


def test_separators_of_a_scan_become_visible() -> None:
    """No handle holds control characters."""
    assert any_name("01\x1d21") == "0.ANY/01␝21"


@pytest.mark.parametrize("spelling", ["88.118.8/A1", "0.ANY", "0.ANYX/a", "", "10.ANY/x"])
def test_other_handles_carry_nothing(spelling: str) -> None:
    """They are what they are."""
    assert name_asked(spelling) == ""


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("88.118.8/A1", True),
        ("88.118.8", True),
        ("20.1000/100", True),
        ("10.1000/a\nb", True),
        ("0.NA/88", True),
        ("1.2.156.10197/x", True),
        ("1.2.156.10197", False),
        ("2.16.156", False),
        ("01/06901234567892", False),
        ("11346/abc", False),
        ("6901234567892", False),
        ("gs1:01/1", False),
        ("https://id.gs1.org/01/1", False),
        ("MA.156.1003/x", False),
        ("", False),
    ],
)
def test_what_is_surely_a_handle(text: str, plain: bool) -> None:
    """Dots in its prefix and a suffix, or a prefix that begins like no OID."""
    assert is_plain_handle(text) is plain
