"""Who sees which event (`tracing.md` §8.3, `trust.md` §5): readers' lists and rights apply to events as to values.

Whoever may list or read the records of a prefix sees what was told in its name, and what names a thing below it: his own
events, and those by which his partners speak of his things. Whoever the readers' list of a thing's `events` value names
sees the events of that thing. Nobody else sees that there is an event.
"""

from __future__ import annotations

from idis.registry.caller import Action, Caller, Role
from idis.registry.rights import is_named
from idis.registry.store.base import ReadTxn
from idis.registry.trace.event import things_of
from idis.registry.trace.held import record_of
from idis.registry.trace.kept_event import KeptEvent
from idis.registry.trace.readership import refuse_reading
from idis.registry.trace.things import Spelling, home_of
from idis.registry.views import lists_of

EVENTS_INDEX = 2008  # of the value that says where the events of a thing are
KEPT_MAX = 10_000  # verdicts of one search

_WHOLE_NODE = (Role.OPERATOR, Role.AUDITOR)
_ACTIONS = (Action.READ, Action.TRACE)


class EventSight:
    """What one caller sees of events; for one search, since rights change."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        whole = any(caller.holds(role, "") for role in _WHOLE_NODE)
        self._whole = whole and any(caller.in_scope(action, "") for action in _ACTIONS)
        self._prefixes: dict[str, bool] = {}
        self._things: dict[str, bool] = {}

    def sees(self, txn: ReadTxn, kept: KeptEvent, spelling: Spelling) -> bool:
        """Whether he sees an event."""
        if self._whole or self.owns(txn, kept.holder):
            return True
        if self._caller.anonymous:
            return False
        names = [spelling.name(text) for text in things_of(kept.event)]
        return any(self.owns(txn, home_of(name)) for name in names) or any(self._is_reader(txn, name) for name in names)

    def owns(self, txn: ReadTxn, prefix: str) -> bool:
        """Whether he may list or read what lies below a folded prefix."""
        if not prefix:
            return False
        known = self._prefixes.get(prefix)
        if known is None:
            if len(self._prefixes) >= KEPT_MAX:
                self._prefixes.clear()
            known = any(refuse_reading(txn, self._caller, prefix, action=action) is None for action in _ACTIONS)
            self._prefixes[prefix] = known
        return known

    def _is_reader(self, txn: ReadTxn, name: str) -> bool:
        known = self._things.get(name)
        if known is None:
            if len(self._things) >= KEPT_MAX:
                self._things.clear()
            known = self._things[name] = self._listed(txn, name)
        return known

    def _listed(self, txn: ReadTxn, name: str) -> bool:
        identity = self._caller.identity
        prefix = home_of(name)
        if identity is None or not any(self._caller.in_scope(action, prefix) for action in _ACTIONS):
            return False
        record = record_of(txn, name)
        listed = () if record is None else lists_of(txn, record).get(EVENTS_INDEX, ())
        return bool(listed) and is_named(txn, identity, listed) is True
