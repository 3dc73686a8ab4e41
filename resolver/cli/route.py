"""`idis route`: where identifiers of other schemes are asked: nodes of ours, resolvers, templates, DNS.

In a data directory, or on a running node with --server; the same is told either way.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from idis.proto.errors import DataError
from idis.registry.caller import tool
from idis.registry.foreign_route import (
    NEGATIVE_TTL_S_DEFAULT,
    TTL_S_DEFAULT,
    ForeignRoute,
    RouteAnswer,
    parse_targets,
)
from idis.registry.foreign_route_acts import held_route, put_route, remove_route, switch_route
from idis.registry.foreign_routes import routes
from idis.registry.route_types import ROUTE_TYPES
from idis.registry.store.base import WriteTxn
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import add_data_options, commit, data_directory, insist, opened
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.shown import printable
from idis.resolver.cli.web_client import WebClient, add_server_options, connected
from idis.resolver.config import CONFIG_FILE
from idis.resolver.config_load import load
from idis.resolver.foreign.abroad import Abroad, Providers
from idis.resolver.foreign.finding import Reader, Routed, find
from idis.resolver.foreign.settings import settings_of
from idis.resolver.web.v1.route_model import route_model
from idis.resolver.web.v1.showing import show

PAGE_ROUTES = 200

_TARGETS = "node:ADDRESS:PORT, https://host/{id}, dns:SUFFIX, gs1:https://host, did:https://host, handle:https://host, web:"
_EXAMPLES = "prefixes look like: " + "; ".join(f"{name} {kind.example}" for name, kind in ROUTE_TYPES.items())

Document = dict[str, Any]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    line = "let identifiers that begin with a prefix, or lie in a range, be asked there; again, to change it"
    verb = _verb(verbs, "add", line, _add, named=True)
    line = f"{_TARGETS}; repeatable: the next one stands in"
    verb.add_argument("--to", action="append", required=True, metavar="TARGET", help=line)
    verb.add_argument("--redirect", action="store_true", help="tell where it is instead of what is there")
    line = "believe an answer at most so long"
    verb.add_argument("--ttl", type=int, default=TTL_S_DEFAULT, metavar="S", help=f"{line} (default: {TTL_S_DEFAULT})")
    line = f"and that there is nothing (default: {NEGATIVE_TTL_S_DEFAULT})"
    verb.add_argument("--negative-ttl", type=int, default=NEGATIVE_TTL_S_DEFAULT, metavar="S", help=line)
    verb.add_argument("--note", default="", metavar="TEXT", help="one line for people")
    verb.add_argument("--disabled", action="store_true", help="do not use it yet")
    _verb(verbs, "list", "list the routes", _list)
    _verb(verbs, "show", "show one route; of a running node, also how its providers are", _show, named=True)
    _verb(verbs, "remove", "remove a route", _remove, named=True)
    _verb(verbs, "enable", "use a route again", _switch, named=True)
    _verb(verbs, "disable", "do not use a route: what it holds is answered as disabled", _switch, named=True)
    verb = _verb(verbs, "test", "ask each provider of the route that a text goes, now", _test)
    verb.add_argument("text", metavar="TEXT", help="an identifier of any scheme, a scan, a URL")


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    code: int = arguments.act(arguments)
    return code


def _verb(
    verbs: Any, name: str, line: str, act: Callable[[argparse.Namespace], int], *, named: bool = False
) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(
        name, help=line, description=line[0].upper() + line[1:] + ".", epilog=_EXAMPLES if named else None
    )
    if named:
        verb.add_argument("type", metavar="TYPE", help=", ".join(ROUTE_TYPES))
        verb.add_argument("start", metavar="PREFIX", help="of the identifiers, or where a range begins")
        verb.add_argument("--end", default="", metavar="PREFIX", help="where the range ends, inclusive, of the same length")
    add_data_options(verb)
    add_server_options(verb)
    verb.set_defaults(act=act)
    return verb


# What is done, in a data directory or by a running node; either gives the route as `/api/v1` shows it.


def _add(arguments: argparse.Namespace) -> int:
    answer = RouteAnswer.REDIRECT if arguments.redirect else RouteAnswer.VALUES
    terms = {
        "enabled": not arguments.disabled,
        "answer": answer.value,
        "ttl_s": arguments.ttl,
        "negative_ttl_s": arguments.negative_ttl,
        "note": arguments.note,
    }
    if arguments.server:
        return _told(arguments, _changed(arguments, "PUT", {"targets": arguments.to, **terms}), "kept")
    try:
        targets = parse_targets(arguments.to)
    except DataError as error:
        raise CommandError(str(error)) from None
    wanted = ForeignRoute(arguments.type, arguments.start, arguments.end, targets, **{**terms, "answer": answer})
    route, changed = _committed(arguments, lambda txn: insist(put_route(txn, tool(user_name()), wanted)))
    return _told(arguments, _document(route), "kept" if changed else "unchanged")


def _switch(arguments: argparse.Namespace) -> int:
    enabled = arguments.verb == "enable"
    word = "in use" if enabled else "disabled"
    if arguments.server:
        return _told(arguments, _changed(arguments, "PATCH", {"enabled": enabled}), word)
    named = (arguments.type, arguments.start, arguments.end)
    route, changed = _committed(
        arguments, lambda txn: insist(switch_route(txn, tool(user_name()), *named, enabled=enabled))
    )
    return _told(arguments, _document(route), word if changed else f"{word} already")


def _remove(arguments: argparse.Namespace) -> int:
    named = (arguments.type, arguments.start, arguments.end)
    if arguments.server:
        _changed(arguments, "DELETE", None)
        removed = " ".join(named).rstrip()
    else:
        removed = _committed(arguments, lambda txn: insist(remove_route(txn, tool(user_name()), *named))).name
    if arguments.json:
        print_json({"removed": removed})
    else:
        print(printable(f"{removed}: removed"))
    return ExitCode.DONE


def _list(arguments: argparse.Namespace) -> int:
    found = list(_all(arguments))
    if arguments.json:
        print_json({"routes": found})
        return ExitCode.DONE
    if not found:
        print("no route is registered; add one with 'idis route add'")
        return ExitCode.DONE
    rows = [(*_name(route), route["answer"], _state(route), *route["targets"][:1]) for route in found]
    more = [f"+{len(route['targets']) - 1}" if len(route["targets"]) > 1 else "" for route in found]
    shown = [tuple(printable(str(cell)) for cell in (*row, other)) for row, other in zip(rows, more, strict=True)]
    print_table(("type", "prefix or range", "answer", "state", "first target", "others"), shown)
    return ExitCode.DONE


def _show(arguments: argparse.Namespace) -> int:
    if arguments.server:
        with connected(arguments) as node:
            detail = node.get(*_path(arguments), **_query(arguments))
    else:
        with opened(arguments) as store, store.read() as txn:
            detail = {"route": _document(insist(held_route(txn, arguments.type, arguments.start, arguments.end))), "health": []}
    if arguments.json:
        print_json(detail)
        return ExitCode.DONE
    _print_route(detail["route"])
    if detail["health"]:
        print()
        rows = [
            (item["target"], "well" if item["well"] else "failing", item["failures"], item["milliseconds"] or "", item["trouble"])
            for item in detail["health"]
        ]
        print_table(("target", "observed", "failures", "ms", "trouble"), [[printable(str(cell)) for cell in row] for row in rows])
    return ExitCode.DONE


def _test(arguments: argparse.Namespace) -> int:
    if arguments.server:
        with connected(arguments) as node:
            tested = node.change("POST", "routes", "test", body={"text": arguments.text})
    else:
        tested = _tested(arguments)
    results = tested["results"]
    if arguments.json:
        print_json(tested)
    elif tested["route"] is None:
        print(printable(f"no route holds {tested['canonical'] or arguments.text}"))
    elif not results:
        print(printable(f"{tested['canonical']} is asked of nodes of ours: 'idis resolve' shows what they answer"))
    else:
        print(printable(f"{tested['canonical']} by the route {' '.join(_name(tested['route']))}"))
        rows = [(item["target"], item["milliseconds"], item["trouble"] or "answered") for item in results]
        print_table(("target", "ms", "result"), [[printable(str(cell)) for cell in row] for row in rows])
    right = tested["route"] is not None and (not results or any(not item["trouble"] for item in results))
    return ExitCode.DONE if right else ExitCode.REFUSED


def _tested(arguments: argparse.Namespace) -> Document:
    """Ask from here, within the settings of the data directory's node."""
    directory = data_directory(arguments)
    config = load(directory / CONFIG_FILE, os.environ, {}, data_dir=directory)
    now = int(time.time())
    with opened(arguments) as store, store.read() as txn:
        readings = Reader(config).readings(arguments.text, now)
        found = find(txn, readings, now)
    canonical = readings[0].canonical if readings else ""
    if not isinstance(found, Routed):
        return {"text": arguments.text, "canonical": canonical, "route": None, "results": []}

    async def ask() -> list[Document]:
        providers = Providers(settings_of(config.routes, str(config.data_dir)), time, random.random)
        try:
            results = await providers.test(Abroad(found.reading, found.route))
        finally:
            await providers.close()
        timed = [(str(target), round(seconds * 1_000), trouble) for target, trouble, seconds in results]
        return [{"target": target, "milliseconds": took, "trouble": trouble} for target, took, trouble in timed]

    route = _document(found.route)
    return {"text": arguments.text, "canonical": found.reading.canonical, "route": route, "results": asyncio.run(ask())}


def _all(arguments: argparse.Namespace) -> Iterator[Document]:
    if arguments.server:
        with connected(arguments) as node:
            yield from _pages(node)
        return
    after: bytes | None = None
    with opened(arguments) as store, store.read() as txn:
        while page := routes(txn, after, PAGE_ROUTES):
            yield from (_document(route) for _key, route in page)
            after = page[-1][0]


def _pages(node: WebClient) -> Iterator[Document]:
    cursor: str | None = ""
    while cursor is not None:
        page = node.get("routes", limit=str(PAGE_ROUTES), **({"cursor": cursor} if cursor else {}))
        yield from page["items"]
        cursor = page["next"]


def _changed(arguments: argparse.Namespace, method: str, body: Document | None) -> Document:
    with connected(arguments) as node:
        return node.change(method, *_path(arguments), body=body, query=_query(arguments))  # type: ignore[no-any-return]


def _committed(arguments: argparse.Namespace, change: Callable[[WriteTxn], Any]) -> Any:
    return commit(arguments, change).result


def _path(arguments: argparse.Namespace) -> tuple[str, str, str]:
    return "routes", arguments.type, arguments.start


def _query(arguments: argparse.Namespace) -> dict[str, str]:
    return {"end": arguments.end} if arguments.end else {}


def _document(route: ForeignRoute) -> Document:
    return show(route_model(route))  # type: ignore[return-value]


# For people


def _told(arguments: argparse.Namespace, route: Document, word: str) -> int:
    if arguments.json:
        print_json(route)
    else:
        print(printable(f"{' '.join(_name(route))}: {word}"))
        if word == "kept":
            print(printable(f"next: idis route test TEXT; {_state(route)}, asks {', then '.join(route['targets'])}"))
    return ExitCode.DONE


def _name(route: Document) -> tuple[str, str]:
    return route["type"], route["start"] + (f" to {route['end']}" if route["end"] else "")


def _state(route: Document) -> str:
    return "in use" if route["enabled"] else "disabled"


def _print_route(route: Document) -> None:
    facts = [
        ("type", route["type"]),
        ("range" if route["end"] else "prefix", _name(route)[1]),
        ("state", _state(route)),
        ("answer", "what is found there" if route["answer"] == RouteAnswer.VALUES.value else "where it is"),
        ("believed", f"{route['ttl_s']} s; that there is nothing, {route['negative_ttl_s']} s"),
        *(("asks" if not place else "then", target) for place, target in enumerate(route["targets"])),
        *((("note", route["note"]),) if route["note"] else ()),
    ]
    print_table(("field", "value"), [(name, printable(str(fact))) for name, fact in facts])
