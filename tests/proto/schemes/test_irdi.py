import pytest

from idis.proto.schemes.irdi import recognise


def test_an_entry_has_a_version() -> None:
    """The entry of all versions is the level above; letters fold, the version has three digits."""
    found = recognise("0173-1#02-baa120#8")
    assert found is not None

    assert found.levels == ("0173-1#02-BAA120#008", "0173-1#02-BAA120")


def test_the_dictionary_of_iec_is_known() -> None:
    """Its authority has slashes."""
    found = recognise("0112/2///61360_4#AAA001#001")
    assert found is not None

    assert found.canonical == "0112/2///61360_4#AAA001#001"


@pytest.mark.parametrize("text", ["0173#02-BAA120#008", "0173-1#BAA12#008", "0173-1#02-BAA120#", "0173-1"])
def test_other_texts_are_none(text: str) -> None:
    """Authority, six characters, digits."""
    assert recognise(text) is None
