"""Redis without persistence, the names as strings."""

from __future__ import annotations

import shutil
import socket
import time

from idis.bench.asking.load import Question, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import resp_frames
from idis.bench.peers.contender import Contender, Face, Running, local, memory_of
from idis.bench.peers.dataset import resp_key, resp_value
from idis.bench.peers.stage import HOST, Stage, answers_by_stream, free_port

PROGRAM = "redis-server"
_BATCH = 1_000
_OK = b"+OK\r\n"
_PING = b"*1\r\n$4\r\nPING\r\n"


def _start(stage: Stage, names: int) -> Running:
    folder, port = stage.make_folder("redis"), free_port()
    words = [PROGRAM, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = stage.start(words, "redis")
    stage.wait(process, "redis", answers_by_stream(port, _PING))
    _fill(port, names)
    question = Question(resp_frames(resp_key(number) for number in range(names)), Dialect.RESP)
    return Running({Transport.TCP: Face(local(port), question, process.pid)}, None, memory_of(process.pid))


def _fill(port: int, names: int) -> None:
    """Set every key, a batch at a time."""
    with socket.create_connection((HOST, port), 5.0) as link:
        for begin in range(0, names, _BATCH):
            numbers = range(begin, min(begin + _BATCH, names))
            link.sendall(b"".join(_set(resp_key(number).encode(), resp_value(number)) for number in numbers))
            expected = len(_OK) * len(numbers)
            while expected > 0 and (arrived := link.recv(65_536)):
                expected -= len(arrived)
    time.sleep(0.1)  # its tables settle


def _set(key: bytes, value: bytes) -> bytes:
    return b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value)


REDIS = Contender("Redis", lambda: "" if shutil.which(PROGRAM) else f"{PROGRAM} is not installed", _start)
