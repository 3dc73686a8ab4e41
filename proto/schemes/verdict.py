"""What a scheme says about a text: whether it is one of its numbers, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one scheme.

    Attributes:
        scheme: short name of the scheme: 'imo', 'vin', …
        ok: whether grammar and check digit are right.
        canonical: the one spelling to store and compare; when not ok, the tidied text.
        expected: the check character(s) that would be right; empty when they are, or when there are none.
        message: one sentence for a person, empty when ok.
        warnings: sentences about things accepted all the same.
    """

    scheme: str
    ok: bool
    canonical: str
    expected: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
