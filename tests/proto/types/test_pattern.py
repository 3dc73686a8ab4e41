"""Expressions that cannot run away."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.proto.errors import DataError
from idis.proto.types.pattern import STEPS_MAX, compile_pattern


@pytest.mark.parametrize(
    ("expression", "text", "groups"),
    [
        (r"box\((\d+),(\d+)\)", "box(3,44)", ("box(3,44)", "3", "44")),
        (r"box\((\d+),(\d+)\)", "box(3,)", None),
        ("a|b", "b", ("b",)),
        ("(a)|(b)", "b", ("b", "", "b")),
        ("(a*)(a*)", "aa", ("aa", "aa", "")),
        ("(a*?)(a*)", "aa", ("aa", "", "aa")),
        ("(?:ab)+", "abab", ("abab",)),
        ("[^a-c]{2,3}", "xyz", ("xyz",)),
        ("[]a]+", "]a", ("]a",)),
        ("[a-]+", "a-", ("a-",)),
        ("a{0}", "", ("",)),
        ("^a$", "a", ("a",)),
        ("", "", ("",)),
        ("", "a", None),
        (".", "\n", None),
        (r"\w\W\s\S\D\t", "a- aa\t", ("a- aa\t",)),
        ("(a|ab)(c|bcd)(d*)", "abcd", ("abcd", "a", "bcd", "")),
        ("(a*)*", "aaa", ("aaa", "aaa")),
        ("船+", "船船", ("船船",)),
    ],
)
def test_matches(expression: str, text: str, groups: tuple[str, ...] | None) -> None:
    """The whole text or nothing, with the groups of the first way that fits."""
    assert compile_pattern(expression).full_match(text).groups == groups


@pytest.mark.parametrize(
    "expression",
    [
        "(",
        ")",
        "a)",
        "[",
        "[a",
        "[z-a]",
        "[a-\\d]",
        "[[a]]",
        "*",
        "a**",
        "a*+",
        "a{2",
        "a{x}",
        "a{3,2}",
        "a{256}",
        "a{99}{99}",
        "(a{99}){99}",
        "(?=a)",
        "(?i)a",
        r"(a)\1",
        r"\b",
        "\\",
        "a^b",
        "a$b",
        "(" * 17 + ")" * 17,
        "a" * 513,
        "((((a{20}){20}){20}){20})",
    ],
)
def test_expressions_refused(expression: str) -> None:
    """What has no linear machine, is not closed, or passes a limit."""
    with pytest.raises(DataError):
        compile_pattern(expression)


@pytest.mark.parametrize(
    ("expression", "text"),
    [("(a*)*b", "a" * 300), ("(a|a)*b", "a" * 300), ("(a|aa)+b", "a" * 300), ("(.*)(.*)(.*)(.*)b", "a" * 300)],
)
def test_nothing_runs_away(expression: str, text: str) -> None:
    """Expressions that take a backtracking engine for ever end within the steps their size allows."""
    match = compile_pattern(expression).full_match(text)

    assert match.groups is None
    assert match.steps <= STEPS_MAX


def test_the_steps_allowed_may_be_fewer() -> None:
    """What is not decided in time counts as not matching."""
    pattern = compile_pattern("a*")

    assert pattern.full_match("a" * 50, 10).groups is None
    assert pattern.full_match("a" * 50).groups is not None


atoms = st.sampled_from(["a", "b", "(", ")", "|", "*", "+", "?", "[ab]", "[^a]", ".", "{1,2}", "{0,3}?", "*?", r"\d", "(?:"])


@settings(max_examples=300)
@given(st.lists(atoms, max_size=8).map("".join), st.text("ab1", max_size=6))
def test_agrees_with_the_standard_library(expression: str, text: str) -> None:
    """Where both know an expression they agree; only what a repeated group last held is told differently."""
    try:
        pattern = compile_pattern(expression)
    except DataError:
        return
    expected = re.fullmatch(expression, text)
    found = pattern.full_match(text).groups
    groups = None if expected is None else tuple(group or "" for group in (expected[0], *expected.groups()))

    assert (found is None) == (groups is None)
    assert found == groups or re.search(r"\)[*+?{]", expression)
