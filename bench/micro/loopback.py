"""A node's socket and an asker's, and the bare system calls between them: what datagrams cost when nothing is done."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Sequence
from types import TracebackType

PACKET_BYTES = 513
ANSWER_BYTES_MAX = 512
BUFFER_BYTES = 1_048_576  # a whole batch waits in the socket before it is taken
_MSG_DONTWAIT = 0x40
_NAME_BYTES = 16  # of an IPv4 address

_libc = ctypes.CDLL(None, use_errno=True)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vectors_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("size", ctypes.c_uint))


class _Messages:
    """The arrays that recvmmsg and sendmmsg want."""

    def __init__(self, count: int, size: int, names: ctypes.Array[ctypes.c_char]) -> None:
        self.octets = (ctypes.c_char * (count * size))()
        self.vectors = (_Vector * count)()
        self.array = (_Message * count)()
        for number in range(count):
            self.vectors[number].base = ctypes.addressof(self.octets) + number * size
            self.vectors[number].size = size
            header = self.array[number].header
            header.vectors = ctypes.pointer(self.vectors[number])
            header.vectors_count = 1
            header.name = ctypes.addressof(names) + _NAME_BYTES * number
            header.name_size = _NAME_BYTES


class Loopback:
    """Two UDP sockets on 127.0.0.1 with a batch of datagrams between them; a context manager.

    Attributes:
        node: the socket that is asked.
        answer_bytes: how long the answers of `echo` are.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.node, self._asker = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self.node, self._asker):
            end.bind(("127.0.0.1", 0))
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._asker.connect(self.node.getsockname())
        self._names = (ctypes.c_char * (_NAME_BYTES * count))()  # messages know its address only: it is kept here
        self._received = _Messages(count, PACKET_BYTES, self._names)
        self._sent = _Messages(count, ANSWER_BYTES_MAX, self._names)
        self._answer_bytes = 0
        self.answer_bytes = ANSWER_BYTES_MAX

    @property
    def answer_bytes(self) -> int:
        """How long the answers of `echo` are."""
        return self._answer_bytes

    @answer_bytes.setter
    def answer_bytes(self, size: int) -> None:
        if size != self._answer_bytes:
            self._answer_bytes = size
            for vector in self._sent.vectors:
                vector.size = size

    def ask(self, questions: Sequence[bytes]) -> None:
        """Send a batch to the node."""
        for question in questions:
            self._asker.send(question)

    def echo(self) -> None:
        """Receive the batch and answer it with octets that stand ready: two system calls and nothing else."""
        node = self.node.fileno()
        received = _libc.recvmmsg(node, self._received.array, self._count, _MSG_DONTWAIT, None)
        _libc.sendmmsg(node, self._sent.array, received, _MSG_DONTWAIT)

    def collect(self) -> list[bytes]:
        """The answers that came back."""
        answers = []
        while True:
            try:
                answers.append(self._asker.recv(PACKET_BYTES))
            except BlockingIOError:
                return answers

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.node.close()
        self._asker.close()
