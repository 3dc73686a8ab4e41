"""`idis trace`: where a thing comes from, where it went, what a recall affects, asked of any node."""

from __future__ import annotations

import argparse
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from idis.proto.trace import PURPOSE_CHARACTERS_MAX, TRACE_ID_BYTES
from idis.resolver.cli.key_options import add_key_options, key_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.trace_file import write_file
from idis.resolver.cli.trace_shown import SHOWN
from idis.resolver.cli.web_client import WebClient, add_credentials, token_of
from idis.resolver.client_key import Key, KeyFileError

SERVER = "http://127.0.0.1:8000"
SIGN_OF_LIFE_S = 0.5  # after which somebody at a terminal is told that he is not forgotten
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

_ACTIONS = (
    ("back", "where a thing comes from, and what is in it"),
    ("forward", "what came of a thing, and what it is in"),
    ("recall", "what is affected when things are not as they should be"),
    ("common", "what failed things share"),
    ("relation", "whether one thing was in another, and when"),
    ("timeline", "all that happened to a thing"),
    ("gaps", "what is missing in what is known of a thing"),
    ("siblings", "what shares a lot, heat, station or welder with a thing"),
)
_HERE_ONLY = ("timeline", "gaps", "siblings")  # of the node that keeps the thing


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="QUESTION", required=True)
    for name, line in _ACTIONS:
        verb = verbs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        many = {"recall": "+", "common": "+"}.get(name)
        if name == "relation":
            verb.add_argument("things", nargs=2, metavar=("PART", "WHOLE"), help="identifiers or URIs")
        else:
            verb.add_argument("things", nargs=many or 1, metavar="ID", help="an identifier or a URI")
        if name not in ("gaps", "siblings"):
            verb.add_argument("--known-at", metavar="T", help="what was known then: 2026-03-02 or 2026-03-02T09:30:00+08:00")
            verb.add_argument("--as-of", metavar="T", help="the moment it is about, written likewise; of a time line its end")
        if name in ("back", "forward", "recall"):
            verb.add_argument("--depth", type=_depth, metavar="N", help="how many edges from the thing, at most 32")
        if name == "siblings":
            verb.add_argument("--by", default="lot", choices=("lot", "heat", "transformation", "station", "welder", "shift"))
        form = verb.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print the answer as JSON")
        form.add_argument("--csv", metavar="FILE", help="write one row for each thing")
        form.add_argument("--xlsx", metavar="FILE", help="the same as a sheet")
        verb.add_argument("--server", metavar="URL", default=SERVER, help="any node; %(default)s unless given")
        add_credentials(verb)
        if name not in _HERE_ONLY:
            add_key_options(verb)
            verb.add_argument(
                "--purpose", default=name, metavar="TEXT", help="why you ask: every node that answers keeps it (%(default)s)"
            )


def run(arguments: argparse.Namespace) -> int:
    """Ask, and show the answer. A branch that could not be followed is shown, and is no failure."""
    key = None if arguments.verb in _HERE_ONLY else key_of(arguments)
    client = WebClient(arguments.server, token_of(arguments.token_file), arguments.ca)
    with client, _sign_of_life(f"asking {arguments.server}"):
        answer = _ask_here(client, arguments) if key is None else _ask_across(client, arguments, key)
    shown = SHOWN[arguments.verb](answer)
    if arguments.json:
        print_json(answer)
    elif arguments.csv or arguments.xlsx:
        count = write_file(arguments.csv or arguments.xlsx, shown, sheet=arguments.csv is None)
        print(f"{count} rows written to {arguments.csv or arguments.xlsx}; {shown.extent[0]}")
    else:
        for line in shown.text:
            print(line)
    return ExitCode.DONE


def _ask_here(client: WebClient, arguments: argparse.Namespace) -> Any:
    """Ask one node about what it has, with a token."""
    things, verb = arguments.things, arguments.verb
    times = _times(arguments)
    match verb:
        case "back" | "forward":
            query = {"thing": things[0], "direction": verb, **times}
            return client.get("trace", **query, **({"depth": str(arguments.depth)} if arguments.depth else {}))
        case "recall":
            body = {"starts": [{"thing": thing} for thing in things], **times}
            return client.change("POST", "trace", "recall", body=body)
        case "common":
            return client.change("POST", "trace", "common", body={"failed": things, **times})
        case "relation":
            return client.get("trace", "relation", part=things[0], whole=things[1], **times)
        case "timeline":
            query = {{"asOf": "until"}.get(name, name): text for name, text in times.items()}
            return client.get("trace", "timeline", thing=things[0], **query)
        case "siblings":
            return client.get("trace", "siblings", thing=things[0], by=arguments.by)
        case _:
            return client.get("trace", verb, thing=things[0])


def _ask_across(client: WebClient, arguments: argparse.Namespace, key: Key) -> Any:
    """Ask all nodes that have a part of the answer, with a pass."""
    things, verb, purpose = arguments.things, arguments.verb, arguments.purpose
    if not 0 < len(purpose) <= PURPOSE_CHARACTERS_MAX or not purpose.isprintable():
        raise CommandError(f"--purpose is a short text, at most {PURPOSE_CHARACTERS_MAX} characters")
    trace_id = secrets.token_bytes(TRACE_ID_BYTES)
    try:
        shown = key.make_trace_pass(trace_id, purpose, int(time.time())).decode("ascii")
    except KeyFileError as error:
        raise CommandError(str(error)) from None
    body: dict[str, Any] = {"proof": {"trace": trace_id.hex(), "purpose": purpose, "pass": shown}, **_times(arguments)}
    if getattr(arguments, "depth", None):
        body["depth"] = arguments.depth
    match verb:
        case "back" | "forward":
            return _opened(client.change("POST", "trace", "across", body=body | {"thing": things[0], "direction": verb}), "trace")
        case "recall":
            starts = [{"thing": thing} for thing in things]
            return _opened(client.change("POST", "trace", "across", "recall", body=body | {"starts": starts}), "recall")
        case "common":
            return _opened(client.change("POST", "trace", "across", "common", body=body | {"failed": things}), "common")
        case _:
            body |= {"part": things[0], "whole": things[1]}
            return _opened(client.change("POST", "trace", "across", "relation", body=body), "relation")


def _opened(answer: Any, name: str) -> Any:
    """The answer, with who was asked beside it."""
    return answer.pop(name) | answer


def _times(arguments: argparse.Namespace) -> dict[str, str]:
    given = {"asOf": getattr(arguments, "as_of", None), "knownAt": getattr(arguments, "known_at", None)}
    # A day is meant to its end.
    return {name: f"{text}T23:59:59Z" if _DAY.fullmatch(text) else text for name, text in given.items() if text}


def _depth(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 32:
        raise argparse.ArgumentTypeError("a number from 1 to 32 is expected")
    return int(text)


@contextmanager
def _sign_of_life(what: str) -> Any:
    """Tell on a terminal how long a question has been under way, once it takes long."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    told: Callable[[str], int] = sys.stderr.write
    begun = time.monotonic()

    def tell() -> None:
        while not over.wait(SIGN_OF_LIFE_S):
            told(f"\r\x1b[K{what}: {time.monotonic() - begun:.0f} s")
            sys.stderr.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
        told("\r\x1b[K")
        sys.stderr.flush()
