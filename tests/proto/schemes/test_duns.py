import pytest

from idis.proto.schemes.duns import recognise


@pytest.mark.parametrize("text", ["DUNS150483782", "D-U-N-S 15-048-3782", "duns:150483782"])
def test_a_labelled_number(text: str) -> None:
    """Hyphens between groups do not count."""
    found = recognise(text)
    assert found is not None

    assert found.canonical == "DUNS150483782"


@pytest.mark.parametrize("text", ["150483782", "DUNS15048378"])
def test_other_texts_are_none(text: str) -> None:
    """Nine bare digits may be anything."""
    assert recognise(text) is None
