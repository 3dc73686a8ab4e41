"""Battery passport: the members of BatteryPass 6.1 that a battery's record has, out and in (`tracing.md` §10).

A passport has many members that no registry holds (carbon footprint, safety sheets); they are left out, and `MISSING` names
them, because whoever issues the passport fills them in.
"""

from __future__ import annotations

from typing import Any

from idis.registry.pilots.mapping.patterns import catena_x_id
from idis.registry.pilots.mapping.source import Document, Fault, Source, without_nothing

SPEC = "urn:io.catenax.battery.battery_pass:6.1.0"
OBJECTS = ("battery",)
MISSING = ("sustainability", "materials", "safety", "handling", "conformity", "commercial", "sources")

_GRAMS = 1000  # of a kilogram: the passport weighs in grams
# Letters of GB/T 34014 → names of the passport. Several letters of other chemistries have no name of their own there.
_CHEMISTRY = {
    "A": "Nickel Metal Hydride (NiMH)",
    "B": "Lithium Iron Phosphate (LFP)",
    "C": "Lithium Manganese Oxide (LMO)",
    "D": "Lithium Cobalt Oxide (LCO)",
    "E": "Nickel Cobalt Manganese (NCM)",
    "G": "Lithium Titanate (LTO)",
}
_STATUS = {"planned": "draft", "active": "approved", "in_use": "approved", "superseded": "invalid", "scrapped": "expired"}


def battery_pass(source: Source) -> Document:
    """A battery as far as its record goes."""
    predecessor, health = source.texts.get("secondLifeOf"), source.number("stateOfHealth")
    kilograms, chemistry = source.number("mass"), source.texts.get("chemistry", "")
    producer, date = source.party("producer"), source.need("productionDate")
    dynamic = {"energy": {"soce": {"value": health}}} if health is not None else None
    return {
        "specVersion": SPEC,
        "metadata": without_nothing(
            {
                "passportIdentifier": catena_x_id(source.identifier, source.items("localIds")),
                "registrationIdentifier": f"https://hdl.handle.net/{source.identifier}",
                "economicOperatorId": producer,
                "predecessor": catena_x_id(predecessor) if predecessor else None,
                "status": _STATUS.get(source.texts.get("status", ""), "draft"),
            }
        ),
        "identification": {
            "idDmc": source.need("batteryCode"),
            "chemistry": _CHEMISTRY.get(chemistry, chemistry),
            "identification": {
                "type": {"manufacturerPartId": source.need("modelId"), "nameAtManufacturer": source.need("name")},
                "serial": [{"key": "partInstanceId", "value": source.need("batteryCode")}],
                "codes": [{"key": "GB/T 34014", "value": source.need("batteryCode")}],
            },
        },
        "characteristics": {
            "physicalDimension": {
                "weight": {"value": None if kilograms is None else kilograms * _GRAMS, "unit": "unit:gram"}
            }
        },
        "performance": without_nothing(
            {
                "rated": {
                    "capacity": {"value": source.number("ratedCapacity")},
                    "voltage": {"nominal": source.number("ratedVoltage")},
                    "energy": {"value": source.number("ratedEnergy")},
                },
                "dynamic": dynamic,
            }
        ),
        "operation": {"manufacturer": {"manufacturer": producer, "manufacturingDate": date}},
    }


def read_battery_pass(document: Any, prefix: str) -> tuple[Document, list[Fault]]:
    """The row of a battery, and what is wrong with the document. Its code says what kind of battery it is."""
    faults: list[Fault] = []

    def at(*way: str | int) -> Any:
        found = document
        for step in way:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                faults.append(Fault("/" + "/".join(map(str, way)), "this is missing, and a battery's record needs it"))
                return None
        return found

    code = str(at("identification", "idDmc") or "")
    grams = at("characteristics", "physicalDimension", "weight", "value")
    name = str(at("identification", "chemistry") or "")
    chemistry = next((letter for letter, text in _CHEMISTRY.items() if text == name), name if len(name) == 1 else "Z")
    operator = at("operation", "manufacturer", "manufacturer")
    row = {
        "identifier": f"{prefix}/BATTERY.{code}",
        "objectType": "battery",
        "localIds": [str(at("metadata", "passportIdentifier"))],
        "name": at("identification", "identification", "type", "nameAtManufacturer"),
        "producer": f"{prefix}/ORG.{operator}",
        "batteryCode": code,
        "productType": code[3:4],
        "chemistry": chemistry,
        "modelId": at("identification", "identification", "type", "manufacturerPartId"),
        "ratedCapacity": at("performance", "rated", "capacity", "value"),
        "ratedVoltage": at("performance", "rated", "voltage", "nominal"),
        "ratedEnergy": at("performance", "rated", "energy", "value"),
        "mass": grams / _GRAMS if isinstance(grams, int | float) else None,
        "productionDate": at("operation", "manufacturer", "manufacturingDate"),
    }
    return without_nothing(row), faults
