"""A label: a symbol with its quiet zone and the lines beside or below it, placed in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.resolver.codes.carrier import GS1_128_MM_MAX, MODULE_MM_MAX, MODULE_MM_MIN, CodeError
from idis.resolver.codes.lettering import lines_of, width_of
from idis.resolver.codes.symbol import Symbol

LETTERS_MM = 2.8  # 8 points: read at arm's length
LETTERS_MM_MIN = 1.6
LINE = 1.25  # from one line to the next, in sizes of letters
BARS_MM = 12.7  # height of a linear symbol
BARS_MM_MIN = 6.0
LABEL_MM_MIN = 30.0  # width of a label made for one symbol, so that its text has room
LINEAR_MODULE_MM_MIN = 0.25  # below it, hand-held scanners fail
MODULE_MM_PRINTED_MIN = 0.25  # of a label on a sheet, printed by an office printer
_PAD_MM = 1.5

Boxes = tuple[tuple[int, int, int, int], ...]  # left, top, width, height in modules


@dataclass(frozen=True, slots=True)
class Lettering:
    """A line of text: where its baseline begins, the size of its letters, its weight."""

    text: str
    x_mm: float
    y_mm: float
    size_mm: float


@dataclass(frozen=True, slots=True)
class Label:
    """A placed label.

    Attributes:
        width_mm, height_mm: of the whole.
        symbol: what it carries.
        x_mm, y_mm: where the symbol's first module is; the quiet zone is around it.
        module_mm: of one module.
        module_height_mm: the same, but of a linear symbol, whose one row is as high as its bars.
        texts: the lines.
    """

    width_mm: float
    height_mm: float
    symbol: Symbol
    x_mm: float
    y_mm: float
    module_mm: float
    module_height_mm: float
    texts: tuple[Lettering, ...]


def single(symbol: Symbol, texts: Sequence[str], module_mm: float = 0.0) -> Label:
    """A label as large as one symbol needs it, its lines below.

    Args:
        symbol: what it carries.
        texts: to be printed, each in as many lines as it takes.
        module_mm: size of a module; 0 for the usual one.

    Raises:
        CodeError: modules of that size are not printed, or the symbol becomes longer than its standard allows.
    """
    rules = symbol.carrier.rules
    module = module_mm or rules.module_mm
    if not MODULE_MM_MIN <= module <= MODULE_MM_MAX:
        raise CodeError(f"modules of {module} mm: they may have from {MODULE_MM_MIN} to {MODULE_MM_MAX} mm")
    across = (symbol.width + 2 * rules.quiet) * module
    if rules.linear and across > GS1_128_MM_MAX:
        raise CodeError(
            f"it would be {across:.0f} mm long, and GS1-128 may have {GS1_128_MM_MAX} mm: use smaller modules or fewer elements"
        )
    top = _PAD_MM if rules.linear else max(rules.quiet * module, _PAD_MM)
    bars = BARS_MM if rules.linear else module
    width = max(across, LABEL_MM_MIN)
    below = top + symbol.height * bars + (_PAD_MM / 2 if rules.linear else rules.quiet * module)
    lines = [line for text in texts for line in lines_of(text, (width - 2 * _PAD_MM) / LETTERS_MM)]
    placed = tuple(
        Lettering(line, (width - width_of(line) * LETTERS_MM) / 2, below + (number + 0.8) * LETTERS_MM * LINE, LETTERS_MM)
        for number, line in enumerate(lines)
    )
    height = below + len(lines) * LETTERS_MM * LINE + _PAD_MM
    return Label(width, height, symbol, (width - symbol.width * module) / 2, top, module, bars, placed)


def fitted(symbol: Symbol, texts: Sequence[str], width_mm: float, height_mm: float, module_mm: float = 0.0) -> Label:
    """A label of a given size: a square symbol on the left with its lines beside it, a linear one above them.

    Modules are as large as there is room for, and at most of the size that is asked for.

    Raises:
        CodeError: the label is too small for this symbol, or for its text.
    """
    rules = symbol.carrier.rules
    if rules.linear:
        return _stacked(symbol, texts, width_mm, height_mm, module_mm)
    modules = symbol.height + 2 * rules.quiet
    room = min(height_mm - 2 * _PAD_MM, (width_mm - 2 * _PAD_MM) / 2)
    module = min(room / modules, module_mm or rules.module_mm * 2)
    if module < MODULE_MM_PRINTED_MIN:
        raise _too_small(symbol, width_mm, height_mm)
    side = modules * module
    left = _PAD_MM + side + _PAD_MM / 2
    size, lines = _lines(texts, width_mm - left - _PAD_MM, height_mm - 2 * _PAD_MM, symbol, width_mm, height_mm)
    first = (height_mm - len(lines) * size * LINE) / 2 + size * 0.95
    placed = tuple(Lettering(line, left, first + number * size * LINE, size) for number, line in enumerate(lines))
    top = (height_mm - symbol.height * module) / 2
    return Label(width_mm, height_mm, symbol, _PAD_MM + rules.quiet * module, top, module, module, placed)


def boxes(symbol: Symbol) -> Boxes:
    """The dark modules as few boxes: runs of a row, joined with equal runs below them."""
    done: list[tuple[int, int, int, int]] = []
    begun: dict[tuple[int, int], int] = {}  # left and width → top
    for y, row in enumerate((*symbol.rows, b"")):
        runs = _runs(row)
        for left, width in begun.keys() - runs:
            top = begun.pop((left, width))
            done.append((left, top, width, y - top))
        for run in runs:
            begun.setdefault(run, y)
    return tuple(sorted(done, key=lambda box: (box[1], box[0])))


def _runs(row: bytes) -> list[tuple[int, int]]:
    found, at = [], row.find(1)
    while at >= 0:
        end = row.find(0, at)
        end = len(row) if end < 0 else end
        found.append((at, end - at))
        at = row.find(1, end)
    return found


def _stacked(symbol: Symbol, texts: Sequence[str], width_mm: float, height_mm: float, module_mm: float) -> Label:
    rules = symbol.carrier.rules
    module = min((width_mm - 2 * _PAD_MM) / (symbol.width + 2 * rules.quiet), module_mm or rules.module_mm)
    if module < LINEAR_MODULE_MM_MIN:
        raise _too_small(symbol, width_mm, height_mm)
    room = height_mm - 2 * _PAD_MM - BARS_MM_MIN
    size, lines = _lines(texts, width_mm - 2 * _PAD_MM, room, symbol, width_mm, height_mm)
    bars = min(BARS_MM, height_mm - 2 * _PAD_MM - len(lines) * size * LINE)
    placed = tuple(
        Lettering(line, (width_mm - width_of(line) * size) / 2, _PAD_MM + bars + (number + 0.9) * size * LINE, size)
        for number, line in enumerate(lines)
    )
    return Label(width_mm, height_mm, symbol, (width_mm - symbol.width * module) / 2, _PAD_MM, module, bars, placed)


def _lines(
    texts: Sequence[str], room_mm: float, height_mm: float, symbol: Symbol, width_mm: float, label_mm: float
) -> tuple[float, list[str]]:
    """The largest size of letters at which all lines fit, and the lines."""
    size = LETTERS_MM
    while size >= LETTERS_MM_MIN:
        lines = [line for text in texts for line in lines_of(text, room_mm / size)]
        if len(lines) * size * LINE <= height_mm:
            return size, lines
        size -= 0.2
    raise _too_small(symbol, width_mm, label_mm)


def _too_small(symbol: Symbol, width_mm: float, height_mm: float) -> CodeError:
    return CodeError(f"labels of {width_mm:.0f} × {height_mm:.0f} mm are too small for {symbol.human}: use fewer columns or rows")
