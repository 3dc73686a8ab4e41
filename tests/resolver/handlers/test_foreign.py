"""The step that takes up texts of other schemes: records, handles, routes, and what is none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.any_name import any_name
from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Referral, Refused
from idis.proto.query import Query
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.types.site import decode_site
from idis.proto.value import Value, decode_values
from idis.registry.foreign_route import ForeignRoute, RouteAnswer, checked_route, parse_targets
from idis.registry.foreign_routes import put_foreign_route
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.record import Record, prepare
from idis.registry.route_types import ROUTE_TYPES
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore
from idis.resolver.config import NodeConfig
from idis.resolver.foreign.abroad import Providers
from idis.resolver.foreign.finding import Reader
from idis.resolver.foreign.settings import AbroadSettings
from idis.resolver.foreign.taking import Taking
from idis.resolver.foreign.targets import Url, place_of
from idis.resolver.guard.daily import DailyCounts
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.handlers.authority import Authority
from idis.resolver.handlers.foreign import Foreign
from idis.resolver.handlers.quota import Quota
from idis.resolver.handlers.recursion import Recursion
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import TCP, Later, Peer, Request, Verdict

NOW = 1_800_000_000
ITEM = "gs1:https://id.gs1.org/01/06901234567892/21/42"
SPELLINGS = [
    "(01)06901234567892(21)42",
    "01/06901234567892/21/42",
    "gs1:01/06901234567892/21/42",
    "https://id.gs1.org/01/06901234567892/21/42",
    "urn:epc:id:sgtin:6901234.056789.42",
    "]d201069012345678922142",
    "]d20106901234567892␝2142",
    "0.any/(01)06901234567892(21)42",
]


class Clock:
    """Time that stands still."""

    def time(self) -> float:
        """Unix time."""
        return NOW

    def monotonic(self) -> float:
        """Steady time."""
        return 0.0


class Silent:
    """A recursor that knows nothing yet."""

    def __init__(self) -> None:
        self.looked: list[Query] = []

    def cached(self, query: Query, now: float) -> Resolved | None:
        """Nothing."""
        self.looked.append(query)
        return None


@dataclass
class World:
    """A registry of two owners, and the steps over it."""

    store: MemoryStore
    recursor: Silent | None

    def ask(self, text: str, **wishes: object) -> Verdict:
        """What a question comes to after the step and those around it."""
        query = Query(text, parse_identifier(text), **wishes)  # type: ignore[arg-type]
        request = Request(request_message(query, request_id=1, now=NOW), query, PEER)
        registered: list[Any] = [Quota(DailyCounts(self.store)), Authority(b"", Metrics())]
        others: list[Any] = [] if self.recursor is None else [Recursion(self.recursor)]  # type: ignore[arg-type]
        providers = Providers(AbroadSettings(), Clock(), lambda: 0.5)
        reader = Reader(NodeConfig(Path("x")))
        foreign = Foreign(lambda: Taking(reader, [*registered, *others], providers, self.recursor))  # type: ignore[arg-type]
        verdict: Verdict = None
        with self.store.read() as txn:
            for step in [*registered, foreign, *others]:
                verdict = step(request, txn, NOW, verdict)
        return verdict

    def values(self, text: str, **wishes: object) -> list[tuple[str, str]]:
        """Types and texts of an answer."""
        outcome = self.ask(text, **wishes)
        assert isinstance(outcome, Answer)
        return [(value.type, value.text) for value in decode_values(outcome.values)]

    def register(self, identifier: str, *names: str) -> None:
        """A record that tells what it is, with names."""
        values = [Value(1, "WHAT", identifier.encode())]
        values += [Value(index, "IDIS.ALIAS", name.encode()) for index, name in enumerate(names, 2)]
        self.store.write_all([prepare(Record(identifier, tuple(values)), NOW)], actor="test")

    def route(self, type_name: str, start: str, *targets: str, **terms: object) -> ForeignRoute:
        """A route."""
        made = checked_route(ForeignRoute(type_name, start, "", parse_targets(targets), **terms))  # type: ignore[arg-type]
        self.store.write(lambda txn: put_foreign_route(txn, made), actor="test").result()
        return made


PEER = Peer(TCP, Source("192.0.2.1/32", "192.0.2.0/24", "192.0.0.0/20", True), Standing.TRUSTED)
MakeWorld = Callable[..., World]


@pytest.fixture
def make() -> MakeWorld:
    """Makes worlds."""

    def world(*, recurses: bool = False, root: bool = False) -> World:
        store = MemoryStore()

        def register(txn: WriteTxn) -> None:
            txn.put_prefix(PrefixEntry("88.1", homed=True, owner="一号公司"))
            txn.put_prefix(PrefixEntry("88.2", homed=True, owner="二号公司"))
            if root:
                txn.put_prefix(PrefixEntry("0.NA", homed=True))

        store.write(register, actor="test").result()
        return World(store, Silent() if recurses else None)

    return world


@pytest.mark.parametrize("text", SPELLINGS)
@pytest.mark.parametrize("kind", [{}, {"root": True}, {"recurses": True}], ids=str)
def test_every_spelling_of_a_name_is_answered_by_its_record(make: MakeWorld, text: str, kind: dict[str, bool]) -> None:
    """Over any node: what was registered, names and all."""
    world = make(**kind)
    world.register("88.1/A", ITEM)

    assert world.values(text) == [("WHAT", "88.1/A"), ("IDIS.ALIAS", ITEM)]


def test_a_name_is_filtered_like_a_record(make: MakeWorld) -> None:
    """By type, and where nothing is of that type."""
    world = make()
    world.register("88.1/A", ITEM)

    assert world.values(SPELLINGS[0], types=("WHAT",)) == [("WHAT", "88.1/A")]
    assert world.ask(SPELLINGS[0], types=("URL",)) == NoValues()


def test_an_item_without_a_record_is_answered_by_its_class(make: MakeWorld) -> None:
    """By the finest level that has one."""
    world = make()
    world.register("88.1/CLASS", "gs1:https://id.gs1.org/01/06901234567892")

    assert world.values("(01)06901234567892(21)7")[0] == ("WHAT", "88.1/CLASS")


def test_of_several_records_the_asker_chooses(make: MakeWorld) -> None:
    """All are told, with their owners."""
    world = make()
    world.register("88.1/A", ITEM)
    world.register("88.2/B", ITEM)
    told = [(kind, json.loads(text)) for kind, text in world.values(SPELLINGS[0])]

    assert told == [
        ("IDIS.HOLDER", {"handle": "88.1/A", "owner": "一号公司"}),
        ("IDIS.HOLDER", {"handle": "88.2/B", "owner": "二号公司"}),
    ]


def test_a_record_that_is_hidden_is_not_told_among_several(make: MakeWorld) -> None:
    """Its names lead nowhere, so the other one is the answer."""
    world = make()
    world.store.write(
        lambda txn: txn.put_prefix(PrefixEntry("88.2", homed=True, privacy=Privacy.STRICT)), actor="test"
    ).result()
    world.register("88.1/A", ITEM)
    hidden = Record("88.2/B", (Value(1, "WHAT", b"secret", permissions=12),), prepare(Record("88.2/B", (Value(2, "IDIS.ALIAS", ITEM.encode()),)), NOW).aliases)  # noqa: E501
    world.store.write_all([prepare(hidden, NOW)], actor="test")

    assert world.values(SPELLINGS[0])[0] == ("WHAT", "88.1/A")


def test_what_may_be_a_handle_of_ours_stays_one(make: MakeWorld) -> None:
    """Also when it looks like an OID that a route holds, or like a Digital Link."""
    world = make()
    for prefix in ("1.2.156", "01"):
        world.store.write(lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)), actor="test").result()  # type: ignore[misc]
    world.register("1.2.156/X")
    world.register("88.1/A", ITEM)
    world.route("OID", "1.2.156", "https://oid.example/{id}", answer=RouteAnswer.REDIRECT)

    assert world.values("1.2.156/X") == [("WHAT", "1.2.156/X")]
    assert world.ask("01/06901234567892/21/42") == NotFound()
    assert world.ask("1.2.156.7") == NotFound()


@pytest.mark.parametrize(
    "text",
    [
        "did:cn:88.118.8",
        "VAA08808800000001/A",
        "0.any/88.1/A",
        "https://doi.org/88.1/A",
        "hdl:88.1/A",
        "did:vaa:IDcontract1:88.1/A",
    ],
)
def test_other_spellings_of_a_handle_are_that_handle(make: MakeWorld, text: str) -> None:
    """Wrapped, or written as a twin."""
    world = make()
    for prefix in ("88.088.1", "88.118.8"):
        world.store.write(lambda txn, prefix=prefix: txn.put_prefix(PrefixEntry(prefix, homed=True)), actor="test").result()  # type: ignore[misc]
    world.register("88.1/A")
    world.register("88.088.1/A")
    expected = "88.088.1/A" if text.startswith("VAA") else "88.1/A"
    outcome = world.ask(text)

    if text.startswith("did:cn"):
        assert outcome == NoValues()  # of the prefix itself, which registers nothing
    else:
        assert world.values(text) == [("WHAT", expected)]


def test_a_twin_elsewhere_is_asked_with_and_without_zeros(make: MakeWorld) -> None:
    """First as it is written, then the other."""
    later = make(recurses=True).ask("VAA08810000000042/x")

    assert isinstance(later, Later)
    assert later.query.spelling == "88.100.00000042/x"
    assert [query.spelling for query in later.instead] == ["88.100.42/x"]


def test_a_wrong_check_digit_is_told(make: MakeWorld) -> None:
    """With what would be right; an unknown name is never called malformed."""
    wrong = make().ask("(01)06901234567893")

    assert isinstance(wrong, Refused)
    assert wrong.code == ResponseCode.INVALID_HANDLE
    assert "2 would be right" in wrong.message
    assert make().ask("(01)06901234567892") == NotFound()


def test_the_number_of_a_person_is_not_repeated(make: MakeWorld) -> None:
    """It is refused."""
    refused = make().ask(any_name("11010519491231002X"))

    assert isinstance(refused, Refused)
    assert "1949" not in refused.message


def test_a_text_that_is_nothing_is_what_it_was(make: MakeWorld) -> None:
    """A handle that nobody registered, unless it says that it is something else."""
    same = make().ask("no-such-thing/1")

    assert isinstance(same, Refused)
    assert same.code == ResponseCode.SERVER_NOT_RESPONSIBLE
    carried = make().ask(any_name("no such thing"))
    assert isinstance(carried, Refused)
    assert carried.code == ResponseCode.INVALID_HANDLE


def test_a_route_may_send_the_asker_on(make: MakeWorld) -> None:
    """The place is the one value."""
    world = make()
    world.route("OID", "1.2.156", "https://oid.example/{path}?rest={rest}", answer=RouteAnswer.REDIRECT, ttl_s=77)
    outcome = world.ask("urn:oid:1.2.156.10197.1")

    assert world.values("urn:oid:1.2.156.10197.1") == [("URL", "https://oid.example/1.2.156.10197.1?rest=10197.1")]
    assert isinstance(outcome, Answer)
    assert outcome.ttl_s == 77


def test_a_disabled_route_says_so(make: MakeWorld) -> None:
    """And nobody else is asked in its place, on a recursive node neither."""
    for recurses in (False, True):
        world = make(recurses=recurses)
        world.route("OID", "1.2", "https://oid.example/{path}", enabled=False)
        settled = world.ask("urn:oid:1.2.3")

        assert isinstance(settled, Resolved)
        assert settled.outcome == Refused(ResponseCode.SERVER_NOT_RESPONSIBLE, "the route OID 1.2 is disabled")


def test_a_node_of_ours_is_referred_to(make: MakeWorld) -> None:
    """By an HS_SITE, as a prefix answered elsewhere is."""
    world = make()
    world.route("GS1", "6901234", "node:192.0.2.7:2641", "node:192.0.2.8:2641")
    referral = world.ask("(01)06901234567892(21)42")

    assert isinstance(referral, Referral)
    assert referral.code == ResponseCode.SERVICE_REFERRAL
    addresses = [decode_site(value.data).servers[0].address for value in decode_values(referral.values)]
    assert addresses == ["192.0.2.7", "192.0.2.8"]
    refused = world.ask("(01)06901234567892(21)42", do_not_refer=True)
    assert isinstance(refused, Refused)


def test_a_recursive_node_asks_the_right_node(make: MakeWorld) -> None:
    """Of all spellings the same question, so that its answer is kept once; without a route, of whoever is at the top."""
    world = make(recurses=True)
    unrouted = world.ask("(01)06901234567892(21)42")
    world.route("GS1", "6901234", "node:192.0.2.7:2641")
    asked = {later.query.spelling for text in SPELLINGS if isinstance(later := world.ask(text), Later) and later.referral}

    assert isinstance(unrouted, Later)
    assert unrouted.referral is None
    assert asked == {f"0.ANY/{ITEM}"}


def test_handles_of_the_rest_of_the_world_may_have_a_route(make: MakeWorld) -> None:
    """Where this node's registry knows none; a handle of ours goes before it."""
    world = make()
    world.route("Handle", "10", "handle:https://doi.example", answer=RouteAnswer.REDIRECT)

    assert world.values("10.1000/182") == [("URL", "https://doi.example/10.1000/182")]
    assert world.values("doi:10.1000/182") == [("URL", "https://doi.example/10.1000/182")]


def test_a_suspended_prefix_is_no_foreign_name(make: MakeWorld) -> None:
    """What the registry knows of it counts."""
    world = make()
    entry = PrefixEntry("10", state=PrefixState.SUSPENDED, homed=True)
    world.store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    world.route("Handle", "10", "handle:https://doi.example", answer=RouteAnswer.REDIRECT)
    refused = world.ask("10.1000/182")

    assert isinstance(refused, Refused)
    assert refused.message == "the prefix 10 is suspended"


def test_providers_are_asked_later(make: MakeWorld) -> None:
    """With the reading and its route."""
    world = make()
    made = world.route("DID", "web", "did:https://resolver.example")
    later = world.ask("did:web:maker.example")

    assert isinstance(later, Later)
    assert later.abroad is not None
    assert (later.abroad.route, later.abroad.reading.canonical) == (made, "did:web:maker.example")


def test_a_did_that_holds_its_document_needs_nobody(make: MakeWorld) -> None:
    """did:key, decoded here; a route goes before it."""
    did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    ((kind, text),) = make().values(did)

    assert kind == "DID.DOCUMENT"
    assert json.loads(text)["verificationMethod"][0]["publicKeyMultibase"] == did.removeprefix("did:key:")


def test_names_of_a_prefix_with_a_quota_are_counted(make: MakeWorld) -> None:
    """Asking by another name is asking."""
    world = make()
    world.store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True, daily_quota=1)), actor="test").result()
    world.register("88.1/A", ITEM)
    entry_steps = Quota(DailyCounts(world.store))
    query = Query("88.1/A", parse_identifier("88.1/A"))
    request = Request(request_message(query, request_id=1, now=NOW), query, PEER)
    with world.store.read() as txn:
        assert entry_steps(request, txn, NOW, None) is None
        providers = Providers(AbroadSettings(), Clock(), lambda: 0.5)
        steps = [entry_steps, Authority(b"", Metrics())]
        foreign = Foreign(lambda: Taking(Reader(NodeConfig(Path("x"))), steps, providers, None))
        named = Query(SPELLINGS[0], parse_identifier(SPELLINGS[0]))
        verdict = foreign(Request(request_message(named, request_id=1, now=NOW), named, PEER), txn, NOW, NotFound())

    assert isinstance(verdict, Refused)
    assert verdict.code == ResponseCode.DAILY_REQUEST_LIMIT


_SAMPLES = st.sampled_from([recogniser.example for recogniser in RECOGNISERS.values()] + SPELLINGS)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An identifier of some scheme with a piece of something else in it, or anything at all."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.text(max_size=40))
    text, piece = draw(_SAMPLES), draw(st.text(max_size=6) | _SAMPLES)
    at = draw(st.integers(0, len(text)))
    return text[:at] + piece + text[at + draw(st.integers(0, 4)) :]


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    """With and without recursion, with a route of every type to every sort of target it takes."""
    made = []
    for recursor in (None, Silent()):
        store = MemoryStore()
        store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1", homed=True)), actor="test").result()
        world = World(store, recursor)
        for name, kind in ROUTE_TYPES.items():
            world.route(name, kind.example[: {"GS1": 1}.get(name, 99)], "https://x.example/{id}/{path}/{key}/{rest}/{scheme}")
        world.route("DID", "web", "web:")
        world.route("GS1", "69", "gs1:https://x", "dns:ons.example", answer=RouteAnswer.REDIRECT)
        made.append(world)
    return made


@given(text=mutated(), carried=st.booleans())
def test_any_text_comes_to_something(worlds: list[World], text: str, carried: bool) -> None:
    """Whatever it is, no exception; and where it is to be asked has a place."""
    spelling = any_name(text) if carried else text
    try:
        parse_identifier(spelling)
    except IdentifierError:
        return
    for world in worlds:
        verdict = world.ask(spelling)
        assert verdict is not None
        if isinstance(verdict, Later) and verdict.abroad is not None:
            places = [place_of(target, verdict.abroad.route, verdict.abroad.reading) for target in verdict.abroad.route.targets]
            urls = [place.url for place in places if isinstance(place, Url)]
            assert all(url.isascii() and " " not in url for url in urls)
