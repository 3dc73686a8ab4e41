"""How prefixes are shown: the list, and one entry with what is known of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from idis.proto.identifier import fold
from idis.proto.value import Value, decode_values
from idis.registry.caller import tool
from idis.registry.loading.rest_rows import rest_of_value
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.registration.application import application_json
from idis.registry.registration.checks import PAGE_ENTRIES, STATE_WORDS, Refusal
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.delegation import HOSTING_WORDS
from idis.registry.registration.life import possible
from idis.registry.registration.prefix_queries import show_prefix
from idis.registry.registration.values import administrator_key
from idis.registry.rights import Unknown
from idis.registry.store.base import ReadTxn
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import opened
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.prefix_elsewhere import (
    administrator_text,
    application_rows,
    awaiting_row,
    list_elsewhere,
    show_elsewhere,
    signing_word,
    terms_rows,
)
from idis.resolver.cli.shown import shown_data

_SHOWN_CHARACTERS = 120  # of a value's data, in a table


def list_prefixes(arguments: argparse.Namespace) -> int:
    """Every prefix and range registered here, or those below one and in one state."""
    if arguments.server:
        return list_elsewhere(arguments, prefix_of(arguments.below) if arguments.below else "")
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
    """One prefix with its record, the application for it, and what waits for a second person."""
    prefix = prefix_of(arguments.prefix)
    if arguments.server:
        return show_elsewhere(arguments, prefix)
    with opened(arguments) as store, store.read() as txn:
        view = show_prefix(txn, tool(user_name()), prefix, int(time.time()))
        if isinstance(view, Refusal):
            raise CommandError(view.message, ExitCode.REFUSED)
        assert not isinstance(view, Unknown), "whoever opens the data directory is an operator, and hangs on no group"
    entry, records, filing = view.entry, view.records, view.filing
    form = None if filing is None or filing.form is None else application_json(filing.form)
    applicant = "" if filing is None or filing.applicant is None else str(filing.applicant)
    waits = [shown_awaiting(one) for one in view.awaiting]
    if arguments.json:
        print_json(entry_json(entry, records) | {"applicant": applicant, "application": form, "awaiting": waits})
        return ExitCode.DONE
    facts = [
        ("prefix", entry.prefix),
        ("state", STATE_WORDS[entry.state] + (f" ({entry.reason})" if entry.reason else "")),
        ("answered", answered_by(entry)),
        ("hosting", HOSTING_WORDS[entry.hosting]),
        ("owner", " ".join(filter(None, (entry.owner, entry.owner_code)))),
        ("industry", entry.industry),
        ("records", f"{records}" + (f" of {entry.quota}" if entry.quota else "")),
        *terms_rows(
            entry.privacy.name.lower(), signing_word(entry.signing_required), entry.daily_quota, entry.fold_suffix
        ),
        ("version", entry.version),
        ("administrator's key", administrator_text(administrator_key(decode_values(entry.values)))),
        ("applicant", applicant),
        *application_rows(form),
        *map(awaiting_row, waits),
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
        "signing": signing_word(entry.signing_required),
        "dailyQuota": entry.daily_quota,
        "reason": entry.reason,
        "version": entry.version,
        **({} if records is None else {"records": records}),
        "values": [rest_of_value(value) for value in decode_values(entry.values)],
    }


def shown_awaiting(waits: Awaiting) -> dict[str, str]:
    """What waits for a second person as a JSON object."""
    until = f"{datetime.fromtimestamp(waits.until, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"act": waits.act, "prefix": waits.prefix, "to": waits.to, "person": waits.person, "until": until}


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
