"""Acts of `idis prefix`: done in a data directory, or by a running node over `/api/v1`; the outcome is told alike."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from idis.proto.identifier import fold
from idis.proto.types.site import HTTP, HTTPS, TCP, UDP, Server, Site
from idis.registry.caller import tool
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.registration import prefix_acts
from idis.registry.registration.application import Application, application_json
from idis.registry.registration.checks import STATE_WORDS, Organisation, Refusal
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.life import NewTerms, Registered, Terms
from idis.registry.registration.prefix_acts import PrefixAct, PrefixResult, RangeDone, perform_prefix
from idis.registry.rights import Unknown
from idis.registry.store.base import WriteTxn
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import commit, position_text
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.prefix_elsewhere import answered_by_document, signing_word, state_of
from idis.resolver.cli.prefix_view import answered_by, entry_json, route_json, shown_awaiting
from idis.resolver.cli.web_client import WebClient, connected

# What comes before: the entry as it was, None for nothing → the acts to be done, in their order.
Plan = Callable[[PrefixEntry | None], list[PrefixAct]]

_WAITING = (PrefixState.APPLIED, PrefixState.IN_REVIEW)
_PORTS = {TCP: "tcp", UDP: "udp", HTTP: "http", HTTPS: "https"}


@dataclass(frozen=True, slots=True)
class Acted:
    """What acts came to, for whoever tells of it.

    Attributes:
        state: in words, with who answers.
        position: in the journal of a data directory; empty where another node did it.
        document: everything, for programs.
        granted: whether the prefix was granted on the way.
        awaiting: a sentence, where nothing happened because a second person must ask for the same.
    """

    prefix: str
    version: int
    changed: bool
    state: str
    position: str
    document: dict[str, Any]
    granted: bool = False
    awaiting: str = ""


def act(arguments: argparse.Namespace, *wanted: PrefixAct) -> Acted:
    """Do acts on one prefix: all of them or, in a data directory, none."""
    if arguments.server:
        with connected(arguments) as node:
            return _remote(node, wanted)
    prefix = "" if isinstance(wanted[0], prefix_acts.Apply) else _subject(wanted[0])
    return plan(arguments, prefix, lambda _: list(wanted))


def plan(arguments: argparse.Namespace, prefix: str, planned: Plan) -> Acted:
    """Do in a data directory what a plan makes of the prefix as it is there."""
    now, caller = int(time.time()), tool(user_name())

    def change(txn: WriteTxn) -> tuple[Registered | RangeDone | Awaiting, bool]:
        before = txn.prefix(prefix) if prefix else None
        done = [_insist(perform_prefix(txn, wanted, caller, now)) for wanted in planned(before)]
        last = done[-1]
        if isinstance(last, Registered):
            last = Registered(last.entry, any(isinstance(one, Registered) and one.changed for one in done))
        return last, before is None or before.state in _WAITING

    committed = commit(arguments, change)
    result, granted = committed.result
    return _told(result, position_text(committed.position), granted)


def tell(arguments: argparse.Namespace, acted: Acted, word: str, following: str) -> int:
    """Say what is durable now, and what usually comes next."""
    if arguments.json:
        print_json(acted.document)
        return ExitCode.DONE
    if acted.awaiting:
        print(acted.awaiting)
        return ExitCode.DONE
    if acted.changed:
        where = f", position {acted.position}" if acted.position else ""
        print(f"{acted.prefix}: {word} (version {acted.version}{where})")
    else:
        print(f"{acted.prefix}: unchanged ({acted.state}, version {acted.version})")
    if following:
        print("next: " + following.format(prefix=acted.prefix))
    return ExitCode.DONE


def _insist(result: PrefixResult) -> Registered | RangeDone | Awaiting:
    """What an act returned, unless it was refused; that undoes the acts before it."""
    assert not isinstance(result, Unknown), "whoever opens the data directory is an operator, and hangs on no group"
    if isinstance(result, Refusal):
        raise CommandError(result.message, ExitCode.REFUSED)
    return result


def _told(result: Registered | RangeDone | Awaiting, position: str, granted: bool) -> Acted:
    match result:
        case Registered(entry=entry, changed=changed):
            document = {**entry_json(entry), "changed": changed, "position": position}
            state = f"{STATE_WORDS[entry.state]}, answered {answered_by(entry)}"
            return Acted(entry.prefix, entry.version, changed, state, position, document, granted)
        case Awaiting():
            document = {"prefix": result.prefix, "changed": False, "awaiting": shown_awaiting(result)}
            alone = " In this directory nobody but you may be asked: repeat it with --alone, which the audit trail will say."
            return Acted(result.prefix, 0, False, "", position, document, awaiting=result.message + alone)
        case RangeDone(start=start, route=route):
            shown = {"start": start, "removed": True} if route is None else route_json(route)
            return Acted(start, 0 if route is None else route.version, True, "", position, shown | {"position": position})


# Over /api/v1.


def _remote(node: WebClient, wanted: tuple[PrefixAct, ...]) -> Acted:
    answer: dict[str, Any] = {}
    changed = granted = False
    for one in wanted:
        if isinstance(one, prefix_acts.Delegate) and one.grant:
            granted = _grant(node, one)
        method, path, body = _request(one)
        answer = node.change(method, *path, body=body)
        changed |= bool(answer.get("changed", True))
    if waits := answer.get("awaiting"):
        to = waits["to"] and f" to {waits['to']}"
        noted = f"{waits['act']} {waits['prefix']}{to}: noted for {waits['person']}"
        until = f"{noted}; it happens when a second person asks for the same, until {waits['until']}"
        return Acted(str(waits["prefix"]), 0, False, "", "", answer, awaiting=until)
    shown = answer.get("entry")
    if not isinstance(shown, dict):  # a range
        return Acted(_subject(wanted[-1]), int(answer.get("version", 0)), changed, "", "", answer)
    state = f"{STATE_WORDS[state_of(shown)]}, answered {answered_by_document(shown)}"
    return Acted(str(shown["prefix"]), int(shown["version"]), changed, state, "", answer, granted)


def _grant(node: WebClient, wanted: prefix_acts.Delegate) -> bool:
    """Grant a prefix at a node that does not know it yet, or where it waits; whether that was so."""
    found = node.ask("GET", ("prefixes", wanted.prefix), allowed=(404,))
    if found.status == 404:
        node.change("POST", "prefixes", wanted.prefix, "allocate", body={"organisation": _organisation(wanted.organisation)})
        return True
    state = found.document["entry"]["state"]
    steps = {"applied": ("review", "approve"), "in_review": ("approve",)}.get(state, ())
    for step in steps:
        node.change("POST", "prefixes", wanted.prefix, step, body={})
    return bool(steps)


def _request(wanted: PrefixAct) -> tuple[str, tuple[str, ...], object]:
    """Method, path below /api/v1, and body of an act."""
    prefix = _subject(wanted)
    match wanted:
        case prefix_acts.Apply(organisation=organisation, terms=terms, form=form, applicant=applicant):
            body = {"prefix": prefix, "organisation": _organisation(organisation), "terms": _terms(terms)}
            return "POST", ("prefixes",), body | _form(form) | ({"applicant": str(applicant)} if applicant else {})
        case prefix_acts.Resubmit(organisation=organisation, form=form):
            return "POST", ("prefixes", prefix, "resubmit"), {"organisation": _organisation(organisation)} | _form(form)
        case prefix_acts.Advance(event=event, reason=reason):
            return "POST", ("prefixes", prefix, event.value), {"reason": reason}
        case prefix_acts.Revoke(reason=reason):
            return "POST", ("prefixes", prefix, "revoke"), {"reason": reason}
        case prefix_acts.Transfer(organisation=organisation, form=form, reason=reason):
            body = {"organisation": _organisation(organisation), "reason": reason}
            return "POST", ("prefixes", prefix, "transfer"), body | _form(form)
        case prefix_acts.Delegate(service=service, administrator=key) if service:
            return "PUT", ("prefixes", prefix, "sites"), {"service": service} | _administrator(key)
        case prefix_acts.Delegate(sites=sites, administrator=key):
            return "PUT", ("prefixes", prefix, "sites"), {"sites": [_site(site) for site in sites]} | _administrator(key)
        case prefix_acts.DelegateRange(end=end, sites=sites):
            return "PUT", ("ranges", prefix), {"end": end, "sites": [_site(site) for site in sites]}
        case prefix_acts.WithdrawRange():
            return "DELETE", ("ranges", prefix), None
        case prefix_acts.Host(event=event, administrator=key):
            return "POST", ("prefixes", prefix, "hosting"), {"event": event.value} | _administrator(key)
        case prefix_acts.ChangeTerms(terms=terms):
            return "PATCH", ("prefixes", prefix), _terms(terms)
        case prefix_acts.Home(organisation=organisation, terms=terms):
            body = {"organisation": _organisation(organisation), "terms": _terms(terms)}
            return "PUT", ("prefixes", prefix, "home"), body
        case prefix_acts.Unhome():
            return "DELETE", ("prefixes", prefix, "home"), None
        case prefix_acts.Allocate() | prefix_acts.ChangeValues():
            raise AssertionError("no command asks for it")


def _subject(wanted: PrefixAct) -> str:
    ranged = isinstance(wanted, prefix_acts.DelegateRange | prefix_acts.WithdrawRange)
    return fold(wanted.start if ranged else wanted.prefix)  # type: ignore[union-attr]


def _organisation(organisation: Organisation) -> dict[str, str]:
    return {"owner": organisation.owner, "code": organisation.code, "industry": organisation.industry}


def _form(form: Application | None) -> dict[str, object]:
    return {} if form is None else {"form": application_json(form)}


def _terms(terms: Terms | NewTerms) -> dict[str, object]:
    """What is said, in the words of /api/v1."""
    given = {name: value for name, value in asdict(terms).items() if value is not None}
    if "privacy" in given:
        given["privacy"] = Privacy(given["privacy"]).name.lower()
    if "signing_required" in given:
        given["signing"] = signing_word(given.pop("signing_required"))
    return given


def _administrator(key: bytes | None) -> dict[str, object]:
    return {} if key is None else {"administratorKey": key.decode()}


def _key(server: Server) -> dict[str, str]:
    if not server.public_key:
        return {}
    from idis.resolver.admin.server_key import site_key_pem  # only here: it loads a library that the other uses do not need

    return {"publicKey": site_key_pem(server.public_key)}


def _site(site: Site) -> dict[str, object]:
    servers = []
    for server in site.servers:
        ports = {_PORTS[way.protocol]: way.port for way in server.interfaces if way.protocol in _PORTS}
        servers.append({"address": server.address, **ports, **_key(server)})
    return {"servers": servers}
