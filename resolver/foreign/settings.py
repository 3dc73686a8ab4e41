"""What an operator may set about providers of routes; the limits nobody may raise stand in the files that enforce them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from idis.resolver.config import RoutesSection
from idis.resolver.config_load import host_and_port

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class AbroadSettings:
    """The settings of one node.

    Attributes:
        allowed: private networks in which providers may be.
        ca: PEM file of certificates that are trusted beside the system's; empty for none.
        name_servers: whom DNS is asked of; empty for those of this machine.
        deadline_s: longest time one question may take in all.
    """

    allowed: Sequence[Network] = ()
    ca: str = ""
    name_servers: Sequence[tuple[str, int]] = ()
    deadline_s: float = 1.8


def settings_of(routes: RoutesSection, base: str) -> AbroadSettings:
    """The settings of a configuration that was checked; files are relative to the data directory `base`."""
    return AbroadSettings(
        tuple(map(ipaddress.ip_network, routes.networks)),
        f"{base}/{routes.ca}" if routes.ca and not routes.ca.startswith("/") else routes.ca,
        tuple(map(host_and_port, routes.name_servers)),
        routes.deadline_ms / 1_000,
    )
