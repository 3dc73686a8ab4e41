import pytest

from idis.proto.schemes.near_miss import mistaken_key, near_misses


@pytest.mark.parametrize(
    ("text", "scheme", "suggestion"),
    [
        ("IMO9074728", "imo", "IMO9074729"),
        ("7732-18-6", "cas", "7732-18-5"),
        ("200-578-7", "ec", "200-578-6"),
        ("CSQU3054384", "iso6346", "CSQU3054383"),
        ("91110000600037341M", "uscc", "91110000600037341L"),
        ("5493001KJTIIGC8Y1R13", "lei", "5493001KJTIIGC8Y1R12"),
        ("169012340000000014", "sscc", "169012340000000013"),
        ("06901234567893", "gtin", "06901234567892"),
        ("1M8GDM9A1KP042788", "vin", "1M8GDM9AXKP042788"),
    ],
)
def test_the_right_check_digit_is_suggested(text: str, scheme: str, suggestion: str) -> None:
    """Wherever it stands in the number; the sentence names it."""
    found = near_misses(text)

    assert found[0].scheme == scheme
    assert suggestion in found[0].suggestions
    assert not found[0].ok
    assert found[0].warnings[0].startswith("check")


def test_swapped_neighbours_are_suggested_when_there_is_one_way() -> None:
    """IMO 9074729 with two digits swapped; only swapping these back gives a right number."""
    (found,) = near_misses("IMO9047729")

    assert found.suggestions[0] == "IMO9074729"


@pytest.mark.parametrize(
    ("text", "suggestion"), [("IMO9O74729", "IMO9074729"), ("IM09074729", "IMO9074729"), ("O69O1234567892", "06901234567892")]
)
def test_a_letter_read_as_a_digit_is_pointed_out(text: str, suggestion: str) -> None:
    """It is suggested, never corrected."""
    found = near_misses(text)

    assert any(suggestion in reading.suggestions for reading in found)
    assert all(reading.canonical != suggestion for reading in found)


def test_a_wrong_key_inside_an_element_string_is_found() -> None:
    """The whole text is put right."""
    (found,) = near_misses("(01)06901234567893(21)X")

    assert found.suggestions == ("(01)06901234567892(21)X",)


def test_a_right_key_is_no_mistake() -> None:
    """Nor is a number of another length."""
    assert mistaken_key("/01/06901234567892/21/1") is None
    assert mistaken_key("/01/0690123456789") is None


@pytest.mark.parametrize("text", ["hello world", "H500", "x" * 41, "水", "1"])
def test_what_resembles_nothing_has_no_near_miss(text: str) -> None:
    """Most texts."""
    assert near_misses(text) == ()
