"""Rules over several fields of the automotive pilot's objects; each is a pure function of one row."""

from __future__ import annotations

from idis.proto.schemes import battery
from idis.registry.pilots.finding import Finding
from idis.registry.pilots.rules import doubt, fault, moment, near, number, objects, truth, word
from idis.registry.pilots.schema import Facts

PRODUCT_PLACE, CHEMISTRY_PLACE = 3, 4  # of a battery code, counted from 0


def code_names_product(facts: Facts) -> Finding | None:
    """The fourth character of a battery code is the product type."""
    return _character(facts, "productType", PRODUCT_PLACE)


def code_names_chemistry(facts: Facts) -> Finding | None:
    """The fifth character of a battery code is the chemistry."""
    return _character(facts, "chemistry", CHEMISTRY_PLACE)


def code_names_date(facts: Facts) -> Finding | None:
    """The date characters of a battery code are the production date."""
    code, produced = battery.decode(word(facts, "batteryCode")), moment(facts, "productionDate")
    if code is None or code.produced is None or produced is None or produced == code.produced:
        return None
    message = f"the battery code says {code.produced.isoformat()}"
    return fault(facts, "productionDate", "battery-date", message, "correct productionDate or batteryCode")


def energy_near_charge(facts: Facts) -> Finding | None:
    """Rated energy is within 5 % of capacity × voltage ÷ 1000."""
    capacity, voltage, energy = (number(facts, name) for name in ("ratedCapacity", "ratedVoltage", "ratedEnergy"))
    if capacity is None or voltage is None or energy is None:
        return None
    computed = capacity * voltage / 1000
    if near(energy, computed):
        return None
    message = f"{energy:f} kWh differs by more than 5 % from {capacity:f} Ah × {voltage:f} V = {computed.normalize():f} kWh"
    return fault(facts, "ratedEnergy", "energy", message, "correct ratedEnergy (kWh), ratedCapacity (Ah) or ratedVoltage (V)")


def second_life_is_named(facts: Facts) -> Finding | None:
    """A second-life code needs the old record, and only such a code may name one."""
    code = battery.decode(word(facts, "batteryCode"))
    if code is None:
        return None
    if code.second_life and "secondLifeOf" not in facts:
        message = "secondLifeOf is required with a second-life code (ending in R)"
        return fault(facts, "secondLifeOf", "second-life", message, "name the record of the old battery")
    if not code.second_life and "secondLifeOf" in facts:
        message = "a second life needs a new code that ends in R"
        return fault(facts, "batteryCode", "second-life", message, "give the battery a second-life code or clear secondLifeOf")
    return None


def gate_is_shut(facts: Facts) -> Finding | None:
    """A part that does not match order or product is not installed: it goes on hold."""
    failed = [name for name in ("orderMatch", "productMatch") if truth(facts, name) is False]
    if not failed:
        return None
    message = f"{' and '.join(failed)} failed: no installation is recorded"
    return doubt(facts, failed[0], "installation-gate", message, "set the part's status to on_hold and scan the right one")


def inputs_differ(facts: Facts) -> Finding | None:
    """Each input is named once."""
    named = [word(item, "R") for item in objects(facts, "inputs")]
    if len(set(named)) == len(named):
        return None
    return fault(facts, "inputs", "inputs-twice", "the same input is named twice", "add the quantities up in one line")


def quantity_is_whole(facts: Facts) -> Finding | None:
    """Pieces are counted in whole numbers."""
    quantity = number(facts, "quantity")
    if quantity is None or word(facts, "uom") not in ("C62", "H87") or quantity == quantity.to_integral_value():
        return None
    return fault(facts, "quantity", "whole-pieces", f"{quantity:f} pieces are no whole number", "correct quantity or uom")


def _character(facts: Facts, name: str, place: int) -> Finding | None:
    code, stated = word(facts, "batteryCode"), word(facts, name)
    if len(code) <= place or not stated or code[place] == stated:
        return None
    message = f"character {place + 1} of the battery code is {code[place]}, not {stated}"
    return fault(facts, name, "battery-code", message, f"correct {name} or batteryCode")
