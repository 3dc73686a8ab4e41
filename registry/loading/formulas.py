"""Cells that a spreadsheet would take for formulas: quoted when a table is written, unquoted when it is read.

A record may come from anybody, and a cell that begins with an equals sign runs in the spreadsheet of whoever opens it.
"""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER_CHARACTERS = frozenset("+-.,0123456789")
_GUARDED = re.compile(rb"(?:\A|[,;\t\n\"])'+[=+\-@\t\r]")


def guarded(cell: str) -> str:
    """The cell with a quote in front when it begins like a formula; numbers are left alone."""
    if cell.lstrip("'").startswith(_STARTS) and not _NUMBER_CHARACTERS.issuperset(cell):
        return "'" + cell
    return cell


def unguarded(cell: str) -> str:
    """The reverse of `guarded`."""
    if cell.startswith("'") and guarded(cell[1:]) == cell:
        return cell[1:]
    return cell


def may_be_guarded(octets: bytes) -> bool:
    """Whether a piece of CSV may hold guarded cells: nearly none does, so that cells need not be looked at."""
    return b"'" in octets and _GUARDED.search(octets) is not None
