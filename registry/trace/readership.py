"""Readership: who may read what lies below a prefix, and so what is said of it (`tracing.md` §8.3)."""

from __future__ import annotations

from idis.proto.codes import AdminRight
from idis.registry.caller import Action, Caller
from idis.registry.registration.checks import Refusal
from idis.registry.rights import NO_GROUPS, Groups, Subject, Unknown, admins_in, refuse
from idis.registry.store.base import ReadTxn

_RIGHTS = (int(AdminRight.LIST_HANDLES), int(AdminRight.READ_VALUE))  # either will do


def refuse_reading(
    txn: ReadTxn, caller: Caller, prefix: str, *, action: Action = Action.READ, groups: Groups = NO_GROUPS
) -> Refusal | Unknown | None:
    """What forbids a caller to read below a folded prefix; None when nothing does. The other arguments are those of `refuse`."""
    entry = txn.prefix(prefix) if prefix else None
    subject = Subject(prefix, () if entry is None else admins_in(entry.values), is_prefix=True)
    verdict: Refusal | Unknown | None = None
    for right in _RIGHTS:
        verdict = refuse(txn, caller, subject, [right], action=action, groups=groups)
        if verdict is None:
            return None
    return verdict
