"""Labels as SVG: one path a symbol, text as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from idis.resolver.codes.label import Label, boxes

_FAMILY = "Helvetica,Arial,'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',SimSun,sans-serif"


def label_svg(label: Label) -> str:
    """One label as a file."""
    return page_svg(label.width_mm, label.height_mm, [(label, 0.0, 0.0)])


def page_svg(width_mm: float, height_mm: float, placed: Sequence[tuple[Label, float, float]]) -> str:
    """A page with labels, each at its own corner in millimetres."""
    size = f"{_number(width_mm)} {_number(height_mm)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(width_mm)}mm" height="{_number(height_mm)}mm" '
        f'viewBox="0 0 {size}" font-family="{_FAMILY}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(map(_placed, placed))}</svg>\n'
    )


def _placed(placed: tuple[Label, float, float]) -> str:
    label, left, top = placed
    return "".join((*_symbol(label, left, top), *_texts(label, left, top)))


def _symbol(label: Label, left: float, top: float) -> Iterable[str]:
    place = f"translate({_number(left + label.x_mm)} {_number(top + label.y_mm)})"
    scale = f"scale({_number(label.module_mm)} {_number(label.module_height_mm)})"
    path = "".join(f"M{x} {y}h{width}v{height}h-{width}z" for x, y, width, height in boxes(label.symbol))
    yield f'<path shape-rendering="crispEdges" transform="{place} {scale}" d="{path}"/>'


def _texts(label: Label, left: float, top: float) -> Iterable[str]:
    for text in label.texts:
        x, y = _number(left + text.x_mm), _number(top + text.y_mm)
        yield f'<text x="{x}" y="{y}" font-size="{_number(text.size_mm)}">{escape(text.text)}</text>'


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
