"""The table of application identifiers."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.application_identifiers import KEYS, LENGTH_BY_HEAD, TABLE, find, matches
from tests.proto.schemes.gs1.generate_dictionary import rows


def test_the_table_has_the_keys_of_digital_links() -> None:
    """Sixteen application identifiers are primary keys, with the qualifiers of the standard in their order."""
    assert " ".join(sorted(KEYS)) == "00 01 253 255 401 402 414 415 417 8003 8004 8006 8010 8013 8017 8018"
    assert KEYS["01"].qualifiers == (("22", "10", "21"), ("235",))
    assert KEYS["414"].qualifiers == (("254",), ("7040",))


def test_the_first_two_digits_tell_the_length() -> None:
    """Every application identifier is as long as its first two digits say."""
    assert all(LENGTH_BY_HEAD[code[:2]] == len(code) for code in TABLE)


def test_ranges_are_all_their_members() -> None:
    """3100-3105 is six application identifiers with one format."""
    assert [code for code in TABLE if code.startswith("310")] == ["3100", "3101", "3102", "3103", "3104", "3105"]
    assert TABLE["3100"].components is TABLE["3105"].components


def test_predefined_length_ends_without_separator() -> None:
    """Values behind 00–04, 11–20, 31–36 and 41 need no separator, all others do."""
    heads = {code[:2] for code, ai in TABLE.items() if ai.predefined}

    assert " ".join(sorted(heads)) == "00 01 02 03 11 12 13 15 16 17 20 31 32 33 34 35 36 41"


@pytest.mark.parametrize(
    ("code", "value", "words"),
    [
        ("01", "", "has no value"),
        ("01", "0690123456789", "too short: 13 of at least 14"),
        ("10", "X" * 21, "too long: 21 of at most 20"),
        ("10", "a b", "form X..20"),
        ("423", "1563", "form N3 [N3]"),
        ("01", "06901234567893", "check digit is 2, not 3"),
    ],
)
def test_a_problem_is_said_in_words(code: str, value: str, words: str) -> None:
    """What is wrong with a value is told so that a person can put it right."""
    assert words in TABLE[code].problem(value)


def test_an_optional_part_may_be_missing() -> None:
    """A document type without serial number is a value, with its serial part empty."""
    assert TABLE["253"].parts("6901234000016") == ("6901234000016", "")


def test_find_reads_the_number_at_a_place() -> None:
    """The longest number that can stand there is the one, and none when it is not given out."""
    assert (find("xx8012ABC", 2) or TABLE["00"]).code == "8012"
    assert find("8999") is None


def test_patterns_have_digits_in_front() -> None:
    """31nn means 3103 and not 310, and a pattern of letters alone means nothing."""
    assert matches("3103", "31nn")
    assert not matches("310", "31nn")
    assert not matches("31", "nn")


def test_the_generator_reads_every_kind_of_row() -> None:
    """Flags, optional parts, attributes and a title with a sharp sign inside are told apart; comments are passed over."""
    text = (
        "# comment\n\n7030 ? N3,iso3166999 X..27 req=01,02 # PROCESSOR # 0\n91-99 ? X..90\n"
        "415 *? N13,csum req=8020 dlpkey=8020 # PAY TO\n"
    )

    assert rows(text) == [
        ("7030", "?", "N3,iso3166999 X..27", "req=01,02", "PROCESSOR # 0"),
        ("91-99", "?", "X..90", "", ""),
        ("415", "*?", "N13,csum", "req=8020 dlpkey=8020", "PAY TO"),
    ]


def test_the_generator_refuses_what_is_no_row() -> None:
    """A line of prose in the dictionary stops the generation."""
    with pytest.raises(ValueError, match="not a row"):
        rows("see the standard")
