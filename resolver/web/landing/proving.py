"""What the signature of a shown record comes to, from the keys this node is told to trust (`proto/proof.py`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from idis.proto.identifier import ancestors, parse_identifier, prefix_handle
from idis.proto.proof import Memory, Proof, RootKey, Standing, links_of, prove
from idis.proto.statement import SIGNED_TYPE
from idis.proto.types.key_delegation import DELEGATION_TYPE
from idis.proto.value import Value
from idis.registry.suites import verify
from idis.resolver.cli.key_file import read_public_keys
from idis.resolver.cli.output import CommandError
from idis.resolver.log import note

PREFIXES_MAX = 4  # above an identifier, whose delegations are asked for; a chain has no more links

Ask = Callable[..., Awaitable[Sequence[Value]]]  # identifier, types=(…): its public values of these types, or none


class Prover:
    """Judges records.

    Args:
        roots: the keys that are trusted; without any, nothing is verified, and pages say so.
    """

    def __init__(self, roots: Sequence[RootKey]) -> None:
        self._roots = roots
        self._links: set[bytes] = set()

    async def prove(self, identifier: str, values: Sequence[Value], ask: Ask, now: int) -> Proof:
        """What is to be said of the signature of a whole public answer; `now` is unix time in seconds."""
        if not any(value.type == SIGNED_TYPE for value in values):
            return Proof(Standing.UNSIGNED)
        if not self._roots:
            return Proof(Standing.UNVERIFIABLE, "this node is told of no key to trust: set page.root_key")
        prefixes = ancestors(parse_identifier(identifier).folded_prefix)[:PREFIXES_MAX]
        above = await asyncio.gather(*(ask(prefix_handle(prefix), types=(DELEGATION_TYPE,)) for prefix in prefixes))
        links = list(dict.fromkeys(link for found in (values, *above) for link in links_of(found)))
        return prove(identifier, values, links, self._roots, now, verify, memory=Memory(links=self._links))


def trusted_keys(name: str, directory: Path) -> list[RootKey]:
    """The keys of a setting: a file, relative to the data directory; none, and a line in the log, where it cannot be read."""
    if not name:
        return []
    try:
        return [RootKey(key.suite, key.key) for key in read_public_keys(directory / name)]
    except CommandError as error:
        note(logging.ERROR, "page.root_key cannot be used, no signature is verified", reason=str(error))
        return []
