import pytest

from idis.proto.schemes.ecode import main_code, recognise
from idis.proto.schemes.recognised import RouteKey


@pytest.mark.parametrize("text", ["ecode:1.20.30014711", "Ecode=1.20.30014711", "ECODE: 1.20.30014711"])
def test_a_labelled_code_has_three_parts(text: str) -> None:
    """Version, coding system and main code; the first two route it."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.route) == ("ecode:1.20.30014711", RouteKey("Ecode", "1.20"))
    assert found.levels == ("ecode:1.20.30014711", "ecode:1.20")


def test_lengths_divide_a_code_without_dots() -> None:
    """The operator's table says how long the coding system of a version is."""
    found = recognise("ecode:12030014711", {"1": 2})
    assert found is not None

    assert found.canonical == "ecode:1.20.30014711"


def test_without_lengths_it_is_kept_and_not_routed() -> None:
    """A warning says why."""
    found = recognise("ecode:12030014711")
    assert found is not None

    assert (found.canonical, found.route, len(found.warnings)) == ("ecode:12030014711", None, 1)


def test_the_main_code_of_a_code() -> None:
    """It may have dots itself."""
    assert main_code("ecode:0.1.06901234567892.7") == "06901234567892.7"
    assert main_code("ecode:12030014711") == ""


@pytest.mark.parametrize("text", ["12030014711", "ecode:", "ecode:1", "ecode:1.20.", "ecode:1 2"])
def test_other_texts_are_none(text: str) -> None:
    """Digits alone are not claimed."""
    assert recognise(text) is None
