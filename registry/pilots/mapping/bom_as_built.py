"""Catena-X SingleLevelBomAsBuilt 3.0: what is in a thing, one level down, out; and in, as installations (`tracing.md` §10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from idis.registry.pilots.mapping.patterns import PATTERNS, UNITS, catena_x_id, fits
from idis.registry.pilots.mapping.source import Document, Fault, Source, plain_number

OBJECTS = ("vehicle", "battery", "part", "engine", "block", "ship", "item", "equipment", "position")
_CODES = {unit: code for code, unit in reversed(UNITS.items()) if code}


@dataclass(frozen=True, slots=True)
class Child:
    """What is in a thing: since when (ISO 8601), how much, and whether that is beyond doubt."""

    identifier: str
    since: str
    quantity: Decimal | None = None
    uom: str = ""
    possible: bool = False


@dataclass(frozen=True, slots=True)
class ReadChild:
    """The same, read: a Catena-X ID in place of the identifier."""

    catena_x_id: str
    since: str
    quantity: Decimal
    uom: str
    possible: bool


def bom_as_built(source: Source, children: Iterable[Child]) -> Document:
    """The bill of material of a thing. A child whose supplier has no number is a fault: a bill is never cut short."""
    return {
        "catenaXId": catena_x_id(source.identifier, source.items("localIds")),
        "childItems": [_child(source, child) for child in children],
    }


def read_bom(document: Any) -> tuple[str, tuple[ReadChild, ...], list[Fault]]:
    """The Catena-X ID of the whole, its children, and what is wrong with the document."""
    faults: list[Fault] = []
    if not isinstance(document, dict):
        return "", (), [Fault("", "a document is a JSON object")]
    whole = document.get("catenaXId")
    if not fits("uuid", whole):
        faults.append(Fault("/catenaXId", f"this must be {PATTERNS['uuid'][1]}"))
    found = document.get("childItems")
    if not isinstance(found, list):
        return str(whole), (), [*faults, Fault("/childItems", "this must be a list")]
    children = [_read_child(child, f"/childItems/{at}", faults) for at, child in enumerate(found)]
    return urn(str(whole)), tuple(child for child in children if child is not None), faults


def urn(text: str) -> str:
    """A UUID as a URI."""
    return text if text.startswith("urn:uuid:") else f"urn:uuid:{text}"


def _child(source: Source, child: Child) -> Document:
    texts = source.look(child.identifier)
    party = "" if texts is None else (source.look(texts.get("supplier") or texts.get("producer", "")) or {}).get("bpn", "")
    local = () if texts is None else Source(child.identifier, "", texts, source.look).items("localIds")
    if child.uom not in UNITS:
        source.faults.append(Fault(child.identifier, f"Catena-X has no unit for {child.uom}"))
    return {
        "catenaXId": catena_x_id(child.identifier, local),
        "quantity": {"value": plain_number(str(child.quantity or 1)), "unit": UNITS.get(child.uom, "")},
        "createdOn": source.checked("date", child.since, f"{child.identifier} since"),
        "businessPartner": source.checked("bpnl", party or source.partner(child.identifier), f"supplier of {child.identifier}"),
        "hasAlternatives": child.possible,
    }


def _read_child(child: Any, pointer: str, faults: list[Fault]) -> ReadChild | None:
    if not isinstance(child, dict):
        faults.append(Fault(pointer, "this must be an object"))
        return None
    before = len(faults)
    for name, pattern in (("catenaXId", "uuid"), ("createdOn", "date"), ("businessPartner", "bpnl")):
        if not fits(pattern, child.get(name)):
            faults.append(Fault(f"{pointer}/{name}", f"this must be {PATTERNS[pattern][1]}"))
    if not isinstance(child.get("hasAlternatives"), bool):
        faults.append(Fault(f"{pointer}/hasAlternatives", "this must be true or false"))
    amount = child.get("quantity")
    value, unit = (amount.get("value"), amount.get("unit")) if isinstance(amount, dict) else (None, None)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0 or unit not in _CODES:
        faults.append(Fault(f"{pointer}/quantity", "this must be a value above 0 and a unit such as unit:piece"))
    if len(faults) > before:
        return None
    code = "" if unit == "unit:piece" else _CODES[str(unit)]
    return ReadChild(urn(child["catenaXId"]), child["createdOn"], Decimal(str(value)), code, child["hasAlternatives"])
