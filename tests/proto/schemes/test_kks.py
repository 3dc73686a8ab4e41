"""Power-plant codes: levels, blanks and the French style."""

from __future__ import annotations

import pytest

from idis.proto.schemes import kks
from idis.proto.schemes.kks import KksCode


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10LAC10AP001", KksCode("", "1", "0LAC10", "AP001", "")),
        ("1 LAC20 AP001 MT01", KksCode("", "1", "LAC20", "AP001", "MT01")),
        ("LAC20AP001", KksCode("", "", "LAC20", "AP001", "")),
        ("ALAC10", KksCode("", "A", "LAC10", "", "")),
        ("=10JNA10AA001A", KksCode("=", "1", "0JNA10", "AA001A", "")),
        ("+1 0UJA05", KksCode("+", "1", "0UJA05", "", "")),
    ],
)
def test_levels(text: str, code: KksCode) -> None:
    """One leading character is the plant, two are plant and F0; blanks are optional; a symbol is kept apart."""
    assert kks.decode(text) == code


@pytest.mark.parametrize("text", ["1LAC1AP1", "1RCP001PO", "10LAC10AP01", "100LAC10", "10LAC10AP001MT1", "10 LAC  10"])
def test_wrong_grammar_has_no_levels(text: str) -> None:
    """A counter too short, a level left out or a third leading digit is no KKS code."""
    assert kks.decode(text) is None


def test_symbol_is_not_part_of_the_canonical_form() -> None:
    """The same thing by process and by location code is found under one spelling."""
    assert kks.check("=10LAC10 AP001").canonical == kks.check("10lac10ap001").canonical


def test_french_style_refuses_kks() -> None:
    """Each grammar reads only its own codes."""
    assert not kks.check_french("10LAC10AP001").ok


def test_french_style_loses_its_blanks() -> None:
    """Canonical has no blanks in the French style."""
    assert kks.check_french("1 rcp 001 po").canonical == "1RCP001PO"
