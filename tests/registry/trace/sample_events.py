"""Events as a shop floor writes them, for the tests of reading, rules and capture.

QUERY_DOCUMENT has the events of the example EPCISQueryDocument.jsonld that GS1 publishes with the EPCIS 2.0 standard
(github.com/gs1/EPCIS).
"""

from __future__ import annotations

import io
import json
from typing import Any

from idis.registry.trace.event import Event
from idis.registry.trace.event_problem import EventProblem
from idis.registry.trace.reading import read_events

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
NOW_MS = 1_780_000_000_000  # 2026-05-28

OBJECT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-02T09:30:00.5+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "bizStep": "shipping",
    "disposition": "in_transit",
    "epcList": ["urn:epc:id:sgtin:6901234.056789.42"],
}
ASSOCIATION: dict[str, Any] = {
    "type": "AssociationEvent",
    "eventTime": "2026-03-02T09:30:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "ADD",
    "bizStep": "installing",
    "parentID": "https://id.node.example.cn/88.118.8/VIN.LSVAA49J132047371",
    "childEPCs": ["https://id.node.example.cn/88.118.8/BATT.001PB210000012F3H0000123"],
}
AGGREGATION: dict[str, Any] = {
    "type": "AggregationEvent",
    "eventTime": "2026-03-02T10:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "ADD",
    "bizStep": "packing",
    "parentID": "urn:epc:id:sscc:0614141.1234567890",
    "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.5, "uom": "KGM"}],
}
TRANSFORMATION: dict[str, Any] = {
    "type": "TransformationEvent",
    "eventTime": "2026-03-02T08:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "inputEPCList": ["https://id.node.example.cn/88.118.8/PLATE.24H0315-07"],
    "outputEPCList": ["https://id.node.example.cn/88.118.8/PART.P1", "https://id.node.example.cn/88.118.8/PART.P2"],
    "transformationID": "https://id.node.example.cn/88.118.8/JOB.77",
}
TRANSACTION: dict[str, Any] = {
    "type": "TransactionEvent",
    "eventTime": "2026-03-02T11:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "ADD",
    "bizTransactionList": [{"type": "po", "bizTransaction": "http://transaction.acme.com/po/12345678"}],
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2018"],
}
FIVE = (OBJECT, ASSOCIATION, AGGREGATION, TRANSFORMATION, TRANSACTION)

QUERY_DOCUMENT: dict[str, Any] = {
    "@context": [CONTEXT, {"example": "http://ns.example.com/epcis/"}],
    "id": "https://id.example.org/document1",
    "type": "EPCISQueryDocument",
    "schemaVersion": "2.0",
    "creationDate": "2005-07-11T11:30:47.0Z",
    "epcisBody": {
        "queryResults": {
            "subscriptionID": "32d2aec1-a6d2-46d9-900a-24124288cce1",
            "queryName": "SimpleEventQuery",
            "resultsBody": {
                "eventList": [
                    {
                        "eventID": "ni:///sha-256;df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8af24dd3ccb30ba69?ver=CBV2.0",
                        "type": "ObjectEvent",
                        "action": "OBSERVE",
                        "bizStep": "shipping",
                        "disposition": "in_transit",
                        "epcList": ["urn:epc:id:sgtin:0614141.107346.2017", "urn:epc:id:sgtin:0614141.107346.2018"],
                        "eventTime": "2005-04-03T20:33:31.116000-06:00",
                        "eventTimeZoneOffset": "-06:00",
                        "readPoint": {"id": "urn:epc:id:sgln:0614141.07346.1234"},
                        "bizTransactionList": [{"type": "po", "bizTransaction": "http://transaction.acme.com/po/12345678"}],
                    },
                    {
                        "type": "ObjectEvent",
                        "action": "OBSERVE",
                        "bizStep": "receiving",
                        "disposition": "in_progress",
                        "epcList": ["urn:epc:id:sgtin:0614141.107346.2018"],
                        "eventTime": "2005-04-04T20:33:31.116-06:00",
                        "eventTimeZoneOffset": "-06:00",
                        "readPoint": {"id": "urn:epc:id:sgln:0012345.11111.400"},
                        "bizLocation": {"id": "urn:epc:id:sgln:0012345.11111.0"},
                        "bizTransactionList": [
                            {"type": "po", "bizTransaction": "http://transaction.acme.com/po/12345678"},
                            {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:1152"},
                        ],
                        "example:myField": "Example of a vendor/user extension",
                    },
                ]
            },
        }
    },
}


def document(*events: dict[str, Any], **header: Any) -> dict[str, Any]:
    """An EPCIS document."""
    return {
        "@context": [CONTEXT, {"ex": "https://ns.example.com/epcis/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-02T12:00:00Z",
        **header,
        "epcisBody": {"eventList": list(events)},
    }


def octets(value: Any) -> bytes:
    """JSON on the wire."""
    return json.dumps(value, ensure_ascii=False).encode()


def read_all(value: Any) -> list[Event | EventProblem]:
    """All that a document, given as JSON value or octets, gives."""
    return list(read_events(io.BytesIO(value if isinstance(value, bytes) else octets(value))))


def read_one(members: dict[str, Any]) -> Event:
    """The event of a document that holds one, which must be readable; its context declares `ex`."""
    (event,) = read_all(document(members))
    assert isinstance(event, Event), event
    return event


def faults(members: dict[str, Any]) -> list[str]:
    """The pointers of what is wrong with one bare event that cannot be read."""
    (found,) = read_all(members)
    assert isinstance(found, EventProblem), found
    return [problem.pointer for problem in found.problems]
