import random

import pytest

from idis.proto.schemes.publication import recognise_isbn, recognise_issn

DRAWS = 300


@pytest.mark.parametrize(
    "text",
    ["978-7-111-40701-0", "9787111407010", "ISBN 978-7-111-40701-0", "7111407016", "7-111-40701-6", "urn:isbn:9787111407010"],
)
def test_a_book_has_one_number(text: str) -> None:
    """Of ten or thirteen digits, canonical has thirteen."""
    found = recognise_isbn(text)
    assert found is not None

    assert (found.canonical, found.uri) == ("ISBN9787111407010", "urn:isbn:9787111407010")


@pytest.mark.parametrize("text", ["0378-5955", "ISSN 0378-5955", "urn:issn:0378-5955"])
def test_a_series_has_one_number(text: str) -> None:
    """Its hyphen stays."""
    found = recognise_issn(text)
    assert found is not None

    assert found.canonical == "ISSN0378-5955"


@pytest.mark.parametrize("text", ["9787111407011", "7111407017", "97871114070", "0378-5954", "03785955"])
def test_other_texts_are_none(text: str) -> None:
    """A wrong check digit, too short, without its hyphen."""
    assert recognise_isbn(text) is None
    assert recognise_issn(text) is None


def test_isbn_of_ten_digits_are_judged_as_by_the_oracle() -> None:
    """An independent library gives the same verdict on numbers drawn at random."""
    is_valid = pytest.importorskip("stdnum.isbn").is_valid
    draw = random.Random("isbn")
    numbers = ["".join(draw.choices("0123456789", k=9)) + draw.choice("0123456789X") for _ in range(DRAWS)]

    assert [number for number in numbers if (recognise_isbn(number) is not None) != is_valid(number)] == []


def test_issn_are_judged_as_by_the_oracle() -> None:
    """As the ISBN."""
    is_valid = pytest.importorskip("stdnum.issn").is_valid
    draw = random.Random("issn")
    digits = ["".join(draw.choices("0123456789", k=7)) + draw.choice("0123456789X") for _ in range(DRAWS)]
    numbers = [f"{number[:4]}-{number[4:]}" for number in digits]

    assert [number for number in numbers if (recognise_issn(number) is not None) != is_valid(number)] == []
