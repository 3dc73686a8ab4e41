"""The sockets of a node, bound before anything else starts: a port that is taken must stop a node, not half of it.

A node of several processes shares its binary port: the first socket of an address is bound alone, so that no other
program can be on it, then opened for sharing, and the others join it. The kernel spreads connections and datagrams over
them by the addresses and ports of both ends (SO_REUSEPORT).
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from idis.proto.errors import IdisError
from idis.resolver.config import DnsSection, ListenSection, TlsSection

BACKLOG = 1_024  # a backlog of 50 cost Handle.Net spikes of a second (`wire.md` W1)
RECEIVE_BUFFER_BYTES = 4_194_304  # a burst of datagrams waits here while one batch is answered; the kernel may give less
FREE_PORT_TRIES = 16  # a port the kernel gave for TCP may be taken for UDP
BUSY_POLL_US = 50  # how long a receive asks the network card before it sleeps, the value the kernel's own guide names

_SO_BUSY_POLL = 46  # socket(7); Python has no name for it


class ListenError(IdisError):
    """A socket cannot be bound; the text names the address, the reason and what to do."""


@dataclass(slots=True)
class Sockets:
    """The listening sockets of one process: one of each kind per host, or none of a kind it does not serve."""

    port: int = 0
    http_port: int = 0
    udp: list[socket.socket] = field(default_factory=list)
    tcp: list[socket.socket] = field(default_factory=list)
    http: list[socket.socket] = field(default_factory=list)
    tls_port: int = 0
    tls: list[socket.socket] = field(default_factory=list)
    dns_port: int = 0
    dns_udp: list[socket.socket] = field(default_factory=list)
    dns_tcp: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Close those that are still here."""
        for bound in (*self.udp, *self.tcp, *self.http, *self.tls, *self.dns_udp, *self.dns_tcp):
            bound.close()


NO_TLS = TlsSection()
NO_DNS = DnsSection()


def bind(listen: ListenSection, tls: TlsSection = NO_TLS, dns: DnsSection = NO_DNS) -> Sockets:
    """Bind UDP and TCP on the port, TCP on the HTTP port, with a certificate on the TLS port, with a zone both on that of DNS.

    On every host.

    Raises:
        ListenError: one sentence; nothing stays bound.
    """
    (sockets,) = _tried(listen, tls, dns, 1)
    return sockets


def bind_shared(
    listen: ListenSection, workers: int, tls: TlsSection = NO_TLS, dns: DnsSection = NO_DNS
) -> tuple[list[Sockets], Sockets]:
    """As `bind`, for several processes: the binary port, plain and TLS, and that of DNS once for each worker, HTTP once.

    Returns:
        The sockets of each worker, without HTTP; those for HTTP.

    Raises:
        ListenError: one sentence; nothing stays bound.
    """
    shares = _tried(listen, tls, dns, workers)
    http = Sockets(shares[0].port, shares[0].http_port, http=shares[0].http, tls_port=shares[0].tls_port)
    shares[0].http = []
    return shares, http


def poll_busily(bound: socket.socket) -> bool:
    """Let receiving ask the network card instead of waiting for its interrupt; False where this is not allowed or known."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_BUSY_POLL, BUSY_POLL_US)
    except OSError:  # without CAP_NET_ADMIN no more than the system's own setting may be asked for
        return False
    return True


class _Taken(ListenError):
    pass


def _tried(listen: ListenSection, tls: TlsSection, dns: DnsSection, copies: int) -> list[Sockets]:
    for _ in range(FREE_PORT_TRIES - 1):
        with contextlib.suppress(_Taken):
            return _bind(listen, tls, dns, copies)
        if listen.port:
            break
    try:
        return _bind(listen, tls, dns, copies)
    except _Taken as taken:
        raise ListenError(str(taken)) from None


def _bind(listen: ListenSection, tls: TlsSection, dns: DnsSection, copies: int) -> list[Sockets]:
    shares = [Sockets(listen.port, listen.http_port, tls_port=tls.port if tls.enabled else 0) for _ in range(copies)]
    first = shares[0]
    try:
        for host in listen.hosts:
            first.tcp.append(_open(host, first.port, socket.SOCK_STREAM, "listen.port"))
            first.port = first.tcp[0].getsockname()[1]
            first.udp.append(_open(host, first.port, socket.SOCK_DGRAM, "listen.port"))
            first.http.append(_open(host, first.http_port, socket.SOCK_STREAM, "listen.http_port"))
            first.http_port = first.http[0].getsockname()[1]
            if tls.enabled:
                first.tls.append(_open(host, first.tls_port, socket.SOCK_STREAM, "tls.port"))
                first.tls_port = first.tls[0].getsockname()[1]
            for share in shares[1:]:
                share.port, share.http_port, share.tls_port = first.port, first.http_port, first.tls_port
                share.tcp.append(_join(first.tcp[-1], host, first.port))
                share.udp.append(_join(first.udp[-1], host, first.port))
                share.tls += [_join(first.tls[-1], host, first.tls_port)] if tls.enabled else []
            if dns.enabled:
                _bind_dns(shares, host, dns)
        # Only now: a peer must not be accepted into a backlog that nobody will ever serve.
        for share in shares:
            for bound in (*share.tcp, *share.http, *share.tls, *share.dns_tcp):
                bound.listen(BACKLOG)
    except OSError as error:
        _close(shares)
        raise ListenError(_sentence(error, "", 0, "TCP", "listen.port")) from None
    except ListenError:
        _close(shares)
        raise
    return shares


def _bind_dns(shares: Sequence[Sockets], host: str, dns: DnsSection) -> None:
    first = shares[0]
    first.dns_tcp.append(_open(host, first.dns_port or dns.port, socket.SOCK_STREAM, "dns.port"))
    first.dns_port = first.dns_tcp[0].getsockname()[1]
    first.dns_udp.append(_open(host, first.dns_port, socket.SOCK_DGRAM, "dns.port"))
    for share in shares[1:]:
        share.dns_port = first.dns_port
        share.dns_tcp.append(_join(first.dns_tcp[-1], host, first.dns_port))
        share.dns_udp.append(_join(first.dns_udp[-1], host, first.dns_port))


def _close(shares: Sequence[Sockets]) -> None:
    for share in shares:
        share.close()


def _join(bound: socket.socket, host: str, port: int) -> socket.socket:
    """One more socket on the address of a bound one."""
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return _open(host, port, bound.type, "listen.port", joins=True)


def _open(host: str, port: int, kind: int, key: str, *, joins: bool = False) -> socket.socket:
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
        if joins:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
