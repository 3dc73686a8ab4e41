"""The pilots by name."""

from __future__ import annotations

from idis.registry.pilots.automotive import AUTOMOTIVE_PILOT
from idis.registry.pilots.chemical import CHEMICAL_PILOT
from idis.registry.pilots.nuclear import NUCLEAR_PILOT
from idis.registry.pilots.schema import Pilot
from idis.registry.pilots.ship import SHIP_PILOT

PILOTS: dict[str, Pilot] = {pilot.name: pilot for pilot in (SHIP_PILOT, AUTOMOTIVE_PILOT, CHEMICAL_PILOT, NUCLEAR_PILOT)}
