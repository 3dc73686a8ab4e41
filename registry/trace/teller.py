"""The teller: in whose name events are told, and for what he may speak (`tracing.md` §4.5 rule 12).

Whoever may register records below a prefix may tell events in its name. What he tells of things below other prefixes alone
is kept as his claim, not as fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from idis.proto.codes import AdminRight, ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.registry.caller import Action, Caller, Role, covers
from idis.registry.identity import Identity
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Subject, admins_in, refuse
from idis.registry.store.base import ReadTxn
from idis.registry.trace.event import Event, things_of
from idis.registry.trace.things import Spelling, home_of

_TELLING = (Role.OPERATOR, Role.ADMINISTRATOR, Role.APPLICATION)
_PREFIXES_LOOKED_AT = 64  # for one that is at home here


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells events.

    Attributes:
        name: for the journal.
        holder: the folded prefix in whose name.
        prefixes: for what he may speak, with all below; "" is everything.
    """

    name: str
    holder: str
    prefixes: tuple[str, ...]

    def speaks_for(self, event: Event, spelling: Spelling) -> bool:
        """Whether one of the things or places an event names is his, or none of them is known to be anybody's."""
        if "" in self.prefixes:
            return True
        foreign = False
        for text in _names(event):
            home = home_of(spelling.name(text))
            if home:
                if home in self.prefixes or any(covers(prefix, home) for prefix in self.prefixes):
                    return True
                foreign = True
        return not foreign


def teller_of(txn: ReadTxn, caller: Caller, holder: str = "") -> Teller | Refusal:
    """In whose name a caller tells events.

    Args:
        txn: the registry.
        caller: who asks.
        holder: the folded prefix he wants to tell them for; empty: his own.
    """
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "events are told by somebody: prove an identity, or send a token")
    prefixes = tuple(dict.fromkeys(_prefixes(txn, caller)))
    if not prefixes:
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"{caller.name} may not capture events: it takes a role below a prefix and, with a token, the action 'trace'",
        )
    if holder and not any(covers(prefix, holder) for prefix in prefixes):
        return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, f"{caller.name} may not tell events in the name of {holder}")
    return Teller(caller.name, holder or next(filter(None, prefixes), "") or _home(txn), prefixes)


def own_prefix(identity: Identity | None) -> str:
    """The folded prefix whose things are somebody's own; empty for nobody's."""
    if identity is None:
        return ""
    try:
        return parse_identifier(identity.identifier).folded_prefix
    except IdentifierError:
        return ""


def _prefixes(txn: ReadTxn, caller: Caller) -> Iterator[str]:
    for grant in caller.roles:
        if grant.role in _TELLING and caller.in_scope(Action.TRACE, grant.prefix):
            yield grant.prefix
    if caller.scope is not None:  # a token leaves some of what a role above holds
        for prefix in caller.scope.prefixes:
            held = any(grant.role in _TELLING and covers(grant.prefix, prefix) for grant in caller.roles)
            if held and Action.TRACE in caller.scope.actions:
                yield prefix
    if own := own_prefix(caller.identity):
        entry = txn.prefix(own)
        if entry is not None:
            subject = Subject(own, admins_in(entry.values), is_prefix=True)
            if refuse(txn, caller, subject, [int(AdminRight.ADD_HANDLE)], action=Action.TRACE) is None:
                yield own


def _home(txn: ReadTxn) -> str:
    """The first prefix that is at home here."""
    return next((entry.prefix for entry in txn.prefixes(None, _PREFIXES_LOOKED_AT) if entry.answers_here), "")


def _names(event: Event) -> Iterator[str]:
    yield from things_of(event)
    if event.read_point:
        yield event.read_point
    if event.biz_location:
        yield event.biz_location
