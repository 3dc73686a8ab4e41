"""How prefixes are shown: the list, one entry, and the line that acknowledges a change."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from idis.proto.identifier import fold
from idis.proto.value import Value, decode_values
from idis.registry.loading.rest_rows import rest_of_value
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.registration.checks import PAGE_ENTRIES, STATE_WORDS, unknown
from idis.registry.registration.delegation import HOSTING_WORDS
from idis.registry.registration.life import Registered, possible
from idis.registry.store.base import Committed, ReadTxn
from idis.resolver.cli.data_directory import insist, opened, position_text
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import ExitCode, print_json, print_table
from idis.resolver.cli.shown import shown_data

_SHOWN_CHARACTERS = 120  # of a value's data, in a table


def acknowledge(arguments: argparse.Namespace, committed: Committed[Registered], word: str, following: str) -> int:
    """Say what is durable now, and what usually comes next."""
    entry, position = committed.result.entry, position_text(committed.position)
    if arguments.json:
        print_json({**entry_json(entry), "changed": committed.result.changed, "position": position})
        return ExitCode.DONE
    if committed.result.changed:
        print(f"{entry.prefix}: {word} (version {entry.version}, position {position})")
    else:
        print(f"{entry.prefix}: unchanged ({STATE_WORDS[entry.state]}, answered {answered_by(entry)}, version {entry.version})")
    if following:
        print("next: " + following.format(prefix=entry.prefix))
    return ExitCode.DONE


def list_prefixes(arguments: argparse.Namespace) -> int:
    """Every prefix and range registered here, or those below one and in one state."""
    below = fold(prefix_of(arguments.below)) if arguments.below else ""
    head = f"{below}." if below else ""
    with opened(arguments) as store:
        found: list[tuple[PrefixEntry, int]] = []
        after: str | None = head or None
        # A snapshot for each page: a reader that stays keeps every page freed meanwhile.
        while True:
            with store.read() as txn:
                page = txn.prefixes(after, PAGE_ENTRIES)
                inside = [entry for entry in page if entry.prefix.startswith(head)]
                found += [(entry, txn.stat(entry.prefix).records) for entry in inside if _in_state(entry, arguments.state)]
            if len(inside) < PAGE_ENTRIES:
                break
            after = page[-1].prefix
        with store.read() as txn:
            routes = [] if arguments.state else [route for route in _routes(txn) if route.start.startswith(head)]
    if arguments.json:
        print_json(
            {
                "prefixes": [entry_json(entry, records) for entry, records in found],
                "ranges": [route_json(route) for route in routes],
            }
        )
        return ExitCode.DONE
    rows: list[tuple[object, ...]] = [
        (entry.prefix, STATE_WORDS[entry.state], answered_by(entry), records, entry.owner, entry.industry)
        for entry, records in found
    ]
    rows += [(f"{route.start} to {route.end}", "", "elsewhere", "", "", "") for route in routes]
    if rows:
        print_table(("prefix", "state", "answered", "records", "owner", "industry"), rows)
    else:
        print("no prefix is registered here: idis prefix home PREFIX makes this node answer for one")
    return ExitCode.DONE


def show(arguments: argparse.Namespace) -> int:
    """One prefix with its record."""
    prefix = prefix_of(arguments.prefix)
    with opened(arguments) as store, store.read() as txn:
        entry = txn.prefix(fold(prefix))
        entry = insist(unknown(txn, prefix)) if entry is None else entry
        records = txn.stat(entry.prefix).records
    if arguments.json:
        print_json(entry_json(entry, records))
        return ExitCode.DONE
    facts = [
        ("prefix", entry.prefix),
        ("state", STATE_WORDS[entry.state] + (f" ({entry.reason})" if entry.reason else "")),
        ("answered", answered_by(entry)),
        ("hosting", HOSTING_WORDS[entry.hosting]),
        ("owner", " ".join(filter(None, (entry.owner, entry.owner_code)))),
        ("industry", entry.industry),
        ("records", f"{records}" + (f" of {entry.quota}" if entry.quota else "")),
        ("restricted values", "as if absent (strict)" if entry.privacy is Privacy.STRICT else "challenged"),
        ("suffix case", "folded" if entry.fold_suffix else "exact"),
        ("version", entry.version),
        ("possible now", ", ".join(event.value for event in possible(entry.state)) or "nothing, this state is final"),
    ]
    print_table(("field", "value"), [(name, value) for name, value in facts if value != ""])
    print()
    values = decode_values(entry.values)
    print_table(("index", "type", "ttl", "permissions", "data"), [_value_row(value) for value in values])
    return ExitCode.DONE


def entry_json(entry: PrefixEntry, records: int | None = None) -> dict[str, object]:
    """A prefix as a JSON object; states by their national numbers and by name."""
    return {
        "prefix": entry.prefix,
        "state": int(entry.state),
        "stateName": entry.state.name.lower(),
        "hosting": int(entry.hosting),
        "homed": entry.homed,
        "owner": entry.owner,
        "ownerCode": entry.owner_code,
        "industry": entry.industry,
        "strict": entry.privacy is Privacy.STRICT,
        "foldSuffix": entry.fold_suffix,
        "quota": entry.quota,
        "ttl": entry.ttl_s,
        "reason": entry.reason,
        "version": entry.version,
        **({} if records is None else {"records": records}),
        "values": [rest_of_value(value) for value in decode_values(entry.values)],
    }


def route_json(route: RouteEntry) -> dict[str, object]:
    """A range as a JSON object."""
    return {
        "start": route.start,
        "end": route.end,
        "ttl": route.ttl_s,
        "version": route.version,
        "values": [rest_of_value(value) for value in decode_values(route.values)],
    }


def answered_by(entry: PrefixEntry) -> str:
    """Who answers for a prefix, in a word."""
    if entry.homed:
        return "here"
    if entry.hosting is Hosting.HOSTED:
        return "here, hosted"
    sited = any(value.type.startswith(("HS_SITE", "HS_SERV")) for value in decode_values(entry.values))
    return "elsewhere" if sited else "nowhere yet"


def _in_state(entry: PrefixEntry, state: str | None) -> bool:
    return state is None or entry.state is PrefixState[state.upper()]


def _routes(txn: ReadTxn) -> Iterator[RouteEntry]:
    after: str | None = None
    while page := txn.routes(after, PAGE_ENTRIES):
        yield from page
        after = page[-1].start


def _value_row(value: Value) -> tuple[object, ...]:
    data = shown_data(value)
    shown = data if len(data) <= _SHOWN_CHARACTERS else data[: _SHOWN_CHARACTERS - 1] + "…"
    return value.index, value.type, value.ttl, f"{value.permissions & 15:04b}", shown
