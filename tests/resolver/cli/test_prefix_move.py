"""`idis prefix move`: records go from one running node to another, and a name is answered at every moment."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from idis.proto.value import Value, decode_values
from idis.registry import tokens
from idis.registry.audit.line import decode_line
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.prefix import Moving, PrefixEntry
from idis.registry.record import Alias, Record, StoredRecord, prepare
from idis.registry.registration.acts import Create, Delete, Done
from idis.registry.registration.checks import Refusal
from idis.registry.registration.delegation import HostingEvent
from idis.registry.registration.prefix_acts import Allocate, Home, Host, perform_prefix
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore
from idis.registry.token import TokenTerms
from idis.resolver.cli import prefix, prefix_move
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.client import Client
from idis.resolver.config import Tier
from idis.resolver.node import Node

NAME = "88.118.9"
RECORDS = 1_300  # three chunks
OPERATOR = tool("test")
SECRET = Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)


@dataclass
class Ends:
    """A secondary node that hosts 88.118.9, the enterprise's new node, and the command between them."""

    source: Node
    destination: Node
    tokens: tuple[Path, Path]

    def words(self, *more: str, back: bool = False) -> list[str]:
        """The command line."""
        ends = [(self.source, self.tokens[0]), (self.destination, self.tokens[1])]
        (one, one_token), (other, other_token) = reversed(ends) if back else ends
        urls = [f"http://127.0.0.1:{node.http_port}" for node in (one, other)]
        secrets = ["--from-token-file", str(one_token), "--to-token-file", str(other_token)]
        return ["move", NAME, "--from", urls[0], "--to", urls[1], *secrets, *more]

    async def move(self, *more: str, back: bool = False) -> int:
        """Run it beside the nodes."""
        parser = argparse.ArgumentParser()
        prefix.configure(parser)
        return await asyncio.to_thread(prefix.run, parser.parse_args(self.words(*more, back=back)))


def _store(node: Node) -> LmdbStore:
    return node._store


def _entry(node: Node) -> PrefixEntry:
    with _store(node).read() as txn:
        entry = txn.prefix(NAME)
    assert entry is not None
    return entry


def _record(node: Node, suffix: str) -> StoredRecord | None:
    with _store(node).read() as txn:
        return txn.record(record_key(NAME, suffix, True))


def _records(node: Node) -> int:
    with _store(node).read() as txn:
        return txn.stat(NAME).records


def _token(node: Node, file: Path) -> Path:
    terms = TokenTerms("move", roles=(RoleGrant(Role.OPERATOR),), actions=frozenset(Action))
    now = int(time.time())
    made = _store(node).write(lambda txn: tokens.create(txn, OPERATOR, terms, now), actor="test").result().result
    assert isinstance(made, tuple), made
    file.write_text(made[1] + "\n")
    return file


def _fill(store: LmdbStore) -> None:
    now = int(time.time())
    for act in (Allocate(NAME), Host(NAME, HostingEvent.APPLY), Host(NAME, HostingEvent.APPROVE)):
        store.write(lambda txn, act=act: perform_prefix(txn, act, OPERATOR, now), actor="test").result()  # type: ignore[misc]
    urls = [Value(1, "URL", b"https://example.com/%d" % number) for number in range(RECORDS)]
    records = [Record(f"{NAME}/item-{number}", (url,)) for number, url in enumerate(urls)]
    records.append(Record(f"{NAME}/Secret", (Value(1, "URL", b"https://example.com/s"), SECRET), (Alias("imo", "IMO9074729"),)))
    store.write_all([prepare(record, 1_700_000_000) for record in records], actor="test")
    store.write(lambda txn: txn.delete_record(record_key(NAME, "item-7", True)), actor="test").result()
    changed = Record(f"{NAME}/item-8", (Value(1, "URL", b"https://example.com/eight"),))
    store.write_all([prepare(changed, 1_700_000_001)], actor="test")


@pytest.fixture
async def ends(start_node: Callable[..., Awaitable[Node]], tmp_path: Path) -> Ends:
    """Both nodes, running."""
    source = await start_node("secondary-118", tier=Tier.SECONDARY, prefixes=("88.118",), records=())
    destination = await start_node("enterprise-118-9", prefixes=(), records=())
    _fill(_store(source))
    return Ends(source, destination, (_token(source, tmp_path / "from"), _token(destination, tmp_path / "to")))


async def test_records_arrive_as_they_were(ends: Ends, capsys: pytest.CaptureFixture[str]) -> None:
    """Values of every permission, timestamps, second names, spelling and version; deleted ones stay deleted."""
    before = [_record(ends.source, suffix) for suffix in ("Secret", "item-8", "item-1299")]
    code = await ends.move()
    after = [_record(ends.destination, suffix) for suffix in ("Secret", "item-8", "item-1299")]
    missing = _record(ends.destination, "item-7")

    assert code == ExitCode.DONE
    assert f"{NAME}: {RECORDS} records moved and compared" in capsys.readouterr().out
    assert [(one.identifier, one.public, one.restricted, one.aliases, one.version) for one in after if one] == [
        (one.identifier, one.public, one.restricted, one.aliases, one.version) for one in before if one
    ]
    assert missing is None


async def test_the_destination_answers_and_the_source_refers_and_forgets(ends: Ends) -> None:
    """The source keeps nothing of it, and names the destination's site; both trails say what happened."""
    await ends.move()
    here, there = _entry(ends.source), _entry(ends.destination)
    with _store(ends.source).read() as txn:
        source = [decode_line(line).act for _, line in txn.audits(None, 100)][-3:]
    with _store(ends.destination).read() as txn:
        destination = [decode_line(line).act for _, line in txn.audits(None, 100)][-2:]

    assert (here.answers_here, here.moving, _records(ends.source)) == (False, Moving.STAYS, 0)
    assert "HS_SITE" in [value.type for value in decode_values(here.values)]
    assert (there.homed, there.moving, _records(ends.destination)) == (True, Moving.STAYS, RECORDS)
    assert source == ["freeze prefix (move)", "give prefix (move)", "clear prefix (move)"]
    assert destination == ["arrive prefix (move)", "settle prefix (move)"]


async def test_a_name_is_answered_at_every_moment(ends: Ends) -> None:
    """Whoever asks the source all the while gets the record, or is referred to where he gets it."""
    asked, missed = 0, []
    moving = asyncio.create_task(ends.move())
    async with Client(f"127.0.0.1:{ends.source.port}", transport="tcp") as client:
        while not moving.done() or asked < 50:
            reply = await client.resolve(f"{NAME}/item-{asked % 6}")
            asked += 1
            if not reply.found:
                missed.append(reply)
            await asyncio.sleep(0)
    await moving

    assert missed == []
    assert asked >= 50


async def test_changes_made_meanwhile_arrive(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registered, changed and deleted between the copy and the freeze; after the freeze they are refused as busy."""
    copied, refused = prefix_move._Move._copy, []
    registrar, loop = ends.source._office.registrar, asyncio.get_running_loop()

    def perform(act: Create | Delete) -> Done | Refusal:
        return asyncio.run_coroutine_threadsafe(registrar.perform(act, OPERATOR), loop).result(10)

    def copy_then_change(move: prefix_move._Move, records: int) -> None:
        copied(move, records)
        perform(Create(f"{NAME}/late", (Value(1, "URL", b"https://example.com/late"),)))
        perform(Create(f"{NAME}/item-3", (Value(1, "URL", b"https://example.com/three"),), overwrite=True))
        perform(Delete(f"{NAME}/item-4"))

    settled = prefix_move._Move._compare_and_settle

    def change_then_settle(move: prefix_move._Move, position: str, known: bool) -> None:
        refused.append(perform(Create(f"{NAME}/too-late", (Value(1, "URL", b"x"),))))
        settled(move, position, known)

    monkeypatch.setattr(prefix_move._Move, "_copy", copy_then_change)
    monkeypatch.setattr(prefix_move._Move, "_compare_and_settle", change_then_settle)
    await ends.move()
    late, three, four = (_record(ends.destination, suffix) for suffix in ("late", "item-3", "item-4"))

    assert late is not None
    assert late.live
    assert three is not None
    assert three.version == 2
    assert three.values[0].data == b"https://example.com/three"
    assert four is not None
    assert not four.live
    assert [(one.code, one.message) for one in refused if isinstance(one, Refusal)] == [
        (3, f"the records of {NAME} are moving to another node: ask again in a few seconds")
    ]


async def test_an_interrupted_move_goes_on(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once before the destination answers, once after: the same command ends it."""
    with monkeypatch.context() as patched:
        patched.setattr(prefix_move._Move, "_compare_and_settle", _fail)
        with pytest.raises(CommandError, match="interrupted"):
            await ends.move()
    frozen = _entry(ends.source).moving
    with monkeypatch.context() as patched:
        patched.setattr(prefix_move._Move, "_give", _fail)
        with pytest.raises(CommandError, match="interrupted"):
            await ends.move()
    both = (_entry(ends.source).answers_here, _entry(ends.destination).answers_here)
    await ends.move()

    assert frozen is Moving.LEAVING
    assert both == (True, True)
    assert (_entry(ends.source).answers_here, _records(ends.source), _records(ends.destination)) == (False, 0, RECORDS)


async def test_an_interrupted_move_goes_back(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the destination does not answer: the source takes changes again, and the copy is gone."""
    with monkeypatch.context() as patched:
        patched.setattr(prefix_move._Move, "_compare_and_settle", _fail)
        with pytest.raises(CommandError, match="interrupted"):
            await ends.move()
    await ends.move("--abort")

    assert (_entry(ends.source).moving, _records(ends.source)) == (Moving.STAYS, RECORDS)
    assert (_entry(ends.destination).moving, _records(ends.destination)) == (Moving.STAYS, 0)
    await ends.move()
    with pytest.raises(CommandError, match="answered by the destination already"):
        await ends.move("--abort")


async def test_different_records_switch_nothing(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that differs in one octet stops the move, and says so."""
    copied = prefix_move._Move._copy

    def copy_wrongly(move: prefix_move._Move, records: int) -> None:
        copied(move, records)
        wrong = prepare(Record(f"{NAME}/item-0", (Value(1, "URL", b"https://example.com/X"),)), 1_700_000_000)
        _store(ends.destination).write(lambda txn: txn.put_record(wrong), actor="test").result()

    monkeypatch.setattr(prefix_move._Move, "_copy", copy_wrongly)
    with pytest.raises(CommandError, match="hold different records of 88"):
        await ends.move()

    assert (_entry(ends.source).answers_here, _entry(ends.destination).answers_here) == (True, False)


async def test_a_load_meanwhile_copies_everything_again(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal names a load as a whole: the copy begins anew, and nothing changes during the second one."""
    copies = []
    copied = prefix_move._Move._copy

    def copy_then_load(move: prefix_move._Move, records: int) -> None:
        copied(move, records)
        copies.append(records)
        if len(copies) == 1:
            more = [Record(f"{NAME}/load-{number}", (Value(1, "URL", b"x"),)) for number in range(20)]
            _store(ends.source).write_all([prepare(record, 1_700_000_002) for record in more], actor="test")

    monkeypatch.setattr(prefix_move._Move, "_copy", copy_then_load)
    await ends.move()

    assert _records(ends.destination) == RECORDS + 20
    assert _record(ends.destination, "item-3") is not None


async def test_a_prefix_that_went_comes_back(ends: Ends) -> None:
    """The enterprise gives up its node: the secondary node hosts it again, and the versions go on rising."""
    await ends.move()
    gone = _record(ends.destination, "item-5")
    await ends.move("--host", back=True)
    back = _record(ends.source, "item-5")

    assert (_entry(ends.source).hosting.name, _entry(ends.destination).answers_here) == ("HOSTED", False)
    assert (_records(ends.source), _records(ends.destination)) == (RECORDS, 0)
    assert back is not None
    assert gone is not None
    assert back.public == gone.public
    assert back.version > gone.version


async def test_a_node_that_homes_the_prefix_from_its_start_receives_it(ends: Ends) -> None:
    """As `idis init --prefix` makes it: it holds nothing yet."""
    home = Home(NAME)
    _store(ends.destination).write(lambda txn: perform_prefix(txn, home, OPERATOR, 0), actor="test").result()
    await ends.move()

    assert (_entry(ends.source).answers_here, _entry(ends.destination).homed) == (False, True)
    assert _records(ends.destination) == RECORDS


async def test_two_nodes_with_records_of_their_own_are_left_alone(ends: Ends) -> None:
    """Which of them is right, only their owners know."""
    store, own = _store(ends.destination), prepare(Record(f"{NAME}/own", (Value(1, "URL", b"x"),)), 0)
    store.write(lambda txn: perform_prefix(txn, Home(NAME), OPERATOR, 0), actor="test").result()
    store.write(lambda txn: txn.put_record(own), actor="test").result()
    with pytest.raises(CommandError, match="both hold records"):
        await ends.move()

    assert (_records(ends.source), _records(ends.destination)) == (RECORDS, 1)


async def test_only_operators_and_the_parents_administrators_move(ends: Ends, tmp_path: Path) -> None:
    """The records hold secrets: a token for other prefixes sees none of them."""
    terms = TokenTerms("other", roles=(RoleGrant(Role.OPERATOR),), prefixes=("88.119",), actions=frozenset(Action))
    now = int(time.time())
    made = _store(ends.source).write(lambda txn: tokens.create(txn, OPERATOR, terms, now), actor="test").result().result
    assert isinstance(made, tuple), made
    ends.tokens[0].write_text(made[1])
    with pytest.raises(CommandError, match="this token may not be used"):
        await ends.move()

    assert _entry(ends.source).moving is Moving.STAYS


def _fail(*_arguments: object) -> None:
    raise CommandError("interrupted")
