"""Subscribers: webhooks, WebSocket, server-sent events."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from idis.registry.caller import Role, RoleGrant
from idis.resolver.web.epcis import delivery
from tests.registry.trace.sample_events import OBJECT
from tests.waiting import WAIT_S_MAX


class Listener:
    """A web server that is told of events."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[Any, Any]] = asyncio.Queue()
        self.status = 200
        self.url = ""
        self.body = b""

    async def take(self, request: web.Request) -> web.Response:
        """Note what came."""
        self.body = await request.read()
        await self.told.put((json.loads(self.body), request.headers))
        headers = {"Location": "/elsewhere"} if self.status == 307 else {}
        return web.Response(status=self.status, headers=headers)

    async def next(self) -> tuple[list[str], Any, Any]:
        """The ids of the events of the next message, its document, its headers."""
        document, headers = await asyncio.wait_for(self.told.get(), WAIT_S_MAX)
        events = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        return [event["eventID"] for event in events], document, headers


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """A listener on loopback."""
    listener, app = Listener(), web.Application()
    app.router.add_post("/", listener.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield listener
    await runner.cleanup()


@pytest.fixture
async def asked(operator: Any) -> Any:
    """A client of a node that knows a question: what was shipped."""
    assert (await operator.ask("POST", "/queries", {"name": "shipped", "query": {"EQ_bizStep": ["shipping"]}}))[0] == 201
    return operator


async def tell(client: Any, number: int, **more: Any) -> None:
    """Tell an event."""
    assert (await client.ask("POST", "/events", OBJECT | {"eventID": f"urn:x:{number}"} | more))[0] == 201


async def subscribe(client: Any, **body: Any) -> str:
    """Subscribe; the path of the subscription."""
    status, made, headers = await client.ask("POST", "/queries/shipped/subscriptions", body)
    assert status == 201, made
    return headers["Location"].removeprefix("/epcis/v2")


async def once(client: Any, path: str, state: str) -> Any:
    """What is shown of a subscription once it is in a state."""
    async with asyncio.timeout(WAIT_S_MAX):
        shown = (await client.ask("GET", path))[1]
        while shown["state"] != state:
            shown = (await client.ask("GET", path))[1]
    return shown


class TestWebhooks:
    """What is posted to a subscriber."""

    async def test_told_at_once_and_once(self, asked: Any, listener: Listener) -> None:
        """New events that answer the question come in order, each once, signed by the token over the very octets."""
        await tell(asked, 0)
        path = await subscribe(asked, dest=listener.url, stream=True, signatureToken="hush")
        await tell(asked, 1)
        first, document, headers = await listener.next()
        await tell(asked, 2, bizStep="receiving")
        await tell(asked, 3)
        second, _, last = await listener.next()
        assert (first, second, "hush" in str(headers)) == (["urn:x:1"], ["urn:x:3"], False)
        assert last["GS1-Signature"] == b64encode(hmac.digest(b"hush", listener.body, "sha256")).decode()
        results = document["epcisBody"]["queryResults"]
        assert (results["queryName"], results["subscriptionID"]) == ("shipped", path.rpartition("/")[2])

    async def test_until_it_is_taken(self, asked: Any, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was refused comes again."""
        monkeypatch.setattr(delivery, "RETRY_MS_MIN", 1)
        listener.status = 503
        path = await subscribe(asked, dest=listener.url, stream=True)
        await tell(asked, 1)
        refused, _, _ = await listener.next()
        listener.status = 200
        taken = refused
        while (await asked.ask("GET", path))[1]["delivered"] == 0:
            await asyncio.sleep(0.05)
            while not listener.told.empty():
                taken, _, _ = await listener.next()
        assert refused == taken == ["urn:x:1"]

    @pytest.mark.parametrize(("status", "reason"), [(410, "does not want"), (307, "1 attempts"), (500, "1 attempts")])
    async def test_given_up_and_taken_up_again(
        self, asked: Any, listener: Listener, monkeypatch: pytest.MonkeyPatch, status: int, reason: str
    ) -> None:
        """One who is gone, or never takes anything, is told nothing more; taken up again, he is told what he missed."""
        monkeypatch.setattr(delivery, "HOUR_MS", 0 if status != 410 else 3_600_000)
        listener.status = status
        path = await subscribe(asked, dest=listener.url, stream=True)
        await tell(asked, 1)
        await listener.next()
        shown = await once(asked, path, "given up")
        listener.status = 200
        await asked.ask("POST", f"{path}/resume")

        assert (reason in shown["reason"], "nextTry" in shown) == (True, False)
        assert (await listener.next())[0] == ["urn:x:1"]

    async def test_a_redirect_is_not_followed(self, asked: Any, listener: Listener) -> None:
        """Whoever names a URL gets no further than that URL."""
        listener.status = 307
        path = await subscribe(asked, dest=listener.url, stream=True)
        await tell(asked, 1)
        await listener.next()
        shown = await once(asked, path, "failing")

        assert (shown["lastError"][:8], shown["nextTry"] > shown["failingSince"]) == ("HTTP 307", True)

    async def test_a_schedule(self, asked: Any, listener: Listener) -> None:
        """On a schedule an answer comes then, empty where that is wanted."""
        await subscribe(asked, dest=listener.url, schedule={"second": "0,[1-59]"}, reportIfEmpty=True)
        empty, _, _ = await listener.next()
        assert empty == []

    async def test_from_a_time_on(self, asked: Any, listener: Listener) -> None:
        """A subscriber may begin in the past."""
        await tell(asked, 1)
        await subscribe(asked, dest=listener.url, stream=True, initialRecordTime="2020-01-01T00:00:00Z")
        assert (await listener.next())[0] == ["urn:x:1"]

    async def test_only_what_he_may_see(self, asked: Any, listener: Listener, as_role: Callable[..., Any]) -> None:
        """A subscriber is told what he may see, not what the giver of the name may."""
        other = as_role(RoleGrant(Role.APPLICATION, "88.118.9"))
        await subscribe(other, dest=listener.url, stream=True)
        await tell(asked, 1)
        await tell(other, 2)
        assert (await listener.next())[0] == ["urn:x:2"]

    async def test_life(self, asked: Any) -> None:
        """Subscriptions are listed, shown without their token, removed with their question."""
        path = await subscribe(asked, dest="http://127.0.0.1:9/", schedule={"hour": "3"}, signatureToken="hush")
        _, shown, _ = await asked.ask("GET", path)
        assert (shown["dest"], shown["schedule"], "hush" in json.dumps(shown)) == ("http://127.0.0.1:9/", {"hour": "3"}, False)
        assert len((await asked.ask("GET", "/queries/shipped/subscriptions"))[1]) == 1
        assert (await asked.ask("DELETE", path))[0] == 204
        assert (await asked.ask("GET", path))[0] == 404
        again = await subscribe(asked, dest="http://127.0.0.1:9/", stream=True)
        await asked.ask("DELETE", "/queries/shipped")
        await asked.ask("POST", "/queries", {"name": "shipped", "query": {}})
        assert (await asked.ask("GET", again))[0] == 404

    @pytest.mark.parametrize(
        "body",
        [
            {"stream": True},
            {"dest": "ftp://x/", "stream": True},
            {"dest": "http://u@x/", "stream": True},
            {"dest": "http://x/"},
            {"dest": "http://x/", "stream": True, "schedule": {"second": "0"}},
            {"dest": "http://x/", "schedule": {}},
            {"dest": "http://x/", "schedule": {"second": "61"}},
            {"dest": "http://x/", "schedule": {"dayOfMonth": "31", "month": "2"}},
            {"dest": "http://x/", "schedule": {"week": "1"}},
            {"dest": "http://x/", "stream": True, "signatureToken": "a\nb"},
            {"dest": "http://x/", "stream": True, "initialRecordTime": "now"},
            {"dest": "http://x/", "stream": True, "colour": "red"},
            {"dest": "http://10.0.0.1/", "stream": True},
            {"dest": "http://[::ffff:10.0.0.1]/", "stream": True},
            {"dest": "http://169.254.169.254/latest/meta-data", "stream": True},
            {"dest": "http://[fe80::1]/", "stream": True},
        ],
    )
    async def test_refused(self, asked: Any, body: Any) -> None:
        """What could not be kept to is refused."""
        status, problem, _ = await asked.ask("POST", "/queries/shipped/subscriptions", body)
        assert (status, problem["type"]) == (400, "epcisException:SubscriptionControlsException")


class TestStreams:
    """Answers that go on."""

    async def test_websocket(self, asked: Any) -> None:
        """New events come as messages."""
        url = f"{asked.base}/queries/shipped/events?stream=true"
        async with asked.session.ws_connect(url, headers={"Authorization": f"Bearer {asked.secret}"}) as socket:
            await tell(asked, 1)
            message = json.loads(await asyncio.wait_for(socket.receive_str(), WAIT_S_MAX))
        events = message["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        assert [event["eventID"] for event in events] == ["urn:x:1"]

    async def test_server_sent_events(self, asked: Any) -> None:
        """New events come one by one; a listener that comes again goes on where it was."""
        url = f"{asked.base}/queries/shipped/events?stream=true"
        headers = {"Authorization": f"Bearer {asked.secret}", "Accept": "text/event-stream"}
        async with asked.session.get(url, headers=headers) as answer:
            await tell(asked, 1)
            place = (await _line(answer, b"id: ")).strip()
        await tell(asked, 2)
        async with asked.session.get(url, headers=headers | {"Last-Event-ID": place}) as answer:
            event = json.loads(await _line(answer, b"data: "))
        assert event["eventID"] == "urn:x:2"

    @pytest.mark.parametrize("query", ["", "?stream=true&second=0", "?stream=true&colour=red", "?second=99"])
    async def test_refused(self, asked: Any, query: str) -> None:
        """It takes either a stream or a schedule."""
        status, problem, _ = await asked.ask("GET", f"/queries/shipped/events{query}", Accept="text/event-stream")
        assert (status, problem["status"]) == (400, 400)


async def _line(answer: Any, head: bytes) -> str:
    """The rest of the next line that begins so."""
    async with asyncio.timeout(WAIT_S_MAX):
        while not (line := await answer.content.readline()).startswith(head):
            assert line, "it ended"
    return line.removeprefix(head).decode()
