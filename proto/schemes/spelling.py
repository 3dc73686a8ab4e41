"""How people spell numbers: blanks, lower case, full-width digits of Chinese input methods, letters taken for digits.

Blanks at the ends, invisible characters, full-width forms and typographic dashes are put right (the latter two with a
warning, `identifiers.md` §1); a letter O for a digit 0 is only pointed out, because correcting it would be guessing.
"""

from __future__ import annotations

from idis.proto.identifier import fold

FULL_WIDTH_WARNING = "full-width characters or typographic dashes were read as their plain forms"

_INVISIBLE = "\u200b\u200c\u200d\ufeff"
_ENDS = " \t\r\n\f\v\u00a0\u3000" + _INVISIBLE
_PLAIN: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN |= dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_PLAIN[0x3000] = " "
_DIGIT_LOOKALIKES = {"O": "0", "I": "1", "L": "1", "Q": "0"}


def tidy(text: str, *, fold_case: bool = True) -> tuple[str, tuple[str, ...]]:
    """The text without blanks at its ends, in plain characters and (usually) ASCII upper case; and the warnings due."""
    if text.isascii():
        text = text.strip()
        return (text.upper() if fold_case else text), ()
    trimmed = text.strip(_ENDS)
    plain = trimmed.translate(_PLAIN)
    warnings = () if plain == trimmed else (FULL_WIDTH_WARNING,)
    return (fold(plain) if fold_case else plain), warnings


def tidy_compact(text: str) -> tuple[str, tuple[str, ...]]:
    """As `tidy`, and without the blanks and hyphens that divide printed groups."""
    plain, warnings = tidy(text)
    if " " in plain or "-" in plain:
        plain = plain.replace(" ", "").replace("-", "")
    return plain, warnings


def digit_hint(text: str) -> str:
    """A half sentence that names the first letter easily taken for a digit, to follow a message; empty without one."""
    for position, character in enumerate(text, start=1):
        if digit := _DIGIT_LOOKALIKES.get(character):
            return f"; the letter {character} at place {position} may be meant as the digit {digit}"
    return ""
