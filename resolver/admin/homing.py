"""Homing over the wire (operations 300 and 301, `wire.md` §4, §17.8): a node answers only for what is delegated to it.

What the parent says of a prefix is asked of the parent's own node, before anything is changed here. A message names a
prefix as any identifier, `0.NA/88.118.8`, or bare as IDIS clients do.
"""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier, prefix_handle
from idis.proto.types.site import Site
from idis.proto.value import Value
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.registry.registration.prefix_acts import Home, Unhome
from idis.resolver.admin.elsewhere import Elsewhere
from idis.resolver.admin.registrar import Registrar


class Homing:
    """Homes prefixes.

    Args:
        registrar: what changes the registry.
        elsewhere: what the parent's node says.
        own: this node's site, to which a parent delegates what may be homed.
    """

    def __init__(self, registrar: Registrar, elsewhere: Elsewhere, own: Site) -> None:
        self._registrar = registrar
        self._elsewhere = elsewhere
        self._own = own

    async def home(self, identifier: str, caller: Caller) -> Refusal | None:
        """Let this node answer for a prefix; None when it does."""
        prefix = _prefix_of(identifier)
        if isinstance(prefix, Refusal):
            return prefix
        granted: tuple[Value, ...] = ()
        if not caller.anonymous:
            # A stranger is asked who he is before anybody else is asked anything.
            found = await self._elsewhere.believed_values(prefix_handle(prefix))
            granted = () if isinstance(found, Refusal) else found
        done = await self._registrar.perform_prefix(Home(prefix, granted=granted, own=self._own), caller)
        return done if isinstance(done, Refusal) else None

    async def unhome(self, identifier: str, caller: Caller) -> Refusal | None:
        """Let it answer no longer; None when it does not."""
        prefix = _prefix_of(identifier)
        if isinstance(prefix, Refusal):
            return prefix
        done = await self._registrar.perform_prefix(Unhome(prefix), caller)
        return done if isinstance(done, Refusal) else None


def _prefix_of(identifier: str) -> str | Refusal:
    try:
        named = parse_identifier(identifier)
    except IdentifierError as error:
        return Refusal(ResponseCode.INVALID_HANDLE, str(error))
    if named.suffix is not None:
        return Refusal(ResponseCode.INVALID_HANDLE, f"{identifier} names no prefix: prefixes are homed, as 88.118.8")
    return named.folded_prefix
