"""Where a request is sent."""

from __future__ import annotations

import pytest

from idis.proto.types.link import Link
from idis.resolver.web.links.answering import target


@pytest.mark.parametrize(
    ("href", "query", "location"),
    [
        ("https://m.example/p", "", "https://m.example/p"),
        ("https://m.example/p", "a=1&b", "https://m.example/p?a=1&b"),
        ("https://m.example/p?v=2", "a=1", "https://m.example/p?v=2&a=1"),
        ("https://m.example/p?", "a=1", "https://m.example/p?a=1"),
        ("https://m.example/p?v=2&", "a=1", "https://m.example/p?v=2&a=1"),
        ("https://m.example/p#top", "a=1", "https://m.example/p?a=1#top"),
        ("https://m.example/p?v=2#a?b", "a=1", "https://m.example/p?v=2&a=1#a?b"),
        ("https://m.example", "a=1", "https://m.example?a=1"),
    ],
)
def test_a_target_has_one_question_mark(href: str, query: str, location: str):
    """Before any fragment, whatever the link and the request bring."""
    assert target(Link("alternate", href, "t"), query) == location


def test_a_link_may_refuse_the_query():
    """As its owner says."""
    assert target(Link("alternate", "https://m.example/p", "t", forwards_query=False), "a=1") == "https://m.example/p"
