"""A run as files: JSON for programs, CSV for spreadsheets, .hgrm for HdrHistogram's plotters, HTML for people."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from idis.bench.asking.histogram import from_sparse
from idis.bench.report.figures import FORMAT, LEVELS, Document
from idis.bench.report.page import page
from idis.resolver.cli.output import CommandError

STANDARD_OUTPUT = "-"
_PLAIN_COLUMNS = (
    "seconds", "rate", "offered", "sent", "answered", "timed_out", "lost", "late", "unsent", "held", "wrong_echo",
    "wrong_values", "sent_octets_per_s", "received_octets_per_s", "generator_busy", "server_cpu_us", "server_busy", "foreign",
)  # fmt: skip
_LATENCIES = ("response_us", "service_us", "slip_us")


def insist_on_folder(path: str) -> None:
    """Refuse a path that nothing can be written to before minutes are spent on what it is for.

    Raises:
        CommandError: there is no such folder, or it takes no files.
    """
    folder = Path(path).parent
    if path == STANDARD_OUTPUT:
        return
    if not folder.is_dir():
        raise CommandError(f"{path} cannot be written: there is no folder {folder}")
    if Path(path).is_dir() or not os.access(folder, os.W_OK):
        raise CommandError(f"{path} cannot be written: {'it is a folder' if Path(path).is_dir() else 'permission denied'}")


def write_json(document: Mapping[str, Any], path: str) -> None:
    """The whole document; `-` is standard output."""
    _write(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def write_csv(document: Document, path: str) -> None:
    """One line a round."""
    _write(path, csv_text(document["rounds"]))


def write_hgrm(document: Document, path: str) -> None:
    """The distribution of the response times, and in a file beside it that of the service times."""
    beside = Path(path)
    for name, at in (("response", beside), ("service", beside.with_name(f"{beside.stem}.service{beside.suffix or '.hgrm'}"))):
        _write(str(at), from_sparse(document["histograms"][name]).hgrm())


def write_page(document: Document, path: str) -> None:
    """One page that needs nothing else."""
    _write(path, page(document))


def read_json(path: Path) -> Document:
    """A document written by `write_json`.

    Raises:
        CommandError: it cannot be read, or is none of ours.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from None
    if not isinstance(document, dict) or document.get("idis_bench") != FORMAT or not document.get("rounds"):
        raise CommandError(f"{path} is no run of 'idis bench --json'")
    return document


def csv_text(rounds: Sequence[Mapping[str, Any]]) -> str:
    """The rounds as CSV with a heading; empty cells where something is not known."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    levels = [f"{latency.removesuffix('_us')}_{level}_us" for latency in _LATENCIES for level in LEVELS]
    writer.writerow(("round", *_PLAIN_COLUMNS, *levels, "errors"))
    for place, one in enumerate(rounds, 1):
        plain = ["" if one[name] is None else one[name] for name in _PLAIN_COLUMNS]
        latencies = [one[latency].get(level, "") for latency in _LATENCIES for level in LEVELS]
        writer.writerow((place, *plain, *latencies, sum(one["errors"].values())))
    return text.getvalue()


def _write(path: str, text: str) -> None:
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    beside = f"{path}.part"
    try:
        Path(beside).write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
