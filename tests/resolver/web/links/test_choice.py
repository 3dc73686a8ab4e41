"""Which link is chosen, and why."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.proto.schemes.gs1.link_types import DEFAULT, DEFAULT_MULTI, link_type
from idis.proto.types.link import Link
from idis.resolver.web.links.choice import Chosen, Nothing, Several, Wish, choose
from idis.resolver.web.links.preferences import read_accept, read_languages

PIP = link_type("gs1:pip")


def _link(href: str, kind: str = PIP, languages: str = "", media_type: str = "", contexts: str = "") -> Link:
    return Link(kind, f"https://m.example/{href}", href, media_type, tuple(languages.split()), tuple(contexts.split()))


def _wish(kind: str = PIP, languages: str = "", accept: str = "", contexts: str = "") -> Wish:
    return Wish(kind, tuple(contexts.split()), read_languages(languages), read_accept(accept))


def _chosen(links: list[Link], wish: Wish) -> str:
    choice = choose([links], wish)
    match choice:
        case Chosen(link=link):
            return link.title
        case Several(links=several):
            return " or ".join(link.title for link in several)
    return ""


EN, ZH, ANY = _link("en", languages="en"), _link("zh", languages="zh-hans"), _link("any")


@pytest.mark.parametrize(
    ("links", "wish", "title"),
    [
        ([EN, ZH], _wish(languages="zh-CN"), "zh"),
        ([EN, ZH, ANY], _wish(languages="fr"), "any"),  # a link without the attribute is second best
        ([EN, ZH, ANY], _wish(), "any"),
        ([EN, ZH, ANY], _wish(languages="*"), "any"),
        ([EN, ZH], _wish(languages="fr"), "en or zh"),  # what nobody meets is no criterion
        ([EN, ZH], _wish(), "en or zh"),
        ([EN, _link("zh", languages="zh")], _wish(languages="en, zh"), "en or zh"),  # as welcome as each other
        ([_link("cn", contexts="CN"), _link("eu", contexts="EU UK")], _wish(contexts="UK"), "eu"),
        ([_link("cn", contexts="CN"), ANY], _wish(contexts="US"), "any"),
        ([_link("cn", contexts="CN"), ANY], _wish(contexts="CN"), "cn"),
        ([_link("html", media_type="text/html"), _link("pdf", media_type="application/pdf")], _wish(accept="text/*"), "html"),
        ([_link("html", media_type="text/html"), ANY], _wish(accept="image/png, */*;q=0.1"), "any"),
        # Context goes before language, language before media type.
        ([_link("a", languages="en", contexts="CN"), _link("b", languages="zh")], _wish(languages="zh", contexts="CN"), "a"),
        (
            [_link("a", languages="en", media_type="text/html"), _link("b", languages="zh", media_type="image/png")],
            _wish(languages="zh", accept="text/html"),
            "b",
        ),
        ([_link("same", languages="en"), _link("same", languages="zh")], _wish(), "same"),  # one target is no choice
        ([_link("a", languages="en"), _link("a", languages="zh"), _link("b", languages="zh")], _wish(languages="zh"), "a or b"),
    ],
)
def test_the_best_link(links: list[Link], wish: Wish, title: str):
    """By context, language and media type, in this order."""
    assert _chosen(links, wish) == title


def test_the_finest_level_that_has_the_type_counts():
    """Even where a coarser one fits better."""
    choice = choose([[_link("other", link_type("gs1:dpp"))], [EN], [ZH]], _wish(languages="zh"))

    assert (choice.link, choice.level) == (EN, 1)


def test_no_level_has_the_type():
    """That is told with the type."""
    choice = choose([[EN]], _wish(link_type("gs1:dpp")))

    assert isinstance(choice, Nothing)
    assert "gs1:dpp" in choice.why


MULTI_EN, MULTI_ZH = _link("m-en", DEFAULT_MULTI, "en"), _link("m-zh", DEFAULT_MULTI, "zh")
SINGLE, OTHER = _link("single", DEFAULT), _link("other", DEFAULT)


@pytest.mark.parametrize(
    ("levels", "languages", "title"),
    [
        ([[SINGLE, MULTI_EN, MULTI_ZH]], "zh", "m-zh"),
        ([[SINGLE, MULTI_EN, MULTI_ZH]], "", "single"),
        ([[SINGLE, MULTI_EN, MULTI_ZH]], "fr", "single"),
        ([[SINGLE, MULTI_EN, MULTI_ZH]], "en, zh", "single"),  # several are left
        ([[SINGLE, MULTI_EN, _link("m", DEFAULT_MULTI)]], "", "single"),  # nothing in the request says more
        ([[MULTI_EN, MULTI_ZH]], "zh", "m-zh"),
        ([[OTHER], [SINGLE, MULTI_EN, MULTI_ZH]], "zh", "other"),  # a finer level has its own
        ([[EN], [SINGLE, MULTI_EN, MULTI_ZH]], "zh", "m-zh"),
    ],
)
def test_the_default(levels: list[list[Link]], languages: str, title: str):
    """Of the finest level that has one; by language where that leaves exactly one."""
    choice = choose(levels, _wish("", languages))

    assert isinstance(choice, Chosen)
    assert choice.link.title == title


def test_defaults_by_language_alone_may_leave_a_choice():
    """Where there is no default to fall back on."""
    assert isinstance(choose([[MULTI_EN, MULTI_ZH]], _wish("")), Several)


def test_the_rule_is_told():
    """For who asks why."""
    choice = choose([[EN, ZH]], _wish(languages="zh"))

    assert choice.why == "the link of type gs1:pip by language"


_LINKS = st.lists(
    st.builds(
        _link,
        st.sampled_from("abcd"),
        languages=st.sampled_from(["", "en", "zh", "en zh"]),
        media_type=st.sampled_from(["", "text/html", "application/json"]),
        contexts=st.sampled_from(["", "CN", "EU CN"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(
    _LINKS,
    st.sampled_from(["", "en", "zh;q=0.5, en;q=0.1", "*"]),
    st.sampled_from(["", "text/html", "application/json, */*;q=0.1"]),
    st.sampled_from(["", "CN"]),
)
def test_the_order_of_the_links_decides_nothing(links, languages, accept, contexts):
    """The same links in any order give the same answer."""
    wish = _wish(languages=languages, accept=accept, contexts=contexts)
    answers = {tuple(sorted(_chosen(list(order), wish).split(" or "))) for order in itertools.permutations(links)}

    assert len(answers) == 1
