"""Worker processes for the dear part of a load: parsing, checking, encoding.

Each worker has a pipe of its own to the parent and nothing else in common with anybody: when the parent dies, its pipe
ends and the worker with it; when a worker dies, the parent is told which and why. Workers are spawned, not forked, so
that no lock, transaction or mapped store of the parent reaches them.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Generic, TypeVar, cast

from idis.proto.errors import IdisError

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerLost(IdisError):
    """A worker process ended in the middle of its work; nothing has been loaded."""


class Workers(Generic[Task, Result]):
    """Processes that apply a function, one for each of `setups`, which make the function there and must be picklable."""

    def __init__(self, setups: Sequence[Callable[[], Callable[[Task], Result]]]) -> None:
        context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, BaseProcess] = {}
        for setup in setups:
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, setup), daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process

    def map(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Results in the order they are ready.

        Raises:
            WorkerLost: a process died.
            IdisError: what the function raised in a worker.
        """
        idle = list(self._processes)
        busy = 0
        for task in tasks:
            if idle:
                self._send(idle.pop(), task)
                busy += 1
                continue
            connection = cast(Connection, wait(list(self._processes))[0])
            result = self._receive(connection)
            self._send(connection, task)  # first give the worker its next task, then look at what it brought
            yield result
        while busy:
            ready = wait(connection for connection in self._processes if connection not in idle)
            for connection in cast(list[Connection], ready):
                result = self._receive(connection)
                idle.append(connection)
                busy -= 1
                yield result

    def _send(self, connection: Connection, task: Task) -> None:
        try:
            connection.send(task)
        except OSError:
            raise self._lost(connection) from None

    def _receive(self, connection: Connection) -> Result:
        try:
            result = connection.recv()
        except (EOFError, OSError):
            raise self._lost(connection) from None
        if isinstance(result, IdisError):
            raise result
        return cast(Result, result)

    def _lost(self, connection: Connection) -> WorkerLost:
        process = self._processes[connection]
        process.join(1)
        killed = process.exitcode == -signal.SIGKILL
        why = "killed, perhaps for want of memory: try --processes 1" if killed else f"exit code {process.exitcode}"
        return WorkerLost(f"a worker process ended ({why}); nothing was loaded")

    def close(self) -> None:
        """End the processes."""
        for connection in self._processes:
            connection.close()
        for process in self._processes.values():
            process.terminate()
            process.join()

    def __enter__(self) -> Workers[Task, Result]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _work(connection: Connection, setup: Callable[[], Callable[[Task], Result]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    gc.disable()  # a task makes many tuples and no cycles: looking for some takes a tenth of the time
    function = setup()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            result: Result | IdisError = function(task)
        except IdisError as error:
            result = error
        try:
            connection.send(result)
        except OSError:
            return
