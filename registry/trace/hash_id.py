"""The event hash id of CBV 2.0 §8.9: a name for an event made of what it says, whoever says it and however it is spelled.

The members of an event are strung together in a fixed order, each value in one canonical form, and hashed. Its id, the time
it was recorded and a declaration that it was wrong are no part of what it says. A hash is no signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from hashlib import sha256

from idis.registry.trace.canonical_uri import canonical_uri
from idis.registry.trace.event import Event, Json, Quantity, Typed
from idis.registry.trace.event_context import prefixes_of
from idis.registry.trace.event_time import read_time, write_offset, write_utc
from idis.registry.trace.uri import expand
from idis.registry.trace.vocabulary import (
    BIZ_STEPS,
    COMPONENTS,
    DISPOSITIONS,
    ERROR_REASONS,
    EXCEPTIONS,
    MEASUREMENTS,
    PARTY_TYPES,
    TRANSACTION_TYPES,
    Vocabulary,
)

HEAD, TAIL = "ni:///sha-256;", "?ver=CBV2.0"

_NUMBER = re.compile(r"[+-]?\d{1,64}(?:\.\d{1,64})?", re.ASCII)
_URN_WORDS = tuple((words.urn, words.head) for words in (BIZ_STEPS, DISPOSITIONS, TRANSACTION_TYPES, PARTY_TYPES, ERROR_REASONS))
_COMMENTS = frozenset(("rdfs:comment", "comment"))

_METADATA = ("time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_REPORT = (
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
)
_REPORT_WORDS: Mapping[str, Vocabulary] = {"type": MEASUREMENTS, "exception": EXCEPTIONS, "component": COMPONENTS}
_TIMES = frozenset(("time", "startTime", "endTime"))


def hash_id(event: Event) -> str:
    """The id: `ni:///sha-256;<64 digits>?ver=CBV2.0`."""
    return f"{HEAD}{sha256(pre_hash(event).encode()).hexdigest()}{TAIL}"


def pre_hash(event: Event) -> str:
    """What is hashed."""
    form = _Form(prefixes_of(event.context))
    value, words = form.value, form.word
    parts = [
        f"eventType={event.type.value}eventTime={write_utc(event.time.time_ms)}"
        f"eventTimeZoneOffset={write_offset(event.time.offset_min)}"
    ]
    if event.certifications:
        parts += sorted(f"certificationInfo={value(uri)}" for uri in event.certifications)
    if event.epcs:
        parts.append(_epcs("epcList", event.epcs, value))
    if event.parent:
        parts.append(f"parentID={value(event.parent)}")
    if event.input_epcs:
        parts.append(_epcs("inputEPCList", event.input_epcs, value))
    if event.child_epcs:
        parts.append(_epcs("childEPCs", event.child_epcs, value))
    if event.quantities or event.child_quantities or event.input_quantities:
        parts += (
            _quantities("quantityList", event.quantities, value),
            _quantities("childQuantityList", event.child_quantities, value),
            _quantities("inputQuantityList", event.input_quantities, value),
        )
    if event.output_epcs:
        parts.append(_epcs("outputEPCList", event.output_epcs, value))
    if event.output_quantities:
        parts.append(_quantities("outputQuantityList", event.output_quantities, value))
    if event.action is not None:
        parts.append(f"action={event.action.value}")
    if event.transformation_id:
        parts.append(f"transformationID={value(event.transformation_id)}")
    if event.biz_step:
        parts.append(f"bizStep={words(BIZ_STEPS, event.biz_step)}")
    if event.disposition:
        parts.append(f"disposition={words(DISPOSITIONS, event.disposition)}")
    if event.set_dispositions or event.unset_dispositions:
        parts.append("persistentDisposition")
        parts += sorted(f"set={words(DISPOSITIONS, one)}" for one in event.set_dispositions)
        parts += sorted(f"unset={words(DISPOSITIONS, one)}" for one in event.unset_dispositions)
    if event.read_point:
        parts.append(f"readPointid={value(event.read_point)}{form.members(event.read_point_extensions)}")
    if event.biz_location:
        parts.append(f"bizLocationid={value(event.biz_location)}{form.members(event.biz_location_extensions)}")
    if event.transactions or event.sources or event.destinations:
        parts += (
            form.typed("bizTransactionList", "bizTransaction", event.transactions, TRANSACTION_TYPES),
            form.typed("sourceList", "source", event.sources, PARTY_TYPES),
            form.typed("destinationList", "destination", event.destinations, PARTY_TYPES),
        )
    if event.sensors:
        parts.append("sensorElementList")
        parts += sorted(map(form.sensor, event.sensors))
    if event.ilmd:
        parts.append(f"ilmd{form.members(event.ilmd)}")
    if event.extensions:
        parts.append(form.members(event.extensions))
    return "".join(parts)


def number_text(number: Decimal) -> str:
    """A number without trailing zeros, exponent or sign of zero."""
    if not number:
        return "0"
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _epcs(name: str, epcs: tuple[str, ...], value: Callable[[str], str]) -> str:
    return "".join([name, *sorted([f"epc={value(epc)}" for epc in epcs])])


def _quantities(name: str, quantities: tuple[Quantity, ...], value: Callable[[str], str]) -> str:
    if not quantities:
        return ""
    elements = []
    for one in quantities:
        amount = "" if one.quantity is None else f"quantity={number_text(one.quantity)}"
        elements.append(f"quantityElementepcClass={value(one.epc_class)}{amount}{f'uom={one.uom.strip()}' if one.uom else ''}")
    return "".join([name, *sorted(elements)])


class _Form:
    """Canonical forms of the values of one event."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = prefixes
        self._plain = "hdl" not in prefixes

    def value(self, text: str) -> str:
        """A text: a number without its zeros, a word or key of the standards as their URI, anything else trimmed."""
        if self._plain and text.startswith("hdl:"):
            return text.rstrip()  # as it would come out below
        text = text.strip()
        if text[:1] in "+-0123456789" and _NUMBER.fullmatch(text):
            return number_text(Decimal(text))
        head, colon, _ = text.partition(":")
        if not colon:
            return text
        if head in self._prefixes:
            text = expand(text, self._prefixes)
        if text.startswith("urn:epcglobal:cbv:"):
            for urn, head in _URN_WORDS:
                if text.startswith(urn):
                    return head + text[len(urn) :]
        return canonical_uri(text)

    def word(self, words: Vocabulary, text: str) -> str:
        """A word of a vocabulary as its URI, or a URI of one's own."""
        bare = words.bare(text.strip())
        return words.uri(bare) if bare in words.words else self.value(bare)

    def typed(self, name: str, member: str, items: tuple[Typed, ...], words: Vocabulary) -> str:
        """A list of business transactions or parties."""
        if not items:
            return ""
        elements = (f"{member}={self.value(one.uri)}{f'type={self.word(words, one.type)}' if one.type else ''}" for one in items)
        return "".join([name, *sorted(elements)])

    def sensor(self, element: Mapping[str, Json]) -> str:
        """One sensor element."""
        parts = ["sensorElement"]
        if metadata := element.get("sensorMetadata"):
            parts.append(f"sensorMetadata{self._ordered(metadata, _METADATA)}")
        parts += sorted(f"sensorReport{self._ordered(report, _REPORT)}" for report in element.get("sensorReport", ()))
        more = ((name, value) for name, value in element.items() if name not in ("sensorMetadata", "sensorReport", "type"))
        parts.append(self.members(more))
        return "".join(parts)

    def members(self, pairs: Iterable[tuple[str, Json]]) -> str:
        """Members of other namespaces, sorted at every level."""
        elements: list[str] = []
        for name, value in pairs:
            if name not in _COMMENTS and name[:1] != "@":
                self._member(elements, self._name(name), value)
        elements.sort()
        return "".join(elements)

    def _member(self, elements: list[str], name: str, value: Json) -> None:
        if isinstance(value, list):
            for one in value:
                self._member(elements, name, one)
        elif isinstance(value, dict):
            elements.append(name + self.members(value.items()))
        else:
            text = self._scalar(value)
            elements.append(f"{name}={text}" if text else name)

    def _ordered(self, members: Mapping[str, Json], order: tuple[str, ...]) -> str:
        parts = []
        for name in order:
            if name in members and (text := self._of_sensor(name, members[name])):
                parts.append(f"{name}={text}")
        parts.append(self.members((name, value) for name, value in members.items() if name not in order))
        return "".join(parts)

    def _of_sensor(self, name: str, value: Json) -> str:
        if isinstance(value, str):
            if name in _TIMES and (read := read_time(value.strip())) is not None:
                return write_utc(read[0])
            if (words := _REPORT_WORDS.get(name)) is not None:
                return self.word(words, value)
        return self._scalar(value)

    def _scalar(self, value: Json) -> str:
        match value:
            case str():
                return self.value(value)
            case bool():
                return "true" if value else "false"
            case Decimal():
                return number_text(value)
            case _:
                return ""

    def _name(self, name: str) -> str:
        """`{namespace}local`; a term of a context, or a name of none, as it is."""
        prefix, colon, local = name.partition(":")
        head = self._prefixes.get(prefix)
        return f"{{{head}}}{local}" if colon and head is not None else name
