"""The guided tour: what is asked, of whom, what came back, in how many microseconds; any wrong answer ends it loudly.

Each stop is one question a user of that tier would ask, with the answer it must get. The tour talks to the nodes only
through their sockets, as anybody else would.
"""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from idis.proto.codes import ResponseCode, response_code_name
from idis.proto.errors import IdisError
from idis.proto.identifier import prefix_handle
from idis.proto.types.site import decode_site
from idis.registry.pilots.schema import DataType
from idis.registry.pilots.table import PILOTS
from idis.registry.trace.edge import EdgeKind
from idis.resolver.client import Transport
from idis.resolver.client_reply import Reply
from idis.resolver.lab.build import LabError, SampleSet
from idis.resolver.lab.life_tour import a_prefix_comes_to_life, register
from idis.resolver.lab.plan import LabNode, Plan
from idis.resolver.lab.story_tour import stories_are_told
from idis.resolver.sync import Client

WALK_STEPS_MAX = 6  # a finished product is at most so many references away from its raw material
_TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")
TEXT_SHOWN = 46  # octets of a value that a line of the tour has room for
# Which way a walk prefers: made from, built into, packed in, one of, in place of.
_WAYS = (EdgeKind.MADE_FROM, EdgeKind.PART_OF, EdgeKind.PACKED_IN, EdgeKind.MEMBER_OF, EdgeKind.SUCCEEDS)
QUESTION_WIDTH = 58  # columns; most questions fit
HTTP_TIMEOUT_S = 5


def take_tour(plan: Plan, samples: SampleSet) -> int:
    """Walk through the running lab; returns 0.

    Raises:
        LabError: an answer was wrong; the text says which, and what was expected.
    """
    with Tour(plan) as tour:
        _where_names_live(tour)
        _every_face_of_one_answer(tour, samples)
        _no_is_an_answer(tour)
        _from_product_to_source(tour, samples)
        _registered_means_resolvable(tour)
        stories_are_told(tour)
        a_prefix_comes_to_life(tour)
        _all_samples_at_once(tour, samples)
        print(f"\n{tour.stops} stops, every answer as expected.")
    return 0


class Tour:
    """Prints stops and keeps one client for each node and transport."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stops = 0
        self._clients: dict[tuple[str, Transport], Client] = {}

    def __enter__(self) -> Tour:
        return self

    def __exit__(self, *_error: object) -> None:
        for client in self._clients.values():
            client.close()

    def client(self, node: LabNode, transport: Transport) -> Client:
        """The client that asks one node and goes nowhere else."""
        key = (node.name, transport)
        if key not in self._clients:
            self._clients[key] = Client(node.address, transport=transport, follow_referrals=False)
        return self._clients[key]

    def ask(
        self,
        node: LabNode,
        identifier: str,
        wanted: ResponseCode,
        check: Callable[[Reply], str],
        *,
        types: tuple[str, ...] = (),
        transport: Transport = "udp",
    ) -> Reply:
        """One stop: ask, compare the code, let `check` look at the answer and say what it shows."""
        with self.stop(f"{' '.join((identifier, *types))} ← {node.name} {transport}") as show:
            reply = self.client(node, transport).resolve(identifier, types=types, explain=True)
            if reply.code != wanted:
                raise LabError(f"expected {wanted.name}, got {reply.code_name} {reply.message}")
            show(f"{response_code_name(reply.code)}  {check(reply)}", reply.seconds)
        return reply

    @contextmanager
    def stop(self, question: str) -> Iterator[Callable[[str, float], None]]:
        """Number a stop, print question and answer on one line, and name the stop in any error."""
        self.stops += 1

        def show(answer: str, seconds: float) -> None:
            print(f"{self.stops:3d}  {question:<{QUESTION_WIDTH}} {seconds * 1e6:>7,.0f} µs  {answer}", flush=True)

        try:
            yield show
        except (IdisError, OSError, ValueError, KeyError) as error:
            raise LabError(f"stop {self.stops} failed: {question}: {error}") from error


def _where_names_live(tour: Tour) -> None:
    print("Where names live: each tier knows its children, and says who answers")
    plan = tour.plan
    for node in plan.children(plan.national):
        child = plan.children(node)[0]
        tour.ask(plan.national, node.homed[0], ResponseCode.SUCCESS, _site(node), types=("HS_SITE",))
        tour.ask(plan.national, prefix_handle(child.homed[0]), ResponseCode.PREFIX_REFERRAL, _referred)
        tour.ask(node, child.homed[0], ResponseCode.SUCCESS, _site(child), types=("HS_SITE",), transport="tcp")
    deep = plan.holder("88.118.8")
    tour.ask(plan.national, f"{deep.homed[0]}/anything", ResponseCode.SERVICE_REFERRAL, _referred)
    tour.ask(plan.recursive, deep.homed[0], ResponseCode.SUCCESS, _site(deep), types=("HS_SITE",))


def _every_face_of_one_answer(tour: Tour, samples: SampleSet) -> None:
    print("\nOne identifier, every way to ask: owner, recursive node, memory, TCP, HTTP")
    for identifiers in samples.identifiers.values():
        identifier = identifiers[0]
        owner = tour.plan.holder(identifier.partition("/")[0])
        first = tour.ask(owner, identifier, ResponseCode.SUCCESS, _named)
        for transport in _TRANSPORTS:
            again = tour.ask(tour.plan.recursive, identifier, ResponseCode.SUCCESS, _sourced, transport=transport)
            _same(first, again)
        _over_http(tour, identifier, first)
    for node in tour.plan.nodes:
        for prefix in node.hosted:
            hosted = next(one for group in samples.identifiers.values() for one in group if one.startswith(prefix + "/"))
            tour.ask(tour.plan.recursive, hosted, ResponseCode.SUCCESS, _hosted_by(node))


def _no_is_an_answer(tour: Tour) -> None:
    print("\nNo is an answer too")
    plan = tour.plan
    tour.ask(plan.recursive, "88.118.8/NO-SUCH-BLOCK", ResponseCode.HANDLE_NOT_FOUND, _sourced)
    tour.ask(plan.recursive, "88.118.8/NO-SUCH-BLOCK", ResponseCode.HANDLE_NOT_FOUND, _sourced)
    tour.ask(plan.recursive, "88.118.999/X", ResponseCode.HANDLE_NOT_FOUND, _sourced)
    tour.ask(plan.holder("88.118.8"), "88.120.5/X", ResponseCode.SERVER_NOT_RESPONSIBLE, lambda reply: reply.message)


def _from_product_to_source(tour: Tour, samples: SampleSet) -> None:
    print("\nFrom the product to its source: references followed through the recursive node")
    client = tour.client(tour.plan.recursive, "tcp")
    known: dict[str, Reply] = {}
    for pilot, identifiers in samples.identifiers.items():
        with tour.stop(f"{pilot}: the longest way from a sample") as show:
            started = time.monotonic()
            path = max((_walk(client, pilot, start, known) for start in identifiers), key=lambda way: (_owners(way), len(way)))
            seconds = time.monotonic() - started
            if len(path) < 3 or _owners(path) < 2:
                raise LabError(f"expected 3 records of 2 enterprises at least, got {path}")
            show(f"{len(path)} records of {_owners(path)} enterprises", seconds)
        for step in path:
            print(f"       {'→ ' if step != path[0] else '  '}{step}")


def _registered_means_resolvable(tour: Tour) -> None:
    print("\nRegistered means resolvable: written in the enterprise's data directory while its node runs")
    node = tour.plan.holder("88.118.8")
    identifier = f"{node.homed[0]}/TOUR-{time.time_ns()}"
    with tour.stop(f"register {identifier.partition('/')[2]}") as show:
        started = time.monotonic()
        register(node, identifier)
        show("durable", time.monotonic() - started)
    tour.ask(node, identifier, ResponseCode.SUCCESS, _named)
    tour.ask(tour.plan.recursive, identifier, ResponseCode.SUCCESS, _sourced)


def _all_samples_at_once(tour: Tour, samples: SampleSet) -> None:
    print("\nA batch: every sample identifier in one pipelined call")
    batch = [identifier for identifiers in samples.identifiers.values() for identifier in identifiers]
    with tour.stop(f"{len(batch)} identifiers ← {tour.plan.recursive.name} tcp") as show:
        started = time.monotonic()
        replies = tour.client(tour.plan.recursive, "tcp").resolve_many(batch)
        seconds = time.monotonic() - started
        for asked, reply in zip(batch, replies, strict=True):
            if isinstance(reply, IdisError) or not reply.found:
                raise LabError(f"{asked} came back as {reply}")
        show(f"all found, {seconds / len(batch) * 1e6:,.0f} µs each", seconds)


def _walk(client: Client, pilot: str, start: str, known: dict[str, Reply]) -> list[str]:
    """The first reference that leads anywhere new, again and again; `known` remembers what was asked before."""
    path = [start]
    while len(path) <= WALK_STEPS_MAX:
        reply = _recalled(client, path[-1], known)
        fresh = (name for name in _references(pilot, reply) if name not in path)
        step = next((name for name in fresh if _recalled(client, name, known).found), None)
        if step is None:
            break
        path.append(step)
    return path


def _owners(path: list[str]) -> int:
    return len({identifier.partition("/")[0] for identifier in path})


def _recalled(client: Client, identifier: str, known: dict[str, Reply]) -> Reply:
    if identifier not in known:
        known[identifier] = client.resolve(identifier)
    return known[identifier]


def _references(pilot: str, reply: Reply) -> Iterator[str]:
    """What a record refers to: where it came from and what it is part of first, papers after, its owner never."""
    kind = reply.first("objectType")
    if kind is None or kind.text not in PILOTS[pilot].objects:
        return
    fields = [field for field in PILOTS[pilot].objects[kind.text].fields if field.type.item is DataType.REFERENCE or field.edge]
    for field in sorted(fields, key=lambda field: _WAYS.index(field.edge.kind) if field.edge else len(_WAYS)):
        value = reply.first(field.name)
        if value is not None and "organisation" not in field.references:
            yield from _identifiers(json.loads(value.text) if value.text.startswith(("[", "{")) else value.text)


def _identifiers(data: object) -> Iterator[str]:
    match data:
        case str() if "/" in data:
            yield data
        case list():
            for item in data:
                yield from _identifiers(item)
        case dict():
            yield from _identifiers(list(data.values()))


def _over_http(tour: Tour, identifier: str, expected: Reply) -> None:
    node = tour.plan.recursive
    url = f"http://{node.host}:{node.http_port}/api/handles/{urllib.parse.quote(identifier)}"
    with tour.stop(f"GET /api/handles/… ← {node.name} http") as show:
        started = time.monotonic()
        # Straight to loopback, whatever proxy the environment names for the rest of the world.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=HTTP_TIMEOUT_S) as response:
            document = json.load(response)
        seconds = time.monotonic() - started
        if document["responseCode"] != expected.code or len(document["values"]) != len(expected.values):
            raise LabError(f"HTTP and the binary port disagree: {document}")
        show(f"{response.status}  {len(document['values'])} values", seconds)


def _site(node: LabNode) -> Callable[[Reply], str]:
    def check(reply: Reply) -> str:
        value = reply.first("HS_SITE")
        if value is None:
            raise LabError("no HS_SITE in the answer")
        server = decode_site(value.data).servers[0]
        ports = {interface.port for interface in server.interfaces}
        if server.address != node.host or node.port not in ports:
            raise LabError(f"expected the site of {node.name}, got {server.address} {sorted(ports)}")
        return f"site of {node.name}, {server.address} port {node.port}"

    return check


def _hosted_by(node: LabNode) -> Callable[[Reply], str]:
    def check(reply: Reply) -> str:
        return f"{_named(reply)}, hosted by {node.name}"

    return check


def _referred(reply: Reply) -> str:
    if reply.message:
        raise LabError(f"a referral with an error text: {reply.message}")
    return "somebody further down answers"


def _named(reply: Reply) -> str:
    value = reply.first("name") or reply.first("URL")
    if value is None:
        raise LabError("the record names nothing")
    return f"{_counted(len(reply.values), 'value')}, {value.text[:TEXT_SHOWN]}"


def _sourced(reply: Reply) -> str:
    if reply.explanation is None:
        raise LabError("the node did not explain its answer")
    steps = len(reply.explanation.hops)
    way = f"{_counted(steps, 'question')} upstream" if steps else f"{reply.explanation.age_s:.3f} s old"
    return f"from {reply.explanation.source}, {way}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _same(one: Reply, other: Reply) -> None:
    if {value.index: value.data for value in one.values} != {value.index: value.data for value in other.values}:
        raise LabError(f"{one.server} and {other.server} answer differently")
