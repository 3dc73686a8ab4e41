import pytest

from idis.proto.schemes.doi import recognise


def test_a_doi_is_shown_in_small_letters() -> None:
    """Canonical is as of any handle, because its digits and letters are one name in both cases."""
    found = recognise("10.1000/Ab-C")
    assert found is not None

    assert (found.scheme, found.canonical, found.display) == ("doi", "10.1000/AB-C", "10.1000/ab-c")
    assert found.uri == "https://doi.org/10.1000/ab-c"
    assert found.levels == ("10.1000/AB-C", "10.1000", "10")


@pytest.mark.parametrize("text", ["10.1/x", "10.12345678901/x", "11.1000/182", "10.1000/", "10.abcd/x"])
def test_other_handles_are_none(text: str) -> None:
    """A registrant has four to nine digits."""
    assert recognise(text) is None
