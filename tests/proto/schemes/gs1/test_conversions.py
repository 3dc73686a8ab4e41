"""Every form of the same elements reads back as the same elements."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from idis.proto.schemes.gs1 import compression, digital_link, element_string, epc_binary, epc_urn
from idis.proto.schemes.gs1.elements import Elements, Gs1Error
from idis.proto.schemes.gs1.recognise import recognise
from tests.proto.schemes.gs1 import draws

BINARY_SCHEMES = ("sgtin", "sscc", "sgln", "grai", "giai", "gsrn", "gsrnp", "gdti", "cpi", "sgcn", "itip")
URN_KEYS = ("00", "01", "253", "255", "401", "402", "414", "417", "8003", "8004", "8006", "8010", "8017", "8018")


@given(draws.elements())
def test_raw_element_strings_lose_nothing(elements: Elements) -> None:
    """Elements written with separators are read as they were."""
    assert element_string.parse_raw(element_string.write_raw(elements)) == elements


@given(draws.elements())
def test_bracketed_element_strings_lose_nothing(elements: Elements) -> None:
    """Elements written in brackets are read as they were, parentheses in values or not."""
    assert element_string.parse_bracketed(element_string.write_bracketed(elements)) == elements


@given(draws.elements())
def test_digital_links_lose_nothing(elements: Elements) -> None:
    """Elements written as a link are read as they were, whatever has to be escaped."""
    assert digital_link.parse(digital_link.write(elements)).elements == elements


@given(draws.elements())
def test_compression_loses_nothing(elements: Elements) -> None:
    """A compressed link has the elements of the plain one, leading zeros and long numbers among them."""
    expanded = compression.expand(compression.compress(elements).uri)

    assert dict(expanded.elements) == dict(elements)


@given(draws.paths(URN_KEYS), st.integers(6, 12))
def test_urns_name_the_same_thing(path: Elements, company_digits: int) -> None:
    """Where a key has a URN, the URN has the key's identity."""
    urn = epc_urn.write(path, company_digits)
    if not urn:
        return
    identity = digital_link.DigitalLink("", path).identity.path
    try:
        read = epc_urn.parse(urn).elements
    except Gs1Error as error:
        raise AssertionError(urn) from error

    assert digital_link.DigitalLink("", read).identity.path == identity


@given(draws.paths(URN_KEYS), st.integers(6, 12), st.integers(0, 7))
def test_tags_lose_nothing(path: Elements, company_digits: int, tag_filter: int) -> None:
    """What a tag can hold, it gives back with its filter value."""
    text = epc_urn.write(path, company_digits)
    urn = epc_urn.parse(text) if text else None
    if urn is None or urn.scheme not in BINARY_SCHEMES or ":idpat:" in text:
        return
    try:
        encoded = epc_binary.encode(urn, tag_filter)
    except Gs1Error:
        return  # a serial number longer than any tag of its scheme
    decoded = epc_binary.decode(encoded)

    assert (decoded.urn, decoded.filter) == (urn.urn, tag_filter)


@given(draws.elements())
def test_the_canonical_form_is_a_fixed_point(elements: Elements) -> None:
    """What is recognised of a canonical form has that canonical form, and finer levels come first."""
    found = recognise(element_string.write_bracketed(elements), year=2026)

    assert found is not None
    again = recognise(found.canonical, year=2026)

    assert again is not None
    assert (again.canonical, again.levels[-1]) == (found.canonical, found.levels[-1])


@given(st.text(max_size=60))
def test_any_text_is_recognised_or_not(text: str) -> None:
    """No text makes the recogniser fail."""
    found = recognise(text, year=2026, hosts=frozenset({"id.gs1.org"}))

    assert found is None or found.canonical


@given(draws.elements(), st.data())
def test_damaged_forms_are_recognised_or_not(elements: Elements, data: st.DataObject) -> None:
    """Links, strings and compressed links with a character changed raise nothing but are read or not."""
    forms = [digital_link.write(elements), element_string.write_raw(elements), compression.compress(elements).uri]
    text = data.draw(st.sampled_from(forms))
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.sampled_from("0Z/(%?=&\x1d§")) + text[at + 1 :]
    found = recognise(damaged, year=2026, hosts=frozenset({"id.gs1.org"}))

    assert found is None or found.levels
