"""`idis capture FILE…`: take in events, into a data directory or a running node; nothing of a bad file, unless told to go on."""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from idis.proto.identifier import fold
from idis.registry.caller import tool
from idis.registry.store.directory import user_name
from idis.registry.trace.capture import Behaviour, Captured, capture
from idis.registry.trace.event_problem import Problem
from idis.registry.trace.teller import teller_of
from idis.resolver.cli.data_directory import add_data_options, insist, opened
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.web_client import add_server_options, connected

FILE_BYTES_MAX = 64 * 1_048_576  # as the REST interface takes
SHOWN_MAX = 20  # problems of one file; --json has more

_EPCIS = "/epcis/v2"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="an EPCISDocument, EPCISQueryDocument or one event")
    parser.add_argument("--proceed", action="store_true", help="keep the good events of a file that has bad ones, too")
    parser.add_argument("--holder", metavar="PREFIX", help="in whose name they are told; default: the node's first prefix")
    add_server_options(parser)
    add_data_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take in each file; 1 when anything was refused."""
    for file in arguments.files:
        if not file.is_file():
            raise CommandError(f"{file} is no file: capture takes EPCIS 2.0 documents in JSON")
    told = [_capture(arguments, file) for file in arguments.files]
    if arguments.json:
        print_json(told)
    else:
        for one in told:
            _show(one)
    return ExitCode.DONE if all(one["success"] for one in told) else ExitCode.REFUSED


def _capture(arguments: argparse.Namespace, file: Path) -> dict[str, Any]:
    behaviour = Behaviour.PROCEED if arguments.proceed else Behaviour.ROLLBACK
    if arguments.server is not None:
        return _send(arguments, file, behaviour)
    with opened(arguments) as store:
        with store.read() as txn:
            teller = insist(teller_of(txn, tool(user_name()), fold(arguments.holder or "")))
        captured = capture(store, partial(_open, file), teller, behaviour, int(time.time() * 1_000))
    return {
        "file": str(file),
        "success": captured.success,
        "events": _counts(captured),
        "errors": [_problem(problem) for problem in captured.problems],
    }


def _send(arguments: argparse.Namespace, file: Path, behaviour: Behaviour) -> dict[str, Any]:
    if arguments.holder:
        raise CommandError("--holder goes with --data: to a running node events are told in the name of its token's prefix")
    if file.stat().st_size > FILE_BYTES_MAX:
        raise CommandError(f"{file} has more than {FILE_BYTES_MAX} octets, which is the most a node takes: split it")
    more = {"GS1-Capture-Error-Behaviour": behaviour.value}
    with connected(arguments) as client:
        job = client.ask("POST", ("capture",), body=file.read_bytes(), base=_EPCIS, more=more).document
    return {"file": str(file), **{name: job[name] for name in ("success", "events", "errors", "captureID")}}


def _open(file: Path) -> BinaryIO:
    return file.open("rb")


def _counts(captured: Captured) -> dict[str, int]:
    return {
        "received": captured.events,
        "stored": captured.new,
        "known": captured.known,
        "refused": captured.refused,
        "warned": captured.warnings,
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {"title": problem.rule, "detail": problem.message, "pointer": problem.pointer}


def _show(told: dict[str, Any]) -> None:
    counts = told["events"]
    known = f", {counts['known']:,} known before" if counts["known"] else ""
    refused = f", {counts['refused']:,} refused" if counts["refused"] else ""
    print(f"{told['file']}: {counts['stored']:,} of {counts['received']:,} events stored{known}{refused}")
    for error in told["errors"][:SHOWN_MAX]:
        print(f"  {error['pointer'] or '/'}: {error['detail']}")
    if len(told["errors"]) > SHOWN_MAX:
        print(f"  … and {len(told['errors']) - SHOWN_MAX:,} more: --json lists them")
