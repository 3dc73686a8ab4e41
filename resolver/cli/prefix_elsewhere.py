"""Prefixes of a running node as its `/api/v1` shows them to whoever asks: the list, and one with what is known of it."""

from __future__ import annotations

import argparse
from hashlib import sha256
from typing import Any

from idis.proto.identifier import fold
from idis.registry.prefix import Hosting, PrefixState, Privacy
from idis.registry.registration.checks import STATE_WORDS
from idis.registry.registration.delegation import HOSTING_WORDS
from idis.registry.registration.life import possible
from idis.registry.registration.values import ADMIN_KEY_INDEX
from idis.resolver.cli.output import ExitCode, print_json, print_table
from idis.resolver.cli.web_client import connected


def list_elsewhere(arguments: argparse.Namespace, below: str) -> int:
    """Every prefix and range the asker may list, or those below one and in one state."""
    narrowed = {"below": fold(below)} if below else {}
    with connected(arguments) as node:
        wanted = narrowed | ({"state": arguments.state} if arguments.state else {})
        prefixes = list(node.items("prefixes", query=wanted))
        ranges = [] if arguments.state else list(node.items("ranges", query=narrowed))
    if arguments.json:
        print_json({"prefixes": prefixes, "ranges": ranges})
        return ExitCode.DONE
    rows: list[tuple[object, ...]] = [
        (one["prefix"], STATE_WORDS[state_of(one)], answered_by_document(one), one["owner"], one["industry"]) for one in prefixes
    ]
    rows += [(f"{one['start']} to {one['end']}", "", "elsewhere", "", "") for one in ranges]
    if rows:
        print_table(("prefix", "state", "answered", "owner", "industry"), rows)
    else:
        print("no prefix is registered there")
    return ExitCode.DONE


def show_elsewhere(arguments: argparse.Namespace, prefix: str) -> int:
    """One prefix with the application for it."""
    with connected(arguments) as node:
        document = node.get("prefixes", fold(prefix))
    if arguments.json:
        print_json(document)
        return ExitCode.DONE
    shown = document["entry"]
    state = state_of(shown)
    records, quota = document["records"], shown["quota"]
    facts = [
        ("prefix", shown["prefix"]),
        ("state", STATE_WORDS[state] + (f" ({shown['reason']})" if shown["reason"] else "")),
        ("answered", answered_by_document(shown)),
        ("hosting", HOSTING_WORDS[Hosting[str(shown["hosting"]).upper()]]),
        ("owner", " ".join(filter(None, (shown["owner"], shown["owner_code"])))),
        ("industry", shown["industry"]),
        ("records", f"{records}" + (f" of {quota}" if quota else "")),
        *terms_rows(shown["privacy"], shown["signing"], shown["daily_quota"], shown["fold_suffix"]),
        ("version", shown["version"]),
        ("administrator's key", administrator_text(shown["administratorKey"].encode())),
        ("applied", " ".join(filter(None, (document["applicant"], document["applied"])))),
        *application_rows(document["form"]),
        *map(awaiting_row, document["awaiting"]),
        ("possible now", ", ".join(event.value for event in possible(state)) or "nothing, this state is final"),
    ]
    print_table(("field", "value"), [(name, value) for name, value in facts if value != ""])
    return ExitCode.DONE


def administrator_text(key: bytes) -> str:
    """The public key of an administrator for a table: the digest that `sha256sum operator.pub` shows its owner."""
    return f"{ADMIN_KEY_INDEX}, SHA-256 {sha256(key).hexdigest()}" if key else ""


def application_rows(form: Any) -> list[tuple[str, object]]:
    """The fields of an application form for a table."""
    if not isinstance(form, dict):
        return []
    return [(name, value) for name, value in form.items() if isinstance(value, str | int)]


def terms_rows(privacy: str, signing: str, daily_quota: int, fold_suffix: bool) -> list[tuple[str, object]]:
    """How a prefix is kept, for a table."""
    return [
        ("restricted values", "as if absent (strict)" if privacy == Privacy.STRICT.name.lower() else "challenged"),
        ("signing", signing),
        ("daily quota", f"{daily_quota:,} resolutions" if daily_quota else ""),
        ("suffix case", "folded" if fold_suffix else "exact"),
    ]


def signing_word(required: bool) -> str:
    """Whether the records of a prefix are signed, as /api/v1 and the audit trail say it."""
    return "required" if required else "optional"


def awaiting_row(waits: Any) -> tuple[str, object]:
    """What waits for a second person, for a table."""
    to = waits["to"] and f"{waits['to']}, "
    return f"waits to {waits['act']}", f"{to}asked by {waits['person']}, until {waits['until']}"


def state_of(shown: dict[str, Any]) -> PrefixState:
    """Where a prefix is in its life."""
    return PrefixState[str(shown["state"]).upper()]


def answered_by_document(shown: dict[str, Any]) -> str:
    """Who answers for a prefix, in a word."""
    if shown["homed"]:
        return "here"
    if shown["hosting"] == Hosting.HOSTED.name.lower():
        return "here, hosted"
    return "elsewhere" if shown["sites"] else "nowhere yet"
