"""Acts that were asked for apart and are done together: one commit, a result and a line in the audit trail for each.

Many callers wait for one flush. What is the same for all of them, such as the right to register below a prefix, is found
out once. An act that is refused harms none of the others; one that raises anything unforeseen ends them all, and whoever
called does them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto.errors import IdentifierError
from idis.registry.audit.line import audit, prepared_summary
from idis.registry.caller import Caller
from idis.registry.registration import acts
from idis.registry.registration.plain_creates import PlainCreate, PlainCreates, in_full
from idis.registry.rights import NO_GROUPS, Groups
from idis.registry.store.base import WriteTxn

ACTOR_CHARACTERS_MAX = 60  # the journal keeps 255 octets of a name, four a character at most


@dataclass(frozen=True, slots=True)
class Asked:
    """One act, who asks for it, and when: unix time in seconds."""

    act: acts.Act | PlainCreate
    caller: Caller
    now: int

    def perform(self, txn: WriteTxn, groups: Groups = NO_GROUPS) -> acts.Result:
        """Do it by itself; see `acts.perform`."""
        return acts.perform(txn, in_full(self.act), self.caller, self.now, groups=groups)


def actor_of(caller: Caller) -> str:
    """The name of a caller in the journal."""
    return caller.name[:ACTOR_CHARACTERS_MAX]


def perform_together(txn: WriteTxn, asked: Sequence[Asked]) -> list[acts.Result | IdentifierError]:
    """Do what may be done, in order; an act whose identifier is none comes to the error that says so."""
    results: list[acts.Result | IdentifierError] = []
    plain: dict[Caller, PlainCreates] = {}
    for one in asked:
        act, caller = one.act, one.caller
        txn.actor = actor_of(caller)
        if isinstance(act, PlainCreate):
            if caller not in plain:
                plain[caller] = PlainCreates(txn, caller)
            if (created := plain[caller].create(act.record, act.octets)) is not None:
                version, changed = created
                if changed:
                    after = prepared_summary(act.record, version)
                    audit(txn, caller, acts.NAMES[acts.Create], act.identifier, after=after)
                results.append(acts.Done(act.identifier, version, changed))
                continue
        plain.clear()  # any other act may change who may do what
        try:
            results.append(one.perform(txn))
        except IdentifierError as error:
            results.append(error)
    return results
