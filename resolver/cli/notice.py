"""`idis notice`: tell those who hold what is affected, see who has it, acknowledge what one is told."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.shown import printable
from idis.resolver.cli.terminal import Piece, Style, Terminal
from idis.resolver.cli.trace_tree import moment_of
from idis.resolver.cli.web_client import add_server_options, connected

EPILOG = """\
A notice goes to the node of each addressee, again and again until it is there. Whoever a recall shows by a pseudonym is
reached by the contact handle (~…@prefix) that the answer names as holder:
  idis trace recall ID … --json | idis notice send --recall - --text "stop: check the weld" --server URL
"""
RECALL_BYTES_MAX = 64 * 1_048_576
THINGS_SENT_MAX = 500  # of one holder by name; the notice says how many there are
THINGS_SHOWN = 5  # of one holder
_INDENT = " " * 13  # behind the state
_GOOD = ("received", "acknowledged", "accepted", "closed")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    send = _verb(verbs, "send", "tell the holders of what is affected")
    to = send.add_mutually_exclusive_group(required=True)
    to.add_argument("--recall", metavar="FILE", help="every holder in this answer of 'idis trace recall --json'; - for a pipe")
    to.add_argument("--to", action="append", metavar="PREFIX", help="a prefix, or a contact handle; repeatable")
    send.add_argument("--thing", action="append", default=[], metavar="ID", help="an affected thing of theirs; repeatable")
    send.add_argument("--about", action="append", default=[], metavar="ID", help="what it began with; repeatable")
    _add_words(send)
    forward = _verb(verbs, "forward", "hand a received notice on; its sender learns how many have it")
    forward.add_argument("id", metavar="ID", help="of the received notice")
    forward.add_argument("--to", action="append", required=True, metavar="PREFIX", help="as of 'send'; repeatable")
    forward.add_argument("--thing", action="append", default=[], metavar="ID", help="as of 'send'; repeatable")
    _add_words(forward)
    listed = _verb(verbs, "list", "notices received, or sent")
    listed.add_argument("--sent", action="store_true", help="those sent from here")
    listed.add_argument("--prefix", metavar="PREFIX", help="of this prefix alone")
    listed.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most (%(default)s)")
    show = _verb(verbs, "show", "one notice, who has it, and what they say")
    show.add_argument("id", metavar="ID", help="as 'list' prints it")
    answer = _verb(verbs, "acknowledge", "say how it stands with a received notice")
    answer.add_argument("id", metavar="ID", help="as 'list' prints it")
    states = ("acknowledged", "accepted", "declined", "closed")
    answer.add_argument("--state", choices=states, default=states[0], help="what you say of it (%(default)s)")
    answer.add_argument("--words", default="", metavar="TEXT", help="to whoever sent it")


def run(arguments: argparse.Namespace) -> int:
    """Ask the node."""
    if not arguments.server:
        raise CommandError("which node? Name your own with --server URL")
    with connected(arguments) as client:
        match arguments.verb:
            case "list":
                box = "sent" if arguments.sent else "received"
                prefix = {"prefix": arguments.prefix} if arguments.prefix else {}
                found = client.get("notices", box=box, limit=str(arguments.limit), **prefix)
            case "show":
                found = client.get("notices", arguments.id)
            case "acknowledge":
                body = {"state": arguments.state, "words": arguments.words}
                found = client.change("POST", "notices", arguments.id, "acknowledge", body=body)
            case _:
                found = client.change("POST", "notices", body=_body(arguments))
    if arguments.json:
        print_json(found)
        return ExitCode.DONE
    terminal = Terminal.of()
    for line in _list(found, terminal) if arguments.verb == "list" else _notice(found, terminal):
        print(line)
    return ExitCode.DONE


def _verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, line: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
    add_server_options(verb)
    verb.add_argument("--json", action="store_true", help="print JSON")
    return verb


def _add_words(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--text", required=True, metavar="TEXT", help="what is the matter, and what to do")
    verb.add_argument("--kind", choices=("alert", "investigation", "recall", "report_8d"), default="recall", help="(%(default)s)")
    severities = ("minor", "major", "critical", "life_threatening")
    verb.add_argument("--severity", choices=severities, default="major", help="(%(default)s)")
    verb.add_argument("--sender", metavar="PREFIX", help="in whose name; your own unless given")


def _body(arguments: argparse.Namespace) -> dict[str, Any]:
    body: dict[str, Any] = {"text": arguments.text, "kind": arguments.kind, "severity": arguments.severity}
    if arguments.sender:
        body["sender"] = arguments.sender
    if arguments.verb == "forward":
        body["relates"] = arguments.id
    if arguments.verb == "send":
        body["about"] = arguments.about
        if arguments.recall is not None:
            return body | {"to": _addressees(_read(arguments.recall))}
    return body | {"to": [{"to": one, "things": arguments.thing} for one in arguments.to]}


def _addressees(recall: Any) -> list[dict[str, Any]]:
    """Each holder of a recall with what is affected of his."""
    things: dict[str, list[str]] = {}
    for one in recall["affected"]:
        things.setdefault(one["holder"], []).append(one["thing"])
    unknown = len(things.pop("", ()))
    if unknown:
        print(f"nobody is known to hold {unknown:,} of the affected things: they are in no notice", file=sys.stderr)
    if not things:
        raise CommandError("this recall reaches no holder who could be told")
    return [{"to": holder, "things": held[:THINGS_SENT_MAX], "count": len(held)} for holder, held in things.items()]


def _read(name: str) -> Any:
    try:
        if name == "-":
            octets = sys.stdin.buffer.read(RECALL_BYTES_MAX)
        else:
            with open(name, "rb") as file:
                octets = file.read(RECALL_BYTES_MAX)
        found = read_json(octets)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror or error}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("affected"), list):
        raise CommandError(f"{name} is no answer of 'idis trace recall --json'")
    return found


def _list(page: Any, terminal: Terminal) -> list[str]:
    if not page["notices"]:
        return ["no notices"]
    lines = []
    for one in page["notices"]:
        sent = one["box"] == "sent"
        who = f"to {', '.join(other['to'] for other in one['to'])}: {_counts(one)}" if sent else f"from {one['sender']}"
        state = "" if sent else f", {one['to'][0]['state']}"
        made = [Piece(moment_of(one["made"][:16]), Style.FAINT)]
        lines.append(terminal.line(Piece(one["id"], Style.NAME), Piece(f"  {one['kind']}, {one['severity']}{state}"), right=made))
        lines += terminal.text(printable(f"  {who}"), indent="    ")
        lines.append(terminal.line(Piece(printable(f"  {one['text']}"))))
    return lines + (["… there are more: --limit N shows them"] if page["cursor"] else [])


def _notice(one: Any, terminal: Terminal) -> list[str]:
    whose = f"from {one['sender']} to {one['prefix']}" if one["box"] == "received" else f"from {one['prefix']}"
    title = Piece(printable(f"{one['kind']}, {one['severity']}, {whose}"), Style.NAME)
    lines = [terminal.line(title, right=[Piece(moment_of(one["made"][:16]), Style.FAINT)])]
    lines += terminal.text(printable(one["text"]))
    lines += terminal.text(printable(f"about {', '.join(one['about'])}"), Style.FAINT) if one["about"] else []
    lines.append("")
    for other in one["to"]:
        further = f"; further on {other['reached']} have it, {other['acknowledged']} acknowledged" if other["reached"] else ""
        style = Style.GOOD if other["state"] in _GOOD else Style.DOUBT
        since = moment_of((other["since"] or "")[:16])
        lines.append(
            terminal.line(
                Piece(f"{other['state']:12} ", style),
                Piece(printable(other["to"]), Style.NAME),
                Piece(printable(f"  {other['count']} affected{further}")),
                right=[Piece(since, Style.FAINT)],
            )
        )
        named = ", ".join(other["things"][:THINGS_SHOWN]) + (" …" if other["count"] > THINGS_SHOWN else "")
        for text in (named if other["things"] else "", f"“{other['words']}”" if other["words"] else "", other["error"]):
            lines += terminal.text(printable(f"{_INDENT}{text}"), Style.FAINT, indent=_INDENT) if text else []
    onward = [f"handed on as {notice}" for notice in one["onward"]]
    return [*lines, "", *([_counts(one)] if one["box"] == "sent" else onward), f"notice {one['id']}"]


def _counts(one: Any) -> str:
    return f"{one['told']} told, {one['reached']} have it, {one['acknowledged']} acknowledged"
