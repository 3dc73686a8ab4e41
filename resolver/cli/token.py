"""`idis token`: secrets for programs, each for some prefixes, actions and networks, and for a time."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from idis.registry.audit.trail import time_text
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.roles import grant_text
from idis.registry.store.directory import user_name
from idis.registry.token import DAYS_DEFAULT, DAYS_MAX, USUAL_ACTIONS, Token, TokenTerms
from idis.registry.tokens import create, revoke, tokens
from idis.resolver.cli.data_directory import add_data_options, commit, insist, opened
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.role import identity_of_text
from idis.resolver.cli.shown import printable
from idis.resolver.cli.web_client import WebClient, add_server_options, connected
from idis.resolver.client_key import Key, KeyFileError

_HEAD = ("id", "label", "state", "until", "for", "prefixes", "actions", "networks", "last used")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    line = "make a token; its secret is shown once, on standard output"
    verb = verbs.add_parser("create", help=line, description=line[0].upper() + line[1:] + ".")
    verb.add_argument("--label", default="", metavar="TEXT", help="what it is for")
    bearer = verb.add_mutually_exclusive_group(required=True)
    bearer.add_argument("--identity", metavar="IDENTITY", help="it stands for this identity, as 300:88.118/zhang")
    bearer.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE[:PREFIX]",
        help="it holds this role itself, as application:88.118; repeatable",
    )
    verb.add_argument("--prefix", action="append", metavar="P", help="only for this prefix and all below it; repeatable")
    verb.add_argument(
        "--action",
        action="append",
        choices=[action.value for action in Action],
        help=f"only for this; repeatable; default: {' and '.join(sorted(action.value for action in USUAL_ACTIONS))}",
    )
    verb.add_argument("--network", action="append", default=[], metavar="CIDR", help="only from there, 192.0.2.0/24; repeatable")
    verb.add_argument(
        "--days", type=int, default=DAYS_DEFAULT, metavar="N", help=f"how long, {DAYS_DEFAULT} by default, at most {DAYS_MAX}"
    )
    _add_where(verb)
    verb.set_defaults(act=_create)
    verb = verbs.add_parser("list", help="list the tokens", description="List the tokens, those that ended lately too.")
    _add_where(verb)
    verb.set_defaults(act=_list)
    verb = verbs.add_parser("revoke", help="end a token at once", description="End a token at once.")
    verb.add_argument("token", metavar="ID", help="as the list shows it")
    _add_where(verb)
    verb.set_defaults(act=_revoke)


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    code: int = arguments.act(arguments)
    return code


def _add_where(verb: argparse.ArgumentParser) -> None:
    add_data_options(verb)
    add_server_options(verb)
    line = "with --server https://…: the private key of who asks, since no token makes tokens; only a list needs none"
    verb.add_argument("--key", metavar="FILE", help=line)
    verb.add_argument("--by", metavar="IDENTITY", help="whose key it is; default: the --identity that a new token stands for")


def terms_of(arguments: argparse.Namespace) -> TokenTerms:
    """The token the arguments describe."""
    return TokenTerms(
        label=arguments.label,
        identity=identity_of_text(arguments.identity) if arguments.identity else None,
        roles=tuple(_role(text) for text in arguments.role),
        prefixes=tuple(arguments.prefix or ("",)),
        actions=frozenset(Action(name) for name in arguments.action) if arguments.action else USUAL_ACTIONS,
        networks=tuple(arguments.network),
        days=arguments.days,
    )


def _create(arguments: argparse.Namespace) -> int:
    terms = terms_of(arguments)
    if arguments.server:
        return _create_there(arguments, terms)
    if arguments.key:
        raise CommandError("a key proves an identity to a node: name it with --server https://HOST:PORT")
    caller, now = tool(user_name()), int(time.time())
    token, secret = commit(arguments, lambda txn: insist(create(txn, caller, terms, now))).result
    if arguments.json:
        print_json({**token.to_json(), "secret": secret})
        return ExitCode.DONE
    # The secret alone on standard output, so that it can be piped to where it belongs.
    print(f"token {token.token_id} until {time_text(token.expires_s * 1000)}; its secret is not shown again:", file=sys.stderr)
    print(secret)
    return ExitCode.DONE


def _create_there(arguments: argparse.Namespace, terms: TokenTerms) -> int:
    if not arguments.key:
        raise CommandError("no token makes tokens: prove who asks with --key FILE")
    body = {
        "label": terms.label,
        "identity": None if terms.identity is None else str(terms.identity),
        "roles": [{"role": grant.role.value, "prefix": grant.prefix} for grant in terms.roles],
        "prefixes": terms.prefixes,
        "actions": sorted(action.value for action in terms.actions),
        "networks": terms.networks,
        "days": terms.days,
    }
    with _asking(arguments) as node:
        made = node.change("POST", "tokens", body=body)
    if arguments.json:
        print_json(made)
        return ExitCode.DONE
    print(f"token {made['token']['id']} until {made['token']['expires']}; its secret is not shown again:", file=sys.stderr)
    print(made["secret"])
    return ExitCode.DONE


def _asking(arguments: argparse.Namespace) -> WebClient:
    """The client for the node that is named, as whoever asks."""
    node = connected(arguments)
    if not arguments.key:
        return node
    from idis.resolver.cli.key_proof import prove  # only here: it loads a library that the other uses do not need

    identity = arguments.by or getattr(arguments, "identity", None)
    if not identity:
        raise CommandError("whose key is it? Give --by INDEX:IDENTIFIER, as 300:0.NA/88.118.8")
    try:
        prove(node, Key.from_file(identity, arguments.key))
    except KeyFileError as error:
        raise CommandError(str(error)) from None
    return node


def _revoke(arguments: argparse.Namespace) -> int:
    caller, now = tool(user_name()), int(time.time())
    if arguments.server:
        with _asking(arguments) as node:
            changed = bool(node.change("DELETE", "tokens", arguments.token)["changed"])
    else:
        changed = commit(arguments, lambda txn: insist(revoke(txn, caller, arguments.token, now))).result
    if arguments.json:
        print_json({"id": arguments.token, "changed": changed})
    else:
        print(f"token {arguments.token} {'is revoked' if changed else 'had ended already: nothing changed'}")
    return ExitCode.DONE


def _list(arguments: argparse.Namespace) -> int:
    now = int(time.time())
    if arguments.server:
        return _list_there(arguments)
    with opened(arguments) as store, store.read() as txn:
        found = sorted(tokens(txn), key=lambda token: token.made_s)
    if arguments.json:
        print_json({"tokens": [{**token.to_json(), "state": token.state(now)} for token in found]})
    else:
        print_table(_HEAD, [[printable(cell) for cell in _row(token, now)] for token in found])
    return ExitCode.DONE


def _list_there(arguments: argparse.Namespace) -> int:
    with _asking(arguments) as node:
        found = sorted(node.items("tokens"), key=lambda token: str(token["made"]))
    if arguments.json:
        print_json({"tokens": found})
    else:
        print_table(_HEAD, [[printable(cell) for cell in _row_there(token)] for token in found])
    return ExitCode.DONE


def _row_there(token: dict[str, Any]) -> tuple[str, ...]:
    roles = (f"{role['role']} of {role['prefix'] or 'the whole node'}" for role in token["roles"])
    used = token["used"]
    return (
        token["id"],
        token["label"],
        token["state"],
        str(token["revoked"] or token["expires"])[:16].replace("T", " "),
        token["identity"] or ", ".join(roles),
        " ".join(prefix or "all" for prefix in token["prefixes"]),
        " ".join(token["actions"]),
        " ".join(token["networks"]) or "anywhere",
        f"{used[:16].replace('T', ' ')} from {token['used_from']}" if used else "never",
    )


def _row(token: Token, now: int) -> tuple[str, ...]:
    terms = token.terms
    return (
        token.token_id,
        terms.label,
        token.state(now),
        _moment(token.ends_s),
        ", ".join(grant_text(held) for held in terms.roles) if terms.identity is None else str(terms.identity),
        " ".join(prefix or "all" for prefix in terms.prefixes),
        " ".join(sorted(action.value for action in terms.actions)),
        " ".join(terms.networks) or "anywhere",
        f"{_moment(token.used_s)} from {token.used_from}" if token.used_s else "never",
    )


def _moment(unix_s: int) -> str:
    return time_text(unix_s * 1000)[:16].replace("T", " ")


def _role(text: str) -> RoleGrant:
    name, _, prefix = text.partition(":")
    try:
        return RoleGrant(Role(name), prefix)
    except ValueError:
        raise CommandError(f"{name} is no role: {', '.join(role.value for role in Role)}") from None
