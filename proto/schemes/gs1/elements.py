"""Elements: application identifiers with their values, judged one by one and together.

Elements are a tuple of (application identifier, value) in the order they were given.
"""

from __future__ import annotations

from collections.abc import Iterable

from idis.proto.errors import IdisError
from idis.proto.schemes import gmn, mod10
from idis.proto.schemes.gs1.application_identifiers import TABLE, matches

Elements = tuple[tuple[str, str], ...]

ELEMENTS_MAX = 64  # the reference engine's limit; no symbol carries as many

# With a digital signature these keys must have their serial part (GS1 General Specifications, AI 8030).
_SIGNED_KEYS = ("253", "255", "8003")


class Gs1Error(IdisError, ValueError):
    """A text that is not valid GS1 data; one sentence says why.

    Attributes:
        near: it is meant as GS1 data all the same: a key that is right is in it.
    """

    def __init__(self, message: str, *, near: bool = False) -> None:
        super().__init__(message)
        self.near = near


def require_value(code: str, value: str) -> None:
    """Judge one value.

    Raises:
        Gs1Error: no such application identifier, or a value that is wrong.
    """
    ai = TABLE.get(code)
    if ai is None:
        raise Gs1Error(f"there is no application identifier ({code})")
    problem = ai.problem(value)
    if problem:
        raise Gs1Error(f"({code}) {problem}")


def correction(code: str, value: str) -> tuple[str, str] | None:
    """The check characters that would be right, and the value with them; None when that is not what is wrong."""
    ai = TABLE[code]
    if not ai.fits(value):
        return None
    expected, right = "", ""
    for component, part in zip(ai.components, ai.parts(value), strict=True):
        if "csum" in component.linters:
            expected = mod10.check_digit(part[:-1])
            part = part[:-1] + expected
        elif "csumalpha" in component.linters and len(part) > 2:
            expected = gmn.check_digit(part[:-2])
            part = part[:-2] + expected
        right += part
    return (expected, right) if right != value and not ai.problem(right) else None


def merge(elements: Iterable[tuple[str, str]]) -> Elements:
    """The elements with repeated ones said once, as when several symbols of one label were read.

    Raises:
        Gs1Error: one application identifier with two values, or more elements than `ELEMENTS_MAX`.
    """
    seen: dict[str, str] = {}
    for code, value in elements:
        if seen.setdefault(code, value) != value:
            raise Gs1Error(f"({code}) has two values, {seen[code]} and {value}")
    if len(seen) > ELEMENTS_MAX:
        raise Gs1Error(f"more than {ELEMENTS_MAX} elements")
    return tuple(seen.items())


def exclusion_problem(elements: Elements) -> str:
    """Which two elements may not stand together, as half a sentence; none is the empty string."""
    present = dict(elements)
    return next(filter(None, (_exclusion(code, present) for code in present)), "")


def requirement_problem(elements: Elements) -> str:
    """Which element lacks a companion it needs, as half a sentence; none is the empty string."""
    present = dict(elements)
    return next(filter(None, (_requirement(code, present) for code in present)), "")


def signature_problem(elements: Elements) -> str:
    """Which key lacks the serial part that a digital signature (AI 8030) needs, as half a sentence."""
    values = dict(elements)
    if "8030" in values:
        for code in _SIGNED_KEYS:
            if code in values and len(values[code]) == TABLE[code].length_min:
                return f"({code}) needs a serial part beside (8030)"
    return ""


def companion_problem(elements: Elements) -> str:
    """What is wrong with the elements together, as half a sentence; nothing is the empty string."""
    present = dict(elements)
    for code in present:
        ai = TABLE[code]
        if ai.excludes and (problem := _exclusion(code, present)):
            return problem
        if ai.requires and (problem := _requirement(code, present)):
            return problem
    return signature_problem(elements) if "8030" in present else ""


def _exclusion(code: str, present: dict[str, str]) -> str:
    for pattern in TABLE[code].excludes:
        other = _present(pattern, present, code)
        if other:
            return f"({code}) may not stand beside ({other})"
    return ""


def _requirement(code: str, present: dict[str, str]) -> str:
    for alternatives in TABLE[code].requires:
        for group in alternatives:
            if _all_present(group, present, code):
                break
        else:
            wanted = " or ".join("(" + ")+(".join(group) + ")" for group in alternatives)
            return f"({code}) needs {wanted} beside it"
    return ""


def _all_present(group: tuple[str, ...], codes: dict[str, str], but: str) -> bool:
    if len(group) == 1:  # nearly all are
        return _present(group[0], codes, but) != ""
    return all(_present(pattern, codes, but) for pattern in group)


def _present(pattern: str, codes: dict[str, str], but: str) -> str:
    """The number among codes that a pattern means, the one given passed over; empty when there is none."""
    if pattern[-1] != "n":
        return pattern if pattern in codes and pattern != but else ""
    return next((code for code in codes if code != but and matches(code, pattern)), "")
