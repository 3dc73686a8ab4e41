"""Labels on sheets: a grid on A4, filled row by row, as many pages as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from idis.proto.schemes.surroundings import Surroundings
from idis.resolver.codes.carrier import Carrier, CodeError, Correction, NotInstalled, Unprintable
from idis.resolver.codes.content import content_of
from idis.resolver.codes.label import Label, fitted
from idis.resolver.codes.pdf import Page, pages_pdf
from idis.resolver.codes.rows import LabelRow
from idis.resolver.codes.svg import page_svg
from idis.resolver.codes.symbol import make_symbol

A4_MM = (210.0, 297.0)
COLUMNS_MAX, ROWS_MAX = 12, 40
MARGIN_MM_MAX = 50.0
TROUBLES_MAX = 20  # wrong rows that are told of at once


@dataclass(frozen=True, slots=True)
class Grid:
    """Where labels are on a sheet.

    Attributes:
        columns, rows: of labels on a sheet.
        margin_mm: around all of them: at the sides, at top and bottom.
        gap_mm: between two.
        skip: places of the first sheet whose labels are gone.

    Raises:
        CodeError: out of bounds.
    """

    columns: int = 3
    rows: int = 8
    margin_mm: tuple[float, float] = (7.0, 12.0)
    gap_mm: float = 2.5
    skip: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.columns <= COLUMNS_MAX and 1 <= self.rows <= ROWS_MAX):
            raise CodeError(f"{self.columns} × {self.rows} labels: from 1 × 1 to {COLUMNS_MAX} × {ROWS_MAX} are possible")
        if not all(0 <= margin <= MARGIN_MM_MAX for margin in (*self.margin_mm, self.gap_mm)):
            raise CodeError(f"margins and gaps may have up to {MARGIN_MM_MAX:.0f} mm")
        if not 0 <= self.skip < self.columns * self.rows:
            raise CodeError(f"a sheet has {self.columns * self.rows} places, of which {self.skip} cannot be passed over")

    @property
    def label_mm(self) -> tuple[float, float]:
        """Width and height of a label."""
        sides = zip(A4_MM, self.margin_mm, (self.columns, self.rows), strict=True)
        width, height = ((whole - 2 * margin - (count - 1) * self.gap_mm) / count for whole, margin, count in sides)
        return width, height

    def corner_mm(self, place: int) -> tuple[float, float]:
        """The top left corner of the label at a place, counted from 0 along the rows."""
        row, column = divmod(place, self.columns)
        width, height = self.label_mm
        return self.margin_mm[0] + column * (width + self.gap_mm), self.margin_mm[1] + row * (height + self.gap_mm)


@dataclass(frozen=True, slots=True)
class Plan:
    """What labels are made of: the carrier, where QR codes lead, how much of one may be lost, and how large a module may be."""

    carrier: Carrier
    around: Surroundings
    base: str = ""
    correction: Correction = Correction.M
    module_mm: float = 0.0


def labels_of(rows: Iterable[LabelRow], plan: Plan, grid: Grid) -> list[Label]:
    """The labels of rows, all of them or none.

    Raises:
        Unprintable: rows that cannot be printed, each with its number and the reason.
        NotInstalled: there is no library for the carrier.
    """
    width, height = grid.label_mm
    labels, troubles = [], []
    for row in rows:
        try:
            content = content_of(row.identifier, plan.carrier, plan.around, plan.base)
            symbol = make_symbol(content, plan.carrier, plan.correction)
            labels.append(fitted(symbol, (*row.lines, content.human), width, height, plan.module_mm))
        except NotInstalled:
            raise
        except CodeError as error:
            troubles.append(f"row {row.number}: {error}")
    if troubles:
        more = f"\n  and {len(troubles) - TROUBLES_MAX} more" if len(troubles) > TROUBLES_MAX else ""
        told = "\n  ".join(troubles[:TROUBLES_MAX])
        raise Unprintable(f"nothing was written, because of\n  {told}{more}")
    return labels


def sheets(labels: Iterable[Label], grid: Grid) -> Iterator[Page]:
    """The labels at their places, a sheet at a time."""
    left, skip = iter(labels), grid.skip
    while some := list(islice(left, grid.columns * grid.rows - skip)):
        yield [(label, *grid.corner_mm(skip + number)) for number, label in enumerate(some)]
        skip = 0


def sheets_pdf(labels: Sequence[Label], grid: Grid) -> bytes:
    """All sheets as one file."""
    return pages_pdf(*A4_MM, sheets(labels, grid))


def sheets_svg(labels: Sequence[Label], grid: Grid) -> list[str]:
    """Each sheet as a file."""
    return [page_svg(*A4_MM, page) for page in sheets(labels, grid)]
