"""How long a look-up takes for those who ask: a closed loop through the public client.

    python -m idis.bench.lookup 127.0.0.1:2641 --ids identifiers.txt --connections 8 --seconds 10

Each connection has one question under way and asks the next when the answer is read, so the figures hold for that many
patient askers and no others; a closed loop asks less when a node is slow, and so hides stalls. The client's own work is
part of every figure, and beyond some two thousand questions a second its one core is the limit, not the node's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from idis.bench.machine import machine_line
from idis.proto.errors import IdisError
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.client import Client, Transport
from idis.resolver.client_reply import Reply

CONNECTIONS_MAX = 1_000  # below the usual limit of open files
SECONDS_MAX = 600.0
WARM_UP_SHARE = 0.1  # of the time, asked but not counted: connections, caches and the interpreter settle
ERROR_PAUSE_S = 0.01  # a node that refuses connections is not asked in a tight loop
PERCENTILES = (50.0, 90.0, 99.0)


@dataclass(slots=True)
class Tally:
    """What was counted after the warm-up: a duration for each answer, what the answers were, and what went wrong."""

    micros: array[int] = field(default_factory=lambda: array("L"))
    codes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


async def measure(
    server: str, expected: dict[str, str], *, connections: int, seconds: float, transport: Transport = "tcp", seed: int = 1
) -> Tally:
    """Ask for random identifiers for some time.

    Args:
        expected: identifiers, each with a text that a value of its answer must hold; an empty one holds for anything.
        connections: askers with a connection each.
        seconds: how long in all; the first tenth is not counted.
        seed: of the choice of identifiers.
    """
    tally, identifiers = Tally(), list(expected)
    begin = time.perf_counter()
    counted_from, end = begin + seconds * WARM_UP_SHARE, begin + seconds

    async def ask_on_and_on(number: int) -> None:
        draw = Random(f"{seed}/{number}")
        async with Client(server, transport=transport) as client:
            while (asked := time.perf_counter()) < end:
                identifier = draw.choice(identifiers)
                try:
                    reply = await client.resolve(identifier)
                except IdisError as error:
                    if asked >= counted_from:
                        tally.errors[type(error).__name__] += 1
                    await asyncio.sleep(ERROR_PAUSE_S)
                    continue
                if asked >= counted_from:
                    tally.micros.append(round((time.perf_counter() - asked) * 1e6))
                    tally.codes[reply.code_name] += 1
                    if not _holds(reply, expected[identifier]):
                        tally.errors["wrong answer"] += 1

    await asyncio.gather(*(ask_on_and_on(number) for number in range(connections)))
    tally.seconds = time.perf_counter() - counted_from
    return tally


def percentile(ascending: Sequence[int], share: float) -> int:
    """The value below or at which `share` per cent of the values lie (nearest rank)."""
    rank = -(-len(ascending) * share // 100)
    return ascending[max(int(rank), 1) - 1]


def report(tally: Tally) -> list[str]:
    """The figures as lines; the machine comes last."""
    ascending = sorted(tally.micros)
    lines = [f"answers {len(ascending)} in {tally.seconds:.2f} s: " + (_listed(tally.codes) or "none")]
    lines.append(f"errors {tally.errors.total()}" + (f": {_listed(tally.errors)}" if tally.errors else ""))
    if ascending:
        figures = " ".join(f"p{share:g} {percentile(ascending, share)}" for share in PERCENTILES)
        lines.append(f"latency µs: {figures} max {ascending[-1]}")
        lines.append(f"rate {len(ascending) / tally.seconds:.0f}/s")
    return [*lines, machine_line()]


def read_expected(path: Path) -> dict[str, str]:
    """Identifiers of a file, each with the text its answer must hold, or an empty one.

    The file is the map that `idis lab --map` writes, or has one identifier a line, behind which a tabulator and the
    expected text may stand.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith("{"):
            return {identifier: "" for group in json.loads(text)["samples"].values() for identifier in group}
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from None
    pairs = (line.partition("\t") for line in map(str.strip, text.splitlines()) if line)
    expected = {identifier.strip(): wanted.strip() for identifier, _, wanted in pairs}
    if not expected:
        raise CommandError(f"{path} holds no identifiers: write one a line")
    return expected


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.lookup", description="closed-loop latency of look-ups")
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument(
        "--ids", type=Path, required=True, metavar="FILE", help="identifiers, one a line, or the map of 'idis lab --map'"
    )
    parser.add_argument("--connections", type=int, default=1, metavar="K", help="askers at once (1)")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long in all (5)")
    parser.add_argument("--transport", choices=("tcp", "udp"), default="tcp")
    given = parser.parse_args(arguments)
    if not 1 <= given.connections <= CONNECTIONS_MAX:
        parser.error(f"--connections: 1 to {CONNECTIONS_MAX}")
    if not 0 < given.seconds <= SECONDS_MAX:
        parser.error(f"--seconds: more than 0, at most {SECONDS_MAX:g}")
    how = {"connections": given.connections, "seconds": given.seconds, "transport": given.transport}
    try:
        tally = asyncio.run(measure(given.server, read_expected(given.ids), **how))
    except IdisError as error:
        print(error, file=sys.stderr)
        return error.code if isinstance(error, CommandError) else ExitCode.NETWORK
    print("\n".join(report(tally)))
    return ExitCode.DONE if tally.micros and not tally.errors else ExitCode.NETWORK


def _holds(reply: Reply, wanted: str) -> bool:
    return not wanted or any(wanted.encode() in value.data for value in reply.values)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
