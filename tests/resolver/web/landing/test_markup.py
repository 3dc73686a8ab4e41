"""Anything at all becomes harmless HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.resolver.web.landing.language import Language
from idis.resolver.web.landing.markup import TEXT_CHARACTERS_MAX, href, text, told


def test_markup_is_shown_not_obeyed():
    """Angle brackets, ampersands and both quotes are escaped."""
    assert text("<script>alert('1')</script> & \"x\"") == (
        "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;x&quot;"
    )


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\u202e", "U+202E"),
        ("\u2066", "U+2066"),
        ("\u200b", "U+200B"),
        ("\u0000", "U+0000"),
        ("\x1b", "U+001B"),
        ("\ud800", "U+D800"),
        ("\u3164", "U+3164"),
        ("\U000e0041", "U+E0041"),
    ],
)
def test_what_nobody_sees_is_spelled_out(character, shown):
    """Overrides of direction, characters without width, controls and half characters cannot hide anything."""
    assert text(f"a{character}b") == f"a<span class=odd>{shown}</span>b"


def test_a_long_text_is_cut():
    """A megabyte does not become a page."""
    assert text("x" * 1_048_576) == "x" * TEXT_CHARACTERS_MAX + "…"


def test_a_text_is_set_apart_in_its_own_language():
    """Chinese on an English page is read out as Chinese, and a foreign direction ends with it."""
    assert told("船用钢板", Language.ENGLISH) == '<bdi lang="zh">船用钢板</bdi>'
    assert told("AH36", Language.ENGLISH) == "<bdi>AH36</bdi>"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/x",
        "/\\evil.example/x",
        "https://name:secret@evil.example/",
        "https://good.example@evil.example/",
        "https://例子.cn/x",
        "https://a.example/\u202ex",
        "https://a.example/\nx",
        "ftp://a.example/x",
        "https://",
        "",
        "https://a.example/" + "x" * 2_000,
    ],
)
def test_a_page_leads_nowhere_dangerous(address):
    """Only http, https and paths of this node are links, and none that pretends to be another host."""
    assert href(address) == ""


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://a.example/x?y=1&z=2#t", "https://a.example/x?y=1&amp;z=2#t"),
        ("http://[2001:db8::1]:8000/x", "http://[2001:db8::1]:8000/x"),
        ("https://a.example/\"><b>'", "https://a.example/%22%3E%3Cb%3E%27"),
        ("https://a.example/证书.pdf", "https://a.example/%E8%AF%81%E4%B9%A6.pdf"),
        ("/88.118.8/A1", "/88.118.8/A1"),
    ],
)
def test_an_honest_address_is_a_link(address, shown):
    """It is written so that it cannot leave its attribute."""
    assert href(address) == shown


@given(st.text(st.characters(), max_size=200))
def test_no_text_opens_an_element_or_an_attribute(anything):
    """Whatever a stranger writes, the only angle brackets and quotes are ours."""
    left = re.sub(r"<span class=odd>U\+[0-9A-F]+</span>", "", text(anything))

    assert not set(left) & set("<>\"'")
    assert not set(href(anything)) & set("<>\"' \n")
