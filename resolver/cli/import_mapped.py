"""`idis import FILE --from FORM`: documents of other data spaces and passports become records, or events."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from idis.registry.caller import tool
from idis.registry.loading.error_sheet import RowFinding, sheet_path
from idis.registry.loading.load import ERRORS_SHOWN, Options, load
from idis.registry.loading.mapped_import import MappedImport, import_boms, is_registered, rows_of
from idis.registry.pilots.mapping.table import MAPPINGS
from idis.registry.store.directory import user_name
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.cli.data_directory import opened
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.progress import Progress


def import_from(arguments: argparse.Namespace) -> int:
    """Import the file; exit code 1 when a document or a row was kept out."""
    mapping = MAPPINGS[arguments.form]
    if mapping.read is not None and not arguments.prefix:
        raise CommandError("say below which prefix the records are registered: --prefix P")
    progress = Progress("rows")
    try:
        with opened(arguments) as store:
            if mapping.read is None:
                done = import_boms(arguments.file, store, tool(user_name()), int(time.time() * 1000), dry_run=arguments.dry_run)
                result: dict[str, Any] = {"events": done.new, "known": done.known}
            else:
                done, result = _load(arguments, store, progress)
    finally:
        progress.finish()
    faults = [{"document": number, "fault": str(fault)} for number, fault in done.faults]
    result = {"form": mapping.title, "documents": done.documents, "documents_refused": done.refused, "faults": faults, **result}
    result["documents_left"] = done.taken
    if arguments.json:
        print_json(result)
    else:
        _print(arguments, result)
    return ExitCode.REFUSED if done.refused or result.get("refused") else ExitCode.DONE


def _load(arguments: argparse.Namespace, store: LmdbStore, progress: Progress) -> tuple[MappedImport, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="idis-import-") as folder:
        rows = Path(folder) / "rows.jsonl"
        with rows.open("w", encoding="utf-8") as out:
            taken = partial(_stays, store, overwrite=arguments.overwrite)
            done = rows_of(arguments.file, arguments.form, arguments.prefix, arguments.visibility, out, taken)
        if done.refused + done.taken == done.documents:
            return done, {"rows": 0, "new": 0, "changed": 0, "unchanged": 0, "refused": 0, "findings": []}
        options = Options(
            pilot=MAPPINGS[arguments.form].pilot,
            object_code="",
            prefix="",
            errors=arguments.errors or sheet_path(arguments.file, "jsonl"),
            dry_run=arguments.dry_run,
            processes=1,
        )
        summary = load(
            rows,
            store,
            options,
            folder=store.environment.folder.parent,
            today=date.today(),
            now=int(time.time()),
            report=progress.show,
        )
    loaded = summary.loaded
    return done, {
        "rows": summary.rows,
        "new": loaded.new,
        "changed": loaded.changed,
        "unchanged": loaded.unchanged,
        "refused": summary.refused,
        "findings": [asdict(finding) for finding in summary.findings],
    }


def _stays(store: LmdbStore, identifier: str, *, overwrite: bool) -> bool:
    return not overwrite and is_registered(store, identifier)


def _print(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    name = arguments.file.name
    for one in result["faults"][:ERRORS_SHOWN]:
        print(f"{name}, document {one['document']}: {one['fault']}", file=sys.stderr)
    for finding in result.get("findings", ()):
        print(f"{name}, {RowFinding(**finding)}", file=sys.stderr)
    would = "would be " if arguments.dry_run else ""
    print(f"{name}: {result['documents']:,} documents of {result['form']}, {result['documents_refused']:,} refused")
    if result["documents_left"]:
        print(f"{result['documents_left']:,} are registered here and stay as they are (--overwrite)")
    if "events" in result:
        print(f"{result['events']:,} events {would}recorded, {result['known']:,} known before")
    else:
        kept = f"{result['new']:,} {would}new, {result['changed']:,} {would}changed, {result['unchanged']:,} unchanged"
        print(f"{result['rows']:,} rows: {kept}, {result['refused']:,} refused")
