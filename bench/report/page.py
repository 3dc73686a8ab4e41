"""A run as one HTML page that needs nothing else: the distribution and its course over time drawn as SVG, all figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from idis.bench.asking.histogram import Histogram, from_sparse
from idis.bench.report.chart import Axis, Line, chart
from idis.bench.report.figures import LEVELS, Document
from idis.bench.report.text import micros, number

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --paper: #fff; --faint: #6b7684; --rule: #d9dfe6; --one: #0b6bcb;
  --two: #c2410c; --three: #6d28d9; --bad: #b42318; --soft: #f5f7fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #12161c; --faint: #97a3b1; --rule: #2b333d;
  --one: #5fb0ff; --two: #ff9e64; --three: #b79bff; --bad: #ff8a80; --soft: #1a2028; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .faint { color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.cards div { background: var(--soft); border-radius: .5rem; padding: .7rem .9rem; }
.cards b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; color: var(--faint); }
.bad { border-left: .3rem solid var(--bad); background: var(--soft); padding: .6rem .9rem; margin: 1rem 0; }
.bad b { color: var(--bad); }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--faint); font-size: 12px; }
.grid { stroke: var(--rule); stroke-width: 1; } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.a { stroke: var(--one); } .b { stroke: var(--two); stroke-dasharray: 6 4; } .c { stroke: var(--three); stroke-dasharray: 2 3; }
.key text { fill: var(--ink); }
"""
_SHARE_MARKS = ((0, "0 %"), (1, "90 %"), (2, "99 %"), (3, "99.9 %"), (4, "99.99 %"), (5, "99.999 %"), (6, "99.9999 %"))


def page(document: Document) -> str:
    """The page."""
    title = f"{document['target']} over {document['transport']}"
    body = "".join((_head(document, title), _judgement(document), _cards(document), _plots(document), _tables(document)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – idis bench</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _head(document: Document, title: str) -> str:
    return (
        f"<h1>{escape(title)}</h1>\n<p>{escape(document['settings'])}</p>\n"
        f'<p class="faint">{number(document["keys"])} identifiers, {escape(document["generator"])} generator, '
        f"{escape(document['started'])}<br>{escape(document['machine'])}</p>\n"
    )


def _judgement(document: Document) -> str:
    objections = "".join(f"<br>{escape(sentence)}" for sentence in document["objections"])
    bad = f'<div class="bad"><b>Do not trust this run</b>{objections}</div>\n' if objections else ""
    return bad + "".join(f'<p class="faint">Note: {escape(remark)}.</p>\n' for remark in document["remarks"])


def _cards(document: Document) -> str:
    total = document["total"]
    levels = total["response_us"]
    cards = [(f"{number(total['rate'])}/s", "answered"), (f"{total['achieved']:.2%}", "of what was offered")]
    cards += [(micros(levels[name]), f"{name} response") for name in ("p50", "p99", "p99.9") if levels]
    if total["server_cpu_us"] is not None:
        cards.append((f"{total['server_cpu_us']:.2f} µs", "server CPU an answer"))
    return '<div class="cards">' + "".join(f"<div><b>{value}</b>{name}</div>" for value, name in cards) + "</div>\n"


def _plots(document: Document) -> str:
    response, service = (from_sparse(document["histograms"][name]) for name in ("response", "service"))
    if not response.total:
        return ""
    depth = max(math.ceil(math.log10(max(response.total, 10))), 1)
    marks = [(float(at), label) for at, label in _SHARE_MARKS if at <= depth]
    levels = chart(
        "Latency by percentile",
        Axis(0.0, float(depth), marks, "share of the questions"),
        [Line("response", "a", _points(response, depth)), Line("service", "b", _points(service, depth))],
    )
    rows = document["series"]
    end = max(row["at_s"] for row in rows) if rows else 1.0
    course = chart(
        "Response time over time",
        Axis(0.0, end or 1.0, _second_marks(end or 1.0), "seconds of a round at which the question was due"),
        [
            Line(name, look, [(row["at_s"], row[f"{name}_us"]) for row in rows])
            for name, look in (("p50", "a"), ("p99", "b"), ("max", "c"))
        ],
    )
    return f"<h2>Latency by percentile</h2>\n{levels}\n<h2>Response time over time</h2>\n{course}\n"


def _points(histogram: Histogram, depth: int) -> list[tuple[float, float]]:
    """The distribution: how many nines, and the microseconds there."""
    return [
        (min(-math.log10(1 - level.share), depth) if level.share < 1 else float(depth), level.value_ns / 1_000)
        for level in histogram.levels()
    ]


def _second_marks(end_s: float) -> list[tuple[float, str]]:
    step = 10 ** math.floor(math.log10(end_s))
    for finer in (0.2, 0.5, 1, 2):
        if end_s / (step * finer) <= 8:
            step *= finer
            break
    return [(mark * step, f"{mark * step:g}") for mark in range(int(end_s / step) + 1)]


def _tables(document: Document) -> str:
    total = document["total"]
    latencies = [
        (title, *(micros(total[name][level]) for level in LEVELS))
        for title, name in (("response", "response_us"), ("service", "service_us"), ("schedule slip", "slip_us"))
        if total[name]
    ]
    counts = [
        (name.replace("_", " "), number(total[name]))
        for name in ("offered", "sent", "answered", "timed_out", "lost", "late", "unsent", "held", "wrong_echo", "wrong_values")
    ]
    counts += [(f"code {name}", number(count)) for name, count in total["codes"].items()]
    counts += [(name.replace("_", " "), number(count)) for name, count in total["errors"].items()]
    counts += [
        ("octets sent a second", number(total["sent_octets_per_s"])),
        ("octets received a second", number(total["received_octets_per_s"])),
        ("generator busy", f"{total['generator_busy']:.1%}"),
        ("server busy", _share(total["server_busy"])),
        ("others on the pinned cores", _share(total["foreign"])),
    ]
    rounds = [
        (place, number(one["rate"]), *(micros(one["response_us"][level]) if one["response_us"] else "–" for level in LEVELS))
        for place, one in enumerate(document["rounds"], 1)
    ]
    tables = _table("Latency", ("", *LEVELS), latencies)
    tables += _table("Rounds, response time", ("round", "rate/s", *LEVELS), rounds) if len(rounds) > 1 else ""
    tables += _tiers(document)
    return tables + _table("Counts", ("", ""), counts)


def _tiers(document: Document) -> str:
    split = document["tiers"]
    if split is None:
        return ""
    rows: list[Sequence[object]] = [
        (hop["server"], hop["count"], micros(hop["micros_p50"]), micros(hop["micros_max"])) for hop in split["hops"]
    ]
    rows.append((f"{split['node']} itself and the way to it", "", micros(split["own_us"]), ""))
    return _table("By tier, past the cache", ("asked", "times", "p50", "max"), rows)


def _table(title: str, head: Iterable[str], rows: Iterable[Sequence[object]]) -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<h2>{title}</h2>\n<div class="scroll"><table>\n<tr>{cells}</tr>\n{lines}</table></div>\n'


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"
