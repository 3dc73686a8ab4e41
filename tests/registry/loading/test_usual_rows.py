"""The compiled pass over the rows of a CSV gives, octet for octet, what the careful path gives."""

from __future__ import annotations

import csv
import io
import json
import os
import random
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import Any

import pytest

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
from idis.registry.readers import ReaderLists

if speedups.LOADED != speedups.COMPILED:
    pytest.skip("the compiled pass is not loaded", allow_module_level=True)

TODAY = date(2026, 1, 15)
NOW = 1_700_000_000
TABLES = int(os.environ.get("IDIS_USUAL_ROWS", "30"))  # more of them for a campaign
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
def _samples(pilot: str) -> Sequence[tuple[Mapping[str, str], str, str]]:
    rows = generate(pilot, size=300)
    return [({name: _text(cell) for name, cell in row.fields.items()}, row.identifier, row.object_code) for row in rows]


class _Table:
    """A CSV of sample rows with a few odd ones among them, drawn with a seed."""

    def __init__(self, seed: int) -> None:
        draw = self._draw = random.Random(seed)
        self.pilot = draw.choice(sorted(PILOTS))
        rows = list(_samples(self.pilot))
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

    def checked(self, *, lists: TemplateLists, cut: float = 0.5) -> dict[str, Any]:
        """What its rows come to, in two blocks."""
        domains = {identifier.partition("/")[0]: None for _, identifier, _ in _samples(self.pilot)}
        entry = partial(Domain, PrefixState.ACTIVE, True)
        known = {prefix: entry(number % 3 != 1) for number, prefix in enumerate(domains)}
        spill = Spill((MemoryFile(),))
        check = Plan(self.pilot, self.code, self.prefix, known, TODAY, NOW, lists).checker(RunWriter(spill, 0))
        found: dict[str, Any] = {"rows": 0, "refused": 0, **{kind: [] for kind in KINDS}}
        middle = self.octets.rfind(b"\n", 0, int(len(self.octets) * cut)) + 1
        for line, octets in ((2, self.octets[:middle]), (500, self.octets[middle:])):
            checked = check(CsvBlock(tuple(self.header), octets, line, self.encoding, self.separator))
            found["rows"] += checked.rows
            found["refused"] += checked.refused
            for kind in KINDS:
                run: Run | None = getattr(checked, kind)
                found[kind].append([] if run is None else [run.first, run.last, *spill.items(run.pieces)])
        return found


def _both(seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], dict[str, Any]]:
    table = _Table(seed)
    lists = TemplateLists()
    if seed % 5 == 0:
        prefix = _samples(table.pilot)[0][1].partition("/")[0]
        template = f"{prefix}/META_{table.pilot}_part".upper()
        lists = TemplateLists({template: ReaderLists({2010: ()}, frozenset())}, {}, frozenset((prefix,)))
    fast = table.checked(lists=lists)
    with monkeypatch.context() as patch:
        patch.setattr(checker_module.speedups, "LOADED", speedups.PLAIN)
        return fast, table.checked(lists=lists)


@pytest.mark.parametrize("seed", range(TABLES))
def test_a_table_comes_to_the_same_on_both_ways(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records, second names, references and findings of whatever stands in a file."""
    fast, careful = _both(seed, monkeypatch)

    assert fast == careful
