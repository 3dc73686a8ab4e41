"""Rules over several fields of the chemical pilot's objects; each is a pure function of one row."""

from __future__ import annotations

from decimal import Decimal

from idis.registry.pilots.finding import Finding
from idis.registry.pilots.hazard import DANGER, EXCLAMATION_MARK, HAZARD_CLASSES, REPLACES_EXCLAMATION_MARK, WARNING
from idis.registry.pilots.rules import doubt, fault, number, objects, word, words
from idis.registry.pilots.schema import Facts
from idis.registry.pilots.units import total

YIELD_MAX = Decimal("1.02")  # output of a batch over its input; more is a measuring or a booking error


def shares_fill_the_whole(facts: Facts) -> Finding | None:
    """The components' least shares sum to at most 100 %, their greatest to at least 100 %."""
    components = objects(facts, "components")
    if not components:
        return None
    least = sum((number(item, "min") or Decimal(0) for item in components), Decimal(0))
    most = sum((_or_whole(number(item, "max")) for item in components), Decimal(0))
    if least > 100:
        message = f"the least shares sum to {least:f} %, more than 100 %"
        return fault(facts, "components", "shares", message, "lower min of some component")
    if most < 100:
        message = f"the greatest shares sum to {most:f} %, less than 100 %"
        return fault(facts, "components", "shares", message, "raise max of some component, or add the missing one")
    return None


def shares_ascend(facts: Facts) -> Finding | None:
    """No component's least share exceeds its greatest."""
    for item in objects(facts, "components"):
        least, most = number(item, "min"), number(item, "max")
        if least is not None and most is not None and least > most:
            message = f"{word(item, 'casNo')}: min {least:f} % exceeds max {most:f} %"
            return fault(facts, "components", "shares", message, "swap min and max")
    return None


def hazardous(facts: Facts) -> bool:
    """Whether the product is classified as hazardous, for health and environment or for transport."""
    return "ghsClasses" in facts or "unNumber" in facts


def class_has_pictogram(facts: Facts) -> Finding | None:
    """Each hazard class shows its pictogram, unless a stronger one replaces the exclamation mark."""
    shown = set(words(facts, "pictograms"))
    for code in words(facts, "ghsClasses"):
        hazard = HAZARD_CLASSES.get(code)
        if hazard is None or not hazard.pictograms or not shown.isdisjoint(hazard.pictograms):
            continue
        if EXCLAMATION_MARK in hazard.pictograms and not shown.isdisjoint(REPLACES_EXCLAMATION_MARK):
            continue
        wanted = " or ".join(hazard.pictograms)
        return fault(facts, "pictograms", "pictogram", f"the class {code} needs {wanted}", f"add {wanted} to pictograms")
    return None


def class_has_signal_word(facts: Facts) -> Finding | None:
    """The signal word is that of the severest class."""
    demanded = {HAZARD_CLASSES[code].signal_word for code in words(facts, "ghsClasses") if code in HAZARD_CLASSES}
    wanted = DANGER if DANGER in demanded else WARNING if WARNING in demanded else ""
    if not wanted or word(facts, "signalWord") == wanted:
        return None
    return fault(facts, "signalWord", "signal-word", f"the hazard classes need the signal word {wanted}", f"write {wanted}")


def masses_balance(facts: Facts) -> Finding | None:
    """A batch does not weigh more than what went into it, give or take 2 %."""
    quantity, unit, inputs = number(facts, "quantity"), word(facts, "uom"), objects(facts, "inputs")
    if quantity is None or not unit or not inputs:
        return None
    used = total([(number(item, "qty") or Decimal(0), word(item, "uom")) for item in inputs], unit)
    if used is None or quantity <= used * YIELD_MAX:
        return None
    message = f"{quantity:f} {unit} came out of {used.normalize():f} {unit}"
    return doubt(facts, "quantity", "mass-balance", message, "check quantity and inputs; add an input that is missing")


def inputs_differ(facts: Facts) -> Finding | None:
    """Each input is named once."""
    named = [word(item, "R") for item in objects(facts, "inputs")]
    if len(set(named)) == len(named):
        return None
    return fault(facts, "inputs", "inputs-twice", "the same input is named twice", "add the quantities up in one line")


def gross_above_net(facts: Facts) -> Finding | None:
    """A package weighs more than its content."""
    net, gross = number(facts, "netMass"), number(facts, "grossMass")
    if net is None or gross is None or gross > net:
        return None
    message = f"gross mass {gross:f} kg is not above net mass {net:f} kg"
    return fault(facts, "grossMass", "gross-above-net", message, "correct grossMass or netMass")


def released(facts: Facts) -> bool:
    """Whether the batch is released."""
    return word(facts, "releaseStatus") == "released"


def incomplete_goods_accepted(facts: Facts) -> Finding | None:
    """Goods without data sheet and label, or without their papers, are not simply accepted."""
    if word(facts, "conclusion") != "accept":
        return None
    missing = next((name for name in ("sdsAndLabel", "threeCertsOneMark") if facts.get(name) is False), None)
    if missing is None:
        return None
    message = f"accepted although {missing} is false"
    return fault(facts, "conclusion", "goods-in", message, "choose concession or reject, or ask the supplier for the papers")


def _or_whole(share: Decimal | None) -> Decimal:
    return Decimal(100) if share is None else share
