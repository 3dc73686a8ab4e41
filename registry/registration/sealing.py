"""Sealed statements of a record: making them, judging those that come from outside, and dropping those that hold no longer.

A view's version begins with the moment it is first signed and rises by one with each change of what that view shows, and
with nothing else; so it tells its readers of nothing they do not see, nor does its number, which is drawn among ten. Salts
are new whenever a view is signed anew: what was known of an old value helps nobody to guess the new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.proof import SKEW_S
from idis.proto.statement import (
    SALT_BYTES,
    SEALED_PADDED_TO,
    SIGNED_INDEX,
    SIGNED_TYPE,
    VIEW_FULL,
    VIEW_GROUPS,
    VIEW_MAX,
    is_sealed,
)
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import TTL_S_DEFAULT, Value
from idis.registry.identity import Identity
from idis.registry.permission import Lists
from idis.registry.readers import stored_values
from idis.registry.record import MARK_LISTED, PERMISSION_BITS, StoredRecord, unmarked
from idis.registry.registration.checks import Refusal
from idis.registry.suites import SigningKey, verify
from idis.registry.views import (
    SEALED_PERMISSIONS,
    digests_of_view,
    full_view,
    group_views,
    public_view,
    readers_of_views,
    sealed_statements,
)

VERSIONS_PER_S = 1 << 20  # more changes of one view than a second can hold: a view that begins anew is above all before it
GROUPS_MAX = VIEW_MAX - VIEW_GROUPS + 1


@dataclass(frozen=True, slots=True)
class Audience:
    """Who sees the same of a record: the indexes of what; no names for the owner and auditors."""

    shows: frozenset[int]
    names: tuple[Identity, ...] = ()


def audiences(values: Sequence[Value], lists: Lists) -> list[Audience]:
    """Everybody who sees more than the public, the owner first; nobody where nothing is restricted. Values with marks."""
    full = full_view(values)
    owner = [Audience(full)] if full != public_view(values) else []
    return owner + [Audience(shows, names) for shows, names in group_views(values, lists).items()]


def seal(
    key: SigningKey, spelling: str, values: Sequence[Value], lists: Lists, held: StoredRecord | None, now: int, valid_s: int
) -> tuple[Value, ...] | Refusal:
    """The values that carry a statement for each audience of a record; none where nothing is restricted.

    Args:
        key: the owner's.
        spelling: of the identifier, as in a statement.
        values: all of the record, with their marks; sealed statements among them are passed over.
        lists: the readers' lists that hold for it.
        held: what was there before; statements the key has made already, and that hold and do not end soon, stay.
        now: unix time in seconds.
        valid_s: how long statements are good.
    """
    wanted = audiences(values, lists)
    if sum(bool(audience.names) for audience in wanted) > GROUPS_MAX:
        return refuse_sealed(f"its lists make more than {GROUPS_MAX} groups that see different values: name fewer groups")
    before = sealed_statements(() if held is None else held.values)
    by_index = {value.index: value for value in values}
    made = []
    for view, audience in _places(wanted, before, {} if held is None else readers_of_views(stored_values(held), lists)).items():
        signed = before.get(view)
        if signed is None or not _still_good(signed, key, spelling, by_index, audience, now + valid_s // 2):
            version = now * VERSIONS_PER_S if signed is None else signed.version + 1
            signed = _signed(key, spelling, view, version, by_index, audience, now, valid_s)
        made.append(
            Value(SIGNED_INDEX + view, SIGNED_TYPE, encode_signed(signed), permissions=SEALED_PERMISSIONS | MARK_LISTED)
        )
    return tuple(made)


def read_sealed(
    values: Sequence[Value], lists: Lists, held: StoredRecord | None, now: int
) -> list[tuple[Signed, tuple[bytes, ...]]] | Refusal:
    """The sealed statements that come with a record, each with the digests its signature must cover; arguments as for `seal`.

    Returns:
        Them, their signatures not yet verified; or what forbids them.
    """
    read: list[tuple[Signed, tuple[bytes, ...]]] = []
    carriers = [value for value in values if is_sealed(value)]
    by_index = {value.index: value for value in values}
    wanted = audiences(values, lists) if carriers else []
    before = sealed_statements(() if held is None or not carriers else held.values)
    for value in carriers:
        try:
            signed = decode_signed(value.data)
        except ProtocolError as error:
            return refuse_sealed(f"value {value.index}: {error}")
        if signed.view != value.index - SIGNED_INDEX or signed.digests:
            return refuse_sealed(f"value {value.index}: view {value.index - SIGNED_INDEX} belongs there, without its digests")
        if value.permissions & PERMISSION_BITS != SEALED_PERMISSIONS:
            return refuse_sealed(f"value {value.index}: a sealed statement has the permissions {SEALED_PERMISSIONS:04b}")
        shows = frozenset(signed.opened)
        if not any(one.shows == shows and bool(one.names) == (signed.view != VIEW_FULL) for one in wanted):
            return refuse_sealed(f"view {signed.view} is about other values than anybody sees: sign it anew")
        if refusal := _refuse_version(signed, before.get(signed.view), now):
            return refusal
        if len(signed.salts) != _padded(len(shows)):
            return refuse_sealed(f"view {signed.view} has {len(signed.salts)} salts, {_padded(len(shows))} are due")
        read.append((signed, digests_of_view(signed, by_index)))
    if len({(signed.view == VIEW_FULL, frozenset(signed.opened)) for signed, _ in read}) != len(read):
        return refuse_sealed("two views are for the same readers: leave one out")
    return _refuse_salts([signed for signed, _ in read], before) or read


def stale_sealed(held: Sequence[Value], values: Sequence[Value], lists: Lists) -> frozenset[int]:
    """The indexes of the sealed statements that say something else than these values; all values with their marks.

    Args:
        held: the values as they were.
        values: as they are to be.
        lists: the readers' lists that hold for these.
    """
    before, after = ({value.index: unmarked(value) for value in some} for some in (held, values))
    seen = audiences(values, lists)
    stale = set()
    for view, signed in sealed_statements(values).items():
        shows = frozenset(signed.opened)
        audible = any(one.shows == shows and bool(one.names) == (view != VIEW_FULL) for one in seen)
        if not audible or any(_content(before.get(index)) != _content(after.get(index)) for index in shows):
            stale.add(SIGNED_INDEX + view)
    return frozenset(stale)


def refuse_sealed(message: str) -> Refusal:
    """A refusal of a record on account of a sealed statement."""
    return Refusal(ResponseCode.INVALID_VALUE, message)


def _places(
    wanted: Sequence[Audience], before: Mapping[int, Signed], readers: Mapping[int, Sequence[Identity]]
) -> dict[int, Audience]:
    """Which view each audience has: the one its names had before, else one drawn among those nobody had."""
    owner = next((audience for audience in wanted if not audience.names), None)
    places = {} if owner is None else {VIEW_FULL: owner}
    groups = [audience for audience in wanted if audience.names]
    common = sorted(
        (
            (len(set(audience.names) & set(readers.get(SIGNED_INDEX + view, ()))), -view, at)
            for at, audience in enumerate(groups)
            for view in before
            if view != VIEW_FULL
        ),
        reverse=True,
    )
    placed: set[int] = set()
    for names, view, at in common:
        if names and -view not in places and at not in placed:
            places[-view] = groups[at]
            placed.add(at)
    free = [view for view in range(VIEW_GROUPS, VIEW_MAX + 1) if view not in places]
    unheld = [view for view in free if view not in before]
    for at, audience in enumerate(groups):
        if at not in placed:
            view = secrets.choice(unheld or free)
            free.remove(view)
            unheld = [one for one in unheld if one != view]
            places[view] = audience
    return dict(sorted(places.items()))


def _still_good(
    signed: Signed, key: SigningKey, spelling: str, by_index: Mapping[int, Value], audience: Audience, until: int
) -> bool:
    if signed.kid != key.public.kid or until >= signed.not_after or frozenset(signed.opened) != audience.shows:
        return False
    octets = signed.statement(spelling, digests_of_view(signed, by_index)).octets()
    return verify(signed.suite, key.public.key, octets, signed.signature) is True


def _signed(
    key: SigningKey,
    spelling: str,
    view: int,
    version: int,
    by_index: Mapping[int, Value],
    audience: Audience,
    now: int,
    valid_s: int,
) -> Signed:
    pads = [0] * (_padded(len(audience.shows)) - len(audience.shows))
    salts = tuple(sorted((index, secrets.token_bytes(SALT_BYTES)) for index in (*pads, *audience.shows)))
    public = key.public
    bare = Signed(
        public.suite, public.kid, version, now, now + valid_s, TTL_S_DEFAULT, b"", view=view, salts=salts
    )
    return replace(bare, signature=key.sign(bare.statement(spelling, digests_of_view(bare, by_index)).octets()))


def _padded(count: int) -> int:
    return -(-count // SEALED_PADDED_TO) * SEALED_PADDED_TO


def _refuse_version(signed: Signed, before: Signed | None, now: int) -> Refusal | None:
    if signed == before:
        return None
    due = signed.not_before * VERSIONS_PER_S if before is None else before.version + 1
    if signed.version != due:
        return refuse_sealed(f"view {signed.view} is version {signed.version}, version {due} is due: sign it anew")
    latest = signed.not_before if before is None else signed.not_after  # the version of a view that begins is its moment
    if not signed.not_before - SKEW_S <= now <= latest + SKEW_S:
        return refuse_sealed(f"view {signed.view} is not valid now: sign it anew, with the time between the times it says")
    return None


def _refuse_salts(signed: Iterable[Signed], before: Mapping[int, Signed]) -> Refusal | None:
    """A salt serves once: whoever knows it could otherwise tell what another digest stands for."""
    fresh = [one for one in signed if before.get(one.view) != one]
    kept = {salt for one in before.values() for _, salt in one.salts}
    salts = [salt for one in fresh for _, salt in one.salts]
    if len(set(salts)) == len(salts) and kept.isdisjoint(salts):
        return None
    return refuse_sealed("a salt is used twice: draw new ones for each value and each signature")


def _content(value: Value | None) -> Value | None:
    return None if value is None else replace(value, timestamp=0)
