"""The languages of the pages, and which one a reader gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlencode

from idis.resolver.web.links.preferences import read_languages

PARAMETER = "lang"  # of a page's address, for who wants the other language


class Language(Enum):
    """A language by its short name."""

    CHINESE = "zh"
    ENGLISH = "en"

    @property
    def tag(self) -> str:
        """As `lang` attributes and Content-Language have it."""
        return "zh-CN" if self is Language.CHINESE else "en"

    @property
    def other(self) -> Language:
        """The one to switch to."""
        return Language.ENGLISH if self is Language.CHINESE else Language.CHINESE


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at a page.

    Attributes:
        language: of the page.
        chosen: whether he asked for it by `lang`, so that links to other pages of this node ask for it too.
        path: of the page, percent-encoded, without parameters.
        parameters: of the page, but for `lang`.
    """

    language: Language
    chosen: bool = False
    path: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    def switched(self) -> str:
        """The address of the same page in the other language."""
        pairs = (*self.parameters, (PARAMETER, self.language.other.value))
        path = quote(self.path, safe="%/:@!$&'()*+,;=~", errors="replace")
        return f"{path}?{urlencode(pairs, quote_via=quote, safe='', errors='replace')}"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages; without the English one, the Chinese serves for both, and the other way round."""

    zh: str
    en: str = ""

    def of(self, language: Language) -> str:
        """The text in a language."""
        return (self.zh or self.en) if language is Language.CHINESE else (self.en or self.zh)


NO_WORDS = Words("")


def reader_of(accept_language: str, path: str, parameters: Mapping[str, str]) -> Reader:
    """Who looks, by his header and by the parameters of the page's address."""
    others = tuple((name, text) for name, text in parameters.items() if name != PARAMETER)
    for language in Language:
        if parameters.get(PARAMETER, "").lower().split("-")[0] == language.value:
            return Reader(language, True, path, others)
    return Reader(preferred(accept_language), False, path, others)


def preferred(accept_language: str) -> Language:
    """The language a header asks for. Whoever names neither, but others, gets English; whoever names none, Chinese."""
    languages = read_languages(accept_language)
    chinese, english = languages.fit(Language.CHINESE.value), languages.fit(Language.ENGLISH.value)
    if languages.says_nothing or (chinese.tier, chinese.weight) > (english.tier, english.weight):
        return Language.CHINESE
    return Language.ENGLISH
