"""Identifiers: spellings, folding, and the number that picks a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import IdentifierError
from idis.proto.identifier import (
    HashOption,
    Identifier,
    ancestors,
    ascii_lower,
    fold,
    parse_identifier,
    parse_prefix,
    prefix_handle,
    site_hash,
)

HASHES = [
    ("20.500.9999/A1", 740949774, 596135510, 1618663562),
    ("20.500.9999/a1", 740949774, 596135510, 1618663562),
    ("88.118.8/ship-001", 811817825, 1993617733, 1137660355),
    ("88.118.8/JXDY2106023", 1819988882, 1993617733, 1582848533),
    ("88.888.1024/test", 918417524, 88933748, 916572737),
    ("0.NA/88", 915104105, 36223079, 1171460208),
    ("0.NA/88.118", 656965933, 36223079, 1818179171),
    ("0.NA/20.500.9999", 1734902198, 36223079, 596135510),
]


@pytest.mark.parametrize(("handle", "whole", "prefix", "suffix"), HASHES)
def test_site_hash_is_that_of_existing_servers(handle: str, whole: int, prefix: int, suffix: int) -> None:
    """Every option gives the number existing software computes."""
    options = (HashOption.WHOLE, HashOption.PREFIX, HashOption.SUFFIX)

    assert [site_hash(handle, option) for option in options] == [whole, prefix, suffix]


def test_a_bare_prefix_hashes_below_the_root() -> None:
    """A name without a slash has 0.NA for its prefix part and all of itself for its suffix part."""
    assert site_hash("88.118", HashOption.PREFIX) == 36223079
    assert site_hash("88.118", HashOption.SUFFIX) == 1818179171


def test_an_unknown_hash_option_takes_the_whole() -> None:
    """A site record with an option nobody knows still leads to some server."""
    assert site_hash("0.NA/88", 77) == 915104105


@pytest.mark.parametrize(
    ("text", "prefix", "suffix"),
    [
        ("88.118.8/ship-001", "88.118.8", "ship-001"),
        ("88.118.8/a/b c@d", "88.118.8", "a/b c@d"),
        ("88.118.8/船", "88.118.8", "船"),
        ("88.118", "88.118", None),
        ("0.NA/88.118", "88.118", None),
        ("0.na/88.118", "88.118", None),
        ("0.NA/0.NA", "0.NA", None),
        ("0", "0", None),
    ],
)
def test_spellings(text: str, prefix: str, suffix: str | None) -> None:
    """Both spellings of a prefix are one identifier; a suffix is opaque."""
    assert parse_identifier(text) == Identifier(prefix, suffix)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("/x", 0),
        ("88.1/", 5),
        ("88.1/a\nb", 6),
        ("88 1/x", 2),
        ("0.NA/", 5),
        ("0.NA/88/1", 7),
        ("88..1/x", 3),
        (".88/x", 0),
        ("88./x", 3),
        (".".join("1" * 17) + "/x", 0),
        ("8" * 256 + "/x", 0),
        ("88/" + "x" * 2_046, 0),
        ("88/\ud800", 3),
    ],
)
def test_what_is_no_identifier(text: str, position: int) -> None:
    """Each is refused with the place where it goes wrong."""
    with pytest.raises(IdentifierError) as refused:
        parse_identifier(text)

    assert refused.value.position == position


def test_the_longest_identifier() -> None:
    """The limit of the protocol is counted in octets and included."""
    assert parse_identifier("88/" + "x" * 2_045).suffix == "x" * 2_045


def test_folding_leaves_everything_but_ascii() -> None:
    """Comparison folds ASCII letters and nothing else."""
    assert fold("aZ-é船ß") == "AZ-é船ß"


def test_small_letters_leave_everything_but_ascii() -> None:
    """The reverse of folding, for display, changes ASCII letters and nothing else."""
    assert [ascii_lower(text) for text in ("aZ-é船ßÉ", "aZ-1")] == ["az-é船ßÉ", "az-1"]


def test_ancestors_come_longest_first() -> None:
    """The prefix itself is first, the top label last."""
    assert ancestors("88.118.8") == ["88.118.8", "88.118", "88"]


def test_prefix_handle_is_below_the_root() -> None:
    """A prefix as a handle."""
    assert prefix_handle("88.118") == "0.NA/88.118"


def test_str_is_the_spelling() -> None:
    """An identifier prints as it was read."""
    assert [str(parse_identifier(text)) for text in ("88.1/aB", "88.1")] == ["88.1/aB", "88.1"]


def test_a_prefix_is_returned_unchanged() -> None:
    """Checking keeps the spelling."""
    assert parse_prefix("Ab.C") == "Ab.C"


@given(st.text(max_size=40))
def test_any_text_is_an_identifier_or_refused(text: str) -> None:
    """Only the documented error comes out, and what is accepted survives printing and reading."""
    try:
        identifier = parse_identifier(text)
    except IdentifierError:
        return

    assert parse_identifier(str(identifier)) == identifier


@pytest.mark.parametrize(("text", "names_prefix", "folded"), [("0.NA/88.a", True, "88.A"), ("88.a/b", False, "88.A")])
def test_what_an_identifier_names(text: str, names_prefix: bool, folded: str) -> None:
    """A prefix or an item, and the prefix as it is compared."""
    identifier = parse_identifier(text)

    assert (identifier.names_prefix, identifier.folded_prefix) == (names_prefix, folded)
