"""What a check says about a row: findings, and the two ends a validation can take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from idis.registry.record import Record


class Severity(StrEnum):
    """Whether a finding keeps the row out."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one field, said so that nobody needs a manual.

    Attributes:
        field: english name of the field, or the column's heading when no field has that name.
        value: the offending text, shortened; empty when the value is missing.
        rule: short stable name of the rule, such as `above` or `mass-near-volume`.
        message: what is wrong, one sentence without a full stop.
        advice: what to do next.
        severity: a warning is reported and the row is stored; an error keeps it out.
    """

    field: str
    value: str
    rule: str
    message: str
    advice: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        shown = f"{self.field} {self.value!r}" if self.value else self.field
        advice = f"; {self.advice}" if self.advice else ""
        return f"{shown}: {self.message} [{self.rule}]{advice}"


@dataclass(frozen=True, slots=True)
class Valid:
    """The row may be stored: the record it makes, and what should be looked at all the same."""

    record: Record
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Invalid:
    """The row is kept out whole; `findings` holds at least one error, and the warnings beside it."""

    findings: tuple[Finding, ...]
