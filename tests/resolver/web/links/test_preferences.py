"""Accept and Accept-Language: weights, ranges, and whatever else clients send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.resolver.web.links.preferences import NO_FIT, read_accept, read_languages

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("header", "better", "worse"),
    [
        ("text/html, application/json;q=0.9", "text/html", "application/json"),
        ("application/json;q=0.9, text/html", "text/html", "application/json"),
        ("text/html;q=0.4;level=1, text/*;q=0.9", "text/plain", "text/html"),  # the range that names it best counts
        ("text/*, */*", "text/html", "image/png"),
        (BROWSER, "text/html", "application/pdf"),
        ("text/html; q=0", "image/png", "text/html"),
        ("TEXT/HTML, */*;q=0.1", "text/html", "image/png"),
    ],
)
def test_one_media_type_is_more_welcome(header: str, better: str, worse: str):
    """By name before *, then by weight."""
    accept = read_accept(header)

    assert accept.fit(better).rank >= accept.fit(worse).rank
    assert accept.fit(better) != accept.fit(worse) or accept.fit(worse) == NO_FIT


@pytest.mark.parametrize(
    ("header", "preferred"),
    [
        ("application/linkset+json", True),
        ("application/linkset+json;q=0.1, */*", True),  # nothing else is named
        ("text/html, application/linkset+json", True),  # as welcome as the other
        ("text/html, application/linkset+json;q=0.9", False),
        ("application/linkset+json;q=0", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_type_is_preferred_when_nothing_named_is_wanted_more(header: str, preferred: bool):
    """Wildcards name nothing."""
    assert read_accept(header).prefers("application/linkset+json") is preferred


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", ["zh-cn", "zh-hans", "zh", "en", "fr"]),
        ("es-MX", ["es-mx", "es", "es-es", "fr"]),  # a range is cut from its end; other kinds of the language come last
        ("zh-TW, zh-CN;q=0.5", ["zh-hant", "zh-hans", "en"]),
        ("en;q=0.1, fr;q=0.9", ["fr-ca", "en", "de"]),
        ("en-US, de, *;q=0.3", ["de", "en-gb", "ja"]),
    ],
)
def test_languages_in_the_order_of_their_welcome(header: str, order: list[str]):
    """By weight, then by how much of the tag agrees."""
    languages = read_languages(header)

    assert sorted(order, key=lambda tag: languages.fit(tag).rank, reverse=True) == order


@pytest.mark.parametrize(
    ("header", "tag"), [("en, fr;q=0", "fr"), ("en, fr;q=0", "fr-ca"), ("*, de;q=0", "de"), ("en", "ja"), ("", "en")]
)
def test_a_language_that_is_refused_or_not_named_fits_not(header: str, tag: str):
    """Weight 0 says never."""
    assert read_languages(header).fit(tag) == NO_FIT


@pytest.mark.parametrize("header", ["", "*/*", "*", ",,,", "a/b;q=2", "a/b;q=x", "*/html", ";q=1", "\x00", "a/b" * 5_000])
def test_what_says_nothing_is_no_wish(header: str):
    """Nothing a client sends is an error."""
    assert read_accept(header).says_nothing
    assert read_languages(header).says_nothing


@given(st.text("abz*/;,=q.01 -", max_size=80), st.sampled_from(["text/html", "a/b"]), st.sampled_from(["en", "zh-hans-cn", "a"]))
def test_anything_can_be_read(header: str, media_type: str, tag: str):
    """And weighs between 0 and 1."""
    assert 0 <= read_accept(header).fit(media_type).weight <= 1
    assert 0 <= read_languages(header).fit(tag).weight <= 1
