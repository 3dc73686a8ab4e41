"""What ends with an owner: the roles and tokens held for a prefix, when it is revoked or goes to somebody else.

Keys and groups in the record of the prefix end by the change of that record (`granting.py`). Roles held for prefixes above,
or for the whole node, are the operators' and stay.
"""

from __future__ import annotations

from idis.registry import roles, tokens
from idis.registry.caller import Caller, RoleGrant, covers
from idis.registry.store.base import WriteTxn


def end_access(txn: WriteTxn, caller: Caller, prefix: str, now: int) -> None:
    """Take every role and token that is for a folded prefix, or for one below it, from whoever holds it.

    Args:
        txn: the registry.
        caller: who revoked or transferred the prefix; its rights to do so were judged.
        prefix: of whom.
        now: unix time in seconds.
    """
    # The right to end them follows from the act that was allowed, not from roles of the caller.
    entitled = Caller(caller.origin, caller.identity, (roles.NODE_OPERATOR,))
    for identity, grants in list(roles.granted(txn)):
        for grant in grants:
            if _ends(grant, prefix):
                roles.revoke(txn, entitled, identity, grant)
    for token in list(tokens.tokens(txn)):
        if any(_ends(grant, prefix) for grant in token.terms.roles):
            tokens.revoke(txn, entitled, token.token_id, now)


def _ends(grant: RoleGrant, prefix: str) -> bool:
    return bool(grant.prefix) and covers(prefix, grant.prefix)
