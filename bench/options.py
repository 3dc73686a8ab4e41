"""The options of `idis bench`, and what they mean together."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from idis.bench.asking.dns import TYPES
from idis.bench.asking.identifiers import Asked, from_file, from_map, from_sample
from idis.bench.asking.load import DnsForm, Load, Transport
from idis.bench.asking.plan import PIPELINE_MAX
from idis.bench.measuring.tiers import SAMPLES_MAX
from idis.resolver.cli.output import CommandError

OPEN_CONNECTIONS = 8
FIRST_RATE = 1_000.0  # where the search for the knee begins
CPUS_MAX = 4_096
EXPLAINED = 20
WARM_UP_S = 1.0  # or a fifth of a short round

_ZIPF_USUAL = 1.0
_TYPE_USUAL = "NAPTR"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    _add_questions(parser)
    _add_load(parser)
    _add_place(parser)
    _add_output(parser)


def load_of(arguments: argparse.Namespace, rate: float | None = None) -> Load:
    """The settings the arguments describe.

    Raises:
        CommandError, LoadError: they contradict each other.
    """
    rate = arguments.rate if rate is None else rate
    if (rate is None) is not arguments.closed:
        raise CommandError("choose one: --rate R (open loop), --closed, or --find-rate")
    if arguments.poisson and rate is None:
        raise CommandError("--poisson spreads the questions of --rate")
    if arguments.p99_us is not None and not arguments.find_rate:
        raise CommandError("--p99-us is the objective of --find-rate")
    if strange := sorted(set(arguments.pin) - os.sched_getaffinity(0)):
        raise CommandError(f"--pin: core {strange[0]} is none that this process may use")
    connections = 1 if arguments.closed else max(OPEN_CONNECTIONS, arguments.processes)
    pipeline = 1 if arguments.closed else PIPELINE_MAX
    warm_up_s = min(WARM_UP_S, arguments.duration / 5) if arguments.warm_up is None else arguments.warm_up
    return Load(
        transport=Transport(arguments.transport),
        rate=rate,
        poisson=arguments.poisson,
        connections=connections if arguments.connections is None else arguments.connections,
        pipeline=pipeline if arguments.pipeline is None else arguments.pipeline,
        duration_s=arguments.duration,
        warm_up_s=warm_up_s,
        timeout_ms=arguments.timeout_ms,
        rounds=arguments.rounds,
        seed=arguments.seed,
        processes=arguments.processes,
        zipf=arguments.zipf,
        pins=arguments.pin,
        spin=arguments.spin,
        reconnect=arguments.reconnect,
        dns=_dns_form(arguments),
    )


def asked_of(arguments: argparse.Namespace) -> Asked:
    """The identifiers the arguments name.

    Raises:
        CommandError: not exactly one source of them, or one that cannot be used.
    """
    sources = [name for name in ("ids", "map", "sample") if getattr(arguments, name) is not None]
    if len(sources) != 1:
        raise CommandError("say what to ask for, in one way: --ids FILE, --map FILE, or --sample N --prefix P")
    if arguments.ids is not None:
        return from_file(arguments.ids)
    if arguments.map is not None:
        return from_map(arguments.map)
    if not arguments.prefix:
        raise CommandError("--sample needs the prefix its records are below: --prefix P")
    return from_sample(arguments.prefix, arguments.sample)


def _dns_form(arguments: argparse.Namespace) -> DnsForm | None:
    if Transport(arguments.transport).dns is not bool(arguments.zone):
        raise CommandError("over DNS identifiers stand in a zone: --transport dns --zone id.example.cn")
    if arguments.type is not None and not arguments.zone:
        raise CommandError("--type is that of DNS records: --transport dns")
    return DnsForm(arguments.zone.removesuffix("."), arguments.type or _TYPE_USUAL) if arguments.zone else None


def cpus(text: str) -> tuple[int, ...]:
    """`1`, `0,2` or `2-5` as numbers of cores."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdigit() and (last.isdigit() if dash else True)):
            raise argparse.ArgumentTypeError(f"{text!r} names no cores; write 1, 0,2 or 2-5")
        low, high = int(first), int(last or first)
        if not low <= high < CPUS_MAX:
            raise argparse.ArgumentTypeError(f"{part!r} is no range of cores below {CPUS_MAX}")
        found += range(low, high + 1)
    return tuple(found)


def _add_questions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is asked")
    group.add_argument(
        "--ids", type=Path, metavar="FILE", help="identifiers, one a line; behind a tabulator a text that --verify looks for"
    )
    group.add_argument("--map", type=Path, metavar="FILE", help="the samples of the map that 'idis lab --map' writes")
    group.add_argument("--sample", type=int, metavar="N", help="the first N records of the sample data ('idis bench rows')")
    group.add_argument("--prefix", default="", metavar="P", help="prefix of the sample data")
    keys = group.add_mutually_exclusive_group()
    keys.add_argument("--uniform", action="store_const", const=None, dest="zipf", help="each as likely as the others (default)")
    keys.add_argument(
        "--zipf", type=float, nargs="?", const=_ZIPF_USUAL, metavar="S", help=f"popularity 1/rank^S ({_ZIPF_USUAL:g})"
    )
    group.add_argument("--verify", action="store_true", help="a first pass learns every answer; later ones must be the same")
    group.add_argument("--zone", default="", metavar="Z", help="of the identifiers' names (dns)")
    group.add_argument("--type", choices=tuple(TYPES), help=f"of the records asked for (dns; {_TYPE_USUAL})")
    group.add_argument("--seed", type=int, default=1, metavar="S", help="of keys and schedule (1)")


def _add_load(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is asked")
    group.add_argument("--transport", choices=[one.value for one in Transport], default="tcp", help="(tcp); dns is DNS over UDP")
    group.add_argument("--rate", type=float, metavar="R", help="open loop: questions a second, fixed beforehand")
    group.add_argument("--poisson", action="store_true", help="at random moments, as many independent askers do")
    group.add_argument("--closed", action="store_true", help="closed loop: a question follows each answer")
    group.add_argument("--connections", type=int, metavar="K", help=f"sockets in all (closed 1, open {OPEN_CONNECTIONS})")
    group.add_argument("--pipeline", type=int, metavar="D", help="under way on each (closed 1, open as many as are due)")
    group.add_argument("--reconnect", action="store_true", help="a new connection for each question (tcp, http, dns-tcp)")
    group.add_argument("--duration", type=float, default=10.0, metavar="S", help="seconds of a round (10)")
    group.add_argument("--warm-up", type=float, metavar="S", help="of which are not counted (1, at most a fifth)")
    group.add_argument("--rounds", type=int, default=1, metavar="N", help="(1; comparisons need 5)")
    group.add_argument("--timeout-ms", type=int, default=1_000, metavar="N", help="a later answer is none (1000)")
    group.add_argument("--find-rate", action="store_true", help="search the highest rate that keeps --p99-us")
    group.add_argument("--p99-us", type=float, metavar="N", help="the objective: 99 %% answered within so many µs")


def _add_place(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where it is measured")
    group.add_argument("--processes", type=int, default=1, metavar="P", help="generator processes (1)")
    group.add_argument("--pin", type=cpus, default=(), metavar="CPUS", help="their cores, such as 1 or 2-3")
    group.add_argument("--spin", action="store_true", help="never sleep: exact times for a whole core each")
    group.add_argument("--pid", type=int, metavar="PID", help="the server's process here: its CPU time is shown")
    group.add_argument(
        "--explain", type=_samples, default=EXPLAINED, metavar="N",
        help=f"side sample for the split by tier, 0: none ({EXPLAINED})",
    )  # fmt: skip


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what comes out")
    group.add_argument("--json", metavar="FILE", help="everything")
    group.add_argument("--csv", metavar="FILE", help="a line a round")
    group.add_argument("--hgrm", metavar="FILE", help="percentile distributions, as HdrHistogram writes them")
    group.add_argument("--html", metavar="FILE", help="one page with both plots")
    group.add_argument("--strict", action="store_true", help="exit code 1 when the run may not be believed")


def _samples(text: str) -> int:
    number = int(text) if text.isdigit() else -1
    if not 0 <= number <= SAMPLES_MAX:
        raise argparse.ArgumentTypeError(f"0 to {SAMPLES_MAX}")
    return number
