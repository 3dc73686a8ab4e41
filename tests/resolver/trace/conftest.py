"""A supply chain of live nodes: a root, enterprises with events of their own, and whoever asks through any of them."""

from __future__ import annotations

import asyncio
import json
import secrets
import struct
import time
from base64 import b32decode
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from idis.proto.codes import OpCode
from idis.proto.value import Value
from idis.registry import tokens
from idis.registry.caller import Action as TokenAction
from idis.registry.caller import Role, RoleGrant, tool
from idis.registry.record import Record
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.prefix_acts import Delegate, perform_prefix
from idis.registry.token import TokenTerms
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Action, Event, EventType, Moment
from idis.registry.trace.pointers import due_now
from idis.registry.trace.records import spelling_at
from idis.resolver.client_key import Key
from idis.resolver.config import AdminSection, RecursionSection, Tier
from idis.resolver.node import Node
from tests.waiting import until

DAY = 86_400_000
NOW = 1_700_000_000
MILL, WORKS, YARD, OWNER = "88.1", "88.2", "88.3", "88.4"  # each buys from the one before
HEAT, PLATE, BLOCK, SHIP = f"{MILL}/HEAT", f"{MILL}/PLATE", f"{WORKS}/BLOCK", f"{YARD}/SHIP"


def made(event_id: str, day: int, source: str, *results: str) -> Event:
    """Something is made of something."""
    return Event(EventType.TRANSFORMATION, Moment(day * DAY), event_id=event_id, input_epcs=(source,), output_epcs=results)


def built(event_id: str, day: int, whole: str, *parts: str) -> Event:
    """Something is built into something."""
    return Event(EventType.ASSOCIATION, Moment(day * DAY), Action.ADD, event_id, parent=whole, child_epcs=parts)


def key_of(number: int, folder: Path, identity: str) -> Key:
    """A key that is the same in every run, from a file."""
    path = folder / f"{number}.pem"
    private = Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32)
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Key.from_file(identity, path)


def key_record(number: int, name: str) -> Record:
    """A record that holds the public half of such a key."""
    public = Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Record(name, (Value(300, "HS_PUBKEY", pem),))


def group(name: str, *members: str) -> Record:
    """A group of identities that nobody else sees."""
    octets = struct.pack(">I", len(members))
    for member in members:
        octets += struct.pack(">I", len(member)) + member.encode() + struct.pack(">I", 300)
    return Record(name, (Value(1, "HS_VLIST", octets, permissions=0x0C),))


def put(node: Node, change: Callable[[Any], Any]) -> None:
    """Change a node's registry."""
    assert not isinstance(node._store.write(change, actor="test").result(10).result, Refusal)


def capture(node: Node, holder: str, *events: Event) -> None:
    """Let an enterprise tell what happened."""

    def change(txn: Any) -> None:
        for event in events:
            take_event(txn, event, spelling=spelling_at(txn), holder=holder, recorded_ms=int(time.time() * 1_000) - 1)

    put(node, change)


class Gate:
    """The way of one node to all others: notes whom it asks, and can be shut."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder
        self.asked: list[int] = []
        self.shut: set[int] = set()
        self.slow: dict[int, float] = {}  # seconds before anything but a probe is sent to a port
        self.held: dict[int, asyncio.Event] = {}  # what must come before it
        self.silent: set[int] = set()

    async def server_of(self, prefix: str) -> Any:
        """As it is."""
        return await self._finder.server_of(prefix)

    async def send(self, target: Any, address: str, frame: bytes) -> bytes:
        """Unless it is shut."""
        self.asked.append(target.tcp_port)
        if target.tcp_port in self.shut:
            raise OSError("shut")
        if target.tcp_port in self.silent:
            await asyncio.Event().wait()
        if int.from_bytes(frame[20:24], "big") != OpCode.GET_SITE_INFO:
            await asyncio.sleep(self.slow.get(target.tcp_port, 0.0))
            if target.tcp_port in self.held:
                await self.held[target.tcp_port].wait()
        answered: bytes = await self._finder.send(target, address, frame)
        return answered


class Chain:
    """The nodes by prefix, and who asks."""

    def __init__(self, root: Node, nodes: dict[str, Node], entry: Node, folder: Path, session: aiohttp.ClientSession) -> None:
        self.root, self.nodes, self.entry = root, nodes, entry
        self.folder, self.session = folder, session

    def key(self, prefix: str, number: int = 0) -> Key:
        """The key of the quality engineer of an enterprise; with a number, another one in his name."""
        return key_of(number or int(prefix[-1]), self.folder, f"300:{prefix}/QE")

    def token(self, prefix: str) -> str:
        """A token of an operator of the node of an enterprise."""
        terms = TokenTerms("test", roles=(RoleGrant(Role.OPERATOR),), prefixes=("",), actions=frozenset(TokenAction))
        store = self.nodes[prefix]._store
        made_token = store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test").result()
        assert isinstance(made_token.result, tuple)
        return made_token.result[1]

    async def at(self, prefix: str, method: str, path: str, **body: Any) -> Any:
        """Ask the node of an enterprise with a token; the JSON of its answer."""
        headers = {"Authorization": f"Bearer {self.token(prefix)}"}
        url = f"http://127.0.0.1:{self.nodes[prefix].http_port}/api/v1{path}"
        async with self.session.request(method, url, json=body if method == "POST" else None, headers=headers) as answer:
            return await answer.json()

    def gate(self) -> Gate:
        """Stand between the node that is asked and all others."""
        neighbours = self.entry._office.neighbours
        gate = neighbours._finder = Gate(neighbours._finder)
        return gate

    def proof(self, who: str, *, number: int = 0, trace: str = "") -> dict[str, str]:
        """A pass for a question, new or known."""
        trace_id = bytes.fromhex(trace) or secrets.token_bytes(16)
        shown = self.key(who, number).make_trace_pass(trace_id, "test", int(time.time())).decode()
        return {"trace": trace_id.hex(), "purpose": "test", "pass": shown}

    async def ask(self, who: str, path: str, *, node: Node | None = None, number: int = 0, **body: Any) -> Any:
        """Ask a question in the name of an enterprise; the JSON of the answer."""
        return await self.send("POST", path, node=node, json={"proof": self.proof(who, number=number)} | body)

    async def go_on(self, who: str, job: str, *, number: int = 0) -> Any:
        """Ask again for what is missing; the JSON of how it stands."""
        trace = b32decode(job.upper() + "====")[:16].hex()
        body = {"proof": self.proof(who, number=number, trace=trace)}
        return await self.send("POST", f"/jobs/{job}?waitMs=30000", json=body)

    async def send(self, method: str, path: str, *, node: Node | None = None, **body: Any) -> Any:
        """The JSON of an answer, and its text."""
        url = f"http://127.0.0.1:{(node or self.entry).http_port}/api/v1/trace/across{path}"
        async with self.session.request(method, url, **body) as answer:
            text = await answer.text()
        return json.loads(text) | {"text": text}

    async def recall(self, who: str, *things: str, **body: Any) -> Any:
        """A recall."""
        return await self.ask(who, "/recall", starts=[{"thing": thing} for thing in things], **body)

    async def told(self) -> None:
        """Wait until nothing is due any more."""
        assert await until(lambda: not any(self._due(node) for node in self.nodes.values() if not node._stopping))

    def _due(self, node: Node) -> bool:
        with node._store.read() as txn:
            return bool(due_now(txn, int(time.time() * 1_000), 10))


def _perform(act: Delegate, txn: Any) -> Any:
    return perform_prefix(txn, act, tool("test"), NOW)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections that are closed after the test."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def make_chain(
    start_node: Callable[..., Awaitable[Node]], tmp_path: Path, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Chain]]:
    """Makes a chain; `groups` are records of TRACE_READERS and TRACE_PARTNERS by prefix."""
    monkeypatch.setattr("idis.resolver.trace.telling.LOOK_S", 0.02)

    async def make(*prefixes: str, groups: dict[str, tuple[Record, ...]] | None = None) -> Chain:
        root = await start_node("root", tier=Tier.NATIONAL, prefixes=("88",), records=())
        recursion = RecursionSection(roots=(f"127.0.0.1:{root.port}",))
        nodes = {}
        for prefix in prefixes:
            own = (key_record(int(prefix[-1]), f"{prefix}/QE"), *(groups or {}).get(prefix, ()))
            nodes[prefix] = await start_node(
                f"node-{prefix}", prefixes=(prefix,), records=own, recursion=recursion, admin=AdminSection(remote_keys="any")
            )
            site = nodes[prefix]._site
            act = Delegate(prefix, (site,), grant=True, organisation=Organisation("test"))
            put(root, partial(_perform, act))
        entry = await start_node(
            "recursive",
            tier=Tier.RECURSIVE,
            prefixes=(),
            admin=AdminSection(remote_keys="any"),
            recursion=RecursionSection(enabled=True, roots=(f"127.0.0.1:{root.port}",)),
        )
        return Chain(root, nodes, entry, tmp_path, session)

    return make


@pytest.fixture
async def chain(make_chain: Callable[..., Awaitable[Chain]]) -> Chain:
    """Mill, works, yard: each sees its own, the yard is listed nowhere else, the mill lists the works as a reader."""
    groups = {
        MILL: (group(f"{MILL}/TRACE_READERS", f"{MILL}/QE", f"{WORKS}/QE"),),
        WORKS: (group(f"{WORKS}/TRACE_READERS", f"{WORKS}/QE"), group(f"{WORKS}/TRACE_PARTNERS", f"{YARD}/QE")),
        YARD: (group(f"{YARD}/TRACE_READERS", f"{YARD}/QE"),),
    }
    made_chain = await make_chain(MILL, WORKS, YARD, groups=groups)
    capture(made_chain.nodes[MILL], MILL, made("urn:e:1", 1, HEAT, PLATE))
    capture(made_chain.nodes[WORKS], WORKS, made("urn:e:2", 2, PLATE, BLOCK))
    capture(made_chain.nodes[YARD], YARD, built("urn:e:3", 3, SHIP, BLOCK))
    await made_chain.told()
    return made_chain
