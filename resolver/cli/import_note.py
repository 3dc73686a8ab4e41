"""`idis import --delivery-note`: an ERP's delivery notes, each accepted row of which becomes events."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict

from idis.registry.caller import tool
from idis.registry.docking.note_loading import Noted, load_notes
from idis.registry.loading.load import ERRORS_SHOWN
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import opened
from idis.resolver.cli.output import CommandError, ExitCode, print_json


def import_note(arguments: argparse.Namespace) -> int:
    """Import the file; exit code 1 when rows were kept out."""
    if arguments.pilot or arguments.object or arguments.prefix:
        raise CommandError("a delivery note has columns of its own: leave out --pilot, --object and --prefix")
    with opened(arguments) as store:
        noted = load_notes(
            arguments.file,
            store,
            tool(user_name()),
            int(time.time() * 1000),
            errors=arguments.errors,
            dry_run=arguments.dry_run,
        )
    if arguments.json:
        print_json(
            {
                "form": noted.form,
                "rows": noted.rows,
                "refused": noted.refused,
                "events": noted.new,
                "known": noted.known,
                "error_sheet": None if noted.sheet is None else str(noted.sheet),
                "findings_total": len(noted.findings),
                "findings": [asdict(finding) for finding in noted.findings[:ERRORS_SHOWN]],
            }
        )
    else:
        _print(arguments, noted)
    return ExitCode.REFUSED if noted.refused else ExitCode.DONE


def _print(arguments: argparse.Namespace, noted: Noted) -> None:
    for finding in noted.findings[:ERRORS_SHOWN]:
        print(f"{arguments.file.name}, {finding}", file=sys.stderr)
    if len(noted.findings) > ERRORS_SHOWN:
        print(f"… all {len(noted.findings):,} findings are in {noted.sheet}", file=sys.stderr)
    kept = f"{noted.new:,} events recorded, {noted.known:,} known before"
    events = "nothing was kept (--dry-run)" if arguments.dry_run else kept
    print(f"{arguments.file.name}: {noted.form}")
    print(f"{noted.rows:,} rows read, {noted.refused:,} refused: {events}")
    if noted.sheet is not None:
        print(f"error sheet: {noted.sheet}")
