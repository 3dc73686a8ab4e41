"""The source of a message: whether whoever sent it is the node of the prefix it speaks for."""

from __future__ import annotations

import ipaddress

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.registry.registration.checks import Refusal
from idis.resolver.trace.neighbours import Neighbours, Unreached

FIND_S = 2.0  # for the address at which a prefix is answered


async def refuse_source(neighbours: Neighbours, prefix: str, source: str) -> Refusal | None:
    """Why a message in the name of a prefix is not believed from an address; None where that prefix is answered there.

    Args:
        neighbours: find the node of the prefix.
        prefix: folded.
        source: the address the message came from, over TCP.
    """
    try:
        named = parse_identifier(prefix)
    except IdentifierError:
        named = None
    if named is None or named.suffix is not None or named.folded_prefix != prefix:
        return Refusal(ResponseCode.INVALID_HANDLE, f"{prefix[:100]!r} is no prefix as it is spelled between nodes")
    target = await neighbours.find(prefix, FIND_S)
    if isinstance(target, Unreached):
        return Refusal(ResponseCode.AUTHENTICATION_ERROR, target.message)
    if not any(_same_host(source, address) for address in target.addresses):
        return Refusal(ResponseCode.AUTHENTICATION_FAILED, f"{prefix} is not answered at {source}")
    return None


def _same_host(source: str, address: str) -> bool:
    """Whether two addresses are one; of this machine's own, either family will do."""
    one, other = ipaddress.ip_address(source.partition("%")[0]), ipaddress.ip_address(address)
    if isinstance(one, ipaddress.IPv6Address) and one.ipv4_mapped is not None:
        one = one.ipv4_mapped
    return one == other or (one.is_loopback and other.is_loopback)
