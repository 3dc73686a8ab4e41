"""Binding the sockets of a node: all of them, or none and one sentence."""

from __future__ import annotations

import socket

import pytest

from idis.resolver.config import ListenSection
from idis.resolver.transports.sockets import BACKLOG, ListenError, bind


def taken_port(kind: int) -> socket.socket:
    """A socket of another program."""
    other = socket.socket(socket.AF_INET, kind)
    other.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        other.listen()
    return other


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
