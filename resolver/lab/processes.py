"""Running the lab's nodes: one forked process each, waited for, watched, stopped together.

The parent imports everything once and forks, so that fourteen nodes start in the time of one. It holds no store open and
runs no thread while it forks: LMDB environments must be opened after a fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import Synchronized

from idis.proto.errors import IdisError
from idis.resolver.config import NodeConfig
from idis.resolver.lab.build import LabError
from idis.resolver.lab.plan import LabNode, Plan, config_of
from idis.resolver.processes import serving

START_S_MAX = 90.0  # fourteen nodes start in some seconds; a machine that others keep busy may need ten times that
STOP_S_MAX = 10.0
POLL_S = 0.02
Ended = Callable[[], bool]  # whether a signal has asked for the end
# What a node imports while it starts, or when it is first asked over HTTP: half a second of work each.
IMPORTED_LATE = (
    "uvloop",
    "aiohttp.web",
    "idis.resolver.foreign.did",
    "idis.resolver.foreign.taking",
    "idis.resolver.hot_path",
    "idis.resolver.transports.dns",
    "idis.resolver.transports.http_protocol",
    "idis.resolver.transports.stream_pool",
    "idis.resolver.web.application",
    "idis.resolver.web.chunks",
    "idis.resolver.web.quick_json",
    "idis.resolver.web.v1.api",
)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class Processes:
    """The processes of a running lab."""

    def __init__(self) -> None:
        self._fork = get_context("fork")
        self._running: dict[str, ForkProcess] = {}
        self._ready: dict[str, Synchronized[int]] = {}

    def start(self, plan: Plan) -> None:
        """Start every node and wait until each answers.

        Raises:
            LabError: one of them could not start; the others are stopped.
        """
        for name in IMPORTED_LATE:
            import_module(name)
        for node in plan.nodes:
            ready: Synchronized[int] = self._fork.Value("i", 0)
            process = self._fork.Process(target=_run, args=(config_of(node, plan), ready, os.getpid()), name=f"idis {node.name}")
            process.start()
            self._running[node.name] = process
            self._ready[node.name] = ready
        deadline = time.monotonic() + START_S_MAX
        while not all(flag.value for flag in self._ready.values()):
            if (dead := self.dead()) or time.monotonic() > deadline:
                self.stop()
                reason = (
                    f"{min(dead)} ended before it answered" if dead else f"not every node answered within {START_S_MAX:.0f} s"
                )
                raise LabError(reason)
            time.sleep(POLL_S)

    def dead(self) -> set[str]:
        """The names of the nodes whose processes have ended."""
        return {name for name, process in self._running.items() if process.exitcode is not None}

    def pid(self, name: str) -> int:
        """The process number of a node."""
        pid = self._running[name].pid
        assert pid is not None
        return pid

    def stop(self) -> None:
        """End every node cleanly; one that does not end within STOP_S_MAX is killed."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_S_MAX
        for process in self._running.values():
            process.join(max(deadline - time.monotonic(), 0))
            if process.exitcode is None:
                process.kill()
                process.join()


@contextlib.contextmanager
def ended_by_signals() -> Iterator[Ended]:
    """Within the block SIGINT, SIGTERM and SIGHUP only raise a flag; yields how to read it."""
    raised: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: raised.append(number)) for number in _SIGNALS}
    try:
        yield lambda: bool(raised)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_taken_ports(nodes: tuple[LabNode, ...]) -> None:
    """Find out before anything is built that a port is in use.

    Raises:
        LabError: names the port and the way out.
    """
    for node in nodes:
        wanted = [(node.port, socket.SOCK_STREAM), (node.port, socket.SOCK_DGRAM), (node.http_port, socket.SOCK_STREAM)]
        if node.dns_port:
            wanted += [(node.dns_port, socket.SOCK_STREAM), (node.dns_port, socket.SOCK_DGRAM)]
        for port, kind in wanted:
            with socket.socket(socket.AF_INET6 if ":" in node.host else socket.AF_INET, kind) as probe:
                if kind is socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((node.host, port))
                except OSError as error:
                    raise LabError(
                        f"port {port} of {node.host} cannot be used for {node.name} ({error.strerror}): "
                        "stop what uses it, or choose others with --base-port"
                    ) from None


def ipv6_works() -> bool:
    """Whether this machine has an IPv6 loopback address."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last when its terminal closes


def _run(config: NodeConfig, ready: Synchronized[int], parent: int) -> None:
    """What a child process does: be one node until told to stop."""
    # A parent that is killed takes its nodes with it: nothing of a lab stays behind.
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:
        return

    def note_ready() -> None:
        ready.value = 1

    try:
        code = serving.run(config, ready=note_ready)
    except IdisError as error:
        os.write(2, f"idis: {config.node.name}: {error}\n".encode())
        code = 2
    os._exit(code)
