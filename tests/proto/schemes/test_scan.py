import pytest

from idis.proto.schemes.scan import SCAN_BYTES_MAX, ScanError, plain_forms, read_scan, shown_controls


@pytest.mark.parametrize("around", [" ", "\t", "\ufeff", "\u200b", "\u3000", "\r\n"])
def test_what_stands_around_a_text_is_dropped(around: str) -> None:
    """Blanks, byte-order marks and zero-width characters at the ends go."""
    assert read_scan(f"{around}88.118.8/A B{around}").text == "88.118.8/A B"


@pytest.mark.parametrize("spelled", ["␝", "<GS>", "{GS}", "\\x1d", "\\x1D"])
def test_separators_have_visible_spellings(spelled: str) -> None:
    """Scanner programs spell the group separator in several ways."""
    scan = read_scan(f"10A{spelled}21B")

    assert scan.coded == "10A\x1d21B"
    assert scan.text == f"10A{spelled}21B"
    assert scan.has_controls


def test_record_separator_and_end_have_visible_spellings() -> None:
    """As the group separator, RS and EOT."""
    assert read_scan("a␞b<RS>c␄{EOT}").coded == "a\x1eb\x1ec\x04\x04"


def test_a_text_with_real_separators_is_no_name() -> None:
    """It can only be read as a coded symbol."""
    assert read_scan("10A\x1d21B").text == ""


def test_the_sign_of_gs1_data_in_front_is_kept() -> None:
    """A leading GS is white space to Python, but FNC1 to a scanner."""
    assert read_scan("\x1d10A").coded == "\x1d10A"


@pytest.mark.parametrize(
    "text", ["", " \u200b ", "a\x00b", "a\nb", "a\x7fb", "a\ud800b", "x" * (SCAN_BYTES_MAX + 1), "水" * 1_400]
)
def test_what_is_no_scan_is_refused(text: str) -> None:
    """Nothing, too much, or a control character that no code uses."""
    with pytest.raises(ScanError):
        read_scan(text)


def test_full_width_forms_become_plain() -> None:
    """Digits and letters of Chinese input methods, and typographic dashes; Chinese stays."""
    assert plain_forms("ＩＭＯ９０７４７２９\u2013船") == "IMO9074729-船"


def test_controls_are_shown() -> None:
    """The visible form is read back as the same symbol."""
    assert shown_controls("a\x1db\x1ec\x04") == "a␝b␞c␄"
