"""The answer index of a store: never behind, never wrong, thrown away when in doubt. Skipped without the compiled step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import rmtree

import pytest

from idis.proto import speedups
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Referral
from idis.proto.query import Query
from idis.proto.value import Value, encode_values
from idis.registry import authority
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore

pytestmark = pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the compiled hot path is not loaded")
if speedups.LOADED == speedups.COMPILED:
    from idis.proto._speedups import OWN, PUBLIC_ONLY, AnswerIndex
    from idis.registry.answer_index import AnswerIndexKeeper
    from idis.registry.answer_index_reader import AnswerIndexReader

NOW = 1_700_000_000
HOME = PrefixEntry("88.118", homed=True)
SECRET = Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)
SITE = bytes.fromhex("0001020b0001800200000000")
STEPS_MAX = 10_000


def url(text: str) -> Value:
    """A public value."""
    return Value(1, "URL", text.encode())


class World:
    """A store, and what keeps its index."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = MemoryStore()
        self.keeper = self.start()

    def start(self, **changed: object) -> AnswerIndexKeeper:
        """Another run of the node."""
        settings = {"identity": b"gen-000001", "boot": b"boot", "site": SITE, "random_octets": bytes, "bytes_max": 2**30}
        keeper = AnswerIndexKeeper(self.store, self.directory, **(settings | changed))
        keeper.open()
        return keeper

    def change(self, change: Callable[[WriteTxn], object]) -> None:
        """Commit."""
        self.store.write(change, actor="test").result()

    def put(self, name: str, *values: Value) -> None:
        """Write a record."""
        record = prepare(Record(name, values or (url("one"),)), NOW)
        self.change(lambda txn: txn.put_record(record))

    def delete(self, key: bytes) -> None:
        """Delete a record."""
        self.change(lambda txn: txn.delete_record(key))

    def prefix(self, entry: PrefixEntry) -> None:
        """Write a prefix."""
        self.change(lambda txn: txn.put_prefix(entry))

    def settle(self) -> None:
        """Do everything there is to do."""
        for _ in range(STEPS_MAX):
            if self.keeper.wanted is not None:
                self.keeper.create()
            if not self.keeper.step() and self.keeper.wanted is None:
                return
        raise AssertionError("the work has no end")

    def find(self, key: bytes) -> tuple[bytes, int, int, int] | None:
        """What the index has."""
        assert self.keeper.index is not None
        return self.keeper.index.get(key, NOW)

    def values(self, name: str) -> bytes | None:
        """The values it has of a record."""
        found = self.find(b"\x01" + name.encode())
        return None if found is None else found[0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A store with one prefix, no record, and an index that is made."""
    made = World(tmp_path)
    made.prefix(HOME)
    made.settle()
    yield made
    made.keeper.close()


def public(name: str, *values: Value) -> bytes:
    """The octets that answer a plain question."""
    return prepare(Record(name, values or (url("one"),)), NOW).public


def test_a_record_is_found_by_its_folded_name(world):
    """Kind 1, prefix, slash, suffix in upper case; this node's own answer."""
    world.put("88.118/ab")

    assert world.keeper.fresh()
    assert world.find(b"\x0188.118/AB") == (public("88.118/ab"), 1, 0, OWN)


def test_nothing_is_fresh_before_the_index_is_made(tmp_path):
    """Until then the store answers."""
    world = World(tmp_path)

    assert not world.keeper.fresh()
    world.settle()
    assert world.keeper.fresh()


def test_a_change_makes_it_fresh_at_the_next_question(world):
    """Without any step in between: put, replace, delete."""
    seen = []
    for change in (lambda: world.put("88.118/A"), lambda: world.put("88.118/A", url("two")), lambda: world.delete(b"88.118\0A")):
        change()
        assert world.keeper.fresh()
        seen.append(world.values("88.118/A"))

    assert seen == [public("88.118/A"), public("88.118/A", url("two")), None]


def test_too_much_at_once_is_left_to_the_steps(world):
    """A question is not kept waiting for hundreds of changes."""
    for number in range(400):
        world.put(f"88.118/{number}")

    assert not world.keeper.fresh()
    world.settle()
    assert world.keeper.fresh()
    assert all(world.values(f"88.118/{number}") for number in range(400))


def test_a_group_of_changes_is_in_the_next_answer(world):
    """As many as a flush of a busy node brings."""
    for number in range(100):
        world.put(f"88.118/{number}")

    assert world.keeper.fresh()
    assert all(world.values(f"88.118/{number}") for number in range(100))


def test_records_of_before_are_in_it(tmp_path):
    """More of them than one piece of work holds, below two prefixes."""
    world = World(tmp_path)
    world.prefix(HOME)
    world.prefix(PrefixEntry("88.119", homed=True))
    names = [f"{prefix}/{number}" for prefix in ("88.118", "88.119") for number in range(300)]
    world.store.write_all([prepare(Record(name, (url(name),)), NOW) for name in names], actor="test")
    world.settle()

    assert world.keeper.fresh()
    assert all(world.values(name) == public(name, url(name)) for name in names)


def test_a_load_is_in_it(world):
    """Bulk entries name a range, which is fetched."""
    names = [f"88.118/{number}" for number in range(700)]
    world.store.write_all([prepare(Record(name, (url(name),)), NOW) for name in names], actor="test")

    assert not world.keeper.fresh()
    world.settle()
    assert world.keeper.fresh()
    assert all(world.values(name) == public(name, url(name)) for name in names)


def test_changes_while_it_is_made_are_in_it(tmp_path):
    """A walk sees each record at another moment; the journal has the last word."""
    world = World(tmp_path)
    world.prefix(HOME)
    for number in range(400):
        world.put(f"88.118/{number:03}")
    random = Random(3)
    for _ in range(STEPS_MAX):
        if world.keeper.wanted is not None:
            world.keeper.create()
        number = random.randrange(400)
        if random.random() < 0.3:
            world.delete(f"88.118\0{number:03}".encode())
        else:
            world.put(f"88.118/{number:03}", url(str(random.random())))
        world.keeper.step()
        if world.keeper.index is not None:
            break
    world.settle()

    assert world.keeper.fresh()
    with world.store.read() as txn:
        for number in range(400):
            flags, values = txn.public(f"88.118\0{number:03}".encode())
            assert world.values(f"88.118/{number:03}") == (None if flags else values)


@pytest.mark.parametrize(
    "entry",
    [
        replace(HOME, state=PrefixState.SUSPENDED),
        replace(HOME, state=PrefixState.REVOKED),
    ],
    ids=["suspended", "revoked"],
)
def test_a_prefix_that_ends_takes_its_records_along(world, entry):
    """Nobody is answered until the last of them is gone."""
    for number in range(300):
        world.put(f"88.118/{number}")
    world.settle()
    world.prefix(entry)

    assert not world.keeper.fresh()
    assert not world.keeper.index.enabled
    world.settle()
    assert world.keeper.fresh()
    assert not any(world.values(f"88.118/{number}") for number in range(300))
    assert world.find(b"\x0288.118") is None


def test_a_prefix_that_comes_back_brings_them_back(world):
    """Suspended and active again."""
    world.put("88.118/A")
    world.prefix(replace(HOME, state=PrefixState.SUSPENDED))
    world.settle()
    world.prefix(HOME)
    world.settle()

    assert world.keeper.fresh()
    assert world.values("88.118/A") == public("88.118/A")


@pytest.mark.parametrize("state", [PrefixState.SUSPENDED, PrefixState.REVOKED], ids=["suspended", "revoked"])
def test_a_prefix_that_ends_takes_those_below_it_along(world, state):
    """Their records and they themselves; whoever is registered beside it stays, and all come back with it."""
    for number in range(20):
        world.prefix(PrefixEntry(f"88.118.{number}", homed=True))
        world.put(f"88.118.{number}/A")
    world.prefix(PrefixEntry("88.1180", homed=True))
    world.put("88.1180/A")
    world.settle()
    world.prefix(replace(HOME, state=state))

    assert not world.keeper.fresh()
    world.settle()
    assert world.keeper.fresh()
    assert not any(world.values(f"88.118.{number}/A") for number in range(20))
    assert not any(world.find(b"\x0288.118.%d" % number) for number in range(20))
    assert world.values("88.1180/A") == public("88.1180/A")
    world.prefix(HOME)
    world.settle()
    assert all(world.values(f"88.118.{number}/A") == public(f"88.118.{number}/A") for number in range(20))
    assert all(world.find(b"\x0288.118.%d" % number) for number in range(20))


def test_a_change_of_a_prefix_that_changes_no_answer_walks_nothing(world):
    """Its quota, for example."""
    for number in range(300):
        world.put(f"88.118/{number}")
    world.settle()
    world.prefix(replace(HOME, quota=1_000))

    assert world.keeper.fresh()


@pytest.mark.parametrize(("privacy", "flags"), [(Privacy.HANDLE, 3), (Privacy.STRICT, 1)], ids=["handle", "strict"])
def test_restricted_records_are_for_those_who_ask_for_public_values(world, privacy, flags):
    """Unless everybody is the public."""
    world.prefix(replace(HOME, privacy=privacy))
    world.put("88.118/A", url("one"), SECRET)
    world.settle()

    assert (OWN, PUBLIC_ONLY) == (1, 2)
    assert world.find(b"\x0188.118/A") == (public("88.118/A"), 1, 0, flags)


@pytest.mark.parametrize(
    ("name", "values"), [("88.118/A", (SECRET,)), ("88.118/" + "x" * 600, (url("long name"),))], ids=["hidden", "hashed key"]
)
def test_what_the_store_has_to_decide_is_not_in_it(world, name, values):
    """Records with nothing to show, names too long for a key."""
    world.put(name, *values)
    world.settle()

    assert world.values(name.upper()) is None


def test_prefixes_that_keep_case_are_not_in_it(world):
    """The compiled step folds every name."""
    world.prefix(PrefixEntry("88.120", homed=True, fold_suffix=False))
    world.put("88.120/A")
    world.settle()

    assert world.keeper.fresh()
    assert world.values("88.120/A") is None


def test_a_prefix_answers_for_itself(world):
    """Its own sites if it names some, this node's otherwise; delegated ones too; by kind of question."""
    site = Value(1, "HS_SITE", bytes(12))
    world.prefix(PrefixEntry("88.121", values=encode_values([site])))
    world.settle()

    assert world.find(b"\x0288.121")[0] == encode_values([site])
    assert SITE in world.find(b"\x0288.118")[0]
    assert {world.find(bytes((kind,)) + b"88.121")[1] for kind in (1, 2, 3, 4)} == {1}
    assert world.find(b"\x010.NA/88.121") == world.find(b"\x0188.121")


def test_a_prefix_without_sites_has_nothing_to_show(world):
    """Code 200, an empty message."""
    world.prefix(PrefixEntry("88.121"))
    world.settle()

    assert world.find(b"\x0288.121")[:2] == (bytes(4), 200)


def test_the_heartbeat_is_never_in_it(world):
    """Idle IDIS clients resolve `0`, and are to hear that it does not exist."""
    world.prefix(PrefixEntry("0"))
    world.settle()

    assert world.find(b"\x010") is None


def test_ranges_change_no_record(world):
    """They stand for prefixes that are not registered plainly."""
    world.put("88.118/A")
    world.change(lambda txn: txn.put_route(RouteEntry("88.101.1000", "88.101.1999", encode_values([]))))

    assert world.keeper.fresh()
    assert world.values("88.118/A") is not None


ELSEWHERE = encode_values([Value(1, "HS_SITE", bytes(12)), Value(2, "HS_SITE.PREFIX", bytes(14)), Value(3, "URL", b"u")])


def told(world: World, prefix: str) -> list[bytes] | None:
    """What the index tells of names of a prefix, of names below it, of prefixes below it."""
    found = world.find(b"\x05" + prefix.encode())
    if found is None:
        return None
    assert found[1:] == (302, 0, OWN)
    value, parts = found[0], []
    while value:
        size = int.from_bytes(value[:4], "big")
        parts.append(value[4 : 4 + size])
        value = value[4 + size :]
    return parts


def referred(world: World, *spellings: str) -> list[bytes]:
    """The bodies of the referrals that the authority gives."""
    with world.store.read() as txn:
        outcomes = [authority.answer(Query(name, parse_identifier(name)), txn, NOW) for name in spellings]
    assert all(isinstance(outcome, Referral) for outcome in outcomes)
    return [bytes(4) + outcome.values for outcome in outcomes if isinstance(outcome, Referral)]


def test_a_prefix_answered_elsewhere_tells_where(world):
    """Names of it, names below it, prefixes below it: as the authority would."""
    world.prefix(PrefixEntry("88.119", values=ELSEWHERE))

    assert world.keeper.fresh()
    assert world.keeper.index.refers
    assert told(world, "88.119") == referred(world, "88.119/x", "88.119.7.8/y", "0.NA/88.119.7")
    assert told(world, "88.118") is None


def test_below_a_prefix_with_prefixes_of_its_own_nothing_is_told(world):
    """A reader that missed one of them would go past it; names of the prefix itself are told all the same."""
    world.prefix(PrefixEntry("88.119", values=ELSEWHERE))
    world.prefix(PrefixEntry("88.119.7.8", homed=True))
    world.settle()

    assert told(world, "88.119") == [*referred(world, "88.119/x"), b"", b""]


def test_a_new_generation_tells_the_same(world):
    """Made from the store, it has what following the journal gave."""
    for entry in (PrefixEntry("88.119", values=ELSEWHERE), PrefixEntry("88.119.7", values=ELSEWHERE), PrefixEntry("88.120")):
        world.prefix(entry)
    world.settle()
    followed = [told(world, prefix) for prefix in ("88.119", "88.119.7", "88.120")]
    world.keeper.close()
    world.keeper = world.start(boot=b"another")
    world.settle()

    assert [told(world, prefix) for prefix in ("88.119", "88.119.7", "88.120")] == followed
    assert followed[2] is None
    assert world.keeper.index.refers


@pytest.mark.parametrize("state", [PrefixState.SUSPENDED, PrefixState.REVOKED])
def test_a_stopped_prefix_tells_nothing(world, state):
    """Nor does any below it."""
    for prefix in ("88.119", "88.119.7"):
        world.prefix(PrefixEntry(prefix, values=ELSEWHERE))
    world.settle()
    before = told(world, "88.119.7")
    world.prefix(PrefixEntry("88.119", values=ELSEWHERE, state=state))
    world.settle()

    assert before is not None
    assert [told(world, prefix) for prefix in ("88.119", "88.119.7")] == [None, None]


def test_where_there_are_ranges_nothing_is_told_below(world):
    """A range stands for prefixes below any other; also in a generation made from such a store."""
    world.prefix(PrefixEntry("88.119", values=ELSEWHERE))
    world.change(lambda txn: txn.put_route(RouteEntry("88.119.1000", "88.119.1999", encode_values([]))))
    assert world.keeper.fresh()
    followed = world.keeper.index.refers
    world.keeper.close()
    world.keeper = world.start(boot=b"another")
    world.settle()

    assert (followed, world.keeper.index.refers) == (False, False)


class TestAnotherRun:
    """What a later start makes of the file."""

    def test_goes_on_where_the_last_one_ended(self, world: World) -> None:
        """Only what happened since is taken in."""
        world.put("88.118/A")
        world.settle()
        world.keeper.close()
        world.put("88.118/B")
        world.delete(b"88.118\0A")
        world.keeper = world.start()

        assert world.keeper.wanted is None
        assert world.keeper.fresh()
        assert (world.values("88.118/A"), world.values("88.118/B")) == (None, public("88.118/B"))

    @pytest.mark.parametrize("changed", [{"identity": b"gen-000002"}, {"site": b"other"}, {"boot": b"later"}], ids=str)
    def test_makes_it_anew_when_it_is_another_ones(self, world: World, changed: dict[str, bytes]) -> None:
        """Of another store, with another own site, of before the machine went down."""
        world.put("88.118/A")
        world.settle()
        world.keeper.index.put(b"\x0188.118/FALSE", bytes(4))
        world.keeper.close()
        world.keeper = world.start(**changed)

        assert not world.keeper.fresh()
        world.settle()
        assert world.keeper.fresh()
        assert world.values("88.118/A") is not None
        assert world.values("88.118/FALSE") is None

    @pytest.mark.parametrize("damage", ["missing", "empty", "header", "short"])
    def test_makes_it_anew_when_it_cannot_be_read(self, world: World, damage: str) -> None:
        """Missing, empty, wrong in its header, cut off."""
        world.put("88.118/A")
        world.settle()
        world.keeper.close()
        path = world.directory / "answer-index" / "index"
        octets = path.read_bytes()
        path.unlink()
        if damage != "missing":
            path.write_bytes({"empty": b"", "header": bytes(64) + octets[64:], "short": octets[:-4_096]}[damage])
        world.keeper = world.start()
        world.settle()

        assert world.keeper.fresh()
        assert world.values("88.118/A") == public("88.118/A")

    def test_makes_it_anew_when_the_journal_no_longer_reaches_so_far(self, world: World) -> None:
        """Trimmed away while the node stood still."""
        world.keeper.close()
        for number in range(3):
            world.put(f"88.118/{number}")
        with world.store.read() as txn:
            world.store.trim(txn.position)
        world.keeper = world.start()

        assert not world.keeper.fresh()
        world.settle()
        assert world.keeper.fresh()
        assert all(world.values(f"88.118/{number}") for number in range(3))

    def test_a_walk_that_was_cut_off_is_done_again(self, world: World) -> None:
        """The mark stays in front of the change until its walk has ended."""
        for number in range(300):
            world.put(f"88.118/{number}")
        world.settle()
        world.prefix(replace(HOME, state=PrefixState.SUSPENDED))
        world.keeper.step()
        world.keeper.step()
        world.keeper.close()
        world.keeper = world.start()
        world.settle()

        assert world.keeper.fresh()
        assert not any(world.values(f"88.118/{number}") for number in range(300))


class TestRoom:
    """Generations."""

    def test_it_grows_before_it_is_full(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every record is still there, and readers of the old generation are told."""
        monkeypatch.setattr("idis.registry.answer_index_plan.GROW_AT", 0.001)
        before = world.keeper.index
        names = [f"88.118/{number}" for number in range(200)]
        for name in names:
            world.put(name, url("x" * 200))
        for _ in range(STEPS_MAX):
            if world.keeper.wanted is not None:
                world.keeper.create()
            world.keeper.step()
            if world.keeper.index is not before:
                break
        monkeypatch.undo()
        world.settle()

        assert world.keeper.index is not before
        assert world.keeper.fresh()
        assert all(world.values(name) for name in names)

    def test_changes_while_it_grows_are_in_the_new_one(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both generations get them."""
        for number in range(50):
            world.put(f"88.118/{number}")
        world.settle()
        monkeypatch.setattr("idis.registry.answer_index_plan.GROW_AT", 0.0)
        monkeypatch.setattr("idis.registry.answer_index.SLOTS_PER_PIECE", 16)
        before = world.keeper.index
        world.put("88.118/50")
        for number in range(STEPS_MAX):
            if world.keeper.wanted is not None:
                world.keeper.create()
            world.put(f"88.118/{number % 50}", url(str(number)))
            world.delete(f"88.118\0{(number + 25) % 50}".encode())
            world.keeper.step()
            if world.keeper.index is not before:
                break
        monkeypatch.setattr("idis.registry.answer_index_plan.GROW_AT", 0.9)
        world.settle()

        assert world.keeper.fresh()
        with world.store.read() as txn:
            for number in range(51):
                flags, values = txn.public(f"88.118\0{number}".encode())
                assert world.values(f"88.118/{number}") in ((None,) if flags else (values, None))

    def test_a_full_one_is_made_anew(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """What does not fit is never left out silently."""
        monkeypatch.setattr("idis.registry.answer_index_plan.GROW_AT", 2.0)
        blob = "x" * 200_000
        for number in range(60):
            world.put(f"88.118/{number}", url(blob))
            world.keeper.fresh()
        world.settle()

        assert world.keeper.fresh()
        assert all(world.values(f"88.118/{number}") for number in range(60))

    def test_a_store_too_large_for_it_gets_none(self, tmp_path: Path) -> None:
        """The bound is the operator's; it says so."""
        world = World(tmp_path)
        world.prefix(HOME)
        world.keeper = world.start(bytes_max=1_000)
        world.settle()

        assert world.keeper.index is None
        assert not world.keeper.fresh()
        assert "1000 are allowed" in world.keeper.failure

    def test_a_disk_without_room_is_a_failure_that_is_told(self, tmp_path: Path) -> None:
        """A file stands where the folder belongs."""
        (tmp_path / "answer-index").write_bytes(b"")
        world = World(tmp_path)
        world.settle()

        assert "cannot be used" in world.keeper.failure
        assert not world.keeper.fresh()


class TestFileThatIsGone:
    """Removed while the node runs."""

    @pytest.mark.parametrize("removed", ["file", "folder", "replaced"])
    def test_is_made_again(self, world: World, removed: str) -> None:
        """A copy with what was there and what came since, for whoever opens it next."""
        folder = world.directory / "answer-index"
        world.put("88.118/A")
        world.settle()
        there = world.keeper.look()
        if removed == "folder":
            rmtree(folder)
        else:
            (folder / "index").unlink()
        if removed == "replaced":
            (folder / "index").write_bytes(b"another")
        gone = world.keeper.look()
        world.put("88.118/B")
        answered = world.keeper.fresh()
        world.settle()
        reader = AnswerIndexReader(world.store, world.directory, boot=b"boot")

        assert (there, gone, answered, world.keeper.look()) == (False, True, True, False)
        assert reader.look()
        assert reader.fresh()
        assert [reader.index.get(b"\x0188.118/" + name, NOW)[0] for name in (b"A", b"B")] == [
            public("88.118/A"),
            public("88.118/B"),
        ]
        reader.close()

    def test_is_made_again_if_that_was_one_in_the_making(self, tmp_path: Path) -> None:
        """It cannot take its place any more, so there is another one."""
        world = World(tmp_path)
        world.prefix(HOME)
        while world.keeper.wanted is None:
            world.keeper.step()
        world.keeper.create()
        (tmp_path / "answer-index" / "index.new").unlink()
        world.settle()

        assert world.keeper.fresh()
        assert (tmp_path / "answer-index" / "index").exists()
        world.keeper.close()

    def test_is_read_until_there_is_another_one(self, world: World) -> None:
        """Its keeper writes to it, and tells when there is."""
        reader = AnswerIndexReader(world.store, world.directory, boot=b"boot")
        reader.look()
        before = reader.index
        (world.directory / "answer-index" / "index").unlink()
        looked, read = reader.look(), reader.fresh()
        world.keeper.look()
        world.settle()

        assert (looked, read) == (False, True)
        assert reader.fresh()
        assert reader.index is not before
        reader.close()


class TestReader:
    """The other processes."""

    @pytest.fixture
    def reader(self, world: World) -> Iterator[AnswerIndexReader]:
        """One beside the keeper."""
        made = AnswerIndexReader(world.store, world.directory, boot=b"boot")
        made.look()
        yield made
        made.close()

    def test_sees_what_the_keeper_took_in(self, world: World, reader: AnswerIndexReader) -> None:
        """And knows when it has not yet."""
        before = reader.fresh()
        world.put("88.118/A")
        behind = reader.fresh()
        world.keeper.step()

        assert (before, behind, reader.fresh()) == (True, False, True)
        assert reader.index.get(b"\x0188.118/A", NOW)[0] == public("88.118/A")

    def test_follows_to_the_next_one(self, world: World, reader: AnswerIndexReader, monkeypatch: pytest.MonkeyPatch) -> None:
        """At the first question after the change."""
        monkeypatch.setattr("idis.registry.answer_index_plan.GROW_AT", 0.0)
        before = reader.index
        world.put("88.118/A")
        for _ in range(STEPS_MAX):
            if world.keeper.wanted is not None:
                world.keeper.create()
            world.keeper.step()
            if before.retired:
                break

        assert before.retired
        assert reader.fresh()
        assert reader.index is not before

    def test_there_may_be_none(self, tmp_path: Path) -> None:
        """Not made yet."""
        reader = AnswerIndexReader(MemoryStore(), tmp_path, boot=b"boot")

        assert not reader.look()
        assert not reader.fresh()

    def test_one_of_another_boot_is_not_read(self, world: World) -> None:
        """Its pages may be of any age."""
        reader = AnswerIndexReader(world.store, world.directory, boot=b"later")

        assert not reader.look()
        assert not reader.fresh()


def test_the_index_agrees_with_the_store_after_anything(tmp_path):
    """Random changes of records and prefixes, steps, restarts: whatever it answers is what the store has."""
    random = Random(20_251_125)
    world = World(tmp_path)
    prefixes = ["88.118", "88.119"]
    for prefix in prefixes:
        world.prefix(replace(HOME, prefix=prefix))
    for _ in range(1_500):
        prefix, number = random.choice(prefixes), random.randrange(40)
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                values = (url(str(random.random())), *([SECRET] if random.random() < 0.2 else []))
                world.put(f"{prefix}/{number}", *values)
            case 4 | 5:
                world.delete(f"{prefix}\0{number}".encode())
            case 6 if random.random() < 0.2:
                state = random.choice((PrefixState.ACTIVE, PrefixState.ACTIVE, PrefixState.SUSPENDED))
                world.prefix(replace(HOME, prefix=prefix, state=state, privacy=random.choice(tuple(Privacy))))
            case 7 if random.random() < 0.05:
                world.keeper.close()
                world.keeper = world.start()
            case _:
                if world.keeper.wanted is not None:
                    world.keeper.create()
                world.keeper.step()
        if world.keeper.fresh():
            check(world, prefix, number)
    world.keeper.close()


def check(world: World, prefix: str, number: int) -> None:
    """Compare one record."""
    with world.store.read() as txn:
        entry, public = txn.prefix(prefix), txn.public(f"{prefix}\0{number}".encode())
    found = world.find(f"\x01{prefix}/{number}".encode())
    if entry is None or entry.state is not PrefixState.ACTIVE or public is None or public[0] & 1:
        assert found is None
    else:
        restricted = bool(public[0] & 4) and entry.privacy is Privacy.HANDLE
        assert found == (public[1], 1, 0, OWN | (PUBLIC_ONLY if restricted else 0))


def test_the_file_is_an_index(world):
    """Anyone may look into it."""
    index = AnswerIndex.open(world.directory / "answer-index" / "index", boot=b"boot")

    assert index.enabled
    index.close()
