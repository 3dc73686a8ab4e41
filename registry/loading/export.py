"""Writes records out: JSON lines in the REST form, a binary dump, or tables for a spreadsheet.

An export is one consistent snapshot, however long it takes: a read transaction is held for its whole length, which pins
the pages that a node replaces meanwhile. That is worth it, since counts and digests then speak of one moment.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from idis.proto.identifier import fold
from idis.proto.value import TTL_ABSOLUTE, Value, decode_values
from idis.registry.loading.derivations import derivation_at
from idis.registry.loading.dump import DumpWriter, Header, PrefixCount, dump_item
from idis.registry.loading.formulas import guarded
from idis.registry.loading.rest_rows import rest_of_record
from idis.registry.loading.rows import FileRefused
from idis.registry.pilots.schema import INDEX_FIRST_FIELD, INDEX_TEMPLATE_ID, ObjectType
from idis.registry.pilots.table import PILOTS, object_type_named
from idis.registry.pilots.template_life import TemplateError
from idis.registry.pilots.template_name import template_name
from idis.registry.prefix import PrefixEntry
from idis.registry.record import NO_VALUES, StoredRecord
from idis.registry.store.base import ReadTxn, Store, StoreError
from idis.registry.store.codec import DIGEST_SUM_MODULUS
from idis.registry.store.rules import exists

RECORDS_PER_PAGE = 1_000
KINDS_KEPT_MAX = 1_024  # by the handles of their templates: a node has a dozen for each prefix
OTHER_TABLE = "other"
OTHER_COLUMNS = ("identifier", "index", "type", "data", "ttl", "permissions")

Report = Callable[[str, int, float | None], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """How many records were written, and how many lost restricted values on the way or stayed behind because of them."""

    records: int
    partial: int
    tables: tuple[str, ...] = ()


class Snapshot:
    """The records of some prefixes at one moment; prefixes this node does not answer for have none.

    Without restricted values a record that has no others is left out whole: that it exists is not public either.

    Args:
        txn: held for the whole export.
        prefixes: as the user spells them; none means all.
        restricted: whether values without public-read are wanted.
        report: called with progress.

    Raises:
        FileRefused: a prefix is not registered here.
    """

    def __init__(self, txn: ReadTxn, prefixes: Sequence[str], *, restricted: bool, report: Report) -> None:
        self.txn = txn
        self.restricted = restricted
        self._report = report
        entries = [_entry(txn, prefix) for prefix in prefixes] if prefixes else list(_all_entries(txn))
        entries.sort(key=lambda entry: entry.prefix.encode() + b"\x00")
        self.entries = {entry.prefix: entry for entry in entries if entry.answers_here and txn.stat(entry.prefix).records}
        self._total = sum(txn.stat(prefix).records for prefix in self.entries)
        self._seen = 0
        self.exported = Exported(0, 0)

    def records(self, prefix: str) -> Iterator[tuple[bytes, StoredRecord]]:
        """The records of one prefix in key order, deleted ones excepted.

        Raises:
            StoreError: what is there is not what the store has counted.
        """
        count = digest_sum = partial = shown = 0
        for key, record in self._all_records(prefix):
            count += 1
            digest_sum += record.digest
            left_out = record.withholds and not self.restricted
            partial += left_out
            if not left_out or record.public != NO_VALUES:
                shown += 1
                yield key, record
        stat = self.txn.stat(prefix)
        if (count, digest_sum % DIGEST_SUM_MODULUS) != (stat.records, stat.digest_sum):
            raise StoreError(
                f"prefix {prefix} should hold {stat.records:,} records and holds {count:,}, or others: run 'idis verify'"
            )
        self.exported = Exported(self.exported.records + shown, self.exported.partial + partial)

    def counts(self) -> dict[str, PrefixCount]:
        """What `records` will give: known to the store, unless some are left out."""
        found = {}
        for prefix, entry in self.entries.items():
            stat = self.txn.stat(prefix)
            records, digest_sum = stat.records, stat.digest_sum
            if not self.restricted:
                hidden = [record.digest for _, record in self._all_records(prefix) if _is_hidden(record)]
                records -= len(hidden)
                digest_sum = (digest_sum - sum(hidden)) % DIGEST_SUM_MODULUS
            if records:
                found[prefix] = PrefixCount(entry.fold_suffix, records, digest_sum)
        return found

    def _all_records(self, prefix: str) -> Iterator[tuple[bytes, StoredRecord]]:
        after: bytes | None = None
        while page := self.txn.records(prefix, after, RECORDS_PER_PAGE):
            yield from ((key, record) for key, record in page if exists(record))
            after = page[-1][0]
            self._seen += len(page)
            self._report("writing", self._seen, self._seen / self._total)


def export_lines(store: Store, out: TextIO, prefixes: Sequence[str], *, restricted: bool, report: Report) -> Exported:
    """Write one JSON object a line, which `idis import FILE` reads back.

    Raises:
        FileRefused, StoreError: see `Snapshot`.
    """
    with store.read() as txn:
        snapshot = Snapshot(txn, prefixes, restricted=restricted, report=report)
        for prefix in snapshot.entries:
            for _, record in snapshot.records(prefix):
                # dumps runs in C, dump does not
                row = rest_of_record(record, restricted=restricted)
                out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    return snapshot.exported


def export_dump(store: Store, out: BinaryIO, prefixes: Sequence[str], *, restricted: bool, now: int, report: Report) -> Exported:
    """Write a dump (`dump.py`).

    Raises:
        FileRefused, StoreError: see `Snapshot`.
    """
    with store.read() as txn:
        snapshot = Snapshot(txn, prefixes, restricted=restricted, report=report)
        writer = DumpWriter(out, Header(now, txn.position.encode(), restricted, snapshot.counts()))
        for prefix in snapshot.entries:
            writer.add(dump_item(key, record, restricted=restricted) for key, record in snapshot.records(prefix))
        writer.finish()
    return snapshot.exported


def export_tables(store: Store, folder: Path, prefixes: Sequence[str], *, restricted: bool, report: Report) -> Exported:
    """Write one CSV per object type into a folder, with the fields as columns, and `other.csv`, a value a line, for the rest.

    Raises:
        FileRefused, StoreError: see `Snapshot`.
        OSError: the folder cannot be written.
    """
    with ExitStack() as stack:
        txn = stack.enter_context(store.read())
        tables = _Tables(folder, stack, Kinds(txn))
        snapshot = Snapshot(txn, prefixes, restricted=restricted, report=report)
        for prefix in snapshot.entries:
            for _, record in snapshot.records(prefix):
                tables.add(record.identifier, _values(record, restricted))
    return replace(snapshot.exported, tables=tuple(sorted(tables.names)))


class _Tables:
    """The open tables of a folder."""

    def __init__(self, folder: Path, stack: ExitStack, kinds: Kinds) -> None:
        self._folder = folder
        self._stack = stack
        self._kind_of = kinds
        self._writers: dict[str, Any] = {}

    @property
    def names(self) -> list[str]:
        """Their file names."""
        return [f"{name}.csv" for name in self._writers]

    def add(self, identifier: str, values: Sequence[Value]) -> None:
        """Write a record into the table it belongs to."""
        texts = {value.index: value.text for value in values}
        kind = self._kind_of(texts)
        if kind is None:
            table = self._table(OTHER_TABLE, OTHER_COLUMNS)
            for value in values:
                table.writerow([guarded(identifier), value.index, guarded(value.type), guarded(value.text), *_facts(value)])
            return
        holder = f"-{kind.holder}" if kind.holder else ""  # two enterprises may call what they derived the same
        table = self._table(f"{kind.pilot}-{kind.code}{holder}", ("identifier", *(field.name for field in kind.fields)))
        table.writerow([guarded(identifier), *(guarded(texts.get(field.index, "")) for field in kind.fields)])

    def _table(self, name: str, columns: Sequence[str]) -> Any:
        writer = self._writers.get(name)
        if writer is None:
            # The byte order mark tells spreadsheets that the Chinese inside is UTF-8.
            file = self._stack.enter_context((self._folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline=""))
            writer = self._writers[name] = csv.writer(file)
            writer.writerow(columns)
        return writer


class Kinds:
    """The object types that records say they are instances of, by the names of their templates.

    A derived template that is not in this store, or cannot be used, counts as its base.
    """

    def __init__(self, txn: ReadTxn) -> None:
        self._txn = txn
        self._known: dict[str, ObjectType | None] = {}

    def __call__(self, texts: Mapping[int, str]) -> ObjectType | None:
        """Of a record by its texts; None when it is none we know."""
        template = texts.get(INDEX_TEMPLATE_ID, "")
        named = template_name(template)
        if named is not None and named.pilot in PILOTS:
            if template not in self._known:
                if len(self._known) >= KINDS_KEPT_MAX:
                    self._known.clear()
                self._known[template] = self._named(template)
            return self._known[template]
        # Restricted template values are not shown; the object type itself may be.
        code = texts.get(INDEX_FIRST_FIELD, "")
        kinds = [pilot.objects[code] for pilot in PILOTS.values() if code in pilot.objects]
        return kinds[0] if len(kinds) == 1 else None

    def _named(self, template: str) -> ObjectType | None:
        try:
            derived = derivation_at(self._txn, template)
        except TemplateError:
            derived = None
        return object_type_named(template) if derived is None else derived.object_type()


def _is_hidden(record: StoredRecord) -> bool:
    return record.withholds and record.public == NO_VALUES


def _values(record: StoredRecord, restricted: bool) -> tuple[Value, ...]:
    if not restricted:
        return decode_values(record.public)
    return tuple(sorted(record.values, key=lambda value: value.index))


def _facts(value: Value) -> tuple[str, str]:
    ttl = f"@{value.ttl}" if value.ttl_type == TTL_ABSOLUTE else str(value.ttl)
    return ttl, format(value.permissions & 0xF, "04b")


def _entry(txn: ReadTxn, prefix: str) -> PrefixEntry:
    entry = txn.prefix(fold(prefix))
    if entry is None:
        raise FileRefused(f"prefix {prefix} is not registered here (see 'idis prefix list')")
    if not entry.answers_here:
        raise FileRefused(f"prefix {prefix} is delegated: export its records where it is answered")
    return entry


def _all_entries(txn: ReadTxn) -> Iterator[PrefixEntry]:
    after: str | None = None
    while entries := txn.prefixes(after, RECORDS_PER_PAGE):
        yield from entries
        after = entries[-1].prefix
