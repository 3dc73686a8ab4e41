"""Verification offline: page structure, every digest, every invariant of `storage.md` §4 that a store of this version has.

The pages are judged first, as raw octets, by the binding's own walker: a file it finds sound cannot crash the engine. A
file it faults, or a binding that has no walker, is read in a process of its own, whose death by a signal is one more
finding. Then every table is walked once, in key order, and each value is compared with what other tables say of it.

What a digest cannot show is that something has vanished. Lost records show in the counts of their prefix, lost journal
entries in the numbering, lost second names, prefixes and ranges in the records and entries that speak of them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lmdb

from idis.proto.errors import IdisError
from idis.proto.value import decode_values
from idis.registry.event_row import PLACE_BYTES, id_key
from idis.registry.journal import BEGINNING, Entry, EntryKind, Position
from idis.registry.prefix import PrefixEntry
from idis.registry.record import NO_VALUES, Record, RecordFlag, StoredRecord, prepare
from idis.registry.store import codec, keys, rules, tallies
from idis.registry.store.base import PrefixStat, RecordDamaged, StoreError
from idis.registry.store.directory import NodeLock, current_generation
from idis.registry.store.environment import Environment, Tables
from idis.registry.trace import rows

PROBLEMS_MAX = 10_000  # a list a person can still use; the count goes on
PROGRESS_VALUES = 5_000  # checked between two calls of `progress`

_TABLE_OF = {EntryKind.PREFIX: keys.PREFIX, EntryKind.ROUTE: keys.ROUTE, EntryKind.DOCUMENT: keys.DOCUMENT}

Progress = Callable[[int, int], None]  # values checked, values in all


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: the table, the identifier or key it concerns, and what is wrong."""

    table: str
    name: str
    fault: str


@dataclass(slots=True)
class Report:
    """What was found; `values` counts what was read, by table, `faults` everything found wrong."""

    problems: list[Problem] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)
    faults: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    @property
    def identifiers(self) -> list[str]:
        """The records that are damaged, each once."""
        return sorted({problem.name for problem in self.problems if problem.table == keys.RECORD.decode()})

    def add(self, table: bytes, name: str, fault: str) -> None:
        """Note a finding."""
        self.faults += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(table.decode(), name, fault))


def verify(directory: Path, *, progress: Progress | None = None) -> Report:
    """Check a data directory that no node serves from.

    Args:
        directory: the data directory.
        progress: called now and then with the number of values checked and the number there are.

    Raises:
        StoreError: it is no store, of another format, or a node runs on it.
    """
    generation = current_generation(directory)
    lock = NodeLock(directory)
    try:
        report = Report()
        faults = page_faults(generation)
        for fault in faults or ():
            report.add(b"pages", generation.name, fault)
        if faults == []:
            _read_here(generation, report, progress)
        else:
            _read_apart(generation, report)
    finally:
        lock.release()
    return report


def page_faults(generation: Path) -> list[str] | None:
    """What is wrong with the pages of an environment that is not open; None when the binding cannot tell."""
    if find_spec("lmdb.verify") is None:
        return None
    walker: Any = import_module("lmdb.verify")
    try:
        faults: list[str] = walker.verify(str(generation))
    except walker.VerifyError as error:
        return [str(error)]
    return faults


def check(environment: Environment, *, progress: Progress | None = None) -> Report:
    """Check every value and invariant of an open environment, in one snapshot."""
    report = Report()
    raw = environment.begin_read()
    try:
        _Inspection(raw, environment.tables, report, progress).run()
    finally:
        environment.end_read(raw)
    return report


def _read_here(generation: Path, report: Report, progress: Progress | None) -> None:
    environment = Environment(generation, map_bytes=0)
    try:
        found = check(environment, progress=progress)
    finally:
        environment.close()
    _merge(report, found.problems, found.values, found.faults)


def _read_apart(generation: Path, report: Report) -> None:
    """Read in a process of its own: an engine that walks damaged pages may be killed by the system."""
    command = [sys.executable, "-m", "idis.registry.store.verify", str(generation)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    if child.returncode == 0:
        found = json.loads(child.stdout)
        _merge(report, [Problem(*problem) for problem in found["problems"]], found["values"], found["faults"])
    elif child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        report.add(b"pages", generation.name, f"reading it ends a process with {name}: restore it from a copy")
    else:
        reason = child.stderr.strip().rpartition("\n")[2]
        report.add(b"pages", generation.name, f"it cannot be read ({reason}): restore it from a copy")


def _merge(report: Report, problems: list[Problem], values: dict[str, int], faults: int) -> None:
    report.problems.extend(problems[: PROBLEMS_MAX - len(report.problems)])
    report.values.update(values)
    report.faults += faults


class _Inspection:
    """One walk over all tables of one snapshot."""

    def __init__(self, raw: Any, tables: Tables, report: Report, progress: Progress | None) -> None:
        self._raw = raw
        self._tables = tables
        self._report = report
        self._progress = progress
        self._done = 0
        self._total = 0
        self._last = BEGINNING
        self._trimmed = BEGINNING
        self._epoch = 0
        self._counts: dict[str, list[int]] = {}  # prefix → records, digest sum, octets
        self._segments: dict[Position, list[int]] = {}  # bulk position → records still of it, digest sum
        self._tallies = {
            name: tallies.Tally()
            for name in (keys.META_DOCUMENTS, keys.META_AUDITS, keys.META_EDGES, keys.META_EVENTS)
        }

    def run(self) -> None:
        """Every table, those that others are compared with first."""
        try:
            self._total = sum(self._raw.stat(getattr(self._tables, table.decode()))["entries"] for table in keys.TABLES)
            self._check_meta()
        except lmdb.Error as error:
            self._report.add(keys.META, "meta", f"the engine cannot read it: {error}")
            return
        for table, inspect in (
            (keys.PREFIX, self._check_prefix),
            (keys.ROUTE, self._check_route),
            (keys.RECORD, self._check_record),
            (keys.ALIAS, self._check_alias),
            (keys.STAT, self._check_stat),
            (keys.OUTCOME, self._check_outcome),
            (keys.DOCUMENT, self._check_document),
            (keys.AUDIT, self._check_audit),
            (keys.EDGE, self._check_edge),
            (keys.EVENT, self._check_event),
            (keys.EVENT_TIME, self._check_event_time),
            (keys.EVENT_ID, self._check_event_id),
        ):
            for key, value in self._walk(table):
                try:
                    inspect(key, value)
                except (IdisError, UnicodeDecodeError, lmdb.Error) as error:
                    self._report.add(table, _name(table, key), str(error))
        self._check_missing_stats()
        self._check_tally(keys.DOCUMENT, keys.META_DOCUMENTS)
        self._check_tally(keys.AUDIT, keys.META_AUDITS)
        self._check_tally(keys.EDGE, keys.META_EDGES)
        self._check_tally(keys.EVENT, keys.META_EVENTS)
        self._check_journal()

    def _walk(self, table: bytes) -> Iterator[tuple[bytes, bytes]]:
        count, key = 0, b""
        try:
            with self._raw.cursor(getattr(self._tables, table.decode())) as cursor:
                for following, value in cursor:
                    if following <= key and count:
                        self._report.add(table, _name(table, following), "the key is out of order")
                    key = following
                    count += 1
                    self._step()
                    yield key, value
        except lmdb.Error as error:
            self._report.add(table, _name(table, key) if key else "", f"the engine cannot read on from here: {error}")
        self._report.values[table.decode()] = count

    def _step(self) -> None:
        self._done += 1
        if self._progress is not None and self._done % PROGRESS_VALUES == 0:
            self._progress(self._done, self._total)

    def _check_meta(self) -> None:
        try:
            value = self._raw.get(keys.META_STORE, db=self._tables.meta)
            if value is None:
                raise RecordDamaged("it does not say what it is")
            self._epoch = codec.decode_meta(value).epoch
            trimmed = self._raw.get(keys.META_TRIMMED, db=self._tables.meta)
            if trimmed is not None:
                self._trimmed = codec.decode_trimmed(trimmed)
        except StoreError as error:
            self._report.add(keys.META, "meta", str(error))
        with self._raw.cursor(self._tables.journal) as cursor:
            if cursor.last():
                self._last = Position.decode(cursor.key())

    def _check_prefix(self, key: bytes, value: bytes) -> None:
        entry = codec.decode_prefix(key, value)
        rules.check_prefix(entry)
        if entry.prefix.encode() != key:
            raise RecordDamaged(f"the entry says that it is {entry.prefix}")
        decode_values(entry.values)

    def _check_route(self, key: bytes, value: bytes) -> None:
        route = codec.decode_route(key, value)
        rules.check_route(route)
        if keys.route_key(route.start) != key:
            raise RecordDamaged(f"the range says that it starts at {route.start}")
        decode_values(route.values)

    def _check_record(self, key: bytes, value: bytes) -> None:
        prefix = keys.prefix_of(key)
        record = codec.decode_record(key, value)
        entry = self._home(prefix)
        # What was deleted keeps its version here, wherever its prefix is answered now.
        home = entry if entry is not None and not rules.exists(record) else rules.check_home(entry, prefix)
        if keys.identifier_key(record.identifier, home.fold_suffix)[1] != key:
            raise RecordDamaged(f"the record says that it is {record.identifier}")
        if rules.exists(record):
            counts = self._counts.setdefault(prefix, [0, 0, 0])
            counts[0] += 1
            counts[1] = (counts[1] + record.digest) % codec.DIGEST_SUM_MODULUS
            counts[2] += len(key) + len(value)
        _check_prepared(record, value)
        for alias in record.aliases:
            place, sealed = codec.encode_alias(alias, key)
            if self._raw.get(place, db=self._tables.alias) != sealed:
                raise RecordDamaged(f"its second name {alias.scheme}:{alias.local_id} does not lead to it")
        self._check_origin(key, value, record)

    def _check_origin(self, key: bytes, value: bytes, record: StoredRecord) -> None:
        """The journal entry a record came from says the same."""
        position = record.position
        if position > self._last:
            raise RecordDamaged("it is newer than the last journal entry")
        if position <= self._trimmed:
            return
        noted = self._raw.get(position.encode(), db=self._tables.journal)
        if noted is None:
            raise RecordDamaged("the journal lacks the entry it came from")
        entry = codec.decode_entry(position.encode(), noted)
        if entry.kind is EntryKind.BULK:
            segment = codec.decode_segment(entry.body)
            if not segment.first_key <= key <= segment.last_key:
                raise RecordDamaged("the journal entry it came from loaded other records")
            counts = self._segments.setdefault(position, [0, 0])
            counts[0] += 1
            counts[1] = (counts[1] + record.digest) % codec.DIGEST_SUM_MODULUS
        elif (entry.key, entry.version, entry.body) != (key, record.version, value):
            raise RecordDamaged("the journal entry it came from says something else")

    def _check_alias(self, place: bytes, value: bytes) -> None:
        key = codec.decode_alias(place, value)
        stored = self._raw.get(key, db=self._tables.record)
        record = None if stored is None else codec.decode_record(key, stored)
        if not rules.exists(record):
            raise RecordDamaged(f"it names {codec.readable(key)}, which does not exist")
        if all(keys.alias_key(alias, key) != place for alias in record.aliases):
            raise RecordDamaged(f"it names {record.identifier}, which does not have this second name")

    def _check_stat(self, place: bytes, value: bytes) -> None:
        prefix = place[:-1].decode()
        counted = self._counts.pop(prefix, [0, 0, 0])
        stat = codec.decode_stat(place, value)
        if stat != PrefixStat(*counted):
            there = f"{counted[0]} of {counted[2]} are there" if stat.records != counted[0] else "those there have other digests"
            raise RecordDamaged(f"{stat.records} records of {stat.octets} octets were counted when written, {there}")

    def _check_missing_stats(self) -> None:
        for prefix, counted in self._counts.items():
            self._report.add(keys.STAT, prefix, f"{counted[0]} records are there, none was counted when written")

    def _check_outcome(self, place: bytes, value: bytes) -> None:
        if codec.decode_outcome(place, value).position > self._last:
            raise RecordDamaged("it points beyond the last journal entry")

    def _check_document(self, place: bytes, value: bytes) -> None:
        self._tallies[keys.META_DOCUMENTS].take(value)
        rules.check_document(place[1:], codec.unseal(keys.DOCUMENT, place, value))

    def _check_audit(self, place: bytes, value: bytes) -> None:
        self._tallies[keys.META_AUDITS].take(value)
        rules.check_audit(codec.unseal(keys.AUDIT, place, value))
        if len(place) != keys.AUDIT_KEY_BYTES:
            raise RecordDamaged("its key is none of the audit trail")

    def _check_edge(self, place: bytes, value: bytes) -> None:
        """Every edge lies under both its ends."""
        self._tallies[keys.META_EDGES].take(value)
        row = codec.unseal(keys.EDGE, place, value)
        try:
            other = rows.mirror(place)
        except (ValueError, IndexError):
            raise RecordDamaged("its key is none of the table of edges") from None
        if other is not None and self._raw.get(other, db=self._tables.edge) != codec.seal(keys.EDGE, other, row):
            raise RecordDamaged("the other end of this edge says something else")

    def _check_event(self, place: bytes, value: bytes) -> None:
        """Every event is found by its id and by its time."""
        self._tallies[keys.META_EVENTS].take(value)
        row = codec.decode_event(place, value)
        by_id = id_key(row.event_id, row.declares_error)
        if self._raw.get(by_id, db=self._tables.event_id) != codec.seal(keys.EVENT_ID, by_id, place):
            raise RecordDamaged("its id leads elsewhere")
        if self._raw.get(row.time_key, db=self._tables.event_time) is None:
            raise RecordDamaged("it is missing in the order of what happened")

    def _check_event_time(self, place: bytes, value: bytes) -> None:
        codec.unseal(keys.EVENT_TIME, place, value)
        if self._raw.get(place[-PLACE_BYTES:], db=self._tables.event) is None:
            raise RecordDamaged("it leads to no event")

    def _check_event_id(self, place: bytes, value: bytes) -> None:
        if self._raw.get(codec.unseal(keys.EVENT_ID, place, value), db=self._tables.event) is None:
            raise RecordDamaged("it leads to no event")

    def _check_tally(self, table: bytes, name: bytes) -> None:
        """Lines and documents do not disappear unseen."""
        try:
            tally = tallies.read(self._raw, self._tables, name)
        except StoreError as error:
            self._report.add(keys.META, name.decode(), str(error))
            return
        there = self._tallies[name]
        if there.count != tally.count:
            self._report.add(table, table.decode(), f"{tally.count} were counted when written, {there.count} are there")
        elif there != tally:
            self._report.add(table, table.decode(), "those there have other digests than those written")

    def _check_journal(self) -> None:
        previous: Position | None = None
        newest: dict[tuple[EntryKind, bytes], Entry] = {}  # of what is few
        for key, value in self._walk(keys.JOURNAL):
            try:
                entry = codec.decode_entry(key, value)
                self._check_place(entry.position, previous)
                self._check_effect(entry)
            except (IdisError, lmdb.Error) as error:
                self._report.add(keys.JOURNAL, _name(keys.JOURNAL, key), str(error))
            else:
                if entry.kind in _TABLE_OF:
                    newest[entry.kind, entry.key] = entry
            previous = Position.decode(key)
        if previous is not None and previous.epoch != self._epoch:
            self._report.add(keys.META, "meta", f"the store is of epoch {self._epoch}, its journal ends in {previous.epoch}")
        for entry in newest.values():
            self._check_newest(entry)

    def _check_newest(self, entry: Entry) -> None:
        """What was written last of a prefix, a range or a document is what is there."""
        table = _TABLE_OF[entry.kind]
        value = self._raw.get(entry.key, db=getattr(self._tables, table.decode())) or b""
        said = codec.seal(table, entry.key, entry.body) if table == keys.DOCUMENT and entry.body else entry.body
        if value != said:
            self._report.add(table, _name(table, entry.key), "the newest journal entry says something else")

    def _check_place(self, position: Position, previous: Position | None) -> None:
        if previous is None:
            follows = position.lo == 0 or self._trimmed != BEGINNING
        elif (position.epoch, position.hi) == (previous.epoch, previous.hi):
            follows = position.lo == previous.lo + 1
        else:
            follows = position.lo == 0
        if not follows:
            raise RecordDamaged("the entry before it is missing")

    def _check_effect(self, entry: Entry) -> None:
        """No record is older than the journal says; a load left no more records than it says."""
        if entry.kind is EntryKind.BULK:
            segment = codec.decode_segment(entry.body)
            count, digest_sum = self._segments.get(entry.position, (0, 0))
            if count > segment.count or (count == segment.count and digest_sum != segment.digest_sum):
                raise RecordDamaged(f"it loaded {segment.count} records below {segment.prefix}, others are there")
        elif entry.kind is EntryKind.AUDIT:
            line = self._raw.get(entry.key, db=self._tables.audit)  # which may have been swept: the tally knows
            if line is not None and line != codec.seal(keys.AUDIT, entry.key, entry.body):
                raise RecordDamaged("the audit trail says something else")
        elif entry.kind in (EntryKind.PUT, EntryKind.DELETE):
            value = self._raw.get(entry.key, db=self._tables.record)
            if value is None:
                raise RecordDamaged(f"it wrote {codec.readable(entry.key)}, which is missing")
            record = codec.decode_record(entry.key, value)
            if record.position < entry.position or record.version < entry.version:
                raise RecordDamaged(f"it wrote version {entry.version} of {record.identifier}, which has {record.version}")

    def _home(self, prefix: str) -> PrefixEntry | None:
        key = prefix.encode()
        value = self._raw.get(key, db=self._tables.prefix)
        return None if value is None else codec.decode_prefix(key, value)


def _check_prepared(record: StoredRecord, value: bytes) -> None:
    """The prepared answer is what today's code would prepare, if it is today's code that prepared it."""
    if not rules.exists(record):
        if record.aliases or record.public != NO_VALUES or record.restricted != NO_VALUES:
            raise RecordDamaged("it was deleted and still holds values")
        return
    values = decode_values(record.public) + decode_values(record.restricted)
    if codec.prepared_by(value) != codec.PREPARED_BY:
        return
    again = prepare(Record(record.identifier, values, record.aliases), 0)
    again = replace(again, flags=again.flags | record.flags & RecordFlag.DISABLED)
    if not rules.same_record(record, again):
        raise RecordDamaged("its prepared answer is not what its values give")


def _name(table: bytes, key: bytes) -> str:
    """What a person calls a key."""
    if table == keys.RECORD:
        try:
            return keys.spelling_of(key) or codec.readable(key)
        except UnicodeDecodeError:
            return codec.readable(key)
    if table == keys.JOURNAL and len(key) == len(BEGINNING.encode()):
        position = Position.decode(key)
        return f"{position.epoch}.{position.hi}.{position.lo}"
    return codec.readable(key)


def _main(folder: str) -> None:
    environment = Environment(Path(folder), map_bytes=0)
    report = check(environment)
    problems = [[problem.table, problem.name, problem.fault] for problem in report.problems]
    json.dump({"problems": problems, "values": report.values, "faults": report.faults}, sys.stdout)


if __name__ == "__main__":
    _main(sys.argv[1])
