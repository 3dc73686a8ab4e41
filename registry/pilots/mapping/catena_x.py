"""Catena-X: SerialPart 3.0 and Batch 3.0, out and in (`tracing.md` §10).

Beside the keys of the standard every document carries its handle as a custom key, so that what comes back finds its record;
a lot's quantity, which Batch 3.0 has no member for, travels in the same way.
"""

from __future__ import annotations

from typing import Any

from idis.registry.pilots.mapping.patterns import PATTERNS, catena_x_id, fits
from idis.registry.pilots.mapping.source import Document, Fault, Source, without_nothing

HANDLE_KEY = "customKey:idisHandle"
QUANTITY_KEY = "customKey:idisQuantity"
OBJECT_KEY = "customKey:idisObject"

# What stands for manufacturerPartId, nameAtManufacturer and partInstanceId, by object.
_PARTS = {
    "part": ("partNo", "nameAtManufacturer", "serialNo"),
    "engine": ("partNo", "nameAtManufacturer", "serialNo"),
    "battery": ("modelId", "name", "batteryCode"),
    "vehicle": ("model", "name", "vin"),
}
SERIAL_OBJECTS = tuple(_PARTS)
BATCH_OBJECTS = ("lot",)


def serial_part(source: Source) -> Document:
    """A part, engine, battery or vehicle as SerialPart 3.0."""
    number, name, serial = _PARTS[source.code]
    keys = [("manufacturerId", source.party("supplier")), ("partInstanceId", source.need(serial))]
    batch = source.look(source.texts["batch"]) if "batch" in source.texts else None
    keys += [("batchId", batch["batchId"])] if batch is not None and "batchId" in batch else []
    keys += [("van", source.texts["van"])] if "van" in source.texts else []
    document = _head(source, (*keys, (OBJECT_KEY, source.code), (HANDLE_KEY, source.identifier)))
    document["partTypeInformation"] = without_nothing(
        {
            "manufacturerPartId": source.need(number),
            "nameAtManufacturer": source.need(name),
            "customerPartId": source.texts.get("customerPartId"),
            "nameAtCustomer": source.texts.get("nameAtCustomer"),
            "partClassification": [_classified(one) for one in source.json("classification") or ()],
        }
    )
    return document


def batch(source: Source) -> Document:
    """A lot as Batch 3.0."""
    quantity = f"{source.need('quantity')} {source.need('uom')}"
    keys = (("manufacturerId", source.party("supplier")), ("batchId", source.need("batchId")))
    document = _head(source, (*keys, (QUANTITY_KEY, quantity), (HANDLE_KEY, source.identifier)))
    document["partTypeInformation"] = {"manufacturerPartId": source.need("partNo"), "nameAtManufacturer": source.need("name")}
    return document


def read_serial_part(document: Any, prefix: str) -> tuple[Document, list[Fault]]:
    """The row of a part, and what is wrong with the document."""
    keys, row, faults = _read(document, "serialKey")
    if (code := keys.get(OBJECT_KEY, "part")) != "part":
        faults.append(Fault("/localIdentifiers", f"this is a {code}, of which SerialPart says too little: only parts are read"))
    kind = _object(document, "partTypeInformation", faults)
    serial = keys.get("partInstanceId", "")
    number = _text(kind, "manufacturerPartId", "/partTypeInformation", faults)
    row |= {
        "identifier": keys.get(HANDLE_KEY) or f"{prefix}/PART.{number}-{serial}",
        "objectType": "part",
        "name": _text(kind, "nameAtManufacturer", "/partTypeInformation", faults),
        "nameAtManufacturer": kind.get("nameAtManufacturer"),
        "partNo": number,
        "serialNo": serial,
        "supplier": _organisation(keys, prefix),
        "producer": _organisation(keys, prefix),
        "customerPartId": kind.get("customerPartId"),
        "nameAtCustomer": kind.get("nameAtCustomer"),
        "classification": [_unclassified(one) for one in kind.get("partClassification") or ()],
        "productionDate": _time(row.pop("date")),
    }
    return without_nothing(row), faults


def read_batch(document: Any, prefix: str) -> tuple[Document, list[Fault]]:
    """The row of a lot, and what is wrong with the document."""
    keys, row, faults = _read(document, "batchKey")
    kind = _object(document, "partTypeInformation", faults)
    amount, _, uom = keys.get(QUANTITY_KEY, "").partition(" ")
    if not amount:
        faults.append(Fault("/localIdentifiers", f"Batch 3.0 has no quantity: give it as {QUANTITY_KEY}, such as 9600 H87"))
    row |= {
        "identifier": keys.get(HANDLE_KEY) or f"{prefix}/LOT.{keys.get('batchId', '')}",
        "objectType": "lot",
        "name": _text(kind, "nameAtManufacturer", "/partTypeInformation", faults),
        "batchId": keys.get("batchId"),
        "partNo": _text(kind, "manufacturerPartId", "/partTypeInformation", faults),
        "supplier": _organisation(keys, prefix),
        "producer": _organisation(keys, prefix),
        "productionDate": _time(row.pop("date")),
        "quantity": amount,
        "uom": uom,
    }
    row.pop("country", None)  # a lot has none of its own
    row.pop("sites", None)
    return without_nothing(row), faults


def _head(source: Source, keys: tuple[tuple[str, str], ...]) -> Document:
    country, sites = source.texts.get("country", ""), source.json("sites") or ()
    made = {
        "date": source.checked("date", source.need("productionDate"), "productionDate"),
        "country": source.checked("country", country, "country") if country else None,
        "sites": [{"catenaXsiteId": site["siteId"], "function": site["function"]} for site in sites],
    }
    return {
        "catenaXId": catena_x_id(source.identifier, source.items("localIds")),
        "localIdentifiers": [{"key": key, "value": value} for key, value in keys],
        "manufacturingInformation": without_nothing(made),
    }


def _read(document: Any, key_pattern: str) -> tuple[dict[str, str], Document, list[Fault]]:
    """The local identifiers, what both documents say of the making, and faults."""
    faults: list[Fault] = []
    if not isinstance(document, dict):
        return {}, {"date": ""}, [Fault("", "a document is a JSON object")]
    identity = document.get("catenaXId")
    if not fits("uuid", identity):
        faults.append(Fault("/catenaXId", f"this must be {PATTERNS['uuid'][1]}"))
    keys: dict[str, str] = {}
    for at, pair in enumerate(document.get("localIdentifiers") or ()):
        if not isinstance(pair, dict) or not fits(key_pattern, pair.get("key")) or not isinstance(pair.get("value"), str):
            faults.append(Fault(f"/localIdentifiers/{at}", f"key must be {PATTERNS[key_pattern][1]}, value a text"))
        else:
            keys[pair["key"]] = pair["value"]
    if not fits("bpnl", keys.get("manufacturerId")):
        faults.append(Fault("/localIdentifiers", f"manufacturerId must be {PATTERNS['bpnl'][1]}"))
    made = _object(document, "manufacturingInformation", faults)
    if not fits("date", made.get("date")):
        faults.append(Fault("/manufacturingInformation/date", f"this must be {PATTERNS['date'][1]}"))
    sites = [one for one in made.get("sites") or () if isinstance(one, dict)]
    faults += [
        Fault("/manufacturingInformation/sites", f"catenaXsiteId must be {PATTERNS['bpns'][1]}")
        for one in sites
        if not fits("bpns", one.get("catenaXsiteId"))
    ]
    local = identity if isinstance(identity, str) and identity.startswith("urn:uuid:") else f"urn:uuid:{identity}"
    row = {
        "localIds": [local],
        "date": made.get("date", ""),
        "country": made.get("country"),
        "sites": [{"siteId": one.get("catenaXsiteId"), "function": one.get("function")} for one in sites],
    }
    return keys, row, faults


def _organisation(keys: dict[str, str], prefix: str) -> str:
    return f"{prefix}/ORG.{keys.get('manufacturerId', '')}"


def _object(document: Any, name: str, faults: list[Fault]) -> Document:
    found = document.get(name) if isinstance(document, dict) else None
    if isinstance(found, dict):
        return found
    faults.append(Fault(f"/{name}", "this must be an object"))
    return {}


def _text(document: Document, name: str, pointer: str, faults: list[Fault]) -> str:
    text = document.get(name)
    if isinstance(text, str) and text:
        return text
    faults.append(Fault(f"{pointer}/{name}", "this must be a text"))
    return ""


def _time(text: str) -> str:
    """A day becomes its beginning in UTC, because a part was made at a time."""
    return text if "T" in text or not text else f"{text}T00:00:00Z"


def _classified(one: Document) -> Document:
    named = {"classificationStandard": one.get("standard"), "classificationID": one.get("id")}
    return without_nothing({**named, "classificationDescription": one.get("description")})


def _unclassified(one: Document) -> Document:
    named = {"standard": one.get("classificationStandard"), "id": one.get("classificationID")}
    return without_nothing({**named, "description": one.get("classificationDescription")})
