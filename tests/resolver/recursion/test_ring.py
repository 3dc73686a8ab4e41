"""What the compiled step shows of a recursive node's cache. Skipped without the compiled step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idis.proto import speedups
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Refused
from idis.proto.query import Query
from idis.registry.prefix import PrefixEntry
from idis.registry.store.base import StoreError
from idis.registry.store.memory import MemoryStore
from idis.resolver.recursion.cache import AnswerCache, cache_key

pytestmark = pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the compiled hot path is not loaded")
if speedups.LOADED == speedups.COMPILED:
    from idis.resolver.recursion.ring import AnswerRing, make_ring

NOW = 1_700_000_000
# One value: index 1, timestamp 0, relative TTL 60, permissions 1110, type "URL", data "x", no references.
VALUES = bytes.fromhex("0000000100000001 00000000 00 0000003c 0e 00000003 55524c 00000001 78 00000000")
OTHER = VALUES.replace(b"x", b"y")
ABSOLUTE = VALUES.replace(bytes.fromhex("00 0000003c 0e"), bytes.fromhex("01 6553f103 0e"))  # ends at NOW + 3
KEY = b"\x0199.1/1"


class World:
    """A cache, a ring that shows it, a registry, and how often its journal was looked at."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.looks = 0
        self.more = False
        self.cache = AnswerCache(lambda: 0.0, bytes_max=2**20)
        self.ring = AnswerRing(folder, 2**20, self.store, self.look, bytes)
        self.cache.mirror = self.ring

    def look(self) -> bool:
        """The follower."""
        self.looks += 1
        return self.more

    def learn(self, name: str, outcome: Outcome, **wish: object) -> None:
        """Put into the cache and ask for it once."""
        query = Query(name, parse_identifier(name), **wish)
        entry = self.cache.put(cache_key(query), outcome, 0.0, NOW)
        assert entry is not None
        self.cache.hit(entry, 0.0, NOW)

    def find(self, key: bytes = KEY, after_s: int = 0) -> tuple[bytes, int, int, int] | None:
        """What the ring has."""
        return self.ring.index.get(key, NOW + after_s)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty one."""
    made = World(tmp_path)
    yield made
    made.ring.close()


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [(Answer(VALUES, 60), (VALUES, 1)), (NotFound(), (bytes(4), 100)), (NoValues(), (bytes(4), 200))],
    ids=["answer", "not found", "no values"],
)
def test_what_was_asked_again_is_shown(world, outcome, shown):
    """Not as this node's own, only to those who ask for public values, for ten seconds."""
    world.learn("99.1/1", outcome)

    assert world.find() == (*shown, NOW + 10, 2)
    assert world.find(after_s=10) is None


def test_what_was_not_asked_again_is_not_shown(world):
    """A walk over many names leaves the ring to the popular ones."""
    world.cache.put(cache_key(Query("99.1/1", parse_identifier("99.1/1"))), Answer(VALUES, 60), 0.0, NOW)

    assert world.find() is None


@pytest.mark.parametrize(
    ("outcome", "until_s"),
    [(Answer(VALUES, 10), 9), (Answer(ABSOLUTE, 60), 3), (Answer(VALUES, 1), 0)],
    ids=["prefetched at nine tenths", "absolute end", "shorter than a second"],
)
def test_nothing_is_shown_beyond_its_time(world, outcome, until_s):
    """From where it is to be fetched anew, the recursor has to see who asks."""
    world.learn("99.1/1", outcome)

    assert world.find(after_s=until_s) is None
    assert until_s == 0 or world.find(after_s=until_s - 1) is not None


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("99.1/1", {"public_only": False}),
        ("99.1/1", {"follow_alias": True}),
        ("99.1/1", {"types": ("URL",)}),
        ("99.1/1", {"indexes": (1,)}),
        ("99.1", {"types": ("URL",)}),
        ("99.1", {"types": ("HS_SITE",), "indexes": (1,)}),
        ("99.1", {}),
    ],
)
def test_what_the_compiled_step_might_confuse_is_not_shown(world, name, wish):
    """Questions without PO, with filters."""
    world.learn(name, Answer(VALUES, 60), **wish)

    assert world.ring.index.fill().entries == 0


def test_suffixes_are_shown_as_they_were_asked_for(world):
    """Their authority may tell case apart: one spelling says nothing about another."""
    world.learn("ab.1/a", Answer(VALUES, 60))
    world.learn("ab.1/A", NotFound())

    assert [world.find(key) and world.find(key)[1] for key in (b"\x01AB.1/a", b"\x01AB.1/A", b"\x01ab.1/a")] == [1, 100, None]


def test_sites_of_prefixes_are_shown(world):
    """For the lists of types that clients ask for, in whatever order they are cached."""
    world.learn("ab.1", Answer(VALUES, 60), types=("HS_SITE",))
    world.learn("0.NA/ab.1", Answer(OTHER, 60), types=("HS_SITE", "HS_SITE.6", "HS_SERV"))

    assert world.find(b"\x02AB.1")[0] == VALUES
    assert world.find(b"\x03AB.1")[0] == OTHER


def test_refusals_are_not_shown(world):
    """They may hold a challenge."""
    query = Query("99.1/1", parse_identifier("99.1/1"))
    entry = world.cache.put(cache_key(query), Refused(301, "no"), 0.0, NOW)
    world.cache.hit(entry, 0.0, NOW)

    assert world.find() is None


def test_what_is_forgotten_is_shown_no_longer(world):
    """One prefix, with what lies below it."""
    world.learn("99.1/1", Answer(VALUES, 60))
    world.learn("99.1.2/1", Answer(VALUES, 60))
    world.learn("99.12/1", Answer(VALUES, 60))
    world.cache.flush("99.1")

    assert [world.find(key) is None for key in (KEY, b"\x0199.1.2/1", b"\x0199.12/1")] == [True, True, False]


@pytest.mark.parametrize("outcome", [Answer(OTHER, 60), NotFound(), Refused(301, "no")], ids=["answer", "not found", "refused"])
def test_what_is_replaced_is_shown_no_longer(world, outcome):
    """Until somebody asks for what came in its place."""
    world.learn("99.1/1", Answer(VALUES, 60))
    world.cache.put(cache_key(Query("99.1/1", parse_identifier("99.1/1"))), outcome, 1.0, NOW + 1)

    assert world.find() is None


def test_what_is_evicted_is_shown_no_longer(tmp_path):
    """The bound of the cache holds for both."""
    world = World(tmp_path)
    world.cache = AnswerCache(lambda: 0.0, bytes_max=20_000)
    world.cache.mirror = world.ring
    for number in range(200):
        world.learn(f"99.1/{number}", Answer(VALUES, 60))

    assert world.ring.index.fill().entries <= len(world.cache) < 200
    world.ring.close()


def test_hits_are_shown_again_when_the_time_is_over(world):
    """So that the cache learns every ten seconds what is popular."""
    world.learn("99.1/1", Answer(VALUES, 60))
    entry = world.cache.get(cache_key(Query("99.1/1", parse_identifier("99.1/1"))), 5.0)
    world.cache.hit(entry, 5.0, NOW + 5)
    first = world.find()
    world.cache.hit(entry, 10.0, NOW + 10)

    assert (first[2], world.find()[2], entry.hits) == (NOW + 10, NOW + 20, 3)


def test_a_change_of_the_registry_is_heard_before_the_next_batch(world):
    """Once for each commit; nobody is answered while there is more to hear."""
    assert world.ring.fresh()
    assert world.ring.fresh()
    assert world.looks == 1
    world.store.write(lambda txn: txn.put_prefix(PrefixEntry("99.1", homed=True)), actor="test").result()
    world.more = True

    assert not world.ring.fresh()
    world.more = False
    assert world.ring.fresh()
    assert world.looks == 3


def test_a_journal_that_cannot_be_read_stops_it(world, monkeypatch):
    """What may have changed is unknown."""

    def fail() -> bool:
        raise StoreError("damaged")

    monkeypatch.setattr(world.ring, "_look", fail)

    assert not world.ring.fresh()


def test_it_is_made_where_there_is_room(tmp_path):
    """The first folder that takes it; none is no error."""
    taken = make_ring([tmp_path / "missing", tmp_path], 2**16, MemoryStore(), bool, bytes)

    assert taken is not None
    assert list(tmp_path.iterdir()) == []
    assert make_ring([tmp_path / "missing"], 2**16, MemoryStore(), bool, bytes) is None
    taken.close()
