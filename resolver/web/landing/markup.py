"""Anything at all as harmless HTML: escaped, bounded, invisible characters made visible, links only where they lead to a page."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

from idis.resolver.web.landing.language import Language

TEXT_CHARACTERS_MAX = 1_000  # of one text; a screen full on a phone, and nobody reads on
HREF_CHARACTERS_MAX = 2_000

# Characters that nobody sees, and that change how others are read: controls, marks and overrides of direction, characters
# without width, tags, halves of surrogate pairs, separators of lines.
_UNSEEN = re.compile(
    "[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z]{2}")
# A name and a password before the host have misled enough people.
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#].*)?|https?://\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?(?:[/?#].*)?")
_PATH = re.compile(r"/(?![/\\]).*")
_KEPT = "%/?#[]@!$&()*+,;=:~"  # beside what never needs an escape


def text(words: str) -> str:
    """A text as HTML: escaped, cut at `TEXT_CHARACTERS_MAX`, what nobody would see spelled as its code point."""
    cut = words if len(words) <= TEXT_CHARACTERS_MAX else f"{words[:TEXT_CHARACTERS_MAX]}…"
    escaped = escape(cut, quote=True)
    return escaped if cut.isascii() and cut.isprintable() else _UNSEEN.sub(_code_point, escaped)


def told(words: str, language: Language) -> str:
    """A stranger's text as HTML: as `text`, set apart from its surroundings' direction, in its own language."""
    tag = language_of(words)
    attribute = f' lang="{tag}"' if tag and tag != language.value else ""
    return f"<bdi{attribute}>{text(words)}</bdi>"


def language_of(words: str) -> str:
    """The language a text is probably in: zh, en, or empty."""
    if not words.isascii() and _HAN.search(words, 0, TEXT_CHARACTERS_MAX):
        return "zh"
    return "en" if _LATIN.search(words, 0, TEXT_CHARACTERS_MAX) else ""


def href(address: str) -> str:
    """The address as the value of an attribute; empty when a page must not lead there."""
    if len(address) > HREF_CHARACTERS_MAX or _UNSEEN.search(address) or not (_WEB.fullmatch(address) or _PATH.fullmatch(address)):
        return ""
    return escape(quote(address, safe=_KEPT), quote=True)


def is_outside(address: str) -> bool:
    """Whether an address leads away from this node."""
    return not address.startswith("/")


def _code_point(match: re.Match[str]) -> str:
    return f"<span class=odd>U+{ord(match[0]):04X}</span>"
