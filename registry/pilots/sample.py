"""Synthetic sample data for the four pilots: believable, linked, repeatable, and as much of it as is wanted.

The same pilot, seed and size always give the same rows. A pilot's data are a foundation (enterprises, people,
procedures, products) and then families, each a self-contained run of production that refers to the foundation, to itself
and to the family before; that is why any size streams with a few hundred rows in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from idis.registry.pilots import sample_automotive, sample_chemical, sample_nuclear, sample_ship
from idis.registry.pilots.sample_row import Enterprise, SampleRow

__all__ = ["ENTERPRISES", "SECONDARIES", "SIZE_DEFAULT", "Enterprise", "SampleRow", "generate"]

SIZE_DEFAULT = 600  # records: at least 500 linked ones a pilot make its tracing questions worth asking


@dataclass(frozen=True, slots=True)
class _Source:
    foundation: Callable[[], Iterator[SampleRow]]
    family: Callable[[int, Random], Iterator[SampleRow]]


_SOURCES = {
    "ship": _Source(sample_ship.foundation, sample_ship.family),
    "automotive": _Source(sample_automotive.foundation, sample_automotive.family),
    "chemical": _Source(sample_chemical.foundation, sample_chemical.family),
    "nuclear": _Source(sample_nuclear.foundation, sample_nuclear.family),
}

ENTERPRISES: dict[str, tuple[Enterprise, ...]] = {
    "ship": sample_ship.ENTERPRISES,
    "automotive": sample_automotive.ENTERPRISES,
    "chemical": sample_chemical.ENTERPRISES,
    "nuclear": sample_nuclear.ENTERPRISES,
}
SECONDARIES: dict[str, str] = {"ship": "88.118", "automotive": "88.120", "chemical": "88.130", "nuclear": "88.140"}


def generate(pilot: str, *, seed: int = 1, size: int = SIZE_DEFAULT) -> Iterator[SampleRow]:
    """The rows of a pilot's sample data, in an order that is ready to load.

    Args:
        pilot: 'ship', 'automotive', 'chemical' or 'nuclear'.
        seed: another seed gives other measured values; identifiers and links stay.
        size: records wanted; the family that reaches it is finished, so up to some 300 more come.

    Raises:
        KeyError: no such pilot.
    """
    return _rows(_SOURCES[pilot], pilot, seed, size)


def _rows(source: _Source, pilot: str, seed: int, size: int) -> Iterator[SampleRow]:
    count = 0
    for row in source.foundation():
        count += 1
        yield row
    number = 0
    while count < size:
        for row in source.family(number, Random(f"{pilot}/{seed}/{number}")):
            count += 1
            yield row
        number += 1
