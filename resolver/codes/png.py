"""A label as PNG: whole pixels for every module, text in a font of the system where it has any of these."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from types import ModuleType

from idis.resolver.codes.carrier import CodeError
from idis.resolver.codes.label import Label
from idis.resolver.codes.symbol import require

DPI, DPI_MIN, DPI_MAX = 600, 72, 2_400
PIXELS_MAX = 50_000_000  # of a picture that is made; a symbol of the largest size at DPI_MAX has fewer
_MM_PER_INCH = 25.4
_WHITE, _BLACK = 255, 0

# Fonts with Chinese characters, as systems have them; the first that is there.
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "msyh.ttc",
    "simsun.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)


def label_png(label: Label, dpi: int = DPI) -> bytes:
    """One label as a file.

    Args:
        label: what it shows.
        dpi: of the printer; modules are rounded to whole dots, at least one, and the file says how large that makes it.

    Raises:
        CodeError: out of bounds, or Chinese text and no font for it.
        NotInstalled: without Pillow.
    """
    images = require("PIL.Image", "Pillow", "writing PNG")
    drawing = require("PIL.ImageDraw", "Pillow", "writing PNG")
    if not DPI_MIN <= dpi <= DPI_MAX:
        raise CodeError(f"{dpi} dpi: from {DPI_MIN} to {DPI_MAX} are possible")
    dots = max(round(label.module_mm * dpi / _MM_PER_INCH), 1)
    scale = dots / label.module_mm  # dots a millimetre, once modules are whole
    size = round(label.width_mm * scale), round(label.height_mm * scale)
    if size[0] * size[1] > PIXELS_MAX:
        raise CodeError(f"{size[0]:,} × {size[1]:,} dots are too many: use a lower --dpi or smaller modules")
    image = images.new("L", size, _WHITE)
    symbol = label.symbol
    modules = images.frombytes("L", (symbol.width, symbol.height), b"".join(symbol.rows).translate(_SHADES))
    tall = max(round(label.module_height_mm * scale), 1) * symbol.height
    corner = round(label.x_mm * scale), round(label.y_mm * scale)
    image.paste(modules.resize((symbol.width * dots, tall), images.Resampling.NEAREST), corner)
    pen = drawing.Draw(image)
    for text in label.texts:
        font = _font(round(text.size_mm * scale), chinese=not text.text.isascii())
        pen.text((text.x_mm * scale, text.y_mm * scale), text.text, fill=_BLACK, font=font, anchor="ls")
    written = BytesIO()
    real = scale * _MM_PER_INCH
    image.convert("1", dither=images.Dither.NONE).save(written, "PNG", dpi=(real, real), optimize=True)
    return written.getvalue()


_SHADES = bytes((_WHITE, _BLACK)) + bytes(254)


@cache
def _font(dots: int, *, chinese: bool) -> object:
    fonts = require("PIL.ImageFont", "Pillow", "writing PNG")
    for name in _FONTS:
        if (font := _opened(fonts, name, dots)) is not None:
            return font
    if chinese:
        raise CodeError("no font with Chinese characters was found for a PNG: use svg or pdf, or install Noto Sans CJK")
    return fonts.load_default(dots)


def _opened(fonts: ModuleType, name: str, dots: int) -> object | None:
    try:
        return fonts.truetype(name, dots)  # type: ignore[no-any-return]
    except OSError:
        return None
