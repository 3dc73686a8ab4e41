"""The patterns that other data spaces demand of single values, checked on the way out and on the way in."""

from __future__ import annotations

import re
import uuid

from idis.proto.identifier import fold

_UUID = re.compile(r"(urn:uuid:)?[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

# name → (pattern, what a person reads), of the Catena-X shared aspects 2.0 and SerialPart, Batch 3.0.
PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    "uuid": (_UUID, "a UUID, with or without urn:uuid: in front"),
    "bpnl": (re.compile(r"BPNL[a-zA-Z0-9]{12}"), "BPNL and 12 letters or digits"),
    "bpns": (re.compile(r"BPNS[a-zA-Z0-9]{12}"), "BPNS and 12 letters or digits"),
    "country": (re.compile(r"[A-Z]{3}"), "an alpha-3 country code"),
    "date": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?", re.ASCII),
        "a date, or a time with offset",
    ),
    "serialKey": (re.compile(r"manufacturerId|partInstanceId|batchId|van|customKey:\w+"), "a key of SerialPart 3.0"),
    "batchKey": (re.compile(r"manufacturerId|batchId|customKey:\w+"), "a key of Batch 3.0"),
}

# UN/ECE Recommendation 20 → the units of io.catenax.shared.quantity 2.0
UNITS = {
    "C62": "unit:piece",
    "H87": "unit:piece",
    "": "unit:piece",
    "SET": "unit:set",
    "PR": "unit:pair",
    "GRM": "unit:gram",
    "KGM": "unit:kilogram",
    "TNE": "unit:tonneMetricTon",
    "LBR": "unit:pound",
    "MLT": "unit:millilitre",
    "LTR": "unit:litre",
    "HLT": "unit:hectolitre",
    "MTQ": "unit:cubicMetre",
    "CMT": "unit:centimetre",
    "MTR": "unit:metre",
    "KMT": "unit:kilometre",
    "CMK": "unit:squareCentimetre",
    "MTK": "unit:squareMetre",
    "KWH": "unit:kilowattHour",
}


def fits(name: str, text: object) -> bool:
    """Whether a value obeys a pattern."""
    return isinstance(text, str) and PATTERNS[name][0].fullmatch(text) is not None


def catena_x_id(identifier: str, local_ids: tuple[str, ...] = ()) -> str:
    """The Catena-X ID of a thing: the UUID among its own codes, else one made of its identifier, always the same."""
    own = next((text for text in local_ids if text.startswith("urn:uuid:") and fits("uuid", text)), "")
    return own or f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'hdl:{fold(identifier)}')}"
