"""`idis health HOST:HTTPPORT`: ask a running node how it is."""

from __future__ import annotations

import argparse
import http.client
import time
from collections.abc import Iterator

from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.config import DEFAULT_HTTP_PORT
from idis.resolver.config_load import host_and_port

TIMEOUT_S = 3.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    default = f"127.0.0.1:{DEFAULT_HTTP_PORT}"
    line = f"HTTP address, {default} by default"
    parser.add_argument("address", nargs="?", default=default, metavar="HOST:HTTPPORT", help=line)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print one line; 0 ready, 1 not ready, 3 nobody answered."""
    try:
        host, port = host_and_port(arguments.address)
    except ValueError as error:
        raise CommandError(f"{arguments.address!r} is no HTTP address: {error}") from None
    status, facts = _ask(host, port, arguments.address)
    if arguments.json:
        print_json(facts)
    else:
        state = "ready" if facts.get("ready") else f"not ready: {facts.get('reason', f'HTTP {status}')}"
        who = f"{facts.get('name', arguments.address)} ({facts.get('tier', '?')}, idis {facts.get('version', '?')})"
        path = f"; {facts['step']} step, answers from the {facts['source']}" if facts.get("step") else ""
        print(f"{who} {state}, {facts.get('records', 0)} records{path}")
        for line in _warnings(facts.get("statuses_ending")):
            print(f"warning: {line}")
    return ExitCode.DONE if facts.get("ready") else ExitCode.REFUSED


def _warnings(ending: object) -> Iterator[str]:
    """What the operator must do soon."""
    for one in ending if isinstance(ending, list) else ():
        prefix, until = str(one["prefix"]), int(one["until"])
        word = "ends at" if until > time.time() else "has ended at"
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(until))
        yield f"the status of {prefix} {word} {moment}: say it again with 'idis key status {prefix} --issuer KEY'"


def _ask(host: str, port: int, address: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        facts = read_json(answer.read())
    except OSError as error:
        raise CommandError(f"nobody answers at {address}: {error.strerror or error}", ExitCode.NETWORK) from None
    except (http.client.HTTPException, ValueError):
        raise CommandError(f"what answers at {address} is no idis node's HTTP port", ExitCode.NETWORK) from None
    finally:
        connection.close()
    if not isinstance(facts, dict):
        raise CommandError(f"what answers at {address} is no idis node's HTTP port", ExitCode.NETWORK)
    return answer.status, facts
