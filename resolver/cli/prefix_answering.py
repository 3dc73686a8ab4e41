"""The sub-commands of `idis prefix` that decide who answers: delegate, route, host, unhost, home, unhome."""

from __future__ import annotations

import argparse
import socket
import sys
from ipaddress import ip_address
from pathlib import Path

from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.types.site import HTTP, INTERFACE_BOTH, INTERFACE_QUERY, TCP, UDP, Interface, Server, Site
from idis.registry.prefix import Hosting, PrefixEntry
from idis.registry.registration.delegation import HostingEvent
from idis.registry.registration.prefix_acts import (
    Delegate,
    DelegateRange,
    Home,
    Host,
    PrefixAct,
    Unhome,
    WithdrawRange,
)
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.prefix_acting import Acted, act, plan, tell
from idis.resolver.cli.prefix_life import organisation_of
from idis.resolver.cli.prefix_terms import new_terms
from idis.resolver.cli.web_client import connected
from idis.resolver.recursion.target import server_address

_PORT_MAX = 65_535
_KEY_BYTES_MAX = 65_536
_REGISTER_NEXT = "idis register {prefix}/SUFFIX --url https://…"


def delegate(arguments: argparse.Namespace) -> int:
    """Let sites elsewhere answer for a prefix, granting it first if nobody has asked for it or it waits for approval."""
    if bool(arguments.to) == bool(arguments.service):
        raise CommandError("to whom? Give --to HOST:PORT, or --service HANDLE")
    sites = () if arguments.service else tuple(_sites(arguments))
    wanted = Delegate(
        prefix_of(arguments.prefix),
        sites,
        service=arguments.service,
        grant=True,
        organisation=organisation_of(arguments),
        administrator=_administrator(arguments),
    )
    acted = act(arguments, wanted)
    _warn_of_owner(arguments, acted)
    word = f"{'granted and ' if acted.granted else ''}delegated to {arguments.service or ', '.join(arguments.to)}"
    return tell(arguments, acted, word, "at the node that answers: idis prefix home {prefix}")


def route(arguments: argparse.Namespace) -> int:
    """Delegate a range of prefixes, or end it."""
    start = prefix_of(arguments.start)
    if arguments.remove:
        acted = act(arguments, WithdrawRange(start))
        if arguments.json:
            print_json(acted.document)
        else:
            print(f"the range that began at {start} is no longer delegated{_at(acted)}")
        return ExitCode.DONE
    if not arguments.end or not arguments.to:
        raise CommandError("a range needs FIRST, LAST and --to HOST:PORT; or FIRST and --remove")
    end = prefix_of(arguments.end)
    acted = act(arguments, DelegateRange(start, end, tuple(_sites(arguments))))
    if arguments.json:
        print_json(acted.document)
    else:
        print(f"{fold(start)} to {fold(end)}: delegated to {', '.join(arguments.to)} (version {acted.version}){_at(acted)}")
    return ExitCode.DONE


def host(arguments: argparse.Namespace) -> int:
    """Host a prefix: ask for it and approve it, or only one of the two."""
    prefix, key = prefix_of(arguments.prefix), _administrator(arguments)
    if key is not None and (arguments.apply or arguments.reject):
        raise CommandError("--admin-key goes with the approval: idis prefix host PREFIX --admin-key FILE")
    if arguments.apply or arguments.reject:
        acted = act(arguments, Host(prefix, HostingEvent.APPLY if arguments.apply else HostingEvent.REJECT))
    elif arguments.server:
        acted = act(arguments, *_hosting(prefix, _hosting_at(arguments, prefix), key))
    else:
        acted = plan(arguments, fold(prefix), lambda entry: _hosting(prefix, _waits(entry), key))
    word = "hosting applied for" if arguments.apply else "hosting rejected" if arguments.reject else "hosted here"
    following = "idis prefix host {prefix}, or … --reject" if arguments.apply else "" if arguments.reject else _REGISTER_NEXT
    return tell(arguments, acted, word, following)


def unhost(arguments: argparse.Namespace) -> int:
    """End the hosting of a prefix."""
    acted = act(arguments, Host(prefix_of(arguments.prefix), HostingEvent.END))
    return tell(arguments, acted, "no longer hosted", "idis prefix delegate {prefix} --to HOST:PORT")


def home(arguments: argparse.Namespace) -> int:
    """Make this node answer for a prefix; its own site is shown whenever it is asked."""
    wanted = Home(prefix_of(arguments.prefix), organisation=organisation_of(arguments), terms=new_terms(arguments))
    acted = act(arguments, wanted)
    _warn_of_owner(arguments, acted)
    following = f"{_REGISTER_NEXT}; the parent's operator: idis prefix delegate {{prefix}} --to THIS-HOST:PORT"
    return tell(arguments, acted, "homed here", following)


def unhome(arguments: argparse.Namespace) -> int:
    """Let this node answer for a homed prefix no longer."""
    acted = act(arguments, Unhome(prefix_of(arguments.prefix)))
    return tell(arguments, acted, "no longer homed here", "its parent still delegates it: idis prefix delegate {prefix} --to …")


def _warn_of_owner(arguments: argparse.Namespace, acted: Acted) -> None:
    """Say so when a prefix that was granted before stays another one's than the one named."""
    owner = acted.document.get("entry", acted.document).get("owner")
    if arguments.owner and arguments.owner.strip() != owner:
        whose = f"belongs to {owner}" if owner else "was granted without an owner's name"
        print(f"warning: {acted.prefix} {whose}, and stays so: 'idis prefix transfer' changes it", file=sys.stderr)


def _hosting(prefix: str, waits: bool, key: bytes | None) -> list[PrefixAct]:
    """What leads to hosting from where a prefix is: asking for it first, unless somebody has."""
    asked = [] if waits else [Host(prefix, HostingEvent.APPLY)]
    return [*asked, Host(prefix, HostingEvent.APPROVE, administrator=key)]


def _waits(entry: PrefixEntry | None) -> bool:
    return entry is not None and entry.hosting in (Hosting.APPLIED, Hosting.HOSTED)


def _hosting_at(arguments: argparse.Namespace, prefix: str) -> bool:
    with connected(arguments) as node:
        return node.get("prefixes", fold(prefix))["entry"]["hosting"] in ("applied", "hosted")


def _at(acted: Acted) -> str:
    return f" (position {acted.position})" if acted.position else ""


def _sites(arguments: argparse.Namespace) -> list[Site]:
    """One site for each --to; addresses joined by commas are the servers of one site."""
    if not 0 <= arguments.http <= _PORT_MAX:
        raise CommandError(f"--http {arguments.http} is no port: 1 to {_PORT_MAX}")
    key = _site_key(arguments.server_key)
    return [_site(text, arguments.http, arguments.udp, key) for text in arguments.to]


def _administrator(arguments: argparse.Namespace) -> bytes | None:
    """The key to take in, empty to remove it; None to leave it as it is."""
    if arguments.no_admin_key:
        return b""
    if arguments.admin_key is None:
        return None
    from idis.resolver.operator_key import read_public_key  # only here: it loads a library that the other uses do not need

    return read_public_key(arguments.admin_key)


def _site_key(path: Path | None) -> bytes:
    if path is None:
        return b""
    from idis.resolver.admin.server_key import site_key  # only here: it loads a library that the other uses do not need

    try:
        with path.open("rb") as file:
            return site_key(file.read(_KEY_BYTES_MAX))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except DataError as error:
        raise CommandError(f"{path}: {error}") from None


def _site(text: str, http_port: int, udp: bool, key: bytes) -> Site:
    servers = [_server(number, address, http_port, udp, key) for number, address in enumerate(text.split(","), 1)]
    return Site(servers=tuple(servers))


def _server(number: int, text: str, http_port: int, udp: bool, key: bytes) -> Server:
    try:
        host, port = server_address(text)
    except ValueError:
        raise CommandError(f"--to {text} is no address: write 192.0.2.1:2641, or [2001:db8::1]:2641 for IPv6") from None
    ways = [Interface(INTERFACE_BOTH, TCP, port)]
    if udp:
        ways.append(Interface(INTERFACE_QUERY, UDP, port))
    if http_port:
        ways.append(Interface(INTERFACE_QUERY, HTTP, http_port))
    return Server(number, _address(host), key, tuple(ways))


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
