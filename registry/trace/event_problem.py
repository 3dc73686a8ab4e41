"""What is wrong with an event, or worth a look: where, by which rule, in words (`tracing.md` §4.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

SHOWN_CHARACTERS_MAX = 120  # of a value that a message quotes


class Severity(Enum):
    """Whether a problem keeps the event out."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Attributes:
        pointer: where, as a JSON pointer (RFC 6901) into the event, or into the document once `below` placed it there.
        rule: its short name, stable, for programs.
        message: one sentence for people: what is wrong and what to write instead.
        severity: an error keeps the event out, a warning does not.
    """

    pointer: str
    rule: str
    message: str
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether it keeps the event out."""
        return self.severity is Severity.ERROR

    def below(self, pointer: str) -> Problem:
        """The same problem, seen from the document that holds the event at a pointer."""
        return replace(self, pointer=pointer + self.pointer)


@dataclass(frozen=True, slots=True)
class EventProblem:
    """An event that could not be read, or a document that could not.

    Attributes:
        index: which event of the document, from 0; None for the document itself, of which nothing more is read then.
        problems: at least one error.
    """

    index: int | None
    problems: tuple[Problem, ...]


def warning(pointer: str, rule: str, message: str) -> Problem:
    """A problem that keeps nothing out."""
    return Problem(pointer, rule, message, Severity.WARNING)


def shown(text: object) -> str:
    """A value as a message quotes it: on one line, printable, of bounded length."""
    quoted = repr(str(text)[: SHOWN_CHARACTERS_MAX + 1])
    return quoted if len(quoted) <= SHOWN_CHARACTERS_MAX else f"{quoted[:SHOWN_CHARACTERS_MAX]}…"


def step(name: str | int) -> str:
    """One step of a JSON pointer (RFC 6901 §3)."""
    return "/" + (str(name).replace("~", "~0").replace("/", "~1") if isinstance(name, str) else str(name))
