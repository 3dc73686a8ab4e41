"""What a client would rather have: Accept and Accept-Language with their weights (RFC 9110 §12, RFC 4647).

Nothing a client sends is an error here: what cannot be read is passed over, and a header that says nothing is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

RANGES_MAX = 64  # of one header; browsers send about eight
REMEMBERED_MAX = 1_024  # different headers; the same browsers send the same ones

_MEDIA_RANGE = re.compile(r"(\*|[\w!#$&^.+-]+)/(\*|[\w!#$&^.+-]+)", re.ASCII)
_LANGUAGE_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

# Where a region says which script is read there: readers of zh-CN and of zh-Hans are the same people.
_SCRIPTS = {
    **dict.fromkeys(("zh-cn", "zh-sg", "zh-my"), "zh-hans"),
    **dict.fromkeys(("zh-tw", "zh-hk", "zh-mo"), "zh-hant"),
}


@dataclass(frozen=True, slots=True)
class Fit:
    """How well something fits a header; the greater the better.

    Attributes:
        tier: 0 not at all, 1 only because anything does (`*`), 2 by name.
        weight: that the client gives it, 0 to 1.
        closeness: how much of a name agrees.
    """

    tier: int = 0
    weight: float = 0.0
    closeness: int = 0

    @property
    def rank(self) -> tuple[int, float, int]:
        """To compare by."""
        return self.tier, self.weight, self.closeness


NO_FIT = Fit()


@dataclass(frozen=True, slots=True)
class MediaTypes:
    """An Accept header: media ranges with their weights; `preferred` are the types named that no other one is wanted before."""

    ranges: tuple[tuple[str, str, float], ...] = ()
    preferred: frozenset[str] = frozenset()

    @property
    def says_nothing(self) -> bool:
        """Whether everything is as welcome as anything else."""
        return all(main == "*" for main, _, _ in self.ranges)

    def fit(self, media_type: str) -> Fit:
        """How welcome a media type is: by the range that names it best."""
        wanted_main, _, wanted_sub = media_type.partition("/")
        best = -1
        found = NO_FIT
        for main, sub, weight in self.ranges:
            if main == wanted_main and sub == wanted_sub:
                closeness = 2
            elif main == wanted_main and sub == "*":
                closeness = 1
            elif main == "*":
                closeness = 0
            else:
                continue
            if closeness > best:
                best, found = closeness, Fit(2 if closeness else 1, weight, closeness)
        return found if found.weight > 0 else NO_FIT

    def prefers(self, media_type: str) -> bool:
        """Whether it is named, and nothing else that is named is wanted more."""
        return media_type in self.preferred


@dataclass(frozen=True, slots=True)
class Languages:
    """An Accept-Language header: language ranges, in labels, with their weights."""

    ranges: tuple[tuple[tuple[str, ...], float], ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether no language is named."""
        return all(labels == ("*",) for labels, _ in self.ranges)

    def fit(self, tag: str) -> Fit:
        """How welcome a language is: a range fits what lies within it, what it lies within, and the language it is of."""
        labels = _labels(tag)
        best = NO_FIT
        refused = -1
        for wanted, weight in self.ranges:
            if wanted == ("*",):
                found = Fit(1, weight)
            elif wanted[0] != labels[0]:
                continue
            else:
                common = next((at for at, (one, other) in enumerate(zip(wanted, labels, strict=False)) if one != other), None)
                agreeing = min(len(wanted), len(labels)) if common is None else common
                # 2 for the same, 1 for one within the other, 0 for two kinds of one language.
                found = Fit(2, weight, 4 * agreeing + (2 if wanted == labels else int(common is None)))
            if not weight:
                refused = max(refused, found.closeness)
            elif (found.closeness, found.weight) > (best.closeness, best.weight):
                best = found
        return best if best.closeness > refused else NO_FIT


ANY_MEDIA_TYPE, ANY_LANGUAGE = MediaTypes(), Languages()


@lru_cache(REMEMBERED_MAX)
def read_accept(header: str) -> MediaTypes:
    """Read an Accept header; an empty one says nothing."""
    ranges = []
    for name, weight in _items(header):
        match = _MEDIA_RANGE.fullmatch(name)
        if match is not None and (match[1] != "*" or match[2] == "*"):
            ranges.append((match[1].lower(), match[2].lower(), weight))
    most = max((weight for main, _, weight in ranges if main != "*"), default=0.0)
    first = frozenset(f"{main}/{sub}" for main, sub, weight in ranges if weight == most > 0 and sub != "*")
    return MediaTypes(tuple(ranges), first)


@lru_cache(REMEMBERED_MAX)
def read_languages(header: str) -> Languages:
    """Read an Accept-Language header; an empty one says nothing."""
    return Languages(tuple((_labels(name), weight) for name, weight in _items(header) if _LANGUAGE_RANGE.fullmatch(name)))


def _items(header: str) -> list[tuple[str, float]]:
    """Names with their weights; an item whose weight cannot be read is passed over."""
    found = []
    for item in header.split(",", RANGES_MAX)[:RANGES_MAX]:
        name, *parameters = (part.strip(" \t") for part in item.split(";"))
        texts = [text for key, _, text in (part.partition("=") for part in parameters) if key.strip().lower() == "q"]
        text = texts[0].strip() if texts else "1"
        if name and _WEIGHT.fullmatch(text):
            found.append((name, float(text)))
    return found


@lru_cache(REMEMBERED_MAX)
def _labels(tag: str) -> tuple[str, ...]:
    """A tag in small letters, label by label, with the script that its region says."""
    text = tag.lower()
    script = _SCRIPTS.get(text)
    return tuple((script + text[2:] if script else text).split("-"))
