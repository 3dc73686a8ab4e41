"""`idis prefix policy`: whether the records of a prefix must be signed, and how many resolutions a day it pays for."""

from __future__ import annotations

import argparse

from idis.registry.caller import tool
from idis.registry.registration.policy import set_policy
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import add_data_options, commit, insist, position_text
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json

_REQUIRED, _OPTIONAL = "required", "optional"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("prefix", metavar="PREFIX", help="as 88.118.8, in the data directory of the node that answers for it")
    parser.add_argument("--signing", choices=(_REQUIRED, _OPTIONAL), help="whether every record must carry its owner's signature")
    parser.add_argument("--daily-quota", type=int, metavar="N", help="most resolutions a day, by Beijing time; 0: no limit")
    add_data_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Set what is given, tell what holds."""
    if arguments.signing is None and arguments.daily_quota is None:
        raise CommandError("what is to change? Give --signing, --daily-quota, or both")
    prefix = prefix_of(arguments.prefix)
    required = None if arguments.signing is None else arguments.signing == _REQUIRED
    committed = commit(
        arguments,
        lambda txn: insist(
            set_policy(txn, tool(user_name()), prefix, signing_required=required, daily_quota=arguments.daily_quota)
        ),
    )
    entry, position = committed.result.entry, position_text(committed.position)
    signing = _REQUIRED if entry.signing_required else _OPTIONAL
    if arguments.json:
        print_json({"prefix": entry.prefix, "signing": signing, "dailyQuota": entry.daily_quota, "position": position})
        return ExitCode.DONE
    quota = f"{entry.daily_quota:,} resolutions a day" if entry.daily_quota else "any number of resolutions"
    state = f"(position {position})" if committed.result.changed else "already: nothing changed"
    print(f"{entry.prefix}: signing {signing}, {quota} {state}")
    return ExitCode.DONE
