"""`idis prefix terms`: how a prefix is kept: privacy, quotas, signatures; `apply` and `home` take the same options."""

from __future__ import annotations

import argparse

from idis.registry.prefix import Privacy
from idis.registry.registration.life import DEFAULT_TERMS, QUOTA_MAX, TTL_S_MAX, NewTerms, Terms
from idis.registry.registration.prefix_acts import ChangeTerms
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError
from idis.resolver.cli.prefix_acting import act, tell
from idis.resolver.cli.prefix_elsewhere import signing_word


def add_terms(parser: argparse.ArgumentParser) -> None:
    """Declare the options; of a new prefix, what is not given is as the help says, of another it stays."""
    parser.add_argument(
        "--privacy",
        choices=[one.name.lower() for one in Privacy],
        help="values without public-read: handle challenges who asks, strict answers as if they did not exist; default handle",
    )
    parser.add_argument(
        "--fold-suffix",
        action=argparse.BooleanOptionalAction,
        help="whether suffixes that differ in case are one; default yes; settled with the first record",
    )
    parser.add_argument("--quota", type=int, metavar="N", help="most records below it; default 0: no limit")
    parser.add_argument("--ttl", type=int, metavar="S", help=f"seconds others may keep its record; default {DEFAULT_TERMS.ttl_s}")
    parser.add_argument(
        "--signing",
        choices=(signing_word(True), signing_word(False)),
        help="whether every record must carry its owner's signature; default: optional",
    )
    parser.add_argument(
        "--daily-quota", type=int, metavar="N", help="most resolutions a day, by Beijing time; default 0: no limit"
    )


def new_terms(arguments: argparse.Namespace) -> Terms:
    """The terms of a new prefix."""
    return _given(arguments).over(DEFAULT_TERMS)


def run(arguments: argparse.Namespace) -> int:
    """Set what is given."""
    wanted = _given(arguments)
    if wanted == NewTerms():
        raise CommandError("what is to change? Give --privacy, --quota, --ttl, --signing, --daily-quota or --fold-suffix")
    return tell(arguments, act(arguments, ChangeTerms(prefix_of(arguments.prefix), wanted)), "kept so", "")


def _given(arguments: argparse.Namespace) -> NewTerms:
    """What the options say."""
    for name, most in (("quota", QUOTA_MAX), ("ttl", TTL_S_MAX), ("daily_quota", QUOTA_MAX)):
        number = getattr(arguments, name)
        if number is not None and not 0 <= number <= most:
            raise CommandError(f"--{name.replace('_', '-')} {number}: give 0 to {most}")
    return NewTerms(
        privacy=None if arguments.privacy is None else Privacy[arguments.privacy.upper()],
        fold_suffix=arguments.fold_suffix,
        quota=arguments.quota,
        ttl_s=arguments.ttl,
        signing_required=None if arguments.signing is None else arguments.signing == signing_word(True),
        daily_quota=arguments.daily_quota,
    )
