"""Sector numbers as recognised identifiers: what a verdict says, in the form that all schemes have."""

from __future__ import annotations

from idis.proto.schemes.recognised import Check, Confidence, Granularity, Recognised, alias_route
from idis.proto.schemes.verdict import Verdict

_NAMED = {
    "imo": Granularity.ITEM,
    "vin": Granularity.ITEM,
    "battery": Granularity.ITEM,
    "iso6346": Granularity.ITEM,
    "kks": Granularity.LOCATION,
    "kks-french": Granularity.LOCATION,
    "cas": Granularity.CLASS,
    "ec": Granularity.CLASS,
    "un": Granularity.CLASS,
    "ghs": Granularity.CLASS,
    "gtin": Granularity.CLASS,
    "gmn": Granularity.CLASS,
    "gln": Granularity.LOCATION,
    "sscc": Granularity.LOGISTIC_UNIT,
    "uscc": Granularity.PARTY,
    "lei": Granularity.PARTY,
}
_WITHOUT_CHECK_DIGIT = {"battery", "kks", "kks-french", "un", "ghs"}


def recognised(verdict: Verdict, confidence: Confidence, why: str, suggestions: tuple[str, ...] = ()) -> Recognised:
    """A verdict in the common form; what is wrong is its check and its first warning."""
    scheme, canonical = verdict.scheme, verdict.canonical
    name = "grammar" if scheme in _WITHOUT_CHECK_DIGIT else "check digit"
    warnings = verdict.warnings if verdict.ok else (verdict.message, *verdict.warnings)
    return Recognised(
        scheme,
        canonical,
        f"IMO {canonical[3:]}" if scheme == "imo" else canonical,
        _NAMED[scheme],
        confidence,
        why,
        (canonical,),
        alias_route(scheme, canonical) if verdict.ok else None,
        (Check(name, verdict.ok, verdict.expected),),
        (),
        warnings,
        suggestions,
    )
