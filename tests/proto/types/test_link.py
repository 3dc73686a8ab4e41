"""The data of links: what is taken, what is refused and why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError
from idis.proto.types.link import Link, decode_link, encode_link
from idis.proto.types.table import check_data, compose

PIP = {"linkType": "gs1:pip", "href": "https://maker.example/p", "title": "产品信息"}
VOC = "https://ref.gs1.org/voc/"


def _octets(**members: object) -> bytes:
    return json.dumps({**PIP, **members}, ensure_ascii=False).encode()


def test_a_link_has_a_type_a_target_and_a_title():
    """Everything else is left to its default."""
    assert decode_link(_octets()) == Link(f"{VOC}pip", "https://maker.example/p", "产品信息")


def test_all_members_are_read():
    """Languages and media types in small letters, repeated ones once."""
    said = {"type": "text/HTML", "hreflang": ["zh-Hans", "en-GB", "zh-hans"], "context": ["CN", "CN", "EU"]}
    link = decode_link(_octets(**said, fwqs=False, public=False))

    assert (link.media_type, link.contexts, link.forwards_query, link.public) == ("text/html", ("CN", "EU"), False, False)
    assert link.languages == ("zh-hans", "en-gb")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("gs1:dpp", f"{VOC}dpp"),
        ("https://gs1.org/voc/dpp", f"{VOC}dpp"),
        ("https://ref.gs1.org/voc/laterThanThis", f"{VOC}laterThanThis"),
        ("alternate", "alternate"),
        ("https://maker.example/voc/blueprint", "https://maker.example/voc/blueprint"),
    ],
)
def test_a_type_has_one_spelling(written: str, kind: str):
    """Whichever way it was written."""
    assert decode_link(_octets(linkType=written)).link_type == kind


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"linkType": "gs1:certificateInfo"}, "gs1:certificationInfo?"),
        ({"linkType": "gs1:zzzzzzzzz"}, "types of your own are URIs"),
        ({"linkType": "https://maker.example/voc#blueprint"}, "is no link type"),
        ({"linkType": "schema:url"}, "is no link type"),
        ({"linkType": 7}, "linkType must be a string"),
        ({"href": "javascript:alert(1)"}, "absolute http(s) URI"),
        ({"href": "/p"}, "absolute http(s) URI"),
        ({"href": "https://maker.example/产品"}, "percent-encoded"),
        ({"href": "https://maker.example/ p"}, "percent-encoded"),
        ({"href": "https://maker.example/\r\nSet-Cookie: a=b"}, "percent-encoded"),
        ({"href": "https://bank.example@evil.example/"}, "before its host"),
        ({"href": "https://maker.example/{serial"}, "brace"),
        ({"href": "https://maker.example/{batch}"}, "{serial}, {lot}, {variant}, {key}"),
        ({"href": "https://maker.example/p?s={serial}"}, "not in its host or query"),
        ({"href": "https://x.{serial}.example/p"}, "not in its host or query"),
        ({"href": "https://maker.example/" + "x" * 2_048}, "at most 2048"),
        ({"title": ""}, "title must be 1 to 255"),
        ({"title": " "}, "title must be 1 to 255"),
        ({"title": "a\nb"}, "title must be 1 to 255"),
        ({"title": "x" * 256}, "title must be 1 to 255"),
        ({"type": "text/html; charset=utf-8"}, "without parameters"),
        ({"type": "html"}, "media type"),
        ({"hreflang": "en"}, "hreflang must be a list"),
        ({"hreflang": ["english!"]}, "tags as zh-CN or en"),
        ({"hreflang": []}, "leave it out"),
        ({"context": [1]}, "list of words"),
        ({"fwqs": "no"}, "fwqs must be true or false"),
        ({"rel": "pip"}, "'rel' is no member of a link"),
        ({"linkType": "gs1:defaultLink", "type": "text/html"}, "gs1:defaultLinkMulti"),
    ],
)
def test_what_no_linkset_could_hold_is_refused(members: dict[str, object], sentence: str):
    """With a sentence that says what to write."""
    with pytest.raises(DataError) as refused:
        decode_link(_octets(**members))

    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[]", b"7", b"\xff", b"null", b"[" * 10_000, b'{"linkType":"gs1:pip"}', b" " * 20_000]
)
def test_what_is_no_link_is_refused(octets: bytes):
    """Whatever it is instead, with the one documented error."""
    with pytest.raises(DataError):
        decode_link(octets)


def test_a_target_may_hold_what_was_asked_for():
    """In its path, by the names of application identifiers."""
    assert decode_link(_octets(href="https://m.example/{key}/{serial}?a=1")).variables == ("key", "serial")


def test_links_are_judged_when_they_are_registered():
    """By the table of types, whatever the case of the letters of theirs, and whichever interface asks."""
    with pytest.raises(DataError):
        check_data("idis.link", b"{}")
    with pytest.raises(DataError):
        compose("IDIS.LINK", {"format": "string", "value": "{}"})

    assert compose("IDIS.LINK", json.dumps(PIP)) == json.dumps(PIP).encode()


_WORD = st.text("abcXYZ019 -", min_size=1, max_size=20).filter(str.strip)


@given(
    st.sampled_from([f"{VOC}pip", "alternate", "https://maker.example/voc/x"]),
    _WORD,
    st.sampled_from(["", "text/html", "application/ld+json"]),
    st.lists(st.sampled_from(["en", "zh-hans", "es-419"]), unique=True).map(tuple),
    st.lists(_WORD, unique=True, max_size=4).map(tuple),
    st.booleans(),
    st.booleans(),
)
def test_what_is_written_is_read(kind, title, media_type, languages, contexts, forwards, public):
    """Any link comes back as it was."""
    link = Link(kind, "https://maker.example/{serial}", title, media_type, languages, contexts, forwards, public)

    assert decode_link(encode_link(link)) == link
