"""`idis dock`: is this part right for this order and this product, and it was built in; asked of a running node."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.shown import printable
from idis.resolver.cli.web_client import add_server_options, connected

EPILOG = """\
Exit status 0 only when every part matches its order and its product; 1 otherwise, so that a station can be gated by it.
A part that does not match is not built in, and its reasons are printed below it.
"""
_WORDS = {"yes": "matches", "no": "does not match", "unknown": "not comparable"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    check = _verb(verbs, "check", "order match 订单一致性 and product match 产品一致性 before assembly")
    check.set_defaults(path="check")
    built = _verb(verbs, "built", "the same, and what matches was installed 装机")
    built.add_argument("--at", metavar="TIME", help="when, with offset, as 2026-03-02T09:30:00+08:00; default: now")
    built.add_argument("--station", default="", metavar="NUMBER", help="at which station")
    built.set_defaults(path="as-built")


def _verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, line: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
    verb.add_argument("whole", metavar="PRODUCT", help="what the parts are to become part of")
    verb.add_argument("parts", metavar="PART", nargs="+", help="the parts as scanned")
    verb.add_argument("--order", default="", metavar="NUMBER", help="the order the product is built for")
    verb.add_argument("--wanted", action="append", default=[], metavar="PARTNO", help="a part number of the order; repeatable")
    add_server_options(verb)
    verb.add_argument("--json", action="store_true", help="print JSON")
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Ask the node."""
    if not arguments.server:
        raise CommandError("which node? Name it with --server URL")
    body: dict[str, Any] = {
        "whole": arguments.whole,
        "parts": arguments.parts,
        "order": arguments.order,
        "wanted": arguments.wanted,
    }
    if arguments.path == "as-built":
        body |= {"at": arguments.at or datetime.now().astimezone().isoformat(timespec="seconds"), "station": arguments.station}
    with connected(arguments) as client:
        found = client.change("POST", "docking", arguments.path, body=body)
    if arguments.json:
        print_json(found)
    else:
        _print(found)
    return ExitCode.DONE if found["verdict"] == "allow" else ExitCode.REFUSED


def _print(found: Any) -> None:
    for item in found["items"]:
        state = f"order {_WORDS[item['orderMatch']]}, product {_WORDS[item['productMatch']]}"
        built = " (installed)" if item["eventID"] else " (was installed before)" if item["joined"] else ""
        print(f"{item['verdict'].upper():5}  {printable(item['part'])}: {state}{built}")
        for doubt in item["doubts"]:
            print(f"       {doubt['about']}: {printable(doubt['text'])}")
