"""`idis bench`: measure a running server, ours or any of the Handle protocol, so that the figures can be believed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from idis.bench.asking.dns import DnsAnswerError
from idis.bench.asking.identifiers import Asked
from idis.bench.asking.load import Load, LoadError, Target, target_of
from idis.bench.asking.sample import sample_rows
from idis.bench.asking.tally import Count
from idis.bench.measuring.first_pass import FirstPassError
from idis.bench.measuring.knee import QUESTIONS_MIN, Knee, Probe, find_knee
from idis.bench.measuring.measure import Measurement
from idis.bench.measuring.observe import exists
from idis.bench.options import FIRST_RATE, add_options, asked_of, load_of
from idis.bench.report import compare, export, figures, text
from idis.bench.report.verdict import BUSY_MAX, SLIP_US_P99_MAX
from idis.resolver.cli.output import CommandError, ExitCode

TRIES = 2  # of a rate before it counts as failed

USAGE = """\
idis bench HOST:PORT (--ids FILE | --map FILE | --sample N --prefix P) (--rate R | --closed | --find-rate --p99-us N) …
       idis bench compare HOST:PORT HOST:PORT … (the same options)
       idis bench compare A.json B.json
       idis bench rows --sample N --prefix P > FILE      (records for 'idis import')"""

EPILOG = """\
With --rate, questions leave at times fixed beforehand, whatever the server does, and response times count from then:
a stall shows in every question it delayed. With --closed each connection asks anew as soon as it has an answer. A run
in which the generator may have measured itself says so. Exit codes: 0 done, 1 answers were wrong or, with --strict, the
run may not be believed, 2 usage, 3 nothing was answered. --json, --csv and --html take '-' for standard output."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.usage, parser.epilog = USAGE, EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("words", nargs="+", metavar="HOST:PORT", help="the server; or 'compare' and several, or two JSON files")
    add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, compare, or write the sample's records."""
    first, *rest = arguments.words
    for path in filter(None, (arguments.json, arguments.csv, arguments.hgrm, arguments.html)):
        export.insist_on_folder(path)
    try:
        if first == "compare":
            return _compare(arguments, rest)
        if rest:
            raise CommandError(f"one server at a time, or: idis bench compare {' '.join(arguments.words)}")
        if first == "rows":
            return _write_rows(arguments)
        if arguments.find_rate:
            return _find_rate(arguments, target_of(first))
        return _measure(arguments, target_of(first))
    except LoadError as error:
        raise CommandError(str(error)) from None
    except (FirstPassError, DnsAnswerError) as error:
        raise CommandError(str(error), ExitCode.REFUSED) from None
    except BrokenPipeError:
        raise  # the reader of our output has gone
    except OSError as error:
        raise CommandError(f"the measurement cannot go on: {error.strerror or error}", ExitCode.NETWORK) from None


# The four things it does


def _measure(arguments: argparse.Namespace, target: Target) -> int:
    measurement = _measurement(arguments, load_of(arguments), target, asked_of(arguments))
    for _ in range(measurement.load.rounds):
        measurement.run_round()
    document = figures.document_of(measurement.finish())
    if export.STANDARD_OUTPUT not in (arguments.json, arguments.csv, arguments.html):
        print("\n".join(text.report(document)))
    _export(arguments, document)
    return _exit_code(arguments, [document])


def _compare(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    if len(words) < 2:
        raise CommandError("name two servers or two JSON files: idis bench compare A B")
    paired = not all(word.endswith(".json") for word in words)
    if paired:
        documents = _measure_in_turn(arguments, words)
    elif len(words) == 2:
        documents = [export.read_json(Path(word)) for word in words]
    else:
        raise CommandError("two files at a time")
    names = list(words) if len(set(words)) == len(words) else [f"{place}: {word}" for place, word in enumerate(words, 1)]
    pairs = [
        compare.Pair((names[one], names[other]), documents[one], documents[other], paired)
        for one, other in combinations(range(len(documents)), 2)
    ]
    if arguments.json != export.STANDARD_OUTPUT:
        for pair in pairs:
            print("\n".join(compare.report(pair)) + "\n")
    if arguments.json:
        comparisons = [compare.document_of(pair) for pair in pairs]
        export.write_json({"runs": documents if paired else [], "comparisons": comparisons}, arguments.json)
    return _exit_code(arguments, documents)


def _measure_in_turn(arguments: argparse.Namespace, words: Sequence[str]) -> list[figures.Document]:
    load, asked = load_of(arguments), asked_of(arguments)
    if arguments.pid is not None:
        raise CommandError("--pid belongs to one server; leave it out of a comparison")
    measurements = [_measurement(arguments, load, target_of(word), asked) for word in words]
    compare.run_in_turn(measurements, load.seed)
    return [figures.document_of(measurement.finish()) for measurement in measurements]


def _find_rate(arguments: argparse.Namespace, target: Target) -> int:
    if arguments.p99_us is None:
        raise CommandError("--find-rate needs an objective: --p99-us N")
    if not 0 < arguments.p99_us <= arguments.timeout_ms * 1_000:
        raise CommandError("--p99-us: more than 0, at most --timeout-ms")
    asked, start = asked_of(arguments), FIRST_RATE if arguments.rate is None else arguments.rate
    load = replace(load_of(arguments, rate=start), rounds=1)

    def try_rate(rate: float) -> Probe:
        measurement = _measurement(arguments, replace(load, rate=rate), target, asked, quiet=True)
        probe = _probe(measurement, rate, arguments.p99_us)
        verdict = "holds" if probe.holds else f"fails: {probe.reason}"
        _notice(f"{rate:>12,.0f}/s  p99 {text.micros(probe.p99_us):>9}  answered {probe.achieved:7.2%}  {verdict}")
        return probe

    knee = find_knee(try_rate, start, least=QUESTIONS_MIN / load.measured_s, again=TRIES)
    if arguments.json:
        export.write_json(_knee_document(target, knee, arguments.p99_us), arguments.json)
    if arguments.json != export.STANDARD_OUTPUT:
        print(_knee_line(target, knee, arguments.p99_us))
    return ExitCode.DONE if knee.best is not None else ExitCode.REFUSED


def _write_rows(arguments: argparse.Namespace) -> int:
    asked_of(arguments)
    if not arguments.sample:
        raise CommandError("name how many: idis bench rows --sample N --prefix P")
    for row in sample_rows(arguments.prefix, arguments.sample):
        sys.stdout.write(row + "\n")
    return ExitCode.DONE


def _measurement(arguments: argparse.Namespace, load: Load, target: Target, asked: Asked, *, quiet: bool = False) -> Measurement:
    if arguments.pid is not None and not exists(arguments.pid):
        raise CommandError(f"--pid: there is no process {arguments.pid} here")
    return Measurement(
        load,
        target,
        asked,
        server=arguments.pid,
        verify=arguments.verify and not quiet,
        explained=0 if quiet else arguments.explain,
        notice=(lambda line: None) if quiet else _notice,
    )


# Results


def _probe(measurement: Measurement, rate: float, p99_us: float) -> Probe:
    finished = measurement.run_round()
    tally = finished.tally
    offered, answered = tally[Count.OFFERED], tally[Count.ANSWERED]
    found_us = tally.response.percentile(99) / 1_000
    achieved = answered / offered if offered else 0.0
    slip_us = tally.slip.percentile(99) / 1_000
    tired = max(finished.busy) > BUSY_MAX or slip_us > SLIP_US_P99_MAX
    if tally.wrong:
        reason = f"{tally.wrong} wrong"
    elif answered < offered or not answered:
        reason = f"{offered - answered} not answered"
    elif found_us > p99_us:
        reason = "p99 over the objective"
    else:
        reason = ""
    return Probe(rate, found_us, achieved, not reason, bool(reason) and tired, reason)


def _knee_line(target: Target, knee: Knee, p99_us: float) -> str:
    objective = f"p99 of {text.micros(p99_us)}"
    if knee.best is None:
        return f"{target.text} keeps a {objective} at no rate that was tried"
    line = f"{target.text} keeps a {objective} up to {knee.best.rate:,.0f}/s (there {text.micros(knee.best.p99_us)})"
    return line + ("; beyond that the generator, not the server, is the limit" if knee.ended_by_generator else "")


def _knee_document(target: Target, knee: Knee, p99_us: float) -> dict[str, Any]:
    return {
        "target": target.text,
        "p99_us_objective": p99_us,
        "rate": None if knee.best is None else knee.best.rate,
        "ended_by_generator": knee.ended_by_generator,
        "probes": [
            {"rate": one.rate, "p99_us": one.p99_us, "achieved": one.achieved, "holds": one.holds, "reason": one.reason}
            for one in knee.probes
        ],
    }


def _export(arguments: argparse.Namespace, document: figures.Document) -> None:
    writers: tuple[tuple[str | None, Callable[[figures.Document, str], None]], ...] = (
        (arguments.json, export.write_json),
        (arguments.csv, export.write_csv),
        (arguments.hgrm, export.write_hgrm),
        (arguments.html, export.write_page),
    )
    for path, write in writers:
        if path:
            write(document, path)


def _exit_code(arguments: argparse.Namespace, documents: Sequence[figures.Document]) -> int:
    totals = [document["total"] for document in documents]
    if not all(total["answered"] for total in totals):
        return ExitCode.NETWORK
    if any(total["wrong_echo"] or total["wrong_values"] for total in totals):
        return ExitCode.REFUSED
    if arguments.strict and any(document["objections"] for document in documents):
        return ExitCode.REFUSED
    return ExitCode.DONE


def _notice(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
