"""Where the competitors stand: a folder, a core for servers and one for the generator, free ports, the processes started.

Everything listens on loopback, is bound to the server core, dies with this process, and is ended by its number. Who is not
asked stands still: a node that waits looks after something thirty times a second, and would do so on the core of another.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from idis.proto.errors import IdisError

HOST = "127.0.0.1"
START_S_MAX = 300.0  # NSD and Knot read a million names in some ten seconds; a slow machine needs longer
STOP_S_MAX = 10.0
POLL_S = 0.005
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class StageError(IdisError):
    """A competitor cannot be started; the text says why."""


class Stage:
    """The place of one comparison.

    Args:
        folder: for data and logs; must exist.
        server_core, generator_core: what is bound to which core.
    """

    def __init__(self, folder: Path, server_core: int, generator_core: int) -> None:
        self.folder = folder
        self.server_core = server_core
        self.generator_core = generator_core
        self._running: list[subprocess.Popen[bytes]] = []

    def make_folder(self, name: str) -> Path:
        """A folder of one competitor."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def start(
        self,
        words: Sequence[str],
        name: str,
        *,
        environment: Mapping[str, str] | None = None,
        cores: Collection[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a server, on the server core or on others; what it says goes to a file in the folder."""
        with (self.folder / f"{name}.log").open("wb") as log:
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})},
                    preexec_fn=partial(_bind, cores or (self.server_core,), os.getpid()),
                )
            except OSError as error:
                raise StageError(f"{words[0]} cannot be started: {error.strerror}") from None
        self._running.append(process)
        return process

    def wait(self, process: subprocess.Popen[bytes], name: str, answers: Callable[[], bool]) -> None:
        """Until a server answers.

        Raises:
            StageError: it ended, or does not answer in time; with the last line it said.
        """
        deadline = time.monotonic() + START_S_MAX
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StageError(f"{name} does not answer: {self._last_line(name)}")
            time.sleep(POLL_S)

    def leave_alone(self, server: int | None) -> None:
        """Let no process that was started here run but this one."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT if process.pid == server else signal.SIGSTOP)

    def wake(self) -> None:
        """Let all run again."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End every process that was started here."""
        self.wake()
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_S_MAX
        for process in self._running:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _last_line(self, name: str) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
            if lines:
                return lines[-1]
        return "it said nothing"


def idis(*words: str) -> list[str]:
    """The command line that runs our own program, under this interpreter."""
    return [sys.executable, "-c", "from idis.resolver.cli.main import main; raise SystemExit(main())", *words]


def free_port() -> int:
    """A port of which neither TCP nor UDP is in use on loopback."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind((HOST, 0))
            port: int = stream.getsockname()[1]
            try:
                datagrams.bind((HOST, port))
            except OSError:
                continue
            return port


def answers_by_datagram(port: int, question: bytes) -> Callable[[], bool]:
    """Asks once and waits a moment; whether anything came back."""

    def ask() -> bool:
        with socket.socket(type=socket.SOCK_DGRAM) as link:
            link.settimeout(0.2)
            try:
                link.connect((HOST, port))
                link.send(question)
                return bool(link.recv(4_096))
            except OSError:
                return False

    return ask


def answers_by_stream(port: int, question: bytes) -> Callable[[], bool]:
    """The same over TCP."""

    def ask() -> bool:
        try:
            with socket.create_connection((HOST, port), 0.2) as link:
                link.settimeout(0.5)
                link.sendall(question)
                return bool(link.recv(4_096))
        except OSError:
            return False

    return ask


def _bind(cores: Collection[int], parent: int) -> None:
    """In the child, before it becomes the server: to its cores, and to its parent's life."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)  # the only one that ends a process that stands still
    if os.getppid() != parent:
        os._exit(1)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, cores)
