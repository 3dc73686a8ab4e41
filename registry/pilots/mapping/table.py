"""Every mapping by its name on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from idis.registry.pilots.mapping import battery_pass, bom_as_built, catena_x, nameplate, steel
from idis.registry.pilots.mapping.bom_as_built import Child
from idis.registry.pilots.mapping.source import Document, Fault, Source

Read = Callable[[Any, str], tuple[Document, list[Fault]]]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping.

    Attributes:
        title: what it is, for a person.
        pilot: whose schema its rows are checked against.
        objects: the object types it has a document for.
        write: makes the document of a record, faults noted at the source.
        read: makes a row of a document, None where it becomes events instead.
        takes_children: whether it needs what is in the thing.
        only: a text its records must have, by type: of batteries, packs alone have passports.
    """

    title: str
    pilot: str
    objects: tuple[str, ...]
    write: Callable[[Source, Iterable[Child]], Document]
    read: Read | None
    takes_children: bool = False
    only: tuple[str, str] | None = None


def _alone(write: Callable[[Source], Document]) -> Callable[[Source, Iterable[Child]], Document]:
    return lambda source, _children: write(source)


MAPPINGS: dict[str, Mapping] = {
    "serialpart": Mapping(
        "Catena-X SerialPart 3.0", "automotive", catena_x.SERIAL_OBJECTS, _alone(catena_x.serial_part), catena_x.read_serial_part
    ),
    "batch": Mapping("Catena-X Batch 3.0", "automotive", catena_x.BATCH_OBJECTS, _alone(catena_x.batch), catena_x.read_batch),
    "bom": Mapping(
        "Catena-X SingleLevelBomAsBuilt 3.0", "automotive", bom_as_built.OBJECTS, bom_as_built.bom_as_built, None, True
    ),
    "batterypass": Mapping(
        "battery passport 6.1, the members known here",
        "automotive",
        battery_pass.OBJECTS,
        _alone(battery_pass.battery_pass),
        battery_pass.read_battery_pass,
        only=("productType", "P"),
    ),
    "nameplate": Mapping(
        "IDTA digital nameplate, values", "automotive", nameplate.OBJECTS, _alone(nameplate.nameplate), nameplate.read_nameplate
    ),
    "steel": Mapping(
        "IDTA inspection document of steel, values", "ship", steel.OBJECTS, _alone(steel.steel_document), steel.read_steel
    ),
}
