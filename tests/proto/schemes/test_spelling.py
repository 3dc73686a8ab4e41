"""Spelling: what is put right, what is warned about, what is only pointed out."""

from __future__ import annotations

import pytest

from idis.proto.schemes.spelling import FULL_WIDTH_WARNING, digit_hint, tidy, tidy_compact


def test_plain_text_keeps_quiet() -> None:
    """Plain characters give no warning."""
    assert tidy(" abc-1\n") == ("ABC-1", ())


def test_full_width_is_mapped_with_a_warning() -> None:
    """Characters of a Chinese input method become plain ones."""
    assert tidy("ＩＭＯ９０７４７２９") == ("IMO9074729", (FULL_WIDTH_WARNING,))


@pytest.mark.parametrize("dash", "‐‑‒–—―−")
def test_typographic_dashes_become_hyphens(dash: str) -> None:
    """A number copied from a typeset page has its hyphens back, with a warning."""
    assert tidy(f"64{dash}17{dash}5") == ("64-17-5", (FULL_WIDTH_WARNING,))


def test_only_ascii_letters_are_folded() -> None:
    """Letters that would become others in upper case stay: no number is made out of ß or a dotless i."""
    assert tidy("aßı")[0] == "Aßı"


def test_case_can_be_kept() -> None:
    """Where case has a meaning it is not folded."""
    assert tidy(" Ab ", fold_case=False) == ("Ab", ())


def test_groups_are_joined() -> None:
    """Blanks and hyphens between printed groups go."""
    assert tidy_compact("6 901234-567892") == ("6901234567892", ())


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("12O", "; the letter O at place 3 may be meant as the digit 0"),
        ("I2", "; the letter I at place 1 may be meant as the digit 1"),
        ("12", ""),
    ],
)
def test_hint_names_the_first_lookalike(text: str, hint: str) -> None:
    """The first letter easily taken for a digit is named with its place."""
    assert digit_hint(text) == hint
