"""Labels as PDF: symbols as filled boxes, text in fonts that readers have, everything else as little as the format allows.

ISO 32000-1: Helvetica is one of the standard fonts (§9.6.2.2); STSong-Light with the predefined character map UniGB-UTF16-H
(§9.7.5.2) makes a reader take the Chinese font it has. Nothing is embedded, so a thousand labels are a small file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

from idis.resolver.codes.label import Label, Lettering, boxes
from idis.resolver.codes.lettering import CHINESE, LATIN, runs_of, width_of

POINTS_PER_MM = 72 / 25.4
COMPRESSION = 6

_FONTS = (
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light-UniGB-UTF16-H/Encoding/UniGB-UTF16-H/DescendantFonts[5 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 5>>"
    b"/FontDescriptor 6 0 R/DW 1000/W[1 95 500]>>",
    b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120"
    b"/CapHeight 880/StemV 93>>",
)
_FIRST_PAGE = 7  # objects before: catalogue, pages, and the fonts

Page = Sequence[tuple[Label, float, float]]


def label_pdf(label: Label) -> bytes:
    """One label as a file of one page of its size."""
    return pages_pdf(label.width_mm, label.height_mm, [[(label, 0.0, 0.0)]])


def pages_pdf(width_mm: float, height_mm: float, pages: Iterable[Page]) -> bytes:
    """Pages of labels, each at its own corner, in millimetres from the top left."""
    # Millimetres from the top, as labels are placed; text turns itself upright again.
    turned = f"{_number(POINTS_PER_MM)} 0 0 -{_number(POINTS_PER_MM)} 0 {_number(height_mm * POINTS_PER_MM)} cm\n"
    contents = [zlib.compress((turned + "".join(_content(page))).encode("ascii"), COMPRESSION) for page in pages]
    box = f"0 0 {_number(width_mm * POINTS_PER_MM)} {_number(height_mm * POINTS_PER_MM)}"
    kids = " ".join(f"{_FIRST_PAGE + 2 * number} 0 R" for number in range(len(contents)))
    fonts = f"/{LATIN} 3 0 R/{CHINESE} 4 0 R"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(contents)}/MediaBox[{box}]/Resources<</Font<<{fonts}>>>>>>".encode(),
        *_FONTS,
    ]
    for number, content in enumerate(contents):
        objects.append(f"<</Type/Page/Parent 2 0 R/Contents {_FIRST_PAGE + 2 * number + 1} 0 R>>".encode())
        objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(content), content))
    return _file(objects)


def _content(page: Page) -> Iterator[str]:
    for label, left, top in page:
        x, y = _number(left + label.x_mm), _number(top + label.y_mm)
        yield f"q {_number(label.module_mm)} 0 0 {_number(label.module_height_mm)} {x} {y} cm\n"
        yield " ".join([f"{x} {y} {width} {height} re" for x, y, width, height in boxes(label.symbol)])
        yield "\nf Q\n"
        for text in label.texts:
            yield from _text(text, left, top)


def _text(text: Lettering, left: float, top: float) -> Iterator[str]:
    size, x = text.size_mm, left + text.x_mm
    for font, run in runs_of(text.text):
        shown = f"({_escaped(run)})" if font != CHINESE else f"<{run.encode('utf-16-be', 'replace').hex()}>"
        place = f"{_number(size)} 0 0 -{_number(size)} {_number(x)} {_number(top + text.y_mm)} Tm"
        yield f"BT/{font} 1 Tf {place} {shown} Tj ET\n"
        x += width_of(run) * size


def _escaped(run: str) -> str:
    return run.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _file(objects: Sequence[bytes]) -> bytes:
    """The objects one after the other, and where each begins (ISO 32000-1 §7.5)."""
    parts = [b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"]
    at, places = len(parts[0]), []
    for number, octets in enumerate(objects, start=1):
        part = b"%d 0 obj\n%s\nendobj\n" % (number, octets)
        places.append(at)
        parts.append(part)
        at += len(part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table))
    parts.append(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, at))
    return b"".join(parts)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
