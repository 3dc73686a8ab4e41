"""The values of a prefix record: where the prefix is answered, and who administers it (`wire.md` §7).

Indexes: sites from 1 upwards, first the sites of the prefix, then those of the prefixes derived from it; 100 HS_ADMIN.
Values of other types that a prefix record already has stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count

from idis.proto.identifier import prefix_handle
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.site import Site, encode_site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.authority import DERIVED_SITE_TYPES, SITE_TYPES

SITES_MAX = 16  # of one kind: a referral stays a few kilobytes, and indexes stay below that of HS_ADMIN
ADMIN_INDEX = 100
ADMIN_KEY_INDEX = 300  # where a prefix keeps its administrator's public key


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


def with_sites(values: bytes, sites: Sequence[Value]) -> bytes:
    """A prefix record with these values in place of the sites and services it had."""
    kept = [value for value in decode_values(values) if value.type.upper().encode() not in SITE_TYPES | DERIVED_SITE_TYPES]
    taken = {value.index for value in sites}
    used = taken | {value.index for value in kept}
    free = (index for index in count(ADMIN_INDEX + 1) if index not in used)
    moved = [replace(value, index=next(free)) if value.index in taken else value for value in kept]
    return encode_values(sorted([*sites, *moved], key=lambda value: value.index))


def same_sites(values: bytes, sites: Sequence[Value]) -> bool:
    """Whether a prefix record names exactly these sites already, whenever they were written."""
    held = [value for value in decode_values(values) if value.type.upper().encode() in SITE_TYPES | DERIVED_SITE_TYPES]
    return [replace(value, timestamp=0) for value in held] == [replace(value, timestamp=0) for value in sites]
