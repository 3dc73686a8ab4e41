"""The answer index of a store: made from its snapshots, kept by its journal, thrown away whenever in doubt.

    DIR/answer-index/index      what readers map; a newer generation takes its place by rename
    DIR/answer-index/index.new  a generation in the making

One process of a node keeps it (`AnswerIndexKeeper`), the others read it (`AnswerIndexReader`). Before each batch they
compare the last transaction of the store with the one up to which changes are in the index; where they differ, the store
is asked instead. So a change that was acknowledged is in the next answer, and an index that is missing, damaged, late or
in the making costs speed, never truth.

Work comes in pieces of less than a millisecond, each with a read transaction of its own, because the process that does it
answers meanwhile; what has just been committed may be taken in by the thread that committed it. Making a generation walks
all records; a change of a prefix walks its records when they are to be answered otherwise from now on; a load walks what
it wrote. Until such a walk has ended the position stays behind, so nobody is answered from what is half done. A generation
that fills up is copied into a larger one beside everything else.

The file's mark says of which store, up to which place in the journal and by which rules it was made. The next start goes
on from there, or makes it anew.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from threading import RLock

from idis.proto._speedups import AnswerIndex, Fill, IndexFull, IndexUnusable, take_records
from idis.proto.identifier import ancestors
from idis.registry.answer_entries import KEYS_PER_PREFIX, Home, Item, below_item, home_of, prefix_items, record_item
from idis.registry.answer_index_plan import Plan
from idis.registry.answer_index_reader import FOLDER, file_at
from idis.registry.authority import has_below
from idis.registry.journal import BEGINNING, Entry, EntryKind, Position, SnapshotNeeded
from idis.registry.store import codec, keys
from idis.registry.store.base import ReadTxn, Store, StoreError

RULES = 2  # of what stands in an index; raised when `answer_entries.py` decides otherwise for the same store

# Bounds of one piece of work.
RECORDS_PER_PIECE = 64
PREFIXES_PER_PIECE = 8
PREFIXES_PER_LOOK = 64  # when they are only counted
ENTRIES_PER_PIECE = 32
# 256 entries, two milliseconds at worst. Answering a batch of 64 questions from the store takes one, and leaves the index behind.
PIECES_PER_QUESTION = 8
SLOTS_PER_PIECE = 2_048

ITEM_BYTES = 1_024  # what stands for a prefix under one key beside its values, such as this node's own site
SECRET_BYTES = 16

_MARK = struct.Struct(">8s20s")  # origin, position
_UNKNOWN = object()
_UNANSWERED = frozenset((EntryKind.DOCUMENT, EntryKind.AUDIT, EntryKind.EVENT))  # no answer depends on any


class AnswerIndexKeeper:
    """Makes, follows, replaces; there is one for a store.

    Call `open` in a thread, then `step` for ever, and `create` in a thread whenever `wanted` is set.

    Args:
        store: whose records are answered.
        directory: the data directory; the index gets a folder in it.
        identity: what tells this store from any other.
        boot: names this boot of the machine; after another one no file is believed.
        site: this node's own site record.
        random_octets: `secrets.token_bytes`.
        bytes_max: a store whose index would be larger gets none.

    Attributes:
        index: the one to answer from; None while there is none.
        wanted: the size of a generation that is to be created.
        failure: why there is no index, or why it does not follow; empty otherwise.
    """

    def __init__(
        self,
        store: Store,
        directory: Path,
        *,
        identity: bytes,
        boot: bytes,
        site: bytes,
        random_octets: Callable[[int], bytes],
        bytes_max: int,
    ) -> None:
        self.index: AnswerIndex | None = None
        self.wanted: Plan | None = None
        self.failure = ""
        self._store = store
        self._path = directory / FOLDER / "index"
        self._aside = directory / FOLDER / "index.new"
        self._origin = blake2b(b"\x00".join((bytes((RULES,)), identity, site)), digest_size=8).digest()
        self._boot = boot
        self._site = site
        self._random_octets = random_octets
        self._bytes_max = bytes_max
        self._position = BEGINNING
        self._file: tuple[int, int] | None = None  # which one `index` is, whatever stands at the path
        self._homes: dict[str, Home | None] = {}
        self._walks: deque[Iterator[None]] = deque()  # to end before the journal is read on
        self._next: AnswerIndex | None = None  # a generation in the making
        self._filling: Iterator[None] | None = None  # what makes it
        self._refers = False  # what it will be able to tell below prefixes
        self._anew = False  # it is made from the store, not from the generation before it
        self._ended = False
        self._lock = RLock()  # steps and questions are the loop's, while the store's writer may ask whether it is fresh

    def open(self) -> None:
        """Take up the index of the last run, or want one made."""
        try:
            self._path.parent.mkdir(mode=0o750, exist_ok=True)
            index = AnswerIndex.open(self._path, writable=True, boot=self._boot)
        except (IndexUnusable, FileNotFoundError):
            self.make_anew()
        except OSError as error:
            self._give_up(f"{self._path} cannot be used: {error.strerror}")
        else:
            self._take_up(index)

    def create(self) -> None:
        """Create the file of the generation that is wanted: the one thing here that may take long."""
        plan = self.wanted
        if plan is None:
            return
        try:
            self._aside.parent.mkdir(mode=0o750, exist_ok=True)  # it may have been removed
            made = AnswerIndex.create(
                self._aside,
                plan.slots,
                plan.arena_bytes,
                self._random_octets(SECRET_BYTES),
                boot=self._boot,
            )
        except OSError as error:
            with self._lock:
                self._give_up(f"{self._aside} cannot be made: {error.strerror}")
            return
        with self._lock:
            if self.wanted is not plan:
                made.close()  # another one is wanted by now
                return
            self._next = made
            self._filling = self._load_all(made) if self._anew else self._copy(made)
            self.wanted = None

    def close(self) -> None:
        """Leave the file for the next start."""
        with self._lock:
            for index in (self.index, self._next):
                if index is not None:
                    index.close()
            self.index = self._next = self._filling = self.wanted = None

    def fresh(self) -> bool:
        """Whether the index holds every change committed until now; takes in what little may be missing. From any thread."""
        with self._lock:
            index = self.index
            if index is None or self._walks or self._anew:
                return False
            if index.position == self._store.last_transaction:
                return True
            with suppress(StoreError):
                for _ in range(PIECES_PER_QUESTION):
                    if not self._follow():
                        return self.index is index
                    if self._walks or self._anew:
                        break
            return False

    def look(self) -> bool:
        """Want a copy when the file is gone from its path, where those who begin to read look for it; whether that is so."""
        with self._lock:
            index = self.index
            if index is None or self._next is not None or self.wanted is not None or self._anew:
                return False
            found = file_at(self._path)
            if found is not None and found == self._file:
                return False
            fill = index.fill()
            self.wanted = Plan(fill.slots, fill.arena_bytes)
            return True

    def make_anew(self) -> None:
        """What there is cannot be trusted, or does not suffice: make one from the store."""
        with self._lock:
            if self.index is not None:
                self.index.enabled = False
            self._drop_next()
            self._walks.clear()
            self._homes.clear()
            self._anew = True
            self._filling = self._plan()

    def step(self) -> bool:
        """Do a piece of what there is to do; True when there is more."""
        with self._lock:
            try:
                if self._walks:
                    self._walk_on()
                    return True
                more = self.index is not None and not self._anew and self._follow()
                return self._fill_on() or more
            except IndexFull:
                self.make_anew()
                return not self._ended
            except StoreError as error:
                self.failure = str(error)
                return False

    # Following the journal.

    def _follow(self) -> bool:
        """Take in what is new, at most a piece of it; True when there is more."""
        index = self.index
        assert index is not None, "there is an index to follow with"
        with self._store.read() as txn:
            batch = txn.journal(self._position, ENTRIES_PER_PIECE)
            try:
                if isinstance(batch, SnapshotNeeded):
                    self.make_anew()
                else:
                    self._take_in(batch, txn)
            except IndexFull:
                self.make_anew()
            if self._walks or self._anew:
                return True
            more = self._position != txn.position
            transaction = txn.transaction
        if batch:
            index.mark = _MARK.pack(self._origin, self._position.encode())
        if not more:
            index.position = transaction
        self.failure = ""
        self._look_for_room(index.fill())
        return more

    def _take_in(self, batch: list[Entry], txn: ReadTxn) -> None:
        prefixes = at = 0
        while at < len(batch):
            entry = batch[at]
            taken = self._take_records(batch, at, txn) if entry.kind is EntryKind.PUT else at
            if taken == at:
                if entry.kind not in _UNANSWERED:
                    self._apply(entry, txn)
                taken = at + 1
            at = taken
            self._position = batch[at - 1].position
            prefixes += entry.kind is EntryKind.PREFIX
            if self._walks or self._anew or prefixes == PREFIXES_PER_PIECE:
                return

    def _take_records(self, batch: list[Entry], at: int, txn: ReadTxn) -> int:
        """Put the records of one prefix that follow each other from one on; where the first entry stands that is none of them."""
        prefix = keys.prefix_of(batch[at].key)
        if (home := self._home(prefix, txn)) is None:
            return at
        head = keys.prefix_bounds(prefix)[0]
        return take_records([index for index in (self.index, self._next) if index], batch, at, EntryKind.PUT, head, home.strict)

    def _apply(self, entry: Entry, txn: ReadTxn) -> None:
        match entry.kind:
            case EntryKind.PUT:
                home = self._home(keys.prefix_of(entry.key), txn)
                self._put(record_item(entry.key, codec.public_of(entry.key, entry.body), home))
            case EntryKind.DELETE:
                self._put(record_item(entry.key, None, None))
            case EntryKind.BULK:
                segment = codec.decode_segment(entry.body)
                self._walks.append(self._walk(segment.prefix, segment.first_key, segment.last_key))
            case EntryKind.PREFIX:
                self._change_prefix(entry.key.decode(), txn)
            case EntryKind.ROUTE:
                # What is registered plainly goes before ranges. But they may stand below any prefix, so nothing is told
                # below one until a generation is made without them.
                self._refers = False
                if self.index is not None:
                    self.index.refers = False
            case EntryKind.EPOCH:
                self.make_anew()

    def _change_prefix(self, prefix: str, txn: ReadTxn) -> None:
        for above in ancestors(prefix)[1:]:  # what they tell of names below them hangs on what is registered there
            self._put(below_item(above, txn.prefix(above), txn))
        if self._judge_prefix(prefix, txn):
            self._walk_later(self._walk(prefix, b"", None))
        # It may have been suspended or resumed, and what is registered below it stops and resumes with it.
        if has_below(txn, prefix):
            self._walk_later(self._walk_below(prefix))

    def _judge_prefix(self, prefix: str, txn: ReadTxn) -> bool:
        """Put what stands for a prefix; whether its records are to be walked, because they are answered otherwise now."""
        entry = txn.prefix(prefix)
        for item in prefix_items(prefix, entry, txn, self._site):
            self._put(item)
        before, after = self._homes.get(prefix, _UNKNOWN), home_of(entry, txn)
        self._homes[prefix] = after
        return before != after and bool(txn.public_records(prefix, b"", 1))

    def _walk_later(self, walk: Iterator[None]) -> None:
        if self.index is not None:
            self.index.enabled = False
        self._walks.append(walk)

    def _walk_below(self, prefix: str) -> Iterator[None]:
        """Judge every prefix below one anew, and walk the records of those that are answered otherwise."""
        head = after = f"{prefix}."
        while True:
            with self._store.read() as txn:
                page = txn.prefixes(after, PREFIXES_PER_PIECE)
                below = [entry.prefix for entry in page if entry.prefix.startswith(head)]
                changed = [name for name in below if self._judge_prefix(name, txn)]
            for name in changed:
                yield from self._walk(name, b"", None)
            if len(below) < PREFIXES_PER_PIECE:
                return
            after = below[-1]
            yield

    def _walk(self, prefix: str, start: bytes, last: bytes | None) -> Iterator[None]:
        """Put what stands for each record of a prefix from one key to another."""
        while True:
            with self._store.read() as txn:
                home = self._home(prefix, txn)
                page = txn.public_records(prefix, start, RECORDS_PER_PIECE)
            for key, public in page:
                if last is not None and key > last:
                    return
                self._put(record_item(key, public, home))
            if len(page) < RECORDS_PER_PIECE:
                return
            start = page[-1][0] + b"\x00"
            yield

    def _walk_on(self) -> None:
        try:
            next(self._walks[0])
        except StopIteration:
            self._walks.popleft()
            if not self._walks and self.index is not None and not self._anew:
                self.index.enabled = True

    def _put(self, item: Item | None) -> None:
        if item is None:
            return
        for index in (self.index, self._next):
            if index is None:
                continue
            if item.value is None:
                index.delete(item.key)
            else:
                index.put(item.key, item.value, item.code, 0, item.flags)

    def _home(self, prefix: str, txn: ReadTxn) -> Home | None:
        # As known when it was first met; a change comes by the journal.
        if prefix not in self._homes:
            self._homes[prefix] = home_of(txn.prefix(prefix), txn)
        return self._homes[prefix]

    # Generations.

    def _take_up(self, index: AnswerIndex) -> None:
        index.enabled = False
        mark = index.mark
        if len(mark) != _MARK.size or mark[:8] != self._origin:
            index.retire()
            index.close()
            self.make_anew()
            return
        self._position = Position.decode(mark, 8)
        self.index, self._file = index, file_at(self._path)
        index.enabled = True  # it answers when what happened since has been taken in

    def _give_up(self, reason: str) -> None:
        self.failure = f"no answer index: {reason}"
        if self.index is not None:
            self.index.retire()
        self.close()
        self._ended = True

    def _fill_on(self) -> bool:
        """Go on making the next generation; True when there is more to do."""
        filling = self._filling
        if filling is None:
            return False
        try:
            next(filling)
        except StopIteration:
            if self._filling is filling:
                self._filling = None
            if self._next is not None:
                self._take_over()
        return not self._ended

    def _take_over(self) -> None:
        """The next generation is whole: it takes the place of the present one."""
        made, before = self._next, self.index
        assert made is not None, "a generation was made"
        made.mark = _MARK.pack(self._origin, self._position.encode())
        if before is not None and not self._anew:
            made.position = before.position
            made.refers = before.refers
        else:
            made.refers = self._refers
        try:
            self._aside.rename(self._path)
        except FileNotFoundError:  # removed meanwhile
            self.make_anew()
            return
        made.enabled = True
        self.index, self._file, self._next, self._anew = made, file_at(self._path), None, False
        if before is not None:
            before.retire()
            before.close()

    def _drop_next(self) -> None:
        self.wanted = self._filling = None
        if self._next is not None:
            self._next.close()
            self._next = None
        with suppress(OSError):
            self._aside.unlink()

    def _plan(self) -> Iterator[None]:
        """See how large a generation the records need, with room for more, and from where on to follow."""
        with self._store.read() as txn:
            self._position = txn.position
            self._refers = not txn.routes(None, 1)
        entries = octets = 0
        after: str | None = None
        while True:
            with self._store.read() as txn:
                page = txn.prefixes(after, PREFIXES_PER_LOOK)
                # What the index adds to a record is less than what the store does, which is counted.
                for stat in (txn.stat(entry.prefix) for entry in page):
                    entries += stat.records
                    octets += stat.octets
            entries += len(page) * KEYS_PER_PREFIX
            octets += sum(len(entry.values) + ITEM_BYTES for entry in page) * KEYS_PER_PREFIX
            if len(page) < PREFIXES_PER_LOOK:
                break
            after = page[-1].prefix
            yield
        plan = Plan.of(entries, octets)
        if plan.file_bytes > self._bytes_max:
            self._give_up(f"it would take {plan.file_bytes} octets, {self._bytes_max} are allowed")
        else:
            self.wanted = plan

    def _load_all(self, made: AnswerIndex) -> Iterator[None]:
        """Fill a generation from the store. What changes meanwhile comes again by the journal."""
        after: str | None = None
        while True:
            with self._store.read() as txn:
                page = txn.prefixes(after, PREFIXES_PER_PIECE)
                for entry in page:
                    self._homes[entry.prefix] = home_of(entry, txn)
                    for item in prefix_items(entry.prefix, entry, txn, self._site):
                        if item.value is not None:
                            made.put(item.key, item.value, item.code, 0, item.flags)
            yield
            for entry in page:
                home = self._homes[entry.prefix]
                if home is not None:
                    yield from self._load_records(made, entry.prefix, home)
            if len(page) < PREFIXES_PER_PIECE:
                return
            after = page[-1].prefix

    def _load_records(self, made: AnswerIndex, prefix: str, home: Home) -> Iterator[None]:
        start = b""
        while True:
            with self._store.read() as txn:
                page = txn.public_records(prefix, start, RECORDS_PER_PIECE)
            items = (record_item(key, public, home) for key, public in page)
            made.load((item.key, item.value, item.flags) for item in items if item is not None and item.value is not None)
            if len(page) < RECORDS_PER_PIECE:
                return
            start = page[-1][0] + b"\x00"
            yield

    def _copy(self, made: AnswerIndex) -> Iterator[None]:
        """Fill a generation from the present one; every change since it was made has come by itself, and goes before."""
        at = 0
        while self.index is not None and at < self.index.fill().slots:
            at = self.index.copy_into(made, at, SLOTS_PER_PIECE, 0)
            yield

    def _look_for_room(self, fill: Fill) -> None:
        if self._next is not None or self.wanted is not None or self._anew:
            return
        plan = Plan.after(fill)
        if plan is not None and plan.file_bytes <= self._bytes_max:
            self.wanted = plan
