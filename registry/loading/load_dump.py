"""Loads a dump: everything is checked first, then its batches are appended as fast as the store takes them.

Its values keep their digests of the source until they are sealed for their new place (sealing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path

from idis.registry.journal import Position
from idis.registry.loading.dump import BLOCK_RECORDS, BlockFacts, BlockPlace, Header, check_sums, look_at, read_header, read_items
from idis.registry.loading.load import PROCESSES_MAX, refuse_beyond_quota
from idis.registry.loading.naming import Domain, Naming, all_prefixes, domains_of
from idis.registry.loading.rows import FileRefused
from idis.registry.loading.sealing import ACTOR, Report, SealedAhead, seal_ahead, store_in_order
from idis.registry.loading.workers import Workers
from idis.registry.registration import relisting
from idis.registry.registration.relisting import relist, relist_changed
from idis.registry.store.base import Store, WriteTxn
from idis.registry.store.bulk import COMMIT_BYTES_MAX, RECORDS_PER_COMMIT, Item, Loaded, compare_batch
from idis.registry.store.codec import DIGEST_BYTES
from idis.registry.template_elsewhere import name_elsewhere, want_template

PARALLEL_BYTES_MIN = 32 * 2**20  # below it the workers would not have started before the work is done
READ_KEYS = 256  # looked up in one read transaction
BLOCKS_PER_BATCH = RECORDS_PER_COMMIT // BLOCK_RECORDS


@dataclass(frozen=True, slots=True)
class DumpSummary:
    """What became of a dump. `left_out` names records whose restricted values are stored here and missing there."""

    header: Header
    loaded: Loaded
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    path: Path
    places: tuple[BlockPlace, ...]


@dataclass(frozen=True, slots=True)
class _Seal:
    number: int
    path: Path
    places: tuple[BlockPlace, ...]
    leave_out: frozenset[bytes]
    position: Position


_Task = _Look | _Seal
_Result = list[BlockFacts] | SealedAhead
_Runner = Callable[[Iterable[_Task]], Iterator[_Result]]


def load_dump(path: Path, store: Store, *, dry_run: bool, processes: int, report: Report) -> DumpSummary:
    """Load a dump.

    Args:
        path: the dump.
        store: the open store; other processes may use it at the same time.
        dry_run: check and compare, store nothing.
        processes: workers for a large dump.
        report: called with progress.

    Raises:
        FileRefused: it is damaged, or of prefixes this node does not answer for; nothing was loaded.
        StoreError: the store cannot be used or is full; what was loaded is whole, and the same load finishes it.
    """
    report("checking", 0, None)
    with ExitStack() as stack:
        run: _Runner = partial(map, _run)
        if processes > 1 and path.stat().st_size >= PARALLEL_BYTES_MIN:
            setups = [_worker] * min(processes, PROCESSES_MAX)
            run = stack.enter_context(Workers[_Task, _Result](setups)).map  # they start while the file is read
        header, places = read_header(path)
        _check_prefixes(header, domains_of(all_prefixes(store)), path)
        facts = _look_at_all(run, path, places)
        left_out = _left_out(store, check_sums(path, header, facts))
        _refuse_beyond_quota(store, header, path, places)
        work = _DumpLoad(path, _batches(places, facts), frozenset(left_out), store, report, header.records)
        loaded = work.count() if dry_run else work.store_all(run)
        if not dry_run:
            # The source's lists are in its records, this node's are not.
            store.write(partial(relist_changed, {}), actor=ACTOR).result()
            named = frozenset[str]().union(*(block.templates for block in facts))
            store.write(partial(_follow_elsewhere, named), actor=ACTOR).result()
            relisting.finish(store)
    return DumpSummary(header, loaded, tuple(left_out.values()))


def _follow_elsewhere(named: Iterable[str], txn: WriteTxn) -> None:
    """Let the records follow what is known here of templates of other nodes, and have what is not known fetched."""
    for text in named:
        if (name := name_elsewhere(txn, text)) is not None:
            want_template(txn, name)
            relist(txn, name)


class _DumpLoad:
    """A checked dump on its way into the store."""

    def __init__(
        self,
        path: Path,
        batches: list[tuple[BlockPlace, ...]],
        leave_out: frozenset[bytes],
        store: Store,
        report: Report,
        records: int,
    ) -> None:
        self._path = path
        self._batches = batches
        self._leave_out = leave_out
        self._store = store
        self._report = report
        self._records = records

    def count(self) -> Loaded:
        """What storing would come to."""
        loaded = Loaded()
        for places in self._batches:
            if items := _items(self._path, places, self._leave_out):
                loaded += compare_batch(self._store, items)
            self._report("comparing with the store", loaded.total, loaded.total / self._records)
        return loaded

    def store_all(self, run: _Runner) -> Loaded:
        """Store the batches."""

        def sealed(tasks: Iterable[_Task]) -> Iterator[SealedAhead]:
            return (result for result in run(tasks) if isinstance(result, SealedAhead))

        count, records = len(self._batches), self._records
        return store_in_order(self._store, count, self._task, sealed, records=records, report=self._report)

    def _task(self, number: int, position: Position) -> _Task:
        return _Seal(number, self._path, self._batches[number], self._leave_out, position)


def _worker() -> Callable[[_Task], _Result]:
    return _run


def _run(task: _Task) -> _Result:
    if isinstance(task, _Look):
        return [look_at(task.path, place) for place in task.places]
    return seal_ahead(task.number, _items(task.path, task.places, task.leave_out), task.position)


def _items(path: Path, places: Iterable[BlockPlace], leave_out: frozenset[bytes]) -> list[Item]:
    """The records of some blocks, without their digests."""
    return [(key, value[DIGEST_BYTES:]) for key, value, *_ in read_items(path, places) if key not in leave_out]


def _look_at_all(run: _Runner, path: Path, places: list[BlockPlace]) -> list[BlockFacts]:
    tasks = (_Look(path, tuple(places[at : at + BLOCKS_PER_BATCH])) for at in range(0, len(places), BLOCKS_PER_BATCH))
    facts = chain.from_iterable(result for result in run(tasks) if isinstance(result, list))
    return sorted(facts, key=lambda block: block.first_key)


def _batches(places: list[BlockPlace], facts: list[BlockFacts]) -> list[tuple[BlockPlace, ...]]:
    """Neighbouring blocks of one prefix, as many as a commit takes."""
    batches: list[tuple[BlockPlace, ...]] = []
    for _, group in groupby(zip(places, facts, strict=True), key=lambda pair: pair[1].prefix):
        batch: list[BlockPlace] = []
        records = octets = 0
        for place, block in group:
            if batch and (records + block.records > RECORDS_PER_COMMIT or octets + place.length > COMMIT_BYTES_MAX):
                batches.append(tuple(batch))
                batch, records, octets = [], 0, 0
            batch.append(place)
            records += block.records
            octets += place.length
        batches.append(tuple(batch))
    return batches


def _check_prefixes(header: Header, domains: Mapping[str, Domain], path: Path) -> None:
    naming = Naming(domains, "")
    for prefix, count in header.prefixes.items():
        if reason := naming.reason_against(prefix):
            raise FileRefused(f"{path.name} cannot be loaded: {reason} (see 'idis prefix list')")
        if domains[prefix].fold_suffix != count.fold_suffix:
            how = "with" if count.fold_suffix else "without"
            raise FileRefused(f"{path.name} cannot be loaded: its source compares suffixes of {prefix} {how} case folding")


def _left_out(store: Store, partial_keys: tuple[bytes, ...]) -> dict[bytes, str]:
    """Partial records that would overwrite restricted values; their identifiers by key."""
    left_out: dict[bytes, str] = {}
    for at in range(0, len(partial_keys), READ_KEYS):
        with store.read() as txn:
            for key in partial_keys[at : at + READ_KEYS]:
                record = txn.record(key)
                if record is not None and record.withholds:
                    left_out[key] = record.identifier
    return left_out


def _refuse_beyond_quota(store: Store, header: Header, path: Path, places: list[BlockPlace]) -> None:
    for prefix, count in header.prefixes.items():
        with store.read() as txn:
            entry = txn.prefix(prefix)
            present = txn.stat(prefix).records
        if entry is None or not entry.quota or present + count.records <= entry.quota:
            continue
        head = prefix.encode() + b"\x00"
        items = ((key, value[DIGEST_BYTES:]) for key, value, *_ in read_items(path, places) if key.startswith(head))
        refuse_beyond_quota(store, entry, present, items)
