"""Places: which lies in which, and what their records say of them (`WD_…`, `HASATTR_…`, `EQATTR_…` of ISO/IEC 19987 §8.2.7).

Two things say that a place lies in another: a GLN with an extension names a part of what the GLN names, and the record of a
place names the next larger one in its value `parentSite`. A record with the value `gln` is the place of that GLN. What a record
does not show to whoever asks does not exist for him.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from idis.proto.value import decode_values
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import spelling_of
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.held import record_of
from idis.registry.trace.things import GS1_STEM, Spelling, home_of

PARENT_SITE, GLN = "parentSite", "gln"
DEPTH_MAX = 16  # rooms in halls in plants; a circle ends there, too
RECORDS_OF_A_GLN_MAX = 4
KEPT_MAX = 10_000  # places of one search: most events happen at few

_KEY = re.compile(rf"{re.escape(GS1_STEM)}414/(\d{{13}})(/254/.+)?", re.ASCII | re.DOTALL)


class Places:
    """The places of one search, as whoever asks may see them.

    Args:
        sight: what he may see.
    """

    def __init__(self, sight: EventSight) -> None:
        self._sight = sight
        self._around: dict[str, frozenset[str]] = {}

    def around(self, txn: ReadTxn, place: str, spelling: Spelling) -> frozenset[str]:
        """A place by all its names, and all it lies in."""
        known = self._around.get(place)
        if known is None:
            if len(self._around) >= KEPT_MAX:
                self._around.clear()
            known = self._around[place] = self._look(txn, spelling.name(place), spelling)
        return known

    def attributes(self, txn: ReadTxn, place: str, spelling: Spelling) -> Mapping[str, str]:
        """What the records of a place say of it, by the types of their values."""
        found: dict[str, str] = {}
        for name in _names(txn, spelling.name(place), spelling):
            found |= self._texts(txn, name)
        return found

    def _look(self, txn: ReadTxn, place: str, spelling: Spelling) -> frozenset[str]:
        found: dict[str, None] = {}
        level = [place]
        for _ in range(DEPTH_MAX):
            names = [name for one in level for name in _names(txn, one, spelling) if name not in found]
            found |= dict.fromkeys(names)
            level = [parent for name in names for parent in self._parents(txn, name, spelling)]
            if not level:
                break
        return frozenset(found)

    def _parents(self, txn: ReadTxn, name: str, spelling: Spelling) -> list[str]:
        key = _KEY.fullmatch(name)
        if key is not None and key[2]:
            return [f"{GS1_STEM}414/{key[1]}"]
        texts = self._texts(txn, name)
        same = [f"{GS1_STEM}414/{texts[GLN]}"] if GLN in texts else []
        return [*same, *([spelling.name(texts[PARENT_SITE])] if texts.get(PARENT_SITE) else [])]

    def _texts(self, txn: ReadTxn, name: str) -> dict[str, str]:
        record = record_of(txn, name)
        if record is None:
            return {}
        seen = record.values if self._sight.owns(txn, home_of(name)) else decode_values(record.public)
        return {value.type: value.text for value in seen}


def _names(txn: ReadTxn, place: str, spelling: Spelling) -> list[str]:
    """A place, and the records that say they are the place of its GLN."""
    key = _KEY.fullmatch(place)
    if key is None or key[2]:
        return [place]
    found = []
    for octets in txn.aliases(GLN, key[1], RECORDS_OF_A_GLN_MAX):
        if (identifier := spelling_of(octets)) is not None:
            found.append(spelling.name(identifier))
    return [place, *found]
