"""The first stage of a start: datagrams are answered from the last run's answer index while the node is being loaded.

Four fifths of a start are the imports of everything a node can do. The common question needs none of it: an index that a
thread answers from, which holds every commit of the store, is all. So this file imports next to nothing, and begins to
answer before the rest is read from disk. What it cannot answer waits for the node, in the sockets or in `leftovers`.

It answers only what the node itself would answer: the note beside the index says for which configuration, keys and store
file it was made, and before each batch the index must be at the store's last commit. Where anything differs there is no
first stage, and the start takes its usual way.
"""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from idis.registry.store import peek
from idis.registry.store.peek import Peek
from idis.resolver.boot import boot_name
from idis.resolver.config import NodeConfig
from idis.resolver.transports.sockets import ListenError, Sockets, bind

if TYPE_CHECKING:
    from idis.proto._speedups import AnswerIndex
    from idis.resolver.accelerator import Leftover

LEFTOVERS_MAX = 256  # datagrams for the node; with more of them the others wait in the sockets
NOTE = "answer-index/made-for"
_INDEX = "answer-index/index"
_CURRENT, _DATA_FILE = "CURRENT", "data.mdb"
_KEY_FILES = ("server_key.pem",)  # of the data directory, shown in this node's own site record
_NOTE_BYTES = 40
_REGISTRY = Path(peek.__file__).parent.parent
_RULES = ("answer_entries.py", "answer_index.py")  # what stands in an index; other files, by time or size, are other rules


class FirstStage:
    """Answers datagrams in a thread until it is ended; see `begin`.

    Attributes:
        sockets: of the node, all bound.
        counters: what was answered and dropped.
        leftovers: descriptor of a socket → datagrams received that only the node can answer; to be read when it has ended.
    """

    def __init__(self, config: NodeConfig, index: AnswerIndex, store: Peek, sockets: Sockets) -> None:
        from idis.proto._speedups import Counters, drain
        from idis.resolver.guard.gate import SECRET_BYTES, make_gate

        self.sockets = sockets
        self.counters = Counters()
        self._step = drain
        self.leftovers: dict[int, list[Leftover]] = {bound.fileno(): [] for bound in sockets.udp}
        self._index = index
        self._store = store
        self._gate = make_gate(config.guard, os.urandom(SECRET_BYTES))
        self._site_serial = config.node.site_serial
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="first stage", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Answer no more; the sockets stay. A second call does nothing."""
        if self._waker < 0:
            return
        os.close(self._waker)
        self._waker = -1
        self._thread.join()
        os.close(self._wake)
        self._store.close()
        self._index.close()

    def _run(self) -> None:
        poll = select.poll()
        for descriptor in (self._wake, *self.leftovers):
            poll.register(descriptor, select.POLLIN)
        while sum(map(len, self.leftovers.values())) < LEFTOVERS_MAX:
            for descriptor, _event in poll.poll():
                if descriptor == self._wake:
                    return
                self._drain(descriptor)

    def _drain(self, descriptor: int) -> None:
        _received, left = self._step(
            self._index, self._gate, descriptor, int(time.time()), time.monotonic(), self._site_serial, self.counters, self._fresh
        )
        self.leftovers[descriptor] += left

    def _fresh(self) -> bool:
        return self._index.position == self._store.last_transaction


def begin(config: NodeConfig) -> FirstStage | None:
    """Bind a node's sockets and answer what can be answered; None where the node has to do everything itself."""
    if config.node.has_keeper or config.recursion.enabled or not config.node.index_bytes or not config.listen.port:
        return None
    try:
        from idis.proto._speedups import AnswerIndex, IndexUnusable
    except ImportError:
        return None
    directory = config.data_dir
    try:
        note = (directory / NOTE).read_bytes()
        index = AnswerIndex.open(directory / _INDEX, boot=boot_name())
    except (OSError, IndexUnusable):
        return None
    store = None
    with suppress(OSError, ValueError, ListenError):
        if len(note) == _NOTE_BYTES and note == _made_for(config) + index.mark[:8]:
            store = Peek(_data_file(directory))
            if index.enabled and index.position == store.last_transaction:
                return FirstStage(config, index, store, bind(config.listen, config.tls, config.dns))
    if store is not None:
        store.close()
    index.close()
    return None


def remember(config: NodeConfig, mark: bytes) -> None:
    """Note beside the answer index for what it was made, so that the next start may believe it.

    Args:
        config: of the node that keeps it.
        mark: of the index.
    """
    with suppress(OSError):  # the next start is slower, no more
        note = _made_for(config) + mark[:8]
        path = config.data_dir / NOTE
        if not path.exists() or path.read_bytes() != note:
            aside = path.with_suffix(".new")
            aside.write_bytes(note)
            aside.replace(path)


def _made_for(config: NodeConfig) -> bytes:
    """What the answers of an index follow from beside the records: configuration, keys, the program's rules, the very store.

    Raises:
        OSError: one of them is not there.
    """
    directory = config.data_dir
    store = _data_file(directory).stat()
    said = [repr(config).encode(), f"{store.st_dev}/{store.st_ino}".encode()]
    for name in _RULES:
        rules = (_REGISTRY / name).stat()
        said.append(f"{rules.st_size}/{rules.st_mtime_ns}".encode())
    for name in _KEY_FILES:
        with suppress(FileNotFoundError):
            said.append((directory / name).read_bytes())
    return blake2b(b"".join(len(part).to_bytes(4) + part for part in said), digest_size=_NOTE_BYTES - 8).digest()


def _data_file(directory: Path) -> Path:
    return directory / (directory / _CURRENT).read_text("ascii").strip() / _DATA_FILE
