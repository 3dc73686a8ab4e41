"""`idis export`: write the records of this node to a file."""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from idis.registry.loading.export import Exported, export_dump, export_lines, export_tables
from idis.registry.loading.whole_file import whole_file
from idis.registry.pilots.mapping.table import MAPPINGS
from idis.registry.store.base import Store
from idis.resolver.cli.data_directory import add_data_options, opened
from idis.resolver.cli.export_mapped import export_as
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.progress import Progress

FORMATS = ("jsonl", "csv", "dump")

EPILOG = """\
jsonl  one record a line in the form of the REST interface; 'idis import FILE' reads it back
csv    one table per object type for a spreadsheet; --out names a folder
dump   a binary copy, the quickest to load again; keeps timestamps and versions

--as serialpart, batch, bom       Catena-X SerialPart, Batch and SingleLevelBomAsBuilt 3.0
--as batterypass, nameplate, steel  battery passport, IDTA digital nameplate, inspection document of steel (EN 10204)
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--prefix", action="append", default=[], metavar="P", help="only records below P; repeatable")
    parser.add_argument("--format", choices=FORMATS, default="jsonl", help="jsonl (default), csv or dump")
    parser.add_argument(
        "--as", dest="form", choices=tuple(MAPPINGS), help="as documents of other data spaces and passports, one a line"
    )
    parser.add_argument(
        "--bpn", action="append", default=[], metavar="P=BPNL…", help="with --as: partner number of what lies below P; repeatable"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="file to write, or folder for csv; standard output when absent")
    parser.add_argument("--restricted", action="store_true", help="also values that are not public: handle the file with care")
    add_data_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Export the records."""
    if arguments.form is not None:
        return export_as(arguments)
    started = time.monotonic()
    _check(arguments)
    progress = Progress("records")
    try:
        with opened(arguments) as store:
            exported = _write(arguments, store, progress)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(f"{arguments.out or 'standard output'} cannot be written: {reason}") from None
    finally:
        progress.finish()
    _tell(arguments, exported, time.monotonic() - started)
    return ExitCode.DONE


def _check(arguments: argparse.Namespace) -> None:
    if arguments.bpn:
        raise CommandError("--bpn goes with --as")
    if arguments.out is not None:
        return
    if arguments.format == "csv":
        raise CommandError("csv makes one table per object type: name a folder for them with --out")
    if arguments.format == "dump" and sys.stdout.isatty():
        raise CommandError("a dump is binary: name a file with --out")
    if arguments.json:
        raise CommandError("the records themselves go to standard output: name a file with --out to get a summary as JSON")


def _write(arguments: argparse.Namespace, store: Store, progress: Progress) -> Exported:
    prefixes, restricted, report = arguments.prefix, arguments.restricted, progress.show
    if arguments.format == "csv":
        arguments.out.mkdir(parents=True, exist_ok=True)
        return export_tables(store, arguments.out, prefixes, restricted=restricted, report=report)
    with _output(arguments.out) as file:
        if arguments.format == "dump":
            return export_dump(store, file, prefixes, restricted=restricted, now=int(time.time()), report=report)
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        try:
            return export_lines(store, text, prefixes, restricted=restricted, report=report)
        finally:
            text.detach()


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears under its name when it is whole. Only its owner may read it."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with whole_file(path) as file:
        yield file


def _tell(arguments: argparse.Namespace, exported: Exported, seconds: float) -> None:
    if arguments.json:
        print_json(
            {
                "records": exported.records,
                "partial": exported.partial,
                "out": str(arguments.out),
                "tables": list(exported.tables),
                "seconds": round(seconds, 3),
            }
        )
        return
    stream = sys.stderr if arguments.out is None else sys.stdout
    tables = f" in {len(exported.tables)} tables" if arguments.format == "csv" else ""
    print(f"{exported.records:,} records written{tables} ({seconds:.1f} s)", file=stream)
    if exported.partial:
        advice = "do not import these tables over them" if arguments.format == "csv" else "import leaves those of this node alone"
        print(
            f"{exported.partial:,} records have values that are not public, which were left out (--restricted): {advice}",
            file=sys.stderr,
        )
