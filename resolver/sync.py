"""The client for programs without an event loop: the same names, called plainly.

    with Client("127.0.0.1:2641") as client:
        reply = client.resolve("88.118.8/JXDY2106023", types=["URL"])

Each client runs its own event loop in a background thread, so it works inside notebooks and servers that have a loop of
their own, and may be shared between threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from idis.proto.errors import IdisError
from idis.proto.value import Value
from idis.resolver import client as async_client
from idis.resolver import client_admin
from idis.resolver.client import DEFAULT_SERVER, Transport
from idis.resolver.client_admin import TIMEOUT_S, AdminReply
from idis.resolver.client_key import Key
from idis.resolver.client_reply import ClientError, GarbledError, Reply, SilentError, UnreachableError
from idis.resolver.recursion.budget import RESOLUTION_MS_MAX

__all__ = [
    "AdminReply",
    "Administrator",
    "Client",
    "ClientError",
    "GarbledError",
    "Key",
    "Reply",
    "SilentError",
    "UnreachableError",
]

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
        self._loop = _Loop()

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
        return self._loop.run(
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
        return self._loop.run(
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
        self._loop.end(self._client.close)


class Administrator:
    """An administrator of one node; see `idis.resolver.client_admin.Administrator` for arguments and errors."""

    def __init__(
        self,
        server: str,
        key: Key | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        tls: bool = False,
        ca: str | None = None,
    ) -> None:
        self._client = client_admin.Administrator(server, key, timeout_s=timeout_s, tls=tls, ca=ca)
        self._loop = _Loop()

    def __enter__(self) -> Administrator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def create(self, identifier: str, values: Iterable[Value], *, overwrite: bool = False, mint: bool = False) -> AdminReply:
        """Register an identifier."""
        return self._loop.run(self._client.create(identifier, values, overwrite=overwrite, mint=mint))

    def delete(self, identifier: str) -> AdminReply:
        """Delete a record."""
        return self._loop.run(self._client.delete(identifier))

    def add(self, identifier: str, values: Iterable[Value], *, overwrite: bool = False) -> AdminReply:
        """Add values."""
        return self._loop.run(self._client.add(identifier, values, overwrite=overwrite))

    def modify(self, identifier: str, values: Iterable[Value]) -> AdminReply:
        """Change values whose indexes exist."""
        return self._loop.run(self._client.modify(identifier, values))

    def remove(self, identifier: str, indexes: Iterable[int]) -> AdminReply:
        """Remove the values at these indexes."""
        return self._loop.run(self._client.remove(identifier, indexes))

    def home(self, prefix: str) -> AdminReply:
        """Let the node answer for a prefix."""
        return self._loop.run(self._client.home(prefix))

    def unhome(self, prefix: str) -> AdminReply:
        """Let it answer no longer."""
        return self._loop.run(self._client.unhome(prefix))

    def login(self) -> AdminReply:
        """Prove the key once for the connection."""
        return self._loop.run(self._client.login())

    def list(self, prefix: str, *, derived: bool = False) -> Iterator[str]:
        """The identifiers below a prefix, or the prefixes derived from it, as they come."""
        names = self._client.list(prefix, derived=derived)
        end = ""  # no identifier is empty
        while name := self._loop.run(_next(names, end)):
            yield name

    def resolve(self, identifier: str, *, types: Iterable[str] = (), indexes: Iterable[int] = ()) -> Reply:
        """Ask for a record, restricted values included."""
        return self._loop.run(self._client.resolve(identifier, types=types, indexes=indexes))

    def close(self) -> None:
        """Hang up and end the thread; a second call does nothing."""
        self._loop.end(self._hang_up)

    async def _hang_up(self) -> None:
        self._client.close()


async def _next(names: AsyncIterator[str], end: str) -> str:
    return await anext(names, end)


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="idis-client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What some work comes to."""
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("the client is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Close what runs on it, then itself, once."""
        if self._loop.is_closed():
            return
        self.run(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
