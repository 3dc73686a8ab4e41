"""`idis audit`: what was done on this node, by whom and from where; works beside the running node."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from idis.registry.audit.chain import Broken, check
from idis.registry.audit.line import AuditLine, Facts
from idis.registry.audit.trail import Wanted, lines, time_text
from idis.resolver.audit_export import export_rows
from idis.resolver.cli.data_directory import add_data_options, opened
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.shown import printable
from idis.resolver.cli.web_client import add_server_options, connected

LINES_DEFAULT = 50  # a screen
ROW_BYTES_MAX = 1_048_576  # of a file to check: far above what a line of the trail becomes in JSON
CHANGES_CHARACTERS_MAX = 100  # in a table; --json shows all
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AGO = re.compile(r"(\d{1,6})([smhd])")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    verb = verbs.add_parser("show", help="show the latest acts", description="Show the latest acts, the newest last.")
    _add_conditions(verb)
    verb.add_argument(
        "--limit", type=int, default=LINES_DEFAULT, metavar="N", help=f"at most so many, {LINES_DEFAULT} by default; 0: all"
    )
    add_data_options(verb)
    add_server_options(verb)
    verb.set_defaults(act=_show)
    line = "write acts as JSON lines, chained so that a cut shows"
    verb = verbs.add_parser("export", help=line, description=line[0].upper() + line[1:] + ".")
    _add_conditions(verb)
    verb.add_argument("--output", type=Path, metavar="FILE", help="a new file; default: standard output")
    add_data_options(verb)
    add_server_options(verb)
    verb.set_defaults(act=_export)
    line = "check that an export is whole and unchanged"
    verb = verbs.add_parser("check", help=line, description=line[0].upper() + line[1:] + ".")
    verb.add_argument("file", type=Path, metavar="FILE", help="as export wrote it")
    verb.add_argument("--json", action="store_true", help="print one JSON document")
    verb.set_defaults(act=_check)


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    code: int = arguments.act(arguments)
    return code


def wanted_of(arguments: argparse.Namespace, now: float) -> Wanted:
    """The conditions the arguments describe."""
    return Wanted(
        since_ms=_moment_ms(arguments.since, now),
        until_ms=_moment_ms(arguments.until, now),
        actor=arguments.actor,
        subject=arguments.subject,
        act=arguments.action,
        refused=arguments.refused,
    )


def changes(line: AuditLine) -> str:
    """What an act changed, in one line for people: `state: active → suspended`."""
    before, after = line.before, line.after
    if before is None or after is None:
        return _facts(after) if before is None else "was " + _facts(before)
    differing = (name for name in {**before, **after} if before.get(name) != after.get(name))
    return ", ".join(_change(name, before.get(name), after.get(name)) for name in differing)


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="from then on: 2026-01-31, 2026-01-31T08:00 (UTC), or 2h, 7d ago")
    parser.add_argument("--until", metavar="TIME", help="before then")
    parser.add_argument("--actor", default="", metavar="TEXT", help="part of who did it: an identifier, a token's id")
    parser.add_argument("--subject", default="", metavar="TEXT", help="what the subject begins with: a prefix, an identifier")
    parser.add_argument("--action", default="", metavar="VERB", help="as the table shows it: create, grant role …")
    parser.add_argument("--refused", action="store_true", help="only what was refused")


def _show(arguments: argparse.Namespace) -> int:
    wanted = wanted_of(arguments, time.time())
    if arguments.limit < 0:
        raise CommandError("--limit is not negative")
    if arguments.server:
        with connected(arguments) as node:
            found = list(node.items("audit", query=_query(wanted), most=arguments.limit))[::-1]
    else:
        with opened(arguments) as store:
            latest = islice(lines(store, wanted, newest_first=True), arguments.limit or None)
            found = [noted.to_json() for noted in latest][::-1]
    if arguments.json:
        for shown in found:
            print(json.dumps(shown, ensure_ascii=False))
        return ExitCode.DONE
    head = ("time", "who", "from", "act", "what", "code", "changes")
    print_table(head, [[printable(cell) for cell in _row(shown)] for shown in found])
    return ExitCode.DONE


def _row(shown: dict[str, Any]) -> tuple[str, ...]:
    facts = {name: fact for name, fact in shown.items() if name not in ("time", "position")}
    line = AuditLine(**facts)
    text = "; ".join(part for part in (changes(line), line.note) if part)
    cut = text if len(text) <= CHANGES_CHARACTERS_MAX else text[: CHANGES_CHARACTERS_MAX - 1] + "…"
    return (shown["time"], line.actor, line.origin, line.act, line.subject, str(line.code), cut)


def _query(wanted: Wanted) -> dict[str, str]:
    """The conditions in the words of /api/v1."""
    times = {"since": wanted.since_ms, "until": wanted.until_ms}
    query = {name: time_text(moment) for name, moment in times.items() if moment is not None}
    query |= {name: text for name in ("actor", "subject", "act") if (text := getattr(wanted, name))}
    return query | ({"refused": "true"} if wanted.refused else {})


def _export(arguments: argparse.Namespace) -> int:
    wanted = wanted_of(arguments, time.time())
    with _exported(arguments, wanted) as rows:
        return _keep(arguments, rows)


@contextmanager
def _exported(arguments: argparse.Namespace, wanted: Wanted) -> Iterator[Iterable[bytes]]:
    """The rows, asked of a node or read in the data directory."""
    if arguments.server:
        with connected(arguments) as node:
            yield (node.ask("GET", ("audit", "export"), query=_query(wanted)).body,)
    else:
        with opened(arguments) as store:
            yield export_rows(store, wanted, int(time.time() * 1000))


def _keep(arguments: argparse.Namespace, rows: Iterable[bytes]) -> int:
    if arguments.output is None:
        sys.stdout.buffer.writelines(rows)
        sys.stdout.buffer.flush()
        return ExitCode.DONE
    try:
        with arguments.output.open("xb") as file:
            file.writelines(rows)
    except FileExistsError:
        raise CommandError(f"{arguments.output} exists already and is not overwritten: name another file") from None
    except OSError as error:
        raise CommandError(f"{arguments.output} cannot be written: {error.strerror}") from None
    with arguments.output.open("rb") as file:
        result = check(_rows(file))
    if isinstance(result, Broken):
        why = f"row {result.row}: {result.fault}"
        raise CommandError(f"{arguments.output} is not whole, {why}: export it again", ExitCode.REFUSED)
    if arguments.json:
        print_json({"file": str(arguments.output), "lines": result.lines, "digest": result.digest})
    else:
        print(f"{arguments.output}: {result.lines} lines; keep this elsewhere, it proves them: {result.digest}")
    return ExitCode.DONE


def _check(arguments: argparse.Namespace) -> int:
    try:
        with arguments.file.open("rb") as file:
            result = check(_rows(file))
    except OSError as error:
        raise CommandError(f"{arguments.file} cannot be read: {error.strerror}") from None
    if isinstance(result, Broken):
        if arguments.json:
            print_json({"file": str(arguments.file), "whole": False, "row": result.row, "fault": result.fault})
        else:
            print(f"{arguments.file} is not whole: row {result.row}: {result.fault}")
        return ExitCode.REFUSED
    if arguments.json:
        head = dict(result.head)
        print_json({"file": str(arguments.file), "whole": True, "lines": result.lines, "digest": result.digest, "head": head})
    else:
        print(f"{arguments.file} is whole: {result.lines} lines, {result.digest}")
    return ExitCode.DONE


def _rows(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.readline, ROW_BYTES_MAX), b"")


def _moment_ms(text: str | None, now: float) -> int | None:
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return int((now - int(ago[1]) * _UNITS_S[ago[2]]) * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time: write 2026-01-31, 2026-01-31T08:00 or 2h, 7d for so long ago") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _change(name: str, before: object, after: object) -> str:
    if name == "values" and isinstance(before, list) and isinstance(after, list):
        held, holds = ({index: rest for index, *rest in values} for values in (before, after))
        indexes = sorted(held.keys() | holds.keys())
        signs = ("+" if index not in held else "-" if index not in holds else "~" for index in indexes)
        pairs = zip(signs, indexes, strict=True)
        return "values " + " ".join(f"{sign}{index}" for sign, index in pairs if held.get(index) != holds.get(index))
    return f"{name}: {_fact(before)} → {_fact(after)}"


def _facts(facts: Facts | None) -> str:
    return ", ".join(f"{name}: {_fact(fact)}" for name, fact in (facts or {}).items() if fact not in ("", [], None))


def _fact(fact: object) -> str:
    match fact:
        case None | "" | []:
            return "–"
        case list() if all(isinstance(item, str) for item in fact):
            return " ".join(fact)
        case list():
            return f"{len(fact)} values"
        case _:
            return str(fact)
