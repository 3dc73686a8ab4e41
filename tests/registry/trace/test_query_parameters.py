"""Every parameter of the query language, each with a value that finds the event and one that does not.

The names are those of `query-schema.json` of EPCIS 2.0; where it has a pattern, the example is made after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from idis.registry.trace.event import Event, Json
from idis.registry.trace.event_query import BadQuery, parse_query
from idis.registry.trace.event_stream import parse_json
from idis.registry.trace.things import Spelling
from tests.registry.trace.sample_events import OBJECT, octets, read_one

WHEN, BEFORE, AFTER = "2026-03-02T01:30:00.500Z", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z"
ITEM, LOT = "urn:epc:id:sgtin:6901234.056789.42", "urn:epc:class:lgtin:4012345.012345.L1"
PLACE, ROOM = "urn:x:plant", "urn:x:room"
SENSORS: list[Any] = [
    {
        "ex:frame": "F1",
        "ex:box": {"ex:inside": 5},
        "sensorMetadata": {
            "time": WHEN,
            "startTime": WHEN,
            "endTime": WHEN,
            "deviceID": "urn:x:device",
            "dataProcessingMethod": "urn:x:method",
            "bizRules": "urn:x:rules",
            "ex:made": 7,
            "ex:of": {"ex:inner": "x"},
        },
        "sensorReport": [
            {
                "type": "Temperature",
                "value": 26.5,
                "minValue": 20,
                "maxValue": 30,
                "meanValue": 25,
                "sDev": 2,
                "percValue": 28,
                "percRank": 95,
                "uom": "CEL",
                "microorganism": "urn:x:germ",
                "chemicalSubstance": "urn:x:acid",
                "stringValue": "warm",
                "booleanValue": True,
                "hexBinaryValue": "F0F0",
                "uriValue": "urn:x:value",
                "ex:note": 9,
                "ex:deep": [{"ex:inner": 3}],
            }
        ],
    }
]
MADE: dict[str, Any] = OBJECT | {
    "action": "ADD",
    "eventID": "urn:x:1",
    "recordTime": WHEN,
    "quantityList": [{"epcClass": LOT, "quantity": 200.5, "uom": "KGM"}],
    "persistentDisposition": {"set": ["conformant"], "unset": ["damaged"]},
    "readPoint": {"id": ROOM, "ex:gate": "G7", "ex:in": {"ex:lane": "L2"}},
    "bizLocation": {"id": PLACE, "ex:hall": "H1", "ex:in": {"ex:bay": "B2"}},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:po"}],
    "sourceList": [{"type": "owning_party", "source": "urn:x:seller"}],
    "destinationList": [{"type": "possessing_party", "destination": "urn:x:carrier"}],
    "sensorElementList": SENSORS,
    "ilmd": {"ex:grade": "A36", "ex:thick": 12.5, "ex:day": BEFORE, "ex:more": {"ex:heat": "H9", "ex:temp": 900}},
    "ex:shift": "A",
    "ex:pressure": 101.3,
    "ex:since": BEFORE,
    "ex:owner": "urn:x:owner",
    "ex:kept": {"ex:slot": "S4", "ex:depth": 3},
    "errorDeclaration": {
        "declarationTime": "2026-03-04T00:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:x:2"],
        "ex:found": "audit",
        "ex:cost": 40,
        "ex:by": {"ex:name": "Li", "ex:rank": 2},
    },
}
CUT: dict[str, Any] = {
    "type": "TransformationEvent",
    "eventTime": WHEN,
    "eventTimeZoneOffset": "+00:00",
    "inputEPCList": [ITEM],
    "outputEPCList": ["urn:x:part"],
    "inputQuantityList": [{"epcClass": LOT, "quantity": 3}],
    "outputQuantityList": [{"epcClass": "urn:x:scrap", "quantity": 3}],
    "transformationID": "urn:x:job",
}
PACKED: dict[str, Any] = OBJECT | {"type": "AggregationEvent", "action": "ADD", "parentID": "urn:x:box", "childEPCs": [ITEM]}
del PACKED["epcList"]

HIT_AND_MISS: list[tuple[dict[str, Any], str, Any, Any]] = [
    (MADE, "eventType", ["ObjectEvent"], ["AggregationEvent"]),
    (MADE, "GE_eventTime", WHEN, AFTER),
    (MADE, "LT_eventTime", AFTER, WHEN),
    (MADE, "GE_recordTime", "1970-01-01T00:00:00Z", AFTER),
    (MADE, "LT_recordTime", AFTER, "1970-01-01T00:00:00Z"),
    (MADE, "EQ_action", ["ADD"], ["DELETE"]),
    (MADE, "EQ_bizStep", ["https://ref.gs1.org/cbv/BizStep-shipping"], ["receiving"]),
    (MADE, "EQ_disposition", ["in_transit"], ["active"]),
    (MADE, "EQ_persistentDisposition_set", ["conformant"], ["damaged"]),
    (MADE, "EQ_persistentDisposition_unset", ["damaged"], ["conformant"]),
    (MADE, "EQ_readPoint", [ROOM], [PLACE]),
    (MADE, "EQ_bizLocation", [PLACE], [ROOM]),
    (MADE, "WD_readPoint", [PLACE], ["urn:x:other"]),
    (MADE, "WD_bizLocation", [PLACE], [ROOM]),
    (MADE, "EQ_bizTransaction_po", ["urn:x:po"], ["urn:x:seller"]),
    (MADE, "EQ_source_owning_party", ["urn:x:seller"], ["urn:x:carrier"]),
    (MADE, "EQ_destination_possessing_party", ["urn:x:carrier"], ["urn:x:seller"]),
    (CUT, "EQ_transformationID", ["urn:x:job"], ["urn:x:1"]),
    (MADE, "MATCH_epc", [ITEM], ["urn:x:part"]),
    (PACKED, "MATCH_parentID", ["urn:x:box"], [ITEM]),
    (CUT, "MATCH_inputEPC", [ITEM], ["urn:x:part"]),
    (CUT, "MATCH_outputEPC", ["urn:x:part"], [ITEM]),
    (PACKED, "MATCH_anyEPC", ["urn:x:box"], ["urn:x:part"]),
    (MADE, "MATCH_epcClass", [LOT], [ITEM]),
    (CUT, "MATCH_inputEPCClass", [LOT], ["urn:x:scrap"]),
    (CUT, "MATCH_outputEPCClass", ["urn:x:scrap"], [LOT]),
    (CUT, "MATCH_anyEPCClass", ["urn:x:scrap"], [ITEM]),
    (MADE, "EQ_eventID", ["urn:x:1"], ["urn:x:2"]),
    (MADE, "EXISTS_errorDeclaration", None, ...),
    (MADE, "GE_errorDeclaration_Time", AFTER, "2026-03-05T00:00:00Z"),
    (MADE, "LT_errorDeclaration_Time", "2026-03-05T00:00:00Z", AFTER),
    (MADE, "GE_errorDeclarationTime", AFTER, "2026-03-05T00:00:00Z"),
    (MADE, "LT_errorDeclarationTime", "2026-03-05T00:00:00Z", AFTER),
    (MADE, "EQ_errorReason", ["incorrect_data"], ["did_not_occur"]),
    (MADE, "EQ_correctiveEventID", ["urn:x:2"], ["urn:x:1"]),
    (MADE, "EXISTS_sensorElementList", None, ...),
    (MADE, "EXISTS_ilmd", None, ...),
    (MADE, "GE_time", WHEN, AFTER),
    (MADE, "LT_time", AFTER, WHEN),
    (MADE, "GE_startTime", WHEN, AFTER),
    (MADE, "LT_startTime", AFTER, WHEN),
    (MADE, "GE_endTime", WHEN, AFTER),
    (MADE, "LT_endTime", AFTER, WHEN),
    (MADE, "EQ_type", ["gs1:Temperature"], ["Mass"]),
    (MADE, "EQ_deviceID", ["urn:x:device"], ["urn:x:method"]),
    (MADE, "EQ_dataProcessingMethod", ["urn:x:method"], ["urn:x:device"]),
    (MADE, "EQ_microorganism", ["urn:x:germ"], ["urn:x:acid"]),
    (MADE, "EQ_chemicalSubstance", ["urn:x:acid"], ["urn:x:germ"]),
    (MADE, "EQ_bizRules", ["urn:x:rules"], ["urn:x:acid"]),
    (MADE, "EQ_stringValue", ["warm"], ["cold"]),
    (MADE, "EQ_booleanValue", True, False),
    (MADE, "EQ_hexBinaryValue", ["F0F0"], ["0F"]),
    (MADE, "EQ_uriValue", ["urn:x:value"], ["urn:x:germ"]),
    (MADE, "EQ_quantity", [200.5], [3]),
    (MADE, "EQ_quantity_KGM", [200.50], [3]),
    (MADE, "EQ_value_CEL", [26.5], [27]),
    (MADE, "HASATTR_readPoint", ["floor", "height"], ["colour"]),
    (MADE, "HASATTR_ex:owner", ["city"], ["floor"]),
    (MADE, "EQ_ATTR_readPoint_floor", ["3"], ["4"]),
    (MADE, "EQATTR_bizLocation_city", ["Wujin"], ["3"]),
    (MADE, "EQATTR_ex:owner_city", ["Fengxian"], ["Wujin"]),
    (MADE, "EQ_ex:shift", ["A"], ["B"]),
    (MADE, "EQ_ILMD_ex:grade", ["A36"], ["B"]),
    (MADE, "EQ_INNER_ex:slot", ["S4"], ["S5"]),
    (MADE, "EQ_INNER_ILMD_ex:heat", ["H9"], ["H8"]),
    (MADE, "EQ_ERROR_DECLARATION_ex:found", ["audit"], ["chance"]),
    (MADE, "EQ_INNER_ERROR_DECLARATION_ex:name", ["Li"], ["Wang"]),
    (MADE, "EQ_readPoint_ex:gate", ["G7"], ["G8"]),
    (MADE, "EQ_INNER_readPoint_ex:lane", ["L2"], ["G7"]),
    (MADE, "EQ_bizLocation_ex:hall", ["H1"], ["G7"]),
    (MADE, "EQ_INNER_bizLocation_ex:bay", ["B2"], ["H1"]),
    (MADE, "EQ_SENSORELEMENT_ex:frame", ["F1"], ["F2"]),
    (MADE, "EQ_SENSORMETADATA_ex:made", 7, 8),
    (MADE, "EQ_SENSORREPORT_ex:note", 9, 8),
    (MADE, "EQ_INNER_SENSORELEMENT_ex:inside", 5, 6),
    (MADE, "EQ_INNER_SENSORMETADATA_ex:inner", ["x"], ["y"]),
    (MADE, "EQ_INNER_SENSORREPORT_ex:inner", 3, 4),
    *((MADE, f"EXISTS_{name}", None, ...) for name in ("ex:shift", "INNER_ex:slot", "ILMD_ex:grade", "INNER_ILMD_ex:heat")),
    *((MADE, f"EXISTS_{name}", None, ...) for name in ("ERROR_DECLARATION_ex:found", "INNER_ERROR_DECLARATION_ex:name")),
    *((MADE, f"EXISTS_{name}", None, ...) for name in ("SENSORELEMENT_ex:frame", "SENSORMETADATA_ex:made")),
    (MADE, "EXISTS_SENSORREPORT_ex:note", None, ...),
]
# Of each, what the event says, for the four comparisons.
COMPARED: dict[str, float | str] = {
    "quantity": 200.5,
    "quantity_KGM": 200.5,
    "value_CEL": 26.5,
    "minValue_CEL": 20,
    "maxValue_CEL": 30,
    "meanValue_CEL": 25,
    "sDev_CEL": 2,
    "percValue_CEL": 28,
    "percRank": 95,
    "ex:pressure": 101.3,
    "ex:since": BEFORE,
    "ILMD_ex:thick": 12.5,
    "ILMD_ex:day": BEFORE,
    "INNER_ex:depth": 3,
    "INNER_ILMD_ex:temp": 900,
    "ERROR_DECLARATION_ex:cost": 40,
    "INNER_ERROR_DECLARATION_ex:rank": 2,
    "SENSORELEMENT_ex:count": 4,
    "SENSORMETADATA_ex:made": 7,
    "SENSORREPORT_ex:note": 9,
    "INNER_SENSORELEMENT_ex:inside": 5,
    "INNER_SENSORMETADATA_ex:level": 6,
    "INNER_SENSORREPORT_ex:inner": 3,
}
SENSORS[0] |= {"ex:count": 4}
SENSORS[0]["sensorMetadata"]["ex:of"]["ex:level"] = 6


class Known:
    """Places: a room of three floors up in a plant; the plant and an owner are somewhere."""

    ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
        ROOM: {"floor": "3"},
        PLACE: {"city": "Wujin"},
        "urn:x:owner": {"city": "Fengxian"},
    }

    def name(self, text: str) -> str:
        """As it is spelled at every node."""
        return Spelling().name(text)

    def around(self, place: str) -> frozenset[str]:
        """The room lies in the plant."""
        return frozenset((ROOM, PLACE) if place == ROOM else (place,))

    def attributes(self, place: str) -> Mapping[str, str]:
        """What is told of it."""
        return self.ATTRIBUTES.get(place, {})


def asked(members: dict[str, Any], name: str, value: Any) -> bool:
    """Whether an event answers a question of one parameter, numbers read as from a body."""
    written: Json = parse_json(octets([value]).decode())[0]
    return parse_query({name: written}).matches(_event(members), Known())


def _event(members: dict[str, Any]) -> Event:
    return read_one(members)._replace(record_time_ms=1)


@pytest.mark.parametrize(("members", "name", "hit", "miss"), HIT_AND_MISS, ids=[name for _, name, _, _ in HIT_AND_MISS])
def test_each_finds_what_it_asks_for(members: dict[str, Any], name: str, hit: Any, miss: Any) -> None:
    """A value that the event has finds it, another one does not; of what need only exist, an event without it is not found."""
    assert asked(members, name, hit)
    assert not (asked(OBJECT, name, None) if miss is ... else asked(members, name, miss))


@pytest.mark.parametrize("name", COMPARED)
def test_comparisons(name: str) -> None:
    """More, at least, less, at most: with the bound itself, and one beside it."""
    value = COMPARED[name]
    above, below = (AFTER, "2026-02-01T00:00:00Z") if isinstance(value, str) else (value + 1, value - 1)
    found = {
        comparison: [asked(MADE, f"{comparison}_{name}", bound) for bound in (below, value, above)]
        for comparison in ("GT", "GE", "LT", "LE")
    }

    assert found == {
        "GT": [True, False, False],
        "GE": [True, True, False],
        "LT": [False, False, True],
        "LE": [False, True, True],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("orderBy", "eventTime"), ("orderDirection", "ASC"), ("eventCountLimit", 3), ("maxEventCount", 3), ("@context", ["urn:x"])],
)
def test_parameters_that_filter_nothing(name: str, value: Any) -> None:
    """They say how to answer."""
    assert asked(MADE, name, value)


@pytest.mark.parametrize("name", ["HASATTR_colour", "EQATTR_readPoint", "WD_epc", "GT_stringValue", "EQ_nothing"])
def test_there_are_no_others(name: str) -> None:
    """A parameter that is not known is refused, not passed over."""
    with pytest.raises(BadQuery):
        parse_query({name: "x"})
