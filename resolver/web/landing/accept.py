"""What a client would rather have: Accept headers with their q-values (RFC 9110 §12.5)."""

from __future__ import annotations

import re

HEADER_CHARACTERS_MAX = 2_048  # what is longer is cut: no honest client has so many wishes
RANGES_MAX = 32

_HTML = ("text/html", "application/xhtml+xml")
_JSON = "application/json"
_Q = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def ranges_of(header: str) -> list[tuple[str, float]]:
    """The ranges a header names, in small letters and in its order, each with its weight; what cannot be read weighs nothing."""
    ranges = []
    for part in header[:HEADER_CHARACTERS_MAX].split(",")[:RANGES_MAX]:
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        if name:
            ranges.append((name, _weight(parameters)))
    return ranges


def wants_page(accept: str) -> bool:
    """Whether a client rather has a page than JSON: it names HTML, and not JSON before it. `*/*` names nothing."""
    page = json = 0.0
    for name, weight in ranges_of(accept):
        if name in _HTML and weight > max(page, json):
            page = weight
        elif name == _JSON or name.endswith("+json"):
            json = max(json, weight)
    return page > 0 and page >= json


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name.strip() == "q":
            text = text.strip()
            return float(text) if _Q.fullmatch(text) else 0.0
    return 1.0
