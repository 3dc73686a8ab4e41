"""Loads a file of delivery notes: every row is checked, each accepted one becomes events, the others go to the error sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from idis.registry.caller import Caller
from idis.registry.docking.delivery_note import COLUMNS, Line, events_of, read_line
from idis.registry.loading.csv_rows import CsvSource
from idis.registry.loading.error_sheet import RowFinding, drop_error_sheet, sheet_path, write_error_sheet
from idis.registry.loading.rows import Block, Damaged, FileRefused, form_of
from idis.registry.loading.xlsx_rows import XlsxSource
from idis.registry.pilots.finding import Finding, Severity
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, Store
from idis.registry.trace.capture import Fate, Ready, keep_group, ready
from idis.registry.trace.held import answers_for, record_of
from idis.registry.trace.records import spelling_at
from idis.registry.trace.teller import teller_of
from idis.registry.trace.things import Spelling

ROWS_MAX = 100_000  # of one file: the names of all rows are held to find those that are there twice
ROWS_AT_ONCE = 250  # of one transaction: at most four events each
_HEADINGS = {name.lower(): english for english, (chinese, _) in COLUMNS.items() for name in (english, chinese)}


@dataclass(slots=True)
class Noted:
    """What became of a file.

    Attributes:
        form: what it is, for a person.
        rows, refused: how many it had, and how many were kept out.
        new, known: events that were recorded, and that had been before.
        findings: what was wrong with rows, warnings too.
        sheet: the error sheet, None without findings.
    """

    form: str = ""
    rows: int = 0
    refused: int = 0
    new: int = 0
    known: int = 0
    findings: list[RowFinding] = field(default_factory=list)
    sheet: Path | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    sheet: str
    number: int
    cells: Mapping[str, str]
    damage: Damaged | None = None


def load_notes(
    path: Path, store: Store, caller: Caller, now_ms: int, *, errors: Path | None = None, dry_run: bool = False
) -> Noted:
    """Load a file, a group of rows at a time, each durable before the next.

    Args:
        path: CSV or XLSX with the headings of `COLUMNS`, in either language.
        store: where.
        caller: in whose name events are told.
        now_ms: unix time in milliseconds.
        errors: where the error sheet goes; beside the file when None.
        dry_run: check, keep nothing.

    Raises:
        FileRefused: no such file, another form, unknown or missing columns, too long, or the caller may not tell events.
    """
    form = form_of(path)
    if form not in ("csv", "xlsx"):
        raise FileRefused(f"{path.name} is {form}: a delivery note is CSV or XLSX")
    source = XlsxSource(path) if form == "xlsx" else CsvSource(path)
    with store.read() as txn:
        teller = teller_of(txn, caller)
    if isinstance(teller, Refusal):
        raise FileRefused(teller.message)
    noted, rows, seen = Noted(source.form), _rows(source.blocks()), set[tuple[str, ...]]()
    while group := list(islice(rows, ROWS_AT_ONCE)):
        noted.rows += len(group)
        if noted.rows > ROWS_MAX:
            raise FileRefused(f"{path.name} has more than {ROWS_MAX} rows: split it")
        with store.read() as txn:
            spelling = spelling_at(txn)
            accepted = [one for row in group if (one := _accepted(txn, row, spelling, seen, noted, now_ms)) is not None]
        if accepted and not dry_run:
            change = partial(keep_group, _once(event for events in accepted for event in events), teller)
            fates = store.write(change, actor=teller.name[:200]).result().result
            noted.new += fates.count(Fate.NEW)
            noted.known += len(fates) - fates.count(Fate.NEW)
    _report(path, form, errors, noted)
    return noted


def _rows(blocks: Iterable[Block]) -> Iterator[_Row]:
    for block in blocks:
        names = [_HEADINGS.get(column.strip().lower(), "") for column in block.columns]
        if unknown := [column for column, name in zip(block.columns, names, strict=True) if not name and column.strip()]:
            raise FileRefused(f"a delivery note has no column {unknown[0]!r}: it has {', '.join(COLUMNS)}")
        if missing := [name for name, (_, required) in COLUMNS.items() if required and name not in names]:
            raise FileRefused(f"the column {missing[0]!r} ({COLUMNS[missing[0]][0]}) is missing")
        for number, cells in block.rows():
            damage = cells if isinstance(cells, Damaged) else None
            texts = {} if isinstance(cells, Damaged | Mapping) else dict(zip(names, cells, strict=False))
            yield _Row(block.sheet, number, texts, damage)


def _accepted(
    txn: ReadTxn, row: _Row, spelling: Spelling, seen: set[tuple[str, ...]], noted: Noted, now_ms: int
) -> list[Ready] | None:
    """The events of a row, ready to be kept; None for one that is kept out, whose findings are noted."""
    line: Line | None = None
    found: tuple[Finding, ...]
    if row.damage is not None:
        found = (Finding("", row.damage.value, row.damage.rule, row.damage.message),)
    else:
        line, found = read_line(row.cells, spelling.name, now_ms)
    if line is not None:
        found += tuple(_beyond(txn, line, spelling, seen))
    events, more = _judged(line, found, now_ms)
    _note(noted, row, (*found, *more))
    if events is None:
        noted.refused += 1
    return events


def _beyond(txn: ReadTxn, line: Line, spelling: Spelling, seen: set[tuple[str, ...]]) -> Iterator[Finding]:
    """What only the file as a whole, or the registry, can say of a row."""
    name = (line.note, spelling.name(line.thing), line.container)
    if name in seen:
        yield Finding("identifier", line.thing, "row-twice", f"note {line.note} names it twice", "add the quantities up")
    seen.add(name)
    if answers_for(txn, name[1]) and record_of(txn, name[1]) is None:
        yield Finding("identifier", line.thing, "not-registered", "this node has no such record", "register it, or correct it")


def _judged(line: Line | None, found: Iterable[Finding], now_ms: int) -> tuple[list[Ready] | None, list[Finding]]:
    if line is None or any(finding.severity is Severity.ERROR for finding in found):
        return None, []
    events: list[Ready] = []
    for event in events_of(line):
        judged = ready(event, now_ms)
        if not isinstance(judged, Ready):
            problem = judged[0]
            return None, [Finding("identifier", line.thing, problem.rule, problem.message)]
        events.append(judged)
    return events, []


def _note(noted: Noted, row: _Row, found: Iterable[Finding]) -> None:
    identifier = row.cells.get("identifier", "")
    for one in found:
        noted.findings.append(
            RowFinding(
                row.sheet, row.number, identifier, one.severity.value, one.field, one.value, one.rule, one.message, one.advice
            )
        )


def _once(events: Iterable[Ready]) -> list[Ready]:
    """Each event once: the rows of one container share its shipping."""
    return list({one.event.event_id: one for one in events}.values())


def _report(path: Path, form: str, errors: Path | None, noted: Noted) -> None:
    sheet = errors or sheet_path(path, form)
    if noted.findings:
        write_error_sheet(sheet, noted.findings)
        noted.sheet = sheet
    else:
        drop_error_sheet(sheet)
