"""What it costs to find out where a name of another scheme is asked: the table of routes, the index of names, and both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idis.bench.micro.conftest import NOW, Benchmark
from idis.proto.schemes.recognised import RouteKey
from idis.proto.value import Value
from idis.registry.foreign_route import ForeignRoute, checked_route, parse_targets
from idis.registry.foreign_routes import put_foreign_route, route_of
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import NodeConfig
from idis.resolver.foreign.finding import Held, Reader, Routed, Unrouted, find

ROUTES = 20_000  # company prefixes, as one authority gives them away
TARGETS = parse_targets(["node:192.0.2.1:2641"])
ITEM = "(01)06901234567892(21)42"
OTHER = "(01)06901234567892(21)43"


def _route(type_name: str, start: str, end: str = "") -> ForeignRoute:
    return checked_route(ForeignRoute(type_name, start, end, TARGETS))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LmdbStore]:
    """A registry with many routes of GS1 keys, prefixes and ranges of several lengths, some of OIDs, and a record with names."""
    path: Path = tmp_path_factory.mktemp("routes") / "store"
    made = LmdbStore.create(path, map_bytes=2**28)

    def fill(txn: WriteTxn) -> None:
        for number in range(ROUTES):
            put_foreign_route(txn, _route("GS1", f"69{number:06}"))
        put_foreign_route(txn, _route("GS1", "7000000", "7999999"))
        put_foreign_route(txn, _route("GS1", "690"))
        for arcs in ("1.2", "1.2.156", "1.2.156.10197", "2.16.156"):
            put_foreign_route(txn, _route("OID", arcs))
        txn.put_prefix(PrefixEntry("88.1", homed=True))
        names = (Value(1, "IDIS.ALIAS", b"gs1:https://id.gs1.org/01/06901234567892/21/42"),)
        txn.put_record(prepare(Record("88.1/A", names), NOW))

    made.write(fill, actor="bench").result()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("key", "held"),
    [
        (RouteKey("GS1", "690123456789"), True),
        (RouteKey("GS1", "750000000000"), True),
        (RouteKey("GS1", "400000000000"), False),
        (RouteKey("OID", "1.2.156.10197.1.301"), True),
        (RouteKey("DID", "web"), False),
    ],
    ids=["a prefix among many", "a range", "none of the lengths", "an arc", "a type without routes"],
)
def bench_route(benchmark: Benchmark, store: LmdbStore, key: RouteKey, held: bool) -> None:
    """One look-up by the longest match, of a key or of none."""
    with store.read() as txn:
        assert (benchmark(route_of, txn, key) is not None) is held


@pytest.mark.parametrize(
    ("text", "kind"), [(ITEM, Held), (OTHER, Routed), ("IMO9074729", Unrouted)], ids=["held", "routed", "neither"]
)
def bench_find(benchmark: Benchmark, store: LmdbStore, text: str, kind: type[object]) -> None:
    """What a text that was read before leads to: names of all its levels, then routes."""
    reader = Reader(NodeConfig(Path()))
    with store.read() as txn:
        assert isinstance(benchmark(lambda: find(txn, reader.readings(text, NOW), NOW)), kind)
