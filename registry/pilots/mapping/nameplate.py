"""Digital nameplate: the members of IDTA 02006 that a product's record has, as the values of the submodel, out and in."""

from __future__ import annotations

from typing import Any

from idis.registry.pilots.mapping.source import Document, Fault, Source, without_nothing

# What stands for the serial number, the order code and the product type, by object.
_PRODUCTS = {
    "part": ("serialNo", "partNo", "nameAtManufacturer"),
    "engine": ("serialNo", "partNo", "nameAtManufacturer"),
    "battery": ("batteryCode", "modelId", "modelId"),
    "equipment": ("serialNo", "equipmentCode", "model"),
    "item": ("serialNo", "", "itemType"),
    "vehicle": ("vin", "", "model"),
}
OBJECTS = tuple(_PRODUCTS)
_HOST = "https://hdl.handle.net/"
_YEAR_CHARACTERS = 4


def nameplate(source: Source) -> Document:
    """A product's nameplate; texts for people carry their language."""
    serial, order, kind = _PRODUCTS[source.code]
    reference = source.texts.get("supplier") or source.texts.get("producer", "")
    maker = (source.look(reference) or {}) if reference else {}
    if not maker.get("name"):
        source.faults.append(Fault("ManufacturerName", f"the organisation {reference or 'of the producer'} is not known here"))
    made = source.texts.get("productionDate", "")
    return without_nothing(
        {
            "URIOfTheProduct": _HOST + source.identifier,
            "ManufacturerName": [{"zh": maker.get("name", "")}],
            "ManufacturerProductDesignation": [{"zh": source.need("name")}],
            "AddressInformation": without_nothing(
                {
                    "Street": [{"zh": maker["address"]}] if "address" in maker else None,
                    "NationalCode": [{"zh": maker["country"]}] if "country" in maker else None,
                }
            ),
            "ManufacturerProductType": source.texts.get(kind),
            "OrderCodeOfManufacturer": source.texts.get(order) if order else None,
            "SerialNumber": source.need(serial),
            "YearOfConstruction": made[:_YEAR_CHARACTERS],
            "DateOfManufacture": made.partition("T")[0],
            "CountryOfOrigin": source.texts.get("country"),
        }
    )


def read_nameplate(document: Any, prefix: str) -> tuple[Document, list[Fault]]:
    """The row of a part, and what is wrong with the document."""
    faults: list[Fault] = []
    if not isinstance(document, dict):
        return {}, [Fault("", "a document is a JSON object")]

    def text(name: str) -> str:
        found = document.get(name)
        if isinstance(found, list) and found and isinstance(found[0], dict):
            found = next(iter(found[0].values()), None)
        if isinstance(found, str) and found:
            return found
        faults.append(Fault(f"/{name}", "this is missing, and a part's record needs it"))
        return ""

    uri = text("URIOfTheProduct")
    designation, maker = text("ManufacturerProductDesignation"), text("ManufacturerName")
    number, serial = text("OrderCodeOfManufacturer"), text("SerialNumber")
    organisation = f"{prefix}/ORG.{'-'.join(maker.split())}"
    row = {
        "identifier": uri.removeprefix(_HOST) if uri.startswith(f"{_HOST}{prefix}/") else f"{prefix}/PART.{number}-{serial}",
        "objectType": "part",
        "localIds": [] if uri.startswith(_HOST) else [uri],
        "name": designation,
        "nameAtManufacturer": designation,
        "partNo": number,
        "serialNo": serial,
        "supplier": organisation,
        "producer": organisation,
        "productionDate": f"{text('DateOfManufacture')}T00:00:00Z",
        "country": document.get("CountryOfOrigin"),
    }
    return without_nothing(row), faults
