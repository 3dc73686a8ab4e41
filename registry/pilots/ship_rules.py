"""Rules over several fields of the ship pilot's objects; each is a pure function of one row."""

from __future__ import annotations

from decimal import Decimal

from idis.registry.pilots.finding import Finding
from idis.registry.pilots.rules import doubt, fault, items, near, number, objects, truth, word
from idis.registry.pilots.schema import Facts
from idis.registry.pilots.ship_vocabularies import IHM_TABLE_A

STEEL_DENSITY = Decimal("7.85E-6")  # kg/mm³
IMPACT_SPECIMENS = 3
IMPACT_MEAN_TOLERANCE_J = Decimal("0.5")  # means are printed rounded


def mass_near_volume(facts: Facts) -> Finding | None:
    """A plate's mass is within 5 % of thickness × width × length × 7.85 g/cm³; else it is doubtful."""
    mass = number(facts, "mass")
    thickness, width, length = (number(facts, side) for side in ("thickness", "width", "length"))
    if mass is None or thickness is None or width is None or length is None:
        return None
    computed = thickness * width * length * STEEL_DENSITY
    if near(mass, computed):
        return None
    message = f"{mass:f} kg differs by more than 5 % from the {computed:.1f} kg of its volume"
    return doubt(facts, "mass", "mass-near-volume", message, "check mass, thickness, width and length and their units")


def joins_differ(facts: Facts) -> Finding | None:
    """A seam joins different things."""
    joined = items(facts, "joins")
    if len(set(joined)) == len(joined):
        return None
    return fault(facts, "joins", "joins-differ", "the same part or block is named twice", "name each joined part or block once")


def nde_before_result(facts: Facts) -> Finding | None:
    """A passed seam has no failed examination among its reports of the last repair, or at least one passed one."""
    reports = objects(facts, "nde")
    if word(facts, "ndeResult") != "pass" or not reports or any(report.get("result") == "pass" for report in reports):
        return None
    message = "the seam counts as passed although no examination passed"
    return fault(facts, "ndeResult", "nde-result", message, "correct ndeResult or add the report that passed")


def steel_certificate(facts: Facts) -> bool:
    """Whether the certificate is an inspection document of EN 10204."""
    return word(facts, "form").startswith("EN10204")


def specific_inspection(facts: Facts) -> Finding | None:
    """A 3.1 or 3.2 certificate states analysis and tensile test."""
    if word(facts, "form") not in ("EN10204-3.1", "EN10204-3.2"):
        return None
    missing = next((name for name in ("chemical", "tensile") if name not in facts), None)
    if missing is None:
        return None
    message = f"a {word(facts, 'form')} certificate usually states {missing}"
    return doubt(facts, missing, "specific-inspection", message, f"fill in {missing} from the certificate")


def tensile_is_plausible(facts: Facts) -> Finding | None:
    """Yield or proof strength is stated and not above the tensile strength."""
    for test in objects(facts, "tensile"):
        strength, lower = number(test, "tensile"), number(test, "yield") or number(test, "proof")
        if lower is None:
            advice = "state the yield strength (yield) or the proof strength (proof) in MPa"
            return fault(facts, "tensile", "tensile", "neither yield nor proof strength is stated", advice)
        if strength is not None and strength < lower:
            message = f"tensile strength {strength:f} MPa is below {lower:f} MPa"
            return fault(facts, "tensile", "tensile", message, "correct tensile, yield or proof")
    return None


def impact_mean_fits(facts: Facts) -> Finding | None:
    """An impact test has three values and their mean."""
    for test in objects(facts, "impact"):
        energies = [value for value in items(test, "values") if isinstance(value, Decimal)]
        if len(energies) != IMPACT_SPECIMENS:
            message = f"an impact test has {IMPACT_SPECIMENS} values, not {len(energies)}"
            return fault(facts, "impact", "impact", message, "give the energies of all three specimens in J")
        mean, computed = number(test, "mean"), sum(energies, Decimal(0)) / IMPACT_SPECIMENS
        if mean is not None and abs(mean - computed) > IMPACT_MEAN_TOLERANCE_J:
            message = f"the mean is {computed:.1f} J, not {mean:f} J"
            return fault(facts, "impact", "impact", message, "correct mean or the three values")
    return None


def above_threshold_is_located(facts: Facts) -> Finding | None:
    """A substance above its threshold needs its mass and, on the declaration, its location on board."""
    for line in objects(facts, "lines"):
        if truth(line, "aboveThreshold") is not True:
            continue
        if "mass" not in line:
            message = f"{word(line, 'substance')} is above its threshold but has no mass"
            return fault(facts, "lines", "ihm-mass", message, "add mass in kg to that line")
        if "location" not in facts:
            message = f"location is required because {word(line, 'substance')} is above its threshold"
            return fault(facts, "location", "ihm-location", message, "state where on board it is")
    return None


def substance_in_its_table(facts: Facts) -> Finding | None:
    """Asbestos, PCB, ozone-depleting substances and anti-fouling belong to table A, everything else to table B."""
    for line in objects(facts, "lines"):
        substance = word(line, "substance")
        table = "A" if substance in IHM_TABLE_A else "B"
        if word(line, "table") != table:
            message = f"{substance} stands in table {table}, not {word(line, 'table')}"
            return fault(facts, "lines", "ihm-table", message, f"write table {table} for {substance}")
    return None
