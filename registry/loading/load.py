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
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from idis.proto.identifier import fold
from idis.registry.loading.checked import Checked, row_finding, sheet_and_line
from idis.registry.loading.checker import Plan
from idis.registry.loading.columns import object_of
from idis.registry.loading.cross_check import CrossCheck, cross_check, first_of_each_key
from idis.registry.loading.csv_rows import CsvSource
from idis.registry.loading.error_sheet import RowFinding, drop_error_sheet, sheet_path, write_error_sheet
from idis.registry.loading.jsonl_rows import JsonSource
from idis.registry.loading.naming import Naming, all_prefixes, domains_of
from idis.registry.loading.rows import Block, FileRefused, RowSource, form_of
from idis.registry.loading.spill import Spill, Stream
from idis.registry.loading.workers import Workers
from idis.registry.loading.xlsx_rows import XlsxSource
from idis.registry.pilots.finding import Severity
from idis.registry.pilots.table import PILOTS
from idis.registry.prefix import PrefixEntry
from idis.registry.store.base import Store
from idis.registry.store.bulk import Item as BulkItem
from idis.registry.store.bulk import Loaded, batches, compare_batch, load_batch, put_all

ATOMIC_ROWS_MAX = 10_000  # up to here a file is one transaction, checked in this process: no worker has to start first
ERRORS_SHOWN = 20  # told at once; the error sheet has them all
WARNINGS_SHOWN = 3  # their rows are stored: an example is enough
ACTOR = "import"

Report = Callable[[str, int, float | None], None]  # phase, how many, part done (None: unknown)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for.

    Attributes:
        pilot: the schema's name; empty for JSON lines in the REST form.
        object_code: the object all rows describe; empty when rows or sheets say it.
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
    source = open_source(path, form, options)
    plan = Plan(options.pilot, options.object_code, options.prefix, domains_of(all_prefixes(store)), today, now)
    if options.prefix and (reason := Naming(plan.domains, "").reason_against(fold(options.prefix))):
        raise FileRefused(f"nothing can be loaded below {options.prefix}: {reason} (see 'idis prefix list')")
    small = source.rows_about <= ATOMIC_ROWS_MAX
    with ExitStack() as stack:
        try:
            spill = Spill(None if small or folder is None else folder)
            stack.callback(spill.close)
            work = _Load(source, plan, store, spill, report)
            work.check(1 if small else options.processes)
            work.compare()
            sheet = work.write_sheet(options.errors or sheet_path(path, form))
        except OSError as error:
            raise _no_room(error, folder) from error
        loaded = work.count() if options.dry_run else work.store_all()
    return Summary(
        source.form,
        work.rows,
        loaded,
        work.refused,
        work.warnings,
        sheet,
        work.errors + work.warnings,
        tuple(work.first_findings),
    )


def open_source(path: Path, form: str, options: Options) -> RowSource:
    """Survey a file.

    Raises:
        FileRefused: see the sources; or the options do not fit the file.
    """
    if options.pilot:
        pilot = PILOTS.get(options.pilot)
        if pilot is None:
            raise FileRefused(f'there is no pilot "{options.pilot}": choose one of {", ".join(PILOTS)}')
        if options.object_code:
            object_of(pilot, options.object_code)
    elif form != "jsonl":
        raise FileRefused(f"{path.name} is {form.upper()}: say what its rows are with --pilot, one of {', '.join(PILOTS)}")
    match form:
        case "xlsx":
            return XlsxSource(path)
        case "jsonl":
            return JsonSource(path)
        case _:
            return CsvSource(path)


class _Load:
    """One file on its way."""

    def __init__(self, source: RowSource, plan: Plan, store: Store, spill: Spill, report: Report) -> None:
        self._source = source
        self._plan = plan
        self._store = store
        self._report = report
        self._names = Stream(spill)
        self._records = Stream(spill)
        self._aliases = Stream(spill)
        self._references = Stream(spill)
        self._partials = Stream(spill)
        self._findings = Stream(spill)
        self._cross = CrossCheck()
        self._sheets: dict[int, str] = {}
        self.rows = 0
        self.refused = 0
        self.errors = 0
        self.warnings = 0
        self.first_findings: list[RowFinding] = []

    def check(self, processes: int) -> None:
        """Check every block, in this process or in workers."""
        weight = 0
        for checked in self._checked_blocks(processes):
            self.rows += checked.rows
            self.refused += checked.refused
            self._names.add(checked.names)
            self._records.add(checked.records)
            self._aliases.add(checked.aliases)
            self._references.add(checked.references)
            self._partials.add(checked.partials)
            self._findings.add(checked.findings)
            weight += checked.weight
            self._report("checking", self.rows, weight / self._source.weight if self._source.weight else None)
        if not self.rows:
            raise FileRefused("the file has a header and no rows")

    def compare(self) -> None:
        """Compare the rows with each other and with the store."""
        self._report("comparing", self.rows, None)
        self._cross = cross_check(self._names, self._aliases, self._references, self._partials, self._store, self._sheet)
        self._findings.extend(self._cross.findings)
        self.refused += self._cross.twice + len(self._cross.refused)
        self._check_quotas()

    def write_sheet(self, path: Path) -> Path | None:
        """Write the findings, counting warnings; the sheet's place, None when there is nothing to tell."""
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
            self._report("comparing with the store", loaded.total, loaded.total / self.rows)
        return loaded

    def store_all(self) -> Loaded:
        """Store the good rows: those of a small file in one transaction, others batch by batch."""
        if self.rows <= ATOMIC_ROWS_MAX:
            return self._store.write(lambda txn: put_all(txn, self._good_rows()), actor=ACTOR).result().result
        loaded = Loaded()
        for batch in batches(self._good_rows()):
            loaded += load_batch(self._store, batch, actor=ACTOR)
            self._report("loading", loaded.total, loaded.total / self.rows)
        return loaded

    def summary(self, form: str, loaded: Loaded, sheet: Path | None) -> Summary:
        """What became of the file."""
        findings = tuple(self.first_findings)
        return Summary(form, self.rows, loaded, self.refused, self.warnings, sheet, self.errors + self.warnings, findings)

    def _checked_blocks(self, processes: int) -> Iterator[Checked]:
        blocks = self._noted(self._source.blocks())
        checker = self._plan.checker()
        if processes > 1:
            with Workers[Block, Checked](processes, self._plan.checker) as workers:
                # The first block is checked here: what is wrong with the header is known before any worker has started.
                yield from map(checker, itertools.islice(blocks, 1))
                yield from workers.map(blocks)
        else:
            yield from map(checker, blocks)

    def _noted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        for block in blocks:
            self._sheets[block.sheet_number] = block.sheet
            yield block

    def _sheet(self, number: int) -> str:
        return self._sheets.get(number, "")

    def _good_rows(self) -> Iterator[BulkItem]:
        rows = first_of_each_key(self._records, self._cross.refused)
        return ((key, rest, names) for key, _place, rest, names in rows)

    def _all_findings(self) -> Iterator[RowFinding]:
        for item in self._findings:
            finding = row_finding(item, self._sheet(sheet_and_line(item[0])[0]))
            if finding.severity == Severity.WARNING:
                self.warnings += 1
                shown = self.warnings <= WARNINGS_SHOWN
            else:
                self.errors += 1
                shown = self.errors <= ERRORS_SHOWN
            if shown:
                self.first_findings.append(finding)
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


def _no_room(error: OSError, folder: Path | None) -> Exception:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    where = folder or Path(os.curdir)
    return FileRefused(f"the disk under {where} is full: checking needs room for a copy of the rows there; nothing was loaded")
