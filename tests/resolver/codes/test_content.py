"""What a symbol holds for an identifier, and what is never printed."""

from __future__ import annotations

import re

import pytest

from idis.resolver.codes.carrier import Carrier, CodeError, Unprintable
from idis.resolver.codes.content import Content, checked_base, content_of

BASE = "https://id.example.cn"


@pytest.mark.parametrize(
    ("text", "carrier", "base", "payload", "human"),
    [
        ("88.118.8/JXDY2106023", "qr", BASE, f"{BASE}/88.118.8/JXDY2106023", "88.118.8/JXDY2106023"),
        ("88.118.8/分段 1/x", "qr", f"{BASE}/", f"{BASE}/88.118.8/%E5%88%86%E6%AE%B5%201/x", "88.118.8/分段 1/x"),
        ("88.118.8/jxdy", "qr", "", "88.118.8/jxdy", "88.118.8/jxdy"),
        ("88.118.8/jxdy", "datamatrix", BASE, "88.118.8/jxdy", "88.118.8/jxdy"),  # some owners tell letters by their case
        ("https://id.example.cn/88.118.8/A1", "qr", "", "https://id.example.cn/88.118.8/A1", "88.118.8/A1"),
        ("(01)06901234567892(10)L/7", "qr", BASE, f"{BASE}/01/06901234567892/10/L%2F7", "(01)06901234567892(10)L/7"),
        ("(01)06901234567892(21)42", "qr", "", "https://id.gs1.org/01/06901234567892/21/42", "(01)06901234567892(21)42"),
        ("1.2.156.10197.1.301", "qr", BASE, "urn:oid:1.2.156.10197.1.301", "1.2.156.10197.1.301"),
        ("https://maker.example/产品/1", "qr", "", "https://maker.example/%E4%BA%A7%E5%93%81/1", "https://maker.example/产品/1"),
    ],
)
def test_a_symbol_of_text_holds_what_its_reader_follows(around, text, carrier, base, payload, human):
    """Our identifiers lead to their page, GS1 keys become Digital Links, others are their own URI."""
    assert content_of(text, Carrier(carrier), around, base) == Content(payload, payload.encode(), human)


@pytest.mark.parametrize(
    "text",
    [
        "]Q1https://id.gs1.org/01/06901234567892",
        "https://other.example/01/6901234567892",
        "]E06901234567892",
        "6901234567892",
        "[)>{RS}05{GS}0106901234567892{RS}{EOT}",
    ],
)
def test_what_a_scanner_tells_is_printed_again(around, text):
    """With the prefix of its symbol, and with the digits of old labels."""
    assert content_of(text, Carrier.GS1_DATAMATRIX, around).payload == "[01]06901234567892"


@pytest.mark.parametrize("text", ["https://id.gs1.org/CwyNo0UVqNQQhZYO3RWvg", "https://id.gs1.org/eh3035a537c83775400000002a"])
def test_an_opaque_digital_link_has_elements_too(around, text):
    """Compressed, or with the EPC of a tag in it."""
    content = content_of(text, Carrier.GS1_QR, around)

    assert content.human in ("(01)06901234567892(10)CELLB26K18", "(01)06901234567892(21)42")
    assert content_of(text, Carrier.QR, around).human == content.human


@pytest.mark.parametrize("carrier", ["qr", "datamatrix"])
def test_a_label_keeps_lot_and_dates(around, carrier):
    """They are no part of the identity, and are what a recall goes by; people read them beside the symbol."""
    content = content_of("(01)06901234567892(10)LOT7(17)280131(21)S9", Carrier(carrier), around)

    assert content.payload == "https://id.gs1.org/01/06901234567892/10/LOT7/21/S9?17=280131"
    assert content.human == "(01)06901234567892(10)LOT7(17)280131(21)S9"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://id.gs1.org/01/06901234567893", "check digit is 2 .* perhaps https://id.gs1.org/01/06901234567892 is meant"),
        ("http://maker.example/01/06901234567893/21/42", "perhaps http://maker.example/01/06901234567892/21/42 is meant"),
        ("https://id.gs1.org/01/06901234567892/foo", "broken Digital Link"),
    ],
)
def test_a_broken_digital_link_is_not_printed(around, text, sentence):
    """It is no less wrong for being a web address as well."""
    with pytest.raises(Unprintable, match=sentence):
        content_of(text, Carrier.QR, around)


def test_a_shop_may_have_addresses_like_that(around):
    """Where the key is right, and the host one that has other things."""
    text = "https://shop.example/01/06901234567892/foo"

    assert content_of(text, Carrier.QR, around).payload == text


@pytest.mark.parametrize("carrier", ["gs1-qr", "gs1-datamatrix", "gs1-128"])
@pytest.mark.parametrize(
    "text",
    [
        "(01)06901234567892(10)LOT7(21)S9",
        "[01]06901234567892[10]LOT7[21]S9",
        "]d2010690123456789210LOT7\x1d21S9",
        "010690123456789210LOT7␝21S9",
        "https://id.gs1.org/01/06901234567892/10/LOT7/21/S9",
    ],
)
def test_a_gs1_symbol_holds_the_elements_of_every_form(around, carrier, text):
    """All of them, also the lot, which does not belong to the identity; separators where they are needed."""
    assert content_of(text, Carrier(carrier), around) == Content(
        "[01]06901234567892[10]LOT7[21]S9", b"010690123456789210LOT7\x1d21S9", "(01)06901234567892(10)LOT7(21)S9"
    )


@pytest.mark.parametrize(
    ("text", "human"),
    [
        ("169012340000000013", "(00)169012340000000013"),
        ("6901234567892", "(01)06901234567892"),
        ("urn:epc:id:sgtin:6901234.056789.42", "(01)06901234567892(21)42"),
    ],
)
def test_bare_keys_and_epc_names_become_elements(around, text, human):
    """With the application identifier of their key."""
    assert content_of(text, Carrier.GS1_DATAMATRIX, around).human == human


def test_an_envelope_stays_as_it_is(around):
    """ISO/IEC 15434 with its separators, whether they were typed or scanned."""
    octets = b"[)>\x1e06\x1d25SUN123456789S001\x1e\x04"

    assert content_of("[)>␞06␝25SUN123456789S001␞␄", Carrier.DATAMATRIX, around).octets == octets


@pytest.mark.parametrize(
    ("text", "carrier", "sentence"),
    [
        ("(01)06901234567893", "qr", "the check of (01) GTIN fails: 2 would be right"),
        ("(01)06901234567893", "gs1-128", "the check of (01) GTIN fails: 2 would be right"),
        ("IMO9074728", "qr", "fails: 9 would be right"),
        ("foo", "qr", "this resembles no identifier"),
        ("", "qr", "the text is empty"),
        ("11010519491231002X", "qr", "number of a person"),
        ("88.118.8/A1", "gs1-128", "GS1-128 holds GS1 data only, and this is idis: use qr or datamatrix"),
        ("(01)06901234567892(02)06901234567892(37)1", "gs1-qr", "(01)"),
        ("(01)06901234567892(10)12345678901234567890(21)1234567890", "gs1-128", "at most 48"),
        ("88.118.8/" + "x" * 2_048, "qr", "at most 2,048"),
    ],
)
def test_what_is_wrong_is_not_printed(around, text, carrier, sentence):
    """One sentence that says what would be right, or what to use."""
    with pytest.raises(CodeError, match=re.escape(sentence)) as raised:
        content_of(text, Carrier(carrier), around)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "base", ["id.example.cn", "ftp://a.example", "https://a b", 'https://a.example/"', "https://例.cn", "https://a/" + "x" * 200]
)
def test_a_base_is_an_address(base):
    """Anything else would be printed a thousand times before somebody scans it."""
    with pytest.raises(CodeError, match=r"https://id\.example\.cn"):
        checked_base(base)
