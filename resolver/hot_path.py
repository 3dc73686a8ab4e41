"""The compiled hot path of one process of a node, put together and kept going.

A process that keeps the store keeps its answer index as well, and answers from it if it has the binary port; a worker
reads the index that another process keeps. A node that recurses answers from its cache instead, for that is what it is
asked for. Until there is an index, and whenever it is behind, every question takes the plain path through the store.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from idis.proto._speedups import AnswerIndex
from idis.proto.types.site import Site, encode_site
from idis.registry.answer_index import AnswerIndexKeeper
from idis.registry.answer_index_reader import AnswerIndexReader
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.accelerator import Accelerator, Answers
from idis.resolver.boot import boot_name
from idis.resolver.commits import Commits
from idis.resolver.config import NodeConfig
from idis.resolver.first_stage import remember
from idis.resolver.follower import Follower
from idis.resolver.guard.sources import Sources
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.recursion.ring import AnswerRing, make_ring
from idis.resolver.recursion.settings import RING_SHARE

ALONE_S = 0.05  # between two looks for changes of a process that answers itself; at a question it looks anyway
IDLE_S = 0.02  # of one that keeps the index for others
BUSY_S = 0.001  # and while changes come
BUSY_FOR_S = 1.0  # how long after the last one they are taken to come
LOOK_S = 1.0  # how often a worker looks for another generation, to have it warm, and a keeper that failed tries again
DAMAGED_MAX = 16  # failed checksums of a generation: each costs one look into the store, a new generation costs a walk of it

_MEMORY = Path("/dev/shm")


class HotPath:
    """Who answers in this process, and who keeps what it answers from.

    Args:
        config: the node, or this process's share of it.
        store: its open store.
        site: its own site record.
        sources, metrics: of this process.
        recursor: of a node that recurses; its `follower` goes with it.
        keeps: whether this process keeps the index.
        hot: whether it has the binary port.

    Attributes:
        accelerator: for the transports; None where they need none.
    """

    def __init__(
        self,
        config: NodeConfig,
        store: LmdbStore,
        site: Site,
        sources: Sources,
        metrics: Metrics,
        *,
        recursor: Recursor | None,
        follower: Follower | None,
        keeps: bool,
        hot: bool,
    ) -> None:
        self.accelerator: Accelerator | None = None
        self._answers: AnswerIndexKeeper | AnswerIndexReader | AnswerRing | None = None
        self._followers = store.writer.followers
        self._config = config
        self._store = store
        self._hot = hot
        self._due = False  # there is something to do for whoever keeps the index, of which no commit tells
        self._judged: AnswerIndex | None = None  # the generation since whose beginning damage is counted
        self._damaged_before = 0
        boot = boot_name()
        directory = config.data_dir
        if recursor is not None:
            if hot and follower is not None:
                folders = [_MEMORY, directory]
                ring_bytes = int(config.recursion.cache_bytes * RING_SHARE)
                self._answers = recursor.cache.mirror = make_ring(folders, ring_bytes, store, follower.look, secrets.token_bytes)
        elif keeps:
            self._answers = AnswerIndexKeeper(
                store,
                directory,
                identity=store.identity,
                boot=boot,
                site=encode_site(site),
                random_octets=secrets.token_bytes,
                bytes_max=config.node.index_bytes,
            )
        else:
            self._answers = AnswerIndexReader(store, directory, boot=boot)
        if hot and self._answers is not None:
            answers: Answers = self._answers
            told = None if recursor is None else recursor.count_hits
            self.accelerator = Accelerator(
                answers, config.guard, sources, config.node.site_serial, metrics, time, secrets.token_bytes, told
            )
            self._metrics = metrics
            metrics.gather.append(self._tell_path)

    @property
    def index_answers(self) -> Answers | None:
        """The answers of the store's index; None where there are only those of a cache."""
        return None if isinstance(self._answers, AnswerRing) else self._answers

    def look(self, commits: Commits, figures: Callable[[], Metrics]) -> None:
        """Where this process keeps the index, see that its file is there and whole; to be called every second.

        Args:
            commits: wakes whoever keeps it.
            figures: what all processes of the node have counted.
        """
        keeper = self._answers
        if not isinstance(keeper, AnswerIndexKeeper):
            return
        if keeper.look():
            self._wake(commits, "its file is gone from the data directory: it is made again")
        elif (index := keeper.index) is not None and index.enabled:
            damaged = figures().index["damaged"]
            if index is not self._judged:
                self._judged, self._damaged_before = index, damaged
            elif damaged - self._damaged_before > DAMAGED_MAX:
                keeper.make_anew()
                self._wake(commits, "its entries fail their checksums: it is made anew")

    async def run(self, commits: Commits) -> None:
        """Make, follow or look for the index, for ever; ends by cancellation."""
        match self._answers:
            case AnswerIndexKeeper() as keeper:
                await self._keep(keeper, commits)
            case AnswerIndexReader() as reader:
                await self._read(reader)
            case _:
                pass

    def close(self) -> None:
        """Let go of the index; its keeper leaves it for the next start."""
        self._followers.clear()
        if self._answers is not None:
            self._answers.close()

    def _wake(self, commits: Commits, failure: str) -> None:
        note(logging.WARNING, "answer index", failure=failure)
        self._due = True
        commits.wake()

    def _tell_path(self) -> None:
        answers = self._answers
        if isinstance(answers, AnswerRing):
            source = "cache"
        else:
            index = None if answers is None or not answers.fresh() else answers.index
            source = "index" if index is not None and index.enabled else "store"
        self._metrics.take_path("compiled", source)

    async def _read(self, reader: AnswerIndexReader) -> None:
        warmed = None
        while True:
            reader.look()
            if reader.index is not warmed and reader.index is not None:  # found just now, or by a question before
                warmed = reader.index
                with suppress(ValueError):  # another generation has taken its place already
                    await asyncio.to_thread(warmed.warm)
            await asyncio.sleep(LOOK_S)

    async def _keep(self, keeper: AnswerIndexKeeper, commits: Commits) -> None:
        await asyncio.to_thread(keeper.open)
        if not self._hot:
            # Others answer from the index. Until it has what was committed they ask the store, for five times the price.
            self._followers.append(keeper.fresh)
        failure, known, busy_until, remembered = "", keeper.index, 0.0, False
        while True:
            committed, self._due = self._store.last_transaction, False
            if keeper.wanted is not None:
                await asyncio.to_thread(keeper.create)
            more = keeper.step()
            if keeper.index is not known:
                known = keeper.index
                note(logging.DEBUG, "answer index", entries=0 if known is None else known.fill().entries)
            if known is not None and not remembered:
                remember(self._config, known.mark)
                remembered = True
            if keeper.failure != failure:
                failure = keeper.failure
                if failure:
                    note(logging.WARNING, "answer index", failure=failure)
            now = asyncio.get_running_loop().time()
            if more:
                busy_until = now + BUSY_FOR_S
            working, busy = more or keeper.wanted is not None, now < busy_until
            pause_s = ALONE_S if self._hot else BUSY_S if busy else IDLE_S
            await asyncio.sleep(0 if working else pause_s)
            if not (working or busy or self._due):
                await commits.beyond(committed, LOOK_S if failure else None)
