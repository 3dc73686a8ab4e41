"""The carriers that are made: their sizes in modules and millimetres, and how much they hold (`identifiers.md` §10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from idis.proto.errors import IdisError

MODULE_MM_MIN, MODULE_MM_MAX = 0.1, 5.0  # a part marked directly; a sign on a wall
GS1_128_CHARACTERS_MAX = 48  # GS1 General Specifications: data characters of one symbol
GS1_128_MM_MAX = 165.1  # of one symbol with its quiet zones


class CodeError(IdisError):
    """What was asked for cannot be made or read; the text says why and what to do."""


class Unprintable(CodeError):
    """It is an identifier that no symbol may show, or that none holds: wrong, a person's, too long."""


class NotInstalled(CodeError):
    """A library is missing; the text says which, and how to get it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known of a carrier.

    Attributes:
        gs1: it holds a GS1 element string; otherwise any text.
        quiet: modules of white on each side; of a linear one left and right.
        module_mm: the usual size of a module.
        linear: it has bars, of no certain height.
        prefix: what a scanner says in front of the content (ISO/IEC 15424).
        title: what people call it.
    """

    gs1: bool
    quiet: int
    module_mm: float
    linear: bool
    prefix: str
    title: str


class Carrier(Enum):
    """A kind of symbol, by the word the commands use."""

    QR = "qr"
    GS1_QR = "gs1-qr"
    DATAMATRIX = "datamatrix"
    GS1_DATAMATRIX = "gs1-datamatrix"
    GS1_128 = "gs1-128"

    @property
    def rules(self) -> Rules:
        """What is known of it."""
        return _RULES[self]


class Correction(Enum):
    """How much of a QR code may be lost: 15 % usually, 25 % in workshops. The other carriers have their own, which is fixed."""

    M = "M"
    Q = "Q"


_RULES = {
    Carrier.QR: Rules(False, 4, 0.5, False, "]Q1", "QR code"),
    Carrier.GS1_QR: Rules(True, 4, 0.495, False, "]Q3", "GS1 QR code"),
    Carrier.DATAMATRIX: Rules(False, 1, 0.5, False, "]d1", "Data Matrix"),
    Carrier.GS1_DATAMATRIX: Rules(True, 1, 0.495, False, "]d2", "GS1 DataMatrix"),
    Carrier.GS1_128: Rules(True, 10, 0.495, True, "]C1", "GS1-128"),
}
