"""A node of ours with the sample data, started for a measurement that has no competitor."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from idis.bench.asking.load import Load, Question, Target, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import handle_frames
from idis.bench.measuring.first_pass import learn_digests
from idis.bench.peers.contender import local
from idis.bench.peers.dataset import identifiers
from idis.bench.peers.node import make_data, serve_words
from idis.bench.peers.stage import Stage, answers_by_datagram, free_port

INDEX_S_MAX = 60.0  # until a million records are in the index


class OwnNode:
    """A running node.

    Args:
        stage: where it is started, and ended.
        folder: its data, made where there is none.
        names: records.
        workers: processes on its binary port.
        keeper: whether one worker has a keeper; several have.
        cores: where it may run.

    Attributes:
        process: its number.
        target, question: whom to ask, and what, with the digests of all answers.
    """

    def __init__(
        self, stage: Stage, folder: Path, names: int, *, workers: int = 1, keeper: bool = False, cores: Collection[int]
    ) -> None:
        make_data(folder, names)
        port = free_port()
        words = [*serve_words(folder, port, free_port()), "--workers", str(workers), *["--keeper"] * keeper]
        frames = handle_frames(identifiers(names), now=int(time.time()), datagrams=True)
        running = stage.start(words, folder.name, cores=cores)
        stage.wait(running, folder.name, answers_by_datagram(port, frames.of(0)))
        self.process = running.pid
        self.target: Target = local(port)
        self._await_index(folder)
        learnt = learn_digests(Load(transport=Transport.UDP, warm_up_s=0.0), self.target, Question(frames, Dialect.HANDLE))
        self.question = Question(frames, Dialect.HANDLE, learnt.expected)

    def _await_index(self, folder: Path) -> None:
        """Until the file of the index has its name: it is whole then."""
        deadline = time.monotonic() + INDEX_S_MAX
        while not (folder / "answer-index" / "index").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)  # workers look for it twice a second
