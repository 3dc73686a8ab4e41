"""What a mapping reads: a record by its texts, and the records it refers to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from idis.proto.identifier import ancestors, fold
from idis.registry.pilots.mapping.patterns import PATTERNS, fits

Document = dict[str, Any]
Texts = Mapping[str, str]
Look = Callable[[str], Texts | None]  # the texts of another record, None for one that is not here


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record or document cannot be mapped: where, and what to do."""

    pointer: str
    text: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.text}"


@dataclass(slots=True)
class Source:
    """A record on its way out, and the faults met so far.

    `partners`: business partner numbers by folded prefix, for things of enterprises whose records are not here.
    """

    identifier: str
    code: str
    texts: Texts
    look: Look
    faults: list[Fault] = field(default_factory=list)
    partners: Mapping[str, str] = field(default_factory=dict)

    def need(self, name: str) -> str:
        """A text that must be there."""
        text = self.texts.get(name, "")
        if not text:
            self.faults.append(Fault(name, f"{self.identifier} has no {name}, or it is not public"))
        return text

    def json(self, name: str) -> Any:
        """A list or object; None where it is absent."""
        text = self.texts.get(name)
        return None if text is None else json.loads(text)

    def number(self, name: str) -> int | float | None:
        """A number as JSON has it."""
        text = self.texts.get(name)
        return None if text is None else plain_number(text)

    def items(self, name: str) -> tuple[str, ...]:
        """The texts of a list."""
        found = self.json(name)
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def party(self, name: str) -> str:
        """The business partner number of the organisation a field names; a fault where there is none."""
        reference = self.texts.get(name) or self.texts.get("producer", "")
        found = self.look(reference) if reference else None
        number = "" if found is None else found.get("bpn", "")
        return self.checked("bpnl", number or self.partner(reference), f"{name} {reference}: give that organisation its bpn")

    def partner(self, identifier: str) -> str:
        """The business partner number by the prefix of a thing; empty where none was told."""
        prefix = fold(identifier.partition("/")[0])
        return next((self.partners[above] for above in ancestors(prefix) if above in self.partners), "")

    def checked(self, pattern: str, text: str, where: str) -> str:
        """A text that must obey a pattern."""
        if not fits(pattern, text):
            self.faults.append(Fault(where, f"{text!r} is not {PATTERNS[pattern][1]}"))
        return text


def plain_number(text: str) -> int | float:
    """A stored number as JSON has it."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def without_nothing(document: Document) -> Document:
    """The members that say something."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {})}
