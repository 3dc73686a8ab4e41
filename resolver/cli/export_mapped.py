"""`idis export --as FORM`: records as the documents of other data spaces and passports."""

from __future__ import annotations

import argparse
import io
import sys
import time
from functools import partial

from idis.proto.identifier import fold
from idis.registry.loading.mapped_export import MappedExport, export_mapped
from idis.registry.loading.whole_file import whole_file
from idis.registry.pilots.mapping.patterns import fits
from idis.registry.pilots.mapping.table import MAPPINGS
from idis.registry.store.base import Store
from idis.resolver.cli.data_directory import opened
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.progress import Progress

FAULTS_SHOWN = 20


def export_as(arguments: argparse.Namespace) -> int:
    """Write the documents, one a line; exit code 1 when a record of the right kind could not be mapped."""
    if arguments.restricted:
        raise CommandError("these documents hold public values only: leave out --restricted")
    if arguments.json and arguments.out is None:
        raise CommandError("the documents themselves go to standard output: name a file with --out to get a summary as JSON")
    progress = Progress("records")
    try:
        with opened(arguments) as store:
            done = _write(arguments, store, progress)
    finally:
        progress.finish()
    if arguments.json:
        left_out = [{"identifier": name, "fault": str(fault)} for name, fault in done.faults]
        print_json({"documents": done.documents, "left_out": done.left_out, "faults": left_out, "out": str(arguments.out)})
    else:
        _tell(arguments, done)
    return ExitCode.REFUSED if done.left_out else ExitCode.DONE


def _write(arguments: argparse.Namespace, store: Store, progress: Progress) -> MappedExport:
    partners = dict(map(_partner, arguments.bpn))
    write = partial(
        export_mapped,
        store,
        form=arguments.form,
        prefixes=arguments.prefix,
        at_ms=int(time.time() * 1000),
        report=progress.show,
        partners=partners,
    )
    if arguments.out is None:
        return write(out=sys.stdout)
    try:
        with whole_file(arguments.out) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
            try:
                return write(out=text)
            finally:
                text.detach()
    except OSError as error:
        raise CommandError(f"{arguments.out} cannot be written: {(error.strerror or str(error)).lower()}") from None


def _partner(text: str) -> tuple[str, str]:
    prefix, equals, number = text.partition("=")
    if not equals or not fits("bpnl", number):
        raise CommandError(f"--bpn {text}: write it like 88.120.6=BPNL06MA1NB211X6")
    return fold(prefix_of(prefix)), number


def _tell(arguments: argparse.Namespace, done: MappedExport) -> None:
    for name, fault in done.faults[:FAULTS_SHOWN]:
        print(f"{name} left out: {fault}", file=sys.stderr)
    if len(done.faults) > FAULTS_SHOWN:
        print(f"… and {len(done.faults) - FAULTS_SHOWN:,} more", file=sys.stderr)
    stream = sys.stderr if arguments.out is None else sys.stdout
    title = MAPPINGS[arguments.form].title
    print(f"{done.documents:,} documents of {title} written, {done.left_out:,} records left out", file=stream)
