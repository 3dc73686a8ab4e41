"""`idis trace`: where a thing comes from, where it went, what a recall affects, asked of any node."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from idis.resolver.cli.key_options import add_key_options, key_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.terminal import Terminal
from idis.resolver.cli.trace_asking import (
    AGAIN_MS,
    Asker,
    ask_across,
    ask_here,
    asker_again,
    end_job,
    hand_pass,
    start_job,
    watch_job,
)
from idis.resolver.cli.trace_evidence import judge_evidence, verdict_lines, write_evidence
from idis.resolver.cli.trace_file import write_file
from idis.resolver.cli.trace_shown import SHOWN, Page
from idis.resolver.cli.web_client import WebClient, add_credentials, token_of
from idis.resolver.client_key import Key

SERVER = "http://127.0.0.1:8000"
SIGN_OF_LIFE_S = 0.5  # after which somebody at a terminal is told that he is not forgotten

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
        _add_form(verb)
        if name not in _HERE_ONLY:
            add_key_options(verb)
            verb.add_argument(
                "--purpose", default=name, metavar="TEXT", help="why you ask: every node that answers keeps it (%(default)s)"
            )
            verb.add_argument("--job", action="store_true", help="let it take its time: minutes, and half a million edges")
            verb.add_argument("--evidence", metavar="FILE", help="have every node sign what it answers, and keep that in a file")
    again = verbs.add_parser(
        "again",
        help="ask again for what an answer missed",
        description="Ask again for the branches that were missing, and for nothing else; the answer is merged with the first.",
    )
    again.add_argument("job", metavar="QUESTION", help="its name, as the answer that missed something said")
    _add_form(again)
    add_key_options(again)
    again.add_argument("--evidence", metavar="FILE", help="keep what nodes signed, where the question had it signed")
    verify = verbs.add_parser(
        "verify",
        help="whether a file of signed answers proves what it says",
        description="Check the signatures of a file that --evidence wrote, without any network.",
    )
    verify.add_argument("file", metavar="FILE", help="as --evidence wrote it")
    verify.add_argument("--anchors", metavar="FILE", help="public keys in PEM; no others are believed")
    verify.add_argument("--json", action="store_true", help="print the verdicts as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Ask, and show the answer. A branch that could not be followed is shown, and is no failure."""
    if arguments.verb == "verify":
        return _verify(arguments)
    key = None if arguments.verb in _HERE_ONLY else key_of(arguments)
    if key is None and arguments.verb not in _HERE_ONLY and (arguments.verb == "again" or arguments.job or arguments.evidence):
        raise CommandError("this is asked of all nodes: say who asks with --identity INDEX:IDENTIFIER and --key FILE")
    with _connected(arguments, key) as client, _sign_of_life(f"asking {arguments.server}") as life:
        answer = ask_here(client, arguments) if key is None else _ask(client, arguments, key, life)
    evidence = answer.pop("evidence", ())
    if key is not None and arguments.evidence:
        count = write_evidence(arguments.evidence, evidence)
        print(f"{count} signed answers written to {arguments.evidence}", file=sys.stderr)
    _show(arguments, answer)
    return ExitCode.DONE


def _connected(arguments: argparse.Namespace, key: Key | None) -> WebClient:
    """The client. Who signs a pass needs no token: that of the environment is for one node, and any node may be asked."""
    token = "" if key is not None and arguments.token_file is None else token_of(arguments.token_file)
    client = WebClient(arguments.server, token, arguments.ca)
    client.by_token = key is None
    return client


def _ask(client: WebClient, arguments: argparse.Namespace, key: Key, life: _Life) -> Any:
    if arguments.verb == "again":
        asker, _found = asker_again(client, arguments.job, key)
        return watch_job(client, asker, hand_pass(client, asker, arguments.job, AGAIN_MS), life.tell)
    asker = Asker.new(key, arguments.purpose)
    if not arguments.job:
        return ask_across(client, arguments, asker)
    job = start_job(client, arguments, asker)
    print(f"the question and its answer are kept for a day:\n  idis trace again {job['job']}", file=sys.stderr)
    try:
        return watch_job(client, asker, job, life.tell)
    except KeyboardInterrupt:
        end_job(client, job["job"])
        raise CommandError("ended: nothing was kept", ExitCode.REFUSED) from None


def _show(arguments: argparse.Namespace, answer: Any) -> None:
    verb = arguments.verb
    if verb == "again":
        verb = {"trace": "back"}.get(answer["question"], answer["question"])
    page = Page() if arguments.csv or arguments.xlsx else Page(Terminal.of(), arguments.all)
    shown = SHOWN[verb](answer, page)
    if arguments.json:
        print_json(answer)
        return
    if arguments.csv or arguments.xlsx:
        count = write_file(arguments.csv or arguments.xlsx, shown, sheet=arguments.csv is None)
        print(f"{count} rows written to {arguments.csv or arguments.xlsx}; {shown.extent[0]}")
    else:
        for line in shown.text:
            print(line)
    if answer.get("job") and not answer["extent"]["complete"]:
        print("for ten minutes, what is missing, and nothing else, is asked again by")
        print(f"  idis trace again {answer['job']}")


def _verify(arguments: argparse.Namespace) -> int:
    verdicts, pointings = judge_evidence(arguments.file, arguments.anchors)
    if arguments.json:
        print_json({"answers": list(map(dataclasses.asdict, verdicts)), "pointers": list(map(dataclasses.asdict, pointings))})
    else:
        for line in verdict_lines(verdicts, pointings, Terminal.of()):
            print(line)
    return ExitCode.DONE if all(one.good for one in verdicts) else ExitCode.REFUSED


def _add_form(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the answer as JSON")
    form.add_argument("--csv", metavar="FILE", help="write one row for each thing")
    form.add_argument("--xlsx", metavar="FILE", help="the same as a sheet")
    form.add_argument("--all", action="store_true", help="show every line of long lists and trees")
    parser.add_argument("--server", metavar="URL", default=SERVER, help="any node; %(default)s unless given")
    add_credentials(parser)


def _depth(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 32:
        raise argparse.ArgumentTypeError("a number from 1 to 32 is expected")
    return int(text)


class _Life:
    """What a question under way shows on a terminal."""

    def __init__(self, what: str) -> None:
        self._begun = time.monotonic()
        self._what = what

    @property
    def line(self) -> str:
        """How it stands."""
        return f"{self._what}, {time.monotonic() - self._begun:.0f} s"

    def tell(self, job: Any) -> None:
        """Take how it stands with a job."""
        waits = "; waits for a fresh pass" if job["waits"] else ""
        self._what = f"{job['things']:,} things over {job['edgesRead']:,} edges from {len(job['nodes'])} prefixes{waits}"


@contextmanager
def _sign_of_life(what: str) -> Iterator[_Life]:
    """Tell on a terminal how far a question has come, once it takes long."""
    life = _Life(what)
    if not sys.stderr.isatty():
        yield life
        return
    over = threading.Event()

    def tell() -> None:
        while not over.wait(SIGN_OF_LIFE_S):
            sys.stderr.write(f"\r\x1b[K{life.line}")
            sys.stderr.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield life
    finally:
        over.set()
        teller.join()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
