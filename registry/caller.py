"""The caller: who asks for a change or for what is not public, and what that makes of him here (`trust.md` §5).

A caller is made where a request enters, by whoever verified the proof (a signature, a secret, a token, a client
certificate, a login, or the right to open the data directory), and handed down unchanged. Deciding what he may do is
`permission.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from idis.registry.identity import Identity


class Role(Enum):
    """What a person or program is on this node. A role is held for one prefix and all below it; "" is the whole node."""

    OPERATOR = "operator"  # runs the node: grants prefixes, hosts, suspends, names the others
    AUDITOR = "auditor"  # reads everything administrative, changes nothing
    ADMINISTRATOR = "administrator"  # enterprise administrator: everything below the enterprise's own prefix
    APPLICATION = "application"  # enterprise application: registers and changes records below it, no keys and no rights


class Action(Enum):
    """What a token may be limited to."""

    READ = "read"  # see what the identity behind it may see
    REGISTER = "register"  # create, change, disable, delete records
    PREFIX = "prefix"  # the life of prefixes
    ACCESS = "access"  # tokens, roles, readers' lists
    AUDIT = "audit"  # read the audit trail
    TRACE = "trace"  # capture events and ask for them


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role and the folded prefix it is held for; "" is every prefix of this node."""

    role: Role
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class TokenScope:
    """What a token leaves of the rights of whoever it was made for: these prefixes (and all below) and actions."""

    token_id: str
    prefixes: tuple[str, ...]  # folded; "" is all
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        origin: where from, for the audit trail: "tcp 192.0.2.7", "http 192.0.2.7", "cli root".
        identity: the key that was proved; None for nobody in particular, and for the node's own tools.
        roles: those the identity holds on this node.
        scope: the limits of the token that stands in for the identity, None without one.
    """

    origin: str
    identity: Identity | None = None
    roles: tuple[RoleGrant, ...] = field(default=())
    scope: TokenScope | None = None

    @property
    def name(self) -> str:
        """Who this is in the journal and the audit trail."""
        shown = self.origin if self.identity is None else str(self.identity)
        return shown if self.scope is None else f"{shown} (token {self.scope.token_id})"

    @property
    def anonymous(self) -> bool:
        """Whether nothing was proved."""
        return self.identity is None and not self.roles

    def holds(self, role: Role, prefix: str) -> bool:
        """Whether the caller holds a role for a folded prefix, through a grant for it or for one above."""
        return any(grant.role is role and covers(grant.prefix, prefix) for grant in self.roles)

    def in_scope(self, action: Action, prefix: str) -> bool:
        """Whether the token, if there is one, may be used for an action on a folded prefix."""
        scope = self.scope
        if scope is None:
            return True
        return action in scope.actions and any(covers(allowed, prefix) for allowed in scope.prefixes)


def covers(above: str, prefix: str) -> bool:
    """Whether a folded prefix is another or lies below it, by label: `88.1` does not cover `88.10`."""
    return not above or prefix == above or prefix.startswith(f"{above}.")


def tool(name: str) -> Caller:
    """The caller behind a command that opens the data directory itself: whoever may do that is the operator."""
    return Caller(origin=f"cli {name}", roles=(RoleGrant(Role.OPERATOR),))
