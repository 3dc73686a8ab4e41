"""`idis prefix`: grant prefixes, decide who answers for them, and see what is registered.

Works on the node that registers the prefix, which is its parent's; only `home` and `unhome` belong to the node that
answers for it. Either in its data directory, as the operator that whoever may open it is, or with `--server` over its
`/api/v1`, as the identity that an API token stands for.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from idis.registry.prefix import PrefixState
from idis.resolver.cli import prefix_answering, prefix_life, prefix_move, prefix_terms, prefix_view
from idis.resolver.cli.data_directory import add_data_options
from idis.resolver.cli.prefix_terms import add_terms
from idis.resolver.cli.web_client import add_server_options

_Verb = tuple[Callable[[argparse.Namespace], int], str]

_LIFE: dict[str, _Verb] = {
    "apply": (prefix_life.apply, "ask for a prefix, or with 88.118.* for the next free number below 88.118"),
    "review": (prefix_life.advance, "take an application into review"),
    "approve": (prefix_life.advance, "grant a prefix that is in review"),
    "reject": (prefix_life.advance, "refuse an application; the applicant may correct and resubmit it"),
    "resubmit": (prefix_life.resubmit, "ask again after a rejection, with corrected facts"),
    "suspend": (prefix_life.advance, "stop answering for a prefix until it is resumed"),
    "resume": (prefix_life.advance, "end a suspension"),
    "transfer": (prefix_life.transfer, "give a prefix to another organisation; two persons must ask for it"),
    "revoke": (prefix_life.revoke, "give up a prefix for ever; it is never issued again; two persons must ask for it"),
}
_REASONED = ("reject", "suspend", "transfer", "revoke")
_TWO_PERSONS = ("transfer", "revoke")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    for name, (act, line) in _LIFE.items():
        verb = _add(verbs, name, act, line)
        verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.8")
        if name in ("apply", "resubmit", "transfer"):
            _add_organisation(verb)
            verb.add_argument("--form", metavar="FILE", help="the application as JSON with the national names: orgName …")
        if name == "apply":
            add_terms(verb)
            verb.add_argument("--applicant", metavar="IDENTITY", help="for whom an operator asks, as 300:88.118.8/zhang")
        if name in _TWO_PERSONS:
            verb.add_argument("--alone", action="store_true", help="in a data directory: do it without a second person")
        if name in _REASONED:
            verb.add_argument("--reason", default="", required=name == "reject", help="one line the owner may read")
    terms = _add(verbs, "terms", prefix_terms.run, "keep a prefix differently; what is not given stays as it is")
    terms.add_argument("prefix", metavar="PREFIX", help="as 88.118.8")
    add_terms(terms)
    _add_delegate(verbs)
    _add_route(verbs)
    _add_hosting(verbs)
    _add_home(verbs)
    _add_unhome(verbs)
    _add_views(verbs)
    line = "move its records to another node while both run, compare them, and let that one answer"
    mover = verbs.add_parser("move", help=line, description=line[0].upper() + line[1:] + ".")
    mover.set_defaults(act=prefix_move.run)
    prefix_move.configure(mover)


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    code: int = arguments.act(arguments)
    return code


def _add(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, act: Callable[[argparse.Namespace], int], line: str
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
    verb.set_defaults(act=act)
    add_data_options(verb)
    add_server_options(verb)
    return verb


def _add_organisation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--owner", default="", metavar="NAME", help="the organisation's name")
    parser.add_argument("--owner-code", default="", metavar="USCC", help="its unified social credit code 统一社会信用代码")
    parser.add_argument("--industry", default="", metavar="TEXT", help="its industry")


def _add_sites(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--to",
        action="append",
        default=[],
        required=required,
        metavar="HOST:PORT[,…]",
        help="where the binary protocol is spoken, IPv6 as [::1]:2641; once for each site that holds everything; "
        "servers that share one site, each with its part of the identifiers, are joined by commas",
    )
    parser.add_argument("--http", type=int, default=0, metavar="PORT", help="its HTTP port, on the same host")
    parser.add_argument("--udp", action=argparse.BooleanOptionalAction, default=True, help="whether it answers over UDP too")
    parser.add_argument(
        "--server-key", type=Path, metavar="FILE", help="its RSA public key in PEM form: what it certifies can then be believed"
    )


def _add_administrator(parser: argparse.ArgumentParser) -> None:
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--admin-key",
        type=Path,
        metavar="FILE",
        help="public key of its administrator in PEM form, as 'idis init' writes operator.pub: by it other nodes know "
        "300:0.NA/PREFIX; it replaces the one before, and stays until another or --no-admin-key",
    )
    key.add_argument("--no-admin-key", action="store_true", help="remove that key")


def _add_delegate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    line = "let sites elsewhere answer for a prefix; one that is not granted yet is granted in the same step"
    verb = _add(verbs, "delegate", prefix_answering.delegate, line)
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.8")
    _add_sites(verb, required=False)
    verb.add_argument(
        "--service", default="", metavar="HANDLE", help="instead of --to: a service handle (HS_SERV) that names the sites"
    )
    _add_administrator(verb)
    _add_organisation(verb)


def _add_route(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = _add(verbs, "route", prefix_answering.route, "let sites elsewhere answer for a range of prefixes")
    verb.add_argument("start", metavar="FIRST", help="as 88.101.1000")
    verb.add_argument("end", metavar="LAST", nargs="?", default="", help="as 88.101.1999, inclusive, with as many digits")
    _add_sites(verb, required=False)
    verb.add_argument("--remove", action="store_true", help="end the delegation of the range that begins at FIRST")


def _add_hosting(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = _add(verbs, "host", prefix_answering.host, "answer here for an enterprise without servers (托管)")
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.9")
    step = verb.add_mutually_exclusive_group()
    step.add_argument("--apply", action="store_true", help="only ask for it")
    step.add_argument("--reject", action="store_true", help="refuse what was asked for")
    _add_administrator(verb)
    verb = _add(verbs, "unhost", prefix_answering.unhost, "end the hosting of a prefix")
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.9")


def _add_home(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = _add(verbs, "home", prefix_answering.home, "make this node answer for a prefix that was delegated to it")
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.8")
    _add_organisation(verb)
    add_terms(verb)


def _add_unhome(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = _add(verbs, "unhome", prefix_answering.unhome, "let this node answer for a homed prefix no longer")
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.8; it must hold no records")


def _add_views(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = _add(verbs, "list", prefix_view.list_prefixes, "list what is registered")
    verb.add_argument("--below", default="", metavar="PREFIX", help="only prefixes below this one")
    verb.add_argument("--state", choices=[state.name.lower() for state in PrefixState], help="only prefixes in this state")
    verb = _add(verbs, "show", prefix_view.show, "show one prefix with its record")
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.8")
