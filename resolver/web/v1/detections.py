"""What a scanned or pasted text is (`/detect`)."""

from __future__ import annotations

import asyncio

from idis.proto.detect import readings_of, trouble_of
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.recognised import Recognised
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.schemes.surroundings import Surroundings
from idis.registry.store.base import ReadTxn
from idis.resolver.foreign.finding import surroundings_of, with_local
from idis.resolver.web.v1.detection_model import (
    AttributeModel,
    CheckModel,
    DetectBody,
    DetectionModel,
    DetectionsModel,
    DetectParameters,
    ReadingModel,
    RouteKeyModel,
    WhereModel,
)
from idis.resolver.web.v1.operation import Call, Needs, Nothing, Operation, Reply
from idis.resolver.web.v1.route_model import route_model
from idis.resolver.whereabouts import Whereabouts, whereabouts

GROUP = "detect 识别"
AT_ONCE_TEXTS = 5  # a millisecond or two of the loop, if all are looked for as local numbers; more are read beside it


async def detect_one(call: Call[DetectParameters, None]) -> Reply:
    """One text."""
    with call.face.service.chain.store.read() as txn:
        return Reply(_detected(txn, call.parameters.text, surroundings_of(call.face.config, call.now), call.now))


async def detect_many(call: Call[Nothing, DetectBody]) -> Reply:
    """Many texts; one that is nothing harms no other."""
    texts, around = call.body.texts, surroundings_of(call.face.config, call.now)

    def read() -> tuple[DetectionModel, ...]:
        with call.face.service.chain.store.read() as txn:
            return tuple(_detected(txn, text, around, call.now) for text in texts)

    results = read() if len(texts) <= AT_ONCE_TEXTS else await asyncio.to_thread(read)
    return Reply(DetectionsModel(results))


def _detected(txn: ReadTxn, text: str, around: Surroundings, now: int) -> DetectionModel:
    readings = with_local(txn, text, readings_of(text, around), now)
    where = whereabouts(txn, readings, now)
    refused = bool(readings) and readings[0].scheme == PERSONAL
    return DetectionModel(
        "" if refused else text,
        tuple(map(reading_model, readings)),
        "" if readings else trouble_of(text),
        None if where is None else _where(where),
    )


def _where(where: Whereabouts) -> WhereModel:
    route = None if where.route is None else route_model(where.route)
    return WhereModel(where.prefix or None, where.state, where.here, where.servers, where.records, route)


def reading_model(reading: Recognised) -> ReadingModel:
    """A reading as `/api/v1` shows it."""
    known = RECOGNISERS.get(reading.scheme)
    route = reading.route
    return ReadingModel(
        scheme=reading.scheme,
        title="" if known is None else known.title,
        canonical=reading.canonical,
        display=reading.display,
        granularity=reading.granularity,
        confidence=reading.confidence,
        why=reading.why,
        ok=reading.ok,
        levels=reading.levels,
        route=None if route is None else RouteKeyModel(route.type, route.key),
        checks=tuple(CheckModel(check.name, check.ok, check.expected) for check in reading.checks),
        attributes=tuple(AttributeModel(name, value) for name, value in reading.attributes),
        warnings=reading.warnings,
        suggestions=reading.suggestions,
        uri=reading.uri,
    )


OPERATIONS = (
    Operation(
        name="detect",
        method="GET",
        path="/detect",
        group=GROUP,
        summary=("what a text is", "识别文本"),
        detail="Any scan, number or URL: every scheme it can be read as with the surest first, its canonical form, whether its"
        " check digit is right and what would be, and who answers for it as far as this node knows. What may be a local"
        " number of one of its records (serial number, part number) is one, before what is only possible. Nobody is asked. The"
        " number of a person is refused and not repeated.",
        answer=detect_one,
        parameters=DetectParameters,
        response=DetectionModel,
        successes=((200, "what it is, or that it is nothing known"),),
        needs=Needs.NOBODY,
    ),
    Operation(
        name="detectMany",
        method="POST",
        path="/detect",
        group=GROUP,
        summary=("what many texts are", "批量识别"),
        detail="The request succeeds whatever the texts are. It changes nothing, so a key for repeating it has no effect.",
        answer=detect_many,
        parameters=Nothing,
        request=DetectBody,
        response=DetectionsModel,
        successes=((200, "one result for each text"),),
        needs=Needs.NOBODY,
    ),
)
