"""Fetches what other nodes say of the items of their templates, for this node's records that name them.

The question is a public one, put to the template's own node over TCP and believed as keys and groups of other nodes are
(`admin/elsewhere.py`). What cannot be had, or not for a day, hides the fields of the records (`registry/template_elsewhere.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from idis.proto.value import Value
from idis.registry.registration.checks import Refusal
from idis.registry.registration.relisting import ACTOR, judged, learn
from idis.registry.store.base import Store, StoreError
from idis.registry.template_elsewhere import (
    ITEM_TYPE,
    TemplateElsewhere,
    known_template,
    known_templates,
    name_elsewhere,
    read_items,
)
from idis.resolver.commits import Commits
from idis.resolver.log import note

LOOK_S = 0.5  # how long after a record named it a template is asked for
REFRESH_S = 60.0  # after which a change of a template is seen here at the latest
AGAIN_S_MIN, AGAIN_S_MAX = 2.0, 300.0  # after a failure, doubling
AT_ONCE_MAX = 8  # questions under way
ANSWER_S_MAX = 5.0


class ValueSource(Protocol):
    """Asks other nodes; `admin.elsewhere.Elsewhere` is one."""

    async def believed_values(self, identifier: str, *types: str) -> Sequence[Value] | Refusal:
        """The public values of these types, as far as they are proved as the node's settings want it."""


@dataclass(slots=True)
class _Turn:
    """When a template is asked for next, on a clock that does not go back, and how long it is waited after a failure."""

    due: float = 0.0
    again_s: float = AGAIN_S_MIN
    failed: bool = False


class TemplateFetching:
    """Keeps what is known of templates of other nodes.

    Args:
        store: this node's.
        source: asks.
        time: unix time.
        monotonic: for intervals.
    """

    def __init__(
        self, store: Store, source: ValueSource, time: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._store = store
        self._source = source
        self._time = time
        self._monotonic = monotonic
        self._turns: dict[str, _Turn] = {}
        self._listed_at: int | None = None  # the commit as of which `_turns` are all there are

    async def run(self, commits: Commits) -> None:
        """Look for ever; ends by cancellation."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except StoreError as error:
                note(logging.WARNING, "templates of other nodes wait", error=str(error))
            else:
                if self._listed_at is not None:
                    await commits.beyond(self._listed_at, self._rest_s())

    def _rest_s(self) -> float | None:
        """How long no template is due; None: until another one is named."""
        due = min((turn.due for turn in self._turns.values()), default=None)
        return None if due is None else max(due - self._monotonic(), 0.0)

    async def look(self) -> None:
        """Ask for the templates that are due."""
        if self._listed_at != (commit := self._store.last_transaction):
            await self._list()
            self._listed_at = commit
        now = self._monotonic()
        due = [template for template, turn in self._turns.items() if turn.due <= now]
        for at in range(0, len(due), AT_ONCE_MAX):
            await asyncio.gather(*map(self._ask, due[at : at + AT_ONCE_MAX]))

    async def _list(self) -> None:
        """Give every template its turn; one that this node answers for by now is no other node's."""
        with self._store.read() as txn:
            wanted = [known.template for known in known_templates(txn)]
            own = [template for template in wanted if name_elsewhere(txn, template) is None]
        for template in own:
            await self._learn(template, None)
        self._turns = {template: self._turns.get(template) or _Turn() for template in wanted if template not in own}

    async def _ask(self, template: str) -> None:
        values = await self._values(template)
        now, turn = int(self._time()), self._turns[template]
        with self._store.read() as txn:
            known = known_template(txn, template)
        found = None if isinstance(values, Refusal) else read_items(known, values, now)
        if found is None:
            turn.due, turn.again_s = self._monotonic() + turn.again_s, min(turn.again_s * 2, AGAIN_S_MAX)
            if not turn.failed:
                reason = values.message if isinstance(values, Refusal) else "its items cannot be read there"
                note(logging.WARNING, "template of another node", template=template, error=reason)
        else:
            turn.due, turn.again_s = self._monotonic() + REFRESH_S, AGAIN_S_MIN
        turn.failed = found is None
        if judged(known, found, now) is not None:
            await self._learn(template, found)

    async def _learn(self, template: str, found: TemplateElsewhere | None) -> None:
        now = int(self._time())
        await asyncio.wrap_future(self._store.write(lambda txn: learn(txn, template, found, now), actor=ACTOR))

    async def _values(self, template: str) -> Sequence[Value] | Refusal:
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                return await self._source.believed_values(template, ITEM_TYPE)
        except TimeoutError:
            return Refusal(0, "its node does not answer")
