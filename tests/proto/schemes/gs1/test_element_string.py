"""Element strings beyond the cases of the reference engine."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.element_string import parse_bracketed, parse_raw, parse_scan, write_bracketed, write_raw
from idis.proto.schemes.gs1.elements import Gs1Error

GTIN = ("01", "06901234567892")


def test_the_three_forms_of_one_item() -> None:
    """Brackets, separators and a scanner's prefix say the same."""
    item = (GTIN, ("10", "LOT7"), ("21", "S9"))

    assert parse_bracketed("(01)06901234567892(10)LOT7(21)S9") == item
    assert parse_raw("010690123456789210LOT7\x1d21S9") == item
    assert parse_scan("]d2010690123456789210LOT7\x1d21S9").elements == item


def test_a_parenthesis_without_an_identifier_is_data() -> None:
    """Only known application identifiers open an element."""
    assert parse_bracketed("(01)06901234567892(10)A(5)B(88)") == (GTIN, ("10", "A(5)B(88)"))


def test_square_brackets_leave_parentheses_alone() -> None:
    """A value may look like an element when brackets are square."""
    assert parse_bracketed("[01]06901234567892[10]A(21)B") == (GTIN, ("10", "A(21)B"))
    assert write_bracketed((GTIN, ("10", "A(21)B"))) == "[01]06901234567892[10]A(21)B"


def test_an_unknown_identifier_in_square_brackets_is_refused() -> None:
    """Square brackets are no data, so nothing else can be meant."""
    with pytest.raises(Gs1Error, match=r"no application identifier \(89\)"):
        parse_bracketed("[01]06901234567892[89]X")


def test_separators_stand_where_they_are_needed() -> None:
    """Behind a lot, not behind a date, not at the end."""
    assert write_raw((GTIN, ("17", "280131"), ("10", "L"), ("21", "S"))) == "01069012345678921728013110L\x1d21S"


def test_a_separator_in_front_does_not_matter() -> None:
    """Some scanners tell the first FNC1 too."""
    assert parse_raw("\x1d0106901234567892") == (GTIN,)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("]E06901234567892", (GTIN,)),
        ("]E496385074", (("01", "00000096385074"),)),
        ("]I106901234567892", (GTIN,)),
        ("]J10106901234567892", (GTIN,)),
    ],
)
def test_linear_symbols_are_trade_items(text: str, elements: tuple[tuple[str, str], ...]) -> None:
    """EAN-13, EAN-8 and ITF-14 hold a number and no application identifier."""
    assert parse_scan(text).elements == elements


def test_a_plain_symbol_gives_its_text() -> None:
    """What a QR code without GS1 data holds is for others to recognise."""
    scan = parse_scan("]Q1https://node.example/88.118.8/X")

    assert (scan.carrier, scan.elements, scan.text) == ("QR", (), "https://node.example/88.118.8/X")


def test_too_many_elements_are_refused() -> None:
    """The work for one text is bounded."""
    with pytest.raises(Gs1Error, match="more than 64"):
        parse_raw("11280131" * 65)
    with pytest.raises(Gs1Error, match="more than 64"):
        parse_bracketed("(11)280131" * 65)
