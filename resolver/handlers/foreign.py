"""Fifth step: what a text of another scheme leads to, where this node's registry knows no such handle (`resolver/foreign/`).

All the grammars take a while to load, and the binary port need not wait for them: they are loaded once it answers, or when
the first such text comes.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from idis.proto.any_name import is_plain_handle, text_of
from idis.proto.codes import ResponseCode
from idis.proto.outcome import NotFound, Refused
from idis.proto.query import Query
from idis.registry.document import DocumentKind
from idis.registry.store.base import ReadTxn, StoreError
from idis.resolver.config import NodeConfig
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.request import Request, Verdict

if TYPE_CHECKING:
    from idis.proto.schemes.recognised import Recognised
    from idis.resolver.foreign.abroad import Providers
    from idis.resolver.foreign.finding import Found
    from idis.resolver.foreign.taking import Taking

Steps = Sequence[Callable[[Request, ReadTxn, int, Verdict], Verdict]]

_TAKING = "idis.resolver.foreign.taking"
_HANDLE_ROUTES = b"Handle\x00"  # the summary of the routes for handles, where there are any

_LOST = (NotFound, Refused)


def foreign_step(config: NodeConfig, steps: Steps, recursor: Recursor | None, own_places: frozenset[str]) -> Foreign:
    """The step of a node; see `foreign/taking.py` for the arguments."""

    def make() -> Taking:
        from idis.resolver.foreign.taking import make_taking

        return make_taking(config, steps, recursor, own_places)

    return Foreign(make)


class Foreign:
    """Takes up what the authority knows nothing of.

    Args:
        make: what does it, when it is needed.
    """

    def __init__(self, make: Callable[[], Taking]) -> None:
        self._make = make
        self._made: Taking | None = None

    def __call__(self, request: Request, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """What the text comes to; the verdict as it is where it is a handle, or nothing else either."""
        query = request.query
        if query is None or not isinstance(verdict, _LOST):
            return verdict
        if isinstance(verdict, Refused) and verdict.code != ResponseCode.SERVER_NOT_RESPONSIBLE:
            return verdict
        try:
            return self.taking.take_up(request, query, txn, now, verdict) if self.concerns(query, txn) else verdict
        except StoreError as error:
            return Refused(ResponseCode.ERROR, f"this node cannot read its store: {error}")

    @property
    def taking(self) -> Taking:
        """What does it."""
        if self._made is None:
            self._made = self._make()
        return self._made

    @property
    def providers(self) -> Providers:
        """Those of the routes of this node."""
        return self.taking.providers

    def concerns(self, query: Query, txn: ReadTxn) -> bool:
        """Whether a question that the authority lost may be taken up here; decided without reading it."""
        text, carried = text_of(query.spelling)
        return carried or not is_plain_handle(text) or txn.document(DocumentKind.FOREIGN_ROUTE, _HANDLE_ROUTES) is not None

    def found(self, txn: ReadTxn, text: str, now: int) -> tuple[tuple[Recognised, ...], Found | None]:
        """The readings of a text, and what it leads to."""
        return self.taking.found(txn, text, now)

    def own_query(self, query: Query, txn: ReadTxn, now: int) -> Query | None:
        """The same question by the handle that this node's registry knows it by; None for a name that leads elsewhere."""
        text, carried = text_of(query.spelling)
        return query if not carried and is_plain_handle(text) else self.taking.own_query(query, txn, now)

    async def run(self) -> None:
        """Load what is needed, then look after the providers for ever; ends by cancellation."""
        await asyncio.to_thread(importlib.import_module, _TAKING)
        await self.providers.run()

    async def close(self) -> None:
        """Ask nobody any more."""
        if self._made is not None:
            await self._made.providers.close()
