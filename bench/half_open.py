"""What 10,000 challenges that nobody answers cost those who answer theirs.

    python -m idis.bench.half_open [--open 10000] [--rounds 5] [--writes 300] [--directory DIR] [--realtime]

Two nodes are alike but for the challenges that are open on one of them: requests to create, sent from several addresses of
this machine by nobody in particular, met with a challenge each and left so. An honest administrator writes one record to
either by turns, whichever goes first being drawn: each of his creates is challenged, proved with his key, checked, audited
and flushed, over one connection and without a login, so that every one of them goes through the table of open challenges
twice. The goal is that his p99 is at most twice as long where the others are open.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from idis.bench.folder import add_directory, working_folder
from idis.bench.machine import REALTIME_HELP, go_first, machine_line
from idis.bench.registrations import PREFIX, VALUES, Place, Taken, run_loop, start_node
from idis.proto.bodies import NameAndValues
from idis.proto.codes import OpCode, ResponseCode
from idis.proto.connection import Connection
from idis.proto.message import EXPIRATION_S, Message, decode_message, encode_message
from idis.resolver.admin.challenges import CHALLENGE_S, CHALLENGES_PER_TRUSTED_SOURCE_MAX
from idis.resolver.client_admin import Administrator

GOAL = 2.0
AT_ONCE = 64  # requests to a connection before its answers are read
_RENEW_S = CHALLENGE_S / 2  # so that none of them ends within a round


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.half_open", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--open", type=int, default=10_000, metavar="N", help="challenges nobody answers (10000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument("--writes", type=int, default=300, metavar="N", help="honest creates a round, on either node (300)")
    add_directory(parser)
    parser.add_argument("--realtime", action="store_true", help=REALTIME_HELP)
    given = parser.parse_args(arguments)
    if given.realtime:
        go_first()
    print(machine_line())
    with working_folder("half-open", given.directory) as folder, _nodes(folder) as (quiet, beset):
        _report(*_measure(quiet, beset, given), given)
    return 0


@contextlib.contextmanager
def _nodes(folder: Path) -> Iterator[tuple[Place, Place]]:
    running: list[tuple[Place, subprocess.Popen[str]]] = []
    try:
        for name in ("quiet", "beset"):
            running.append(start_node(folder / name))
        yield running[0][0], running[1][0]
    finally:
        for _, node in running:
            node.terminate()
            node.wait()


def _measure(quiet: Place, beset: Place, given: argparse.Namespace) -> tuple[Taken, Taken]:
    """The latencies of the honest administrator on both nodes."""
    random, opened = Random(1), float("-inf")
    latencies: tuple[list[float], list[float]] = ([], [])
    with contextlib.ExitStack() as connections:
        for number in range(given.rounds):
            if time.monotonic() - opened > _RENEW_S:
                connections.close()
                _open(beset, given.open, number, connections)
                opened = time.monotonic()
            run_loop(_write((quiet, beset), f"h{number}", given.writes, random, latencies))
    return Taken(len(latencies[0]), 1.0, latencies[0]), Taken(len(latencies[1]), 1.0, latencies[1])


def _report(alone: Taken, among: Taken, given: argparse.Namespace) -> None:
    for label, taken in (("alone", alone), (f"among {given.open:,} half-open", among)):
        line = "  ".join(f"p{100 * share:g} {taken.percentile(share):.2f} ms" for share in (0.5, 0.9, 0.99))
        print(f"{label:24} {line}  ({taken.count:,} creates, each challenged and proved)")
    print(f"p99 among them ÷ p99 alone: {among.percentile(0.99) / alone.percentile(0.99):.2f}; at most {GOAL:g}")


async def _write(
    places: tuple[Place, Place], name: str, count: int, random: Random, latencies: tuple[list[float], list[float]]
) -> None:
    async with Administrator(places[0].server, places[0].key) as one, Administrator(places[1].server, places[1].key) as other:
        for number in range(count):
            for which in random.sample((0, 1), 2):
                begun = time.perf_counter()
                reply = await (one, other)[which].create(f"{PREFIX}/{name}-{number:06}", VALUES)
                assert reply.done, reply
                latencies[which].append((time.perf_counter() - begun) * 1_000)


def _open(place: Place, count: int, number: int, connections: contextlib.ExitStack) -> None:
    """Have so many challenges made, from as many addresses as that takes; their connections stay open."""
    for source, start in enumerate(range(0, count, CHALLENGES_PER_TRUSTED_SOURCE_MAX)):
        stream = connections.enter_context(socket.socket())
        stream.bind((f"127.0.0.{2 + source}", 0))
        stream.connect(("127.0.0.1", place.port))
        asked = range(start, min(start + CHALLENGES_PER_TRUSTED_SOURCE_MAX, count))
        for at in range(0, len(asked), AT_ONCE):
            part = asked[at : at + AT_ONCE]
            stream.sendall(b"".join(_request(f"{PREFIX}/open-{number}-{which}", which + 1) for which in part))
            _read_challenges(stream, len(part))


def _request(identifier: str, request_id: int) -> bytes:
    body, expiration = NameAndValues(identifier, VALUES).encode(), int(time.time()) + EXPIRATION_S
    return encode_message(Message(opcode=int(OpCode.CREATE), body=body, request_id=request_id, expiration=expiration))


def _read_challenges(stream: socket.socket, count: int) -> None:
    frames = Connection()
    while count:
        octets = stream.recv(262_144)
        assert octets, "the node keeps the connection"
        for frame in frames.receive_data(octets):
            assert decode_message(frame).response_code == ResponseCode.AUTHENTICATION_NEEDED, "it challenges whoever asks"
            count -= 1


if __name__ == "__main__":
    sys.exit(main())
