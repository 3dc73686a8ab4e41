"""`idis role`: who is operator, auditor, enterprise administrator or enterprise application on this node."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from idis.proto.errors import IdentifierError
from idis.registry.caller import Role, RoleGrant, tool
from idis.registry.identity import Identity, parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.roles import grant, grant_text, granted, keep_key, revoke
from idis.registry.store.base import WriteTxn
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import add_data_options, commit, insist, opened, position_text
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.shown import printable
from idis.resolver.cli.web_client import add_server_options, connected

_LINES = {
    Role.OPERATOR: "runs the node: grants prefixes, hosts, suspends, names the others",
    Role.AUDITOR: "reads everything administrative, changes nothing",
    Role.ADMINISTRATOR: "enterprise administrator: everything below the enterprise's prefix",
    Role.APPLICATION: "enterprise application: records below it, no keys and no rights",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    for name, purpose in (("grant", "give an identity a role"), ("revoke", "take a role from an identity")):
        verb = verbs.add_parser(
            name,
            help=purpose,
            description=purpose[0].upper() + purpose[1:] + ".",
            epilog="; ".join(f"{role.value} {meaning}" for role, meaning in _LINES.items()),
        )
        verb.add_argument("identity", metavar="IDENTITY", help="as 300:88.118/zhang; without an index, any key of it")
        roles = [role.value for role in Role]
        verb.add_argument("role", metavar="ROLE", choices=roles, help=", ".join(roles))
        verb.add_argument("--prefix", default="", metavar="P", help="for this prefix and all below it; default: the whole node")
        if name == "grant":
            line = "in a data directory: its public key in PEM, for an identity as 300:LOCAL/name, which no record holds"
            verb.add_argument("--key", type=Path, metavar="FILE", help=line)
        add_data_options(verb)
        add_server_options(verb)
        verb.set_defaults(act=_change)
    verb = verbs.add_parser("list", help="list who holds which roles", description="List who holds which roles.")
    add_data_options(verb)
    add_server_options(verb)
    verb.set_defaults(act=_list)


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    code: int = arguments.act(arguments)
    return code


def identity_of_text(text: str) -> Identity:
    """The identity a word of the command line names. Raises CommandError when it is none."""
    try:
        return parse_identity(text)
    except IdentifierError as error:
        raise CommandError(f"{text} is no identity: {error}; write it as 300:88.118/zhang") from None


def _change(arguments: argparse.Namespace) -> int:
    identity = identity_of_text(arguments.identity)
    wanted = RoleGrant(Role(arguments.role), arguments.prefix)
    if arguments.server:
        return _tell(arguments, identity, wanted, _change_there(arguments, identity), "")
    pem = _public_key(getattr(arguments, "key", None))
    act: Callable[..., bool | Refusal] = grant if arguments.verb == "grant" else revoke

    def change(txn: WriteTxn) -> bool:
        caller = tool(user_name())
        kept = pem is not None and insist(keep_key(txn, caller, identity, pem))
        return insist(act(txn, caller, identity, wanted)) or kept

    try:
        committed = commit(arguments, change)
    except IdentifierError as error:
        raise CommandError(f"{arguments.prefix} is no prefix: {error}") from None
    return _tell(arguments, identity, wanted, committed.result, position_text(committed.position))


def _change_there(arguments: argparse.Namespace, identity: Identity) -> bool:
    if getattr(arguments, "key", None) is not None:
        raise CommandError("--key works in a data directory: a node learns the keys of identities elsewhere from their records")
    body = {"identity": str(identity), "role": {"role": arguments.role, "prefix": arguments.prefix}}
    with connected(arguments) as node:
        return bool(node.change("POST", "roles", arguments.verb, body=body)["changed"])


def _tell(arguments: argparse.Namespace, identity: Identity, wanted: RoleGrant, changed: bool, position: str) -> int:
    if arguments.json:
        print_json(
            {
                "identity": str(identity),
                "role": arguments.role,
                "prefix": arguments.prefix,
                "changed": changed,
                "position": position,
            }
        )
        return ExitCode.DONE
    done = {"grant": "granted to", "revoke": "revoked from"}[arguments.verb]
    state = "already: nothing changed" if not changed else f"(position {position})" if position else ""
    print(printable(f"{grant_text(wanted)} {done} {identity} {state}".rstrip()))
    return ExitCode.DONE


def _list(arguments: argparse.Namespace) -> int:
    if arguments.server:
        with connected(arguments) as node:
            holders = list(node.items("roles"))
        rows = sorted((holder["identity"], one["role"], one["prefix"]) for holder in holders for one in holder["roles"])
    else:
        with opened(arguments) as store, store.read() as txn:
            rows = sorted((str(identity), one.role.value, one.prefix) for identity, grants in granted(txn) for one in grants)
    if arguments.json:
        print_json({"roles": [{"identity": identity, "role": role, "prefix": prefix} for identity, role, prefix in rows]})
    else:
        shown = [(printable(identity), role, prefix or "the whole node") for identity, role, prefix in rows]
        print_table(("identity", "role", "for"), shown)
    return ExitCode.DONE


def _public_key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    from idis.resolver.operator_key import read_public_key  # only here: it loads a library that the other uses do not need

    return read_public_key(path)
