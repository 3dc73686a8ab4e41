"""Export: answers as files, one row for each path, in CSV, XLSX or JSON lines (`tracing.md` §7).

The last row says whether the answer is complete: a list that was cut must not look like the whole of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import BinaryIO

from idis.registry.loading.formulas import guarded
from idis.registry.trace.edge import ALWAYS_MS, Edge
from idis.registry.trace.expanding import BEGINNING_MS
from idis.registry.trace.recall import Recall
from idis.registry.trace.tracing import Extent, Trace

TRACE_HEAD = ("depth", "thing", "certainty", "from", "to", "kind", "beside", "quantity", "unit", "source", "reasons")
RECALL_HEAD = (
    "thing",
    "certainty",
    "state",
    "from",
    "to",
    "holder",
    "place",
    "container",
    "quantity",
    "unit",
    "disposition",
    "path",
    "reasons",
)
ROWS_MAX = 1_048_575  # of an XLSX sheet, below its head
CELL_CHARACTERS_MAX = 32_767  # of an XLSX cell
MOMENTS_KEPT = 4_096  # what was made together has one time, and every path that leads through it names it again


class Form(Enum):
    """What an answer is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


CONTENT_TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.JSONL: "application/jsonl",
}


def export(answer: Trace | Recall, form: Form, out: BinaryIO) -> int:
    """Write an answer; how many rows of things there are.

    Raises:
        OSError: it cannot be written.
    """
    head = TRACE_HEAD if isinstance(answer, Trace) else RECALL_HEAD
    lines = list(_trace_lines(answer)) if isinstance(answer, Trace) else list(_recall_lines(answer))
    last = _extent_line(answer.extent)
    match form:
        case Form.CSV:
            _write_csv(out, head, lines, last)
        case Form.XLSX:
            _write_xlsx(out, head, lines, last)
        case Form.JSONL:
            _write_jsonl(out, head, lines, answer.extent)
    return len(lines)


@lru_cache(MOMENTS_KEPT)
def moment_text(time_ms: int) -> str:
    """A time as people and spreadsheets read it; empty for none."""
    if time_ms <= BEGINNING_MS or time_ms == ALWAYS_MS:
        return ""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def path_text(path: Iterable[Edge]) -> str:
    """A path in one line, each edge from the part to the whole: `A1 -T-> L; A1 -A-> B`."""
    return "; ".join(f"{edge.child} -{edge.kind.value}-> {edge.parent}" for edge in path)


def _trace_lines(trace: Trace) -> Iterator[tuple[str, ...]]:
    for line in trace.lines:
        edge = line.via
        quantity = "" if edge is None or edge.quantity is None else str(edge.quantity)
        yield (
            str(line.depth),
            line.thing,
            line.certainty.value,
            moment_text(line.from_ms),
            moment_text(line.to_ms),
            "" if edge is None else edge.kind.value,
            line.beside,
            quantity,
            "" if edge is None else edge.uom,
            "" if edge is None else edge.source,
            "; ".join(line.reasons),
        )


def _recall_lines(recall: Recall) -> Iterator[tuple[str, ...]]:
    for one in recall.affected:
        where = one.where
        yield (
            one.thing,
            one.certainty.value,
            "current" if one.current else "former",
            moment_text(one.from_ms),
            moment_text(one.to_ms),
            where.holder,
            where.place,
            where.container,
            "" if where.quantity is None else str(where.quantity),
            where.uom,
            where.disposition,
            path_text(one.path),
            "; ".join(one.reasons),
        )


def _extent_line(extent: Extent) -> str:
    if extent.complete:
        return "complete"
    cut = [f"limit reached: {', '.join(extent.limits)}"] if extent.limits else []
    cut.extend(f"{stone.thing}: {stone.step.value}: {stone.message}" for stone in extent.tombstones[:10])
    return "NOT COMPLETE: " + "; ".join(cut)


def _write_csv(out: BinaryIO, head: tuple[str, ...], lines: list[tuple[str, ...]], last: str) -> None:
    # The byte order mark tells spreadsheets that the Chinese inside is UTF-8.
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
    table = csv.writer(text)
    table.writerow(head)
    table.writerows(tuple(map(guarded, line)) for line in lines)
    table.writerow((f"# {last}",))
    text.detach()


def _write_xlsx(out: BinaryIO, head: tuple[str, ...], lines: list[tuple[str, ...]], last: str) -> None:
    import openpyxl  # takes 0.2 s to import: only files of this form pay it

    book = openpyxl.Workbook(write_only=True)
    for at in range(0, max(len(lines), 1), ROWS_MAX):
        sheet = book.create_sheet(f"answer {at // ROWS_MAX + 1}" if at else "answer")
        sheet.append(head)
        for line in lines[at : at + ROWS_MAX]:
            sheet.append(tuple(_cell(guarded(cell)) for cell in line))
    book.create_sheet("extent").append((_cell(last),))
    book.save(out)


def _write_jsonl(out: BinaryIO, head: tuple[str, ...], lines: list[tuple[str, ...]], extent: Extent) -> None:
    for line in lines:
        out.write(json.dumps(dict(zip(head, line, strict=True)), ensure_ascii=False).encode() + b"\n")
    stones = [
        {"thing": stone.thing, "prefix": stone.prefix, "step": stone.step.value, "message": stone.message}
        for stone in extent.tombstones
    ]
    last = {"complete": extent.complete, "limits": list(extent.limits), "tombstones": stones}
    out.write(json.dumps(last, ensure_ascii=False).encode() + b"\n")


def _cell(text: str) -> str:
    # XML, and so XLSX, cannot hold control characters.
    clean = "".join(character if character >= " " or character in "\t\n" else "\ufffd" for character in text)
    return clean[:CELL_CHARACTERS_MAX]
