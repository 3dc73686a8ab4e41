"""Batches into a data directory on this machine, beside the node that may be serving from it."""

from __future__ import annotations

import time

from idis.proto.batch import BatchReply, BatchRequest
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store
from idis.resolver.admin.batches import register_batch
from idis.resolver.admin.registrar import Registrar
from idis.resolver.batch.run import BatchRefused


class LocalSender:
    """Registers batches as the operator of the directory."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._registrar = Registrar(store, None, time)
        self._caller = caller

    async def send(self, batch: BatchRequest) -> BatchReply:
        """The results of a batch.

        Raises:
            BatchRefused: the store does not take it.
        """
        reply = await register_batch(self._registrar, batch, self._caller)
        if isinstance(reply, Refusal):
            raise BatchRefused(reply.message)
        return reply
