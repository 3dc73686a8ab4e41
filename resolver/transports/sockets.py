"""The sockets of a node, bound before anything else starts: a port that is taken must stop a node, not half of it."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from idis.proto.errors import IdisError
from idis.resolver.config import ListenSection

BACKLOG = 1_024  # a backlog of 50 cost Handle.Net spikes of a second (`wire.md` W1)
RECEIVE_BUFFER_BYTES = 4_194_304  # a burst of datagrams waits here while one batch is answered; the kernel may give less
FREE_PORT_TRIES = 16  # a port the kernel gave for TCP may be taken for UDP


class ListenError(IdisError):
    """A socket cannot be bound; the text names the address, the reason and what to do."""


@dataclass(slots=True)
class Sockets:
    """All listening sockets: one of each kind per host."""

    port: int = 0
    http_port: int = 0
    udp: list[socket.socket] = field(default_factory=list)
    tcp: list[socket.socket] = field(default_factory=list)
    http: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Close those that are still here."""
        for bound in (*self.udp, *self.tcp, *self.http):
            bound.close()


def bind(listen: ListenSection) -> Sockets:
    """Bind UDP and TCP on the port and TCP on the HTTP port, on every host.

    Raises:
        ListenError: one sentence; nothing stays bound.
    """
    for _ in range(FREE_PORT_TRIES - 1):
        with contextlib.suppress(_Taken):
            return _bind(listen)
        if listen.port:
            break
    try:
        return _bind(listen)
    except _Taken as taken:
        raise ListenError(str(taken)) from None


class _Taken(ListenError):
    pass


def _bind(listen: ListenSection) -> Sockets:
    sockets = Sockets(listen.port, listen.http_port)
    try:
        for host in listen.hosts:
            sockets.tcp.append(_open(host, sockets.port, socket.SOCK_STREAM, "listen.port"))
            sockets.port = sockets.tcp[0].getsockname()[1]
            sockets.udp.append(_open(host, sockets.port, socket.SOCK_DGRAM, "listen.port"))
            sockets.http.append(_open(host, sockets.http_port, socket.SOCK_STREAM, "listen.http_port"))
            sockets.http_port = sockets.http[0].getsockname()[1]
        # Only now: a peer must not be accepted into a backlog that nobody will ever serve.
        for bound in (*sockets.tcp, *sockets.http):
            bound.listen(BACKLOG)
    except OSError as error:
        sockets.close()
        raise ListenError(_sentence(error, "", 0, "TCP", "listen.port")) from None
    except ListenError:
        sockets.close()
        raise
    return sockets


def _open(host: str, port: int, kind: int, key: str) -> socket.socket:
    address = ipaddress.ip_address(host)
    name = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    try:
        opened = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, kind)
    except OSError as error:
        raise ListenError(_sentence(error, host, port, name, key)) from None
    try:
        opened.setblocking(False)
        if address.version == 6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        refused = _Taken if error.errno == errno.EADDRINUSE else ListenError
        raise refused(_sentence(error, host, port, name, key)) from None
    return opened


def _sentence(error: OSError, host: str, port: int, name: str, key: str) -> str:
    where = f"{name} port {port} of {host}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{where} is in use by another program: stop it, or choose another {key}"
        case errno.EACCES | errno.EPERM:
            return f"{where} may not be opened by this user: choose a {key} above 1023, or grant CAP_NET_BIND_SERVICE"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine: correct listen.hosts"
        case errno.EAFNOSUPPORT:
            return f"this machine cannot listen on {host}: correct listen.hosts"
        case _:
            return f"{where} cannot be opened: {error.strerror}"


def shown(host: str, port: int) -> str:
    """An address for a person: IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def hosts_shown(hosts: Sequence[str], port: int) -> list[str]:
    """Every host with the port."""
    return [shown(host, port) for host in hosts]
