"""The steps of a move: in their order, repeatable, refused out of it."""

from __future__ import annotations

import random
from dataclasses import replace

import msgpack
import pytest

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.proto.types.site import TCP, Interface, Server, Site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.caller import Caller, Role, RoleGrant
from idis.registry.identity import identity_of
from idis.registry.prefix import Moving, PrefixEntry, PrefixState, Privacy
from idis.registry.record import Alias, Record, prepare
from idis.registry.registration import relisting
from idis.registry.registration.acts import Create, perform
from idis.registry.registration.checks import Refusal
from idis.registry.registration.life import Registered
from idis.registry.registration.moving import CLEAR_RECORDS_MAX, Cleared, Held, Place, held_of
from idis.registry.registration.moving_acts import (
    Arrive,
    Clear,
    Freeze,
    Give,
    MoveAct,
    Settle,
    Take,
    Taken,
    Thaw,
    perform_move,
)
from idis.registry.registration.moving_chunk import (
    CHUNK_RECORDS_MAX,
    luggage_of,
    pack_changes,
    pack_luggage,
    unpack_chunk,
    unpack_luggage,
)
from idis.registry.registration.moving_reading import count_some, read_changes, read_page
from idis.registry.store.memory import MemoryStore

NOW = 1_700_000_000
NAME = "88.118.9"
OPERATOR = Caller("tcp ::1", identity_of(300, "88.118/ops"), (RoleGrant(Role.OPERATOR),))
STRANGER = Caller("tcp ::1", identity_of(300, "88.1/x"))
SECRET = Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)
SITE = Site(servers=(Server(1, "192.0.2.1", b"", (Interface(3, TCP, 2641),)),))


def _store(entry: PrefixEntry | None, records: int = 0) -> MemoryStore:
    store = MemoryStore(clock=lambda: NOW)
    if entry is not None:
        store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    for number in range(records):
        record = Record(f"{NAME}/{number}", (Value(1, "URL", b"x"), Value(300, "HS_SECKEY", b"s", permissions=0x0C)))
        store.write(lambda txn, record=record: txn.put_record(prepare(record, NOW)), actor="test").result()  # type: ignore[misc]
    return store


def _do(store: MemoryStore, act: MoveAct, caller: Caller = OPERATOR) -> object:
    return store.write(lambda txn: perform_move(txn, act, caller, NOW), actor="test").result().result


def _entry(store: MemoryStore) -> PrefixEntry:
    with store.read() as txn:
        entry = txn.prefix(NAME)
    assert entry is not None
    return entry


def _held(store: MemoryStore) -> Held:
    with store.read() as txn:
        return held_of(txn, NAME)


def _page(store: MemoryStore) -> bytes:
    with store.read() as txn:
        return read_page(txn, NAME, None).chunk


HOMED = PrefixEntry(NAME, homed=True, owner="yard", privacy=Privacy.STRICT, quota=9)
LUGGAGE = luggage_of(replace(HOMED, signing_required=True, daily_quota=8))


def test_a_frozen_prefix_answers_and_takes_no_changes() -> None:
    """Registering is refused as busy, until it is thawed."""
    store = _store(HOMED, 1)
    act = Create(f"{NAME}/new", (Value(1, "URL", b"x"),))
    _do(store, Freeze(NAME))
    refused = store.write(lambda txn: perform(txn, act, OPERATOR, NOW), actor="test").result().result
    _do(store, Thaw(NAME))
    done = store.write(lambda txn: perform(txn, act, OPERATOR, NOW), actor="test").result().result

    assert isinstance(refused, Refusal)
    assert refused.code == ResponseCode.SERVER_TOO_BUSY
    assert not isinstance(done, Refusal)


def test_a_prefix_that_is_new_arrives_as_it_was_kept() -> None:
    """Owner, privacy, quota and keys travel with it; it answers nothing yet."""
    store = _store(None)
    _do(store, Arrive(NAME, LUGGAGE))
    entry = _entry(store)

    assert (entry.owner, entry.privacy, entry.quota) == ("yard", Privacy.STRICT, 9)
    assert (entry.signing_required, entry.daily_quota) == (True, 8)
    assert (entry.answers_here, entry.moving) == (False, Moving.ARRIVING)


@pytest.mark.parametrize(
    ("entry", "act"),
    [
        (PrefixEntry(NAME, state=PrefixState.SUSPENDED), Arrive(NAME, LUGGAGE)),
        (HOMED, Take(NAME, pack_changes(())[0])),  # not arriving
        (PrefixEntry(NAME), Settle(NAME, Place.HOME, Held(0, 0))),
        (HOMED, Give(NAME, (SITE,), Held(0, 0))),  # takes changes
        (PrefixEntry(NAME), Freeze(NAME)),  # answered elsewhere
        (PrefixEntry(NAME, homed=True, state=PrefixState.SUSPENDED), Freeze(NAME)),
        (PrefixEntry(NAME, homed=True, moving=Moving.LEAVING), Give(NAME, (), Held(0, 0))),  # to nobody
        (PrefixEntry(NAME, homed=True, moving=Moving.LEAVING), Give(NAME, (SITE,), Held(1, 7))),  # not what was counted
        (PrefixEntry(NAME, moving=Moving.ARRIVING), Settle(NAME, Place.HOME, Held(1, 7))),
        (None, Freeze(NAME)),
        (None, Thaw(NAME)),
        (None, Take(NAME, b"")),
        (None, Settle(NAME, Place.HOME, Held(0, 0))),
        (None, Give(NAME, (SITE,), Held(0, 0))),
        (None, Clear(NAME)),
    ],
)
def test_a_step_out_of_its_order_is_refused(entry: PrefixEntry | None, act: MoveAct) -> None:
    """And changes nothing."""
    store = _store(entry)
    result = _do(store, act)
    with store.read() as txn:
        after = txn.prefix(NAME)

    assert isinstance(result, Refusal)
    assert after == (None if entry is None else _entry(_store(entry)))


@pytest.mark.parametrize(
    ("entry", "act"),
    [
        (PrefixEntry(NAME, homed=True, moving=Moving.LEAVING), Freeze(NAME)),
        (HOMED, Thaw(NAME)),
        (HOMED, Settle(NAME, Place.HOME, Held(0, 0))),
        (PrefixEntry(NAME, moving=Moving.LEFT), Give(NAME, (SITE,), Held(0, 0))),
        (PrefixEntry(NAME), Give(NAME, (SITE,), Held(0, 0))),
    ],
)
def test_a_step_that_was_done_is_no_change(entry: PrefixEntry, act: MoveAct) -> None:
    """Whoever lost the answer does it again."""
    store = _store(entry)
    result = _do(store, act)

    assert isinstance(result, Registered)
    assert not result.changed


def test_a_prefix_that_is_answered_here_arrives_only_where_it_holds_nothing() -> None:
    """A node made for a prefix homes it from the start; until its records are here it stops answering."""
    empty, filled = _store(HOMED), _store(HOMED, 1)
    arrived, refused = _do(empty, Arrive(NAME, LUGGAGE)), _do(filled, Arrive(NAME, LUGGAGE))

    assert isinstance(arrived, Registered)
    assert (arrived.entry.answers_here, arrived.entry.moving) == (False, Moving.ARRIVING)
    assert isinstance(refused, Refusal)
    assert _entry(filled) == _entry(_store(HOMED))


def test_what_is_deleted_meanwhile_is_deleted_there() -> None:
    """The chunk of changes names it by its key."""
    store = _store(HOMED, 3)
    there = _store(None)
    _do(there, Arrive(NAME, LUGGAGE))
    _do(there, Take(NAME, _page(store)))
    with store.read() as txn:
        position = txn.position
    store.write(lambda txn: txn.delete_record(b"88.118.9\x001"), actor="test").result()
    with store.read() as txn:
        changes = read_changes(txn, NAME, position)
    taken = _do(there, Take(NAME, changes.chunk))

    assert taken == Taken(0, 1)
    assert (changes.known, changes.more, _held(there).records) == (True, False, 2)


def test_fields_of_a_template_that_is_not_known_here_are_hidden_once_moved() -> None:
    """Whoever sends the records may have known it."""
    store, there = _store(HOMED), _store(None)
    values = (Value(1000, "TEMPLATE_ID", b"88.7/META_z"), Value(2000, "price", b"9"))
    store.write(lambda txn: txn.put_record(prepare(Record(f"{NAME}/t", values), NOW)), actor="test").result()
    _do(there, Arrive(NAME, LUGGAGE))
    _do(there, Take(NAME, _page(store)))
    assert isinstance(_do(there, Settle(NAME, Place.HOME, _held(there))), Registered)
    relisting.finish(there)
    with there.read() as txn:
        ((_, record),) = txn.records(NAME, None, 2)

    assert [value.index for value in decode_values(record.public)] == [1000]


def test_a_long_prefix_leaves_in_pieces() -> None:
    """Each commit deletes a bounded number, and the last one ends the move."""
    store = _store(PrefixEntry(NAME, homed=True), CLEAR_RECORDS_MAX + 1)
    _do(store, Freeze(NAME))
    _do(store, Give(NAME, (SITE,), _held(store)))
    first = _do(store, Clear(NAME))
    assert isinstance(first, Cleared)
    left = _held(store).records
    last = _do(store, Clear(NAME, first.after))

    assert left == 1
    assert isinstance(last, Cleared)
    assert last.after is None
    assert (_held(store).records, _entry(store).moving) == (0, Moving.STAYS)


def test_pages_and_counts_cover_every_record_once() -> None:
    """However many there are."""
    store = _store(HOMED, CHUNK_RECORDS_MAX + 3)
    names, after, pages = set(), None, 0
    with store.read() as txn:
        while pages == 0 or after is not None:
            page = read_page(txn, NAME, after)
            names |= {moved.key for moved in unpack_chunk(page.chunk, HOMED)}
            after, pages = page.after, pages + 1
        first = count_some(txn, NAME, None)
        rest = count_some(txn, NAME, first.after)

    assert (len(names), pages) == (CHUNK_RECORDS_MAX + 3, 2)
    assert first.records + rest.records == CHUNK_RECORDS_MAX + 3
    assert rest.after is None


def test_a_digest_tells_any_difference() -> None:
    """Value, permission, timestamp, second name or spelling: but not version or place in a journal."""
    base = Record(f"{NAME}/A", (Value(1, "URL", b"x"),))
    variants = [
        prepare(base, NOW),
        prepare(base, NOW + 1),
        prepare(Record(f"{NAME}/a", base.values), NOW),
        prepare(Record(base.identifier, (Value(1, "URL", b"y"),)), NOW),
        prepare(Record(base.identifier, (Value(1, "URL", b"x", permissions=0x0C),)), NOW),
        prepare(Record(base.identifier, base.values, (Alias("imo", "1"),)), NOW),
    ]
    digests = []
    for version, record in enumerate([*variants, variants[0]], 1):
        store = _store(PrefixEntry(NAME, homed=True))
        store.write(lambda txn, r=record, v=version: txn.put_record(r, version_min=v), actor="test").result()  # type: ignore[misc]
        with store.read() as txn:
            digests.append(count_some(txn, NAME, None).digest)

    assert len(set(digests)) == len(variants)
    assert digests[0] == digests[-1]


@pytest.mark.parametrize("act", [Freeze(NAME), Thaw(NAME), Arrive(NAME, LUGGAGE), Take(NAME, b""), Clear(NAME)])
def test_a_stranger_moves_nothing(act: MoveAct) -> None:
    """Nor does the prefix's own administrator: it is the parent's decision, or the operators'."""
    store = _store(HOMED, 1)
    child = Caller("tcp ::1", identity_of(300, f"0.NA/{NAME}"))
    results = [_do(store, act, caller) for caller in (STRANGER, child)]

    assert all(isinstance(result, Refusal) for result in results)


def test_luggage_is_read_as_it_was_packed() -> None:
    """Every field."""
    assert unpack_luggage(pack_luggage(LUGGAGE)) == LUGGAGE


def test_records_of_other_prefixes_do_not_travel_along() -> None:
    """A chunk made for one prefix is refused by another."""
    chunk = _page(_store(HOMED, 1))

    with pytest.raises(DataError, match=r"another prefix|does not belong"):
        unpack_chunk(chunk, PrefixEntry("88.118.90", homed=True))


def test_a_restricted_value_among_public_ones_is_refused() -> None:
    """Whoever makes chunks by hand cannot make a secret public."""
    item = [b"88.118.9\x00A", f"{NAME}/A", 0, 1, 86_400, 0, encode_values([SECRET]), bytes(4), []]

    with pytest.raises(DataError, match="shows a value that is not public"):
        unpack_chunk(msgpack.packb([1, [item]]), HOMED)


@pytest.mark.parametrize("seed", range(20))
def test_garbage_is_told_from_chunks(seed: int) -> None:
    """Cut anywhere, or with any octet changed, a chunk is read or refused: nothing else escapes."""
    chunk, pick = _page(_store(HOMED, 3)), random.Random(seed)
    luggage = pack_luggage(LUGGAGE)
    for _ in range(100):
        for octets, read in ((chunk, lambda text: unpack_chunk(text, HOMED)), (luggage, unpack_luggage)):
            at = pick.randrange(len(octets))
            changed = octets[:at] + bytes((pick.randrange(256),)) + octets[at + 1 :]
            for text in (changed, octets[:at], changed[at:]):
                try:
                    read(text)
                except DataError:
                    continue
