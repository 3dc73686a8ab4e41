"""Symbols with an envelope of ISO/IEC 15434: `[)>␞06␝25SUN123456789S001␝1PAB-7␞␄`.

An envelope holds formats, a format holds fields: `06` fields with data identifiers, `05` a GS1 element string, `12` text
elements. What a scanner lost at the end is forgiven with a warning. The identity is a number of ISO/IEC 15459 where
there is one, else the fields that name maker, part, lot and serial, in that order (`identifiers.md` §3.8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from idis.proto.schemes import iso15459
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, alias_route
from idis.proto.schemes.scan import EOT, GS, RS, shown_controls

SCHEME = "iso15434"

OPENING = "[)>"
FORMAT_GS1 = "05"
FORMAT_DATA_IDENTIFIERS = "06"
FORMAT_TEXT = "12"
FIELDS_MAX = 64  # a symbol of 3,000 octets with fields of the usual length
FORMATS_MAX = 8

_FIELD = re.compile(r"([0-9]{0,3}[A-Z])([^\x00-\x1f]+)")
_TEXT_FIELD = re.compile(r"([A-Z]{3}) ([^\x00-\x1f]+)")
# Who made it, what it is, of which lot, which one: the identity where no single number is. First known of each group.
_MAKERS = ("12V", "18V", "17V", "V", "MFR", "CAG", "DUN")
_PARTS = ("1P", "P", "30P", "PNO", "PNR")
_LOTS = ("1T", "T", "LOT")
_SERIALS = ("S", "SER", "SEQ")


@dataclass(frozen=True, slots=True)
class Format:
    """One format of an envelope: its indicator and its fields, each as data identifier and data; of others, the raw data."""

    indicator: str
    fields: tuple[tuple[str, str], ...]
    data: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A whole symbol."""

    formats: tuple[Format, ...]
    warnings: tuple[str, ...] = ()

    def element_string(self) -> str:
        """The GS1 element string in it; empty without one."""
        return next((part.data for part in self.formats if part.indicator == FORMAT_GS1), "")


def parse(text: str) -> Envelope | None:
    """Take an envelope apart; the separators are control characters."""
    if not text.startswith(OPENING) or text[3:4] not in (RS, GS):
        return None
    warnings = []
    body = text[4:]
    if not body.endswith(EOT):
        warnings.append("the end of the message was lost")
    body = body.rstrip(EOT)
    if not body.endswith(RS):
        warnings.append("the end of the last format was lost")
    parts = body.rstrip(RS).split(RS)
    if len(parts) > FORMATS_MAX or not all(parts):
        return None
    formats = [_format(part) for part in parts]
    read = tuple(part for part in formats if part is not None)
    return Envelope(read, tuple(warnings)) if len(read) == len(formats) else None


def recognise(text: str) -> Recognised | None:
    """Read an envelope with data identifiers or text elements."""
    envelope = parse(text)
    if envelope is None:
        return None
    fields = [field for part in envelope.formats for field in part.fields]
    for name, data in fields:
        found = iso15459.of_field(name, data)
        if found is not None:
            rest = tuple(field for field in fields if field != (name, data))
            return replace(found, attributes=rest, warnings=envelope.warnings)
    for indicator in (FORMAT_DATA_IDENTIFIERS, FORMAT_TEXT):  # names of the two do not go together
        own = [field for part in envelope.formats if part.indicator == indicator for field in part.fields]
        if (found := _of_fields(own, envelope.warnings)) is not None:
            return found
    return None


def _format(part: str) -> Format | None:
    indicator, data = part[:2], part[2:].removeprefix(GS)
    if len(indicator) != 2 or not indicator.isdigit() or not indicator.isascii():
        return None
    shape = {FORMAT_DATA_IDENTIFIERS: _FIELD, FORMAT_TEXT: _TEXT_FIELD}.get(indicator)
    if shape is None:
        return Format(indicator, (), data)
    pieces = data.removesuffix(GS).split(GS)
    matches = [shape.fullmatch(piece) for piece in pieces]
    fields = tuple((match[1], match[2]) for match in matches if match is not None)
    return Format(indicator, fields, data) if len(fields) == len(pieces) <= FIELDS_MAX else None


def _of_fields(fields: list[tuple[str, str]], warnings: tuple[str, ...]) -> Recognised | None:
    first = dict(reversed(fields))
    groups = [next((name for name in names if name in first), "") for names in (_MAKERS, _PARTS, _LOTS, _SERIALS)]
    maker, part, lot, serial = groups
    if not (part or lot or serial):
        return None
    # The lot is no part of an item's identity.
    finest = [name for name in (maker, part, serial or lot) if name]
    levels = [finest]
    if part and (serial or lot):
        levels.append([name for name in (maker, part) if name])
    spelled = tuple(_spelled([(name, first[name]) for name in level]) for level in levels)
    granularity = Granularity.ITEM if serial else Granularity.LOT if lot else Granularity.CLASS
    rest = tuple(field for field in fields if field[0] not in finest)
    why = "an envelope of ISO/IEC 15434 with " + ", ".join(finest)
    route = alias_route(SCHEME, spelled[0])
    return Recognised(
        SCHEME, spelled[0], " ".join(f"({name}){first[name]}" for name in finest), granularity, Confidence.CERTAIN, why,
        spelled, route, attributes=rest, warnings=warnings,
    )  # fmt: skip


def _spelled(fields: list[tuple[str, str]]) -> str:
    text = len(fields[0][0]) == 3 and fields[0][0].isalpha()
    divider = " " if text else ""
    body = "".join(f"{GS}{name}{divider}{data}" for name, data in fields)
    return shown_controls(f"{OPENING}{RS}{FORMAT_TEXT if text else FORMAT_DATA_IDENTIFIERS}{body}{RS}{EOT}")
