"""How soon a node answers again after it was killed, and what it needs while nobody asks.

    python -m idis.bench.recovery [--rows 1000000] [--rounds 5] [--directory DIR] [--realtime]

A node with that many records is started, asked without pause, killed with SIGKILL under way, and started again. The clock
runs from before the new process exists to its first right answer over UDP, asked for every two milliseconds: interpreter,
imports, configuration, store and sockets are all inside. The node has its modules compiled, as an installed one has, and
is killed for the first time when it has made its answer index.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from idis.bench.folder import add_directory, working_folder
from idis.bench.import_figures import PREFIX, ROWS_DEFAULT, fsync_ms, write_plain
from idis.bench.machine import REALTIME_HELP, PriorityError, go_first, machine_line
from idis.bench.peers.stage import free_port, idis
from idis.proto import speedups
from idis.proto.errors import ProtocolError
from idis.proto.exchange import outcome_of, request_message
from idis.proto.identifier import parse_identifier
from idis.proto.message import decode_message, encode_message
from idis.proto.outcome import Answer
from idis.proto.query import Query
from idis.proto.value import decode_values
from idis.registry.loading.load_dump import load_dump
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import ListenSection, NodeConfig, NodeSection
from idis.resolver.creation import create_node
from idis.resolver.first_stage import NOTE

ROUNDS_DEFAULT = 5
READS_PER_ROUND = 3_000
ASK_EVERY_S = 0.002
START_S_MAX = 30.0
INDEX_S_MAX = 300.0  # a million records take some seconds on an idle machine
IDLE_S = 2.0  # housekeeping of the start is over by then
PACKET_BYTES = 65_536


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS_DEFAULT, help="how many records the node holds")
    parser.add_argument("--rounds", type=int, default=ROUNDS_DEFAULT, help="how often it is killed")
    add_directory(parser)
    parser.add_argument("--realtime", action="store_true", help=REALTIME_HELP)
    arguments = parser.parse_args()
    with working_folder("recovery", arguments.directory) as folder:
        print(f"{machine_line()}, flush of 4 KiB {fsync_ms(folder):.2f} ms at the median, {arguments.rows:,} records")
        port = make_node(folder, arguments.rows)
        if arguments.realtime:
            try:
                go_first()
            except PriorityError as error:
                parser.error(str(error))
        report(folder / "node", port, arguments.rows, arguments.rounds)
    return 0


def make_node(folder: Path, rows: int) -> int:
    """Make a node with records; returns its port."""
    port = free_port()
    listen = ListenSection(port=port, http_port=free_port())
    create_node(folder / "node", NodeConfig(folder / "node", NodeSection("bench", prefixes=(PREFIX,)), listen))
    write_plain(folder / "plain.dump", rows)
    store = LmdbStore.open(folder / "node", exclusive=False)
    load_dump(folder / "plain.dump", store, dry_run=False, processes=1, report=lambda *_: None)
    store.close()
    (folder / "plain.dump").unlink()
    return port


def report(directory: Path, port: int, rows: int, rounds: int) -> None:
    """Kill and restart, and print what it took."""
    draw = random.Random(1)
    process, first_start_s = start(directory, port, rows)
    taken = []
    try:
        wait_for_index(directory)
        for _ in range(rounds):
            read_until_killed(process, port, rows, draw)
            process, seconds = start(directory, port, rows)
            taken.append(seconds)
        time.sleep(IDLE_S)
        own, all_pages = memory_bytes(process.pid)
        woken = wake_ups(process.pid)
        time.sleep(IDLE_S)
        woken = wake_ups(process.pid) - woken
    finally:
        process.kill()
        process.wait()
    middle, longest = statistics.median(taken), max(taken)
    print(f"start of the process to the first right answer, no index yet, no module compiled: {first_start_s:.3f} s")
    print(f"the same after SIGKILL under reads: {middle:.3f} s at the median of {rounds}, {longest:.3f} s at most")
    print(f"idle memory: {own / 2**20:.0f} MiB of its own, {all_pages / 2**20:.0f} MiB with shared and mapped pages")
    print(f"idle wake-ups: {woken / IDLE_S:.1f} a second")


def start(directory: Path, port: int, rows: int) -> tuple[subprocess.Popen[bytes], float]:
    """Start the node; returns it, and the seconds until its first right answer."""
    started = time.perf_counter()
    process = subprocess.Popen(idis("serve", str(directory)), stderr=subprocess.DEVNULL, env=_environment(directory))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(ASK_EVERY_S)
        while time.perf_counter() - started < START_S_MAX:
            if ask(asker, port, rows // 2):
                return process, time.perf_counter() - started
            if process.poll() is not None:
                raise SystemExit(f"the node ended with exit code {process.returncode}")
    process.kill()
    process.wait()
    raise SystemExit(f"no right answer within {START_S_MAX:.0f} s")


def wait_for_index(directory: Path) -> None:
    """Wait until the node has an answer index; without a compiled hot path it never has one."""
    deadline = time.monotonic() + INDEX_S_MAX
    while speedups.LOADED == speedups.COMPILED and not (directory / NOTE).exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"no answer index within {INDEX_S_MAX:.0f} s")
        time.sleep(ASK_EVERY_S)


def read_until_killed(process: subprocess.Popen[bytes], port: int, rows: int, draw: random.Random) -> None:
    """Ask for random records, and kill the node in the middle of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(1.0)
        for number in range(READS_PER_ROUND):
            if number == READS_PER_ROUND // 2:
                # Some questions are under way when it dies.
                for _ in range(32):
                    asker.sendto(_question(draw.randrange(rows), 1), ("127.0.0.1", port))
                process.send_signal(signal.SIGKILL)
                process.wait()
                return
            if not ask(asker, port, draw.randrange(rows)):
                raise SystemExit("a wrong answer, or none")


def ask(asker: socket.socket, port: int, number: int) -> bool:
    """Whether the record of that number is answered, with the value it must have."""
    try:
        asker.sendto(_question(number, number & 0x7FFFFFFF), ("127.0.0.1", port))
        outcome = outcome_of(decode_message(asker.recv(PACKET_BYTES)))
    except TimeoutError:
        return False
    except ConnectionRefusedError:
        time.sleep(ASK_EVERY_S)
        return False
    except ProtocolError:
        return False
    return isinstance(outcome, Answer) and decode_values(outcome.values)[0].data.endswith(b"%018d" % number)


def memory_bytes(pid: int) -> tuple[int, int]:
    """Memory of a process: what it allocated, and all resident pages."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    facts = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("RssAnon", "VmRSS"))}
    return int(facts["RssAnon"]) * 1_024, int(facts["VmRSS"]) * 1_024


def wake_ups(pid: int) -> int:
    """How often threads of a process have slept and were woken."""
    statuses = [path.read_text("ascii") for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(line.split()[1]) for text in statuses for line in text.splitlines() if line.startswith("voluntary"))


def _question(number: int, request_id: int) -> bytes:
    name = f"{PREFIX}/PLAIN.{number:012}"
    return encode_message(request_message(Query(name, parse_identifier(name)), request_id=request_id, now=int(time.time())))


def _environment(directory: Path) -> dict[str, str]:
    """This process's, but modules are compiled once, into a folder beside the node's."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(directory.parent / "modules")}


if __name__ == "__main__":
    sys.exit(main())
