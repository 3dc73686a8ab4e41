"""Whether the time of an answer tells what is hidden from what is absent (`trust.md` P9).

    python -m idis.bench.hidden [--pairs 20000] [--json]

One node holds pairs that must look alike to the public: a record with a value under a readers' list and a statement about it
for some, and one without, asked whole and for the value; below a strict prefix a record of which everything is hidden, and a
name that was never registered. Both of a pair are asked over one socket in random order, the time of each answer is taken,
and a classifier tries to tell them apart: on half of the pairs it learns which of the two is slower, on the other half it is
judged, and the other way round. The area under its curve is 0.5 when it guesses; the goal is at most 0.52. It also judges
medians of 25 answers, as somebody would who may ask often. Answers of a pair that differ in an octet beyond their name end
the run.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from idis.bench.machine import machine_line
from idis.bench.peers.stage import HOST, Stage, answers_by_datagram, free_port, idis
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.message import encode_message
from idis.proto.query import Query
from idis.proto.statement import KID_BYTES, SALT_BYTES, SIGNED_INDEX, SIGNED_TYPE, VIEW_FULL, VIEW_PUBLIC, Suite
from idis.proto.types.signed import Signed, encode_signed
from idis.proto.value import Value
from idis.registry.prefix import Privacy
from idis.registry.readers import NOTHING_LISTED, ReaderLists, lists_value, mark
from idis.registry.record import Record, prepare
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.views import SEALED_PERMISSIONS
from idis.resolver.config import ListenSection, NodeConfig, NodeSection
from idis.resolver.creation import create_node

PAIRS_DEFAULT = 20_000
PAIRS_MIN = 200
GOAL = 0.52
NAMES = 400  # of each kind, drawn at random: no single record's place in the store decides
BLOCK = 25  # answers whose median somebody takes who may ask often
TIMEOUT_S = 2.0
INDEX_S = 1.0  # until the answer index of so few records is built, so that one path is measured and not two
OPEN, STRICT = "88.1", "88.2"
_NOW = 1_700_000_000
_ACTOR = "idis bench"
_HEADER_TIMES = slice(36, 40)  # the expiration of an answer
_ENVELOPE_IDS = slice(8, 12)  # its request id


@dataclass(frozen=True, slots=True)
class Situation:
    """One way to ask for what may be hidden: names that hide something, names that do not, and what is asked of them."""

    line: str
    hiding: Sequence[str]
    plain: Sequence[str]
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifier makes of one situation over one transport.

    Attributes:
        auc: area under its curve on pairs it had not seen, for single answers; `blocks` for medians of BLOCK.
        spread: half the width of the interval in which a guesser's `auc` lies in 95 of 100 runs; `block_spread` likewise.
        medians_us: of the hiding, and of the plain.
    """

    situation: str
    transport: str
    auc: float
    spread: float
    blocks: float
    block_spread: float
    medians_us: tuple[float, float]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.hidden", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pairs", type=int, default=PAIRS_DEFAULT, metavar="N", help="of each situation; default %(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of names and orders; default %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    verdicts = measure(max(arguments.pairs, PAIRS_MIN), arguments.seed)
    print(json.dumps([document_of(verdict) for verdict in verdicts]) if arguments.json else report_of(verdicts, arguments.pairs))
    return 0


def measure(pairs: int, seed: int) -> list[Verdict]:
    """Start a node and ask it, over UDP, TCP and HTTP."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="idis-hidden-") as folder:
        stage = Stage(Path(folder), 0, 1)
        port, http_port = free_port(), free_port()
        situations = make_node(Path(folder) / "node", port, http_port, draw)
        try:
            process = stage.start(idis("serve", str(Path(folder) / "node"), "--log-level", "warning"), "node")
            stage.wait(process, "node", answers_by_datagram(port, frame_of(situations[0].plain[0], (), 1)))
            time.sleep(INDEX_S)
            return [
                judged(situation, transport, ask_pairs(situation, ask, pairs, draw))
                for transport, over, at in (("udp", over_udp, port), ("tcp", over_tcp, port), ("http", over_http, http_port))
                for ask in (over(at),)  # made when it is needed: a connection that waits too long is closed
                for situation in situations
            ]
        finally:
            stage.stop()


def make_node(folder: Path, port: int, http_port: int, draw: random.Random) -> list[Situation]:
    """A node with records that hide something and records that do not."""
    listen = ListenSection(hosts=(HOST,), port=port, http_port=http_port)
    create_node(folder, NodeConfig(folder, NodeSection(name="bench", prefixes=(OPEN, STRICT)), listen))
    names = [f"{draw.getrandbits(64):016X}" for _ in range(4 * NAMES)]
    draw.shuffle(names)
    listed, public, hidden, absent = (names[at * NAMES : (at + 1) * NAMES] for at in range(4))
    url, price = Value(1, "URL", b"https://example.com/1"), Value(2001, "price", b"12.50")
    lists = lists_value(ReaderLists({2001: ()}))
    plain = (url, _statement(VIEW_PUBLIC))
    secret = mark((url, price, lists, _statement(VIEW_PUBLIC), _statement(VIEW_FULL)), NOTHING_LISTED)
    wholly = mark((price, lists, _statement(VIEW_FULL)), NOTHING_LISTED)
    store = LmdbStore.open(folder, exclusive=False)
    try:
        store.write(_make_strict, actor=_ACTOR).result()
        store.write_all([prepare(Record(f"{OPEN}/{name}", secret), _NOW) for name in listed], actor=_ACTOR)
        store.write_all([prepare(Record(f"{OPEN}/{name}", plain), _NOW) for name in public], actor=_ACTOR)
        store.write_all([prepare(Record(f"{STRICT}/{name}", wholly), _NOW) for name in hidden], actor=_ACTOR)
    finally:
        store.close()
    listed, public = [f"{OPEN}/{name}" for name in listed], [f"{OPEN}/{name}" for name in public]
    return [
        Situation("a hidden value, asked for", listed, public, ("price",)),
        Situation("a record with a hidden value", listed, public),
        Situation("a hidden record", [f"{STRICT}/{name}" for name in hidden], [f"{STRICT}/{name}" for name in absent]),
    ]


def _statement(view: int) -> Value:
    """A statement of the usual size; the same for every name, so that octets can be compared."""
    salts = tuple((index, bytes((index % 256,)) * SALT_BYTES) for index in (1, 1002, 2001)) if view else ()
    signed = Signed(Suite.ED25519, bytes(KID_BYTES), 1, _NOW, _NOW + 86_400, 86_400, bytes(64), view=view, salts=salts)
    return Value(SIGNED_INDEX + view, SIGNED_TYPE, encode_signed(signed), permissions=SEALED_PERMISSIONS if view else 14)


def _make_strict(txn: WriteTxn) -> None:
    entry = txn.prefix(STRICT)
    assert entry is not None, "the node was made with it"
    txn.put_prefix(replace(entry, privacy=Privacy.STRICT))


# Asking. An answer is its octets without what differs between any two: name, request id, time.

Asked = tuple[float, bytes]  # seconds, the octets that must be alike
Ask = Callable[[str, tuple[str, ...], int], Asked]


def ask_pairs(situation: Situation, ask: Ask, pairs: int, draw: random.Random) -> list[tuple[float, float]]:
    """The seconds of the hiding and of the plain one of each pair, asked in random order."""
    times = []
    for number in range(pairs):
        two = [draw.choice(situation.hiding), draw.choice(situation.plain)]
        first = draw.randrange(2)
        found: dict[int, Asked] = {}
        for which in (first, 1 - first):
            found[which] = ask(two[which], situation.types, 2 * number + which + 1)
        if found[0][1] != found[1][1]:
            raise SystemExit(f"{two[0]} and {two[1]} are answered with different octets: hidden is not absent")
        times.append((found[0][0], found[1][0]))
    return times


def over_udp(port: int) -> Ask:
    """Asks by datagrams from one socket."""
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(TIMEOUT_S)
    asker.connect((HOST, port))

    def ask(name: str, types: tuple[str, ...], number: int) -> Asked:
        frame = frame_of(name, types, number)
        began = time.perf_counter()
        asker.send(frame)
        answer = asker.recv(65_536)
        return time.perf_counter() - began, _alike(answer, name)

    return ask


def over_tcp(port: int) -> Ask:
    """Asks over one connection that is kept."""
    asker = socket.create_connection((HOST, port), TIMEOUT_S)
    asker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(name: str, types: tuple[str, ...], number: int) -> Asked:
        frame = frame_of(name, types, number)
        began = time.perf_counter()
        asker.sendall(frame)
        answer = asker.recv(65_536)  # of a few hundred octets, in one piece on the loopback
        return time.perf_counter() - began, _alike(answer, name)

    return ask


def over_http(port: int) -> Ask:
    """Asks `/api/handles` over one connection that is kept."""
    asker = socket.create_connection((HOST, port), TIMEOUT_S)
    asker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(name: str, types: tuple[str, ...], _number: int) -> Asked:
        query = "".join(f"&type={one}" for one in types)
        request = f"GET /api/handles/{name}?publicOnly{query} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()
        began = time.perf_counter()
        asker.sendall(request)
        answer = asker.recv(65_536)
        elapsed = time.perf_counter() - began
        head, _, body = answer.partition(b"\r\n\r\n")
        fields = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
        return elapsed, b"\r\n".join((*fields, body)).replace(name.encode(), b"")

    return ask


def frame_of(name: str, types: tuple[str, ...], number: int) -> bytes:
    """A question for public values."""
    query = Query(name, parse_identifier(name), types=types, public_only=True)
    return encode_message(request_message(query, request_id=number, now=_NOW))


def _alike(answer: bytes, name: str) -> bytes:
    octets = bytearray(answer)
    octets[_ENVELOPE_IDS] = octets[_HEADER_TIMES] = bytes(4)
    return bytes(octets).replace(name.encode(), b"")


# Judging.


def judged(situation: Situation, transport: str, times: Sequence[tuple[float, float]]) -> Verdict:
    """What a classifier makes of the times of pairs."""
    hiding, plain = [one for one, _ in times], [other for _, other in times]
    grouped = [_medians(side) for side in (hiding, plain)]
    return Verdict(
        situation.line,
        transport,
        crossed_auc(hiding, plain),
        chance_spread(len(times)),
        crossed_auc(*grouped),
        chance_spread(len(grouped[0])),
        (statistics.median(hiding) * 1e6, statistics.median(plain) * 1e6),
    )


def crossed_auc(hiding: Sequence[float], plain: Sequence[float]) -> float:
    """The area under the curve of a classifier that learns on one half which side is slower, judged on the other; both ways."""
    halves = [(hiding[at::2], plain[at::2]) for at in (0, 1)]
    areas = []
    for learn, judge in ((halves[0], halves[1]), (halves[1], halves[0])):
        area = auc(*judge)
        areas.append(area if auc(*learn) >= 0.5 else 1 - area)
    return statistics.fmean(areas)


def auc(hiding: Sequence[float], plain: Sequence[float]) -> float:
    """How often one of the hiding takes longer than one of the plain, ties half: the Mann-Whitney statistic."""
    ranked = sorted([(time_s, 1) for time_s in hiding] + [(time_s, 0) for time_s in plain])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += sum(side for _, side in ranked[at:end]) * (at + end + 1) / 2
        at = end
    count = len(hiding)
    return (total - count * (count + 1) / 2) / (count * len(plain))


def chance_spread(count: int) -> float:
    """Half the width of the interval in which the area of a guesser lies in 95 of 100 runs, with so many answers a side."""
    return 1.96 * math.sqrt((2 * count + 1) / (12 * count * count))


def _medians(times: Sequence[float]) -> list[float]:
    return [statistics.median(times[at : at + BLOCK]) for at in range(0, len(times) - BLOCK + 1, BLOCK)]


def report_of(verdicts: Sequence[Verdict], pairs: int) -> str:
    """The table a person reads."""
    lines = [machine_line(), f"{pairs:,} pairs a line; area under the curve of a classifier, 0.5 is guessing:", ""]
    lines.append(f"{'asked':<30} {'over':<5} {'hidden':>9} {'absent':>9}  {'one answer':>15}  {f'medians of {BLOCK}':>15}")
    for one in verdicts:
        hiding, plain = one.medians_us
        single, grouped = f"{one.auc:.3f} ±{one.spread:.3f}", f"{one.blocks:.3f} ±{one.block_spread:.3f}"
        lines.append(
            f"{one.situation:<30} {one.transport:<5} {hiding:>6.1f} µs {plain:>6.1f} µs  {single:>15}  {grouped:>15}"
        )
    worst = max(verdicts, key=lambda one: one.auc)
    word = "reached" if worst.auc <= GOAL else "missed"
    lines += ["", f"no octet differed; worst {worst.auc:.3f}, goal {GOAL}: {word}"]
    return "\n".join(lines)


def document_of(verdict: Verdict) -> dict[str, object]:
    """The same for programs."""
    return {
        "situation": verdict.situation,
        "transport": verdict.transport,
        "auc": round(verdict.auc, 4),
        "spread": round(verdict.spread, 4),
        "blocks": round(verdict.blocks, 4),
        "blockSpread": round(verdict.block_spread, 4),
        "mediansUs": [round(one, 2) for one in verdict.medians_us],
    }


if __name__ == "__main__":
    raise SystemExit(main())
