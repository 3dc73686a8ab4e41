"""What rules over several fields are made of: typed access to a row's facts, the finding they give, and the common kinds.

A rule looks only at the fields it names, says nothing about a field that is absent (required fields are checked
elsewhere), and blames the one field that is most likely wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from idis.registry.pilots.finding import Finding, Severity
from idis.registry.pilots.schema import Facts, FieldValue, Rule

TOLERANCE = Decimal("0.05")  # of a computed mass or energy against the stated one


def number(facts: Facts, name: str) -> Decimal | None:
    """The number in that field."""
    value = facts.get(name)
    return value if isinstance(value, Decimal) else None


def word(facts: Facts, name: str) -> str:
    """The text in that field, empty when absent."""
    value = facts.get(name)
    return value if isinstance(value, str) else ""


def moment(facts: Facts, name: str) -> date | datetime | None:
    """The day or time in that field."""
    value = facts.get(name)
    return value if isinstance(value, date) else None


def truth(facts: Facts, name: str) -> bool | None:
    """The boolean in that field."""
    value = facts.get(name)
    return value if isinstance(value, bool) else None


def items(facts: Facts, name: str) -> tuple[FieldValue, ...]:
    """The items of that list, empty when absent."""
    value = facts.get(name)
    return value if isinstance(value, tuple) else ()


def objects(facts: Facts, name: str) -> list[Facts]:
    """The objects in that list or object field."""
    value = facts.get(name)
    if isinstance(value, Mapping):
        return [value]
    return [item for item in items(facts, name) if isinstance(item, Mapping)]


def words(facts: Facts, name: str) -> list[str]:
    """The texts in that list."""
    return [item for item in items(facts, name) if isinstance(item, str)]


def show(value: FieldValue | None) -> str:
    """A value as a finding shows it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case str():
            return value
        case _:
            return f"{len(value)} items"


def fault(facts: Facts, name: str, rule: str, message: str, advice: str) -> Finding:
    """An error in that field."""
    return Finding(name, show(facts.get(name)), rule, message, advice)


def doubt(facts: Facts, name: str, rule: str, message: str, advice: str) -> Finding:
    """A warning about that field."""
    return Finding(name, show(facts.get(name)), rule, message, advice, Severity.WARNING)


def near(one: Decimal, other: Decimal, tolerance: Decimal = TOLERANCE) -> bool:
    """Whether `one` differs from `other` by at most that share of `other`."""
    return abs(one - other) <= abs(other) * tolerance


def ascending(*names: str) -> Rule:
    """Days or times in these fields do not run backwards; absent ones are passed over."""

    def check(facts: Facts) -> Finding | None:
        before, earlier = "", None
        for name in names:
            later = moment(facts, name)
            if later is None:
                continue
            if earlier is not None and _before(later, earlier):
                message = f"{show(facts.get(name))} lies before {before} {show(facts.get(before))}"
                return fault(facts, name, "ascending", message, f"correct {name} or {before}")
            before, earlier = name, later
        return None

    return Rule("ascending", names, check, " ≤ ".join(names), least=2)


def needs(names: Iterable[str], when: Callable[[Facts], bool], condition: str, *, looks_at: Iterable[str]) -> Rule:
    """The fields `names` are required as soon as `when` holds.

    Args:
        names: fields that must be present then.
        when: the condition over the facts.
        condition: how it reads in a sentence after "required".
        looks_at: the fields `when` looks at.
    """
    wanted = tuple(names)

    def check(facts: Facts) -> Finding | None:
        if all(name in facts for name in wanted) or not when(facts):
            return None
        missing = next(name for name in wanted if name not in facts)
        return Finding(missing, "", "required-when", f"{missing} is required {condition}", f"fill in {missing}")

    return Rule("required-when", (*looks_at, *wanted), check, f"{', '.join(wanted)} required {condition}")


def needs_with(names: Iterable[str], other: str) -> Rule:
    """The fields `names` are required as soon as the field `other` is present."""
    return needs(names, lambda facts: other in facts, f"with {other}", looks_at=(other,))


def needs_when_true(name: str, flag: str) -> Rule:
    """The field `name` is required when the boolean `flag` is true."""
    return needs((name,), lambda facts: truth(facts, flag) is True, f"when {flag} is true", looks_at=(flag,))


def not_above(lower: str, upper: str, rule: str) -> Rule:
    """The number in `lower` does not exceed the one in `upper`."""

    def check(facts: Facts) -> Finding | None:
        low, high = number(facts, lower), number(facts, upper)
        if low is None or high is None or low <= high:
            return None
        return fault(facts, lower, rule, f"{low:f} exceeds {upper} {high:f}", f"correct {lower} or {upper}")

    return Rule(rule, (lower, upper), check, f"{lower} ≤ {upper}", least=2)


def at_most(name: str, limit: int, rule: str, advice: str) -> Rule:
    """A number above the limit is doubtful, not wrong."""

    def check(facts: Facts) -> Finding | None:
        value = number(facts, name)
        if value is None or value <= limit:
            return None
        return doubt(facts, name, rule, f"{name} is above {limit}", advice)

    return Rule(rule, (name,), check, f"{name} above {limit} is a warning")


def _before(one: date | datetime, other: date | datetime) -> bool:
    # A day and a time are compared by their days: the day carries no zone.
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one < other
    return _day(one) < _day(other)


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
