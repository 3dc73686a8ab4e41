"""`idis detect`: what a scanned or pasted text is, whether its check digit is right, and who would be asked for it."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence

from idis.proto.any_name import any_name
from idis.proto.detect import GS1_HOSTS, readings_of, trouble_of
from idis.proto.schemes.personal import SCHEME as PERSONAL
from idis.proto.schemes.recognised import NUMBER_CHARACTERS_MAX, Confidence, Recognised
from idis.proto.schemes.recognisers import RECOGNISERS
from idis.proto.schemes.surroundings import Surroundings
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.shown import printable

STANDARD_INPUT = "-"
TIMEOUT_S = 2.0
_HANDLES = ("idis", "handle", "doi")  # asked for as they are

Where = dict[str, object]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="a scan, a number, a URL")
    parser.add_argument("--file", metavar="F", help="one text on each line; - is standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object; an array for several texts, one a line with --file")
    parser.add_argument("--all", action="store_true", help="every reading, not the first alone")
    parser.add_argument(
        "--own-host", action="append", default=[], metavar="HOST", help="a host whose paths are identifiers; may be repeated"
    )
    parser.add_argument("--year", type=int, default=0, metavar="Y", help="read dates as in this year (default: the present one)")
    parser.add_argument("--server", metavar="HOST:PORT", help="ask this node who would answer")


def run(arguments: argparse.Namespace) -> int:
    """Read every text; exit code 1 when one of them is nothing, or fails its check."""
    if bool(arguments.texts) == bool(arguments.file):
        raise CommandError("give texts, or --file with one on each line")
    if arguments.file and arguments.server:
        raise CommandError("--server goes with texts, not with --file")
    own_hosts = frozenset(host.lower() for host in arguments.own_host)
    around = Surroundings(arguments.year or time.localtime().tm_year, own_hosts, GS1_HOSTS | own_hosts)
    if arguments.file:
        return _run_file(arguments, around)
    found = [readings_of(text, around) for text in arguments.texts]
    wheres = asyncio.run(_ask(arguments.server, arguments.texts, found)) if arguments.server else [None] * len(found)
    if arguments.json:
        documents = [_document(*told) for told in zip(arguments.texts, found, wheres, strict=True)]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for number, (text, readings, where) in enumerate(zip(arguments.texts, found, wheres, strict=True)):
            if number:
                print()
            _print(text, readings, where, arguments.all)
    known = [where is not None and where.get("registered") is True for where in wheres]
    right = all(known or _right(readings) for known, readings in zip(known, found, strict=True))
    return ExitCode.DONE if right else ExitCode.REFUSED


def _run_file(arguments: argparse.Namespace, around: Surroundings) -> int:
    """One line of output for each line of input."""
    right = True
    for text in _lines(arguments.file):
        readings = readings_of(text, around)
        right = right and _right(readings)
        if arguments.json:
            print(json.dumps(_document(text, readings, None), ensure_ascii=False))
        else:
            print(_line(text, readings))
    return ExitCode.DONE if right else ExitCode.REFUSED


def _lines(name: str) -> Iterator[str]:
    try:
        with open(0 if name == STANDARD_INPUT else name, encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
            for line in lines:
                yield line.rstrip("\r\n")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror or error}") from None


def _right(readings: Sequence[Recognised]) -> bool:
    return bool(readings) and readings[0].ok


# Who would be asked


async def _ask(server: str, texts: Sequence[str], found: Sequence[Sequence[Recognised]]) -> list[Where | None]:
    """What the node says about each text; None where nothing can be asked."""
    from idis.resolver.client import Client
    from idis.resolver.client_reply import ClientError

    try:
        client = Client(server, transport="auto", timeout_s=TIMEOUT_S)
    except ClientError as error:
        raise CommandError(f"{error}: write HOST:PORT") from None
    wheres: list[Where | None] = []
    async with client:
        for text, readings in zip(texts, found, strict=True):
            if (asked := _asked(text, readings)) is None:
                wheres.append(None)
                continue
            handle, spelling = asked
            try:
                reply = await client.resolve(spelling, explain=True)
            except ClientError as error:
                wheres.append({"asked": handle, "error": str(error)})
                continue
            told = reply.explanation
            by = told.hops[-1].server if told is not None and told.hops else reply.server
            wheres.append({"asked": handle, "registered": reply.found, "codeName": reply.code_name, "answeredBy": by})
    return wheres


def _asked(text: str, readings: Sequence[Recognised]) -> tuple[str, str] | None:
    """What is asked about, and the handle that carries it: the surest reading; where none is sure, the text as it is.

    A node may have a record with it as its local number, which no grammar knows.
    """
    sure = [reading for reading in readings if reading.ok and reading.confidence is not Confidence.POSSIBLE]
    if sure:
        first = sure[0]
        handle = first.canonical if first.scheme in _HANDLES else f"{first.scheme}:{first.canonical}"
        return handle, handle if first.scheme in _HANDLES else any_name(handle)
    number = text.strip()
    if not number.isprintable() or not 0 < len(number) <= NUMBER_CHARACTERS_MAX or (readings and readings[0].scheme == PERSONAL):
        return None
    return number, any_name(number)


# For people


def _print(text: str, readings: Sequence[Recognised], where: Where | None, every: bool) -> None:
    if not readings:
        known = where is not None and where.get("registered") is True
        print(f"{printable(text)}: {'a number that the node knows, of no known scheme' if known else trouble_of(text)}")
        if where is not None:
            print(f"  asked      {_told(where)}")
        return
    for number, reading in enumerate(readings if every else readings[:1]):
        if number:
            print()
        _print_reading(reading)
    if not every and len(readings) > 1:
        others = ", ".join(dict.fromkeys(f"{other.scheme} {printable(other.canonical)}" for other in readings[1:]))
        print(f"  or         {others}")
    if where is not None:
        print(f"  asked      {_told(where)}")


def _print_reading(reading: Recognised) -> None:
    if reading.scheme == PERSONAL:
        print(f"{reading.display}: {reading.why}")
        return
    known = RECOGNISERS.get(reading.scheme)
    print(f"{printable(reading.canonical)}  {reading.scheme}{f' ({known.title})' if known else ''}")
    facts = [
        ("shown as", reading.display if reading.display != reading.canonical else ""),
        ("names", f"{reading.granularity.value}, {reading.confidence.value}"),
        ("check", ", ".join(f"{check.name} {'right' if check.ok else _wrong(check.expected)}" for check in reading.checks)),
        ("above", "  ".join(reading.levels[1:])),
        ("routed by", f"{reading.route.type} {reading.route.key}" if reading.route else ""),
        ("with", "  ".join(f"{name}={value}" for name, value in reading.attributes)),
        ("why", reading.why),
        *(("note", warning) for warning in reading.warnings),
        *(("perhaps", suggestion) for suggestion in reading.suggestions),
    ]
    for name, fact in facts:
        if fact:
            print(f"  {name:10} {printable(fact)}")


def _wrong(expected: str) -> str:
    return f"wrong: {expected} would be right" if expected else "wrong"


def _told(where: Where) -> str:
    if "error" in where:
        return f"no answer about {where['asked']}: {where['error']}"
    return f"{where['codeName']} from {where['answeredBy']} for {printable(str(where['asked']))}"


def _line(text: str, readings: Sequence[Recognised]) -> str:
    if not readings:
        return f"{printable(text)}\t-\t-\t{trouble_of(text)}"
    first = readings[0]
    said = "" if first.scheme == PERSONAL else printable(text)
    notes = "; ".join((*first.warnings, *first.suggestions))
    verdict = notes or "refused" if not first.ok else f"{first.confidence.value}; {notes}" if notes else first.confidence.value
    return f"{said}\t{first.scheme}\t{printable(first.canonical)}\t{printable(verdict)}"


# For programs


def _document(text: str, readings: Sequence[Recognised], where: Where | None) -> dict[str, object]:
    refused = bool(readings) and readings[0].scheme == PERSONAL
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    document: dict[str, object] = {
        "input": "" if refused else shown,
        "readings": [reading_document(reading) for reading in readings],
        "trouble": "" if readings else trouble_of(text),
    }
    if where is not None:
        document["where"] = where
    return document


def reading_document(reading: Recognised) -> dict[str, object]:
    """A reading as JSON, with the members of `/api/v1/detect`."""
    return {
        "scheme": reading.scheme,
        "title": RECOGNISERS[reading.scheme].title if reading.scheme in RECOGNISERS else "",
        "canonical": reading.canonical,
        "display": reading.display,
        "granularity": reading.granularity.value,
        "confidence": reading.confidence.value,
        "why": reading.why,
        "ok": reading.ok,
        "levels": list(reading.levels),
        "route": None if reading.route is None else {"type": reading.route.type, "key": reading.route.key},
        "checks": [{"name": check.name, "ok": check.ok, "expected": check.expected} for check in reading.checks],
        "attributes": [{"name": name, "value": value} for name, value in reading.attributes],
        "warnings": list(reading.warnings),
        "suggestions": list(reading.suggestions),
        "uri": reading.uri,
    }
