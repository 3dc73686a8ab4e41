"""The ceiling: our C echo, compiled when the comparison begins."""

from __future__ import annotations

import shutil
import subprocess
import time
from importlib.resources import as_file, files

from idis.bench.asking.load import Question, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import handle_frames
from idis.bench.peers.contender import Contender, Face, Running, local
from idis.bench.peers.dataset import ANSWER_BYTES, identifiers
from idis.bench.peers.stage import Stage, StageError, answers_by_datagram, answers_by_stream, free_port

_COMPILER = "cc"


def _missing() -> str:
    return "" if shutil.which(_COMPILER) else f"no C compiler ({_COMPILER})"


def _start(stage: Stage, names: int) -> Running:
    folder = stage.make_folder("echo")
    with as_file(files("idis.bench.peers") / "echo.c") as source:
        done = subprocess.run(
            [_COMPILER, "-O2", "-o", str(folder / "echo"), str(source)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise StageError(f"the echo cannot be compiled: {done.stderr.strip().splitlines()[:1]}")
    faces = {}
    for transport, kind in ((Transport.UDP, "udp"), (Transport.TCP, "tcp")):
        question = Question(
            handle_frames(identifiers(names), now=int(time.time()), datagrams=transport.datagrams), Dialect.HANDLE
        )
        port = free_port()
        process = stage.start([str(folder / "echo"), kind, str(port), str(ANSWER_BYTES)], f"echo-{kind}")
        ask = answers_by_datagram if transport.datagrams else answers_by_stream
        stage.wait(process, f"echo-{kind}", ask(port, question.frames.of(0)))
        faces[transport] = Face(local(port), question, process.pid, constant=True)
    return Running(faces)


ECHO = Contender("C echo", _missing, _start)
