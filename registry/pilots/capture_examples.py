"""Capture examples from the shop floor: EPCIS documents about things of the sample data, ready to be sent to a node.

They are what a station writes: a plate cut and a block welded, a pack installed, a batch blended, filled and shipped, a valve
qualified, installed and exchanged. What they tell agrees with the records of the sample data.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "examples"

EXAMPLES: dict[str, tuple[str, ...]] = {
    "ship": ("ship-cutting.json", "ship-welding.json"),
    "automotive": ("automotive-pack.json",),
    "chemical": ("chemical-blending.json",),
    "nuclear": ("nuclear-valve.json",),
}


def example_files(pilot: str) -> tuple[Path, ...]:
    """The documents of a pilot, in the order of what happened.

    Raises:
        KeyError: no such pilot.
    """
    return tuple(FOLDER / name for name in EXAMPLES[pilot])
