"""A run as text for a terminal: settings, counts, both kinds of latency side by side, a histogram, the course of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from idis.bench.asking.histogram import Histogram, from_sparse
from idis.bench.report.figures import LEVELS, Document

BAR_CHARACTERS = 50
SECONDS_SHOWN_MAX = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def report(document: Document) -> list[str]:
    """The lines."""
    return [
        *_head(document),
        "",
        *_counts(document),
        *_latencies(document["total"]),
        *_histogram(from_sparse(document["histograms"]["response"])),
        *_rounds(document),
        *_seconds(document),
        *_tiers(document["tiers"]),
        "",
        *_machine(document),
        *_judgement(document),
    ]


def micros(value: float) -> str:
    """Microseconds as people read them."""
    if value >= 1e6:
        return f"{value / 1e6:.2f} s"
    if value >= 10_000:
        return f"{value / 1e3:.1f} ms"
    return f"{value:.0f} µs" if value >= 100 else f"{value:.1f} µs"


def number(value: float) -> str:
    """A count with its thousands apart."""
    return f"{value:,.0f}"


def _head(document: Document) -> list[str]:
    return [
        f"{document['target']} over {document['transport']}: {document['settings']}",
        f"{number(document['keys'])} identifiers, {document['generator']} generator, {document['started']}",
    ]


def _counts(document: Document) -> list[str]:
    total = document["total"]
    lines = [
        f"answered  {number(total['answered'])} of {number(total['offered'])} offered ({total['achieved']:.2%}), "
        f"{number(total['sent'])} sent: {number(total['rate'])}/s",
        f"timed out {number(total['timed_out'])} (lost {number(total['lost'])}, late {number(total['late'])}), "
        f"unsent {number(total['unsent'])}, held {number(total['held'])}",
        f"wrong     {number(total['wrong_echo'] + total['wrong_values'])} "
        f"(identifier {number(total['wrong_echo'])}, values {number(total['wrong_values'])})",
        f"codes     {_listed(total['codes'])}",
        f"errors    {_listed(total['errors'])}",
        f"octets/s  {number(total['sent_octets_per_s'])} sent, {number(total['received_octets_per_s'])} received",
    ]
    if (first := document["first_pass"]) is not None:
        lines.append(
            f"first pass: {number(first['asked'])} asked, {number(first['answered'])} answered, {number(first['compared'])} "
            f"compared by digest, {number(first['decoded'])} decoded"
        )
    return lines


def _latencies(total: Mapping[str, Any]) -> list[str]:
    meanings = {"response": "from the intended time of sending", "service": "from the actual one", "slip": "between the two"}
    shown = {title: total[f"{title}_us"] for title in meanings if total[f"{title}_us"]}
    if not shown:
        return []
    # Eighty characters in all: what fits no terminal cannot be compared by looking.
    lines = ["", f"{'':8}" + "".join(f"{name:>9}" for name in LEVELS)]
    lines += [f"{title:8}" + "".join(f"{micros(levels[level]):>9}" for level in LEVELS) for title, levels in shown.items()]
    return [*lines, "; ".join(f"{title}: {meanings[title]}" for title in shown)]


def _histogram(response: Histogram) -> Iterator[str]:
    """Response times in steps of a half and a whole doubling, from the first to the last with something in it."""
    counts: dict[int, int] = {}
    for low, _high, count in response.filled():
        counts[_step(low)] = counts.get(_step(low), 0) + count
    if not counts:
        return
    most, total = max(counts.values()), response.total
    yield ""
    for step in range(min(counts), max(counts) + 1):
        count = counts.get(step, 0)
        eighths = round(count / most * BAR_CHARACTERS * 8)
        bar = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        yield f"{micros(_step_begin(step) / 1_000):>10} …  {count / total:7.2%} {bar}".rstrip()


def _step(value_ns: int) -> int:
    """Two steps for each doubling: 1, 1.5, 2, 3, 4, 6, 8 …"""
    bits = max(value_ns, 1).bit_length() - 1
    return 2 * bits + (max(value_ns, 1) >= 3 << bits >> 1 and bits > 0)


def _step_begin(step: int) -> int:
    bits, half = divmod(step, 2)
    return (3 << bits >> 1) if half else 1 << bits


def _rounds(document: Document) -> Iterator[str]:
    if len(document["rounds"]) < 2:
        return
    yield ""
    yield f"{'round':>6}{'rate':>12}{'p50':>11}{'p99':>11}{'max':>11}{'server CPU':>14}"
    for place, one in enumerate(document["rounds"], 1):
        levels = one["response_us"]
        shown = "".join(f"{micros(levels[name]) if levels else '–':>11}" for name in ("p50", "p99", "max"))
        cpu = "–" if one["server_cpu_us"] is None else f"{one['server_cpu_us']:.2f} µs"
        yield f"{place:>6}{number(one['rate']):>12}{shown}{cpu:>14}"


def _seconds(document: Document) -> Iterator[str]:
    rows = document["seconds"]
    if not rows:
        return
    yield ""
    yield f"{'second':>6}{'answers':>12}{'p50':>11}{'p99':>11}{'max':>11}"
    step = -(-len(rows) // SECONDS_SHOWN_MAX) or 1
    for row in rows[::step]:
        yield f"{row['at_s']:>6.0f}{number(row['count']):>12}" + "".join(
            f"{micros(row[name]):>11}" for name in ("p50_us", "p99_us", "max_us")
        )
    if step > 1:
        yield f"(every {step}th second; JSON has all)"


def _tiers(split: Mapping[str, Any] | None) -> Iterator[str]:
    if split is None:
        return
    yield ""
    yield f"side sample explained by {split['node']}: {_listed(split['sources'])}; medians:"
    yield f"  {'as it comes':40} {micros(split['plain_us']):>9}"
    yield f"  {'past the cache':40} {micros(split['walked_us']):>9}"
    yield f"  {'  in the node itself and on the way to it':40} {micros(split['own_us']):>9}"
    for hop in split["hops"]:
        yield f"  {'  ' + hop['server']:40} {micros(hop['micros_p50']):>9}  max {micros(hop['micros_max'])}, {hop['count']} times"


def _machine(document: Document) -> Iterator[str]:
    total = document["total"]
    generator = f"generator busy {total['generator_busy']:.0%}"
    if total["server_cpu_us"] is not None:
        yield f"server CPU {total['server_cpu_us']:.2f} µs an answer, busy {total['server_busy']:.0%} of a core; {generator}"
    else:
        yield f"{generator}; server CPU unknown (--pid)"
    if total["foreign"] is not None:
        yield f"others on the pinned cores: {total['foreign']:.1%}"
    yield document["machine"]


def _judgement(document: Document) -> Iterator[str]:
    for remark in document["remarks"]:
        yield f"note: {remark}"
    for objection in document["objections"]:
        yield f"DO NOT TRUST THIS RUN: {objection}"


def _listed(counts: Mapping[str, int]) -> str:
    shown = [f"{name.replace('_', ' ') if name.islower() else name} {number(count)}" for name, count in counts.items() if count]
    return ", ".join(shown) or "none"
