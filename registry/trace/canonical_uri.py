"""The one URI of a GS1 key, whichever way it was spelled (CBV 2.0 §8.9, GS1 Digital Link 1.1 §5).

EPC URNs, EPC class and pattern URNs, and Digital Links of any domain become `https://id.gs1.org/…` with the finest level
only: the serial without the lot, the lot without the variant, no query. Every other URI stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote

_HOST = "https://id.gs1.org/"
_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(\d{6,12})\.([^.]*)(?:\.(.*))?", re.DOTALL | re.ASCII)
_SAFE = "\"'-.;<=>?_%"  # stays as it is in a component; a percent sign is already part of an escape
_WEB = re.compile(r"https?://[^/?#]+(/[^?#]*)", re.ASCII)

# Primary keys of Digital Link with the names older ones spell them by.
_NAMES = {
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
_PRIMARY = {
    "00": r"\d{18}",
    "01": r"\d{8}|\d{12,14}",
    "253": r"\d{13}.{0,17}",
    "255": r"\d{13,25}",
    "401": r".{1,30}",
    "402": r"\d{17}",
    "414": r"\d{13}",
    "417": r"\d{13}",
    "8003": r"\d{14}.{0,16}",
    "8004": r".{1,30}",
    "8006": r"\d{18}",
    "8010": r".{1,30}",
    "8017": r"\d{18}",
    "8018": r"\d{18}",
}
_SHAPES = {key: re.compile(shape, re.ASCII) for key, shape in _PRIMARY.items()}
_QUALIFIERS = {  # finest first; the one that is there names the thing
    "01": ("21", "235", "10"),
    "8006": ("21", "10"),
    "8010": ("8011",),
    "414": ("254",),
}


def canonical_uri(uri: str) -> str:
    """The one spelling of a GS1 key; anything else as it is."""
    if uri.startswith("urn:epc:"):
        match = _URN.fullmatch(uri)
        writer = None if match is None else _WRITERS.get((match[1], match[2]))
        written = None if match is None or writer is None else writer(match[3], match[4], match[5])
        return uri if written is None else _HOST + written
    if uri.startswith("http"):
        return _link(uri)
    return uri


def check_digit(digits: str) -> str:
    """The check digit that follows (GS1 General Specifications §7.9)."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _link(uri: str) -> str:
    match = _WEB.match(uri)
    if match is None:
        return uri
    parts = [_NAMES.get(part, part) for part in match[1].strip("/").split("/")]
    for at, part in enumerate(parts[:-1]):
        shape = _SHAPES.get(part)
        if shape is None or shape.fullmatch(unquote(parts[at + 1])) is None:
            continue
        rest = parts[at + 2 :]
        if len(rest) % 2:
            return uri
        key = parts[at + 1].zfill(14) if part == "01" else parts[at + 1]
        named = dict(zip(rest[::2], rest[1::2], strict=True))
        finest = next((qualifier for qualifier in _QUALIFIERS.get(part, ()) if qualifier in named), None)
        tail = "" if finest is None or (finest == "254" and named[finest] == "0") else f"/{finest}/{named[finest]}"
        return f"{_HOST}{part}/{key}{tail}"
    return uri


def _component(text: str) -> str:
    return quote(text, safe=_SAFE)


def _gtin(company: str, item: str) -> str | None:
    if len(company) + len(item) != 13 or not item.isdecimal():
        return None
    digits = item[0] + company + item[1:]
    return digits + check_digit(digits)


def _digits(company: str, reference: str, length: int) -> str | None:
    """Company and reference of so many digits together, with their check digit."""
    if len(company) + len(reference) != length or not (reference.isdecimal() or not reference):
        return None
    digits = company + reference
    return digits + check_digit(digits)


Writer = Callable[[str, str, str | None], str | None]


def _sgtin(qualifier: str) -> Writer:
    def write(company: str, item: str, serial: str | None) -> str | None:
        gtin = _gtin(company, item)
        return f"01/{gtin}/{qualifier}/{_component(serial)}" if gtin and serial else None

    return write


def _gtin_class(company: str, item: str, rest: str | None) -> str | None:
    gtin = _gtin(company, item)
    return f"01/{gtin}" if gtin and rest == "*" else None


def _sscc(company: str, serial: str, rest: str | None) -> str | None:
    if rest is not None or len(company) + len(serial) != 17 or not serial.isdecimal():
        return None
    digits = serial[0] + company + serial[1:]
    return f"00/{digits}{check_digit(digits)}"


def _sgln(company: str, location: str, extension: str | None) -> str | None:
    gln = _digits(company, location, 12)
    if gln is None or extension is None:
        return None
    return f"414/{gln}" if extension == "0" else f"414/{gln}/254/{_component(extension)}"


def _plain(key: str, length: int) -> Writer:
    def write(company: str, reference: str, rest: str | None) -> str | None:
        digits = _digits(company, reference, length)
        return f"{key}/{digits}" if digits and rest is None else None

    return write


def _with_serial(key: str, lead: str = "") -> Writer:
    """A key of twelve digits, its check digit, and a serial right behind."""

    def write(company: str, reference: str, serial: str | None) -> str | None:
        if _digits(company, reference, 12) is None or not serial:
            return None
        digits = lead + company + reference
        tail = "" if serial == "*" else _component(serial)
        return f"{key}/{digits}{check_digit(digits)}{tail}"

    return write


def _joined(key: str) -> Writer:
    def write(company: str, reference: str, rest: str | None) -> str | None:
        whole = reference if rest is None else f"{reference}.{rest}"
        return f"{key}/{company}{_component(whole)}" if whole else None

    return write


def _cpi(company: str, reference: str, serial: str | None) -> str | None:
    if not reference or not serial:
        return None
    head = f"8010/{_component(company + reference)}"
    return head if serial == "*" else f"{head}/8011/{serial}"


def _itip(company: str, item: str, rest: str | None) -> str | None:
    gtin = _gtin(company, item)
    piece, _, others = (rest or "").partition(".")
    total, _, serial = others.partition(".")
    if gtin is None or len(piece) != 2 or len(total) != 2 or not serial:
        return None
    tail = "" if serial == "*" else f"/21/{_component(serial)}"
    return f"8006/{gtin}{piece}{total}{tail}"


_WRITERS: dict[tuple[str, str], Writer] = {
    ("id", "sgtin"): _sgtin("21"),
    ("id", "upui"): _sgtin("235"),
    ("class", "lgtin"): _sgtin("10"),
    ("idpat", "sgtin"): _gtin_class,
    ("idpat", "upui"): _gtin_class,
    ("id", "sscc"): _sscc,
    ("id", "sgln"): _sgln,
    ("id", "pgln"): _plain("417", 12),
    ("id", "gsrn"): _plain("8018", 17),
    ("id", "gsrnp"): _plain("8017", 17),
    ("id", "gsin"): _plain("402", 16),
    ("id", "grai"): _with_serial("8003", "0"),
    ("idpat", "grai"): _with_serial("8003", "0"),
    ("id", "gdti"): _with_serial("253"),
    ("idpat", "gdti"): _with_serial("253"),
    ("id", "sgcn"): _with_serial("255"),
    ("idpat", "sgcn"): _with_serial("255"),
    ("id", "giai"): _joined("8004"),
    ("id", "ginc"): _joined("401"),
    ("id", "cpi"): _cpi,
    ("idpat", "cpi"): _cpi,
    ("id", "itip"): _itip,
    ("idpat", "itip"): _itip,
}
