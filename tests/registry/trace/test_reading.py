"""Reading events: members, types and needs; and writing them again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.trace.event import Action, Event, EventType, Moment, Quantity, Typed
from idis.registry.trace.event_stream import parse_json
from idis.registry.trace.reading import DEPTH_MAX, read_event
from idis.registry.trace.writing import json_text, write_event
from tests.registry.trace.sample_events import (
    AGGREGATION,
    ASSOCIATION,
    FIVE,
    OBJECT,
    QUERY_DOCUMENT,
    TRANSACTION,
    TRANSFORMATION,
    document,
    faults,
    read_all,
    read_one,
)

EX = "https://ns.example.com/epcis/"


def without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    """An event with members left out."""
    return {name: value for name, value in members.items() if name not in names}


class TestMembers:
    """What becomes of each member."""

    def test_the_common_head(self) -> None:
        """Type, time with offset, action."""
        event = read_one(OBJECT)
        assert (event.type, event.time, event.action) == (EventType.OBJECT, Moment(1_772_415_000_500, 480), Action.OBSERVE)

    def test_the_offset_is_what_was_said(self) -> None:
        """A time told in UTC by somebody in Shanghai keeps both facts."""
        event = read_one(OBJECT | {"eventTime": "2026-03-02T01:30:00Z"})
        assert event.time == Moment(1_772_415_000_000, 480)

    def test_quantities(self) -> None:
        """A quantity element has class, number and unit."""
        amount = read_one(AGGREGATION).child_quantities[0]
        assert amount == Quantity("urn:epc:class:lgtin:4012345.012345.998877", parse_json("200.5"), "KGM")

    @pytest.mark.parametrize("spelled", ["po", "cbv:BTT-po", "https://ref.gs1.org/cbv/BTT-po", "urn:epcglobal:cbv:btt:po"])
    def test_a_word_however_spelled(self, spelled: str) -> None:
        """Words of the standard are kept bare."""
        event = read_one(TRANSACTION | {"bizTransactionList": [{"type": spelled, "bizTransaction": "urn:x:1"}]})
        assert event.transactions == (Typed("po", "urn:x:1"),)

    def test_extensions_in_their_order(self) -> None:
        """Members of other namespaces are kept in the order they came."""
        event = read_one(OBJECT | {"ex:b": {"ex:z": 1, "ex:a": [True, None]}, "ex:a": "x"})
        assert event.extensions == (("ex:b", {"ex:z": 1, "ex:a": [True, None]}), ("ex:a", "x"))

    def test_contexts(self) -> None:
        """Prefixes of the document and of the event are both known, and further contexts kept."""
        event = read_one(OBJECT | {"@context": ["https://other.example/ctx", {"own": "urn:own:"}], "own:x": 1, "term": 2})
        assert event.context == (("ex", EX), ("", "https://other.example/ctx"), ("own", "urn:own:"))

    def test_the_record_time_of_others_is_ignored(self) -> None:
        """When this node recorded an event only it can say."""
        assert read_one(OBJECT | {"recordTime": "2001-01-01T00:00:00Z"}).record_time_ms == 0

    def test_an_error_declaration(self) -> None:
        """Time, reason, corrective events and what else there is."""
        declared = {
            "declarationTime": "2026-03-03T00:00:00Z",
            "reason": "cbv:ER-incorrect_data",
            "correctiveEventIDs": ["urn:x:2"],
            "ex:by": "me",
        }
        error = read_one(OBJECT | {"errorDeclaration": declared}).error
        assert error is not None
        assert (error.declared.time_ms, error.reason, error.corrective_ids, error.extensions) == (
            1_772_496_000_000,
            "incorrect_data",
            ("urn:x:2",),
            (("ex:by", "me"),),
        )


class TestFaults:
    """What cannot be read, with the place."""

    @pytest.mark.parametrize(
        ("members", "pointers"),
        [
            (OBJECT | {"type": "SomeEvent"}, ["/type"]),
            (without(OBJECT, "type"), ["/type"]),
            (without(OBJECT, "eventTime"), ["/eventTime"]),
            (OBJECT | {"eventTime": "2026-03-02T09:30:00"}, ["/eventTime"]),
            (OBJECT | {"eventTime": "2026-13-02T09:30:00Z"}, ["/eventTime"]),
            (without(OBJECT, "eventTimeZoneOffset"), ["/eventTimeZoneOffset"]),
            (OBJECT | {"eventTimeZoneOffset": "+8"}, ["/eventTimeZoneOffset"]),
            (OBJECT | {"action": "add"}, ["/action"]),
            (TRANSFORMATION | {"action": "ADD"}, ["/action"]),
            (OBJECT | {"bizStep": 1}, ["/bizStep"]),
            (OBJECT | {"eventID": None}, ["/eventID"]),
            (OBJECT | {"epcList": "urn:x:1"}, ["/epcList", "/epcList"]),
            (OBJECT | {"epcList": ["urn:x:1", 2]}, ["/epcList/1", "/epcList"]),
            (OBJECT | {"quantityList": [7]}, ["/quantityList/0"]),
            (OBJECT | {"quantityList": [{"quantity": 1}]}, ["/quantityList/0/epcClass"]),
            (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "quantity": "1"}]}, ["/quantityList/0/quantity"]),
            (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "a/b": 1}]}, ["/quantityList/0/a~1b"]),
            (OBJECT | {"readPoint": "urn:x:1"}, ["/readPoint"]),
            (OBJECT | {"sourceList": [{"source": "urn:x:1"}]}, ["/sourceList/0/type"]),
            (OBJECT | {"persistentDisposition": []}, ["/persistentDisposition"]),
            (OBJECT | {"persistentDisposition": {"set": [1]}}, ["/persistentDisposition/set"]),
            (OBJECT | {"sensorElementList": [{}]}, ["/sensorElementList/0/sensorReport"]),
            (OBJECT | {"ilmd": []}, ["/ilmd"]),
            (OBJECT | {"ilmd": {"lot": "1"}}, ["/ilmd/lot"]),
            (OBJECT | {"certificationInfo": [1]}, ["/certificationInfo"]),
            (OBJECT | {"errorDeclaration": {}}, ["/errorDeclaration/declarationTime"]),
            (OBJECT | {"childEPCs": ["urn:x:1"]}, ["/childEPCs"]),
            (OBJECT | {"colour": "red"}, ["/colour"]),
            (OBJECT | {"my:colour": "red"}, ["/my:colour"]),
        ],
    )
    def test_a_member(self, members: dict[str, Any], pointers: list[str]) -> None:
        """Each fault is told where it is."""
        assert faults(members) == pointers

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            (OBJECT | {"epcList": []}, "/epcList"),
            (without(OBJECT, "epcList"), "/epcList"),
            (without(ASSOCIATION, "parentID"), "/parentID"),
            (AGGREGATION | {"action": "DELETE", "parentID": None}, "/parentID"),
            (without(AGGREGATION, "childQuantityList"), "/childEPCs"),
            (without(TRANSFORMATION, "inputEPCList", "transformationID"), "/inputEPCList"),
            (without(TRANSFORMATION, "outputEPCList", "transformationID"), "/outputEPCList"),
            (without(TRANSFORMATION, "inputEPCList", "outputEPCList"), "/inputEPCList"),
            (without(TRANSACTION, "bizTransactionList"), "/bizTransactionList"),
            (without(TRANSACTION, "epcList"), "/epcList"),
        ],
    )
    def test_what_a_type_needs(self, members: dict[str, Any], pointer: str) -> None:
        """An event that misses what its type cannot be without is refused."""
        assert pointer in faults(members)

    @pytest.mark.parametrize(
        "members",
        [
            without(AGGREGATION, "childQuantityList") | {"action": "DELETE"},
            without(ASSOCIATION, "parentID") | {"action": "OBSERVE"},
            without(TRANSFORMATION, "inputEPCList"),
            without(TRANSACTION, "epcList") | {"action": "DELETE"},
            without(OBJECT, "epcList")
            | {
                "readPoint": {"id": "urn:x:1"},
                "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 1}]}],
            },
        ],
    )
    def test_what_a_type_can_do_without(self, members: dict[str, Any]) -> None:
        """Each exception of the standard holds."""
        assert isinstance(read_all(members)[0], Event)

    def test_all_faults_at_once(self) -> None:
        """Whoever mends an event is told everything in one go."""
        assert len(faults(OBJECT | {"action": "x", "bizStep": 1, "colour": 1, "eventTime": "now"})) == 4

    def test_too_deep(self) -> None:
        """What is nested deeper than the limit is refused."""
        deep: Any = "x"
        for _ in range(DEPTH_MAX + 1):
            deep = [deep]
        assert faults(OBJECT | {"@context": {"ex": EX}, "ex:deep": deep}) == ["/ex:deep"]

    def test_pointers_lead_into_the_document(self) -> None:
        """The fault of the second event of a document is found from its root."""
        found = read_all(document(OBJECT, OBJECT | {"action": "x"}))[1]
        assert not isinstance(found, Event)
        assert found.problems[0].pointer == "/epcisBody/eventList/1/action"

    @given(
        st.dictionaries(
            st.sampled_from([*{name for one in FIVE for name in one}, "ilmd", "readPoint", "errorDeclaration"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["id", "type", "source", "epcClass", "set", "sensorReport", "x:y"]), inner, max_size=3
                    )
                ),
                max_leaves=8,
            ),
        ),
        st.sampled_from(FIVE),
    )
    def test_garbage(self, changed: dict[str, Any], base: dict[str, Any]) -> None:
        """Whatever the members hold, there is an event or a list of problems."""
        read = read_event(parse_json(json.dumps(base | changed)))
        assert isinstance(read, Event) or read


class TestRoundTrip:
    """What is read comes out as it went in."""

    @pytest.mark.parametrize("members", FIVE)
    def test_the_five_types(self, members: dict[str, Any]) -> None:
        """Each type written and read again is the same event."""
        event = read_one(members)
        assert read_event(parse_json(json_text(write_event(event)))) == event

    def test_the_example_of_the_standard(self) -> None:
        """Members, order of lists and extensions of the published example survive."""
        given = QUERY_DOCUMENT["epcisBody"]["queryResults"]["resultsBody"]["eventList"][1]
        event = read_all(QUERY_DOCUMENT)[1]
        assert isinstance(event, Event)
        written = write_event(event)
        assert written.pop("@context") == [{"example": "http://ns.example.com/epcis/"}]
        assert written == given

    def test_everything_at_once(self) -> None:
        """Sensors, master data, nested extensions, numbers with their zeros, places with extensions."""
        text = (
            '{"type":"ObjectEvent","eventTime":"2026-03-02T09:30:00+08:00","eventTimeZoneOffset":"+08:00",'
            '"eventID":"urn:uuid:1","certificationInfo":["urn:c:1","urn:c:2"],"epcList":["urn:x:1"],"action":"ADD",'
            '"persistentDisposition":{"set":["conformant"],"unset":["damaged"]},'
            '"readPoint":{"id":"urn:x:p","gs1:z":{"gs1:deep":["1",2.50]}},"bizLocation":{"id":"urn:x:l","gs1:q":false},'
            '"sourceList":[{"type":"location","source":"urn:x:l"}],"destinationList":[{"type":"urn:my:t","destination":"urn:x:m"}],'
            '"sensorElementList":[{"sensorMetadata":{"time":"2026-03-02T09:00:00Z"},"sensorReport":[{"type":"Temperature",'
            '"value":26.00,"uom":"CEL"}]}],"ilmd":{"cbvmda:lotNumber":"标 1"},"gs1:ext":[{"gs1:b":1E+2},null]}'
        )
        event = read_event(parse_json(text))
        assert isinstance(event, Event)
        assert json_text(write_event(event)) == text
