"""One record for whatever form a GS1 key has."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.recognise import recognise
from idis.proto.schemes.recognised import Check, Confidence, Granularity, Recognised, RouteKey

HOSTS = frozenset({"id.gs1.org"})
ITEM = "https://id.gs1.org/01/06901234567892/21/S9"


def _found(text: str) -> Recognised:
    found = recognise(text, year=2026, hosts=HOSTS, prefix_lengths={"690123": 7})
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "(01)06901234567892(10)LOT7(21)S9",
        "[01]06901234567892[10]LOT7[21]S9",
        "010690123456789210LOT7\x1d21S9",
        "]d2010690123456789210LOT7\x1d21S9",
        "https://id.gs1.org/01/06901234567892/10/LOT7/21/S9?17=280131",
        "HTTP://other.example/x/01/06901234567892/21/S9/",
        "https://other.example/01/6901234567892/21/S9",
        "]Q1https://id.gs1.org/01/06901234567892/21/S9",
        "https://id.gs1.org/GgyNo0UVqMhZyfaIyGxJeg",
        "urn:epc:id:sgtin:6901234.056789.S9",
        "urn:epc:tag:sgtin-198:1.6901234.056789.S9",
        "01/06901234567892/21/S9",
        "/01/06901234567892/21/S9",
        "gs1:01/06901234567892/21/S9",
    ],
)
def test_all_forms_of_one_item_are_one(text: str) -> None:
    """Whatever the form, lot and dates, the identity is the key with its serial number."""
    assert _found(text).canonical == ITEM


def test_a_link_with_the_epc_of_a_tag_is_its_key() -> None:
    """As an NFC tag sends it."""
    assert _found("https://id.gs1.org/eh3035a537c83775400000002a").canonical == "https://id.gs1.org/01/06901234567892/21/42"


def test_the_record_of_an_item_is_whole() -> None:
    """Display, levels, route, checks, facts, meanings and the URN."""
    found = _found("https://id.gs1.org/01/06901234567892/10/LOT7/21/S9?17=280131&utm=1")

    assert found == Recognised(
        scheme="gs1",
        canonical=ITEM,
        display="(01)06901234567892(10)LOT7(21)S9",
        granularity=Granularity.ITEM,
        confidence=Confidence.CERTAIN,
        why="a GS1 Digital Link",
        levels=(ITEM, "https://id.gs1.org/01/06901234567892/10/LOT7", "https://id.gs1.org/01/06901234567892"),
        route=RouteKey("GS1", "690123456789"),
        checks=(Check("(01) GTIN", True), Check("(21) SERIAL", True)),
        attributes=(
            ("10", "LOT7"),
            ("17", "280131"),
            ("USE BY or EXPIRY", "2028-01-31"),
            ("utm", "1"),
            ("EPC URN", "urn:epc:id:sgtin:6901234.056789.S9"),
        ),
        uri=ITEM,
    )


@pytest.mark.parametrize(
    ("text", "canonical", "confidence"),
    [
        ("6901234567892", "https://id.gs1.org/01/06901234567892", Confidence.LIKELY),
        ("96385074", "https://id.gs1.org/01/00000096385074", Confidence.POSSIBLE),
        ("169012340000000013", "https://id.gs1.org/00/169012340000000013", Confidence.LIKELY),
        ("3035A537C83775400000002A", "https://id.gs1.org/01/06901234567892/21/42", Confidence.LIKELY),
        ("0106901234567892", "https://id.gs1.org/01/06901234567892", Confidence.LIKELY),
        ("00169012340000000013", "https://id.gs1.org/00/169012340000000013", Confidence.LIKELY),
    ],
)
def test_bare_numbers_are_less_sure(text: str, canonical: str, confidence: Confidence) -> None:
    """A check digit is right by chance one time in ten."""
    found = _found(text)

    assert (found.canonical, found.confidence) == (canonical, confidence)


def test_a_wrong_check_digit_in_brackets_is_told() -> None:
    """What is meant is clear; what would be right is said and suggested."""
    found = _found("(01)06901234567893(21)S9")

    assert not found.ok
    assert found.checks == (Check("(01) GTIN", False, "2"),)
    assert found.suggestions == (ITEM,)


def test_a_wrong_date_in_brackets_is_told() -> None:
    """A thirteenth month is a failed check, not another identity."""
    found = _found("(01)06901234567892(17)281301")

    assert (found.ok, found.checks[0].expected) == (False, "month 13 does not exist")


def test_companions_missing_are_a_warning() -> None:
    """They may be in another symbol of the same thing."""
    assert _found("(01)06901234567892(37)5").warnings == ("(01) may not stand beside (37)",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "https://shop.example/01/02",
        "https://id.gs1.org/01/06901234567893",
        "https://other.example/GgyNo0UVqMhZyfaIyGxJeg",
        "(10)LOT7",
        "(01)0690123456789X",
        "6901234567893",
        "88.118.8/X",
        "urn:epc:id:sgtin:1.2.3",
        "]Q1]Q1]Q1",
        "٦٩٠١٢٣٤٥٦٧٨٩٢",
        "3" * 5000,
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    """No key, a wrong check digit, another scheme, a host where nothing compressed is expected, digits of another script."""
    assert recognise(text, year=2026, hosts=HOSTS) is None


@pytest.mark.parametrize(
    ("text", "scheme", "canonical"),
    [
        ("urn:epc:id:bic:CSQU3054383", "iso6346", "CSQU3054383"),
        ("urn:epc:id:imovn:9074729", "imo", "IMO9074729"),
        ("urn:epc:id:gid:1.2.3", "epc", "urn:epc:id:gid:1.2.3"),
    ],
)
def test_epc_urns_of_other_things(text: str, scheme: str, canonical: str) -> None:
    """Containers and ships have schemes of their own, the rest stay URNs."""
    found = _found(text)

    assert (found.scheme, found.canonical) == (scheme, canonical)


def test_a_place_and_a_party_differ() -> None:
    """One GLN under two application identifiers is two things."""
    place, party = _found("(414)6901234000016"), _found("(417)6901234000016")

    assert (place.granularity, party.granularity) == (Granularity.LOCATION, Granularity.PARTY)
    assert place.canonical != party.canonical
