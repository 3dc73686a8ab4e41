"""`python -m idis.bench.peers`: our node beside Knot, NSD, Redis, a C echo, and a Handle server if there is one."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from idis.bench.machine import REALTIME_HELP, go_first
from idis.bench.peers import scoreboard
from idis.bench.peers.bare_http import BARE_HTTP
from idis.bench.peers.contender import Contender
from idis.bench.peers.echo import ECHO
from idis.bench.peers.handle import handle_server
from idis.bench.peers.lines import LINES, Line
from idis.bench.peers.match import Rules, hold
from idis.bench.peers.name_servers import KNOT, KNOT_NAPTR, NSD
from idis.bench.peers.node import COMPILED, PLAIN
from idis.bench.peers.redis import REDIS
from idis.bench.peers.stage import Stage
from idis.bench.peers.tools import run_tools
from idis.bench.report import export
from idis.proto.errors import IdisError
from idis.resolver.cli.output import CommandError, ExitCode

NAMES = 100_000
NAMES_MAX = 10_000_000
CONTENDERS = (ECHO, COMPILED, PLAIN, KNOT, KNOT_NAPTR, NSD, REDIS, BARE_HTTP)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    given = _parser().parse_args(arguments)
    try:
        contenders, lines = _chosen(given), _lines(given)
        if given.realtime:
            go_first()
        with _folder(given.directory) as folder:
            stage = Stage(folder, given.server_core, given.generator_core)
            try:
                match = hold(stage, contenders, lines, Rules(given.rounds, given.seconds, given.seed), given.names, _notice)
                tools = {} if given.no_tools else run_tools(match, stage, given.rounds, given.seconds, _notice)
            finally:
                stage.stop()
        print(scoreboard.markdown(match, lines, tools))
        if given.json:
            export.write_json(scoreboard.document(match, lines, tools), given.json)
    except IdisError as error:
        print(f"peers: {error}", file=sys.stderr)
        return error.code if isinstance(error, CommandError) else ExitCode.USAGE
    except KeyboardInterrupt:
        return 130
    return ExitCode.DONE if match.running else ExitCode.NETWORK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m idis.bench.peers", description="Our node beside its competitors.")
    parser.add_argument("--names", type=int, default=NAMES, metavar="N", help=f"records of each ({NAMES}; 1000000 for figures)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="S", help="of a round, a fifth of it not counted (2)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of keys, schedules and order (1)")
    parser.add_argument("--only", default="", metavar="NAMES", help="of the competitors, with commas: idis,Knot")
    parser.add_argument("--lines", default="", metavar="TEXT", help="only rows whose name begins so: UDP")
    parser.add_argument("--server-core", type=int, default=0, metavar="CPU")
    parser.add_argument("--generator-core", type=int, default=1, metavar="CPU")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="keep the data here; a temporary folder otherwise")
    parser.add_argument("--handle", metavar="HOST:PORT", help="a Handle server to measure too")
    parser.add_argument("--handle-ids", type=Path, metavar="FILE", help="identifiers it knows")
    parser.add_argument("--handle-pid", type=int, metavar="PID", help="its process here")
    parser.add_argument("--no-tools", action="store_true", help="without dnsperf and redis-benchmark")
    parser.add_argument("--realtime", action="store_true", help=REALTIME_HELP)
    parser.add_argument("--json", metavar="FILE", help="everything, of every round")
    return parser


def _chosen(given: argparse.Namespace) -> list[Contender]:
    if not (0 < given.names <= NAMES_MAX and given.rounds > 0 and 0 < given.seconds <= 600):
        raise CommandError(f"--names 1 to {NAMES_MAX}, --rounds 1 or more, --seconds up to 600")
    contenders = list(CONTENDERS)
    if given.handle:
        if given.handle_ids is None:
            raise CommandError("--handle needs the identifiers it knows: --handle-ids FILE")
        contenders.append(handle_server(given.handle, given.handle_ids, given.handle_pid))
    wanted = [name.strip().lower() for name in given.only.split(",") if name.strip()]
    if unknown := set(wanted) - {contender.name.lower() for contender in contenders}:
        raise CommandError(f"--only: no {', '.join(sorted(unknown))}; there are {', '.join(c.name for c in contenders)}")
    return [contender for contender in contenders if not wanted or contender.name.lower() in wanted]


def _lines(given: argparse.Namespace) -> list[Line]:
    lines = [line for line in LINES if line.name.lower().startswith(given.lines.lower())]
    if not lines:
        raise CommandError(f"--lines: none begins with {given.lines!r}; there are {'; '.join(line.name for line in LINES)}")
    return lines


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="idis-peers-") as name:
            yield Path(name)
        return
    wanted.mkdir(parents=True, exist_ok=True)
    yield wanted.resolve()


def _notice(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
