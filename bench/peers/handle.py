"""A Handle server that runs already, given by its address and a file of identifiers it knows."""

from __future__ import annotations

import time
from pathlib import Path

from idis.bench.asking.identifiers import from_file
from idis.bench.asking.load import Question, Transport, target_of
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import handle_frames
from idis.bench.peers.contender import Contender, Face, Running
from idis.bench.peers.stage import Stage


def handle_server(address: str, path: Path, process: int | None) -> Contender:
    """The competitor at an address; its process id, when it runs here, lets its CPU time be seen.

    Raises:
        LoadError, CommandError: no such host, or no identifiers.
    """
    target, asked = target_of(address), from_file(path)

    def start(_stage: Stage, _names: int) -> Running:
        question = Question(handle_frames(asked.identifiers, now=int(time.time()), datagrams=True), Dialect.HANDLE)
        return Running({Transport.UDP: Face(target, question, process)})

    return Contender(f"Handle {address}", lambda: "", start, ("over UDP only: it serves one question a connection",))
