"""The client for programs without an event loop: the same names, called plainly.

    with Client("127.0.0.1:2641") as client:
        reply = client.resolve("88.118.8/JXDY2106023", types=["URL"])

Each client runs its own event loop in a background thread, so it works inside notebooks and servers that have a loop of
their own, and may be shared between threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, TypeVar

from idis.proto.errors import IdisError
from idis.resolver import client as async_client
from idis.resolver.client import DEFAULT_SERVER, Transport
from idis.resolver.client_reply import ClientError, GarbledError, Reply, SilentError, UnreachableError
from idis.resolver.recursion.budget import RESOLUTION_MS_MAX

__all__ = ["Client", "ClientError", "GarbledError", "Reply", "SilentError", "UnreachableError"]

T = TypeVar("T")


class Client:
    """A client of one node; see `idis.resolver.client.Client` for the arguments and errors."""

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        transport: Transport = "tcp",
        timeout_s: float = RESOLUTION_MS_MAX / 1_000,
        direct: bool = False,
        follow_referrals: bool = True,
        tls: bool = False,
        ca: str | None = None,
    ) -> None:
        self._client = async_client.Client(
            server,
            transport=transport,
            timeout_s=timeout_s,
            direct=direct,
            follow_referrals=follow_referrals,
            tls=tls,
            ca=ca,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="idis-client", daemon=True)
        self._thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def resolve(
        self,
        identifier: str,
        *,
        types: Iterable[str] = (),
        indexes: Iterable[int] = (),
        public_only: bool = True,
        authoritative: bool = False,
        follow_alias: bool = False,
        explain: bool = False,
        recursive: bool = True,
    ) -> Reply:
        """Ask for one identifier; see `idis.resolver.client.Client.resolve`."""
        return self._run(
            self._client.resolve(
                identifier,
                types=types,
                indexes=indexes,
                public_only=public_only,
                authoritative=authoritative,
                follow_alias=follow_alias,
                explain=explain,
                recursive=recursive,
            )
        )

    def resolve_many(
        self,
        identifiers: Iterable[str],
        *,
        types: Iterable[str] = (),
        indexes: Iterable[int] = (),
        public_only: bool = True,
        authoritative: bool = False,
        follow_alias: bool = False,
        recursive: bool = True,
    ) -> list[Reply | IdisError]:
        """Ask for many identifiers over one connection; see `idis.resolver.client.Client.resolve_many`."""
        return self._run(
            self._client.resolve_many(
                identifiers,
                types=types,
                indexes=indexes,
                public_only=public_only,
                authoritative=authoritative,
                follow_alias=follow_alias,
                recursive=recursive,
            )
        )

    def close(self) -> None:
        """Close all connections and end the thread; a second call does nothing."""
        if self._loop.is_closed():
            return
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("the client is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
