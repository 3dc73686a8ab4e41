"""The routes of this node for identifiers of every scheme: kept, listed, and looked up by the longest match.

Routes are documents. Beside those of a type lies a summary: of which lengths there are prefixes and ranges. A look-up reads
it, then one document for each length that the key could end at, and one step for each length with ranges, which lie by
their ends. Ranges of one type never overlap; prefixes nest, in each other and in ranges, and the longest one counts.
"""

from __future__ import annotations

from functools import lru_cache

import msgpack

from idis.proto.errors import DataError
from idis.proto.schemes.recognised import RouteKey
from idis.registry.document import DocumentKind
from idis.registry.foreign_route import ForeignRoute, RouteAnswer, RouteTarget, TargetKind
from idis.registry.route_types import ROUTE_TYPES
from idis.registry.store.base import ReadTxn, WriteTxn

ROUTES_MAX = 65_536  # of one type: the company prefixes that one authority gives away by itself

_FORM = 1
_PREFIX = b"p"
_RANGE = b"r"
_BEHIND = b"\x01"  # of the key of a range: a seek to its end stops before it
_KIND = DocumentKind.FOREIGN_ROUTE

Lengths = dict[int, list[int]]  # characters of a prefix → how many prefixes, how many ranges


def route_of(txn: ReadTxn, key: RouteKey) -> ForeignRoute | None:
    """The route with the longest match of a key, enabled or not; None where no route holds it."""
    kind = ROUTE_TYPES.get(key.type)
    if kind is None:
        return None
    head = _head(key.type)
    body = txn.document(_KIND, head)
    if body is None:
        return None
    text = key.key
    for length, (prefixes, ranges) in _descending(body):
        if length > len(text) or not kind.may_end(text, length):
            continue
        beginning = text[:length]
        if prefixes and (found := txn.document(_KIND, head + _PREFIX + beginning.encode())) is not None:
            return _decode(key.type, found)
        if ranges and (route := _range_holding(txn, key.type, beginning)) is not None:
            return route
    return None


def route_named(txn: ReadTxn, type_name: str, start: str, end: str = "") -> ForeignRoute | None:
    """The route of exactly this prefix, or of exactly this range, in their stored spelling."""
    if end and end != start and ROUTE_TYPES[type_name].parent is None:
        return None
    body = txn.document(_KIND, _key(type_name, start, end or start))
    route = None if body is None else _decode(type_name, body)
    return route if route is not None and route.start == start else None


def routes(txn: ReadTxn, after: bytes | None, limit: int) -> list[tuple[bytes, ForeignRoute]]:
    """Routes by type, prefixes before ranges, strictly after a key; the key of each goes on from there."""
    found: list[tuple[bytes, ForeignRoute]] = []
    while len(found) < limit and (page := txn.documents(_KIND, after, limit)):
        for key, body in page:
            type_name, _, rest = key.partition(b"\x00")
            if rest and len(found) < limit:
                found.append((key, _decode(type_name.decode(), body)))
        after = page[-1][0]
        if len(page) < limit:
            break
    return found


def put_foreign_route(txn: WriteTxn, route: ForeignRoute) -> ForeignRoute | None:
    """Keep a route, in place of one of the same prefix or range. Returns the one before it.

    Raises:
        DataError: the range overlaps another one of its type, or there are too many routes of it.
    """
    before = route_named(txn, route.type, route.start, route.end)
    if before is None:
        if route.is_range and (other := _overlapped(txn, route)) is not None:
            raise DataError(f"the range {route.start} to {route.end} overlaps {other.start} to {other.end}")
        _count(txn, route, 1)
    txn.put_document(_KIND, _key(route.type, route.start, route.end), _encode(route))
    return before


def remove_foreign_route(txn: WriteTxn, route: ForeignRoute) -> None:
    """Remove a route that is there."""
    txn.delete_document(_KIND, _key(route.type, route.start, route.end))
    _count(txn, route, -1)


# Ranges


def _range_holding(txn: ReadTxn, type_name: str, beginning: str) -> ForeignRoute | None:
    route = _first_ending_at(txn, type_name, beginning)
    return route if route is not None and route.start <= beginning else None


def _first_ending_at(txn: ReadTxn, type_name: str, end: str, length: int = 0) -> ForeignRoute | None:
    """The first range of a length, by default that of `end` itself, that ends at `end` or behind it, of the same parent."""
    head, label = _range_key(type_name, end, length or len(end))
    for key, body in txn.documents(_KIND, head + label, 1):
        if key.startswith(head):
            return _decode(type_name, body)
    return None


def _overlapped(txn: ReadTxn, route: ForeignRoute) -> ForeignRoute | None:
    """A range that holds something of this one; those of other lengths only where digits nest."""
    own = len(route.start)
    lengths = _lengths(txn.document(_KIND, _head(route.type)))
    for length, (_prefixes, ranges) in lengths.items():
        if not ranges or (length != own and not ROUTE_TYPES[route.type].nested):
            continue
        shared = min(own, length)
        other = _first_ending_at(txn, route.type, route.start[:shared], length)
        if other is not None and other.start[:shared] <= route.end[:shared]:
            return other
    return None


# Keys and forms


def _head(type_name: str) -> bytes:
    return type_name.encode() + b"\x00"


def _key(type_name: str, start: str, end: str) -> bytes:
    if start == end:
        return _head(type_name) + _PREFIX + start.encode()
    head, label = _range_key(type_name, end, len(end))
    return head + label + _BEHIND


def _range_key(type_name: str, end: str, length: int) -> tuple[bytes, bytes]:
    """What the keys of ranges of one parent and length begin with, and the part of `end` that they count."""
    parent = ROUTE_TYPES[type_name].parent
    assert parent is not None, "a type with ranges has parents"
    above = parent(end)
    return _head(type_name) + _RANGE + bytes((length,)) + above.encode() + b"\x00", end[len(above) :].encode()


def _encode(route: ForeignRoute) -> bytes:
    targets = [[target.kind.value, target.place] for target in route.targets]
    terms = [route.enabled, route.answer.value, route.ttl_s, route.negative_ttl_s, route.note]
    packed: bytes = msgpack.packb([_FORM, route.start, route.end, targets, *terms])
    return packed


@lru_cache(maxsize=4_096)
def _decode(type_name: str, body: bytes) -> ForeignRoute:
    _form, start, end, targets, enabled, answer, ttl_s, negative_ttl_s, note = msgpack.unpackb(body)
    places = tuple(RouteTarget(TargetKind(kind), place) for kind, place in targets)
    return ForeignRoute(type_name, start, end, places, enabled, RouteAnswer(answer), ttl_s, negative_ttl_s, note)


# The summary of a type


@lru_cache(maxsize=64)
def _descending(body: bytes) -> tuple[tuple[int, tuple[int, int]], ...]:
    lengths = sorted(_lengths(body).items(), reverse=True)
    return tuple((length, (prefixes, ranges)) for length, (prefixes, ranges) in lengths)


def _lengths(body: bytes | None) -> Lengths:
    return {} if body is None else msgpack.unpackb(body, strict_map_key=False)


def _count(txn: WriteTxn, route: ForeignRoute, change: int) -> None:
    head = _head(route.type)
    lengths = _lengths(txn.document(_KIND, head))
    if change > 0 and sum(map(sum, lengths.values())) >= ROUTES_MAX:
        raise DataError(f"there are {ROUTES_MAX} routes of the type {route.type} already")
    counts = lengths.setdefault(len(route.start), [0, 0])
    counts[route.is_range] += change
    if not any(counts):
        del lengths[len(route.start)]
    if lengths:
        txn.put_document(_KIND, head, msgpack.packb(lengths))
    else:
        txn.delete_document(_KIND, head)
