"""Symbols: made, read back, and refused when they would not be what they should."""

from __future__ import annotations

import pytest
import zxingcpp

from idis.resolver.codes import symbol as symbol_module
from idis.resolver.codes.carrier import Carrier, CodeError, Correction, NotInstalled
from idis.resolver.codes.content import Content, content_of
from idis.resolver.codes.symbol import make_symbol, picture

GS1 = "(01)06901234567892(10)LOT7(21)S9"
ELEMENTS = "010690123456789210LOT7\x1d21S9"


@pytest.mark.parametrize(
    ("carrier", "text", "content", "prefix"),
    [
        (Carrier.QR, "88.118.8/JXDY2106023", "88.118.8/JXDY2106023", "]Q1"),
        (Carrier.QR, "88.118.8/船舶/分段 1", "88.118.8/船舶/分段 1", "]Q1"),
        (Carrier.DATAMATRIX, "88.118.8/JXDY2106023", "88.118.8/JXDY2106023", "]d1"),
        (Carrier.DATAMATRIX, "88.118.8/船舶/分段 1", "88.118.8/船舶/分段 1", "]d1"),
        (Carrier.GS1_QR, GS1, ELEMENTS, "]Q3"),
        (Carrier.GS1_DATAMATRIX, GS1, ELEMENTS, "]d2"),
        (Carrier.GS1_128, GS1, ELEMENTS, "]C1"),
        (Carrier.GS1_128, "169012340000000013", "00169012340000000013", "]C1"),
    ],
)
def test_a_scanner_reads_what_was_meant(around, carrier, text, content, prefix):
    """Content and symbology, from the modules that are drawn."""
    made = make_symbol(content_of(text, carrier, around), carrier)
    large = picture(made, height=40 if carrier is Carrier.GS1_128 else 1)
    (read,) = zxingcpp.read_barcodes(large, try_rotate=False)

    assert made.read_back
    assert read.bytes.decode() == content
    assert read.symbology_identifier == prefix


def test_a_matrix_is_square(around):
    """Long rectangles are a later addition that many scanners do not know."""
    made = make_symbol(content_of("https://id.example.cn/88.118.8/A1", Carrier.DATAMATRIX, around), Carrier.DATAMATRIX)

    assert made.width == made.height


def test_workshops_get_more_correction(around):
    """Q makes a larger symbol of the same content."""
    content = content_of("https://id.example.cn/88.118.8/JXDY2106023-000001", Carrier.QR, around)

    assert make_symbol(content, Carrier.QR, Correction.Q).width > make_symbol(content, Carrier.QR, Correction.M).width


@pytest.mark.parametrize(("carrier", "length"), [(Carrier.QR, 2_700), (Carrier.DATAMATRIX, 2_400)])
def test_what_does_not_fit_is_told_in_one_sentence(carrier, length):
    """With what it holds too little for, and what to do."""
    octets = bytes(33 + number % 90 for number in range(length))
    with pytest.raises(CodeError, match=rf"{length:,} octets are more than a .* holds: use"):
        make_symbol(Content(octets.decode(), octets, "long"), carrier)


def test_a_symbol_that_reads_differently_is_not_handed_out(around):
    """Whatever the reason."""
    content = Content("88.118.8/A1", b"88.118.8/A2", "88.118.8/A2")
    with pytest.raises(CodeError, match="does not read back"):
        make_symbol(content, Carrier.QR)


@pytest.fixture
def without(monkeypatch):
    """Takes libraries away."""

    def take(*names: str) -> None:
        found = symbol_module.library
        monkeypatch.setattr(symbol_module, "library", lambda name: None if name in names else found(name))

    return take


def test_segno_makes_qr_codes_where_zxing_is_missing(around, without):
    """The same content, and it is said that nobody read it back."""
    without("zxingcpp")
    made = make_symbol(content_of("88.118.8/A1", Carrier.QR, around, "https://id.example.cn"), Carrier.QR)
    (read,) = zxingcpp.read_barcodes(picture(made), is_pure=True)

    assert not made.read_back
    assert read.text == "https://id.example.cn/88.118.8/A1"


def test_segno_says_too_what_does_not_fit(around, without):
    """One sentence, whichever library."""
    without("zxingcpp")
    with pytest.raises(CodeError, match="octets are more than a QR code holds"):
        make_symbol(Content("x" * 2_400, b"x" * 2_400, "x"), Carrier.QR)


@pytest.mark.parametrize(
    ("carrier", "missing"),
    [(Carrier.DATAMATRIX, ("zxingcpp",)), (Carrier.GS1_128, ("zxingcpp",)), (Carrier.QR, ("zxingcpp", "segno"))],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(around, without, carrier, missing):
    """Nothing else is asked of the reader."""
    without(*missing)
    text = "169012340000000013" if carrier is Carrier.GS1_128 else "88.118.8/A1"
    with pytest.raises(NotInstalled, match=r"needs zxing-cpp: pip install 'idis\[codes\]'"):
        make_symbol(content_of(text, carrier, around), carrier)
