"""Where questions come from, and whether the address is proven to be the asker's own (`trust.md` §6, `wire.md` W4).

A datagram's source can be forged. It counts as proven for a while after a TCP exchange with the same address was
completed, and always in configured networks; to any other source no more octets are sent than came.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

from idis.resolver.config import GuardSection

SOURCES_MAX = 65_536  # remembered at a time; the longest unseen is forgotten, and has to prove itself again

# Prefix lengths of the key an address is limited by, of its network and of its region.
_IPV4_BITS = (32, 24, 20)
_IPV6_BITS = (64, 56, 48)


class Standing(Enum):
    """How far a source is believed."""

    TRUSTED = "trusted"  # in a configured network
    CONNECTED = "connected"  # asks over TCP or HTTP, so its address is real
    PROVEN = "proven"  # UDP, after a TCP exchange
    UNPROVEN = "unproven"  # UDP, may be forged


@dataclass(slots=True)
class Source:
    """One address. `host`, `network` and `region` are what limits are counted by; `proven_until` is monotonic seconds."""

    host: str
    network: str
    region: str
    trusted: bool
    proven_until: float = 0.0


class Sources:
    """The addresses seen lately."""

    def __init__(self, guard: GuardSection) -> None:
        self._validation_s = guard.validation_s
        self._networks = [ipaddress.ip_network(network) for network in guard.trusted_networks]
        self._seen: OrderedDict[str, Source] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def of(self, address: str) -> Source:
        """The source of a socket address's host part."""
        source = self._seen.get(address)
        if source is None:
            source = self._seen[address] = self._read(address)
            if len(self._seen) > SOURCES_MAX:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(address)
        return source

    def prove(self, source: Source, now: float) -> None:
        """A TCP exchange with this source was completed."""
        source.proven_until = now + self._validation_s

    def standing_of_datagram(self, source: Source, now: float) -> Standing:
        """How far a datagram that names this source is believed."""
        if source.trusted:
            return Standing.TRUSTED
        return Standing.PROVEN if now < source.proven_until else Standing.UNPROVEN

    def standing_of_stream(self, source: Source) -> Standing:
        """How far a connection from this source is believed."""
        return Standing.TRUSTED if source.trusted else Standing.CONNECTED

    def _read(self, address: str) -> Source:
        parsed = ipaddress.ip_address(address.partition("%")[0])  # fe80::1%eth0
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        bits = _IPV4_BITS if parsed.version == 4 else _IPV6_BITS
        host, network, region = (str(ipaddress.ip_network((parsed, length), strict=False)) for length in bits)
        return Source(host, network, region, any(parsed in network for network in self._networks))
