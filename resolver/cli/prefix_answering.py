"""The sub-commands of `idis prefix` that decide who answers: delegate, route, host, unhost, home."""

from __future__ import annotations

import argparse
import socket
import time
from ipaddress import ip_address

from idis.proto.identifier import fold
from idis.proto.types.site import HTTP, INTERFACE_BOTH, INTERFACE_QUERY, TCP, UDP, Interface, Server, Site
from idis.registry.prefix import Hosting, PrefixState, RouteEntry
from idis.registry.registration import delegation, life
from idis.registry.registration.delegation import HostingEvent
from idis.registry.registration.life import Event, Registered
from idis.registry.store.base import WriteTxn
from idis.resolver.cli.data_directory import commit, insist, position_text
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.prefix_life import organisation_of, terms_of
from idis.resolver.cli.prefix_view import acknowledge, route_json
from idis.resolver.recursion.target import server_address

_PORT_MAX = 65_535
_REGISTER_NEXT = "idis register {prefix}/SUFFIX --url https://…"


def delegate(arguments: argparse.Namespace) -> int:
    """Let sites elsewhere answer for a prefix, granting it first if nobody has asked for it or it waits for approval."""
    if bool(arguments.to) == bool(arguments.service):
        raise CommandError("to whom? Give --to HOST:PORT, or --service HANDLE")
    prefix, sites, now = prefix_of(arguments.prefix), _sites(arguments), int(time.time())

    granted = False

    def change(txn: WriteTxn) -> Registered:
        nonlocal granted
        granted = _grant(txn, prefix, arguments, now)
        if arguments.service:
            return insist(delegation.delegate_to_service(txn, prefix, arguments.service, now))
        return insist(delegation.delegate(txn, prefix, sites, now))

    committed = commit(arguments, change)
    word = f"{'granted and ' if granted else ''}delegated to {arguments.service or ', '.join(arguments.to)}"
    return acknowledge(arguments, committed, word, "at the node that answers: idis prefix home {prefix}")


def route(arguments: argparse.Namespace) -> int:
    """Delegate a range of prefixes, or end it."""
    if arguments.remove:
        return _withdraw(arguments)
    if not arguments.end or not arguments.to:
        raise CommandError("a range needs FIRST, LAST and --to HOST:PORT; or FIRST and --remove")
    start, end, now = prefix_of(arguments.start), prefix_of(arguments.end), int(time.time())
    sites = _sites(arguments)
    committed = commit(arguments, lambda txn: insist(delegation.delegate_range(txn, start, end, sites, now)))
    if arguments.json:
        print_json({**route_json(committed.result), "position": position_text(committed.position)})
    else:
        _say_route(committed.result, f"delegated to {', '.join(arguments.to)}", position_text(committed.position))
    return ExitCode.DONE


def host(arguments: argparse.Namespace) -> int:
    """Host a prefix: ask for it and approve it, or only one of the two."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())

    def change(txn: WriteTxn) -> Registered:
        if arguments.apply:
            return insist(delegation.host(txn, prefix, HostingEvent.APPLY, now))
        if arguments.reject:
            return insist(delegation.host(txn, prefix, HostingEvent.REJECT, now))
        entry = txn.prefix(fold(prefix))
        if entry is None or entry.hosting in (Hosting.NOT_HOSTED, Hosting.REJECTED):
            insist(delegation.host(txn, prefix, HostingEvent.APPLY, now))
        return insist(delegation.host(txn, prefix, HostingEvent.APPROVE, now))

    word = "hosting applied for" if arguments.apply else "hosting rejected" if arguments.reject else "hosted here"
    following = "idis prefix host {prefix}, or … --reject" if arguments.apply else "" if arguments.reject else _REGISTER_NEXT
    return acknowledge(arguments, commit(arguments, change), word, following)


def unhost(arguments: argparse.Namespace) -> int:
    """End the hosting of a prefix."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())
    committed = commit(arguments, lambda txn: insist(delegation.host(txn, prefix, HostingEvent.END, now)))
    return acknowledge(arguments, committed, "no longer hosted", "idis prefix delegate {prefix} --to HOST:PORT")


def home(arguments: argparse.Namespace) -> int:
    """Make this node answer for a prefix; its own site is shown whenever it is asked."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())
    committed = commit(
        arguments,
        lambda txn: insist(
            delegation.home(txn, prefix, now, organisation=organisation_of(arguments), terms=terms_of(arguments))
        ),
    )
    following = f"{_REGISTER_NEXT}; the parent's operator: idis prefix delegate {{prefix}} --to THIS-HOST:PORT"
    return acknowledge(arguments, committed, "homed here", following)


def _grant(txn: WriteTxn, prefix: str, arguments: argparse.Namespace, now: int) -> bool:
    """Every step of the way is a change of its own in the journal; all of them are undone if one is refused."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        entry = insist(life.apply(txn, prefix, organisation_of(arguments), now)).entry
    if entry.state is PrefixState.APPLIED:
        entry = insist(life.advance(txn, prefix, Event.REVIEW)).entry
    if entry.state is not PrefixState.IN_REVIEW:
        return False
    insist(life.advance(txn, prefix, Event.APPROVE))
    return True


def _withdraw(arguments: argparse.Namespace) -> int:
    start = prefix_of(arguments.start)
    committed = commit(arguments, lambda txn: delegation.withdraw_range(txn, start))
    if not committed.result:
        raise CommandError(f"no range begins at {start}: see 'idis prefix list'", ExitCode.REFUSED)
    if arguments.json:
        print_json({"start": start, "removed": True, "position": position_text(committed.position)})
    else:
        print(f"the range that began at {start} is no longer delegated (position {position_text(committed.position)})")
    return ExitCode.DONE


def _say_route(entry: RouteEntry, word: str, position: str) -> None:
    print(f"{entry.start} to {entry.end}: {word} (version {entry.version}, position {position})")


def _sites(arguments: argparse.Namespace) -> list[Site]:
    """One site for each --to; addresses joined by commas are the servers of one site."""
    if not 0 <= arguments.http <= _PORT_MAX:
        raise CommandError(f"--http {arguments.http} is no port: 1 to {_PORT_MAX}")
    return [_site(text, arguments.http, arguments.udp) for text in arguments.to]


def _site(text: str, http_port: int, udp: bool) -> Site:
    servers = [_server(number, address, http_port, udp) for number, address in enumerate(text.split(","), 1)]
    return Site(servers=tuple(servers))


def _server(number: int, text: str, http_port: int, udp: bool) -> Server:
    try:
        host, port = server_address(text)
    except ValueError:
        raise CommandError(f"--to {text} is no address: write 192.0.2.1:2641, or [2001:db8::1]:2641 for IPv6") from None
    ways = [Interface(INTERFACE_BOTH, TCP, port)]
    if udp:
        ways.append(Interface(INTERFACE_QUERY, UDP, port))
    if http_port:
        ways.append(Interface(INTERFACE_QUERY, HTTP, http_port))
    return Server(number, _address(host), b"", tuple(ways))


def _address(host: str) -> str:
    """A site record holds addresses: a name is looked up now, once."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise CommandError(f"the host {host} is not found ({error.strerror}): give its IP address", ExitCode.NETWORK) from None
