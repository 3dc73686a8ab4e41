"""Rules over several fields of the nuclear pilot's objects; each is a pure function of one row."""

from __future__ import annotations

from idis.proto.schemes import kks
from idis.registry.pilots.finding import Finding
from idis.registry.pilots.nuclear_vocabularies import NOT_SAFETY_CLASSIFIED
from idis.registry.pilots.rules import doubt, fault, objects, word
from idis.registry.pilots.schema import Facts

_KKS_SYSTEMS = frozenset({"KKS", "GB/T50549"})


def code_follows_its_system(facts: Facts) -> Finding | None:
    """The position's code obeys the grammar of its code system."""
    code, system = word(facts, "code"), word(facts, "codeSystem")
    if system in _KKS_SYSTEMS:
        verdict = kks.check(code)
    elif system == "French":
        verdict = kks.check_french(code)
    else:
        return None  # a project's own grammar is not known here
    if verdict.ok:
        return None
    return fault(facts, "code", "code-system", verdict.message, "correct code or codeSystem")


def code_names_system(facts: Facts) -> Finding | None:
    """The system named beside a KKS code stands in the code."""
    code = kks.decode(word(facts, "code")) if word(facts, "codeSystem") in _KKS_SYSTEMS else None
    system = word(facts, "system").upper()
    if code is None or not system or system in code.system:
        return None
    return fault(facts, "system", "code-system", f"the code names the system {code.system}", "correct system or code")


def code_names_unit(facts: Facts) -> Finding | None:
    """The unit named beside a KKS code is the plant character of the code."""
    code = kks.decode(word(facts, "code")) if word(facts, "codeSystem") in _KKS_SYSTEMS else None
    unit = word(facts, "unit")
    if code is None or not code.plant or not unit or unit.lstrip("0").upper().endswith(code.plant):
        return None
    return doubt(facts, "unit", "code-unit", f"the code names the unit {code.plant}", "check unit and code")


def safety_classified(facts: Facts) -> bool:
    """Whether the item belongs to a safety class."""
    return word(facts, "safetyClass") not in NOT_SAFETY_CLASSIFIED


def installed(facts: Facts) -> bool:
    """Whether the item is installed somewhere in the plant."""
    return "installedAt" in facts or "installedDate" in facts


def hydrostatic(facts: Facts) -> bool:
    """Whether pressure is applied."""
    return word(facts, "kind") == "hydrostatic"


def hold_point_is_signed(facts: Facts) -> Finding | None:
    """Work stops at a hold point until the witness has signed; a hydrostatic test is one unless another point is stated."""
    point = word(facts, "witnessPoint") or ("H" if hydrostatic(facts) else "")
    if point != "H" or "witness" in facts:
        return None
    message = "a hold point needs the signature of its witness"
    return fault(facts, "witness", "hold-point", message, "name the witness, or state witnessPoint W or R if none is foreseen")


def passed_seam_passed(facts: Facts) -> Finding | None:
    """A passed seam has at least one passed examination."""
    reports = objects(facts, "nde")
    if word(facts, "ndeResult") != "pass" or not reports or any(report.get("result") == "pass" for report in reports):
        return None
    message = "the seam counts as passed although no examination passed"
    return fault(facts, "ndeResult", "nde-result", message, "correct ndeResult or add the report that passed")


def closed(facts: Facts) -> bool:
    """Whether the non-conformance is closed."""
    return "closedDate" in facts


def open_ncr_stops(facts: Facts) -> Finding | None:
    """An open non-conformance carries the stop flag, as its item does."""
    if closed(facts) or word(facts, "recallFlag") == "stop":
        return None
    message = "an open non-conformance blocks the release of its item"
    return doubt(facts, "recallFlag", "ncr-open", message, "set recallFlag to stop here and on the item, or enter closedDate")
