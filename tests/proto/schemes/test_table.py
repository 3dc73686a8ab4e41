"""Every sector number of the table: the values with known judgement, and what no text may do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.schemes.table import SCHEMES
from idis.proto.schemes.verdict import Verdict

RIGHT = [
    ("imo", "IMO9074729", "IMO9074729"),
    ("imo", "IMO9319466", "IMO9319466"),
    ("vin", "1M8GDM9AXKP042788", "1M8GDM9AXKP042788"),
    ("vin", "LSVAA49J132047371", "LSVAA49J132047371"),
    ("vin", "11111111111111111", "11111111111111111"),
    ("cas", "7732-18-5", "7732-18-5"),
    ("cas", "64-17-5", "64-17-5"),
    ("cas", "67-64-1", "67-64-1"),
    ("ec", "231-791-2", "231-791-2"),
    ("ec", "200-578-6", "200-578-6"),
    ("ec", "200-662-2", "200-662-2"),
    ("gtin", "06901234567892", "06901234567892"),
    ("gtin", "80614141123458", "80614141123458"),
    ("sscc", "169012340000000013", "169012340000000013"),
    ("sscc", "106141412345678908", "106141412345678908"),
    ("gln", "9506000134352", "9506000134352"),
    ("gln", "6901234000016", "6901234000016"),
    ("gmn", "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2K"),
    ("gmn", "69012341VALVE-DN50R4", "69012341VALVE-DN50R4"),
    ("iso6346", "CSQU3054383", "CSQU3054383"),
    ("iso6346", "TGHU1000050", "TGHU1000050"),
    ("uscc", "91110000600037341L", "91110000600037341L"),
    ("uscc", "91350100M000100Y43", "91350100M000100Y43"),
    ("lei", "213800KUD8LAJWSQ9D15", "213800KUD8LAJWSQ9D15"),
    ("lei", "5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R12"),
    ("battery", "04QPE57K0000179A40000001", "04QPE57K0000179A40000001"),
    ("battery", "001PB210000012F3H0000123", "001PB210000012F3H0000123"),
    ("kks", "10LAC10AP001", "1 0LAC10 AP001"),
    ("kks", "1 LAC20 AP001 MT01", "1 LAC20 AP001 MT01"),
    ("kks-french", "1RCP001PO", "1RCP001PO"),
    ("un", "UN1170", "UN1170"),
    ("un", "UN 3480", "UN3480"),
    ("ghs", "GHS02", "GHS02"),
    ("ghs", "GHS09", "GHS09"),
    ("ghs", "H300+H310", "H300+H310"),
    ("ghs", "P305+P351+P338", "P305+P351+P338"),
]

WRONG = [
    ("imo", "9074728", "9"),
    ("imo", "9319467", "6"),
    ("vin", "1M8GDM9A1KP042788", "X"),
    ("vin", "LSVAA49J032047371", "1"),
    ("cas", "64-17-6", "5"),
    ("cas", "67-64-2", "1"),
    ("ec", "200-578-7", "6"),
    ("gtin", "06901234567893", "2"),
    ("sscc", "169012340000000014", "3"),
    ("gln", "6901234000015", "6"),
    ("gmn", "69012341VALVE-DN50R5", "R4"),
    ("iso6346", "CSQU3054384", "3"),
    ("uscc", "91110000600037341M", "L"),
    ("lei", "5493001KJTIIGC8Y1R13", "12"),
    ("battery", "X12XCPM27KLPCLX2M2382320", ""),
    ("kks", "1LAC1AP1", ""),
    ("un", "UN117", ""),
    ("ghs", "GHS10", ""),
    ("ghs", "H500", ""),
]


@pytest.mark.parametrize(("scheme", "text", "canonical"), RIGHT)
def test_known_number_is_accepted(scheme: str, text: str, canonical: str) -> None:
    """A published or worked-out right number passes without a word, in its canonical form."""
    verdict = SCHEMES[scheme].check(text)

    assert verdict == Verdict(scheme, True, canonical)


@pytest.mark.parametrize(("scheme", "text", "expected"), WRONG)
def test_known_wrong_number_is_refused_with_what_would_be_right(scheme: str, text: str, expected: str) -> None:
    """A wrong number is refused, and the sentence holds the check digit that would be right."""
    verdict = SCHEMES[scheme].check(text)

    assert (verdict.ok, verdict.expected) == (False, expected)
    assert expected in verdict.message


@pytest.mark.parametrize(("scheme", "text"), [(scheme, text) for scheme, text, _ in RIGHT])
def test_canonical_form_is_its_own_canonical_form(scheme: str, text: str) -> None:
    """Canonicalising twice changes nothing."""
    once = SCHEMES[scheme].check(text)

    assert SCHEMES[scheme].check(once.canonical) == once


@pytest.mark.parametrize(("scheme", "text"), [(s, t) for s, t, _ in RIGHT if s != "gmn"])
def test_full_width_characters_are_read_with_a_warning(scheme: str, text: str) -> None:
    """Digits and letters typed with a Chinese input method count as the plain ones, and the verdict says so."""
    full_width = "".join(chr(ord(character) + 0xFEE0) if character != " " else "\u3000" for character in text)

    verdict = SCHEMES[scheme].check(full_width)

    assert (verdict.ok, verdict.canonical) == (True, SCHEMES[scheme].check(text).canonical)
    assert "full-width" in verdict.warnings[0]


@pytest.mark.parametrize(("scheme", "text"), [(s, t) for s, t, _ in RIGHT if s not in ("gmn",)])
def test_lower_case_is_the_same_number(scheme: str, text: str) -> None:
    """Lower case is folded where case has no meaning."""
    verdict = SCHEMES[scheme].check(text.lower())

    assert verdict == SCHEMES[scheme].check(text)


@pytest.mark.parametrize(("scheme", "text"), [(scheme, text) for scheme, text, _ in RIGHT])
def test_blanks_and_invisible_characters_at_the_ends_do_not_count(scheme: str, text: str) -> None:
    """A pasted number keeps its meaning with blanks, a byte-order mark or a zero-width blank around it."""
    verdict = SCHEMES[scheme].check(f"\ufeff {text}\u200b\n")

    assert verdict == SCHEMES[scheme].check(text)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("text", ["", " ", "\x00", "٣٤٥٦٧٨٩", "ß" * 9, "\ud800", "9" * 100_000, "é9074729", "²²²²²²²"])
def test_odd_texts_are_refused_with_a_sentence(scheme: str, text: str) -> None:
    """Empty, foreign, broken and huge texts are refused with a sentence, never with an exception."""
    verdict = SCHEMES[scheme].check(text)

    assert not verdict.ok
    assert verdict.message


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    """Any text gets a verdict from every scheme: right without a message, or wrong with one."""
    for scheme in SCHEMES.values():
        verdict = scheme.check(text)

        assert verdict.ok != bool(verdict.message)
        assert verdict.scheme == scheme.name


@given(st.sampled_from([(scheme, text) for scheme, text, _ in RIGHT]), st.integers(0, 40), st.characters())
def test_no_damaged_number_raises(number: tuple[str, str], at: int, character: str) -> None:
    """A right number with one character put in place of another still gets a verdict."""
    scheme, text = number
    at %= len(text)

    verdict = SCHEMES[scheme].check(text[:at] + character + text[at + 1 :])

    assert verdict.ok != bool(verdict.message)


@pytest.mark.parametrize(
    ("scheme", "text", "hint"),
    [
        ("imo", "IMO9O74729", "the letter O at place 2 may be meant as the digit 0"),
        ("gtin", "O6901234567892", "the letter O at place 1 may be meant as the digit 0"),
        ("sscc", "I69012340000000013", "the letter I at place 1 may be meant as the digit 1"),
        ("cas", "64-I7-5", "the letter I at place 4 may be meant as the digit 1"),
        ("un", "UN117O", "the letter O at place 4 may be meant as the digit 0"),
        ("iso6346", "CSQU3O54383", "the letter O at place 2 may be meant as the digit 0"),
        ("vin", "LSVAA49J13204737I", "the I at place 17 may be meant as 1"),
        ("vin", "LSVAA49J132O47371", "the O at place 12 may be meant as 0"),
        ("uscc", "911100006O0037341L", "place 10: O"),
        ("ghs", "GHSO2", "the letter O at place 1 may be meant as the digit 0"),
    ],
)
def test_letter_in_place_of_a_digit_is_pointed_out_and_not_corrected(scheme: str, text: str, hint: str) -> None:
    """O for 0 and I for 1 are refused with a hint: correcting them would be guessing."""
    verdict = SCHEMES[scheme].check(text)

    assert not verdict.ok
    assert hint in verdict.message
