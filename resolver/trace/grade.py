"""Grades: how much of the genealogy below a prefix somebody may see (`tracing.md` §8.3).

The owner of a prefix names groups (HS_VLIST values) in two records below it: whoever is in `TRACE_READERS` sees everything;
whoever is in `TRACE_PARTNERS` sees what touches his own things by name, and beyond it pseudonyms, both ways. Everybody who
says who he is learns how much a recall of his own things affects, and no name.
"""

from __future__ import annotations

from enum import IntEnum

from idis.registry.caller import Caller
from idis.registry.identity import identity_of
from idis.registry.rights import Groups, Unknown, is_named
from idis.registry.store.base import ReadTxn
from idis.registry.trace.readership import refuse_reading

READERS, PARTNERS = "TRACE_READERS", "TRACE_PARTNERS"


class Grade(IntEnum):
    """How much somebody sees."""

    COUNT = 1  # of a recall
    PARTNER = 2  # his neighbours by name, the rest under pseudonyms
    FULL = 3


def grade_of(txn: ReadTxn, caller: Caller, prefix: str, groups: Groups) -> Grade | Unknown:
    """What a caller who has proved an identity may see below a prefix that is answered here."""
    identity = caller.identity
    if identity is None:
        return Grade.COUNT
    if refuse_reading(txn, caller, prefix, groups=groups) is None:
        return Grade.FULL
    for record, grade in ((READERS, Grade.FULL), (PARTNERS, Grade.PARTNER)):
        named = is_named(txn, identity, (identity_of(0, f"{prefix}/{record}"),), groups)
        if isinstance(named, Unknown) or named:
            return named if isinstance(named, Unknown) else grade
    return Grade.COUNT
