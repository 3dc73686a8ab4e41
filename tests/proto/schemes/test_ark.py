import pytest

from idis.proto.schemes.ark import PARTS_MAX, recognise
from idis.proto.schemes.recognised import RouteKey


@pytest.mark.parametrize(
    "text", ["ark:/13030/tf5p30086k", "ark:13030/tf5p30086k", "ARK:13030/tf-5p-3008-6k", "ark:13030/tf5p\u201030086k/"]
)
def test_slash_and_hyphens_make_no_difference(text: str) -> None:
    """Nor does a slash at the end."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.route) == ("ark:13030/tf5p30086k", RouteKey("ARK", "13030/tf5p30086k"))


def test_letters_count_by_their_case() -> None:
    """Two names."""
    one, other = recognise("ark:13030/TF5"), recognise("ark:13030/tf5")
    assert one is not None
    assert other is not None

    assert one.canonical != other.canonical


def test_levels_are_cut_at_slashes_and_dots() -> None:
    """Suffix pass-through looks for the longest known part."""
    found = recognise("ark:13030/tf5p3/ch1/p2.v2")
    assert found is not None

    assert found.levels == (
        "ark:13030/tf5p3/ch1/p2.v2",
        "ark:13030/tf5p3/ch1/p2",
        "ark:13030/tf5p3/ch1",
        "ark:13030/tf5p3",
        "ark:13030",
    )


@pytest.mark.parametrize("inflection", ["?", "??", "?info"])
def test_a_question_for_metadata_is_aside(inflection: str) -> None:
    """It is no part of the name."""
    found = recognise(f"ark:13030/tf5{inflection}")
    assert found is not None

    assert (found.canonical, found.attributes) == ("ark:13030/tf5", (("inflection", inflection),))


@pytest.mark.parametrize(
    "text", ["ark:", "ark:13030", "ark:13030/", "ark:123/x", "ark:13030/-", "ark:13030/a b", "ark:13030/x" + "/y" * PARTS_MAX]
)
def test_other_texts_are_none(text: str) -> None:
    """A NAAN and a name, not too deep."""
    assert recognise(text) is None
