"""Which language a reader gets, and the address of the other one."""

from __future__ import annotations

import pytest

from idis.resolver.web.landing.language import Language, Words, reader_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh-CN;q=0.8", "en"),
        ("en;q=0.5, zh-Hans;q=0.8", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("de,zh;q=0.1", "zh"),
        ("en;q=elf,zh;q=0.2", "zh"),
    ],
)
def test_the_language_follows_the_weights_of_the_header(header, language):
    """The heavier of the two; others get English; whoever names none gets Chinese."""
    assert reader_of(header, "/88.118.8/A1", {}).language is Language(language)


@pytest.mark.parametrize(("asked", "language"), [("en", "en"), ("EN-us", "en"), ("zh-CN", "zh"), ("fr", "zh"), ("", "zh")])
def test_the_parameter_goes_before_the_header(asked, language):
    """`lang` is the reader's own choice; one that is not there changes nothing."""
    assert reader_of("zh", "/88.118.8/A1", {"lang": asked}).language is Language(language)


def test_the_switch_keeps_the_other_parameters():
    """Only the language changes, and everything stays encoded."""
    reader = reader_of("zh", "/88.118.8/A1", {"lang": "zh", "a": "1&lang=zh", "b": "<x>"})

    assert reader.switched() == "/88.118.8/A1?a=1%26lang%3Dzh&b=%3Cx%3E&lang=en"


def test_one_language_serves_for_both():
    """A text without English is shown as it is, and the other way round."""
    assert Words("钢板").of(Language.ENGLISH) == "钢板"
    assert Words("", "plate").of(Language.CHINESE) == "plate"
