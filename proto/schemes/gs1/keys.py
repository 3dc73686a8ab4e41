"""GS1 keys: what elements identify, how fine, which coarser things they belong to, and whose they are.

The identity is a key with at most one qualifier. A serial number makes an item, whatever lot it is of; a lot makes a lot; the lot
of an item and the consumer variant (AI 22) of either are facts about it and no identity. A path is the key and its qualifiers in
their legal order, as a Digital Link has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idis.proto.schemes.gs1.application_identifiers import KEYS
from idis.proto.schemes.gs1.elements import Elements, Gs1Error
from idis.proto.schemes.recognised import Granularity, RouteKey

PREFIX_DIGITS_MAX = 12  # the longest company prefix

# Digits of a company prefix to the length of it, by longest match: {"690123": 7} says 690123… has prefixes of 7 digits.
PrefixLengths = Mapping[str, int]

NO_PREFIXES: PrefixLengths = {}

# The qualifiers that make a level of their own, finest first.
_LEVELS: dict[str, tuple[str, ...]] = {
    "01": ("235", "21", "10", "22"),
    "8006": ("21", "10", "22"),
    "414": ("254",),
    "415": ("8020",),
    "8010": ("8011",),
}
_NO_IDENTITY = "22"  # a level to look for links at, but not another thing

_GRANULARITY = {
    "00": Granularity.LOGISTIC_UNIT,
    "01": Granularity.CLASS,
    "253": Granularity.DOCUMENT,
    "255": Granularity.DOCUMENT,
    "401": Granularity.LOGISTIC_UNIT,
    "402": Granularity.LOGISTIC_UNIT,
    "414": Granularity.LOCATION,
    "415": Granularity.PARTY,
    "417": Granularity.PARTY,
    "8003": Granularity.CLASS,
    "8004": Granularity.ITEM,
    "8006": Granularity.CLASS,
    "8010": Granularity.CLASS,
    "8013": Granularity.CLASS,
    "8017": Granularity.PARTY,
    "8018": Granularity.PARTY,
}
_GRANULARITY_OF_QUALIFIER = {
    "21": Granularity.ITEM,
    "235": Granularity.ITEM,
    "8011": Granularity.ITEM,
    "10": Granularity.LOT,
    "254": Granularity.LOCATION,
    "8020": Granularity.DOCUMENT,
}

# Keys whose own last part is a serial number, and the characters before it.
_CLASS_CHARACTERS = {"253": 13, "255": 13, "8003": 14}

# Where the company prefix begins: behind the indicator of a trade item, the extension digit of an SSCC, the zero of a GRAI.
_PREFIX_AT = {"00": 1, "01": 1, "8003": 1, "8006": 1}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a path identifies.

    Attributes:
        path: the key, and the qualifier that makes it finer.
        levels: paths to look for records at, finest first; the first is `path`, or the consumer variant that `path` is told with.
        granularity: what kind of thing it is.
        facts: qualifiers that are said of it and are not its identity: the lot of an item, its variant.
    """

    path: Elements
    levels: tuple[Elements, ...]
    granularity: Granularity
    facts: Elements


def identity(path: Elements) -> Identity:
    """What a path identifies. The path begins with a primary key; all values are right."""
    key = path[0]
    code, value = key
    base: Elements = (key,)
    if len(path) == 1 and code not in _CLASS_CHARACTERS:
        return Identity(base, (base,), _GRANULARITY[code], ())
    values = dict(path)
    levels: list[Elements] = [(key, (name, values[name])) for name in _LEVELS.get(code, ()) if name in values]
    levels.append(base)
    finest = levels[0] if levels[0][-1][0] != _NO_IDENTITY else base
    granularity = _GRANULARITY_OF_QUALIFIER.get(finest[-1][0]) or _GRANULARITY[code]
    class_characters = _CLASS_CHARACTERS.get(code)
    if class_characters is not None and len(value) > class_characters:
        levels.append(((code, value[:class_characters]),))
        if code == "8003":
            granularity = Granularity.ITEM
    facts = () if len(path) == len(finest) else tuple([element for element in path if element not in finest])
    return Identity(finest, tuple(levels), granularity, facts)


def divide(elements: Elements) -> tuple[Elements, Elements]:
    """Elements as a path and attributes: the first primary key, its qualifiers in their order, and the rest as given.

    Of alternative orders of qualifiers the one with most of them present counts, the first of equals.

    Raises:
        Gs1Error: no primary key among them.
    """
    values = dict(elements)
    key = next((code for code, _ in elements if code in KEYS), None)
    if key is None:
        raise Gs1Error("there is no primary key among the elements")
    orders = KEYS[key].qualifiers or ((),)
    best = max(orders, key=lambda order: sum(code in values for code in order))
    chosen = [key, *(code for code in best if code in values)]
    path = tuple((code, values[code]) for code in chosen)
    return path, tuple((code, value) for code, value in elements if code not in chosen)


def company_digits(code: str, value: str) -> str:
    """The digits of a key that begin with its company prefix, at most `PREFIX_DIGITS_MAX`."""
    start = _PREFIX_AT.get(code, 0)
    digits = value[start : start + PREFIX_DIGITS_MAX]
    if digits.isdigit():
        return digits
    return digits[: len(digits) - len(digits.lstrip("0123456789"))]


def company_prefix_digits(digits: str, prefix_lengths: PrefixLengths) -> int | None:
    """How many of the digits are the company prefix, by the longest entry that they begin with; None when no entry does."""
    if not prefix_lengths:
        return None
    for length in range(min(len(digits), PREFIX_DIGITS_MAX), 0, -1):
        found = prefix_lengths.get(digits[:length])
        if found is not None:
            return found
    return None


def route(code: str, value: str) -> RouteKey:
    """By what a key is routed: the digits that begin with its company prefix, for prefixes and ranges of any length."""
    return RouteKey("GS1", company_digits(code, value))
