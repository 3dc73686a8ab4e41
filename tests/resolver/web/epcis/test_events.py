"""Questions about events: parameters, pages, resources, named questions, who sees what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from idis.registry.caller import Role, RoleGrant
from tests.registry.trace.sample_events import FIVE, OBJECT, TRANSFORMATION, document

RICH = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-05T00:00:00Z",
    "eventTimeZoneOffset": "+08:00",
    "eventID": "urn:x:rich",
    "action": "ADD",
    "bizStep": "commissioning",
    "disposition": "active",
    "persistentDisposition": {"set": ["completeness_verified"], "unset": ["damaged"]},
    "epcList": ["urn:epc:id:sgtin:6901234.056789.43"],
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 12.5, "uom": "KGM"}],
    "readPoint": {"id": "urn:epc:id:sgln:0614141.07346.1234"},
    "bizLocation": {"id": "88.118.8/YARD"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:po:1"}],
    "sourceList": [{"type": "owning_party", "source": "urn:x:a"}],
    "destinationList": [{"type": "location", "destination": "urn:x:b"}],
    "sensorElementList": [
        {
            "sensorMetadata": {"time": "2026-03-04T00:00:00Z", "deviceID": "urn:x:device"},
            "sensorReport": [{"type": "Temperature", "value": 26, "uom": "CEL", "booleanValue": True}],
        }
    ],
    "ilmd": {"ex:heat": "H1", "ex:mass": 7.5, "ex:deep": {"ex:inner": "I"}},
    "ex:colour": "red",
    "ex:when": "2026-03-01T00:00:00Z",
    "ex:nested": {"ex:level": 3},
}
COLOUR = quote("ex:colour", safe="")


@pytest.fixture
async def told(operator: Any) -> Any:
    """A node that knows six events; gives a client."""
    status, job, _ = await operator.ask("POST", "/capture", document(*FIVE, RICH))
    assert (status, job["success"]) == (202, True), job
    return operator


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("eventType=ObjectEvent", 2),
        ("eventType=ObjectEvent|TransactionEvent", 3),
        ("GE_eventTime=2026-03-02T02:00:00Z", 3),
        ("LT_eventTime=2026-03-02T02:00:00Z", 3),
        ("GE_recordTime=2100-01-01T00:00:00Z", 0),
        ("GE_recordTime=2020-01-01T00:00:00Z", 6),
        ("EQ_action=ADD", 4),
        ("EQ_bizStep=cbv:BizStep-shipping", 1),
        ("EQ_bizStep=shipping|commissioning", 2),
        ("EQ_disposition=active", 1),
        ("EQ_persistentDisposition_set=completeness_verified", 1),
        ("EQ_persistentDisposition_unset=active", 0),
        ("EQ_readPoint=https://id.gs1.org/414/0614141073467/254/1234", 1),
        ("WD_bizLocation=88.118.8/YARD", 1),
        ("EQ_transformationID=https://id.node.example.cn/88.118.8/JOB.77", 1),
        ("MATCH_epc=urn:epc:id:sgtin:6901234.056789.42", 1),
        ("MATCH_epc=https://id.gs1.org/01/06901234567892/21/42", 1),
        ("MATCH_epc=urn:epc:idpat:sgtin:6901234.056789.*", 2),
        ("MATCH_parentID=urn:epc:id:sscc:0614141.1234567890", 1),
        ("MATCH_inputEPC=https://id.node.example.cn/88.118.8/PLATE.24H0315-07", 1),
        ("MATCH_outputEPC=https://id.node.example.cn/88.118.8/PLATE.24H0315-07", 0),
        ("MATCH_anyEPC=https://id.node.example.cn/88.118.8/PART.P1", 1),
        ("MATCH_anyEPCClass=urn:epc:class:lgtin:4012345.012345.998877", 2),
        ("MATCH_epcClass=https://id.gs1.org/01/04012345123456/10/998877", 2),
        ("EQ_quantity=12.5", 1),
        ("GT_quantity_KGM=12.5", 1),
        ("LT_quantity=13", 1),
        ("GE_quantity_LTR=1", 0),
        ("EQ_eventID=urn:x:rich", 1),
        ("EXISTS_errorDeclaration=", 0),
        ("EXISTS_sensorElementList=", 1),
        ("EQ_type=gs1:Temperature", 1),
        ("GE_value_CEL=26", 1),
        ("GT_value_CEL=26", 0),
        ("EQ_booleanValue=true", 1),
        ("EQ_deviceID=urn:x:device", 1),
        ("LT_time=2026-03-05T00:00:00Z", 1),
        ("EQ_bizTransaction_po=urn:x:po:1", 1),
        ("EQ_source_owning_party=urn:x:a", 1),
        ("EQ_destination_location=urn:x:a", 0),
        (f"EQ_{COLOUR}=red|blue", 1),
        (f"EXISTS_{COLOUR}=", 1),
        ("GT_ex:when=2026-02-01T00:00:00Z", 1),
        ("LT_ex:when=2026-02-01T00:00:00Z", 0),
        ("EQ_ILMD_ex:heat=H1", 1),
        ("GE_ILMD_ex:mass=7.5", 1),
        ("EQ_INNER_ILMD_ex:inner=I", 1),
        ("EQ_INNER_ex:level=3", 1),
        ("EQ_ex:level=3", 0),
        ("eventType=ObjectEvent&EQ_action=ADD", 1),
        ("eventCountLimit=2", 2),
        ("maxEventCount=6", 6),
    ],
)
async def test_a_parameter(told: Any, query: str, count: int) -> None:
    """Each parameter narrows the answer to the events it is about."""
    assert len(await told.events(f"?{query}")) == count


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("colour=red", 400, "QueryParameterException"),
        ("eventType=SomeEvent", 400, "QueryParameterException"),
        ("EQ_action=add", 400, "QueryParameterException"),
        ("GE_eventTime=yesterday", 400, "QueryParameterException"),
        ("GE_quantity=much", 400, "QueryParameterException"),
        ("GT_ex:when=later", 400, "QueryParameterException"),
        ("HASATTR_colour=x", 400, "QueryParameterException"),
        ("orderBy=colour", 400, "QueryParameterException"),
        ("perPage=0", 400, "QueryParameterException"),
        ("nextPageToken=abc", 400, "QueryParameterException"),
        ("eventCountLimit=0", 400, "QueryParameterException"),
        ("eventCountLimit=1&maxEventCount=1", 400, "QueryParameterException"),
        ("EQ_action=ADD&EQ_action=DELETE", 400, "QueryParameterException"),
        ("maxEventCount=5", 413, "QueryTooLargeException"),
    ],
)
async def test_a_parameter_that_cannot_be_used(told: Any, query: str, status: int, kind: str) -> None:
    """What is not understood is not answered."""
    found, problem, _ = await told.ask("GET", f"/events?{query}")
    assert (found, problem["type"]) == (status, f"epcisException:{kind}")


class TestPages:
    """Pages by Link header."""

    async def test_all_once(self, told: Any) -> None:
        """Following the links gives every event once, whatever is recorded meanwhile."""
        seen, path = [], "/events?perPage=2&orderBy=eventTime&orderDirection=ASC"
        while path:
            _, found, headers = await told.ask("GET", path)
            seen += [event["eventTime"] for event in found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]
            await told.ask("POST", "/events", OBJECT | {"eventID": f"urn:x:{len(seen)}", "eventTime": "2026-01-01T00:00:00Z"})
            path = headers.get("Link", "").partition(">")[0].lstrip("<").removeprefix("/epcis/v2")
        assert len(seen) == 6
        assert seen == sorted(seen)

    async def test_newest_first(self, told: Any) -> None:
        """Without an order, what happened last comes first."""
        assert (await told.events("?perPage=1"))[0]["eventID"] == "urn:x:rich"

    async def test_in_the_order_of_recording(self, told: Any) -> None:
        """By record time, as they came."""
        found = await told.events("?orderBy=recordTime&orderDirection=ASC")
        assert found[-1]["eventID"] == "urn:x:rich"

    async def test_a_limit_over_pages(self, told: Any) -> None:
        """eventCountLimit counts over all pages."""
        _, _, headers = await told.ask("GET", "/events?perPage=2&eventCountLimit=3")
        link = headers["Link"].partition(">")[0].lstrip("<").removeprefix("/epcis/v2")
        _, found, last = await told.ask("GET", link)
        assert (len(found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]), "Link" in last) == (1, False)

    async def test_a_token_of_another_question(self, told: Any) -> None:
        """A token goes on with its own question only."""
        _, _, headers = await told.ask("GET", "/events?perPage=2")
        token = headers["Link"].partition("nextPageToken=")[2].partition(">")[0]
        assert (await told.ask("GET", f"/events?perPage=2&EQ_action=ADD&nextPageToken={token}"))[0] == 400
        assert (await told.ask("DELETE", f"/nextPageToken/{token}"))[0] == 204


class TestForms:
    """How events are answered."""

    async def test_digital_links(self, told: Any) -> None:
        """EPC URNs are answered as Digital Links, or as they came to whoever asks so."""
        asked = "/events?EQ_eventID=urn:x:rich"
        (linked,) = await told.events(asked.removeprefix("/events"))
        _, found, _ = await told.ask("GET", asked, GS1_EPC_Format="Never_Translates")
        (plain,) = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        assert linked["epcList"] == ["https://id.gs1.org/01/06901234567892/21/43"]
        assert plain["epcList"] == RICH["epcList"]

    async def test_as_it_came(self, told: Any) -> None:
        """All members come back as they were told, and the record time with them."""
        _, found, _ = await told.ask("GET", "/events/urn:x:rich", GS1_EPC_Format="No_Preference")
        (event,) = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        assert event.pop("@context") == [{"ex": "https://ns.example.com/epcis/"}]
        assert event.pop("recordTime").endswith("+00:00")
        assert event.pop("eventTime") == "2026-03-05T08:00:00+08:00"
        assert event == {name: value for name, value in RICH.items() if name != "eventTime"}

    async def test_no_urns(self, told: Any) -> None:
        """What cannot be done is told."""
        assert (await told.ask("GET", "/events", GS1_EPC_Format="Always_EPC_URN"))[0] == 406

    async def test_an_event_that_is_not_there(self, told: Any) -> None:
        """404 with the standard's type."""
        status, problem, _ = await told.ask("GET", "/events/urn:x:none")
        assert (status, problem["type"]) == (404, "epcisException:NoSuchResourceException")


class TestResources:
    """Top-level resources."""

    @pytest.mark.parametrize(
        ("name", "members"),
        [
            ("eventTypes", 5),
            ("bizSteps", 4),
            ("dispositions", 2),
            ("readPoints", 1),
            ("bizLocations", 1),
            ("epcs", 10),
        ],
    )
    async def test_members(self, told: Any, name: str, members: int) -> None:
        """What events are about, each once."""
        _, found, _ = await told.ask("GET", f"/{name}")
        assert len(found["member"]) == len(set(found["member"])) == members

    @pytest.mark.parametrize(
        ("path", "count"),
        [
            ("eventTypes/ObjectEvent", 2),
            ("bizSteps/shipping", 1),
            ("bizLocations/88.118.8%2FYARD", 1),
            ("epcs/urn:epc:id:sgtin:6901234.056789.42", 1),
            ("epcs/urn:epc:class:lgtin:4012345.012345.998877", 2),
        ],
    )
    async def test_events_of_a_member(self, told: Any, path: str, count: int) -> None:
        """The events about one of them, which may be narrowed."""
        _, found, _ = await told.ask("GET", f"/{path}/events")
        assert len(found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == count

    async def test_the_root(self, nobody: Any) -> None:
        """What there is, is told to everybody."""
        _, found, _ = await nobody.ask("GET", "/")
        assert "/epcis/v2/events" in found["member"]

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/colours", 404), ("PUT", "/events", 405)])
    async def test_what_is_not_there(self, operator: Any, method: str, path: str, status: int) -> None:
        """Other paths and methods are refused."""
        assert (await operator.ask(method, path))[0] == status


class TestNamedQueries:
    """Questions under a name."""

    async def test_life(self, told: Any) -> None:
        """A question is made, asked, listed, removed."""
        body = {"name": "shipped", "query": {"EQ_bizStep": ["shipping"], "eventCountLimit": 5}}
        status, _, headers = await told.ask("POST", "/queries", body)
        assert (status, headers["Location"]) == (201, "/epcis/v2/queries/shipped")
        _, found, _ = await told.ask("GET", "/queries/shipped/events")
        assert found["epcisBody"]["queryResults"]["queryName"] == "shipped"
        assert len(found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1
        assert (await told.ask("GET", "/queries/shipped"))[1]["query"] == body["query"]
        assert [one["name"] for one in (await told.ask("GET", "/queries"))[1]] == ["shipped"]
        assert (await told.ask("DELETE", "/queries/shipped"))[0] == 204
        assert (await told.ask("GET", "/queries/shipped/events"))[0] == 404

    async def test_a_name_that_is_taken(self, told: Any) -> None:
        """A name is given once."""
        body = {"name": "q", "query": {}}
        assert [(await told.ask("POST", "/queries", body))[0] for _ in range(2)] == [201, 409]

    @pytest.mark.parametrize(
        "body",
        [{}, {"name": "a b", "query": {}}, {"name": "q"}, {"name": "q", "query": {"colour": "red"}}, {"name": "q", "query": 1}],
    )
    async def test_no_question(self, told: Any, body: Any) -> None:
        """What could not be asked is not kept."""
        assert (await told.ask("POST", "/queries", body))[0] == 400

    async def test_somebody_elses(self, told: Any, as_role: Callable[..., Any]) -> None:
        """Others may ask by a name, and not remove it."""
        await told.ask("POST", "/queries", {"name": "q", "query": {}})
        other = as_role(RoleGrant(Role.ADMINISTRATOR, "88.118.8"))
        assert (await other.ask("DELETE", "/queries/q"))[0] == 403


class TestSight:
    """Who sees which event."""

    async def test_nobody(self, told: Any, nobody: Any) -> None:
        """Nobody in particular sees none."""
        assert (await nobody.ask("GET", "/events"))[0] == 401

    async def test_the_teller(self, as_role: Callable[..., Any]) -> None:
        """Who told an event sees it."""
        teller = as_role(RoleGrant(Role.APPLICATION, "88.118.8"))
        await teller.ask("POST", "/events", OBJECT)
        assert len(await teller.events()) == 1

    async def test_a_stranger(self, as_role: Callable[..., Any]) -> None:
        """Others do not, nor that it is there."""
        await as_role(RoleGrant(Role.APPLICATION, "88.118.8")).ask("POST", "/events", OBJECT | {"eventID": "urn:x:1"})
        stranger = as_role(RoleGrant(Role.APPLICATION, "88.118.9"))
        assert await stranger.events() == []
        assert (await stranger.ask("GET", "/events/urn:x:1"))[0] == 404

    async def test_whose_thing_it_is(self, as_role: Callable[..., Any]) -> None:
        """What is told of a thing is seen by its owner."""
        moved = OBJECT | {"epcList": ["hdl:88.118.9/VIN"]}
        await as_role(RoleGrant(Role.APPLICATION, "88.118.8")).ask("POST", "/events", moved)
        assert len(await as_role(RoleGrant(Role.APPLICATION, "88.118.9")).events()) == 1

    async def test_an_auditor(self, told: Any, as_role: Callable[..., Any]) -> None:
        """An auditor of the whole node sees all."""
        assert len(await as_role(RoleGrant(Role.AUDITOR)).events()) == 6

    async def test_a_claim(self, as_role: Callable[..., Any], node: Any) -> None:
        """What somebody tells of another's things alone is possible, not certain."""
        making = TRANSFORMATION | {"inputEPCList": ["88.118.9/A"], "outputEPCList": ["88.118.9/B"], "eventID": "urn:x:1"}
        making.pop("transformationID")
        await as_role(RoleGrant(Role.APPLICATION, "88.118.8")).ask("POST", "/events", making)
        operator = as_role(RoleGrant(Role.OPERATOR))
        url = operator.base.replace("/epcis/v2", "/api/v1/trace?thing=88.118.9/B")
        _, found, _ = await operator.ask("GET", url)
        assert [line["certainty"] for line in found["lines"]] == ["certain", "possible"]
