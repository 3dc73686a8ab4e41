"""Symbols and labels as files, by the kind of file."""

from __future__ import annotations

from enum import Enum

from idis.resolver.codes.carrier import CodeError
from idis.resolver.codes.label import Label
from idis.resolver.codes.pdf import label_pdf
from idis.resolver.codes.png import DPI, label_png
from idis.resolver.codes.svg import label_svg


class Kind(Enum):
    """A kind of file, by the ending of its name."""

    SVG = "svg"
    PNG = "png"
    PDF = "pdf"

    @property
    def content_type(self) -> str:
        """Its media type."""
        return {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}[self.value]


def kind_of(name: str) -> Kind:
    """The kind that a file's name ends in.

    Raises:
        CodeError: it ends in none of them.
    """
    ending = name.rpartition(".")[2].lower()
    for kind in Kind:
        if kind.value == ending:
            return kind
    raise CodeError(f"{name} must end in .{', .'.join(kind.value for kind in Kind)}")


def written(label: Label, kind: Kind, *, dpi: int = DPI) -> bytes:
    """One label as a file.

    Raises:
        CodeError, NotInstalled: see `png.py`.
    """
    match kind:
        case Kind.SVG:
            return label_svg(label).encode("utf-8")
        case Kind.PDF:
            return label_pdf(label)
        case Kind.PNG:
            return label_png(label, dpi)
