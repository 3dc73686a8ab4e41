"""What others say, as values."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.dns.name import name_from_text
from idis.proto.dns.records import NAPTR, TXT, Rr, naptr
from idis.proto.types.link import decode_link
from idis.resolver.foreign.shown import Unreadable, redirected, values_of_answer, values_of_naptr

URL = "https://provider.example/x"


def shown(document: object, kind: str = "application/json") -> list[tuple[str, str]]:
    """Types and texts of the values of an answer."""
    return [(value.type, value.text) for value in values_of_answer(URL, kind, json.dumps(document).encode())]


def handle_value(index: int, name: str, text: str, **more: object) -> dict[str, object]:
    """A value as proxies show it."""
    return {"index": index, "type": name, "data": {"format": "string", "value": text}, "ttl": 86400, **more}


def test_values_of_a_proxy_are_shown_as_they_are() -> None:
    """Those of everybody; nothing that would be taken for ours."""
    values = [
        handle_value(1, "URL", "https://a"),
        handle_value(2, "EMAIL", "x@y", permissions="1100"),
        handle_value(3, "HS_SERV", "0.SERV/1"),
        handle_value(4, "idis.readers", "x"),
        handle_value(5, "HS_ALIAS", "10.1/2"),
    ]

    assert shown({"responseCode": 1, "values": values}) == [("URL", "https://a"), ("HS_ALIAS", "10.1/2")]
    assert [value.index for value in values_of_answer(URL, "application/json", json.dumps({"responseCode": 1, "values": values}).encode())] == [1, 5]  # noqa: E501


@pytest.mark.parametrize("code", [100, 200])
def test_a_proxy_that_knows_nothing(code: int) -> None:
    """No values, which is no failure."""
    assert shown({"responseCode": code}) == []


def test_links_of_a_resolver() -> None:
    """Each once, in our form; those that ours cannot say are left out."""
    target = {"href": "https://maker.example/p", "title": "Product", "type": "text/html", "hreflang": ["en"]}
    bad = {"href": "javascript:alert(1)", "title": "x"}
    relations = {"https://gs1.org/voc/pip": [target, bad], "https://gs1.org/voc/epil": [target, target]}
    linkset = [{"anchor": "https://r/01/1", **relations}]
    values = values_of_answer(URL, "application/linkset+json", json.dumps({"linkset": linkset}).encode())
    links = [decode_link(value.data) for value in values]

    assert [value.type for value in values] == ["IDIS.LINK", "IDIS.LINK"]
    assert [(link.link_type, link.href, link.languages) for link in links] == [
        ("https://ref.gs1.org/voc/pip", "https://maker.example/p", ("en",)),
        ("https://ref.gs1.org/voc/epil", "https://maker.example/p", ("en",)),
    ]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_did_document_and_its_services(wrapped: bool) -> None:
    """By itself, or in the answer of a universal resolver."""
    services = [{"serviceEndpoint": "https://s.example"}, {"serviceEndpoint": {"a": 1}}, {"serviceEndpoint": "javascript:x"}, 7]
    document = {"id": "did:web:a.example", "service": services}
    (first, *rest) = shown({"didDocument": document} if wrapped else document, "application/did+ld+json")

    assert first[0] == "DID.DOCUMENT"
    assert json.loads(first[1]) == document
    assert rest == [("URL", "https://s.example")]


def test_anything_else_is_where_it_is_and_what_is_there() -> None:
    """Text is shown; pages and pictures are where they are."""
    assert shown({"a": 1}) == [("URL", URL), ("CONTENT", '{"a": 1}')]
    assert [value.type for value in values_of_answer(URL, "text/html", b"<p>")] == ["URL"]
    assert [value.type for value in values_of_answer(URL, "image/png", b"\x89PNG")] == ["URL"]
    assert [value.type for value in values_of_answer(URL, "text/plain", b"x" * 70_000)] == ["URL"]


def test_naptr_records_best_first() -> None:
    """The URLs they end in, then the records; other records and rules are left out."""
    def record(order: int, preference: int, flags: bytes, rule: bytes) -> Rr:
        return Rr(name_from_text("x.example"), NAPTR, 60, naptr(order, preference, flags, b"http://", rule))

    records = [
        record(20, 1, b"u", b"!^.*$!https://second.example!"),
        record(10, 1, b"U", b"!^.*$!https://first.example!"),
        record(5, 1, b"u", b"!^.*$!javascript:x!"),
        record(30, 1, b"s", b""),
        Rr(name_from_text("x.example"), TXT, 60, b"\x01x"),
        Rr(name_from_text("x.example"), NAPTR, 60, b"\x00"),
    ]
    values = values_of_naptr(records)

    assert [value.text for value in values if value.type == "URL"] == ["https://first.example", "https://second.example"]
    assert [value.type for value in values] == ["URL", "URL", "NAPTR", "NAPTR", "NAPTR", "NAPTR"]


def test_a_place_to_go() -> None:
    """One value."""
    (value,) = redirected("https://a")

    assert (value.type, value.text) == ("URL", "https://a")


@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/linkset+json", "text/plain", ""]))
def test_garbage_is_shown_or_unreadable(body: bytes, kind: str) -> None:
    """Nothing else comes of it."""
    with suppress(Unreadable):
        values_of_answer(URL, kind, body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["responseCode", "values", "linkset", "didDocument", "id", "service", "index", "type", "data", "href"]),
        inner,
        max_size=5,
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_json_is_shown_or_unreadable(document: object) -> None:
    """Whatever stands where something else is expected."""
    with suppress(Unreadable):
        values_of_answer(URL, "application/json", json.dumps(document).encode())
