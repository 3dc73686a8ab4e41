"""Datagrams received and sent together: every octet, to and from the right peer, with and without the library's calls."""

from __future__ import annotations

import errno
import socket

import pytest

from idis.resolver.transports import datagram_batch as module
from idis.resolver.transports.datagram_batch import DATAGRAMS_MAX, datagram_batch


def bound(host: str = "127.0.0.1", protocol: int = 0) -> socket.socket:
    """A non-blocking socket on a port of its own."""
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM, protocol)
    opened.bind((host, 0))
    opened.setblocking(False)
    return opened


def received_by(end: socket.socket) -> list[bytes]:
    """Everything that came."""
    got = []
    while True:
        try:
            got.append(end.recv(65_536))
        except BlockingIOError:
            return got


@pytest.fixture(params=["together", "one by one"])
def make(request, monkeypatch):
    """Both ways, where this machine has both."""
    if request.param == "one by one":
        monkeypatch.setattr(module, "_library", None)
    elif module._library is None:
        pytest.skip("the library has no recvmmsg")
    return datagram_batch


@pytest.fixture(params=["127.0.0.1", "::1"])
def node(request):
    """A node's socket."""
    with bound(request.param) as opened:
        yield opened


def asker_of(node: socket.socket) -> socket.socket:
    """Somebody who asks it."""
    asker = bound(node.getsockname()[0])
    asker.connect(node.getsockname())
    return asker


def test_datagrams_come_whole_and_in_order(make, node):
    """The empty one, the longest a packet may be, and one octet more, by which a longer one shows."""
    sent = [b"", b"a", bytes(range(256)) * 2, bytes(513), bytes(600)]
    with asker_of(node) as asker:
        for packet in sent:
            asker.send(packet)
        arrivals = make(node)

        assert arrivals.receive() == [*sent[:4], bytes(513)]
        assert [arrivals.address(number) for number in range(5)] == [asker.getsockname()] * 5
        assert arrivals.receive() == []


def test_answers_go_back_to_whom_they_are_for(make, node):
    """Several peers, answers of several sizes, some without an answer, some with many packets."""
    askers = [asker_of(node) for _ in range(4)]
    for number in range(DATAGRAMS_MAX):
        askers[number % 4].send(bytes((number,)))
    arrivals = make(node)
    asked = arrivals.receive()
    answers, numbers, wanted = [], [], [[] for _ in askers]
    for number, packet in enumerate(asked):
        for part in range(number % 3):
            answer = packet * (100 + packet[0] // 8) + bytes((part,))
            answers.append(answer)
            numbers.append(number)
            wanted[packet[0] % 4].append(answer)

    assert len(answers) > DATAGRAMS_MAX // 2
    assert arrivals.send(answers * 2, numbers * 2) == (0, 0)
    assert [sorted(received_by(asker)) for asker in askers] == [sorted(packets * 2) for packets in wanted]
    for asker in askers:
        asker.close()


def test_answers_of_one_size_stay_in_order(make, node):
    """They pass through the kernel together."""
    with asker_of(node) as asker:
        for number in range(DATAGRAMS_MAX):
            asker.send(bytes((number,)))
        arrivals = make(node)
        answers = [packet * 300 for packet in arrivals.receive()]
        arrivals.send(answers, range(DATAGRAMS_MAX))

        assert received_by(asker) == answers


def test_hosts_tell_peers_apart(make):
    """Two addresses, each with its name; two ports of one address have the same."""
    with bound() as node:
        askers = [bound("127.0.0.1"), bound("127.0.0.2"), bound("127.0.0.1")]
        for asker in askers:
            asker.sendto(b"x", node.getsockname())
        arrivals = make(node)
        arrivals.receive()
        first, second, third = arrivals.hosts

        assert first == third != second
        for asker in askers:
            asker.close()


def test_a_full_buffer_is_counted(make, node, monkeypatch):
    """What the socket does not take is lost, as on the way, and told."""
    with asker_of(node) as asker:
        asker.send(b"x")
        arrivals = make(node)
        arrivals.receive()
        if module._library is None:
            pytest.skip("the kernel takes them one by one")
        monkeypatch.setattr(arrivals, "_send_many", lambda *_: _fail(errno.EAGAIN))

        assert arrivals.send([b"a", b"b", b"bb"], [0, 0, 0]) == (3, 0)


def test_what_cannot_be_delivered_is_counted(make, node, monkeypatch):
    """One peer that is not reached harms no other."""
    with asker_of(node) as asker:
        asker.send(b"x")
        arrivals = make(node)
        arrivals.receive()
        if module._library is None:
            pytest.skip("the kernel says nothing about one")
        real, failures = arrivals._send_many, iter([errno.EPERM])
        monkeypatch.setattr(arrivals, "_send_many", lambda *given: _fail(code) if (code := next(failures, 0)) else real(*given))

        assert arrivals.send([b"a", b"bb"], [0, 0]) == (0, 1)
        assert received_by(asker) == [b"bb"]


def test_a_kernel_that_cannot_cut_gets_packets_one_by_one(make):
    """UDP-Lite cannot: nothing is lost, and it is not tried again."""
    try:
        node, asker = (bound(protocol=socket.IPPROTO_UDPLITE) for _ in range(2))
    except OSError:
        pytest.skip("this kernel has no UDP-Lite")
    asker.connect(node.getsockname())
    asker.send(b"x")
    arrivals = make(node)
    arrivals.receive()

    assert arrivals.send([b"ab", b"cd", b"e"], [0, 0, 0]) == (0, 0)
    assert received_by(asker) == [b"ab", b"cd", b"e"]
    node.close()
    asker.close()


def test_a_closed_socket_is_an_error(make):
    """Nobody must drain it for ever."""
    node = bound()
    arrivals = make(node)
    node.close()

    with pytest.raises(OSError):
        arrivals.receive()


def _fail(code: int) -> int:
    module.ctypes.set_errno(code)
    return -1
