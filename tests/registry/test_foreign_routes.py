"""Routes of every scheme: what is kept, what is found, and what the naive rule says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import DataError
from idis.proto.schemes.recognised import RouteKey
from idis.registry.foreign_route import ForeignRoute, RouteAnswer, RouteTarget, TargetKind, checked_route, parse_target
from idis.registry.foreign_routes import put_foreign_route, remove_foreign_route, route_named, route_of, routes
from idis.registry.route_types import ROUTE_TYPES
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore

TARGET = (RouteTarget(TargetKind.HTTPS, "https://x.example/{id}"),)


def route(type_name: str, start: str, end: str = "") -> ForeignRoute:
    """A route in its stored form."""
    return checked_route(ForeignRoute(type_name, start, end, TARGET))


def kept(*wanted: ForeignRoute) -> MemoryStore:
    """A store with these routes."""
    store = MemoryStore()

    def put(txn: WriteTxn) -> None:
        for item in wanted:
            put_foreign_route(txn, item)

    store.write(put, actor="test").result()
    return store


def found(store: MemoryStore, type_name: str, key: str) -> str:
    """The name of the route of a key."""
    with store.read() as txn:
        known = route_of(txn, RouteKey(type_name, key))
    return "" if known is None else known.name


def oracle(known: list[ForeignRoute], key: RouteKey) -> str:
    """The longest match by the words of the rule, looking at every route; of one length the prefix."""
    fitting = [item for item in known if item.type == key.type and _fits(item, key.key)]
    best = max(fitting, key=lambda item: (len(item.start), not item.is_range), default=None)
    return "" if best is None else best.name


def _fits(item: ForeignRoute, key: str) -> bool:
    if item.type in ("OID", "MA", "Handle", "VAA"):
        borders = [".".join(key.split(".")[: count + 1]) for count in range(key.count(".") + 1)]
    elif item.type == "URL":
        borders = ["/".join(key.split("/")[: count + 1]) for count in range(key.count("/") + 1)]
    elif item.type in ("DID", "Ecode"):
        borders = [key]
    else:
        start = {"ARK": key.find("/"), "alias": key.find(":")}.get(item.type, 1)
        borders = [key[:length] for length in range(max(start, 1), len(key) + 1)]
    for border in borders:
        if not item.is_range:
            if border == item.start:
                return True
        elif len(border) == len(item.start) and _same_parent(item, border) and item.start <= border <= item.end:
            return True
    return False


def _same_parent(item: ForeignRoute, border: str) -> bool:
    cut = {"ARK": "/", "alias": ":"}.get(item.type, "." if item.type in ("OID", "MA", "Handle", "VAA", "Ecode") else "")
    if not cut:
        return True
    return border.rpartition(cut)[0] == item.start.rpartition(cut)[0]


def test_the_longest_prefix_wins_at_a_border() -> None:
    """An arc, never a digit of it."""
    store = kept(route("OID", "1.2"), route("OID", "1.2.156"), route("OID", "1.2.156.10197.1"))

    assert found(store, "OID", "1.2.156.10197.1.301") == "OID 1.2.156.10197.1"
    assert found(store, "OID", "1.2.156.10197.10") == "OID 1.2.156"
    assert found(store, "OID", "1.2.1560") == "OID 1.2"
    assert found(store, "OID", "1.3.6") == ""


def test_a_range_holds_both_its_ends() -> None:
    """Of a key its first digits count, as many as the ends have."""
    store = kept(route("GS1", "69012340000", "69012349999"), route("GS1", "690"), route("GS1", "690123456"))

    assert found(store, "GS1", "690123400001") == "GS1 69012340000 to 69012349999"
    assert found(store, "GS1", "690123499999") == "GS1 69012340000 to 69012349999"
    assert found(store, "GS1", "690123500000") == "GS1 690"
    assert found(store, "GS1", "690123456789") == "GS1 69012340000 to 69012349999"
    assert found(store, "GS1", "699999999999") == ""


def test_one_prefix_of_the_length_of_a_range_goes_before_it() -> None:
    """It is the closer word."""
    store = kept(route("GS1", "6901", "6905"), route("GS1", "6903"))

    assert found(store, "GS1", "690312345678") == "GS1 6903"
    assert found(store, "GS1", "690412345678") == "GS1 6901 to 6905"


@pytest.mark.parametrize(
    ("type_name", "first", "second"),
    [
        ("GS1", ("6901", "6905"), ("6905", "6907")),
        ("GS1", ("6901", "6905"), ("690300", "690310")),
        ("GS1", ("690300", "690310"), ("6901", "6905")),
        ("GS1", ("6901", "6905"), ("6800", "7000")),
        ("OID", ("1.2.10", "1.2.20"), ("1.2.20", "1.2.30")),
        ("ARK", ("13030/a1", "13030/a5"), ("13030/a3x", "13030/a4x")),
    ],
)
def test_ranges_of_one_type_never_overlap(type_name: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    """The second is refused, whichever is longer."""
    store = kept(route(type_name, *first))
    with pytest.raises(DataError, match="overlaps"):
        store.write(lambda txn: put_foreign_route(txn, route(type_name, *second)), actor="test").result()


@pytest.mark.parametrize(
    ("type_name", "first", "second"),
    [
        ("GS1", ("6901", "6905"), ("6906", "6909")),
        ("OID", ("1.2.10", "1.2.20"), ("1.2.100", "1.2.200")),
        ("OID", ("1.2.10", "1.2.20"), ("1.3.10", "1.3.20")),
    ],
)
def test_ranges_beside_each_other_stand(type_name: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    """Also of other parents and other lengths, where these are other numbers."""
    store = kept(route(type_name, *first), route(type_name, *second))

    assert found(store, type_name, second[0]) == f"{type_name} {second[0]} to {second[1]}"


def test_a_route_is_replaced_and_removed() -> None:
    """Put again, it has its new terms; removed, nothing is left, the summary neither."""
    first = route("DID", "did:web:")
    store = kept(first)
    again = replace(first, enabled=False, answer=RouteAnswer.REDIRECT, ttl_s=5, note="down")
    assert store.write(lambda txn: put_foreign_route(txn, again), actor="test").result().result == first
    with store.read() as txn:
        assert route_of(txn, RouteKey("DID", "web")) == again
        assert route_named(txn, "DID", "web") == again
        assert [item for _key, item in routes(txn, None, 10)] == [again]
    store.write(lambda txn: remove_foreign_route(txn, again), actor="test").result()
    with store.read() as txn:
        assert route_of(txn, RouteKey("DID", "web")) is None
        assert routes(txn, None, 10) == []


def test_pages_go_on_where_they_ended() -> None:
    """The summaries between the routes are passed over."""
    wanted = [route("ARK", "13030"), route("GS1", "690"), route("GS1", "691", "692"), route("OID", "1.2")]
    store = kept(*wanted)
    seen: list[ForeignRoute] = []
    after = None
    with store.read() as txn:
        while page := routes(txn, after, 1):
            after = page[-1][0]
            seen += [item for _key, item in page]

    assert seen == wanted


_PARTS = {
    "OID": st.lists(st.sampled_from(["2", "10", "12", "156"]), min_size=1, max_size=4).map(lambda arcs: ".".join(["1", *arcs])),
    "GS1": st.text("0189", min_size=1, max_size=6),
    "ARK": st.text("ab1", min_size=0, max_size=3).map(lambda name: f"13030/{name}" if name else "13030"),
    "URL": st.lists(st.sampled_from(["p", "pq", "x"]), max_size=3).map(lambda path: "/".join(["a.example", *path])),
    "alias": st.text("19", min_size=0, max_size=3).map(lambda digits: f"imo:{digits}" if digits else "imo"),
    "ISO15459": st.text("19", min_size=0, max_size=4).map(lambda digits: f"UN{digits}"),
    "Ecode": st.sampled_from(["1.20", "1.21", "2.20", "1.2"]),
    "DID": st.sampled_from(["web", "key", "bid"]),
}


@given(st.data())
def test_what_is_found_is_what_the_rule_says(data: st.DataObject) -> None:
    """Over random routes of one type, for random keys: the table against the naive longest match."""
    name = data.draw(st.sampled_from(sorted(_PARTS)))
    parts = _PARTS[name]
    wanted: list[ForeignRoute] = []
    for start, end in data.draw(st.lists(st.tuples(parts, parts), max_size=8)):
        try:
            wanted.append(route(name, start, end if data.draw(st.booleans()) else ""))
        except DataError:
            continue
    store, known = MemoryStore(), dict[str, ForeignRoute]()
    for item in wanted:
        try:
            store.write(lambda txn, item=item: put_foreign_route(txn, item), actor="test").result()  # type: ignore[misc]
            known[item.name] = item
        except DataError:
            assert any(_share(item, other) for other in known.values())
    for text in data.draw(st.lists(parts, min_size=1, max_size=8)):
        key = f"{text}:" if name == "alias" and ":" not in text else text
        assert found(store, name, key) == oracle(list(known.values()), RouteKey(name, key))


def _share(one: ForeignRoute, other: ForeignRoute) -> bool:
    length = min(len(one.start), len(other.start))
    met = one.start[:length] <= other.end[:length] and other.start[:length] <= one.end[:length]
    return met and one.is_range and other.is_range


@pytest.mark.parametrize(
    ("type_name", "written", "stored"),
    [
        ("gs1", "6901234", "6901234"),
        ("oid", "urn:oid:1.2.156", "1.2.156"),
        ("did", "did:web", "web"),
        ("ark", "ark:/13030/fk4", "13030/fk4"),
        ("url", "https://Maker.Example/P/", "maker.example/P"),
        ("vaa", "VAA08810012345678", "88.100.12345678"),
        ("ma", "ma.156.1003", "MA.156.1003"),
        ("ecode", "ecode:1.20", "1.20"),
        ("iso15459", "un123456789", "UN123456789"),
        ("handle", "10.abc", "10.ABC"),
        ("alias", "imo", "imo"),
    ],
)
def test_every_type_has_one_spelling_of_its_prefixes(type_name: str, written: str, stored: str) -> None:
    """Whatever way people write them."""
    assert route(type_name, written).start == stored


@pytest.mark.parametrize("name", sorted(ROUTE_TYPES))
def test_the_example_of_a_type_is_a_prefix_of_it(name: str) -> None:
    """What refusals and help show can be written."""
    assert route(name, ROUTE_TYPES[name].example).start == ROUTE_TYPES[name].example


@pytest.mark.parametrize(
    ("type_name", "start", "end"),
    [
        ("nothing", "1", ""),
        ("GS1", "69x", ""),
        ("GS1", "6901234567890", ""),
        ("GS1", "6901", "690"),
        ("GS1", "6905", "6901"),
        ("DID", "key", "web"),
        ("URL", "a.example/1", "a.example/2"),
        ("OID", "1.2.10", "1.3.20"),
        ("OID", "3.1", ""),
        ("ISO15459", "XX1", ""),
        ("Handle", "88..1", ""),
        ("URL", "a" * 256, ""),
        ("alias", "imo\x00", ""),
        ("URL", "a\ud800", ""),
    ],
)
def test_what_is_no_route_is_refused(type_name: str, start: str, end: str) -> None:
    """No such type, no prefix of it, no range."""
    with pytest.raises(DataError):
        route(type_name, start, end)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://x.example/a?id={id}", "https://x.example/a?id={id}"),
        ("node:192.0.2.1:2641", "node:192.0.2.1:2641"),
        ("node:[2001:DB8::1]:2641", "node:[2001:db8::1]:2641"),
        ("dns:OID-RES.org.", "dns:oid-res.org"),
        ("gs1:https://id.gs1.org/", "gs1:https://id.gs1.org"),
        ("did:https://resolver.example", "did:https://resolver.example"),
        ("handle:https://hdl.handle.net", "handle:https://hdl.handle.net"),
    ],
)
def test_targets_both_ways(written: str, stored: str) -> None:
    """As people write them, and as they are shown."""
    target = parse_target(written)

    assert str(target) == stored
    assert parse_target(stored) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x.example",
        "http://x.example/{id}",
        "https://{id}.example/",
        "https://u:p@x.example/",
        "https://x.example/{other}",
        "https://x.example/{id",
        "https://x.example/a b",
        "https:///{id}",
        "https://x.example:0/",
        "https://x.example:99999/",
        "ftp:x",
        "node:x.example:2641",
        "node:192.0.2.1",
        "node:192.0.2.1:0",
        "dns:",
        "dns:a_.b",
        "gs1:https://x.example/{id}",
        "did:http://x.example",
        "handle:https://x.example?x",
        "https://x.example/" + "a" * 1_024,
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    """Nothing but HTTPS, and never a host that the asker chooses."""
    with pytest.raises(DataError):
        parse_target(text)


@pytest.mark.parametrize("targets", [(), TARGET * 2, (*TARGET, RouteTarget(TargetKind.NODE, "192.0.2.1:2641"))])
def test_a_route_has_some_different_targets_of_one_sort(targets: tuple[RouteTarget, ...]) -> None:
    """None, the same one twice, or a node of ours beside others."""
    with pytest.raises(DataError):
        checked_route(ForeignRoute("DID", "web", "", targets))
