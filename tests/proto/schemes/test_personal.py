import pytest

from idis.proto.schemes.personal import REFUSED, is_personal


@pytest.mark.parametrize(
    "text", ["11010519491231002X", "11010519491231002x", "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_the_number_of_a_person_is_known(text: str) -> None:
    """However its digits are grouped, and in full-width forms (the example of the standard)."""
    assert is_personal(text)


@pytest.mark.parametrize(
    "text",
    ["110105194912310021", "11010519491331002X", "91110000600037341L", "169012340000000013", "106141412345678908", "1101051949"],
)
def test_other_numbers_are_not(text: str) -> None:
    """A wrong check character, no day of the calendar, numbers of companies and pallets."""
    assert not is_personal(text)


def test_the_refusal_repeats_nothing() -> None:
    """No field of the answer holds the number."""
    assert (REFUSED.canonical, REFUSED.ok) == ("", False)
