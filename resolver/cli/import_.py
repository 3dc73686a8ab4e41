"""`idis import`: load records from a file, after checking every one of them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from idis.proto.identifier import fold
from idis.registry.loading.columns import object_of
from idis.registry.loading.error_sheet import RowFinding
from idis.registry.loading.load import ERRORS_SHOWN, Options, load
from idis.registry.loading.load_dump import load_dump
from idis.registry.loading.naming import all_prefixes
from idis.registry.loading.rows import form_of
from idis.registry.pilots.mapping.table import MAPPINGS
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template_life import is_withdrawn
from idis.registry.pilots.template_name import DERIVED_MARK
from idis.registry.pilots.validation import template_identifier
from idis.registry.store.base import StoreFull
from idis.registry.store.bulk import Loaded
from idis.registry.store.keys import record_key
from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace.held import record_of
from idis.registry.trace.records import spelling_at
from idis.resolver.cli.data_directory import add_data_options, opened
from idis.resolver.cli.import_mapped import import_from
from idis.resolver.cli.import_note import import_note
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.progress import Progress

PROCESSES_DEFAULT_MAX = 8  # beyond it the one process that stores what they have checked is the limit

_REPEAT = "what was loaded is whole: the same command finishes it"

EPILOG = """\
The column "identifier" (标识) holds prefix/suffix, or the suffix alone with --prefix. The column "objectType" (对象类型),
the name of an XLSX sheet or --object says what a row describes. 'idis pilot show PILOT' lists the fields. Rows with an
error are kept out and listed in the error sheet beside the file; importing the same file again changes nothing.
Without --pilot, JSON lines and dumps written by 'idis export' are read.
With --delivery-note the columns are noteNo (送货单号), identifier (标识), from (发货方), to (收货方), shipped (发货时间) and,
where known: quantity (数量), uom (计量单位), orderNo (订单号), container (容器), received (收货时间),
receivedQuantity (收货数量).
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, XLSX, JSON lines, or a dump of 'idis export'")
    parser.add_argument("--pilot", default="", help="schema the rows are checked against: ship, automotive, chemical, nuclear")
    parser.add_argument(
        "--object",
        default="",
        metavar="CODE",
        help="what every row describes, as plate; a derived template as plate-offshore or by its handle",
    )
    parser.add_argument("--prefix", default="", help="prefix of identifiers that are given by their suffix alone")
    parser.add_argument("--from", dest="form", choices=tuple(MAPPINGS), help="documents as 'idis export --as' writes them")
    parser.add_argument("--visibility", default="partners", metavar="WHO", help="of records made of such documents (%(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="such documents also change records that are here already")
    parser.add_argument("--delivery-note", action="store_true", help="the rows are delivery notes 送货单: each becomes events")
    parser.add_argument("--dry-run", action="store_true", help="check everything, load nothing")
    parser.add_argument("--errors", type=Path, metavar="FILE", help="where the error sheet goes (.csv or .xlsx)")
    workers = min(os.cpu_count() or 1, PROCESSES_DEFAULT_MAX)
    parser.add_argument("--processes", type=int, default=workers, metavar="N", help=f"workers for large files, here {workers}")
    add_data_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import the file."""
    if arguments.form is not None:
        return import_from(arguments)
    if arguments.delivery_note:
        return import_note(arguments)
    started = time.monotonic()
    form = form_of(arguments.file)
    progress = Progress("rows")
    try:
        with opened(arguments) as store:
            work = _import_dump if form == "dump" else _import_rows
            result = work(arguments, store, progress)
    except StoreFull as error:
        raise CommandError(f"{error}; {_REPEAT}") from None
    except KeyboardInterrupt:
        progress.finish()
        print(f"idis: {_REPEAT}", file=sys.stderr)
        raise
    finally:
        progress.finish()
    result["seconds"] = round(time.monotonic() - started, 3)
    result["rows_per_second"] = round(result["rows"] / max(time.monotonic() - started, 0.001))
    if arguments.json:
        print_json(result)
    else:
        _print_summary(arguments, result)
    return ExitCode.REFUSED if result["refused"] else ExitCode.DONE


def _import_rows(arguments: argparse.Namespace, store: LmdbStore, progress: Progress) -> dict[str, Any]:
    _refuse_withdrawn(arguments, store)
    options = Options(
        pilot=arguments.pilot,
        object_code=arguments.object,
        prefix=arguments.prefix,
        errors=arguments.errors,
        dry_run=arguments.dry_run,
        processes=max(arguments.processes, 1),
    )
    summary = load(
        arguments.file,
        store,
        options,
        folder=store.environment.folder.parent,
        today=date.today(),
        now=int(time.time()),
        report=progress.show,
    )
    return {
        "form": summary.form,
        "rows": summary.rows,
        **_counts(summary.loaded),
        "refused": summary.refused,
        "warnings": summary.warnings,
        "error_sheet": None if summary.error_sheet is None else str(summary.error_sheet),
        "findings_total": summary.findings_total,
        "findings": [asdict(finding) for finding in summary.findings],
        "templates_missing": _without_templates(arguments, store) if summary.loaded.new else [],
    }


def _refuse_withdrawn(arguments: argparse.Namespace, store: LmdbStore) -> None:
    """No record is made after a template that was withdrawn."""
    pilot = PILOTS.get(arguments.pilot)
    if pilot is None or not arguments.object or not arguments.prefix or DERIVED_MARK in arguments.object:
        return  # of a derived one the load itself finds out
    object_type = object_of(pilot, arguments.object)
    with store.read() as txn:
        record = record_of(txn, spelling_at(txn).name(template_identifier(object_type, arguments.prefix)))
    if record is not None and is_withdrawn(record.values):
        raise CommandError(
            f"the template {record.identifier} is withdrawn: idis pilot publish {pilot.name} --prefix {arguments.prefix}",
            ExitCode.REFUSED,
        )


def _without_templates(arguments: argparse.Namespace, store: LmdbStore) -> list[str]:
    """Prefixes with records here, and without any of the pilot's templates to which TEMPLATE_ID of its records points."""
    if not arguments.pilot or arguments.dry_run:
        return []
    wanted = fold(arguments.prefix)
    prefixes = [entry for entry in all_prefixes(store) if entry.answers_here and wanted in ("", entry.prefix)]
    with store.read() as txn:
        return [
            entry.prefix
            for entry in prefixes
            if txn.stat(entry.prefix).records
            and not any(
                txn.record(record_key(entry.prefix, f"META_{arguments.pilot}_{code}", entry.fold_suffix))
                for code in PILOTS[arguments.pilot].objects
            )
        ]


def _import_dump(arguments: argparse.Namespace, store: LmdbStore, progress: Progress) -> dict[str, Any]:
    if arguments.pilot or arguments.object or arguments.prefix:
        raise CommandError(
            f"{arguments.file.name} is a dump: its records were checked at their source; leave out --pilot, --object and --prefix"
        )
    summary = load_dump(
        arguments.file,
        store,
        dry_run=arguments.dry_run,
        processes=max(arguments.processes, 1),
        report=progress.show,
    )
    return {
        "form": f"dump of {summary.header.records:,} records",
        "rows": summary.header.records,
        **_counts(summary.loaded),
        "refused": len(summary.left_out),
        "warnings": 0,
        "error_sheet": None,
        "findings_total": 0,
        "findings": [],
        "left_out": list(summary.left_out[:ERRORS_SHOWN]),
    }


def _counts(loaded: Loaded) -> dict[str, int]:
    return {"new": loaded.new, "changed": loaded.changed, "unchanged": loaded.unchanged}


def _print_summary(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    name = arguments.file.name
    for finding in result["findings"]:
        print(f"{name}, {RowFinding(**finding)}", file=sys.stderr)
    if result["findings_total"] > len(result["findings"]):
        print(f"… all {result['findings_total']:,} findings are in {result['error_sheet']}", file=sys.stderr)
    for identifier in result.get("left_out", ()):
        print(f"{identifier}: not loaded, its restricted values are not in the dump (idis export --restricted)", file=sys.stderr)
    would = "would be " if arguments.dry_run else ""
    print(f"{name}: {result['form']}")
    print(
        f"{result['rows']:,} rows read: {result['new']:,} {would}new, {result['changed']:,} {would}changed,"
        f" {result['unchanged']:,} unchanged, {result['refused']:,} refused, {result['warnings']:,} warnings"
        f" ({result['seconds']:.1f} s, {result['rows_per_second']:,} rows/s)"
    )
    if result["error_sheet"]:
        print(f"error sheet: {result['error_sheet']}")
    for prefix in result.get("templates_missing", ()):
        print(f"next: idis pilot publish {arguments.pilot} --prefix {prefix}   (the templates its records name are missing)")
