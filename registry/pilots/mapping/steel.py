"""Inspection document of steel products (IDTA 02032-1-0, EN 10204, EN 10168): a certificate as the values of the submodel.

The names are those of the template. Of three it was not confirmed against the template's text that they are spelled so:
`ChemicalComposition`, `HardnessTest__00__` and the members of `Validation`. What the submodel has no member for (number,
digest, what it is about, how the steel was made) stands in `Validation`, so that a certificate comes back whole.
"""

from __future__ import annotations

from typing import Any

from idis.registry.pilots.mapping.source import Document, Fault, Source, without_nothing

OBJECTS = ("certificate",)
_FORM = "EN10204-"
_TENSILE, _IMPACT, _HARDNESS = "TensileTest__00__", "NotchImpactTest__00__", "HardnessTest__00__"
_MASS = "MassFraction_"
# Field of the tensile test, member of the submodel; yield and proof share one.
_TENSILE_MEMBERS = (
    ("tensile", "TensileStrengthMean"),
    ("elongation", "ElongationAfterFractureMean"),
    ("temperature", "TestTemperature"),
)
_IMPACT_MEMBERS = (
    ("mean", "NotchImpactWorkMean"),
    ("values", "NotchImpactWorkIndividualValues"),
    ("temperature", "TestTemperature"),
)
_SAMPLE = {"shape": "SampleShape", "place": "LocationOfSample__00__", "direction": "DirectionOfSample__00__"}


def steel_document(source: Source) -> Document:
    """A certificate of EN 10204; other forms of certificates are faults."""
    form = source.need("form")
    if form and not form.startswith(_FORM):
        source.faults.append(Fault("form", f"{source.identifier} is no document of EN 10204 but {form}"))
    issuer = source.look(source.texts.get("issuer", "")) or {}
    subjects = source.items("subjects")
    tested = next((texts for name in subjects if (texts := source.look(name)) is not None), {})
    chemical, orders = source.json("chemical") or {}, ", ".join(source.items("orderNos"))
    return without_nothing(
        {
            "Manufacturer": without_nothing(
                {"CompanyName": issuer.get("name"), "Street": issuer.get("address"), "NationalCode": issuer.get("country")}
            ),
            "OrderData": without_nothing(
                {"TypeOfInspectionDocument": form.removeprefix(_FORM), "PurchaserOrderNumber": orders}
            ),
            "ProductData": without_nothing(
                {
                    "ManufacturerProductNumber": tested.get("plateNo"),
                    "BatchNumber": tested.get("heatNo"),
                    "MaterialShortName": tested.get("steelGrade"),
                }
            ),
            "MechanicalTests": _mechanical(source),
            "ChemicalComposition": {f"{_MASS}{element}": share for element, share in chemical.items()},
            "Validation": without_nothing(
                {
                    "DocumentNumber": source.need("certificateNo"),
                    "DateOfIssue": source.need("issueDate"),
                    "Issuer": source.texts.get("issuer"),
                    "Subjects": list(subjects),
                    "StatementOfCompliance": source.json("statementOfCompliance"),
                    "SteelmakingProcess": source.texts.get("steelmakingProcess"),
                    "File": source.texts.get("file"),
                    "SHA256": source.texts.get("sha256"),
                }
            ),
        }
    )


def read_steel(document: Any, prefix: str) -> tuple[Document, list[Fault]]:
    """The row of a certificate, and what is wrong with the document."""
    faults: list[Fault] = []
    order, validation = _part(document, "OrderData", faults), _part(document, "Validation", faults)
    tests = document.get("MechanicalTests") if isinstance(document, dict) else None
    masses = document.get("ChemicalComposition") if isinstance(document, dict) else None
    for name in ("DocumentNumber", "DateOfIssue", "Issuer", "Subjects", "File", "SHA256"):
        if not validation.get(name):
            faults.append(Fault(f"/Validation/{name}", "this is missing, and a certificate's record needs it"))
    if not order.get("TypeOfInspectionDocument"):
        faults.append(Fault("/OrderData/TypeOfInspectionDocument", "this is missing: write 2.1, 2.2, 3.1 or 3.2"))
    number = validation.get("DocumentNumber", "")
    orders = [text for text in str(order.get("PurchaserOrderNumber", "")).split(", ") if text]
    row = {
        "identifier": f"{prefix}/CERT.{number}",
        "objectType": "certificate",
        "name": f"EN 10204 {order.get('TypeOfInspectionDocument')} {number}",
        "producer": validation.get("Issuer"),
        "certificateNo": number,
        "form": f"{_FORM}{order.get('TypeOfInspectionDocument')}",
        "issuer": validation.get("Issuer"),
        "issueDate": validation.get("DateOfIssue"),
        "subjects": validation.get("Subjects"),
        "statementOfCompliance": validation.get("StatementOfCompliance"),
        "orderNos": orders,
        "steelmakingProcess": validation.get("SteelmakingProcess"),
        "chemical": _chemical(masses),
        "tensile": _tensile(_test(tests, _TENSILE)),
        "impact": _renamed(_test(tests, _IMPACT), _IMPACT_MEMBERS, {"SampleType": "specimen"}),
        "hardness": _test(tests, _HARDNESS).get("HardnessMean"),
        "file": validation.get("File"),
        "sha256": validation.get("SHA256"),
    }
    return without_nothing(row), faults


def _mechanical(source: Source) -> Document:
    tensile, impact = source.json("tensile") or {}, source.json("impact") or {}
    strength = {member: tensile.get(name) for name, member in _TENSILE_MEMBERS}
    pulled = {"YieldOrProofStrengthMean": tensile.get("yield", tensile.get("proof")), **strength}
    pulled |= {member: _said(tensile.get(name)) for name, member in _SAMPLE.items()}
    struck = {member: impact.get(name) for name, member in _IMPACT_MEMBERS} | {"SampleType": _said(impact.get("specimen"))}
    hardness = source.texts.get("hardness")
    return without_nothing(
        {
            _TENSILE: without_nothing(pulled),
            _IMPACT: without_nothing(struck),
            _HARDNESS: {"HardnessMean": hardness} if hardness else None,
        }
    )



def _said(text: object) -> list[dict[str, object]] | None:
    """A text for people, of which nobody knows the language."""
    return [{"zh": text}] if text else None


def _heard(said: Any) -> Any:
    return next(iter(said[0].values()), None) if isinstance(said, list) and said and isinstance(said[0], dict) else said


def _tensile(test: Document) -> Document:
    row = _renamed(test, _TENSILE_MEMBERS, {member: name for name, member in _SAMPLE.items()})
    return row | without_nothing({"yield": test.get("YieldOrProofStrengthMean")})


def _renamed(test: Document, members: tuple[tuple[str, str], ...], said: dict[str, str]) -> Document:
    row = {name: test.get(member) for name, member in members} | {name: _heard(test.get(member)) for member, name in said.items()}
    return without_nothing(row)


def _chemical(masses: Any) -> Document:
    if not isinstance(masses, dict):
        return {}
    return {name.removeprefix(_MASS): share for name, share in masses.items() if name.startswith(_MASS)}


def _test(tests: Any, name: str) -> Document:
    found = tests.get(name) if isinstance(tests, dict) else None
    return found if isinstance(found, dict) else {}


def _part(document: Any, name: str, faults: list[Fault]) -> Document:
    found = document.get(name) if isinstance(document, dict) else None
    if isinstance(found, dict):
        return found
    faults.append(Fault(f"/{name}", "this must be an object"))
    return {}
