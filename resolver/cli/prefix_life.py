"""The sub-commands of `idis prefix` that lead a prefix through its life."""

from __future__ import annotations

import argparse
from pathlib import Path

from idis.proto.errors import IdentifierError
from idis.registry.identity import Identity, parse_identity
from idis.registry.registration import prefix_acts
from idis.registry.registration.application import Application, read_application
from idis.registry.registration.checks import Organisation
from idis.registry.registration.life import Event
from idis.resolver.cli.data_directory import insist
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.output import CommandError
from idis.resolver.cli.prefix_acting import act, tell
from idis.resolver.cli.prefix_terms import new_terms

FORM_BYTES_MAX = 65_536  # ten times what every field at its longest takes

_NEXT = {
    Event.APPLY: "idis prefix review {prefix}",
    Event.REVIEW: "idis prefix approve {prefix}, or idis prefix reject {prefix} --reason …",
    Event.APPROVE: "idis prefix delegate {prefix} --to HOST:PORT, or idis prefix host {prefix}",
    Event.REJECT: "the applicant corrects the facts: idis prefix resubmit {prefix} …",
    Event.RESUBMIT: "idis prefix review {prefix}",
    Event.SUSPEND: "idis prefix resume {prefix} when it may be answered again",
    Event.RESUME: "",
}
_DONE = {
    Event.REVIEW: "in review",
    Event.APPROVE: "active",
    Event.REJECT: "rejected",
    Event.SUSPEND: "suspended",
    Event.RESUME: "active",
}


def apply(arguments: argparse.Namespace) -> int:
    """Ask for a prefix."""
    wish = arguments.prefix if arguments.prefix.endswith("*") else prefix_of(arguments.prefix)
    applicant = _applicant(arguments.applicant)
    wanted = prefix_acts.Apply(wish, organisation_of(arguments), new_terms(arguments), form_of(arguments), applicant)
    return tell(arguments, act(arguments, wanted), "applied for", _NEXT[Event.APPLY])


def resubmit(arguments: argparse.Namespace) -> int:
    """Ask again after a rejection."""
    wanted = prefix_acts.Resubmit(prefix_of(arguments.prefix), organisation_of(arguments), form_of(arguments))
    return tell(arguments, act(arguments, wanted), "applied for again", _NEXT[Event.RESUBMIT])


def advance(arguments: argparse.Namespace) -> int:
    """Let the event of that name happen."""
    event = Event(arguments.verb)
    wanted = prefix_acts.Advance(prefix_of(arguments.prefix), event, getattr(arguments, "reason", ""))
    return tell(arguments, act(arguments, wanted), _DONE[event], _NEXT[event])


def revoke(arguments: argparse.Namespace) -> int:
    """Give up a prefix for ever."""
    wanted = prefix_acts.Revoke(prefix_of(arguments.prefix), arguments.reason, _alone(arguments))
    return tell(arguments, act(arguments, wanted), "revoked", "")


def transfer(arguments: argparse.Namespace) -> int:
    """Give a prefix to another organisation."""
    prefix, owner, form = prefix_of(arguments.prefix), organisation_of(arguments), form_of(arguments)
    wanted = prefix_acts.Transfer(prefix, owner, form, arguments.reason, _alone(arguments))
    name = owner.owner if form is None else form.org_name
    following = "idis prefix delegate {prefix} --to HOST:PORT, once the new owner has a node of its own"
    return tell(arguments, act(arguments, wanted), f"transferred to {name}", following)


def organisation_of(arguments: argparse.Namespace) -> Organisation:
    """The owner as given on the command line."""
    return Organisation(arguments.owner, arguments.owner_code, arguments.industry)


def form_of(arguments: argparse.Namespace) -> Application | None:
    """The application form as given in a file."""
    if arguments.form is None:
        return None
    try:
        with Path(arguments.form).open("rb") as file:
            shown = read_json(file.read(FORM_BYTES_MAX))
    except OSError as error:
        raise CommandError(f"{arguments.form} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"{arguments.form} is no JSON: {error}") from None
    if not isinstance(shown, dict):
        raise CommandError(f"{arguments.form}: one object with orgName, orgCrtCode and the other fields is expected")
    return insist(read_application(shown))


def _alone(arguments: argparse.Namespace) -> bool:
    if arguments.alone and arguments.server:
        raise CommandError("--alone is for a data directory: at a running node a second person asks for the same")
    return bool(arguments.alone)


def _applicant(text: str | None) -> Identity | None:
    try:
        return None if text is None else parse_identity(text)
    except IdentifierError as error:
        raise CommandError(f"--applicant {text} is no identity: {error}; write 300:88.118.8/zhang") from None
