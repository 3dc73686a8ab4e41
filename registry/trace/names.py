"""Names in events: whether a text can name a thing, one of its kind or a whole class (`tracing.md` §4.5).

Any URI and any handle may stand for a thing. Of the two families whose form we know, GS1 keys and handles, a broken one is
refused; of a GS1 key it is also known whether it names one thing or a class of them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.registry.trace.canonical_uri import canonical_uri, check_digit
from idis.registry.trace.event_problem import Problem, shown
from idis.registry.trace.uri import is_uri, plain_handle

NAMES_KEPT = 65_536  # the same containers, places and parties come again and again

_GS1 = "https://id.gs1.org/"
_KEY = re.compile(r"https://id\.gs1\.org/(\d{2,4})/([^/]+)(?:/(\d{2,4})/.+)?", re.DOTALL)
_CHECKED = {
    "00": 18,
    "01": 14,
    "414": 13,
    "417": 13,
    "402": 17,
    "8017": 18,
    "8018": 18,
    "253": 13,
    "255": 13,
    "8003": 14,
    "8006": 14,
}
_CLASS_ALONE = frozenset(("01", "8006", "8010"))  # without a serial they name a class
_SERIAL_BEHIND = {"253": 13, "255": 13, "8003": 14}  # so does a key with nothing behind so many digits
_ONE = frozenset(("21", "235", "8011"))
_BARE_EPC = ("urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:")

_NOTHING, _INSTANCE, _CLASS = 0, 1, 2


def check_name(text: str, pointer: str) -> Problem | None:
    """What is wrong with a name."""
    sentence = "" if plain_handle(text) else _judge(text)[0]
    return Problem(pointer, "uri", sentence) if sentence else None


def check_instance(text: str, pointer: str) -> Problem | None:
    """What is wrong with the name of one thing."""
    if plain_handle(text):
        return None
    sentence, level = _judge(text)
    if sentence:
        return Problem(pointer, "uri", sentence)
    if level == _CLASS:
        return Problem(pointer, "level", f"{shown(text)} names a class or lot: put it into the quantity list")
    return None


def check_class(text: str, pointer: str) -> Problem | None:
    """What is wrong with the name of a class or lot."""
    sentence, level = _judge(text)
    if sentence:
        return Problem(pointer, "uri", sentence)
    if level == _INSTANCE:
        return Problem(pointer, "level", f"{shown(text)} names one thing: put it into the list of EPCs")
    return None


@lru_cache(NAMES_KEPT)
def _judge(text: str) -> tuple[str, int]:
    """A sentence about what is wrong; whether it names one thing or a class, where that is known."""
    if ":" not in text or text.startswith(("hdl:", "doi:")):
        try:
            parsed = parse_identifier(text.partition(":")[2].removeprefix("//") if ":" in text else text)
        except IdentifierError as error:
            return f"{shown(text)} is neither a URI nor an identifier: {error}", _NOTHING
        return ("" if parsed.suffix else f"{shown(text)} is neither a URI nor an identifier below a prefix"), _NOTHING
    if not is_uri(text):
        return f"{shown(text)} is no URI", _NOTHING
    canonical = canonical_uri(text)
    if canonical == text and text.startswith(_BARE_EPC):
        return f"{shown(text)} is no EPC: its parts do not have the right lengths", _NOTHING
    match = _KEY.fullmatch(canonical)
    if match is None:
        return "", _NOTHING
    key, value, qualifier = match.groups()
    length = _CHECKED.get(key)
    # Other hosts may have paths that only look like keys.
    if length is not None and (text.startswith((_GS1, "urn:"))) and value[:length].isdecimal():
        if len(value) < length:
            return f"{shown(text)} is no GS1 key: AI ({key}) has {length} digits", _NOTHING
        expected = check_digit(value[: length - 1])
        if value[length - 1] != expected:
            return f"the check digit of {shown(text)} is wrong: {value[: length - 1]} ends with {expected}", _NOTHING
    if key in _CLASS_ALONE:
        return "", _INSTANCE if qualifier in _ONE else _CLASS
    if key in _SERIAL_BEHIND:
        return "", _INSTANCE if len(value) > _SERIAL_BEHIND[key] else _CLASS
    return "", _INSTANCE
