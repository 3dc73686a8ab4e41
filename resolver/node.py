"""One running node, composed from its configuration.

Everything that can fail, fails before anything serves: the store is opened, every socket is bound, then the binary port
begins to answer, then HTTP is imported and opened. A stop goes the other way round: nothing new is accepted, what is under
way is finished within a bound, connections and store are closed.

Without a keeper one process is all of it. With one, each process is a node with a part of the sockets, at its place
among the others (`processes/`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from idis.proto import speedups
from idis.proto.dns.cookie import SECRET_BYTES
from idis.proto.types.site import Site, encode_site
from idis.registry.journal import Entry
from idis.registry.store.lmdb import LmdbStore
from idis.resolver import log
from idis.resolver.admin.composition import Office
from idis.resolver.admin.server_key import KEY_FILE, read_server_key
from idis.resolver.audit_writer import AuditWriter
from idis.resolver.chain import Chain, Step
from idis.resolver.collector import Quiet
from idis.resolver.commits import Commits
from idis.resolver.config import NodeConfig
from idis.resolver.follower import Follower, outdated
from idis.resolver.guard.connections import SWEEP_S, ConnectionTable
from idis.resolver.guard.daily import DailyCounts
from idis.resolver.guard.rates import Rates
from idis.resolver.guard.sources import Sources
from idis.resolver.handlers.access import Access
from idis.resolver.handlers.authority import Authority
from idis.resolver.handlers.foreign import Foreign, foreign_step
from idis.resolver.handlers.limit import Limit
from idis.resolver.handlers.observe import Observe
from idis.resolver.handlers.quota import Quota
from idis.resolver.handlers.recursion import Recursion
from idis.resolver.known_records import known_bytes
from idis.resolver.metrics import Metrics, count_datagrams, count_recursion
from idis.resolver.own_site import own_places, own_site
from idis.resolver.prepared import Prepared
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.recursion.settings import RING_SHARE, RecursorSettings
from idis.resolver.relister import keep_relisted
from idis.resolver.reply import Replies
from idis.resolver.service import Service
from idis.resolver.subscription.keeping import Keeping
from idis.resolver.template_fetching import TemplateFetching
from idis.resolver.trace.telling import keep_telling
from idis.resolver.transports.http import HttpTransport
from idis.resolver.transports.sockets import Sockets, bind, poll_busily
from idis.resolver.transports.tcp import TcpTransport
from idis.resolver.transports.tls import TlsEntrance, TlsTransport
from idis.resolver.transports.tls_keys import TlsKeys
from idis.resolver.transports.udp import UdpTransport

if TYPE_CHECKING:
    from aiohttp import web

    from idis.resolver.first_stage import FirstStage
    from idis.resolver.hot_path import HotPath
    from idis.resolver.processes.workers import Place
    from idis.resolver.transports.dns import DnsEntrance
    from idis.resolver.web.chunks import Chunks
    from idis.resolver.web.face import Readiness

_HTTP_FACE = "idis.resolver.web.application"

STOP_GRACE_S = 5.0  # for questions under way when the node stops; systemd allows three times as much
SETTLE_S = 0.01  # for what has arrived when the node stops, but has not been read
POLL_S = 0.01  # how often a node that stops looks whether it has finished
FINISH_S = 1.0  # for answers that are not sent yet when it stops; a peer that does not read must not hold it up


class Node:
    """A node in this process, on this event loop; `run` is the usual way to have one.

    Args:
        config: the node.
        place: where this process stands among others of the node; alone, it binds the sockets and locks the directory.
        stage: what has been answering meanwhile, and has bound the sockets.
    """

    def __init__(self, config: NodeConfig, place: Place | None = None, stage: FirstStage | None = None) -> None:
        self.config = config
        self._stage = stage
        self.metrics = Metrics()
        self._place = place
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

    @property
    def tls_port(self) -> int:
        """The port of the binary protocol over TLS in use; 0 without a certificate."""
        return self._sockets.tls_port

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            StoreError: the data directory cannot be used.
            ListenError: a port cannot be bound.
            TlsKeyError: the certificate or its key cannot be used. Nothing is half started after any of them.
        """
        place = self._place
        self._keys = TlsKeys(self.config.tls, self.config.data_dir) if self.config.tls.enabled else None
        self._server_key = read_server_key(self.config.data_dir / KEY_FILE)
        # The supervisor holds the directory for all processes of a node.
        self._store = LmdbStore.open(self.config.data_dir, exclusive=place is None)
        try:
            self._sockets = self._bound()
        except BaseException:
            self._store.close()
            raise
        if place is not None:
            place.seat.counters.take_over()
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
        for streams in self._streams:
            streams.close()
        await asyncio.sleep(SETTLE_S)
        for datagrams in self._udp:
            datagrams.stop_reading()
        if self._dns is not None:
            await self._dns.close()
        await self._http.close()
        self._office.end_waiting()
        await self._chain.finish(STOP_GRACE_S)
        if self._recursor is not None:
            await self._keeping.close()
            await self._recursor.close()
        await self._foreign.close()
        await self._office.close()
        await self._until(lambda: not self._table.busy, FINISH_S)
        self._table.shed_all("stopping")
        await asyncio.sleep(0)  # lets the transports send and close
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._sockets.close()
        self._trail.tell_rest()
        await self._counts.finish()
        if self._place is not None:
            self._place.report(self.metrics)
        if self._hot_path is not None:
            self._hot_path.close()
        self._commits.close()
        self._store.close()

    async def leave(self) -> None:
        """Another process has taken this one's place: let connections end, within STOP_GRACE_S, then stop.

        Nobody is refused meanwhile: the sockets are open in the other process too, and what waits in them is its work.
        """
        for streams in self._streams:
            streams.close()
        for datagrams in self._udp:
            datagrams.stop_reading()
        self._table.part()
        await self._until(lambda: not len(self._table), STOP_GRACE_S)
        await self.stop()

    def renew(self) -> None:
        """Take up a certificate that has been renewed; looked for every second, at once on SIGHUP."""
        if self._keys is not None:
            self._keys.renew()

    def tell(self, event: str) -> None:
        """Log what this node does; a process among others leaves that to its supervisor."""
        level = logging.INFO if self.alone else logging.DEBUG
        if event == "ready":
            log.note_ready(level, self.config, self.port, self.http_port, self.tls_port)
        else:
            log.note(level, event, name=self.config.node.name)

    @property
    def dns_port(self) -> int:
        """The port of DNS in use; 0 without a zone."""
        return self._sockets.dns_port

    @property
    def _streams(self) -> list[TcpTransport | TlsTransport]:
        return [*self._tcp, *self._tls]

    @property
    def alone(self) -> bool:
        """Whether this process is the whole node."""
        return self._place is None

    @property
    def hot(self) -> bool:
        """Whether this process answers on the binary port."""
        return bool(self._sockets.tcp)

    def _bound(self) -> Sockets:
        if self._place is not None:
            return self._place.sockets
        return bind(self.config.listen, self.config.tls, self.config.dns) if self._stage is None else self._stage.sockets

    async def _open(self) -> None:
        if self._stage is not None:
            self._stage.end()
            count_datagrams(self.metrics, self._stage.counters)
        for datagrams in self._udp:
            datagrams.open()
            if self._stage is not None:
                datagrams.take(self._stage.leftovers)
        for streams in self._tcp:
            await streams.open()
        await self._office.open(self._service)
        if self._dns is not None:
            await self._dns.open()
        self._started, commits = time.monotonic(), self._commits
        self._tasks = [asyncio.create_task(self._sweep()), asyncio.create_task(self._counts.run())]
        self._tasks.append(asyncio.create_task(self._foreign.run()))
        if self._follower is not None:
            self._tasks.append(asyncio.create_task(self._follower.run(commits)))
        if self._hot_path is not None:
            self._tasks.append(asyncio.create_task(self._hot_path.run(commits)))
        if self._sockets.http or self.alone:
            self._tasks.append(asyncio.create_task(keep_relisted(self._store, commits)))
            fetching = TemplateFetching(self._store, self._office.elsewhere, time.time, time.monotonic)
            self._tasks.append(asyncio.create_task(fetching.run(commits)))
            self._tasks.append(asyncio.create_task(keep_telling(self._store, self._office.neighbours, time, commits)))
        if self._place is not None:
            self._tasks.append(asyncio.create_task(self._place.report_often(self.metrics)))
        if self.hot and self.config.node.busy_poll:
            self._poll_busily()
        if self._sockets.http:
            # Importing HTTP takes longer than everything before it; the binary port answers meanwhile.
            await asyncio.to_thread(importlib.import_module, _HTTP_FACE)
            await self._http.open()
        if self._entrance is not None:
            await self._entrance.open()
            for encrypted in self._tls:
                await encrypted.open()

    def _compose(self) -> None:
        config, metrics, place = self.config, self.metrics, self._place
        public_key = b"" if self._server_key is None else self._server_key.public_octets
        self._site = own_site(config, self._sockets.port, self._sockets.http_port, public_key)
        self._recursor = _recursor(config, ring_share=RING_SHARE if self.hot and _compiled(config) else 0.0)
        if self._recursor is not None:
            metrics.gather.append(partial(count_recursion, metrics, self._recursor))
            self._keeping = Keeping(self._recursor.forget, self._recursor.flush, time)
            self._recursor.on_kept = self._keeping.note
        # A worker without a cache has nothing that a change could make wrong: it reads the store at every question.
        follows = bool(self._sockets.http) or self._recursor is not None
        self._follower = Follower(self._store, metrics, self._on_entries) if follows else None
        sources = Sources(config.guard, None if place is None else place.board.proofs(place.seat))
        self._trail = AuditWriter(self._store)
        self._commits = Commits(self._store, self._store.ear())
        self._counts = DailyCounts(self._store)
        self._foreign, steps = _steps(config, self._site, self._counts, self._recursor, metrics)
        self._chain = Chain(
            store=self._store,
            limit=Limit(Rates(config.guard), metrics),
            steps=steps,
            observe=Observe(metrics),
            prepared=Prepared(
                config.node.site_serial, encode_site(self._site), self._recursor, _known_bytes(config), self._foreign.concerns
            ),
            replies=Replies(config.node.name, config.node.site_serial, secrets.token_bytes),
            recursor=self._recursor,
            clock=time,
            foreign=self._foreign,
        )
        self._office = Office(
            config,
            self._store,
            self._site,
            self._server_key,
            self._chain,
            sources,
            metrics,
            self._trail,
            self._commits,
            relay="" if place is None else place.board.relay,
            keeps=bool(self._sockets.http),
        )
        self._hot_path = self._make_hot_path(sources)
        quick = None if self._hot_path is None else self._hot_path.accelerator
        self._table = ConnectionTable(config.limits, place)
        self._service = Service(self._chain, sources, self._table, config.limits, metrics, time, quick)
        self._dns = self._make_dns(sources)
        self._udp = [UdpTransport(bound, self._chain, sources, metrics, time, quick) for bound in self._sockets.udp]
        self._tcp = [TcpTransport(bound, self._service) for bound in self._sockets.tcp]
        self._entrance = None if self._keys is None else TlsEntrance(self._keys, config.tls, self._service)
        self._tls = [] if self._entrance is None else [TlsTransport(bound, self._entrance) for bound in self._sockets.tls]
        self._http = HttpTransport(self._sockets.http, self._application, self._service, self._make_chunks, self._entrance)

    def _make_hot_path(self, sources: Sources) -> HotPath | None:
        if not _compiled(self.config):
            if self.hot:
                self.metrics.take_path("plain", "store" if self._recursor is None else "cache")
            return None
        from idis.resolver.hot_path import HotPath

        return HotPath(
            self.config,
            self._store,
            self._site,
            sources,
            self.metrics,
            recursor=self._recursor,
            follower=self._follower,
            keeps=bool(self._sockets.http),
            hot=self.hot,
        )

    def _make_dns(self, sources: Sources) -> DnsEntrance | None:
        if not self._sockets.dns_udp:
            return None
        from idis.resolver.transports.dns import DnsEntrance

        return DnsEntrance(
            self.config.dns,
            self._sockets,
            self._chain,
            sources,
            self.metrics,
            self._table,
            address=self.config.advertised,
            secret=bytes.fromhex(self.config.dns.cookie_secret) or secrets.token_bytes(SECRET_BYTES),
            recurses=self._recursor is not None,
            quick=None if self._hot_path is None else self._hot_path.accelerator,
        )

    def _make_chunks(self) -> Chunks:
        from idis.resolver.web.chunks import Chunks

        answers = None if self._hot_path is None else self._hot_path.index_answers
        if answers is None:
            return Chunks(self._chain, self._links)
        from idis.resolver.web.quick_json import QuickJson

        return Chunks(self._chain, self._links, QuickJson(answers))

    def _application(self) -> web.Application:
        from idis.resolver.web.application import application
        from idis.resolver.web.face import Face
        from idis.resolver.web.links.lazy import LazyLinks

        self._links = LazyLinks(self._chain, self.config.links)
        return application(
            Face(
                config=self.config,
                version=_version(),
                site=self._site,
                service=self._service,
                figures=self._figures,
                recursor=self._recursor,
                readiness=self._readiness,
                registrar=self._office.registrar,
                verifier=self._office.verifier,
                elsewhere=self._office.elsewhere,
                neighbours=self._office.neighbours,
                server_key=self._server_key,
                started=self._started,
                commits=self._commits,
                board=None if self._place is None else self._place.board,
            ),
            self._links,
        )

    def _readiness(self) -> Readiness:
        from idis.resolver.web.face import Readiness

        if self._stopping:
            return Readiness(False, "the node is stopping")
        if self._store.poisoned:
            return Readiness(False, "a flush to disk failed: stop the node, run 'idis verify', check the disk")
        if self._follower is not None and self._follower.failure:
            return Readiness(False, self._follower.failure)
        lack = "" if self._place is None else self._place.board.lack(time.monotonic())
        return Readiness(not lack, lack)

    def _figures(self) -> Metrics:
        """What the whole node has counted; of the journal, what this process has seen."""
        own = self.metrics.gathered()
        if self._place is None:
            return own
        self._place.report(self.metrics)
        total = Metrics(entries=own.entries, records=own.records, statuses=own.statuses, position=own.position)
        self._place.board.add_counts(total)
        return total

    def _poll_busily(self) -> None:
        """Never let the loop sleep: with something always to do it only asks the kernel what has come."""
        for bound in (*self._sockets.udp, *self._sockets.tcp):
            poll_busily(bound)
        self._spin()

    def _spin(self) -> None:
        if not self._stopping:
            asyncio.get_running_loop().call_soon(self._spin)

    async def _until(self, done: Callable[[], bool], within_s: float) -> None:
        for _ in range(int(within_s / POLL_S)):
            if done():
                return
            await asyncio.sleep(POLL_S)

    def _on_entries(self, entries: Sequence[Entry]) -> None:
        """The cache forgets what a change makes wrong; records of own prefixes were never in it."""
        if self._recursor is None:
            return
        if not entries:  # the journal was trimmed: anything may have changed
            self._recursor.flush()
        for prefix in outdated(entries):
            self._recursor.flush(prefix)

    async def _sweep(self) -> None:
        quiet = Quiet()
        while True:
            await asyncio.sleep(SWEEP_S)
            self._commits.look()
            if self._hot_path is not None:
                self._hot_path.look(self._commits, self._figures)
            self._table.sweep(time.monotonic())
            self._trail.tell_rest()
            self.renew()
            if self.hot and not self.alone:
                quiet.second(sum(self.metrics.answered.values()))


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    with contextlib.suppress(PackageNotFoundError):
        return version("idis")
    return "unknown"  # a checkout that was never installed


def _known_bytes(config: NodeConfig) -> int:
    """Memory for records that need not be read again: as much as an index may have, where there is none."""
    return 0 if _compiled(config) else min(config.node.index_bytes, known_bytes(config.node.workers))


def _compiled(config: NodeConfig) -> bool:
    """Whether the compiled hot path is there, and wanted."""
    return speedups.LOADED == speedups.COMPILED and config.node.index_bytes > 0


def _recursor(config: NodeConfig, ring_share: float) -> Recursor | None:
    recursion = config.recursion
    if not recursion.enabled:
        return None
    return Recursor(
        RecursorSettings(
            roots=recursion.roots,
            cache_bytes=int(recursion.cache_bytes * (1 - ring_share)),
            ttl_max_s=recursion.ttl_max_s,
            negative_ttl_s=recursion.negative_ttl_s,
            stale_max_s=recursion.stale_max_s,
            deadline_ms=recursion.deadline_ms,
            pending_queries=config.limits.pending_queries,
        )
    )


def _steps(
    config: NodeConfig, site: Site, counts: DailyCounts, recursor: Recursor | None, metrics: Metrics
) -> tuple[Foreign, list[Step]]:
    """The steps between limit and observe, in their order, and the one among them that knows other schemes."""
    registered: list[Step] = [Quota(counts), Authority(encode_site(site), metrics)]
    others: list[Step] = [] if recursor is None else [Recursion(recursor)]
    foreign = foreign_step(config, [*registered, *others], recursor, own_places(site))
    return foreign, [Access(), *registered, foreign, *others]
