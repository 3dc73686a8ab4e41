"""Symbols in pictures: every one with its place, and what it says, recognised as any pasted text is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from idis.proto.detect import readings_of, trouble_of
from idis.proto.schemes.recognised import Recognised
from idis.proto.schemes.scan import shown_controls
from idis.proto.schemes.surroundings import Surroundings
from idis.resolver.codes.carrier import CodeError
from idis.resolver.codes.symbol import require

PICTURE_BYTES_MAX = 67_108_864
PICTURE_PIXELS_MAX = 64_000_000  # of a good camera; grey, as many octets of memory
SYMBOLS_MAX = 1_000  # of one picture: a sheet of the smallest labels has half as many
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")

Corners = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol in a picture.

    Attributes:
        symbology: what kind it is.
        prefix: what a scanner says in front of its content (ISO/IEC 15424).
        corners: top left, top right, bottom right, bottom left, in pixels.
        text: its content, separators as ␝ ␞ ␄.
        readings: what the content is, the surest first.
        trouble: why there is no reading.
        damaged: what is wrong with the symbol itself; its content is then a guess.
    """

    symbology: str
    prefix: str
    corners: Corners
    text: str
    readings: tuple[Recognised, ...]
    trouble: str = ""
    damaged: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was read whole, is an identifier, and every check digit is right."""
        return not self.damaged and bool(self.readings) and self.readings[0].ok


def read_picture(path: Path, around: Surroundings) -> list[Found]:
    """Every symbol in a picture, from top to bottom.

    Raises:
        CodeError: the file is no picture, or too large.
        NotInstalled: without zxing-cpp or Pillow.
    """
    zxing = require("zxingcpp", "zxing-cpp", "reading codes")
    image = _opened(path)
    found = zxing.read_barcodes(image, return_errors=True)[:SYMBOLS_MAX]
    told = [_found(symbol, around) for symbol in found if symbol.bytes]
    boxes = [_box(one.corners) for one in told]
    # A corner of a large code can look like a small one; nobody prints one inside another.
    whole = [one for one, box in zip(told, boxes, strict=True) if not any(_inside(box, other) for other in boxes)]
    return sorted(whole, key=lambda one: (_box(one.corners)[1], _box(one.corners)[0]))


def _box(corners: Corners) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _inside(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether the middle of a box lies in another one that is larger."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    larger = (other[2] - other[0]) * (other[3] - other[1]) > (box[2] - box[0]) * (box[3] - box[1])
    return larger and other[0] <= x <= other[2] and other[1] <= y <= other[3]


def _opened(path: Path) -> object:
    """A picture in grey, upright as people see it."""
    images = require("PIL.Image", "Pillow", "reading pictures")
    operations = require("PIL.ImageOps", "Pillow", "reading pictures")
    try:
        if path.stat().st_size > PICTURE_BYTES_MAX:
            raise CodeError(f"{path} has more than {PICTURE_BYTES_MAX:,} octets: make it smaller")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures, for which there is a bound of our own
            with images.open(path, formats=FORMATS) as image:
                width, height = image.size
                if width * height > PICTURE_PIXELS_MAX:
                    raise CodeError(
                        f"{path} has {width:,} × {height:,} pixels, more than {PICTURE_PIXELS_MAX:,}: make it smaller"
                    )
                return _grey(images, operations.exif_transpose(image))
    except images.DecompressionBombError:
        raise CodeError(f"{path} has more than {PICTURE_PIXELS_MAX:,} pixels: make it smaller") from None
    except images.UnidentifiedImageError:
        raise CodeError(f"{path} is no picture: {', '.join(FORMATS)} are read") from None
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror or error}") from None
    except (SyntaxError, ValueError, EOFError) as error:
        raise CodeError(f"{path} is damaged: {error}") from None


def _grey(images: ModuleType, image: Any) -> object:
    """On white, where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = images.alpha_composite(images.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("L")


def _found(symbol: Any, around: Surroundings) -> Found:
    """What zxing-cpp tells of a symbol, with its content recognised."""
    octets: bytes = symbol.bytes
    try:
        content = octets.decode("utf-8")
    except UnicodeDecodeError:
        content = symbol.text  # in another character set, which the library knows
    place = symbol.position
    corners = tuple((corner.x, corner.y) for corner in (place.top_left, place.top_right, place.bottom_right, place.bottom_left))
    readings = readings_of(symbol.symbology_identifier + content, around)
    if not readings and symbol.content_type.name == "GS1":
        readings = readings_of(symbol.text, around)  # in brackets, where a wrong check digit is recognised as one
    return Found(
        symbology=str(symbol.format),
        prefix=symbol.symbology_identifier,
        corners=corners,
        text=shown_controls(content),
        readings=readings,
        trouble="" if readings else trouble_of(content),
        damaged="" if symbol.valid else str(symbol.error),
    )
