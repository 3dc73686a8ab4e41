"""What a schema does not catch: rules of sense for one event alone (`tracing.md` §4.5).

Errors keep an event out; warnings go with it. Rules that need other events are findings of the questions, never refusals:
partners know more than we do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from idis.registry.trace.event import Action, Event, EventType, Quantity
from idis.registry.trace.event_context import prefixes_of
from idis.registry.trace.event_problem import Problem, shown, warning
from idis.registry.trace.names import check_class, check_instance, check_name
from idis.registry.trace.sensor_rules import sensor_problems
from idis.registry.trace.uri import expand, is_uri, prefix_of
from idis.registry.trace.vocabulary import (
    BIZ_STEPS,
    CONTRADICTIONS,
    DISPOSITIONS,
    ERROR_REASONS,
    PARTY_TYPES,
    PREFIXES,
    TRANSACTION_TYPES,
    Vocabulary,
)

FUTURE_MS_MAX = 5 * 60_000  # clocks of scanners go wrong by minutes
PAST_MS_WARNED = 10 * 366 * 86_400_000  # a year that was mistyped

# What stands before the colon of URIs that need no declaration.
SCHEMES = frozenset(["http", "https", "urn", "ni", "hdl", "doi", "info", "tag", "did", "uuid", "ftp"])

UNITS_MEANT = {"kg": "KGM", "g": "GRM", "t": "TNE", "l": "LTR", "ml": "MLT", "m3": "MTQ", "m": "MTR", "mm": "MMT", "pcs": "H87"}


def problems(event: Event, now_ms: int) -> tuple[Problem, ...]:
    """All that is wrong with an event or worth a look, errors and warnings.

    Args:
        event: as read.
        now_ms: unix time in milliseconds.
    """
    return tuple(_problems(event, now_ms))


def check_word(text: str, words: Vocabulary, pointer: str, prefixes: Mapping[str, str] = PREFIXES) -> Problem | None:
    """What is wrong with a word of a vocabulary: a bare one is of the standard, any other is a URI of somebody else's.

    Args:
        text: as `Vocabulary.bare` leaves it.
        words: which vocabulary.
        pointer: where it stands.
        prefixes: what is declared.
    """
    if text in words.words:
        return None
    meant = words.close_to(text)
    hint = f": did you mean {meant}?" if meant else ""
    if ":" not in text:
        return Problem(
            pointer, "vocabulary", f"{shown(text)} is no {words.name} of CBV 2.0{hint or '; one of your own is a URI'}"
        )
    if words.claims(expand(text, prefixes)) or words.claims(text):
        return Problem(
            pointer, "vocabulary", f"CBV 2.0 has no {words.name} {shown(text)}{hint or '; use a namespace of your own'}"
        )
    prefix = prefix_of(text)
    if prefix and prefix not in prefixes and prefix.lower() not in SCHEMES:
        return Problem(pointer, "context", f"the prefix {shown(prefix)} is not declared: put it into the @context")
    if not is_uri(text):
        return Problem(pointer, "uri", f"{shown(text)} is no URI")
    return None


def _problems(event: Event, now_ms: int) -> Iterator[Problem]:
    prefixes = prefixes_of(event.context)
    yield from _times(event, now_ms)
    if event.event_id and not is_uri(event.event_id):
        yield Problem("/eventID", "uri", f"the eventID {shown(event.event_id)} is no URI: write ni:, urn:uuid: or https:")
    if event.biz_step and (found := check_word(event.biz_step, BIZ_STEPS, "/bizStep", prefixes)):
        yield found
    if event.disposition and (found := check_word(event.disposition, DISPOSITIONS, "/disposition", prefixes)):
        yield found
    if event.set_dispositions or event.unset_dispositions:
        yield from _persistent(event, prefixes)
    yield from _things(event)
    yield from _places(event)
    yield from _typed(event, prefixes)
    if event.ilmd and event.type is EventType.OBJECT and event.action is not Action.ADD:
        yield Problem(
            "/ilmd", "ilmd", "master data (ilmd) goes with what begins to exist: an ObjectEvent with ADD, or a transformation"
        )
    if event.sensors:
        for at, element in enumerate(event.sensors):
            yield from sensor_problems(element, f"/sensorElementList/{at}", event.time.time_ms, prefixes)
    if event.error is not None:
        yield from _declaration(event, now_ms, prefixes)


def _times(event: Event, now_ms: int) -> Iterator[Problem]:
    if event.time.time_ms > now_ms + FUTURE_MS_MAX:
        yield Problem(
            "/eventTime", "time", "the eventTime is more than five minutes in the future: check the clock and the offset"
        )
    elif event.time.time_ms < now_ms - PAST_MS_WARNED:
        yield warning("/eventTime", "time", "the eventTime is more than ten years ago: check the year")


def _things(event: Event) -> Iterator[Problem]:
    if event.epcs:
        yield from _instances("/epcList", event.epcs)
    if event.quantities:
        yield from _quantities("/quantityList", event.quantities)
    if event.input_epcs:
        yield from _instances("/inputEPCList", event.input_epcs)
    if event.input_quantities:
        yield from _quantities("/inputQuantityList", event.input_quantities)
    if event.output_epcs:
        yield from _instances("/outputEPCList", event.output_epcs)
    if event.output_quantities:
        yield from _quantities("/outputQuantityList", event.output_quantities)
    if event.child_epcs:
        yield from _instances("/childEPCs", event.child_epcs)
    if event.child_quantities:
        yield from _quantities("/childQuantityList", event.child_quantities)
    if event.parent:
        if found := check_name(event.parent, "/parentID"):
            yield found
        if event.parent in event.child_epcs:
            at = event.child_epcs.index(event.parent)
            yield Problem(f"/childEPCs/{at}", "parent", f"{shown(event.parent)} is parent and child of itself")
        if event.type is EventType.TRANSACTION and event.parent in event.epcs:
            yield Problem(f"/epcList/{event.epcs.index(event.parent)}", "parent", "the parent is among the objects, too")
    if event.transformation_id and not is_uri(event.transformation_id):
        yield Problem("/transformationID", "uri", f"the transformationID {shown(event.transformation_id)} is no URI")


def _instances(pointer: str, epcs: tuple[str, ...]) -> Iterator[Problem]:
    for at, epc in enumerate(epcs):
        if found := check_instance(epc, f"{pointer}/{at}"):
            yield found
    yield from _twice(pointer, epcs)


def _twice(pointer: str, items: Sequence[object]) -> Iterator[Problem]:
    if len(set(items)) == len(items):
        return
    seen: set[object] = set()
    for at, item in enumerate(items):
        if item in seen:
            yield Problem(f"{pointer}/{at}", "duplicate", "this is in the list twice")
        seen.add(item)


def _quantities(pointer: str, quantities: tuple[Quantity, ...]) -> Iterator[Problem]:
    for at, one in enumerate(quantities):
        here = f"{pointer}/{at}"
        if found := check_class(one.epc_class, f"{here}/epcClass"):
            yield found
        if one.quantity is not None:
            if one.quantity <= 0:
                yield Problem(f"{here}/quantity", "quantity", f"a quantity is more than 0, not {one.quantity}")
            elif not one.uom and one.quantity != one.quantity.to_integral_value():
                yield Problem(
                    f"{here}/quantity", "quantity", "a quantity without a unit counts pieces: write a whole number, or a uom"
                )
        if one.uom and not (2 <= len(one.uom) <= 3 and one.uom.isascii() and one.uom.isalnum() and one.uom == one.uom.upper()):
            meant = UNITS_MEANT.get(one.uom.lower(), "")
            hint = f": write {meant}" if meant else ", like KGM, LTR or H87"
            yield Problem(f"{here}/uom", "uom", f"{shown(one.uom)} is no unit of UN/ECE Recommendation 20{hint}")
        elif one.uom and one.quantity is None:
            yield warning(f"{here}/uom", "uom", "a unit without a quantity says nothing")
    yield from _twice(pointer, [(one.epc_class, one.uom) for one in quantities])


def _places(event: Event) -> Iterator[Problem]:
    if event.read_point and (found := check_name(event.read_point, "/readPoint/id")):
        yield found
    if event.biz_location and (found := check_name(event.biz_location, "/bizLocation/id")):
        yield found
    for at, uri in enumerate(event.certifications):
        if not is_uri(uri):
            yield Problem(f"/certificationInfo/{at}", "uri", f"{shown(uri)} is no URI")


def _typed(event: Event, prefixes: Mapping[str, str]) -> Iterator[Problem]:
    for name, member, items, words in (
        ("bizTransactionList", "bizTransaction", event.transactions, TRANSACTION_TYPES),
        ("sourceList", "source", event.sources, PARTY_TYPES),
        ("destinationList", "destination", event.destinations, PARTY_TYPES),
    ):
        if not items:
            continue
        for at, one in enumerate(items):
            if one.type and (found := check_word(one.type, words, f"/{name}/{at}/type", prefixes)):
                yield found
            if found := check_name(one.uri, f"/{name}/{at}/{member}"):
                yield found
        yield from _twice(f"/{name}", items)


def _persistent(event: Event, prefixes: Mapping[str, str]) -> Iterator[Problem]:
    for name, words in (("set", event.set_dispositions), ("unset", event.unset_dispositions)):
        for at, word in enumerate(words):
            if found := check_word(word, DISPOSITIONS, f"/persistentDisposition/{name}/{at}", prefixes):
                yield found
        yield from _twice(f"/persistentDisposition/{name}", words)
    for word in event.set_dispositions:
        if word in event.unset_dispositions:
            yield Problem("/persistentDisposition", "disposition", f"{shown(word)} is set and unset at once")
    for one, other in CONTRADICTIONS:
        if one in event.set_dispositions and other in event.set_dispositions:
            yield warning("/persistentDisposition/set", "disposition", f"{one} and {other} contradict each other")


def _declaration(event: Event, now_ms: int, prefixes: Mapping[str, str]) -> Iterator[Problem]:
    error = event.error
    assert error is not None, "whoever asks has seen it"
    here = "/errorDeclaration"
    if error.declared.time_ms > now_ms + FUTURE_MS_MAX:
        yield Problem(f"{here}/declarationTime", "time", "the declaration is more than five minutes in the future")
    if error.reason and (found := check_word(error.reason, ERROR_REASONS, f"{here}/reason", prefixes)):
        yield found
    for at, event_id in enumerate(error.corrective_ids):
        if not is_uri(event_id):
            yield Problem(f"{here}/correctiveEventIDs/{at}", "uri", f"{shown(event_id)} is no URI")
        elif event_id == event.event_id:
            yield Problem(f"{here}/correctiveEventIDs/{at}", "error", "an event does not correct itself")
