"""Capture over REST: jobs, one event, limits, who may."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from idis.registry.caller import Action, Role, RoleGrant
from idis.registry.trace import capture
from idis.registry.trace.deriving import is_taken
from tests.registry.trace.sample_events import FIVE, OBJECT, QUERY_DOCUMENT, document
from tests.waiting import until

HASH = "ni:///sha-256;790ffaddd0f0e90c82cf63136d0d6ac1a80a3775ac8ef480634b720cbc79991e?ver=CBV2.0"
BAD = OBJECT | {"bizStep": "shiping"}


class TestJobs:
    """Documents of events."""

    async def test_what_is_202_is_there(self, operator: Any, node: Any) -> None:
        """The events of an accepted document are found, derived from, and the job says so."""
        status, _, headers = await operator.ask("POST", "/capture", document(*FIVE))
        assert status == 202
        _, job, _ = await operator.ask("GET", headers["Location"].removeprefix("/epcis/v2"))
        assert (job["running"], job["success"], job["errors"], job["events"]["stored"]) == (False, True, [], 5)
        assert len(await operator.events()) == 5
        with node._store.read() as txn:
            assert is_taken(txn, HASH)

    async def test_again(self, operator: Any) -> None:
        """The same document changes nothing."""
        await operator.ask("POST", "/capture", document(*FIVE))
        _, job, _ = await operator.ask("POST", "/capture", document(*FIVE))
        assert (job["success"], job["events"]["stored"], job["events"]["known"]) == (True, 0, 5)
        assert len(await operator.events()) == 5

    async def test_whoever_hangs_up_in_between(
        self, operator: Any, node: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of the document is left, and nothing has failed."""
        failures: list[object] = []
        monkeypatch.setattr("idis.resolver.web.application.note", lambda *said, **_more: failures.append(said))
        (spool := tmp_path / "spool").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(spool))
        _, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
        head = f"POST /epcis/v2/capture HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {operator.secret}\r\nContent-Length: 9\r\n"
        writer.write(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
        assert await until(lambda: list(spool.iterdir()))
        writer.close()

        assert await until(lambda: not list(spool.iterdir()))
        assert failures == []

    async def test_a_query_document(self, operator: Any) -> None:
        """What another node answered can be captured here."""
        status, job, _ = await operator.ask("POST", "/capture", QUERY_DOCUMENT)
        assert (status, job["events"]) == (202, {"received": 2, "stored": 2, "known": 0, "refused": 0, "warned": 2})

    async def test_rollback(self, operator: Any) -> None:
        """One bad event keeps all out; the error says which and why."""
        status, job, _ = await operator.ask("POST", "/capture", document(OBJECT, BAD))
        assert (status, job["success"], job["events"]["refused"]) == (202, False, 2)
        assert job["errors"][0]["pointer"] == "/epcisBody/eventList/1/bizStep"
        assert await operator.events() == []

    async def test_proceed(self, operator: Any) -> None:
        """Good events are kept beside the bad one."""
        _, job, _ = await operator.ask("POST", "/capture", document(OBJECT, BAD), GS1_Capture_Error_Behaviour="proceed")
        assert (job["success"], job["events"]["stored"], job["events"]["refused"]) == (False, 1, 1)
        assert len(await operator.events()) == 1

    @pytest.mark.parametrize("behaviour", ["rollback", "proceed"])
    async def test_an_id_that_is_taken(self, operator: Any, behaviour: str) -> None:
        """Another event under the same id is refused, with the ones beside it or alone."""
        one, other = OBJECT | {"eventID": "urn:x:1"}, OBJECT | {"eventID": "urn:x:1", "action": "ADD"}
        await operator.ask("POST", "/capture", document(one))
        body = document(FIVE[1], other)
        _, job, _ = await operator.ask("POST", "/capture", body, GS1_Capture_Error_Behaviour=behaviour)
        assert job["errors"][0]["pointer"] == "/epcisBody/eventList/1/eventID"
        assert job["events"]["stored"] == (1 if behaviour == "proceed" else 0)

    async def test_an_error_declaration(self, operator: Any, node: Any) -> None:
        """A declaration withdraws what the event said, and stands beside it."""
        wrong = OBJECT | {"errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z", "reason": "did_not_occur"}}
        await operator.ask("POST", "/capture", document(OBJECT))
        await operator.ask("POST", "/capture", document(wrong))
        with node._store.read() as txn:
            assert not is_taken(txn, HASH)
        _, found, _ = await operator.ask("GET", f"/events/{quote(HASH, safe='')}")
        events = found["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        assert ["errorDeclaration" in event for event in events] == [False, True]

    async def test_an_error_declaration_of_something_else(self, operator: Any) -> None:
        """A declaration must say what the event said."""
        await operator.ask("POST", "/capture", document(OBJECT | {"eventID": "urn:x:1"}))
        wrong = OBJECT | {"eventID": "urn:x:1", "action": "ADD", "errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z"}}
        _, job, _ = await operator.ask("POST", "/capture", document(wrong))
        assert job["success"] is False

    async def test_my_jobs(self, operator: Any, as_role: Callable[..., Any]) -> None:
        """Everybody sees his own jobs, page by page."""
        for _ in range(3):
            await operator.ask("POST", "/capture", document(OBJECT))
        status, first, headers = await operator.ask("GET", "/capture?perPage=2")
        link = headers["Link"].partition(">")[0].lstrip("<").removeprefix("/epcis/v2")
        _, second, last = await operator.ask("GET", link)
        assert (status, len(first), len(second), "Link" in last) == (200, 2, 1, False)
        other = as_role(RoleGrant(Role.ADMINISTRATOR, "88.118.8"))
        assert (await other.ask("GET", "/capture"))[1] == []
        assert (await other.ask("GET", f"/capture/{first[0]['captureID']}"))[0] == 404


class TestRefused:
    """What is no document of events, or not from somebody who may."""

    @pytest.mark.parametrize(
        ("raw", "headers", "status", "kind"),
        [
            (b"{", {}, 400, "ValidationException"),
            (b'{"type":"EPCISDocument"}', {}, 400, "ValidationException"),
            (b"<a/>", {"Content_Type": "application/xml"}, 415, "UnsupportedMediaTypeException"),
            (b"{}", {"Accept": "application/xml"}, 406, "NotAcceptableException"),
            (b"{}", {"GS1_EPCIS_Min": "3.0"}, 406, "NotAcceptableException"),
            (b"{}", {"GS1_Capture_Error_Behaviour": "maybe"}, 400, "ValidationException"),
        ],
    )
    async def test_a_document(self, operator: Any, raw: bytes, headers: dict[str, str], status: int, kind: str) -> None:
        """Each fault has the standard's type and status."""
        found, problem, _ = await operator.ask("POST", "/capture", raw=raw, **headers)
        assert (found, problem["type"], problem["status"]) == (status, f"epcisException:{kind}", status)

    async def test_too_many(self, operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A document with more events than the limit is refused whole."""
        monkeypatch.setattr(capture, "EVENTS_MAX", 4)
        status, problem, _ = await operator.ask("POST", "/capture", document(*FIVE))
        assert (status, problem["type"]) == (413, "epcisException:CaptureLimitExceededException")
        assert await operator.events() == []

    async def test_too_long(self, operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """So is one of more octets, before it is read."""
        monkeypatch.setattr("idis.resolver.web.epcis.spool.CAPTURE_BYTES_MAX", 100)
        status, problem, _ = await operator.ask("POST", "/events", raw=b" " * 1_100_000)
        assert (status, problem["type"]) == (413, "epcisException:CaptureLimitExceededException")

    async def test_nobody(self, nobody: Any) -> None:
        """Nobody in particular tells no events."""
        status, problem, headers = await nobody.ask("POST", "/capture", document(OBJECT))
        assert (status, problem["type"]) == (401, "epcisException:SecurityException")
        assert "Bearer" in headers.getall("WWW-Authenticate")[-1]

    @pytest.mark.parametrize(
        ("roles", "actions"),
        [((RoleGrant(Role.AUDITOR),), frozenset(Action)), ((RoleGrant(Role.OPERATOR),), frozenset({Action.READ}))],
    )
    async def test_without_right(self, as_role: Callable[..., Any], roles: Any, actions: Any) -> None:
        """It takes a role that registers, and a token for it."""
        status, problem, _ = await as_role(*roles, actions=actions).ask("POST", "/capture", document(OBJECT))
        assert (status, problem["type"]) == (403, "epcisException:SecurityException")


class TestOneEvent:
    """`POST /events`."""

    async def test_created(self, operator: Any) -> None:
        """A bare event is kept, and where it is, is told."""
        status, _, headers = await operator.ask("POST", "/events", OBJECT)
        assert (status, headers["Location"]) == (201, f"/epcis/v2/events/{quote(HASH, safe='')}")

    async def test_again(self, operator: Any) -> None:
        """The same event is created once, and told as created."""
        await operator.ask("POST", "/events", OBJECT)
        assert (await operator.ask("POST", "/events", OBJECT))[0] == 201
        assert len(await operator.events()) == 1

    async def test_conflict(self, operator: Any) -> None:
        """Another content under the same id is a conflict."""
        await operator.ask("POST", "/events", OBJECT | {"eventID": "urn:x:1"})
        status, problem, _ = await operator.ask("POST", "/events", OBJECT | {"eventID": "urn:x:1", "action": "ADD"})
        assert (status, problem["type"]) == (409, "epcisException:ResourceAlreadyExistsException")

    async def test_refused(self, operator: Any) -> None:
        """What is wrong is told with its place."""
        status, problem, _ = await operator.ask("POST", "/events", BAD)
        assert (status, problem["errors"][0]["pointer"]) == (400, "/bizStep")


async def test_limits_are_told(operator: Any) -> None:
    """A client learns the limits before it sends."""
    _, _, headers = await operator.ask("OPTIONS", "/capture")
    assert (headers["GS1-EPCIS-Capture-Limit"], headers["GS1-EPCIS-Capture-File-Size-Limit"]) == ("10000", "67108864")
    assert (headers["GS1-EPCIS-Version"], headers["GS1-CBV-Version"]) == ("2.0.0", "2.0.0")
