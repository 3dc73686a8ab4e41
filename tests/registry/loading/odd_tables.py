"""Tables as people and machines might leave them, and what checking them comes to, with and without the compiled pass."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import Any

from idis.proto import speedups
from idis.registry.loading import checker as checker_module
from idis.registry.loading.checker import Plan
from idis.registry.loading.csv_rows import CsvBlock
from idis.registry.loading.naming import Domain
from idis.registry.loading.spill import MemoryFile, Run, RunWriter, Spill
from idis.registry.loading.template_lists import TemplateLists
from idis.registry.pilots.sample import generate
from idis.registry.pilots.table import PILOTS
from idis.registry.prefix import PrefixState

TODAY = date(2026, 1, 15)
NOW = 1_700_000_000
KINDS = ("names", "records", "aliases", "references", "findings")

# What people and machines leave in cells.
ODD_CELLS = (
    "", " ", "x", "0", "-1", "1e3", "12.50", "true", "是", " 12 ", "[]", "{}", "[1", ";", "a;b", "public", "partners", "private",
    "stop", "check", "88.118.8/SELF", "Ａ", "a\tb", "'=1+1", "'x", "\u3000钢", "钢\u2003板", "“钢”", "\u00a0", "\x07", "é" * 300,
    'he said "no"', "two\nlines", "2026-02-29", "2024-02-29", "2025-03-17T08:30:00+08:00", "2025-03-17T08:30:00-00:00",
    "2025-03-17T08:30:00Z", "2025-03-17T24:00:00+08:00", "0000-01-01", "x" * 5_000, "\U0001f6a2", "88.118.8/a;88.118.8/b",
)  # fmt: skip
ODD_LINES = (b"\n", b"\r\n", b",,,\n", b'"open\n', b'a "b" c,d\n', b'"a"b,c\n', b"\xff\xfe,x\n"[2:], b"'\n", b'"x\r\ny",z\n')


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else str(cell)


@cache
def samples(pilot: str) -> Sequence[tuple[Mapping[str, str], str, str]]:
    """Rows of a pilot: their cells, identifiers and objects."""
    rows = generate(pilot, size=300)
    return [({name: _text(cell) for name, cell in row.fields.items()}, row.identifier, row.object_code) for row in rows]


class OddTable:
    """A CSV of sample rows with a few odd ones among them, drawn with a seed."""

    def __init__(self, seed: int) -> None:
        draw = self._draw = random.Random(seed)
        self.pilot = draw.choice(sorted(PILOTS))
        rows = list(samples(self.pilot))
        self.code = draw.choice(("", draw.choice(sorted({code for _, _, code in rows}))))
        rows = [row for row in rows if self.code in ("", row[2])][:60]
        codes = {code for _, _, code in rows}
        names = sorted({name for cells, _, code in rows for name in (*cells, "objectType") if code in codes})
        self.header = ["identifier", *draw.sample(names, len(names))]
        self.separator = draw.choice(",,,;\t")
        self.prefix = draw.choice(("", "", rows[0][1].partition("/")[0]))
        self.encoding = draw.choice(("utf-8", "utf-8", "gb18030"))
        self._odd_share = draw.choice((0, 0.02, 0.2))
        lines = [self._line(*row) for row in draw.choices(rows, k=draw.randrange(1, 90))]
        self.octets = b"".join(lines)

    def _line(self, cells: Mapping[str, str], identifier: str, code: str) -> bytes:
        draw = self._draw
        if draw.random() < 0.3:
            identifier += str(draw.randrange(50))
        if draw.random() < 0.1:
            suffix = identifier.partition("/")[2]
            identifier = draw.choice((identifier.lower(), suffix, "88.1", "88.118.8/件", "0.NA/88.1", "é/x"))
        given = {**cells, "objectType": code, "identifier": identifier}
        row = [given.get(name, "") for name in self.header]
        while draw.random() < self._odd_share:
            row[draw.randrange(len(row))] = draw.choice((*ODD_CELLS, identifier))
        if draw.random() < self._odd_share / 4:
            row = row[: draw.randrange(len(row))] + [""] * draw.randrange(3)
        quoting = csv.QUOTE_ALL if draw.random() < 0.2 else csv.QUOTE_MINIMAL
        out = io.StringIO()
        csv.writer(out, delimiter=self.separator, quoting=quoting, lineterminator=draw.choice(("\n", "\n", "\r\n"))).writerow(row)
        odd = draw.choice(ODD_LINES) if draw.random() < self._odd_share / 4 else b""
        return odd + out.getvalue().encode(self.encoding)

    def plan(self, lists: TemplateLists) -> Plan:
        """What loading it is about."""
        domains = {identifier.partition("/")[0]: None for _, identifier, _ in samples(self.pilot)}
        entry = partial(Domain, PrefixState.ACTIVE, True)
        known = {prefix: entry(number % 3 != 1) for number, prefix in enumerate(domains)}
        return Plan(self.pilot, self.code, self.prefix, known, TODAY, NOW, lists)

    def block(self, octets: bytes, line: int) -> CsvBlock:
        """Some of its rows."""
        return CsvBlock(tuple(self.header), octets, line, self.encoding, self.separator)

    def blocks(self) -> Sequence[CsvBlock]:
        """All of them, in two blocks."""
        middle = self.octets.rfind(b"\n", 0, len(self.octets) // 2) + 1
        return self.block(self.octets[:middle], 2), self.block(self.octets[middle:], 500)


class Checking:
    """Checks blocks of a table; what it has learned from one it knows of the next.

    Args:
        plan: what loading is about.
        compiled: whether by the pass over usual rows.
    """

    def __init__(self, plan: Plan, *, compiled: bool) -> None:
        self._plan = plan
        self._loaded = speedups.COMPILED if compiled else speedups.PLAIN
        self._spill = Spill((MemoryFile(),))
        self._check = plan.checker(RunWriter(self._spill, 0))

    def __call__(self, block: CsvBlock) -> dict[str, Any]:
        """What a block comes to."""
        kept, checker_module.speedups.LOADED = speedups.LOADED, self._loaded
        try:
            checked = self._check(block)
        finally:
            checker_module.speedups.LOADED = kept
        found: dict[str, Any] = {"rows": checked.rows, "refused": checked.refused}
        for kind in KINDS:
            run: Run | None = getattr(checked, kind)
            found[kind] = [] if run is None else [run.first, run.last, *self._spill.items(run.pieces)]
        return found
