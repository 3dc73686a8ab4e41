"""Many datagrams received and sent by one system call each: `recvmmsg` and `sendmmsg` of the C library, through ctypes.

Python's socket has no such calls, and one call a datagram, with an address made of text each way, costs more than finding
the answer. Messages lie in arrays that are described to the kernel once; what differs from batch to batch is written by
slices, so that nothing is done for each datagram that can be done for all of them. Where the library is another one, or
words are not of 64 bits, datagrams come and go one by one.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Protocol

from idis.proto.fragments import UDP_PACKET_BYTES

DATAGRAMS_MAX = 64  # one turn of the loop takes this many; more would make TCP wait longer than a millisecond

Address = tuple[Any, ...]  # (host, port) or (host, port, flow, scope)

# One octet more than a packet may have: a longer datagram shows by its length.
_RECEIVE_BYTES = UDP_PACKET_BYTES + 1
_STRIDE = 576
_NAME_BYTES = 28  # of an IPv6 address; an IPv4 one has 16
_MESSAGE_WORDS = 8  # struct mmsghdr: name, its size, vectors, their number, control, its size, flags, octets received
_DONTWAIT = 0x40
_ERRORS_MAX = 64  # ICMP errors for earlier answers, reported in place of a datagram
_STARTS = range(0, DATAGRAMS_MAX * _STRIDE, _STRIDE)
_WORD_BYTES = 8
# Where the host stands in an address, by family.
_HOSTS = {
    socket.AF_INET: [slice(at + 4, at + 8) for at in range(0, DATAGRAMS_MAX * _NAME_BYTES, _NAME_BYTES)],
    socket.AF_INET6: [slice(at + 8, at + 24) for at in range(0, DATAGRAMS_MAX * _NAME_BYTES, _NAME_BYTES)],
}


class DatagramBatch(Protocol):
    """What came in one turn of the loop, and the way back for its answers."""

    @property
    def hosts(self) -> Sequence[bytes | str]:
        """Where each datagram of the last batch came from: the address without the port."""

    def receive(self) -> Sequence[bytes]:
        """The datagrams that wait, at most DATAGRAMS_MAX.

        Raises:
            OSError: the socket cannot be used.
        """

    def address(self, number: int) -> Address:
        """Where a datagram of the last batch came from."""

    def send(self, packets: Sequence[bytes], numbers: Sequence[int]) -> tuple[int, int]:
        """Send packets to where the datagrams of these numbers came from.

        Returns:
            How many had no room in the socket, and how many could not be delivered.
        """


def datagram_batch(bound: socket.socket) -> DatagramBatch:
    """The best way this machine has for a non-blocking UDP socket."""
    return _Together(bound) if _library is not None else _OneByOne(bound)


def _find_library() -> ctypes.CDLL | None:
    if sys.platform != "linux" or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if not (hasattr(library, "recvmmsg") and hasattr(library, "sendmmsg")):
        return None
    library.recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
    library.sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    return library


_library = _find_library()


class _Together:
    """One system call each way. The kernel knows the arrays by their addresses: none of them ever changes its size."""

    def __init__(self, bound: socket.socket) -> None:
        assert _library is not None, "there is a library with these calls"
        self.hosts: list[bytes] = []
        self._socket = bound
        self._receive_many, self._send_many = _library.recvmmsg, _library.sendmmsg
        self._host_slices = _HOSTS[bound.family]
        self._octets = bytearray(DATAGRAMS_MAX * _STRIDE)
        self._names = bytearray(DATAGRAMS_MAX * _NAME_BYTES)
        self._named = b""
        names_at, octets_at = _place(self._names), _place(self._octets)
        self._name_places = [names_at + number * _NAME_BYTES for number in range(DATAGRAMS_MAX)]
        self._received, vectors = _messages(self._name_places)
        vectors[0::2] = _words(range(octets_at, octets_at + DATAGRAMS_MAX * _STRIDE, _STRIDE))
        vectors[1::2] = _words([_RECEIVE_BYTES] * DATAGRAMS_MAX)
        self._received_vectors = vectors
        self._sent, self._sent_vectors = _messages(self._name_places)
        self._sent[1::_MESSAGE_WORDS] = _words([16 if bound.family == socket.AF_INET else _NAME_BYTES] * DATAGRAMS_MAX)
        self._name_room = _words([_NAME_BYTES] * DATAGRAMS_MAX)
        self._received_at, self._sent_at = _place(self._received), _place(self._sent)

    def receive(self) -> list[bytes]:
        count = self._fill()
        octets, named = bytes(self._octets[: count * _STRIDE]), bytes(self._names)
        self._named = named
        self.hosts = [named[host] for host in self._host_slices[:count]]
        sizes = self._received[7 : count * _MESSAGE_WORDS : _MESSAGE_WORDS]
        return [octets[start : start + size] for start, size in zip(_STARTS, sizes, strict=False)]

    def address(self, number: int) -> Address:
        host = socket.inet_ntop(self._socket.family, self.hosts[number])
        name = self._named[number * _NAME_BYTES : (number + 1) * _NAME_BYTES]
        port = int.from_bytes(name[2:4], "big")
        if self._socket.family == socket.AF_INET:
            return host, port
        return host, port, int.from_bytes(name[4:8], "big"), int.from_bytes(name[24:28], "little")

    def send(self, packets: Sequence[bytes], numbers: Sequence[int]) -> tuple[int, int]:
        full = unreachable = 0
        for start in range(0, len(packets), DATAGRAMS_MAX):
            end = start + DATAGRAMS_MAX
            unsent, lost = self._send(packets[start:end], numbers[start:end])
            full, unreachable = full + unsent, unreachable + lost
        return full, unreachable

    def _send(self, packets: Sequence[bytes], numbers: Sequence[int]) -> tuple[int, int]:
        count, whole = len(packets), b"".join(packets)
        sizes = array("Q", map(len, packets))
        vectors, places = self._sent_vectors, self._name_places
        start = ctypes.cast(ctypes.c_char_p(whole), ctypes.c_void_p).value or 0
        vectors[0 : 2 * count : 2] = array("Q", accumulate(sizes[:-1], initial=start))
        vectors[1 : 2 * count : 2] = sizes
        self._sent[0 : _MESSAGE_WORDS * count : _MESSAGE_WORDS] = array("Q", [places[number] for number in numbers])
        done = unreachable = 0
        while done < count:
            at = self._sent_at + _WORD_BYTES * _MESSAGE_WORDS * done
            sent = self._send_many(self._socket.fileno(), at, count - done, _DONTWAIT)
            if sent > 0:
                done += sent
                continue
            failure = ctypes.get_errno()
            if failure in (errno.EAGAIN, errno.ENOBUFS):
                return count - done, unreachable
            if failure != errno.EINTR:
                unreachable += 1
                done += 1
        return 0, unreachable

    def _fill(self) -> int:
        """Receive into the arrays; how many datagrams came."""
        self._received[1::_MESSAGE_WORDS] = self._name_room  # the kernel has left there what it wrote
        for _ in range(_ERRORS_MAX):
            count: int = self._receive_many(self._socket.fileno(), self._received_at, DATAGRAMS_MAX, _DONTWAIT, None)
            if count >= 0:
                return count
            failure = ctypes.get_errno()
            if failure == errno.EAGAIN:
                break
            if failure in (errno.EBADF, errno.ENOTSOCK):
                raise OSError(failure, "the socket cannot be read")
        return 0


class _OneByOne:
    def __init__(self, bound: socket.socket) -> None:
        self.hosts: list[str] = []
        self._socket = bound
        self._addresses: list[Address] = []

    def receive(self) -> list[bytes]:
        packets: list[bytes] = []
        self._addresses.clear()
        for _ in range(DATAGRAMS_MAX):
            try:
                packet, address = self._socket.recvfrom(_RECEIVE_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.EBADF:
                    raise
                continue  # an ICMP error for an earlier answer: its asker is gone
            packets.append(packet)
            self._addresses.append(address)
        self.hosts = [address[0] for address in self._addresses]
        return packets

    def address(self, number: int) -> Address:
        return self._addresses[number]

    def send(self, packets: Sequence[bytes], numbers: Sequence[int]) -> tuple[int, int]:
        full = unreachable = 0
        for packet, number in zip(packets, numbers, strict=True):
            try:
                self._socket.sendto(packet, self._addresses[number])
            except BlockingIOError:
                full += 1
            except OSError:
                unreachable += 1
        return full, unreachable


def _messages(name_places: Sequence[int]) -> tuple[array[int], array[int]]:
    """An array of struct mmsghdr with one vector each, and the array of these."""
    messages = _words([0] * (DATAGRAMS_MAX * _MESSAGE_WORDS))
    vectors = _words([0] * (DATAGRAMS_MAX * 2))
    start = _place(vectors)
    messages[0::_MESSAGE_WORDS] = _words(name_places)
    messages[2::_MESSAGE_WORDS] = _words(range(start, start + DATAGRAMS_MAX * 2 * _WORD_BYTES, 2 * _WORD_BYTES))
    messages[3::_MESSAGE_WORDS] = _words([1] * DATAGRAMS_MAX)
    return messages, vectors


def _words(numbers: Iterable[int]) -> array[int]:
    return array("Q", numbers)


def _place(memory: bytearray | array[int]) -> int:
    """Its address."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
