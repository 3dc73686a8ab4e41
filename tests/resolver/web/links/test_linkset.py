"""Linksets and their forms."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.types.link import Link
from idis.registry.links import RecordLinks
from idis.resolver.web.links.asked import LevelAsked
from idis.resolver.web.links.levels import level_of, own_page, with_defaults
from idis.resolver.web.links.linkset import CONTEXT, JSON_LD, choices, encoded, linkset
from idis.resolver.web.links.preferences import read_languages
from tests.resolver.web.links.schemas import LINKSET

VOC = "https://ref.gs1.org/voc/"
ANCHOR = "https://id.example/01/06901234567892"


def _level(*links: Link, name: str = "", identifier: str = "88.1/A"):
    asked = LevelAsked("https://id.gs1.org/01/06901234567892", ANCHOR, (("01", "06901234567892"),))
    return level_of(asked, (RecordLinks(identifier, links, name, "", None, 60),))


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ("en", ["en"]),
        ("zh-hans", ["zh-CN"]),
        ("zh-hant", ["zh-TW"]),
        ("zh-hans-sg", ["zh-SG"]),
        ("es-419", ["es"]),
        ("pt-br", ["pt-BR"]),
        ("fil", None),
    ],
)
def test_languages_are_told_as_the_schema_takes_them(tag: str, shown: list[str] | None):
    """Two letters, or two and two; what has no such form is left out."""
    document = choices(ANCHOR, [Link(f"{VOC}pip", "https://m.example", "t", languages=(tag,))])

    assert document["linkset"][0][f"{VOC}pip"][0].get("hreflang") == shown


def test_links_are_grouped_by_their_type():
    """In the order of the types' first links."""
    kinds = (f"{VOC}pip", "alternate", f"{VOC}pip")
    (entry,) = linkset([_level(*(Link(kind, f"https://m.example/{n}", "t") for n, kind in enumerate(kinds)))])["linkset"]

    assert list(entry) == ["anchor", "description", f"{VOC}pip", "alternate"]
    assert [len(entry[kind]) for kind in kinds[:2]] == [2, 1]


def test_a_thing_without_a_name_is_described_by_its_key():
    """As people write it."""
    assert linkset([_level()])["linkset"] == [{"anchor": ANCHOR, "description": "(01)06901234567892"}]


def test_json_ld_has_its_context_in_it():
    """Other forms must not: it would make them invalid."""
    document = linkset([_level(name="阀")])

    assert json.loads(encoded(document, JSON_LD))["@context"] == CONTEXT
    assert "@context" not in json.loads(encoded(document))


def test_the_page_of_a_record_is_the_default_where_nobody_named_one():
    """In the client's language; the identifier encoded as a path."""
    levels = with_defaults([_level(identifier="88.1/船 1")], "https://id.example", read_languages("zh"))

    assert levels[0].links == (Link(f"{VOC}defaultLink", "https://id.example/88.1/%E8%88%B9%201", "产品页面"),)
    assert own_page("", "88.1/a?b#c") == "/88.1/a%3Fb%23c"


def test_one_named_default_is_enough_for_all_levels():
    """What is finer walks up to it."""
    levels = [_level(), _level(Link(f"{VOC}defaultLink", "https://m.example", "t"))]

    assert with_defaults(levels, "https://id.example", read_languages("")) == tuple(levels)


_TEXT = st.text(min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(
            Link,
            st.sampled_from([f"{VOC}pip", "alternate", "https://maker.example/voc/blue_print"]),
            st.sampled_from(["https://m.example/a?b#c", "http://[::1]:80/x"]),
            _TEXT,
            st.sampled_from(["", "text/html", "application/vnd.x-y+json"]),
            st.lists(st.sampled_from(["en", "zh-hans", "sr-latn-rs", "fil", "es-419"])).map(tuple),
            st.lists(_TEXT).map(tuple),
            st.booleans(),
            st.booleans(),
        )
    ),
    _TEXT,
)
def test_every_linkset_validates(links, name):
    """Whatever links a record may have."""
    jsonschema.validate(json.loads(encoded(linkset([_level(*links, name=name)]))), LINKSET)
