"""`idis verify DIR`: is a data directory sound? Exit code 0 when clean, 1 when damaged, 2 when it cannot be checked."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from idis.registry.store.verify import Report, verify
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table

ROWS_MAX = 50  # a screen; --json prints all


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `idis verify`."""
    parser.add_argument("directory", nargs="?", metavar="DIR", help="the data directory (default: $IDIS_DATA)")
    parser.add_argument("--data", metavar="DIR", help="the same, as other commands name it")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check the directory and print what was found."""
    directory = arguments.directory or arguments.data or os.environ.get("IDIS_DATA")
    if not directory:
        raise CommandError("name the data directory to check: idis verify DIR")
    report = verify(Path(directory), progress=_show if sys.stderr.isatty() else None)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    if arguments.json:
        print_json(_document(directory, report))
    else:
        _print(directory, report)
    return ExitCode.DONE if report.sound else ExitCode.REFUSED


def _document(directory: str, report: Report) -> dict[str, object]:
    return {
        "directory": directory,
        "sound": report.sound,
        "faults": report.faults,
        "identifiers": report.identifiers,
        "problems": [{"table": problem.table, "name": problem.name, "fault": problem.fault} for problem in report.problems],
        "values": report.values,
    }


def _print(directory: str, report: Report) -> None:
    counted = ", ".join(f"{count} {table}" for table, count in report.values.items() if count)
    if report.sound:
        print(f"{directory} is sound: {counted}")
        return
    print_table(("table", "name", "fault"), [(row.table, row.name, row.fault) for row in report.problems[:ROWS_MAX]])
    if report.faults > ROWS_MAX:
        print(f"… and {report.faults - ROWS_MAX} more: --json prints them")
    print(f"{directory} is damaged: {report.faults} faults, {len(report.identifiers)} identifiers; restore it from a copy")


def _show(done: int, total: int) -> None:
    print(f"\rchecked {done} of {total} values ({done * 100 // max(total, 1)} %)", end="", file=sys.stderr)
