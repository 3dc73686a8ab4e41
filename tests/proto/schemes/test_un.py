"""UN numbers: their spellings and the spans of the list."""

from __future__ import annotations

import pytest

from idis.proto.schemes import un


@pytest.mark.parametrize("text", ["1170", "un1170", "UN 1170", "UN-1170"])
def test_spellings_of_one_number(text: str) -> None:
    """With or without its letters, a UN number has one canonical form."""
    assert un.check(text).canonical == "UN1170"


@pytest.mark.parametrize("text", ["UN0004", "UN0509", "UN1001", "UN3550"])
def test_number_on_the_list_passes_without_a_word(text: str) -> None:
    """Explosives have low numbers, everything else begins at 1001."""
    assert un.check(text).warnings == ()


@pytest.mark.parametrize("text", ["UN0001", "UN0900", "UN9999"])
def test_number_outside_the_list_is_a_warning(text: str) -> None:
    """A number nobody has assigned passes with a warning, because the list grows."""
    verdict = un.check(text)

    assert verdict.ok
    assert "outside the numbers assigned" in verdict.warnings[0]
