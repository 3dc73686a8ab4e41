"""One running node, composed from its configuration.

Everything that can fail, fails before anything serves: the store is opened, every socket is bound, then the binary port
begins to answer, then HTTP is imported and opened. A stop goes the other way round: nothing new is accepted, what is under
way is finished within a bound, connections and store are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from idis.proto.types.site import Site, encode_site
from idis.registry.journal import Entry, EntryKind
from idis.registry.store.lmdb import LmdbStore
from idis.resolver import log
from idis.resolver.chain import Chain
from idis.resolver.config import NodeConfig
from idis.resolver.follower import Follower, prefix_of
from idis.resolver.guard.connections import SWEEP_S, ConnectionTable
from idis.resolver.guard.rates import Rates
from idis.resolver.guard.sources import Sources
from idis.resolver.handlers.access import Access
from idis.resolver.handlers.authority import Authority
from idis.resolver.handlers.limit import Limit
from idis.resolver.handlers.observe import Observe
from idis.resolver.handlers.recursion import Recursion
from idis.resolver.metrics import Metrics
from idis.resolver.own_site import own_site
from idis.resolver.prepared import Prepared
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.recursion.settings import RecursorSettings
from idis.resolver.reply import Replies
from idis.resolver.service import Service
from idis.resolver.transports.http import HttpTransport
from idis.resolver.transports.sockets import bind
from idis.resolver.transports.tcp import TcpTransport
from idis.resolver.transports.udp import UdpTransport

if TYPE_CHECKING:
    from aiohttp import web

    from idis.resolver.web.face import Readiness

_HTTP_FACE = "idis.resolver.web.application"

STOP_GRACE_S = 5.0  # for questions under way when the node stops; systemd allows three times as much


class Node:
    """A node in this process, on this event loop; `run` is the usual way to have one."""

    def __init__(self, config: NodeConfig) -> None:
        self.config = config
        self.metrics = Metrics()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def port(self) -> int:
        """The binary port in use."""
        return self._sockets.port

    @property
    def http_port(self) -> int:
        """The HTTP port in use."""
        return self._sockets.http_port

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            StoreError: the data directory cannot be used.
            ListenError: a port cannot be bound. Nothing is half started after either.
        """
        self._store = LmdbStore.open(self.config.data_dir, exclusive=True)
        try:
            self._sockets = bind(self.config.listen)
        except BaseException:
            self._store.close()
            raise
        self._compose()
        try:
            await self._open()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Accept nothing new, finish what is under way within STOP_GRACE_S, close. A second call does nothing."""
        if self._stopping:
            return
        self._stopping = True
        for datagrams in self._udp:
            datagrams.stop_reading()
        for streams in self._tcp:
            streams.close()
        await self._http.close()
        await self._chain.finish(STOP_GRACE_S)
        if self._recursor is not None:
            await self._recursor.close()
        self._table.shed_all("stopping")
        await asyncio.sleep(0)  # lets the transports send and close
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._sockets.close()
        self._store.close()

    async def _open(self) -> None:
        for datagrams in self._udp:
            datagrams.open()
        for streams in self._tcp:
            await streams.open()
        self._started = time.monotonic()
        self._tasks = [asyncio.create_task(self._follower.run()), asyncio.create_task(self._sweep())]
        # Importing HTTP takes longer than everything before it; the binary port answers meanwhile.
        await asyncio.to_thread(importlib.import_module, _HTTP_FACE)
        await self._http.open()

    def _compose(self) -> None:
        config, metrics = self.config, self.metrics
        self._site = own_site(config, self._sockets.port, self._sockets.http_port)
        self._recursor = _recursor(config)
        self._follower = Follower(self._store, metrics, self._on_entries)
        sources = Sources(config.guard)
        self._chain = Chain(
            store=self._store,
            limit=Limit(Rates(config.guard), metrics),
            steps=_steps(self._site, self._recursor, metrics),
            observe=Observe(metrics),
            prepared=Prepared(config.node.site_serial),
            replies=Replies(config.node.name, config.node.site_serial, secrets.token_bytes),
            recursor=self._recursor,
            clock=time,
        )
        self._table = ConnectionTable(config.limits)
        self._service = Service(self._chain, sources, self._table, config.limits, metrics, time)
        self._udp = [UdpTransport(bound, self._chain, sources, metrics, time) for bound in self._sockets.udp]
        self._tcp = [TcpTransport(bound, self._service) for bound in self._sockets.tcp]
        self._http = HttpTransport(self._sockets.http, self._application, self._service)

    def _application(self) -> web.Application:
        from idis.resolver.web.application import application
        from idis.resolver.web.face import Face

        return application(
            Face(
                config=self.config,
                version=_version(),
                site=self._site,
                service=self._service,
                metrics=self.metrics,
                recursor=self._recursor,
                readiness=self._readiness,
                started=self._started,
            )
        )

    def _readiness(self) -> Readiness:
        from idis.resolver.web.face import Readiness

        if self._stopping:
            return Readiness(False, "the node is stopping")
        if self._store.poisoned:
            return Readiness(False, "a flush to disk failed: stop the node, run 'idis verify', check the disk")
        if self._follower.failure:
            return Readiness(False, self._follower.failure)
        return Readiness(True)

    def _on_entries(self, entries: Sequence[Entry]) -> None:
        """The cache forgets what a change of prefixes makes wrong; records of own prefixes were never in it."""
        if self._recursor is None:
            return
        if not entries:  # the journal was trimmed: anything may have changed
            self._recursor.flush()
        for prefix in {prefix_of(entry) for entry in entries if entry.kind in (EntryKind.PREFIX, EntryKind.ROUTE)}:
            self._recursor.flush(prefix)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._table.sweep(time.monotonic())


def run(config: NodeConfig, *, ready: Callable[[], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Args:
        config: the node.
        ready: called once every port answers.

    Returns:
        0 after a clean stop.

    Raises:
        StoreError, ListenError: as `Node.start`.
    """
    log.configure(config.node.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(config, ready))


async def _serve(config: NodeConfig, ready: Callable[[], None] | None) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    node = Node(config)
    await node.start()
    # What lives now lives as long as the node: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    log.note(
        logging.INFO,
        "ready",
        name=config.node.name,
        tier=config.node.tier.value,
        hosts=list(config.listen.hosts),
        port=node.port,
        http_port=node.http_port,
    )
    if ready is not None:
        ready()
    await stop.wait()
    log.note(logging.INFO, "stopping", name=config.node.name)
    await node.stop()
    log.note(logging.INFO, "stopped", name=config.node.name)
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed: twice as fast on streams."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    with contextlib.suppress(PackageNotFoundError):
        return version("idis")
    return "unknown"  # a checkout that was never installed


def _recursor(config: NodeConfig) -> Recursor | None:
    recursion = config.recursion
    if not recursion.enabled:
        return None
    return Recursor(
        RecursorSettings(
            roots=recursion.roots,
            cache_bytes=recursion.cache_bytes,
            ttl_max_s=recursion.ttl_max_s,
            negative_ttl_s=recursion.negative_ttl_s,
            stale_max_s=recursion.stale_max_s,
            deadline_ms=recursion.deadline_ms,
            pending_queries=config.limits.pending_queries,
        )
    )


def _steps(site: Site, recursor: Recursor | None, metrics: Metrics) -> list[Access | Authority | Recursion]:
    """The steps between limit and observe, in their order."""
    steps: list[Access | Authority | Recursion] = [Access(), Authority(encode_site(site), metrics)]
    if recursor is not None:
        steps.append(Recursion(recursor))
    return steps
