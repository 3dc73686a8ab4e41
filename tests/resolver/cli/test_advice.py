"""What to do next when a question brought nothing."""

from __future__ import annotations

import pytest

from idis.resolver.cli.advice import advice, likely


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("88,118,8/X", "88.118.8/X"),
        ("88.118.8\\X", "88.118.8/X"),
        ("8８.118.8／X", "88.118.8/X"),
        ("88。118。8/X", "88.118.8/X"),
        ("hdl:88.118.8/X", "88.118.8/X"),
        ("https://hdl.handle.net/88.118.8/X/y", "88.118.8/X/y"),
        (" 88.118.8/X", "88.118.8/X"),
    ],
)
def test_what_was_probably_meant_is_named(typed: str, meant: str) -> None:
    """Separators of another keyboard, full-width digits, and what is pasted in front."""
    assert likely(typed) == meant


@pytest.mark.parametrize("typed", ["88.118.8/X", "88.118.8/a,b\\c", "88.118.8/中文", "88.118"])
def test_nothing_is_suggested_for_a_clean_spelling(typed: str) -> None:
    """A suffix is opaque: commas and full-width characters belong to its owner."""
    assert likely(typed) is None


@pytest.mark.parametrize(
    ("text", "code", "filtered", "sentence"),
    [
        ("88.118.8/X", 100, False, "check the spelling; 'idis resolve 88.118.8' tells whether the prefix exists"),
        ("88.118.8", 100, False, "check the spelling; 'idis resolve 88.118' tells whether 88.118 exists"),
        ("88", 100, False, "check the spelling"),
        ("hdl:88.118.8/X", 301, False, "did you mean 88.118.8/X?"),
        ("88.118.8/X", 200, True, "it exists: ask without --type and --index for all its values"),
        ("88.118.8/X", 200, False, "it exists, without public values"),
        ("88.118.8/X", 402, False, ""),
    ],
)
def test_each_empty_answer_says_what_to_do(text: str, code: int, filtered: bool, sentence: str) -> None:
    """One sentence by response code; a refusal that explains itself needs none."""
    assert advice(text, code, filtered=filtered) == sentence
