"""What the compiled hot path takes: filling and asking the index, `process` on chunks of a stream, `drain` over loopback.

    python -m idis.bench.micro.hot_path --records 1000000

Keys are uniform and random over all records, so that an answer comes from memory, not from the processor's caches. Each
figure is the best of several rounds, taken in turn: on a machine that does other things the best round is the one least
disturbed. `drain` is held against a bare recvmmsg and sendmmsg of the same sizes in the same process; the difference is
what parsing, limits, look-up and copying add to the kernel's share.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from idis.bench.asking.questions import handle_frames
from idis.bench.folder import add_directory, working_folder
from idis.bench.machine import machine_line
from idis.bench.micro.loopback import Loopback
from idis.proto import speedups
from idis.proto.value import Value, encode_values

if TYPE_CHECKING:
    from idis.proto._speedups import AnswerIndex

NOW = 1_700_000_000
SERIAL = 7
VALUE_DATA_BYTES = 250  # makes answers of about 360 octets, as the reference figures have
ENTRY_BYTES = 384  # room for each in the arena
CHUNK_FRAMES = (1, 16, 64, 256)
SAMPLE = 100_000  # questions of one round
ROUNDS = 7
SECRET = bytes(range(16))


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result."""

    name: str
    best: float
    unit: str

    def __str__(self) -> str:
        return f"{self.name:44} {self.best:10,.0f} {self.unit}"


def measure(records: int, rounds: int, folder: Path, seed: int = 1) -> Iterator[Figure]:
    """All figures, one after the other.

    Args:
        records: entries of the index.
        rounds: how often each part is timed.
        folder: where the index's file is made; /dev/shm keeps the disk out of it.
        seed: of the choice of keys.
    """
    from idis.proto._speedups import AnswerIndex

    random = Random(seed)
    index = AnswerIndex.create(folder / "index", AnswerIndex.slots_for(records), records * ENTRY_BYTES + 65_536, SECRET)
    try:
        yield from _filling(index, records)
        index.enabled = True
        index.warm()
        yield from _keys(index, records, rounds, random)
        yield from _streams(index, records, rounds, random)
        yield from _datagrams(index, records, rounds, random)
    finally:
        index.close()


def name_of(number: int) -> str:
    """The identifier of a record."""
    return f"88.118.8/PART-{number:09}"


def _key(number: int) -> bytes:
    return b"\x01" + name_of(number).encode()


def _value() -> bytes:
    return encode_values([Value(1, "URL", bytes(VALUE_DATA_BYTES))])


def _filling(index: AnswerIndex, records: int) -> Iterator[Figure]:
    value = _value()
    took_s = 0.0
    for start in range(0, records, SAMPLE):
        entries = [(_key(number), value, 1) for number in range(start, min(start + SAMPLE, records))]
        took_s += _seconds(partial(index.load, entries))
    yield Figure("load", records / took_s, "entries/s")
    fill = index.fill()
    each = (fill.used_bytes + 8 * fill.slots) / records
    yield Figure("octets of the file per entry", each, "octets")
    yield Figure("of these beside key and value", each - len(_key(0)) - len(value), "octets")


def _keys(index: AnswerIndex, records: int, rounds: int, random: Random) -> Iterator[Figure]:
    keys = [_key(random.randrange(records)) for _ in range(SAMPLE)]

    def get_all() -> None:
        get = index.get
        for key in keys:
            get(key, NOW)

    yield Figure("get from Python", _best(get_all, rounds) / SAMPLE * 1e9, "ns")
    few = keys[: min(SAMPLE, records // 50)]  # what replacements use of the arena comes back only with a new file
    value = _value()

    def put_all() -> None:
        put = index.put
        for key in few:
            put(key, value)

    yield Figure("put, replacing", _seconds(put_all) / len(few) * 1e9, "ns")


def _streams(index: AnswerIndex, records: int, rounds: int, random: Random) -> Iterator[Figure]:
    from idis.proto._speedups import Counters, process

    counters = Counters()
    for frames in CHUNK_FRAMES:
        chunks = [b"".join(batch) for batch in _questions(records, SAMPLE, frames, random)]

        def answer_all(chunks: Sequence[bytes] = chunks) -> None:
            for chunk in chunks:
                process(index, chunk, NOW, SERIAL, counters)

        took_s = _best(answer_all, rounds)
        yield Figure(f"process, {frames} frames a chunk", took_s / len(chunks) / frames * 1e9, "ns/frame")
    assert counters.answered[1] >= rounds * SAMPLE, "some questions were not common"


def _datagrams(index: AnswerIndex, records: int, rounds: int, random: Random) -> Iterator[Figure]:
    from idis.proto._speedups import DATAGRAMS_MAX, Counters, Gate, drain

    counters, gate = Counters(), Gate([(bytes((127, 0, 0, 0)), 8)], SECRET)
    with Loopback(DATAGRAMS_MAX) as loopback:
        node = loopback.node.fileno()
        questions = itertools.cycle(_questions(records, SAMPLE, DATAGRAMS_MAX, random))
        bare: list[float] = []
        drained: list[float] = []
        for _ in range(rounds * 300):
            batch = next(questions)
            loopback.ask(batch)
            bare.append(_seconds(loopback.echo))
            loopback.collect()
            loopback.ask(batch)
            drained.append(_seconds(lambda: drain(index, gate, node, NOW, 0.0, SERIAL, counters, _is_fresh)))
            answers = loopback.collect()
            assert len(answers) == DATAGRAMS_MAX, "loopback lost datagrams"
            loopback.answer_bytes = len(answers[0])
    # Best of thousands would be luck: the lower quarter is what an undisturbed step takes.
    bare_ns, drained_ns = (sorted(times)[len(times) // 4] / DATAGRAMS_MAX * 1e9 for times in (bare, drained))
    yield Figure("recvmmsg and sendmmsg alone", bare_ns, "ns/datagram")
    yield Figure("drain", drained_ns, "ns/datagram")
    yield Figure("drain adds", drained_ns - bare_ns, "ns/datagram")


def _is_fresh() -> bool:
    return True


def _questions(records: int, count: int, batch: int, random: Random) -> list[list[bytes]]:
    names = [name_of(random.randrange(records)).lower() for _ in range(count // batch * batch)]
    frames = handle_frames(names, now=NOW, datagrams=True)
    starts = [0, *frames.ends]
    cut = [frames.octets[start:end] for start, end in itertools.pairwise(starts)]
    return [cut[at : at + batch] for at in range(0, len(cut), batch)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _best(work: Callable[[], object], rounds: int) -> float:
    return min(_seconds(work) for _ in range(rounds))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    add_directory(parser)
    parser.add_argument("--core", type=int, help="run on this core alone")
    wanted = parser.parse_args(arguments)
    if speedups.LOADED != speedups.COMPILED:
        print("the compiled hot path is not loaded: there is nothing to measure", file=sys.stderr)
        return 1
    if wanted.core is not None:
        os.sched_setaffinity(0, {wanted.core})
    print(machine_line())
    print(f"{wanted.records:,} records, best of {wanted.rounds} rounds")
    with working_folder("hot-path", wanted.directory) as folder:
        for figure in measure(wanted.records, wanted.rounds, folder):
            print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
