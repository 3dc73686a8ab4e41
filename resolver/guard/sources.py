"""Where questions come from, and whether the address is proven to be the asker's own (`trust.md` §6, `wire.md` W4).

A datagram's source can be forged. It counts as proven for a while after a TCP exchange with the same address was
completed, and always in configured networks; to any other source no more octets are sent than came. The processes of one
node tell each other what has been proven (`proofs.py`).
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from idis.resolver.config import GuardSection
from idis.resolver.guard.proofs import Proofs

SOURCES_MAX = 65_536  # remembered at a time; the longest unseen is forgotten, and has to prove itself again

REPEAT_SHARE = 0.1  # of the time a proof holds: how much longer it must have become before others are told again

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
    """One address. `host`, `network` and `region` are what limits are counted by.

    Until `proven_until`, in monotonic seconds, it is believed; other processes of the node know it until `told_until`.
    """

    host: str
    network: str
    region: str
    trusted: bool
    proven_until: float = 0.0
    address: str = ""
    told_until: float = 0.0


class Sources:
    """The addresses seen lately; `proofs` joins the processes of one node."""

    def __init__(self, guard: GuardSection, proofs: Proofs | None = None) -> None:
        self._validation_s = guard.validation_s
        self._proofs = proofs
        self._networks = [ipaddress.ip_network(network) for network in guard.trusted_networks]
        self._seen: OrderedDict[str, Source] = OrderedDict()
        self.listeners: list[Callable[[str, float], None]] = []  # told (address, until) of what was proven anywhere

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
        source.proven_until = until = now + self._validation_s
        if until - source.told_until > self._validation_s * REPEAT_SHARE and not source.trusted:
            source.told_until = until
            for tell in self.listeners:
                tell(source.address, until)
            if self._proofs is not None:
                self._proofs.tell(source.address, until)

    def hear(self) -> None:
        """Take over what other processes of the node have seen proven."""
        if self._proofs is not None:
            for address, until in self._proofs.heard():
                source = self.of(address)
                source.proven_until = max(source.proven_until, until)
                source.told_until = max(source.told_until, until)
                for tell in self.listeners:
                    tell(address, until)

    def standing_of_datagram(self, source: Source, now: float) -> Standing:
        """How far a datagram that names this source is believed."""
        if source.trusted:
            return Standing.TRUSTED
        if now >= source.proven_until:
            self.hear()
        return Standing.PROVEN if now < source.proven_until else Standing.UNPROVEN

    def standing_of_stream(self, source: Source) -> Standing:
        """How far a connection from this source is believed."""
        return Standing.TRUSTED if source.trusted else Standing.CONNECTED

    def _read(self, address: str) -> Source:
        parsed = ipaddress.ip_address(address.partition("%")[0])  # fe80::1%eth0
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            return self.of(str(parsed.ipv4_mapped))
        bits = _IPV4_BITS if parsed.version == 4 else _IPV6_BITS
        host, network, region = (str(ipaddress.ip_network((parsed, length), strict=False)) for length in bits)
        trusted = any(parsed in network for network in self._networks)
        return Source(host, network, region, trusted, address=address)
