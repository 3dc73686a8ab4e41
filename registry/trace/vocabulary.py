"""The words of CBV 2.0 (ISO/IEC 19988), and the four ways to spell one.

A word stands bare (`shipping`), as CURIE (`cbv:BizStep-shipping`), as URI (`https://ref.gs1.org/cbv/BizStep-shipping`) or as
the URN of earlier versions (`urn:epcglobal:cbv:bizstep:shipping`). Events keep the bare form, hashes take the URI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

CBV = "https://ref.gs1.org/cbv/"
VOC = "https://gs1.org/voc/"
EPCIS = "https://ref.gs1.org/epcis/"
CONTEXT_URL = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
CONTEXT_URLS = frozenset((CONTEXT_URL, "https://ref.gs1.org/standards/epcis/epcis-context.jsonld"))

# The prefixes that the standard's own context declares.
PREFIXES: Mapping[str, str] = {
    "epcis": EPCIS,
    "cbv": CBV,
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": VOC,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words one member may hold.

    Attributes:
        name: for messages.
        head: what the URI of a word begins with.
        urn: what its URN begins with; empty where earlier versions had none.
        words: in bare form.
    """

    name: str
    head: str
    urn: str
    words: frozenset[str]

    def bare(self, text: str) -> str:
        """A word in its bare form, however it was spelled; anything else as it is."""
        if text in self.words or ":" not in text:
            return text
        for head in (self.head, self._curie, self.urn):
            if head and text.startswith(head) and text[len(head) :] in self.words:
                return text[len(head) :]
        return text

    def uri(self, text: str) -> str:
        """The URI of a bare word; anything else as it is."""
        return self.head + text if text in self.words else text

    def claims(self, text: str) -> bool:
        """Whether a text pretends to be a word of the standard."""
        return text.startswith((CBV, "cbv:", "urn:epcglobal:cbv:", VOC, "gs1:"))

    def close_to(self, text: str) -> str:
        """The word that was probably meant; empty where none is near."""
        found = get_close_matches(text.rpartition("-")[2].rpartition(":")[2], self.words, 1)
        return found[0] if found else ""

    @property
    def _curie(self) -> str:
        return f"cbv:{self.head[len(CBV) :]}" if self.head.startswith(CBV) else f"gs1:{self.head[len(VOC) :]}"


def _cbv(name: str, part: str, urn: str, words: str) -> Vocabulary:
    return Vocabulary(name, f"{CBV}{part}-", f"urn:epcglobal:cbv:{urn}:" if urn else "", frozenset(words.split()))


BIZ_STEPS = _cbv(
    "business step",
    "BizStep",
    "bizstep",
    "accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting "
    "decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing "
    "killing loading other packing picking receiving removing repackaging repairing replacing reserving retail_selling "
    "sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting unloading unpacking "
    "void_shipping",
)
DISPOSITIONS = _cbv(
    "disposition",
    "Disp",
    "disp",
    "active available completeness_verified completeness_inferred conformant container_closed container_open damaged "
    "destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_instance mismatch_class "
    "mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled "
    "reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown",
)
TRANSACTION_TYPES = _cbv(
    "business transaction type",
    "BTT",
    "btt",
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt",
)
PARTY_TYPES = _cbv("source or destination type", "SDT", "sdt", "owning_party possessing_party location")
ERROR_REASONS = _cbv("error reason", "ER", "er", "did_not_occur incorrect_data")
COMPONENTS = _cbv(
    "component",
    "Comp",
    "",
    "x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude longitude "
    "altitude",
)
EXCEPTIONS = Vocabulary("sensor alert", VOC, "", frozenset(("ALARM_CONDITION", "ERROR_CONDITION")))
MEASUREMENTS = Vocabulary(
    "measurement type",
    VOC,
    "",
    frozenset(
        [
            "AbsoluteHumidity",
            "AbsorbedDose",
            "AbsorbedDoseRate",
            "Acceleration",
            "Radioactivity",
            "Altitude",
            "AmountOfSubstance",
            "AmountOfSubstancePerUnitVolume",
            "Angle",
            "AngularAcceleration",
            "AngularMomentum",
            "AngularVelocity",
            "Area",
            "Capacitance",
            "Conductance",
            "Conductivity",
            "Count",
            "Density",
            "Dimensionless",
            "DoseEquivalent",
            "DoseEquivalentRate",
            "DynamicViscosity",
            "ElectricCharge",
            "ElectricCurrent",
            "ElectricCurrentDensity",
            "ElectricFieldStrength",
            "Energy",
            "Exposure",
            "Force",
            "Frequency",
            "Illuminance",
            "Inductance",
            "Irradiance",
            "KinematicViscosity",
            "Length",
            "LinearMomentum",
            "Luminance",
            "LuminousFlux",
            "LuminousIntensity",
            "MagneticFlux",
            "MagneticFluxDensity",
            "MagneticVectorPotential",
            "Mass",
            "MassConcentration",
            "MassFlowRate",
            "MassPerAreaTime",
            "MemoryCapacity",
            "MolalityOfSolute",
            "MolarEnergy",
            "MolarMass",
            "MolarVolume",
            "Power",
            "Pressure",
            "RadiantFlux",
            "RadiantIntensity",
            "RelativeHumidity",
            "Resistance",
            "Resistivity",
            "SolidAngle",
            "SpecificVolume",
            "Speed",
            "SurfaceDensity",
            "SurfaceTension",
            "Temperature",
            "Time",
            "Torque",
            "Voltage",
            "Volume",
            "VolumeFlowRate",
            "VolumeFraction",
            "VolumetricFlux",
            "Wavenumber",
        ]
    ),
)

# Dispositions of which not both can hold (CBV 2.0 §7.2).
CONTRADICTIONS = (("completeness_verified", "completeness_inferred"), ("conformant", "non_conformant"))
