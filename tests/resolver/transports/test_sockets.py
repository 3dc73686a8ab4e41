"""Binding the sockets of a node: all of them, or none and one sentence."""

from __future__ import annotations

import contextlib
import socket

import pytest

from idis.resolver.config import ListenSection
from idis.resolver.transports.sockets import BACKLOG, ListenError, Sockets, bind, bind_shared, poll_busily

PORTS_TRIED_MAX = 20


def taken_port(kind: int) -> socket.socket:
    """A socket of another program; the same port of the other protocol is free."""
    protocol = socket.SOCK_DGRAM if kind == socket.SOCK_STREAM else socket.SOCK_STREAM
    for _ in range(PORTS_TRIED_MAX):
        other = socket.socket(socket.AF_INET, kind)
        other.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, protocol) as probe:
            try:
                probe.bind(other.getsockname())
            except OSError:  # a connection of somebody else's has that number
                other.close()
                continue
        if kind == socket.SOCK_STREAM:
            other.listen()
        return other
    raise AssertionError("no port is free for the other protocol")


def test_udp_and_tcp_share_the_port_the_kernel_chose():
    """Port 0: TCP gets any free port and UDP the same one, on every host."""
    sockets = bind(ListenSection(hosts=("127.0.0.1", "::1"), port=0, http_port=0))

    assert {bound.getsockname()[1] for bound in (*sockets.udp, *sockets.tcp)} == {sockets.port}
    assert {bound.getsockname()[1] for bound in sockets.http} == {sockets.http_port}
    sockets.close()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_a_taken_port_is_one_sentence_that_names_it(kind):
    """The sentence names protocol, port, host and the setting; the other socket is given back."""
    with taken_port(kind) as other:
        port = other.getsockname()[1]
        name = "TCP" if kind == socket.SOCK_STREAM else "UDP"

        with pytest.raises(ListenError, match=f"^{name} port {port} of 127.0.0.1 is in use by another program: .*listen.port$"):
            bind(ListenSection(port=port, http_port=0))
    free = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    free.bind(("127.0.0.1", port))
    free.close()


def test_a_taken_http_port_is_named_as_such():
    """The reader is led to the right setting."""
    with taken_port(socket.SOCK_STREAM) as other, pytest.raises(ListenError, match=r"choose another listen\.http_port"):
        bind(ListenSection(port=0, http_port=other.getsockname()[1]))


def test_a_foreign_address_is_one_sentence():
    """An address this machine does not have is told, with the setting to correct."""
    with pytest.raises(ListenError, match=r"^192\.0\.2\.1 is no address of this machine: correct listen\.hosts$"):
        bind(ListenSection(hosts=("192.0.2.1",), port=0, http_port=0))


def test_the_backlog_holds_a_burst():
    """A small backlog makes connecting clients wait a second (`wire.md` W1)."""
    assert BACKLOG >= 1_024


@pytest.fixture
def shares():
    """The sockets of three workers on one port, closed afterwards."""
    workers, http = bind_shared(ListenSection(hosts=("127.0.0.1", "::1"), port=0, http_port=0), 3)
    yield workers
    for one in (*workers, http):
        one.close()


def test_workers_share_one_port(shares):
    """Each has a socket of each kind on every host; HTTP is none of their business."""
    ports = {bound.getsockname()[1] for one in shares for bound in (*one.udp, *one.tcp)}

    assert ports == {shares[0].port} == {one.port for one in shares}
    assert [(len(one.udp), len(one.tcp), len(one.http)) for one in shares] == [(2, 2, 0)] * 3


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_the_kernel_spreads_askers_over_all_workers(shares, kind):
    """64 sockets of one address reach each of three workers; that one gets none has a chance of 1 in 10 ** 11."""
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            asker = stack.enter_context(socket.socket(socket.AF_INET, kind))
            asker.connect(("127.0.0.1", shares[0].port))
            asker.send(b"?")
        reached = [len(_arrived(one, kind)) for one in shares]

    assert sum(reached) == 64
    assert min(reached) > 0


def _arrived(one: Sockets, kind: int) -> list[object]:
    """Everything that waits in a worker's first socket."""
    arrived: list[object] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            if kind == socket.SOCK_DGRAM:
                arrived.append(one.udp[0].recv(16))
            else:
                accepted, _address = one.tcp[0].accept()
                accepted.close()
                arrived.append(accepted)
    return arrived


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_a_port_that_others_share_is_still_taken(kind):
    """Another program may be willing to share its port; questions to it are not taken all the same."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()

        with pytest.raises(ListenError, match="is in use by another program"):
            bind_shared(ListenSection(port=other.getsockname()[1], http_port=0), 2)


def test_two_nodes_cannot_share_a_port(shares):
    """However many workers each of them has."""
    with pytest.raises(ListenError, match="is in use by another program"):
        bind_shared(ListenSection(port=shares[0].port, http_port=0), 3)


class Forbidding(socket.socket):
    """A socket of a system that grants no option."""

    def setsockopt(self, *_arguments: object) -> None:
        """Refuse."""
        raise PermissionError("not yours to set")


def test_busy_polling_is_asked_for_without_insisting():
    """A kernel that does not allow it serves as before."""
    with Forbidding(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        assert poll_busily(bound) is False
