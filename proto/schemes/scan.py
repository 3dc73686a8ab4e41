"""A text as it comes from a scanner or a clipboard, made ready for the recognisers (`identifiers.md` §1).

Blanks and invisible characters at its ends are dropped, nothing inside is. The visible spellings that scanner programs
use for control characters become those characters, but only beside the text as it came: `<GS>` may also be part of a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.errors import IdisError
from idis.proto.schemes.spelling import FULL_WIDTH_WARNING as FULL_WIDTH_WARNING
from idis.proto.schemes.spelling import tidy

SCAN_BYTES_MAX = 4_096  # the longest symbol, a QR code of version 40, holds 2,953 octets

GS = "\x1d"  # ends a field
RS = "\x1e"  # ends a header or a format
EOT = "\x04"  # ends a message

_ENDS = " \t\r\n\f\v\u00a0\u3000\u200b\u200c\u200d\ufeff"
_VISIBLE = re.compile(r"␝|<GS>|\{GS\}|\\x1[dD]|␞|<RS>|\{RS\}|\\x1[eE]|␄|<EOT>|\{EOT\}|\\x04")
_CONTROLS = {"G": GS, "R": RS, "E": EOT, "␝": GS, "␞": RS, "␄": EOT}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NAMES = {GS: "␝", RS: "␞", EOT: "␄"}


class ScanError(IdisError, ValueError):
    """A text that is no scan at all: empty, too long, or with a control character that no code uses."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A text in both its readings.

    Attributes:
        text: as it came, without what stands around it; empty when it holds control characters and so is no name.
        coded: with its visible control characters made real; the same as `text` where it has none.
    """

    text: str
    coded: str

    @property
    def has_controls(self) -> bool:
        """Whether it has the separators of a coded symbol."""
        return self.coded != self.text


def read_scan(text: str) -> Scan:
    """Make a text ready.

    Raises:
        ScanError: see there.
    """
    plain = text.strip() if text.isascii() else text.strip(_ENDS)
    if text.startswith(GS):  # white space to Python, the sign of GS1 data to a scanner
        plain = GS + plain
    if not plain:
        raise ScanError("the text is empty")
    if len(plain) > SCAN_BYTES_MAX or len(plain.encode("utf-8", "surrogatepass")) > SCAN_BYTES_MAX:
        raise ScanError(f"the text is longer than {SCAN_BYTES_MAX} octets")
    coded = _VISIBLE.sub(_control_of, plain)
    control = None if plain.isprintable() else _CONTROL.search(plain)
    if control is None:
        return Scan(plain, coded)
    if strange := next((found for found in _CONTROL.findall(plain) if found not in _NAMES), None):
        raise ScanError(f"the text holds the control character U+{ord(strange):04X}")
    return Scan("", coded)


def plain_forms(text: str) -> str:
    """The text with full-width characters and typographic dashes in their plain forms."""
    return tidy(text, fold_case=False)[0]


def shown_controls(text: str) -> str:
    """The text with its separators as visible signs: ␝ ␞ ␄."""
    return "".join(_NAMES.get(character, character) for character in text)


def _control_of(match: re.Match[str]) -> str:
    spelled = match[0]
    if spelled[0] == "\\":
        return chr(int(spelled[2:], 16))
    return _CONTROLS[spelled[1] if len(spelled) > 1 else spelled]
