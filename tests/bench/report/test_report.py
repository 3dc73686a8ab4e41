"""What people read: the text, the page, and the files for other programs."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from idis.bench.measuring.first_pass import Learnt
from idis.bench.measuring.measure import Run
from idis.bench.measuring.tiers import Hop, Split
from idis.bench.report import export
from idis.bench.report.figures import Document, document_of
from idis.bench.report.page import page
from idis.bench.report.text import micros, report
from idis.resolver.cli.output import CommandError

RunOf = Callable[..., Run]
SPLIT = Split("recursive", {"cache": 18, "upstream": 2}, 90.0, 900.0, 200.0, [Hop("10.0.0.1:2641 udp", 20, 300.0, 450)])


@pytest.fixture
def document(run_of: RunOf) -> Document:
    """Of two rounds with a stall, a split by tier, and an objection."""
    run = replace(run_of([100] * 90 + [20_000] * 10, [110] * 100), split=SPLIT)
    run.rounds[0].busy.append(0.97)
    return document_of(run)


def test_report_names_counts_latencies_and_the_machine(document: Document) -> None:
    """Everything that `performance.md` asks a report to print."""
    text = "\n".join(report(document))

    for wanted in (
        "node:1 over udp: open loop, 100/s fixed",
        "answered  200 of 200 offered (100.00%), 200 sent: 100/s",
        "timed out 0 (lost 0, late 0)",
        "wrong     0",
        "codes     SUCCESS 200",
        "errors    none",
        "octets/s  9,000 sent, 36,000 received",
        "server CPU 1000.00 µs an answer, busy 10% of a core; generator busy 97%",
        "others on the pinned cores: 1.0%",
        document["machine"],
    ):
        assert wanted in text
    heading = next(line.split() for line in report(document) if "p99.99" in line)
    assert heading == ["min", "p50", "p75", "p90", "p99", "p99.9", "p99.99", "max"]
    assert [line.split()[0] for line in report(document) if re.match(r"(response|service|slip) ", line)][:3] == [
        "response", "service", "slip",
    ]  # fmt: skip


def test_report_shows_the_tiers(document: Document) -> None:
    """Which hop took how long, and what the node itself took."""
    text = "\n".join(report(document))

    assert "side sample explained by recursive: cache 18, upstream 2" in text
    assert re.search(r"10\.0\.0\.1:2641 udp +300 µs  max 450 µs, 20 times", text)
    assert re.search(r"in the node itself and on the way to it +200 µs", text)


def test_report_draws_a_histogram_that_adds_up(document: Document) -> None:
    """The shares of all steps are the whole, the longest bar is the fullest step."""
    rows = [match for line in report(document) if (match := re.match(r" *[\d.]+ (?:µs|ms|s) … +([\d.]+)% ?(.*)", line))]
    shares = [float(row[1]) for row in rows]

    assert sum(shares) == pytest.approx(100, abs=0.1)
    assert max(rows, key=lambda row: len(row[2])) is max(rows, key=lambda row: float(row[1]))


def test_report_warns_of_a_run_that_measured_itself(document: Document) -> None:
    """In words nobody overlooks."""
    assert any(line.startswith("DO NOT TRUST THIS RUN: the generator was busy 97%") for line in report(document))


def test_report_of_nothing_answered_is_short_and_whole(run_of: RunOf) -> None:
    """No percentile is invented."""
    lines = report(document_of(run_of([])))

    assert any("answered  0 of 0 offered" in line for line in lines)
    assert lines[-1] == "DO NOT TRUST THIS RUN: nothing was answered"


def test_report_tells_of_the_first_pass(run_of: RunOf) -> None:
    """How many answers every later one was compared with."""
    from array import array

    learnt = Learnt(array("Q", [1, 2, 0]), 3, 3, {1: 2, 100: 1}, 3)
    lines = report(document_of(replace(run_of([100]), learnt=learnt)))

    assert "first pass: 3 asked, 3 answered, 2 compared by digest, 3 decoded" in lines


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4, "0.4 µs"), (99.96, "100.0 µs"), (123.4, "123 µs"), (9_999, "9999 µs"), (12_345, "12.3 ms"), (2e6, "2.00 s")],
)
def test_microseconds_are_readable(value: float, text: str) -> None:
    """Three digits or so, in the unit people expect."""
    assert micros(value) == text


class _Page(HTMLParser):
    """Collects what a page consists of, and checks that its tags match."""

    VOID = frozenset({"meta", "br", "line", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID or tag == "polyline":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag of its own."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It ends the last one begun."""
        assert self.open.pop() == tag


def test_page_is_whole_and_needs_nothing_else(document: Document) -> None:
    """Tags match, and nothing is fetched from anywhere."""
    text = page(document)
    parser = _Page()
    parser.feed(text)

    assert parser.open == []
    assert not [
        tag
        for tag, attributes in parser.tags
        if tag in ("script", "link", "img", "iframe") or "src" in attributes or "href" in attributes
    ]
    assert "url(" not in text
    assert "@import" not in text


def test_page_draws_both_plots_inside_their_frame(document: Document) -> None:
    """Two lines of percentiles, three over time, every point within the drawing."""
    parser = _Page()
    parser.feed(page(document))
    lines = [attributes["points"] or "" for tag, attributes in parser.tags if tag == "polyline"]
    points = [tuple(map(float, point.split(","))) for line in lines for point in line.split()]

    assert len(lines) == 5
    assert len(points) > 40
    assert all(0 <= x <= 960 and 0 <= y <= 360 for x, y in points)


def test_page_escapes_what_it_is_given(run_of: RunOf) -> None:
    """A server's name is text, not markup."""
    run = run_of([100])
    document = document_of(replace(run, target=replace(run.target, text="<script>alert(1)</script>")))

    assert "<script>" not in page(document)


def test_page_of_nothing_answered_has_no_plot(run_of: RunOf) -> None:
    """But says what went wrong."""
    text = page(document_of(run_of([])))

    assert "<svg" not in text
    assert "nothing was answered" in text


def test_json_is_read_back_as_written(document: Document, tmp_path: Path) -> None:
    """For comparisons another day."""
    path = tmp_path / "run.json"
    export.write_json(document, str(path))

    assert export.read_json(path) == json.loads(json.dumps(document))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"idis_bench": 2, "rounds": [1]}', '{"idis_bench": 1, "rounds": []}'])
def test_what_is_no_run_is_refused(tmp_path: Path, content: str | None) -> None:
    """The file is named."""
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CommandError, match=r"run\.json"):
        export.read_json(path)


def test_csv_has_a_line_a_round(document: Document) -> None:
    """Every line as long as the heading; figures where the heading says."""
    heading, *rows = csv.reader(export.csv_text(document["rounds"]).splitlines())
    by_name = [dict(zip(heading, row, strict=True)) for row in rows]

    assert [row["round"] for row in by_name] == ["1", "2"]
    assert by_name[1]["response_p50_us"] == str(document["rounds"][1]["response_us"]["p50"])
    assert by_name[0]["answered"] == "100"


def test_csv_leaves_unknown_cells_empty(run_of: RunOf) -> None:
    """No zero stands for something not measured."""
    heading, row = csv.reader(export.csv_text(document_of(run_of([]))["rounds"]).splitlines())

    assert dict(zip(heading, row, strict=True))["response_p99_us"] == ""


def test_hgrm_has_both_distributions(document: Document, tmp_path: Path) -> None:
    """Response in the file named, service in one beside it."""
    export.write_hgrm(document, str(tmp_path / "run.hgrm"))
    totals = {path.name: re.search(r"Total count    = +(\d+)", path.read_text()) for path in tmp_path.iterdir()}

    assert set(totals) == {"run.hgrm", "run.service.hgrm"}
    assert all(total is not None and total[1] == "200" for total in totals.values())


def test_file_that_cannot_be_written_is_named(document: Document, tmp_path: Path) -> None:
    """After minutes of measuring, not with a traceback."""
    with pytest.raises(CommandError, match="nowhere"):
        export.write_json(document, str(tmp_path / "nowhere" / "run.json"))


def test_minus_is_standard_output(document: Document, capsys: pytest.CaptureFixture[str]) -> None:
    """For pipes."""
    export.write_json(document, "-")
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)

    assert shown["target"] == "node:1"
