"""From the identifier column to a key, and every reason against it."""

from __future__ import annotations

import pytest

from idis.registry.loading.naming import Domain, Named, Naming
from idis.registry.pilots.finding import Finding
from idis.registry.prefix import PrefixState

DOMAINS = {
    "88.118.21": Domain(PrefixState.ACTIVE, True, True),
    "88.118.8": Domain(PrefixState.ACTIVE, True, False),
    "88.118.30": Domain(PrefixState.ACTIVE, False, True),
    "88.118.31": Domain(PrefixState.SUSPENDED, True, True),
    "ABC.D": Domain(PrefixState.ACTIVE, True, True),
}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("88.118.21/a1", Named("88.118.21/a1", b"88.118.21\x00A1")),
        (" 88.118.21/a1 ", Named("88.118.21/a1", b"88.118.21\x00A1")),
        ("88.118.8/a1", Named("88.118.8/a1", b"88.118.8\x00a1")),
        ("88.118.21/钢", Named("88.118.21/钢", "88.118.21\x00钢".encode())),
        ("abc.d/x/y", Named("abc.d/x/y", b"ABC.D\x00X/Y")),
    ],
)
def test_a_good_identifier_has_its_key(text: str, named: Named) -> None:
    """Folding follows the prefix; the spelling is kept."""
    naming = Naming(DOMAINS, "")

    assert naming.name(text) == named
    assert naming.name(text) == named  # the second time the prefix is known


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "required"),
        ("88.118.21", "identifier"),
        ("88.118.21/", "identifier"),
        ("/a", "identifier"),
        ("0.NA/88.118.21", "identifier"),
        ("88.118.21/a\nb", "identifier"),
        ("88.118.21/" + "x" * 2_048, "identifier"),
        ("88.118.99/a", "prefix"),
        ("88.118.30/a", "prefix"),
        ("88.118.31/a", "prefix"),
        ("88.118.21/\ud800", "identifier"),
    ],
)
def test_a_bad_identifier_is_a_finding(text: str, rule: str) -> None:
    """Each reason has its rule, also when the prefix has been used before."""
    naming = Naming(DOMAINS, "")
    naming.name("88.118.21/known")
    found = naming.name(text)

    assert isinstance(found, Finding)
    assert (found.field, found.rule) == ("identifier", rule)


def test_a_suffix_alone_is_completed() -> None:
    """With a prefix given once, the column may hold suffixes, slashes included, or whole identifiers."""
    naming = Naming(DOMAINS, "88.118.21")

    assert naming.name("A1") == Named("88.118.21/A1", b"88.118.21\x00A1")
    assert naming.name("A/1") == Named("88.118.21/A/1", b"88.118.21\x00A/1")
    assert naming.name("88.118.21/A1") == Named("88.118.21/A1", b"88.118.21\x00A1")


@pytest.mark.parametrize("text", ["88.118.8/A1", "10.5/A1", "0.NA/88.118.21", "abc.d/1"])
def test_another_prefix_than_the_given_one_is_refused(text: str) -> None:
    """What plainly has a prefix of its own is not put below the given one."""
    found = Naming(DOMAINS, "88.118.21").name(text)

    assert isinstance(found, Finding)
    assert "is not the prefix given" in found.message


def test_references_below_other_nodes_are_not_ours_to_check() -> None:
    """Only references below a prefix answered here have a key."""
    naming = Naming(DOMAINS, "")

    assert naming.refer("88.118.21/a1") == b"88.118.21\x00A1"
    assert [naming.refer(text) for text in ("88.118.30/a", "88.118.99/a", "88.118.21", "", "88.118.21/\ud800")] == [None] * 5
