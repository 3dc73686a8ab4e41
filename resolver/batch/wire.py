"""Batches to a node over its binary port: one connection, logged in once."""

from __future__ import annotations

import asyncio

from idis.proto.batch import BatchReply, BatchRequest
from idis.proto.codes import ResponseCode
from idis.resolver.batch.run import BatchLost, BatchRefused
from idis.resolver.client_admin import Administrator, AdminReply
from idis.resolver.client_reply import ClientError

# What may be otherwise in a moment: the batch is sent again.
_PASSING = (ResponseCode.SERVER_TOO_BUSY, ResponseCode.LOGIN_FIRST, ResponseCode.AUTHENTICATION_NEEDED)


class WireSender:
    """Sends batches to one node as an administrator."""

    def __init__(self, administrator: Administrator) -> None:
        self._administrator = administrator
        self._entering = asyncio.Lock()
        self._entered = False

    async def send(self, batch: BatchRequest) -> BatchReply:
        """The results of a batch.

        Raises:
            BatchLost: no answer came, or the node is busy.
            BatchRefused: the node does not take batches from this key.
        """
        try:
            async with self._entering:
                if not self._entered:
                    self._judge(await self._administrator.login())
                    self._entered = True
            reply = await self._administrator.batch(batch)
        except ClientError as error:
            raise BatchLost(str(error)) from None
        if isinstance(reply, AdminReply):
            self._judge(reply)
            raise BatchLost("the node answered without results")
        return reply

    @staticmethod
    def _judge(reply: AdminReply) -> None:
        if reply.done:
            return
        error = BatchLost if reply.code in _PASSING else BatchRefused
        raise error(f"{reply.code_name}: {reply.message}")
