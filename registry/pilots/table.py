"""The pilots by name, and their object types by the handles of their templates."""

from __future__ import annotations

from idis.registry.pilots.automotive import AUTOMOTIVE_PILOT
from idis.registry.pilots.chemical import CHEMICAL_PILOT
from idis.registry.pilots.nuclear import NUCLEAR_PILOT
from idis.registry.pilots.schema import ObjectType, Pilot
from idis.registry.pilots.ship import SHIP_PILOT
from idis.registry.pilots.template_name import template_name

PILOTS: dict[str, Pilot] = {pilot.name: pilot for pilot in (SHIP_PILOT, AUTOMOTIVE_PILOT, CHEMICAL_PILOT, NUCLEAR_PILOT)}


def object_type_named(template: str) -> ObjectType | None:
    """The object type a template handle names, as `88.118.8/META_ship_plate`; of a derived template its base's."""
    named = template_name(template)
    pilot = None if named is None else PILOTS.get(named.pilot)
    return None if named is None or pilot is None else pilot.objects.get(named.base)
