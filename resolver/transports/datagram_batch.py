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
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from operator import add
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
# And the whole address: family, port and host.
_PEERS = {
    socket.AF_INET: [slice(at, at + 8) for at in range(0, DATAGRAMS_MAX * _NAME_BYTES, _NAME_BYTES)],
    socket.AF_INET6: [slice(at, at + 28) for at in range(0, DATAGRAMS_MAX * _NAME_BYTES, _NAME_BYTES)],
}

_SOL_UDP, _UDP_SEGMENT = 17, 103
_CONTROL_BYTES = 18  # a header of 16 and a number of two octets
_NO_TRAINS = (errno.EINVAL, errno.EIO, errno.EOPNOTSUPP)

# Packets of one size to the peer that a datagram came from: its number, the size, the packets.
_Train = tuple[int, int, list[bytes]]


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
        self._peer_slices = _PEERS[bound.family]
        self._octets = bytearray(DATAGRAMS_MAX * _STRIDE)
        self._names = bytearray(DATAGRAMS_MAX * _NAME_BYTES)
        self._octets_view = memoryview(self._octets)
        self._named = b""
        names_at, octets_at = _place(self._names), _place(self._octets)
        self._name_places = [names_at + number * _NAME_BYTES for number in range(DATAGRAMS_MAX)]
        self._received, vectors = _messages(self._name_places)
        vectors[0::2] = _words(range(octets_at, octets_at + DATAGRAMS_MAX * _STRIDE, _STRIDE))
        vectors[1::2] = _words([_RECEIVE_BYTES] * DATAGRAMS_MAX)
        self._received_vectors = vectors
        self._sent, self._sent_vectors = _messages(self._name_places)
        self._sent[1::_MESSAGE_WORDS] = _words([16 if bound.family == socket.AF_INET else _NAME_BYTES] * DATAGRAMS_MAX)
        # A message that tells the kernel where to cut has one number of two octets beside it (cmsg(3), UDP_SEGMENT).
        self._controls = _words([_CONTROL_BYTES, _UDP_SEGMENT << 32 | _SOL_UDP, 0] * DATAGRAMS_MAX)
        controls_at = _place(self._controls)
        self._sent[4::_MESSAGE_WORDS] = _words(range(controls_at, controls_at + DATAGRAMS_MAX * 24, 24))
        self._leaving = b""  # what the messages name
        self._has_trains = True
        self._name_room = _words([_NAME_BYTES] * DATAGRAMS_MAX)
        self._received_at, self._sent_at = _place(self._received), _place(self._sent)

    def receive(self) -> list[bytes]:
        count = self._fill()
        octets, self._named = self._octets_view[: count * _STRIDE].tobytes(), bytes(self._names)
        self.hosts = list(map(self._named.__getitem__, self._host_slices[:count]))
        ends = map(add, _STARTS, self._received[7 : count * _MESSAGE_WORDS : _MESSAGE_WORDS])
        return list(map(octets.__getitem__, map(slice, _STARTS, ends)))

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
            unsent, lost = self._send(self._couple(packets[start:end], numbers[start:end]))
            full, unreachable = full + unsent, unreachable + lost
        return full, unreachable

    def _couple(self, packets: Sequence[bytes], numbers: Sequence[int]) -> list[_Train]:
        """Packets of one size to one peer, in order, which pass through the kernel as one where it can."""
        if not self._has_trains:
            return [(number, len(packet), [packet]) for number, packet in zip(numbers, packets, strict=True)]
        named, slices = self._named, self._peer_slices
        peers = list(zip([named[slices[number]] for number in numbers], map(len, packets), strict=True))
        trains = defaultdict[tuple[bytes, int], list[bytes]](list)
        for peer, packet in zip(peers, packets, strict=True):
            trains[peer].append(packet)
        places = dict(zip(peers, numbers, strict=True))  # whichever datagram of a peer: all came from there
        return [(places[peer], peer[1], train) for peer, train in trains.items()]

    def _send(self, trains: list[_Train]) -> tuple[int, int]:
        self._describe(trains)
        count, done, unreachable = len(trains), 0, 0
        while done < count:
            at = self._sent_at + _WORD_BYTES * _MESSAGE_WORDS * done
            sent = self._send_many(self._socket.fileno(), at, count - done, _DONTWAIT)
            if sent > 0:
                done += sent
                continue
            failure = ctypes.get_errno()
            if failure in (errno.EAGAIN, errno.ENOBUFS):
                return sum(len(packets) for _, _, packets in trains[done:]), unreachable
            if failure in _NO_TRAINS and self._has_trains:
                self._has_trains = False
                singles = [(number, size, [packet]) for number, size, packets in trains[done:] for packet in packets]
                full, lost = self._send(singles)
                return full, unreachable + lost
            if failure != errno.EINTR:
                unreachable += len(trains[done][2])
                done += 1
        return 0, unreachable

    def _describe(self, trains: list[_Train]) -> None:
        """One message for each train; its packets lie one behind the other, and the kernel cuts them where one ends."""
        self._leaving = whole = b"".join(chain.from_iterable([packets for _, _, packets in trains]))
        lengths = _words([size * len(packets) for _, size, packets in trains])
        start = ctypes.cast(ctypes.c_char_p(whole), ctypes.c_void_p).value or 0
        end, sent, places = _MESSAGE_WORDS * len(trains), self._sent, self._name_places
        self._sent_vectors[0 : 2 * len(trains) : 2] = _words(accumulate(lengths[:-1], initial=start))
        self._sent_vectors[1 : 2 * len(trains) : 2] = lengths
        self._controls[2 : 3 * len(trains) : 3] = _words([size for _, size, _ in trains])
        sent[0:end:_MESSAGE_WORDS] = _words([places[number] for number, _, _ in trains])
        sent[5:end:_MESSAGE_WORDS] = _words([_CONTROL_BYTES if len(packets) > 1 else 0 for _, _, packets in trains])

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
