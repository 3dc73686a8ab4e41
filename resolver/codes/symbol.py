"""A symbol as rows of modules, made by zxing-cpp and read back by it before anybody gets it; QR codes also by segno, unread.

This is the one file that knows these libraries. Both are optional (`pip install 'idis[codes]'`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from idis.resolver.codes.carrier import Carrier, Correction, NotInstalled, Unprintable
from idis.resolver.codes.content import Content

INSTALL = "pip install 'idis[codes]'"

_DARK, _LIGHT = 0, 255
_BITS = bytes((1,)) * 128 + bytes(128)  # shades of grey as modules
_SHADES = bytes((_LIGHT, _DARK)) + bytes(254)  # and back
_FORMATS = {
    Carrier.QR: "QRCode",
    Carrier.GS1_QR: "QRCode",
    Carrier.DATAMATRIX: "DataMatrix",
    Carrier.GS1_DATAMATRIX: "DataMatrix",
    Carrier.GS1_128: "Code128",
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol.

    Attributes:
        carrier: what kind.
        human: what is printed beside it.
        rows: of modules without the quiet zone, 1 for a dark one; a linear symbol has one row.
        read_back: whether it was read and holds what it should.
    """

    carrier: Carrier
    human: str
    rows: tuple[bytes, ...]
    read_back: bool = True

    @property
    def width(self) -> int:
        """Modules from left to right."""
        return len(self.rows[0])

    @property
    def height(self) -> int:
        """Modules from top to bottom."""
        return len(self.rows)


def make_symbol(content: Content, carrier: Carrier, correction: Correction = Correction.M) -> Symbol:
    """The symbol of a content.

    Raises:
        NotInstalled: there is no library for this carrier.
        Unprintable: it does not fit in, or what was made reads differently.
    """
    zxing = library("zxingcpp")
    if zxing is None:
        return _by_segno(content, carrier, correction)
    rules = carrier.rules
    options: dict[str, object] = {"gs1": True} if rules.gs1 else {}
    if carrier in (Carrier.QR, Carrier.GS1_QR):
        options["ec_level"] = correction.value
        if not content.payload.isascii():
            options["eci"] = "UTF-8"  # else Chinese becomes Shift JIS, which is shorter, and which phones may misread
    elif not rules.linear:
        options["force_square"] = True
    try:
        made = zxing.create_barcode(content.payload, getattr(zxing.BarcodeFormat, _FORMATS[carrier]), **options)
        image = made.to_image(scale=1, add_hrt=False, add_quiet_zones=False)
    except ValueError:
        raise _too_long(content, carrier) from None
    height, width = image.shape
    dark = memoryview(image).tobytes().translate(_BITS)
    rows = tuple(dark[at : at + width] for at in range(0, width if rules.linear else width * height, width))
    symbol = Symbol(carrier, content.human, rows)
    _read_back(zxing, symbol, content)
    return symbol


@cache
def library(name: str) -> ModuleType | None:
    """An optional library, where it is installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        return None


def require(name: str, title: str, purpose: str) -> ModuleType:
    """An optional library.

    Raises:
        NotInstalled: with what it is needed for.
    """
    found = library(name)
    if found is None:
        raise NotInstalled(f"{purpose} needs {title}: {INSTALL}")
    return found


def picture(symbol: Symbol, *, height: int = 1) -> memoryview:
    """A symbol in grey, one octet a module, with its quiet zone; a linear one of some height."""
    quiet = symbol.carrier.rules.quiet
    across = symbol.width + 2 * quiet
    margin = bytes((_LIGHT,)) * quiet
    rows = [margin + row.translate(_SHADES) + margin for row in symbol.rows * height]
    white = [bytes((_LIGHT,)) * across] * (0 if symbol.carrier.rules.linear else quiet)
    rows = [*white, *rows, *white]
    return memoryview(b"".join(rows)).cast("B", (len(rows), across))


def _read_back(zxing: ModuleType, symbol: Symbol, content: Content) -> None:
    """Read what will be drawn, and compare.

    Raises:
        Unprintable: it reads differently, which is a mistake of ours or of the library.
    """
    rules = symbol.carrier.rules
    shown = picture(symbol, height=20 if rules.linear else 1)
    formats = getattr(zxing.BarcodeFormat, _FORMATS[symbol.carrier])
    found = zxing.read_barcodes(shown, formats=formats, is_pure=not rules.linear, try_rotate=False, try_downscale=False)
    if len(found) != 1 or found[0].bytes != content.octets or found[0].symbology_identifier != rules.prefix:
        raise Unprintable(f"the {rules.title} of {content.human} does not read back: it is not handed out")


def _too_long(content: Content, carrier: Carrier) -> Unprintable:
    shorter = "use a shorter base" if carrier is Carrier.QR else "use a carrier that holds more"
    return Unprintable(f"{len(content.octets):,} octets are more than a {carrier.rules.title} holds: {shorter}")


def _by_segno(content: Content, carrier: Carrier, correction: Correction) -> Symbol:
    if carrier is not Carrier.QR or library("segno") is None:
        raise NotInstalled(f"making a {carrier.rules.title} needs zxing-cpp: {INSTALL}")
    segno = require("segno", "segno", "making codes")
    try:
        made = segno.make_qr(content.payload, error=correction.value, boost_error=False)
    except segno.DataOverflowError:
        raise _too_long(content, carrier) from None
    return Symbol(carrier, content.human, tuple(bytes(row) for row in made.matrix), read_back=False)
