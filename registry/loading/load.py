"""Loads a file of records: everything is checked first, then the good rows are stored, in key order.

    read      the file is cut into blocks (rows.py, csv_rows.py, xlsx_rows.py, jsonl_rows.py)
    check     each block's rows are named, validated, encoded and sorted, in worker processes (checker.py)
    compare   the whole file with itself and with the store (cross_check.py)
    report    every finding goes to the error sheet (error_sheet.py)
    store     the merged rows, batch by batch, each durable when the next begins (registry/store/bulk.py)

A file that is wrong as a whole stops before the last step. What is interrupted during it leaves whole records, and the
same command finishes the work: rows that are stored already are recognised by content.
"""

from __future__ import annotations

import errno
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

from idis.proto.identifier import fold
from idis.registry.journal import Position
from idis.registry.loading.checked import Checked, row_finding, sheet_and_line
from idis.registry.loading.checker import Plan
from idis.registry.loading.columns import object_of
from idis.registry.loading.cross_check import CrossCheck, cross_check
from idis.registry.loading.csv_rows import CsvSource
from idis.registry.loading.derivations import derivations_for
from idis.registry.loading.error_sheet import RowFinding, drop_error_sheet, sheet_path, write_error_sheet
from idis.registry.loading.jsonl_rows import JsonSource
from idis.registry.loading.naming import Naming, all_prefixes, domains_of
from idis.registry.loading.rows import Block, FileRefused, RowSource, form_of
from idis.registry.loading.sealing import ACTOR, Report, SealedAhead, seal_ahead, store_in_order
from idis.registry.loading.spill import PackedStream, Piece, RunWriter, Spill, Stream
from idis.registry.loading.template_lists import TemplateLists, known_elsewhere
from idis.registry.loading.workers import Workers
from idis.registry.loading.xlsx_rows import XlsxSource
from idis.registry.pilots.finding import Severity
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template_name import DERIVED_MARK
from idis.registry.prefix import PrefixEntry
from idis.registry.registration import relisting
from idis.registry.registration.relisting import follow_elsewhere, listed_templates, relist_changed
from idis.registry.store.base import Store
from idis.registry.store.bulk import (
    COMMIT_BYTES_MAX,
    RECORDS_PER_COMMIT,
    Loaded,
    batches,
    compare_batch,
    load_batch,
    put_all,
)
from idis.registry.store.bulk import Item as BulkItem
from idis.registry.template_elsewhere import TEMPLATES_MAX

ATOMIC_ROWS_MAX = 10_000  # up to here a file is one transaction, checked in this process: no worker has to start first
ERRORS_SHOWN = 20  # told at once; the error sheet has them all
WARNINGS_SHOWN = 3  # their rows are stored: an example is enough
PROCESSES_MAX = 64  # more than any machine this has met needs to keep one disk busy
REFUSED_SENT_MAX = 1_000  # places of refused rows that are sent along with every batch; with more, nothing is sealed ahead


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for.

    Attributes:
        pilot: the schema's name; empty for JSON lines in the REST form.
        object_code: the object all rows describe; empty when rows or sheets say it. A derived template is named by its handle,
            or as `plate-offshore` where `prefix` holds it.
        prefix: completes identifiers given by their suffix.
        errors: where the error sheet goes; beside the file when None.
        dry_run: check and compare, store nothing.
        processes: workers for a large file.
    """

    pilot: str = ""
    object_code: str = ""
    prefix: str = ""
    errors: Path | None = None
    dry_run: bool = False
    processes: int = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a file. `refused` rows were kept out; `findings` are the first of `findings_total`."""

    form: str
    rows: int
    loaded: Loaded
    refused: int
    warnings: int
    error_sheet: Path | None
    findings_total: int
    findings: tuple[RowFinding, ...]


def load(path: Path, store: Store, options: Options, *, folder: Path | None, today: date, now: int, report: Report) -> Summary:
    """Load a file of rows.

    Args:
        path: CSV, XLSX or JSON lines.
        store: the open store; other processes may use it at the same time.
        options: what is wanted.
        folder: where temporary files of a large load go; needs room for the encoded rows.
        today: what dates are judged by.
        now: unix time in seconds, the timestamp of new values.
        report: called with progress.

    Raises:
        FileRefused: the file is wrong as a whole; nothing was loaded.
        StoreError: the store cannot be used or is full; what was loaded is whole, and the same load finishes it.
        WorkerLost: a worker process died while checking; nothing was loaded.
    """
    form = form_of(path)
    with store.read() as txn:
        listed, elsewhere = listed_templates(txn), known_elsewhere(txn)
        code, derivations = derivations_for(txn, options.pilot, options.object_code, options.prefix)
    options = replace(options, object_code=code)
    source = open_source(path, form, options)
    domains = domains_of(all_prefixes(store))
    lists = TemplateLists(listed, elsewhere, frozenset(prefix for prefix, domain in domains.items() if domain.answers_here))
    plan = Plan(options.pilot, code, options.prefix, domains, today, now, lists, derivations)
    if options.prefix and (reason := Naming(plan.domains, "").reason_against(fold(options.prefix))):
        raise FileRefused(f"nothing can be loaded below {options.prefix}: {reason} (see 'idis prefix list')")
    workers = 0 if source.rows_about <= ATOMIC_ROWS_MAX or options.processes < 2 else min(options.processes, PROCESSES_MAX)
    in_memory = source.rows_about <= ATOMIC_ROWS_MAX or folder is None
    with ExitStack() as stack:
        try:
            spill = Spill.make(None if in_memory else folder, workers)
            stack.callback(spill.close)
            run = _runner(stack, plan, spill, workers)
            work = _Load(source, store, spill, run, report)
            work.check()
            work.compare()
            sheet = work.write_sheet(options.errors or sheet_path(path, form))
        except OSError as error:
            raise _no_room(error, folder) from error
        loaded = work.count() if options.dry_run else work.store_all()
        if not options.dry_run:
            store.write(partial(relist_changed, listed), actor=ACTOR).result()
            store.write(partial(follow_elsewhere, work.elsewhere, elsewhere), actor=ACTOR).result()
            relisting.finish(store)
    return work.summary(loaded, sheet)


def open_source(path: Path, form: str, options: Options) -> RowSource:
    """Survey a file.

    Raises:
        FileRefused: see the sources; or the options do not fit the file.
    """
    if options.pilot:
        pilot = PILOTS.get(options.pilot)
        if pilot is None:
            raise FileRefused(f'there is no pilot "{options.pilot}": choose one of {", ".join(PILOTS)}')
        if options.object_code and DERIVED_MARK not in options.object_code:  # one derived was found before
            object_of(pilot, options.object_code)
    elif form != "jsonl":
        raise FileRefused(f"{path.name} is {form.upper()}: say what its rows are with --pilot, one of {', '.join(PILOTS)}")
    match form:
        case "xlsx":
            return XlsxSource(path)
        case "jsonl":
            return _json_source(path, options)
        case _:
            return CsvSource(path)


def _json_source(path: Path, options: Options) -> JsonSource:
    source = JsonSource(path)
    first = source.first()
    exported = "values" in first and "handle" in first
    if exported and options.pilot:
        raise FileRefused(f"{path.name} holds whole records, as 'idis export' writes them: import it without --pilot")
    if first and not exported and not options.pilot:
        raise FileRefused(f"{path.name} names fields of a pilot: say which with --pilot, one of {', '.join(PILOTS)}")
    return source


@dataclass(frozen=True, slots=True)
class _Seal:
    """A task: seal these records for a place, those of `refused` rows excepted."""

    number: int
    pieces: tuple[Piece, ...]
    refused: frozenset[int]
    position: Position


_Task = Block | _Seal
_Runner = Callable[[Iterable[_Task]], Iterator[Checked | SealedAhead]]


def _runner(stack: ExitStack, plan: Plan, spill: Spill, workers: int) -> _Runner:
    """Applies `_work` to tasks, here or in workers."""
    here = partial(map, _work(plan, spill, 0))
    if not workers:
        return here
    setups = [partial(_work, plan, spill, number) for number in range(1, workers + 1)]
    elsewhere = stack.enter_context(Workers[_Task, Checked | SealedAhead](setups)).map

    def run(tasks: Iterable[_Task]) -> Iterator[Checked | SealedAhead]:
        # The first task is done here while the workers start: what is wrong with the header is told at once.
        tasks = iter(tasks)
        yield from here(islice(tasks, 1))
        yield from elsewhere(tasks)

    return run


def _work(plan: Plan, spill: Spill, file: int) -> Callable[[_Task], Checked | SealedAhead]:
    checker = plan.checker(RunWriter(spill, file))

    def work(task: _Task) -> Checked | SealedAhead:
        if not isinstance(task, _Seal):
            return checker(task)
        rows = spill.items(task.pieces)
        good = ((key, rest) for key, place, rest in rows if place not in task.refused)
        return seal_ahead(task.number, good, task.position)

    return work


class _Load:
    """One file on its way."""

    def __init__(self, source: RowSource, store: Store, spill: Spill, run: _Runner, report: Report) -> None:
        self._source = source
        self._store = store
        self._run = run
        self._report = report
        self._names = PackedStream(spill)
        self._records = PackedStream(spill)
        self._aliases = PackedStream(spill)
        self._references = Stream(spill)
        self._partials = Stream(spill)
        self._findings = Stream(spill)
        self._cross = CrossCheck(self._findings)
        self._sheets: dict[int, str] = {}
        self._rows = 0
        self._refused = 0
        self._told = Counter[str]()
        self.elsewhere: set[str] = set()  # templates of other nodes that records name
        self._first_findings: list[RowFinding] = []

    def check(self) -> None:
        """Check every block."""
        weight = 0
        for checked in self._run(self._noted(self._source.blocks())):
            assert isinstance(checked, Checked)
            self._rows += checked.rows
            self._refused += checked.refused
            self._names.add(checked.names)
            self._records.add(checked.records)
            self._aliases.add(checked.aliases)
            self._references.add(checked.references)
            self._partials.add(checked.partials)
            self._findings.add(checked.findings)
            if len(self.elsewhere) < TEMPLATES_MAX:
                self.elsewhere |= checked.elsewhere
            weight += checked.weight
            self._report("checking", self._rows, weight / self._source.weight if self._source.weight else None)
        if not self._rows:
            raise FileRefused("the file has a header and no rows")

    def compare(self) -> None:
        """Compare the rows with each other and with the store."""
        self._report("comparing", self._rows, None)
        self._cross = cross_check(
            names=self._names,
            aliases=self._aliases,
            references=self._references,
            partials=self._partials,
            findings=self._findings,
            store=self._store,
            sheet=self._sheet,
        )
        self._refused += len(self._cross.refused)
        self._check_quotas()

    def write_sheet(self, path: Path) -> Path | None:
        """Write the findings, and count them; the sheet's place, None when there is nothing to tell."""
        if not self._findings:
            drop_error_sheet(path)
            return None
        write_error_sheet(path, self._all_findings())
        return path

    def count(self) -> Loaded:
        """What storing would come to."""
        loaded = Loaded()
        for batch in batches(self._good_rows()):
            loaded += compare_batch(self._store, batch)
            self._report("comparing with the store", loaded.total, loaded.total / self._rows)
        return loaded

    def store_all(self) -> Loaded:
        """Store the good rows: those of a small file in one transaction, others batch by batch."""
        if self._rows <= ATOMIC_ROWS_MAX:
            return self._store.write(lambda txn: put_all(txn, self._good_rows()), actor=ACTOR).result().result
        pieces = self._records.ordered_pieces()
        if pieces is not None and len(self._cross.refused) <= REFUSED_SENT_MAX:
            return self._store_in_order(pieces)
        loaded = Loaded()
        for batch in batches(self._good_rows()):
            loaded += load_batch(self._store, batch, actor=ACTOR)
            self._report("loading", loaded.total, loaded.total / self._rows)
        return loaded

    def summary(self, loaded: Loaded, sheet: Path | None) -> Summary:
        """What became of the file."""
        warnings, findings = self._told[Severity.WARNING], self._told.total()
        return Summary(
            self._source.form, self._rows, loaded, self._refused, warnings, sheet, findings, tuple(self._first_findings)
        )

    def _store_in_order(self, pieces: list[Piece]) -> Loaded:
        groups = list(_commits(pieces))
        refused = frozenset(self._cross.refused)

        def task(number: int, position: Position) -> _Task:
            return _Seal(number, groups[number], refused, position)

        def run(tasks: Iterable[_Task]) -> Iterator[SealedAhead]:
            return (result for result in self._run(tasks) if isinstance(result, SealedAhead))

        return store_in_order(self._store, len(groups), task, run, records=self._rows, report=self._report)

    def _noted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        for block in blocks:
            self._sheets[block.sheet_number] = block.sheet
            yield block

    def _sheet(self, number: int) -> str:
        return self._sheets.get(number, "")

    def _good_rows(self) -> Iterator[BulkItem]:
        refused = self._cross.refused
        return ((key, rest) for key, place, rest in self._records if place not in refused)

    def _all_findings(self) -> Iterator[RowFinding]:
        for item in self._findings:
            finding = row_finding(item, self._sheet(sheet_and_line(item[0])[0]))
            self._told[finding.severity] += 1
            if self._told[finding.severity] <= (WARNINGS_SHOWN if finding.severity == Severity.WARNING else ERRORS_SHOWN):
                self._first_findings.append(finding)
            yield finding

    def _check_quotas(self) -> None:
        for prefix, incoming in self._cross.incoming.items():
            with self._store.read() as txn:
                entry = txn.prefix(prefix)
                present = txn.stat(prefix).records
            if entry is not None and entry.quota and present + incoming > entry.quota:
                head = prefix.encode() + b"\x00"
                refuse_beyond_quota(self._store, entry, present, (item for item in self._good_rows() if item[0].startswith(head)))


def refuse_beyond_quota(store: Store, entry: PrefixEntry, present: int, items: Iterable[BulkItem]) -> None:
    """Raise FileRefused when sorted items of one prefix bring more new records than its quota allows."""
    new = sum(compare_batch(store, batch).new for batch in batches(items))
    if present + new > entry.quota:
        raise FileRefused(
            f"prefix {entry.prefix} may hold {entry.quota:,} records (its quota), holds {present:,} and would get {new:,} more:"
            " ask the parent node for a larger quota, or load fewer"
        )


def _commits(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, ...]]:
    """Neighbouring pieces, as many as a commit takes."""
    group: list[Piece] = []
    records = octets = 0
    for piece in pieces:
        if group and (records + piece.count > RECORDS_PER_COMMIT or octets + piece.length > COMMIT_BYTES_MAX):
            yield tuple(group)
            group, records, octets = [], 0, 0
        group.append(piece)
        records += piece.count
        octets += piece.length
    if group:
        yield tuple(group)


def _no_room(error: OSError, folder: Path | None) -> FileRefused:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = folder or Path(tempfile.gettempdir())
        return FileRefused(f"the disk under {where} is full: checking needs room for a copy of the rows; nothing was loaded")
    return FileRefused(f"{error.filename or folder}: {(error.strerror or str(error)).lower()}; nothing was loaded")
