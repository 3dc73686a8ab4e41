"""GHS codes: combinations, small letters that mean something, and the list."""

from __future__ import annotations

import pytest

from idis.proto.schemes import ghs


@pytest.mark.parametrize("text", ["H225", "H360Fd", "H361f", "H350i", "EUH066", "EUH201A", "P210", "P301+P310", "H300+H310+H330"])
def test_statement_on_the_list_passes_without_a_word(text: str) -> None:
    """Statements in use pass in their own spelling."""
    verdict = ghs.check(text)

    assert (verdict.ok, verdict.canonical, verdict.warnings) == (True, text, ())


def test_small_letters_keep_their_meaning() -> None:
    """H360Fd and H360FD are two statements."""
    assert ghs.check("h360Fd").canonical == "H360Fd"


def test_blanks_around_the_plus_do_not_count() -> None:
    """A printed combination has blanks, the canonical one none."""
    assert ghs.check("P305 + P351 + P338").canonical == "P305+P351+P338"


@pytest.mark.parametrize("text", ["H299", "P599", "EUH999"])
def test_unlisted_statement_is_a_warning(text: str) -> None:
    """A well-formed statement that is not on the list passes with a warning."""
    verdict = ghs.check(text)

    assert verdict.ok
    assert verdict.warnings == (f"{text} is not on the list of the GHS",)


@pytest.mark.parametrize("text", ["H500", "H22", "P610", "H225+", "+H225", "H225+P210", "GHS00", "GHS010", "EUH66", "H225ABCD"])
def test_wrong_grammar_is_refused(text: str) -> None:
    """Unknown series, empty parts and mixtures of kinds are refused."""
    assert not ghs.check(text).ok


def test_nine_pictograms_have_names() -> None:
    """Every pictogram that passes has a name, and the other way round."""
    passing = [f"GHS{number:02}" for number in range(100) if ghs.check(f"GHS{number:02}").ok]

    assert passing == list(ghs.PICTOGRAMS)
