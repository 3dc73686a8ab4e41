"""Unified social credit codes: the organisation code inside and the letters never used."""

from __future__ import annotations

from idis.proto.schemes import uscc


def test_wrong_organisation_code_is_refused_though_the_last_character_fits() -> None:
    """The inner check character is tested on its own."""
    body = "91350100M000100Y5"
    verdict = uscc.check(body + uscc.check_digit(body))

    assert (verdict.ok, verdict.expected) == (False, "4")
    assert "place 17" in verdict.message


def test_organisation_remainder_ten_is_x() -> None:
    """An organisation code whose check value is 10 ends in X."""
    # 0·3 + 0·7 + 0·9 + 0·10 + 0·5 + 0·8 + 3·4 + 0·2 = 12; 11 − 12 mod 11 = 10 → X
    assert uscc.organisation_check_digit("00000030") == "X"


def test_organisation_remainder_eleven_is_zero() -> None:
    """A sum divisible by 11 gives the check character 0."""
    # 0·3 + … + 1·9 + 0 + 0 + 0 + 0 + 1·2 = 11
    assert uscc.organisation_check_digit("00100001") == "0"


def test_letter_never_used_is_named_with_its_place() -> None:
    """I, O, S, V and Z are refused by place, because they are most often a misread digit."""
    verdict = uscc.check("9111000060003734IL")

    assert verdict.message == "a unified social credit code never holds I, O, S, V or Z; there is one at place 17: I"


def test_groups_may_be_divided() -> None:
    """Blanks and hyphens between groups do not count."""
    assert uscc.check("91-110000-60003734-1L").canonical == "91110000600037341L"
