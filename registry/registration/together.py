"""Acts that were asked for apart and are done together: one commit, a result and a line in the audit trail for each.

Many callers wait for one flush. What is the same for all of them, such as the right to register below a prefix, is found
out once. An act that is refused harms none of the others; one that raises anything unforeseen ends them all, and whoever
called does them one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from idis.proto.errors import IdentifierError
from idis.registry.audit.line import audit_created
from idis.registry.caller import Caller
from idis.registry.record import PreparedRecord
from idis.registry.registration import acts
from idis.registry.registration.plain_creates import PlainCreate, PlainCreates, in_full
from idis.registry.rights import NO_GROUPS, Groups
from idis.registry.store.base import WriteTxn

_CREATE = acts.NAMES[acts.Create]
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
    while (start := len(results)) < len(asked):
        one = asked[start]
        txn.actor = actor_of(one.caller)
        if isinstance(one.act, PlainCreate):
            created = plain.setdefault(one.caller, PlainCreates(txn, one.caller)).create(_plain_records(asked, start))
            audit_created(txn, one.caller, _CREATE, ((record, version) for record, version, is_new in created if is_new))
            for record, version, is_new in created:
                if version:
                    results.append(acts.Done(record.identifier, version, is_new))
                else:
                    results.append(_in_full(txn, asked[len(results)]))
        if len(results) == start:
            plain.clear()  # any other act may change who may do what
            results.append(_in_full(txn, one))
    return results


def _plain_records(asked: Sequence[Asked], start: int) -> Iterator[PreparedRecord]:
    """The records of those plain creates of one caller that follow each other from one on."""
    caller = asked[start].caller
    for one in islice(asked, start, None):
        if not isinstance(one.act, PlainCreate) or (one.caller is not caller and one.caller != caller):
            return
        yield one.act.record


def _in_full(txn: WriteTxn, one: Asked) -> acts.Result | IdentifierError:
    try:
        return one.perform(txn)
    except IdentifierError as error:
        return error
