"""The looks: readable by people who see little, in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from idis.resolver.web.landing.style import STYLE

CONTRAST_MIN = 4.5  # WCAG 2.2, AA, for text of the usual size
LIGHT, DARK = (dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", rule)) for rule in re.findall(r":root\{([^}]*)\}", STYLE)[:2])

# Text on what is behind it.
PAIRS = [
    ("ink", "paper"),
    ("ink", "card"),
    ("quiet", "paper"),
    ("quiet", "card"),
    ("link", "paper"),
    ("link", "card"),
    ("good", "card"),
    ("good", "goodp"),
    ("doubt", "card"),
    ("doubt", "doubtp"),
    ("bad", "card"),
    ("bad", "badp"),
    ("ink", "doubtp"),
    ("ink", "badp"),
    ("link", "doubtp"),
    ("#fff", "stop"),
    ("#fff", "head"),
]


def luminance(colour: str) -> float:
    """Of #rgb or #rrggbb, relative, by WCAG."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, {**LIGHT, **DARK}], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(colours, text, ground):
    """By the usual measure."""
    lighter, darker = sorted((luminance(colours.get(name, name)) for name in (text, ground)), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= CONTRAST_MIN
