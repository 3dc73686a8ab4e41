"""The values of a prefix record: where the prefix is answered, and who administers it (`wire.md` §7).

Indexes: sites from 1 upwards, first the sites of the prefix, then those of the prefixes derived from it; 100 HS_ADMIN; 300
the public key that it names. Values of other types that a prefix record already has stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, count

from idis.proto.errors import ProtocolError
from idis.proto.identifier import prefix_handle
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.site import Site, decode_site, encode_site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.authority import DERIVED_SITE_TYPES, SITE_TYPES

SITES_MAX = 16  # of one kind: a referral stays a few kilobytes, and indexes stay below that of HS_ADMIN
SERIAL_MAX = 0xFFFE  # 0xffff means unknown
ADMIN_INDEX = 100
ADMIN_KEY_INDEX = 300  # where a prefix keeps its administrator's public key
ADMIN_KEY_TYPE = "HS_PUBKEY"

_SERIAL = slice(4, 6)  # where it lies in the data of a site
_HOME_SITES = ("HS_SITE", "HS_SITE.6")
_SITE_TYPES = frozenset(name.decode() for name in SITE_TYPES | DERIVED_SITE_TYPES)


def prefix_record(prefix: str, now: int, *, ttl_s: int) -> bytes:
    """The record a new prefix starts with: its administrator is the key at 300 of its own prefix handle."""
    admin = Admin(prefix_handle(prefix), ADMIN_KEY_INDEX)
    return encode_values([Value(ADMIN_INDEX, "HS_ADMIN", encode_admin(admin), ttl=ttl_s, timestamp=now)])


def site_values(sites: Sequence[Site], derived: Sequence[Site], now: int, *, ttl_s: int) -> list[Value]:
    """Sites as values, indexes from 1; `derived` are the sites at which derived prefixes are registered."""
    named = chain((("HS_SITE", site) for site in sites), (("HS_SITE.PREFIX", site) for site in derived))
    return [Value(index, name, encode_site(site), ttl=ttl_s, timestamp=now) for index, (name, site) in enumerate(named, start=1)]


def service_values(service: str, now: int, *, ttl_s: int) -> list[Value]:
    """A service handle whose sites answer for the prefix and for the prefixes derived from it."""
    data = service.encode("utf-8")
    return [
        Value(index, name, data, ttl=ttl_s, timestamp=now) for index, name in enumerate(("HS_SERV", "HS_SERV.PREFIX"), start=1)
    ]


def administrator_key(values: Iterable[Value]) -> bytes:
    """The public key of a prefix's administrator, as its record has it; empty without one."""
    held = (value.data for value in values if value.index == ADMIN_KEY_INDEX and value.type.upper() == ADMIN_KEY_TYPE)
    return next(held, b"")


def with_administrator_key(values: bytes, key: bytes, now: int, *, ttl_s: int) -> bytes:
    """A prefix record with this key of its administrator and no other, or with none where it is empty."""
    held = decode_values(values)
    if administrator_key(held) == key:
        return values
    kept = [value for value in held if value.index != ADMIN_KEY_INDEX]
    if key:
        kept.append(Value(ADMIN_KEY_INDEX, ADMIN_KEY_TYPE, key, ttl=ttl_s, timestamp=now))
    return encode_values(sorted(kept, key=lambda value: value.index))


def sites_in(values: Iterable[Value]) -> Iterator[Site]:
    """The sites among values at which a prefix is answered; one that cannot be read is passed over."""
    for value in values:
        if value.type.upper() in _HOME_SITES:
            with suppress(ProtocolError):
                yield decode_site(value.data)


def is_site(value: Value) -> bool:
    """Whether a value says where a prefix, or those derived from it, are answered."""
    return value.type.upper() in _SITE_TYPES


def with_sites(values: bytes, sites: Sequence[Value]) -> bytes:
    """A prefix record with these values in place of the sites and services it had; the serial of a site rises."""
    held, kept = _divide(values)
    serial = max((_serial_of(value) for value in held), default=0)
    taken = {value.index for value in sites}
    used = taken | {value.index for value in kept}
    free = (index for index in count(ADMIN_INDEX + 1) if index not in used)
    moved = [replace(value, index=next(free)) if value.index in taken else value for value in kept]
    risen = [_with_serial(value, max(_serial_of(value), min(serial + 1, SERIAL_MAX))) for value in sites]
    return encode_values(sorted([*risen, *moved], key=lambda value: value.index))


def same_sites(values: bytes, sites: Sequence[Value]) -> bool:
    """Whether a prefix record names exactly these sites already, whenever they were written."""
    held, _ = _divide(values)
    return [_with_serial(replace(value, timestamp=0), 0) for value in held] == [
        _with_serial(replace(value, timestamp=0), 0) for value in sites
    ]


def _divide(values: bytes) -> tuple[list[Value], list[Value]]:
    """The sites and services of a prefix record, and its other values."""
    held: list[Value] = []
    kept: list[Value] = []
    for value in decode_values(values):
        (held if is_site(value) else kept).append(value)
    return held, kept


def _serial_of(value: Value) -> int:
    return int.from_bytes(value.data[_SERIAL], "big") if value.type.upper().startswith("HS_SITE") else 0


def _with_serial(value: Value, serial: int) -> Value:
    if not value.type.upper().startswith("HS_SITE"):
        return value
    return replace(value, data=value.data[: _SERIAL.start] + serial.to_bytes(2, "big") + value.data[_SERIAL.stop :])
