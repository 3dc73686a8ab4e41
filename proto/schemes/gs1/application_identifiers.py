"""GS1 application identifiers: what each number in brackets means, how its value is made, and with which others it goes.

The table is made at import of the rows of `dictionary`. A value is judged by one regular expression, whose groups are the
components of its format, and by the linters of those components that say more than the expression. Expressions are compiled when
first needed: all of them would cost an importer some 30 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from idis.proto.schemes.gs1.dictionary import ROWS
from idis.proto.schemes.gs1.linters import LINTERS, PREFIX_DIGITS_MIN, Linter

# How the first two digits tell the length of the number (GS1 General Specifications, 7.8.2), also of numbers not given out yet.
LENGTH_BY_HEAD: dict[str, int] = {
    f"{head:02}": length
    for length, heads in (
        (2, (*range(5), *range(10, 23), 30, 37, *range(90, 100))),
        (3, (23, 24, 25, 40, 41, 42, 71)),
        (4, (*range(31, 37), 39, 43, 70, 72, 80, 81, 82)),
    )
    for head in heads
}

_CLASSES = {
    "N": "[0-9]",
    "X": r"[!\"%&'()*+,./0-9:;<=>?A-Z_a-z-]",  # GS1 encodable character set 82
    "Y": "[#/0-9A-Z-]",  # GS1 encodable character set 39
    "Z": "[A-Za-z0-9_=-]",  # base64url, its padding judged below
}
_COMPONENT = re.compile(r"(?P<open>\[)?(?P<type>[NXYZ])(?P<to>\.\.)?(?P<length>[0-9]+)\]?(?:,(?P<linters>[a-z0-9,]+))?")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a value: characters of one set, so many of them, and what they must be."""

    type: str  # N digits, X set 82, Y set 39, Z base64url
    length_min: int
    length_max: int
    optional: bool
    linters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One application identifier.

    Attributes:
        code: its two to four digits.
        title: the short name printed on labels.
        predefined: its values have a length that its number tells: no separator follows.
        attribute: it may stand in the query of a Digital Link.
        components: the parts of a value, in order.
        requires: each group of alternatives must be met by one of them, all of whose members (`31nn` a pattern) are there too.
        excludes: numbers and patterns that may not be there too.
        qualifiers: for a primary key of Digital Links, the alternative orders of its qualifiers; None when it is no key.
    """

    code: str
    title: str
    predefined: bool
    attribute: bool
    components: tuple[Component, ...]
    requires: tuple[tuple[tuple[str, ...], ...], ...]
    excludes: tuple[str, ...]
    qualifiers: tuple[tuple[str, ...], ...] | None
    _format: _Format = field(repr=False, compare=False)
    _linters: tuple[tuple[int, Linter], ...] = field(repr=False, compare=False)

    @property
    def length_max(self) -> int:
        """Characters of the longest value."""
        return sum(component.length_max for component in self.components)

    @property
    def length_min(self) -> int:
        """Characters of the shortest value."""
        return sum(component.length_min for component in self.components if not component.optional)

    def problem(self, value: str) -> str:
        """What is wrong with a value, as half a sentence; nothing is the empty string."""
        match = self._format.fullmatch(value)
        if match is None:
            return self._misfit(value)
        for group, linter in self._linters:
            part = match[group]
            if part and (problem := linter(part)):
                return problem
        return ""

    def fits(self, value: str) -> bool:
        """Whether length and characters are right, whatever the check digit says."""
        return self._format.fullmatch(value) is not None

    def parts(self, value: str) -> tuple[str, ...]:
        """The components of a value that fits; those left out are empty."""
        match = self._format.fullmatch(value)
        assert match is not None
        return tuple(part or "" for part in match.groups())

    def _misfit(self, value: str) -> str:
        if not value:
            return "has no value"
        if len(value) < self.length_min:
            return f"is too short: {len(value)} of at least {self.length_min} characters"
        if len(value) > self.length_max:
            return f"is too long: {len(value)} of at most {self.length_max} characters"
        return f"does not have the form {' '.join(map(_form, self.components))}"


def find(text: str, at: int = 0) -> ApplicationIdentifier | None:
    """The application identifier that a text of element strings has at a place."""
    length = LENGTH_BY_HEAD.get(text[at : at + 2])
    return None if length is None else TABLE.get(text[at : at + length])


def matches(code: str, pattern: str) -> bool:
    """Whether a number is meant by a pattern of the dictionary, in which letters n behind digits stand for any digit."""
    head = pattern.rstrip("n")
    return head != "" and len(code) == len(pattern) and code.startswith(head)


def _form(component: Component) -> str:
    dots = ".." if component.length_min != component.length_max else ""
    text = f"{component.type}{dots}{component.length_max}"
    return f"[{text}]" if component.optional else text


def _component(word: str) -> Component:
    match = _COMPONENT.fullmatch(word)
    assert match is not None, word
    longest = int(match["length"])
    linters = tuple(match["linters"].split(",")) if match["linters"] else ()
    return Component(match["type"], 1 if match["to"] else longest, longest, match["open"] is not None, linters)


class _Format:
    """The components of a format, and the expression of them, compiled at its first use."""

    __slots__ = ("components", "fullmatch")

    def __init__(self, words: str) -> None:
        self.components = tuple(map(_component, words.split()))
        self.fullmatch: Callable[[str], re.Match[str] | None] = self._first_match

    def _first_match(self, value: str) -> re.Match[str] | None:
        text = ""
        for component in self.components:
            repeat = f"{{{component.length_min},{component.length_max}}}"
            text += f"({_CLASSES[component.type]}{repeat}){'?' if component.optional else ''}"
        self.fullmatch = re.compile(text).fullmatch
        return self.fullmatch(value)


def _base64_padding(text: str) -> str:
    body = text.rstrip("=")
    padding = len(text) - len(body)
    if "=" in body or padding > 2 or (padding and len(text) % 4):
        return "has = where base64 has no padding"
    return ""


def _effective_linters(components: tuple[Component, ...]) -> tuple[tuple[int, Linter], ...]:
    found: list[tuple[int, Linter]] = []
    for group, component in enumerate(components, start=1):
        if component.type == "Z":
            found.append((group, _base64_padding))
        for name in component.linters:
            # Digits in number enough begin with the digits of a company prefix: nothing to judge.
            vacuous = name.startswith(("key", "gcppos")) and component.type == "N" and component.length_min > PREFIX_DIGITS_MIN
            if not vacuous:
                found.append((group, LINTERS[name]))
    return tuple(found)


def _attribute_values(attributes: str, name: str) -> list[str]:
    return [word.removeprefix(name + "=") for word in attributes.split() if word == name or word.startswith(name + "=")]


def _of_row(row: tuple[str, str, str, str, str], form: _Format) -> Iterator[ApplicationIdentifier]:
    codes, flags, _, attributes, title = row
    keys = _attribute_values(attributes, "dlpkey")
    qualifiers: tuple[tuple[str, ...], ...] | None = None
    if keys:
        qualifiers = () if keys == ["dlpkey"] else tuple(tuple(order.split(",")) for order in keys[0].split("|"))
    groups = (groups.split(",") for groups in _attribute_values(attributes, "req"))
    requires = tuple(tuple(tuple(group.split("+")) for group in alternatives) for alternatives in groups)
    excludes = tuple(pattern for patterns in _attribute_values(attributes, "ex") for pattern in patterns.split(","))
    linters = _effective_linters(form.components)
    first, _, last = codes.partition("-")
    for number in range(int(first), int(last or first) + 1):
        code = str(number).zfill(len(first))
        yield ApplicationIdentifier(
            code, title, "*" in flags, "?" in flags, form.components, requires, excludes, qualifiers, form, linters
        )


def _read_rows() -> dict[str, ApplicationIdentifier]:
    formats = {words: _Format(words) for words in {row[2] for row in ROWS}}
    return {ai.code: ai for row in ROWS for ai in _of_row(row, formats[row[2]])}


TABLE: dict[str, ApplicationIdentifier] = _read_rows()

KEYS: dict[str, ApplicationIdentifier] = {code: ai for code, ai in TABLE.items() if ai.qualifiers is not None}
