"""Who may ask about which genealogy, and walks that hold nobody up.

Whoever administers the prefix of a thing may ask about it. On the way he is shown what was said in the name of a prefix he
administers too, and whatever touches his own things: his direct suppliers and customers by name, and no further. The rest
becomes a tombstone that says whom to ask. A walk reads in steps of a few milliseconds and lets others have their turn; what
it believes is fixed when it begins, so that its steps see one state of knowledge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from idis.proto.codes import ResponseCode
from idis.registry.caller import Action, Caller, Role
from idis.registry.registration.checks import Refusal
from idis.registry.rights import NO_GROUPS, Groups, Unknown
from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import Expansion, Request, Step, Tombstone, expand
from idis.registry.trace.held import answers_for
from idis.registry.trace.readership import refuse_reading
from idis.registry.trace.records import spelling_at
from idis.registry.trace.things import home_of
from idis.registry.trace.walking import Walk
from idis.registry.trace.whereabouts import Finder, Whereabouts, finder
from idis.resolver.web.v1.operation import Call

_WHOLE_NODE = (Role.OPERATOR, Role.AUDITOR)


class Scope:
    """What one caller may see of genealogies here."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._whole = any(caller.holds(role, "") for role in _WHOLE_NODE) and caller.in_scope(Action.READ, "")
        self._prefixes: dict[str, bool] = {}

    def refuse(self, txn: ReadTxn, things: Iterable[str], groups: Groups = NO_GROUPS) -> Refusal | Unknown | None:
        """Why he may not ask about some things; None when he may."""
        for prefix in dict.fromkeys(map(home_of, things)):
            if self._whole:
                return None
            verdict = refuse_reading(txn, self._caller, prefix, groups=groups)
            if verdict is not None:
                return verdict
            self._prefixes[prefix] = True
        return None

    def shown(self, txn: ReadTxn, request: Request, expansion: Expansion) -> Expansion:
        """What he may see of a step."""
        if self._whole:
            return expansion
        edges: dict[str, list[Edge]] = {}
        tombstones = list(expansion.tombstones)
        for thing, found in expansion.edges.items():
            edges[thing] = [edge for edge in found if self._sees(txn, edge)]
            for holder in dict.fromkeys(edge.holder for edge in found if edge not in edges[thing]):
                tombstones.append(
                    Tombstone(
                        thing,
                        holder,
                        Step.AUTHORISE,
                        int(ResponseCode.INSUFFICIENT_PERMISSIONS),
                        f"what {holder or 'others'} know of it is not for you: ask there",
                    )
                )
        return replace(expansion, edges=edges, tombstones=tuple(tombstones))

    def owns(self, txn: ReadTxn, thing: str) -> bool:
        """Whether he may ask about a thing himself."""
        return self._whole or self._own(txn, home_of(thing))

    def finder(self, txn: ReadTxn, at_ms: int, known_ms: int | None) -> Finder:
        """Finds things; of a thing that is not his he learns only below whose prefix it is: that is whom he tells."""
        find = finder(txn, at_ms, known_ms)

        def find_shown(things: Mapping[str, Sequence[Edge]]) -> Mapping[str, Whereabouts]:
            found = dict(find({thing: packed for thing, packed in things.items() if self.owns(txn, thing)}))
            return {thing: found.get(thing) or Whereabouts(holder=home_of(thing)) for thing in things}

        return find_shown

    def _sees(self, txn: ReadTxn, edge: Edge) -> bool:
        return any(self._own(txn, prefix) for prefix in (edge.holder, home_of(edge.child), home_of(edge.parent)) if prefix)

    def _own(self, txn: ReadTxn, prefix: str) -> bool:
        known = self._prefixes.get(prefix)
        if known is None:
            known = self._prefixes[prefix] = refuse_reading(txn, self._caller, prefix) is None
        return known


def now_ms(call: Call[Any, Any]) -> int:
    """Unix time in milliseconds."""
    return int(call.face.service.clock.time() * 1_000)


async def admit(call: Call[Any, Any], texts: Iterable[str]) -> tuple[Scope, tuple[str, ...]] | Refusal:
    """The scope of whoever asks about some things, and their one spelling.

    Raises:
        IdentifierError: one of them is no identifier.
    """
    scope, texts = Scope(call.caller), tuple(texts)

    def question(txn: ReadTxn, groups: Groups) -> tuple[str, ...] | Refusal | Unknown:
        things = spelling_at(txn).names(texts)
        return scope.refuse(txn, things, groups) or things

    things: tuple[str, ...] | Refusal = await call.face.registrar.decide(question)
    return things if isinstance(things, Refusal) else (scope, things)


async def walk_on(call: Call[Any, Any], walk: Walk, scope: Scope) -> None:
    """Walk to the end of what is here, a step at a time; what is kept elsewhere is a tombstone, and not complete."""
    clock = call.face.service.clock
    while requests := walk.next_requests(int(clock.monotonic() * 1_000)):
        for request in requests:
            with call.face.service.chain.store.read() as txn:
                walk.receive(request, scope.shown(txn, request, expand(txn, request)))
            await asyncio.sleep(0)
    with call.face.service.chain.store.read() as txn:
        elsewhere = {home_of(thing): thing for thing in reversed(walk.visits) if home_of(thing) and not answers_for(txn, thing)}
    for prefix, thing in elsewhere.items():
        message = f"what {prefix} knows of it is kept at its own node: ask across nodes, with a key"
        walk.bury(Tombstone(thing, prefix, Step.RESOLVE, 0, message, last=walk.best(thing).edge))
