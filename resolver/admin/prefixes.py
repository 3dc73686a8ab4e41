"""Prefixes over the wire: their records changed value by value, granted, revoked, homed and unhomed (`wire.md` §4, §17.8).

A message names a prefix as any identifier, `0.NA/88.118.8`, or bare as IDIS clients do. Homing needs to know what the
parent says of the prefix, which is asked of the parent's own node: a node answers only for what is delegated to it.
"""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier, prefix_handle
from idis.proto.types.site import Site
from idis.proto.value import Value
from idis.registry.caller import Caller
from idis.registry.registration.acts import Act
from idis.registry.registration.checks import Refusal
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.prefix_acts import (
    Home,
    PrefixAct,
    PrefixResult,
    Unhome,
    judge_prefix,
    perform_prefix,
    prefix_act,
)
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.resolver.admin.elsewhere import Elsewhere
from idis.resolver.admin.registrar import Registrar


def names_prefix(identifier: str) -> bool:
    """Whether a message is about a prefix; what is no identifier is not."""
    try:
        return parse_identifier(identifier).suffix is None
    except IdentifierError:
        return False


class Prefixes:
    """Performs what the wire asks of prefixes.

    Args:
        registrar: what changes the registry.
        elsewhere: what the parent's node says.
        own: this node's site, to which a parent delegates what may be homed.
    """

    def __init__(self, registrar: Registrar, elsewhere: Elsewhere, own: Site) -> None:
        self._registrar = registrar
        self._elsewhere = elsewhere
        self._own = own

    async def change(self, act: Act, caller: Caller) -> Refusal | None:
        """Do to a prefix what an act on a record says; None when it is done."""
        meant = prefix_act(act)
        return meant if isinstance(meant, Refusal) else await self._perform(meant, caller)

    async def home(self, identifier: str, caller: Caller, *, home: bool) -> Refusal | None:
        """Let this node answer for a prefix, or no longer; None when it is done."""
        try:
            named = parse_identifier(identifier)
        except IdentifierError as error:
            return Refusal(ResponseCode.INVALID_HANDLE, str(error))
        if named.suffix is not None:
            return Refusal(ResponseCode.INVALID_HANDLE, f"{identifier} names no prefix: prefixes are homed, as 88.118.8")
        prefix = named.folded_prefix
        if not home:
            return await self._perform(Unhome(prefix), caller)
        granted: tuple[Value, ...] = ()
        if not caller.anonymous:
            # A stranger is asked who he is before anybody else is asked anything.
            found = await self._elsewhere.values(prefix_handle(prefix))
            granted = () if isinstance(found, Refusal) else found
        return await self._perform(Home(prefix, granted=granted, own=self._own), caller)

    async def _perform(self, act: PrefixAct, caller: Caller) -> Refusal | None:
        now = self._registrar.now

        def judge(txn: ReadTxn, groups: Groups) -> Refusal | Unknown | None:
            return judge_prefix(txn, act, caller, now, groups)

        def perform(txn: WriteTxn, groups: Groups) -> PrefixResult:
            return perform_prefix(txn, act, caller, now, groups=groups)

        if (refusal := await self._registrar.decide(judge)) is not None:
            return refusal
        done = await self._registrar.change(caller, perform)
        if isinstance(done, Awaiting):
            return Refusal(
                ResponseCode.INSUFFICIENT_PERMISSIONS,
                f"nobody may {done.act} a prefix alone: it waits for a second person to ask for the same within a day",
            )
        return done if isinstance(done, Refusal) else None
