"""The sub-commands of `idis prefix` that lead a prefix through its life."""

from __future__ import annotations

import argparse
import time

from idis.registry.prefix import Privacy
from idis.registry.registration import life
from idis.registry.registration.checks import Organisation
from idis.registry.registration.life import Event, Terms
from idis.resolver.cli.data_directory import commit, insist
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError
from idis.resolver.cli.prefix_view import acknowledge

_NEXT = {
    Event.APPLY: "idis prefix review {prefix}",
    Event.REVIEW: "idis prefix approve {prefix}, or idis prefix reject {prefix} --reason …",
    Event.APPROVE: "idis prefix delegate {prefix} --to HOST:PORT, or idis prefix host {prefix}",
    Event.REJECT: "the applicant corrects the facts: idis prefix resubmit {prefix} …",
    Event.RESUBMIT: "idis prefix review {prefix}",
    Event.SUSPEND: "idis prefix resume {prefix} when it may be answered again",
    Event.RESUME: "",
    Event.REVOKE: "",
}


def apply(arguments: argparse.Namespace) -> int:
    """Ask for a prefix."""
    now = int(time.time())
    wish = arguments.prefix if arguments.prefix.endswith("*") else prefix_of(arguments.prefix)
    committed = commit(
        arguments, lambda txn: insist(life.apply(txn, wish, organisation_of(arguments), now, terms_of(arguments)))
    )
    return acknowledge(arguments, committed, "applied for", _NEXT[Event.APPLY])


def resubmit(arguments: argparse.Namespace) -> int:
    """Ask again after a rejection."""
    prefix = prefix_of(arguments.prefix)
    committed = commit(arguments, lambda txn: insist(life.resubmit(txn, prefix, organisation_of(arguments))))
    return acknowledge(arguments, committed, "applied for again", _NEXT[Event.RESUBMIT])


def advance(arguments: argparse.Namespace) -> int:
    """Let the event of that name happen."""
    event = Event(arguments.verb)
    prefix, reason = prefix_of(arguments.prefix), getattr(arguments, "reason", "")
    committed = commit(arguments, lambda txn: insist(life.advance(txn, prefix, event, reason=reason)))
    return acknowledge(arguments, committed, committed.result.entry.state.name.lower().replace("_", " "), _NEXT[event])


def organisation_of(arguments: argparse.Namespace) -> Organisation:
    """The owner as given on the command line."""
    return Organisation(arguments.owner, arguments.owner_code, arguments.industry)


def terms_of(arguments: argparse.Namespace) -> Terms:
    """How the prefix is to be kept, as given on the command line."""
    if arguments.quota < 0 or not 0 <= arguments.ttl < 2**31:
        raise CommandError("--quota and --ttl are not negative, and a TTL is below 2147483648")
    return Terms(
        privacy=Privacy.STRICT if arguments.strict else Privacy.HANDLE,
        fold_suffix=not arguments.exact_suffix,
        quota=arguments.quota,
        ttl_s=arguments.ttl,
    )
