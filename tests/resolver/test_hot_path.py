"""The hot path of live nodes, compiled where it is and plain everywhere: the same answers, and every change in the next one."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from idis.proto import speedups
from idis.proto.value import Value, encode_values
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver import node as node_module
from idis.resolver.commits import Commits
from idis.resolver.config import GuardSection, ListenSection, NodeConfig, NodeSection, RecursionSection, Tier
from idis.resolver.creation import create_node
from idis.resolver.guard.sources import Sources
from idis.resolver.metrics import Metrics
from idis.resolver.own_site import own_site
from idis.resolver.transports import tcp

NOW = 1_700_000_000
MANY = tuple(Record(f"88.118.8/N{number}", (Value(1, "URL", b"u" * (number % 90)),)) for number in range(300))
COMPILED = speedups.LOADED == speedups.COMPILED
needs_compiled = pytest.mark.skipif(not COMPILED, reason="the compiled hot path is not loaded")
LOOKS_MAX, LOOK_S = 2_000, 0.005
REFERRED = (
    "88.20/x", "88.20.1.2/x", "88.20.1", "0.NA/88.20.1", "88.20", "88.21/x", "88.21.1/x", "88.21.2/X y", "88.21.3", "88.21.1.4/x",
    "88.20..1/x", "88.20./x", "88.20.船/x", "88.20.1/船", "88.20.1/", "88.20.1/\x01", "88.22/x", "88.22.1/x",
)  # fmt: skip
_SITES = encode_values([Value(1, "HS_SITE", bytes(12)), Value(2, "HS_SITE.PREFIX", bytes(14)), Value(3, "HS_SITE.6", bytes(9))])
DELEGATED = (
    PrefixEntry("88.20", values=_SITES),
    PrefixEntry("88.21", values=_SITES),
    PrefixEntry("88.21.1", values=encode_values([Value(7, "HS_SITE", bytes(20))])),
    PrefixEntry("88.22"),
)
ELSEWHERE = (Record("99.1/1", (Value(1, "URL", b"old"),)),)

# What another process does with a data directory, a name and a text.
WRITE = """
import sys
from pathlib import Path
from idis.proto.value import Value, encode_values
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)
store.write_all([prepare(Record(sys.argv[2], (Value(1, "URL", sys.argv[3].encode()),)), 1)], actor="test")
store.close()
"""


async def ready(node) -> None:
    """Wait until the index answers, where there is one."""
    if node._hot_path is None:
        return
    for _ in range(LOOKS_MAX):
        if node._hot_path.accelerator.answers.fresh():
            return
        await asyncio.sleep(LOOK_S)
    raise AssertionError("the index is not ready in time")


@pytest.fixture(params=[pytest.param(2**30, id="compiled", marks=needs_compiled), pytest.param(0, id="plain")])
async def node(request, start_node):
    """A running node that uses one path or the other."""
    section = NodeSection(name="n", tier=Tier.ENTERPRISE, prefixes=("88.118.8",), log_level="error", index_bytes=request.param)
    running = await start_node(node=section, records=MANY)
    await ready(running)
    return running


Ask = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture(params=["udp", "tcp"])
def ask(request, node, client_of) -> Ask:
    """One question over one transport."""
    client = client_of(node)

    async def over_udp(frame: bytes) -> bytes:
        return (await client.ask_udp(frame))[0]

    return over_udp if request.param == "udp" else client.ask_tcp


async def eventually(fact: Callable[[], bool]) -> None:
    """Wait until something becomes true."""
    for _ in range(LOOKS_MAX):
        if fact():
            return
        await asyncio.sleep(LOOK_S)
    raise AssertionError("it does not become true in time")


class Apart:
    """A store, the index of the process that keeps it, and of one that answers from it."""

    def __init__(self, directory: Path) -> None:
        from idis.resolver.hot_path import HotPath  # which imports what is compiled

        config = NodeConfig(directory, NodeSection(name="n", prefixes=("88.118.8",)))
        create_node(directory, config)
        self.store = LmdbStore.open(directory, exclusive=True)
        self.commits = Commits(self.store, None)
        site, sources = own_site(config, 2641, 8000, b""), Sources(config.guard)
        self.paths = [
            HotPath(config, self.store, site, sources, Metrics(), recursor=None, follower=None, keeps=keeps, hot=not keeps)
            for keeps in (True, False)
        ]
        self.keeper, self.reader = (path.index_answers for path in self.paths)

    def put(self, name: str) -> None:
        """A change by the process that keeps the index, acknowledged."""
        record = prepare(Record(name, (Value(1, "URL", b"u"),)), NOW)
        self.store.write(lambda txn: txn.put_record(record), actor="test").result()


@pytest.fixture
async def apart(tmp_path, monkeypatch):
    """The index is kept, and a question has found it."""
    monkeypatch.setattr("idis.resolver.hot_path.BUSY_FOR_S", 0.0)  # who keeps it sleeps when he has nothing to do
    made = Apart(tmp_path)
    keeping = asyncio.create_task(made.paths[0].run(made.commits))
    await eventually(made.reader.look)
    yield made
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    for path in made.paths:
        path.close()
    made.store.close()


def write(node, name: str, text: str) -> None:
    """A change by the node's own process, acknowledged."""
    record = prepare(Record(name, (Value(1, "URL", text.encode()),)), NOW)
    node._store.write(lambda txn: txn.put_record(record), actor="test").result()


async def write_elsewhere(node, name: str, text: str) -> None:
    """The same by another process on the same directory."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITE, str(node.config.data_dir), name, text)
    assert await process.wait() == 0


@needs_compiled
async def test_a_keeper_has_a_change_in_the_index_when_it_is_acknowledged(apart):
    """Workers answer from it: no turn of the keeper's loop lies between the commit and their next answer."""
    apart.put("88.118.8/new")

    assert apart.keeper.index.position == apart.store.last_transaction


@needs_compiled
async def test_a_generation_that_a_question_has_found_is_mapped_whole_too(apart, monkeypatch):
    """In a thread, like one that was looked for; else its pages would be met one by one by those who ask."""
    warmed = []

    async def to_thread(work: Callable[[], object]) -> None:
        warmed.append(getattr(work, "__self__", None))
        work()

    monkeypatch.setattr("idis.resolver.hot_path.asyncio.to_thread", to_thread)
    looking = asyncio.create_task(apart.paths[1].run(Commits(apart.store, None)))
    await asyncio.sleep(0)
    looking.cancel()

    assert warmed == [apart.reader.index]


@needs_compiled
async def test_a_file_that_is_removed_is_made_again_even_if_nothing_is_committed(apart, caplog):
    """At the next look of the second; the log says so once."""
    file = apart.paths[0]._config.data_dir / "answer-index" / "index"
    await eventually(lambda: bool(apart.commits._waiting))  # it has nothing to do
    file.unlink()
    for _ in range(2):
        apart.paths[0].look(apart.commits, Metrics)
    await eventually(file.exists)

    assert [record.getMessage() for record in caplog.records].count("answer index") == 1
    assert apart.reader.fresh()


async def test_a_node_tells_which_step_answers(node):
    """Compiled and from the index, or plain and from the store."""
    before = node.metrics.gathered().path
    if node._hot_path is None:
        assert before == ("plain", "store")
        return
    node._hot_path.accelerator.answers.index.enabled = False

    assert before == ("compiled", "index")
    assert node.metrics.gathered().path == ("compiled", "store")


async def test_a_write_is_in_the_next_answer(node, ask, frame, code):
    """New, replaced, deleted: nothing is awaited between the acknowledgement and the question."""
    seen = []
    for text in ("first", "second"):
        write(node, "88.118.8/new", text)
        answer = await ask(frame("88.118.8/new"))
        seen.append(text.encode() in answer)
    node._store.write(lambda txn: txn.delete_record(b"88.118.8\0NEW"), actor="test").result()

    assert seen == [True, True]
    assert code(await ask(frame("88.118.8/new"))) == 100


async def test_a_write_of_another_process_is_in_the_next_answer(node, ask, frame):
    """The command line writes beside the node."""
    before = await ask(frame("88.118.8/N1"))
    await write_elsewhere(node, "88.118.8/N1", "from elsewhere")

    assert b"from elsewhere" not in before
    assert b"from elsewhere" in await ask(frame("88.118.8/N1"))


async def test_a_suspended_prefix_is_refused_at_the_next_question(node, ask, frame, code):
    """And answered again when it is active."""
    codes = [code(await ask(frame("88.118.8/N1")))]
    for state in (PrefixState.SUSPENDED, PrefixState.ACTIVE):
        set_state(node, state)
        codes.append(code(await ask(frame("88.118.8/N1"))))
        await ready(node)
        codes.append(code(await ask(frame("88.118.8/N1"))))

    assert codes == [1, 301, 301, 1, 1]


def set_state(node, state: PrefixState) -> None:
    """Change the state of the prefix, acknowledged."""
    with node._store.read() as txn:
        entry = replace(txn.prefix("88.118.8"), state=state)
    node._store.write(lambda txn: txn.put_prefix(entry), actor="test").result()


def frames(random: Random, count: int) -> list[bytes]:
    """Questions of every sort, some of them mutated; each with its number as request id."""
    made = []
    for number in range(1, count + 1):
        record = f"88.118.8/N{random.randrange(330)}"
        name = random.choice(
            [record, record, record, "88.118.8/n7", "88.118.8", "0.NA/88.118.8", "0.na/88.118.8", "99.1/x", "0", "", *REFERRED]
        ).encode()
        types = random.choice([(), (), (), (b"HS_SITE",), (b"HS_SITE", b"HS_SITE.6", b"HS_SERV"), (b"URL",)])
        body = struct.pack(">I", len(name)) + name + bytes(4) + struct.pack(">I", len(types))
        body += b"".join(struct.pack(">I", len(one)) + one for one in types) + random.choice([b"", b"", bytes(4)])
        flags = random.choice([0x1900_0000, 0x1900_0000, 0x1000_0000, 0x9900_0000, 0x1910_0000, 0x1908_0000, 0x1980_0000])
        expiration = random.choice([2_000_000_000, 2_000_000_000, 4_294_967_295])
        head = struct.pack(">IIIHBBII", 1, 0, flags, random.randrange(65_536), random.randrange(3), 0, expiration, len(body))
        versions = random.choice([(2, 3, 2, 11), (2, 3, 2, 11), (2, 1, 2, 1), (2, 11, 2, 12), (2, 3, 0, 0)])
        message = head + body + random.choice([bytes(4), bytes(4), b""])
        frame = bytearray(struct.pack(">BBBBIIII", *versions, random.choice([0, 0, 7]), number, 0, len(message)) + message)
        if random.random() < 0.15:
            at = random.randrange(20, len(frame))
            frame[at] = random.choice([0, 1, 0x7F, 0xFF])
        made.append(bytes(frame))
    return made


async def answers_of(node, questions: list[bytes]) -> dict[int, bytes]:
    """All answers over one pipelined connection, in whatever order, by request id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    random, stream = Random(5), b"".join(questions)
    while stream:
        cut = random.randrange(1, 6_000)
        writer.write(stream[:cut])
        await writer.drain()
        stream = stream[cut:]
        await asyncio.sleep(0)
    writer.write_eof()
    got, octets = {}, await reader.read(-1)
    writer.close()
    while octets:
        size = 20 + int.from_bytes(octets[16:20], "big")
        got[int.from_bytes(octets[8:12], "big")] = octets[:size]
        octets = octets[size:]
    return got


@needs_compiled
async def test_both_paths_give_the_same_octets(start_node):
    """Every question, common or not, sane or mutated, over streams cut anywhere: not one octet differs."""
    section = NodeSection(name="one", tier=Tier.ENTERPRISE, prefixes=("88.118.8",), log_level="error")
    compiled = await start_node("one", node=section, records=MANY)
    for entry in DELEGATED:
        compiled._store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()
    await ready(compiled)
    questions = frames(Random(20_251_125), 6_000)
    fast = await answers_of(compiled, questions)
    compiled._hot_path.accelerator.answers.index.enabled = False
    plain = await answers_of(compiled, questions)

    assert compiled.metrics.gathered().answered["tcp", 302] > 400
    assert len(fast) == len(plain) > 5_900
    assert [number for number in plain if not alike(fast[number], plain[number])] == []


def alike(one: bytes, other: bytes) -> bool:
    """The same octets, but for what is random in a challenge and for the second in which an expiration was made."""
    if one[24:28] == other[24:28] == b"\x00\x00\x01\x92":
        return len(one) == len(other)
    if one[36:40] != other[36:40]:
        return abs(int.from_bytes(one[36:40], "big") - int.from_bytes(other[36:40], "big")) <= 10 and one[40:] == other[40:]
    return one == other


@needs_compiled
async def test_what_the_compiled_step_answers_is_counted(node, client_of, frame):
    """By transport and code, with the time it took, rate limits and silences included."""
    client = client_of(node)
    await client.ask_udp(frame("88.118.8/N1"))
    await client.ask_tcp(frame("88.118.8/N1"))
    await client.ask_udp(frame("88.118.8/N1")[:-1], wait_s=0.1)
    metrics = node.metrics.gathered()

    assert (metrics.answered["udp", 1], metrics.answered["tcp", 1]) == (1, 1)
    assert sum(metrics.durations["tcp"].counts) == 1
    assert metrics.silent["malformed"] == 1


async def test_a_connection_is_held_to_its_rate(start_node, client_of, frame, code, monkeypatch):
    """Inside the compiled step as outside of it: beyond the rate, code 3."""
    monkeypatch.setattr(tcp, "REFUSED_PAUSE_S", 0)
    running = await start_node(records=MANY, guard=GuardSection(trusted_networks=(), validated_per_s=4, network_per_s=100))
    await ready(running)
    reader, writer = await client_of(running).tcp()
    writer.write(b"".join(frame("88.118.8/N1", number) for number in range(15)))
    codes = [code(await client_of(running).read_frame(reader)) for _ in range(15)]
    writer.close()

    assert sorted(codes) == [1] * 10 + [3] * 5


async def test_a_source_proven_by_tcp_gets_long_answers_by_udp(start_node, client_of, frame):
    """A stranger's question is not answered with more octets than it sent, until an exchange over TCP has shown its address."""
    running = await start_node(records=MANY, guard=GuardSection(trusted_networks=()))
    await ready(running)
    client = client_of(running)
    before = await client.ask_udp(frame("88.118.8/N80"), wait_s=0.1)
    await client.ask_tcp(frame("88.118.8/N80"))

    assert before == []
    assert len(await client.ask_udp(frame("88.118.8/N80"))) == 1


async def test_a_restart_answers_before_the_index_does(start_node, make_config, client_of, frame, code):
    """From the store at once; from the index of the last run a moment later."""
    running = await start_node(records=MANY)
    await ready(running)
    await running.stop()
    again = node_module.Node(make_config())
    await again.start()
    first = await client_of(again).ask_udp(frame("88.118.8/N1"))
    await ready(again)
    second = await client_of(again).ask_udp(frame("88.118.8/N1"))
    await again.stop()

    assert first[0] == second[0]
    assert code(first[0]) == 1


def spoil(path: Path, damage: str) -> None:
    """Write into the file, beyond its header, or remove it; where there is one."""
    if not COMPILED:
        return
    octets, random = bytearray(path.read_bytes()), Random(1)
    for _ in range(20_000):
        octets[random.randrange(4_096, len(octets))] = random.randrange(256)
    path.unlink()
    if damage == "garbage":
        path.write_bytes(octets)


@pytest.mark.parametrize("damage", ["garbage", "missing"])
async def test_a_damaged_index_never_answers_wrongly(start_node, make_config, client_of, frame, code, damage):
    """The node makes another one."""
    running = await start_node(records=MANY)
    await ready(running)
    await running.stop()
    spoil(running.config.data_dir / "answer-index" / "index", damage)
    again = node_module.Node(make_config())
    await again.start()
    await ready(again)
    answers = [await client_of(again).ask_tcp(frame(record.identifier)) for record in MANY[:50]]
    await again.stop()

    assert [code(answer) for answer in answers] == [1] * 50
    assert all(record.values[0].data in answer for record, answer in zip(MANY, answers, strict=False))


@needs_compiled
@pytest.mark.parametrize("transport", ["ask_udp", "ask_tcp"])
async def test_entries_that_rot_are_made_anew(start_node, client_of, frame, caplog, transport):
    """After some failed checksums, and the log says so once; from then on the index answers."""
    from idis.resolver.hot_path import DAMAGED_MAX

    node = await start_node(records=MANY)
    await ready(node)
    path, ask = node._hot_path, getattr(client_of(node), transport)
    spoilt = path._answers.index
    await eventually(lambda: path._judged is spoilt)
    with (node.config.data_dir / "answer-index" / "index").open("r+b") as file:
        octets = file.read().replace(b"u" * 60, b"v" * 60)
        file.seek(0)
        file.write(octets)
    for number in range(60, 60 + DAMAGED_MAX):
        await ask(frame(f"88.118.8/N{number}"))
    known = node.metrics.gathered().index["damaged"]
    await asyncio.sleep(5 * node_module.SWEEP_S)
    kept = spoilt.enabled
    await ask(frame("88.118.8/N89"))
    await eventually(lambda: path._answers.index is not spoilt)
    await ready(node)
    answer = await ask(frame("88.118.8/N60"))

    assert (known, kept) == (DAMAGED_MAX, True)
    assert b"u" * 60 in (answer if transport == "ask_tcp" else answer[0])
    assert node.metrics.gathered().index["damaged"] == DAMAGED_MAX + 1
    assert [record.getMessage() for record in caplog.records].count("answer index") == 1


async def test_a_prefix_registered_on_a_recursive_node_is_its_own_at_once(start_node, client_of, frame, code):
    """What its cache had from others is not shown any more, by the compiled step either."""
    other = await start_node("national", tier=Tier.NATIONAL, prefixes=("99.1",), records=ELSEWHERE)
    recursive = await start_node(
        "recursive",
        tier=Tier.RECURSIVE,
        prefixes=(),
        records=(),
        recursion=RecursionSection(enabled=True, roots=(f"127.0.0.1:{other.port}",)),
    )
    client = client_of(recursive)
    cached = [(await client.ask_udp(frame("99.1/1")))[0] for _ in range(4)]
    recursive._store.write(lambda txn: txn.put_prefix(PrefixEntry("99.1", homed=True)), actor="test").result()
    (after,) = await client.ask_udp(frame("99.1/1"))

    assert [b"old" in answer for answer in cached] == [True] * 4
    assert code(after) == 100
    assert after[28] & 0x80


@needs_compiled
async def test_cached_answers_come_from_the_compiled_step(start_node, client_of, frame):
    """The same octets as the cache gives, and the hits are counted."""
    other = await start_node("national", tier=Tier.NATIONAL, prefixes=("99.1",), records=ELSEWHERE)
    recursive = await start_node(
        "recursive",
        tier=Tier.RECURSIVE,
        prefixes=(),
        records=(),
        recursion=RecursionSection(enabled=True, roots=(f"127.0.0.1:{other.port}",)),
    )
    client = client_of(recursive)
    answers = [(await client.ask_udp(frame("99.1/1")))[0] for _ in range(5)]
    metrics = recursive.metrics.gathered()

    assert len(set(answers[1:])) == 1
    assert recursive._hot_path.accelerator.answers.index.get(b"\x0199.1/1", NOW) is not None
    assert metrics.recursion["hits.answer"] == 4
    assert metrics.answered["udp", 1] == 5


async def test_udp_is_served_on_ipv6(start_node, client_of, frame, code):
    """Addresses, scopes and the trusted networks of the other family."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    running = await start_node(records=MANY, listen=ListenSection(hosts=("::1",), port=0, http_port=0))
    await ready(running)
    (answer,) = await client_of(running, "::1").ask_udp(frame("88.118.8/N1"))

    assert code(answer) == 1
