"""Digital Link URIs beyond the cases of the reference engine."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.digital_link import SHORT_GTIN_WARNING, parse, uri, write
from idis.proto.schemes.gs1.elements import Gs1Error

ITEM = "https://id.gs1.org/01/06901234567892/10/LOT7/21/S9?17=280131"


def test_a_link_is_taken_apart() -> None:
    """Stem, path, attributes, and the rest of the query as it came."""
    link = parse("https://node.example:8443/a/b/01/06901234567892/21/S%2F9?17=280131&linkType=gs1%3Apip&x#part")

    assert link.stem == "https://node.example:8443/a/b"
    assert link.path == (("01", "06901234567892"), ("21", "S/9"))
    assert link.attributes == (("17", "280131"),)
    assert link.others == ("linkType=gs1%3Apip", "x")
    assert link.query == "17=280131&linkType=gs1%3Apip&x"


def test_the_canonical_link_is_of_the_identity() -> None:
    """The lot of an item and its dates are not in it, whatever host was asked."""
    assert parse(ITEM.replace("id.gs1.org", "other.example/x")).canonical == "https://id.gs1.org/01/06901234567892/21/S9"


def test_a_trailing_slash_is_for_resolvers() -> None:
    """One slash behind the path is refused, or overlooked on request."""
    with pytest.raises(Gs1Error):
        parse("https://a/01/06901234567892/")

    assert parse("https://a/01/06901234567892/", trailing_slash=True).path == (("01", "06901234567892"),)
    with pytest.raises(Gs1Error):
        parse("https://a/01/06901234567892//", trailing_slash=True)


def test_a_short_trade_item_number_is_padded_with_a_warning() -> None:
    """GTIN-13 in a path counts on request only."""
    link = parse("https://a/01/6901234567892", short_gtin=True)

    assert (link.path, link.warnings) == ((("01", "06901234567892"),), (SHORT_GTIN_WARNING,))


@pytest.mark.parametrize(
    "text",
    [
        "https://a/01/06901234567892/foo",
        "https://a/01/06901234567892/21/S/10/L",
        "https://a/01/06901234567892/21",
        "https://a/01/06901234567892/17/280131",
        "https://a/01/06901234567892?21=S",
        "https://a/gtin/06901234567892",
    ],
)
def test_a_broken_link_is_known_as_one(text: str) -> None:
    """A right key with something wrong beside it was meant as a Digital Link."""
    with pytest.raises(Gs1Error) as caught:
        parse(text)

    assert caught.value.near


@pytest.mark.parametrize("text", ["https://shop.example/01/02", "https://shop.example/party/2026", "https://a/", "no link"])
def test_other_links_are_not_near(text: str) -> None:
    """A shop's path of numbers is no broken Digital Link."""
    with pytest.raises(Gs1Error) as caught:
        parse(text)

    assert not caught.value.near


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://a/01/06901234567893", "check digit is 2, not 3"),
        ("https://a/01/06901234567892/10/a<b", "'<' may not stand"),
        ("ftp://a/01/06901234567892", "http:// or https://"),
        ("https://a/gtin/06901234567892", "write 01 for gtin"),
        ("https://a/01/06901234567892?10=X", "belongs in the path"),
        ("https://a/01/06901234567892?17=280131&17=280131", "given twice"),
        ("https://a/01/06901234567892/21/S/10/L", "no order of a key"),
        ("https://a/01/06901234567892?123=4", "no application identifier"),
        ("https://a/01/06901234567892/10/%00", "form X..20"),
    ],
)
def test_a_refusal_says_why(text: str, words: str) -> None:
    """The sentence names the element and what is wrong."""
    with pytest.raises(Gs1Error, match=words.replace(".", r"\.")):
        parse(text)


def test_companions_are_judged_on_request() -> None:
    """A payment party without its reference is a link, and no legal combination."""
    assert parse("https://a/415/6901234000016").path == (("415", "6901234000016"),)
    with pytest.raises(Gs1Error, match="needs"):
        parse("https://a/415/6901234000016", companions=True)


def test_a_link_too_long_is_refused_unread() -> None:
    """Eight thousand characters are enough for any link."""
    with pytest.raises(Gs1Error, match="more than 8192"):
        parse("https://a/01/06901234567892?" + "x" * 9000)


def test_writing_escapes_and_keeps_order() -> None:
    """Attributes stand in their order, foreign pieces behind them, and nothing unsafe unescaped."""
    written = write(
        (("99", "a+b"), ("21", "x/y z".replace(" ", "")), ("01", "06901234567892"), ("17", "280131")),
        stem="https://node.example/",
        others=("k=v",),
    )

    assert written == "https://node.example/01/06901234567892/21/x%2Fyz?99=a%2Bb&17=280131&k=v"


def test_what_may_stand_nowhere_is_not_written() -> None:
    """A serial number beside a logistic unit is no attribute."""
    with pytest.raises(Gs1Error, match=r"\(21\) may not be an attribute"):
        write((("00", "169012340000000013"), ("21", "S")))


def test_a_path_alone_is_written() -> None:
    """Levels are looked up by such URIs."""
    assert uri((("8010", "6901234#A"),)) == "https://id.gs1.org/8010/6901234%23A"
