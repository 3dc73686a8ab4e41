"""Rules of sense for what sensors report (EPCIS 2.0 §7.3.7, `tracing.md` §4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from idis.registry.trace.event import Json
from idis.registry.trace.event_problem import Problem, shown, step, warning
from idis.registry.trace.event_time import read_time
from idis.registry.trace.uri import expand, is_uri, prefix_of
from idis.registry.trace.vocabulary import COMPONENTS, EXCEPTIONS, MEASUREMENTS, Vocabulary

METADATA = frozenset(
    ["time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"]
)
NUMBERS = frozenset(["value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"])
URIS = frozenset(
    [
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "microorganism",
        "chemicalSubstance",
        "uriValue",
        "bizRules",
        "coordinateReferenceSystem",
    ]
)
REPORT = (
    NUMBERS | URIS | frozenset(["type", "exception", "time", "component", "stringValue", "booleanValue", "hexBinaryValue", "uom"])
)
_VALUES = NUMBERS | frozenset(
    ["stringValue", "booleanValue", "hexBinaryValue", "uriValue", "exception", "microorganism", "chemicalSubstance"]
)

# UN/ECE Recommendation 20 codes that measure a quantity; types that are not here take any.
UNITS: Mapping[str, frozenset[str]] = {
    "Temperature": frozenset(("CEL", "FAH", "KEL")),
    "Pressure": frozenset(("PAL", "KPA", "MPA", "BAR", "MBR", "HBA", "A97", "PS", "ATM")),
    "Mass": frozenset(("KGM", "GRM", "MGM", "TNE", "LBR", "ONZ")),
    "Length": frozenset(("MTR", "CMT", "MMT", "KMT", "INH", "FOT", "4H")),
    "Time": frozenset(("SEC", "MIN", "HUR", "DAY", "C26")),
    "Speed": frozenset(("MTS", "KMH", "KNT", "HM")),
    "Voltage": frozenset(("VLT", "2Z", "KVT")),
    "ElectricCurrent": frozenset(("AMP", "4K", "B84")),
    "Torque": frozenset(("NU", "B48", "DN")),
    "Force": frozenset(("NEW", "B47", "B51")),
}


def sensor_problems(element: Mapping[str, Json], pointer: str, event_ms: int, prefixes: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with one sensor element.

    Args:
        element: as read.
        pointer: where it stands.
        event_ms: when the event happened.
        prefixes: what the context declares.
    """
    metadata = element.get("sensorMetadata", {})
    yield from _members(metadata, METADATA, f"{pointer}/sensorMetadata", event_ms, prefixes)
    start, end = _time(metadata.get("startTime")), _time(metadata.get("endTime"))
    if start is not None and end is not None and start > end:
        yield Problem(f"{pointer}/sensorMetadata/endTime", "time", "the measurement ends before it starts")
    for at, report in enumerate(element["sensorReport"]):
        yield from _report(report, f"{pointer}/sensorReport/{at}", event_ms, prefixes)


def _report(report: Mapping[str, Json], pointer: str, event_ms: int, prefixes: Mapping[str, str]) -> Iterator[Problem]:
    yield from _members(report, REPORT, pointer, event_ms, prefixes)
    kind = report.get("type")
    if not isinstance(kind, str) or not kind:
        yield Problem(f"{pointer}/type", "sensor", "a sensor report says what it measures: its type is missing")
        kind = ""
    for name, words in (("type", MEASUREMENTS), ("exception", EXCEPTIONS), ("component", COMPONENTS)):
        word = report.get(name)
        if isinstance(word, str) and word and (sentence := _word(word, words, prefixes)):
            yield Problem(f"{pointer}/{name}", "vocabulary", sentence)
    if report.keys().isdisjoint(_VALUES):
        yield Problem(pointer, "sensor", "a sensor report needs a value")
    unit, units = report.get("uom"), UNITS.get(MEASUREMENTS.bare(kind))
    if isinstance(unit, str) and units is not None and unit not in units:
        yield warning(f"{pointer}/uom", "uom", f"{shown(unit)} does not measure {kind}: {', '.join(sorted(units))} do")
    low, high = report.get("minValue"), report.get("maxValue")
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
        yield Problem(f"{pointer}/maxValue", "sensor", "the greatest value is less than the least")


def _members(
    members: Mapping[str, Json], known: frozenset[str], pointer: str, event_ms: int, prefixes: Mapping[str, str]
) -> Iterator[Problem]:
    for name, value in members.items():
        here = pointer + step(name)
        if name not in known:
            if ":" not in name and name not in prefixes and name[:1] != "@":
                yield Problem(here, "member", f"there is no member {shown(name)} here: one of your own needs a prefix")
        elif name in ("time", "startTime", "endTime"):
            time_ms = _time(value)
            if time_ms is None:
                yield Problem(here, "time", f"{shown(value)} is no time: write one with its offset")
            elif name == "time" and time_ms > event_ms:
                yield warning(here, "time", "it was measured after the event that reports it")
        elif name in NUMBERS:
            if not isinstance(value, Decimal):
                yield Problem(here, "type", f"{name} is a number")
        elif name in URIS:
            if not isinstance(value, str) or not is_uri(value):
                yield Problem(here, "uri", f"{shown(value)} is no URI")
        elif name == "booleanValue":
            if not isinstance(value, bool):
                yield Problem(here, "type", "booleanValue is true or false")
        elif not isinstance(value, str):
            yield Problem(here, "type", f"{name} is a text")


def _time(value: Json) -> int | None:
    read = read_time(value) if isinstance(value, str) else None
    return None if read is None else read[0]


def _word(text: str, words: Vocabulary, prefixes: Mapping[str, str]) -> str:
    """What is wrong with a word; an URI of somebody else's is right."""
    bare = words.bare(text)
    if bare in words.words:
        return ""
    if ":" not in text or words.claims(text) or words.claims(expand(text, prefixes)):
        meant = words.close_to(text)
        return f"{shown(text)} is no {words.name} of the standard{f': did you mean {meant}?' if meant else ''}"
    prefix = prefix_of(text)
    return "" if is_uri(text) and (not prefix or prefix in prefixes or prefix == "urn") else f"{shown(text)} is no URI"
