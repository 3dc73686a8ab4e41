"""The figures of a run as one document: what JSON holds, and what table, page and comparison are made from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from idis.bench.asking import dns
from idis.bench.asking.generator import COMPILED
from idis.bench.asking.histogram import Histogram
from idis.bench.asking.load import NS_PER_S, Load, Transport
from idis.bench.asking.tally import SERIES_DIGITS, Count, Tally
from idis.bench.machine import machine_line
from idis.bench.measuring.first_pass import Learnt
from idis.bench.measuring.measure import Run
from idis.bench.measuring.rounds import Round
from idis.bench.report.verdict import failures, objections, remarks
from idis.proto.codes import response_code_name

FORMAT = 1
LEVELS = {"min": 0.0, "p50": 50.0, "p75": 75.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "p99.99": 99.99, "max": 100.0}
Document = dict[str, Any]


def document_of(run: Run) -> Document:
    """Everything that is known about a run, as JSON has it. Times are microseconds, rates a second."""
    load, total = run.load, total_of(run.rounds)
    seconds = sum(one.seconds for one in run.rounds)
    return {
        "idis_bench": FORMAT,
        "target": run.target.text,
        "transport": load.transport.value,
        "mode": "closed" if load.rate is None else "open",
        "settings": load.line(),
        "load": load.document(),
        "keys": run.keys,
        "generator": "compiled" if COMPILED else "plain",
        "machine": machine_line(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(run.started)),
        "objections": objections(load, run.rounds) + failures(load.transport, run.rounds),
        "remarks": remarks(load, run.rounds),
        "total": figures_of(load, total, seconds, list(run.rounds)),
        "rounds": [figures_of(load, one.tally, one.seconds, [one]) for one in run.rounds],
        "first_pass": None if run.learnt is None else _first_pass(run.learnt, load),
        "tiers": None if run.split is None else asdict(run.split),
        "series": series_of(total),
        "seconds": series_of(total, whole_seconds=True),
        "histograms": {
            "response": total.response.sparse(),
            "service": total.service.sparse(),
            "slip": total.slip.sparse(),
        },
    }


def total_of(rounds: Sequence[Round]) -> Tally:
    """All rounds added up; the rounds stay as they are."""
    first = rounds[0].tally
    total = Tally(first.interval_ns, first.intervals, processes=0)
    for one in rounds:
        total.add(one.tally)
    return total


def figures_of(load: Load, tally: Tally, seconds: float, rounds: Sequence[Round]) -> Document:
    """The figures of one round, or of several added up."""
    offered, answered = tally[Count.OFFERED], tally[Count.ANSWERED]
    server_s = [one.use.server_cpu_s for one in rounds if one.use.server_cpu_s is not None]
    foreign = [one.use.foreign for one in rounds if one.use.foreign is not None]
    return {
        "seconds": round(seconds, 3),
        "rate": round(answered / seconds, 1) if seconds else 0.0,
        "offered": offered,
        "sent": tally[Count.SENT],
        "answered": answered,
        "achieved": round(answered / offered, 6) if offered else 0.0,
        "timed_out": tally[Count.TIMED_OUT],
        "late": tally[Count.LATE],
        "lost": max(tally[Count.TIMED_OUT] - tally[Count.LATE], 0),
        "unsent": tally[Count.UNSENT],
        "held": tally[Count.HELD],
        "wrong_echo": tally[Count.WRONG_ECHO],
        "wrong_values": tally[Count.WRONG_DIGEST],
        "errors": {
            "connections_failed": tally[Count.CONNECT_FAILED],
            "lost_with_connection": tally[Count.BROKEN],
            "malformed": tally[Count.MALFORMED],
            "nobody_asked": tally[Count.STRAY],
            "send_failed": tally[Count.SEND_FAILED],
        },
        "codes": {code_name(load.transport, code): count for code, count in tally.code_counts().items()},
        "connections_made": tally[Count.CONNECTS],
        "response_us": levels_of(tally.response),
        "service_us": levels_of(tally.service),
        "slip_us": levels_of(tally.slip),
        "sent_octets_per_s": round(tally[Count.SENT_OCTETS] / seconds) if seconds else 0,
        "received_octets_per_s": round(tally[Count.RECEIVED_OCTETS] / seconds) if seconds else 0,
        "generator_busy": round(max(share for one in rounds for share in one.busy), 4),
        "server_cpu_us": round(sum(server_s) * 1e6 / answered, 3) if server_s and answered else None,
        "server_busy": round(sum(server_s) / seconds, 4) if server_s and seconds else None,
        "foreign": round(max(foreign), 4) if foreign else None,
    }


def levels_of(histogram: Histogram) -> dict[str, float]:
    """The usual percentiles in microseconds; empty when nothing was counted."""
    if not histogram.total:
        return {}
    values = dict(zip(LEVELS, histogram.percentiles(list(LEVELS.values())), strict=True))
    return {**{name: round(value / 1_000, 3) for name, value in values.items()}, "min": round(histogram.least / 1_000, 3)}


def series_of(tally: Tally, *, whole_seconds: bool = False) -> list[dict[str, float]]:
    """Response times over the time at which questions were due, one entry an interval or a second."""
    step = max(NS_PER_S // tally.interval_ns, 1) if whole_seconds else 1
    rows: list[dict[str, float]] = []
    for begin in range(0, tally.intervals, step):
        merged = Histogram(SERIES_DIGITS)
        for number in range(begin, min(begin + step, tally.intervals)):
            merged.merge(tally.interval(number))
        if count := merged.total:
            p50, p99, most = (round(value / 1_000, 1) for value in merged.percentiles([50, 99, 100]))
            at_s = round(begin * tally.interval_ns / NS_PER_S, 3)
            rows.append({"at_s": at_s, "count": count, "p50_us": p50, "p99_us": p99, "max_us": most})
    return rows


def code_name(transport: Transport, code: int) -> str:
    """The field's name of a response code; HTTP's are numbers."""
    if transport.dns:
        return dns.code_name(code)
    return response_code_name(code) if transport.binary else str(code)


def _first_pass(learnt: Learnt, load: Load) -> Mapping[str, object]:
    return {
        "asked": learnt.asked,
        "answered": learnt.answered,
        "compared": learnt.found,
        "decoded": learnt.decoded,
        "codes": {code_name(load.transport, code): count for code, count in learnt.codes.items()},
    }
