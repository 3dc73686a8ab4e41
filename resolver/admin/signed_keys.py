"""Which values of another node's record its owner has signed, from a root key (`trust.md` §3; `key_trust.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from idis.proto.challenge import HS_PUBKEY
from idis.proto.errors import DataError
from idis.proto.identifier import fold, parse_identifier
from idis.proto.proof import Memory, RootKey, Standing, prove, prove_key
from idis.proto.types.key_delegation import KeyDelegation
from idis.proto.types.prefix_status import PrefixStatus
from idis.proto.value import Value
from idis.registry.suites import read_public, verify


def signed_values(
    identifier: str,
    values: Sequence[Value],
    links: Sequence[KeyDelegation],
    roots: Sequence[RootKey],
    now: int,
    memory: Memory,
    statuses: Sequence[PrefixStatus] = (),
) -> tuple[Value, ...] | str:
    """The values that are proved: all of a signed record; of a prefix, those keys that a delegation names. Else why none is.

    Args:
        identifier: whose they are.
        values: all its public ones, as they came.
        links: the delegations of its prefix and of those above.
        roots: the keys that are trusted.
        now: unix time in seconds.
        memory: of earlier proofs.
        statuses: of the same prefixes.
    """
    parsed = parse_identifier(identifier)
    if parsed.suffix is not None:
        proof = prove(identifier, values, links, roots, now, verify, memory=memory, statuses=statuses)
        return tuple(values) if proof.standing is Standing.VERIFIED else proof.reason
    kept, reason = [], "it has no key that its parent has delegated to"
    for value in values:
        if fold(value.type) != HS_PUBKEY:
            continue
        try:
            key = read_public(value.data)
        except DataError as error:
            reason = str(error)
            continue
        proof = prove_key(
            parsed.folded_prefix, key.suite, key.key, links, roots, now, verify, memory=memory, statuses=statuses
        )
        if proof.standing is Standing.VERIFIED:
            kept.append(value)
        else:
            reason = proof.reason
    return tuple(kept) or reason
