"""`idis key status`: say what holds of a prefix and its keys today (`proto/types/prefix_status.py`).

A status lives a day at most, so it is said again before it ends: the same command without more words renews the last one. It
goes into the record of the prefix, and with it, at once, to every recursive node that has answered below the prefix.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import fold, prefix_handle
from idis.proto.proof import links_of
from idis.proto.statement import KID_BYTES, stored_spelling
from idis.proto.types.prefix_status import (
    FLOORS_MAX,
    LIFE_S_MAX,
    REVOKED_MAX,
    STATUS_INDEX,
    STATUS_TYPE,
    PrefixStatus,
    PrefixWord,
    decode_status,
    name_hash,
)
from idis.proto.value import Value
from idis.registry.suites import SigningKey
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.key_file import read_signing_key
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.signed_values import put_signed

HOURS_MAX = LIFE_S_MAX // 3_600
TTL_S = 300  # others ask for it again by then, whoever tells them of changes or not

_WORDS = {word.name.lower(): word for word in PrefixWord}


def add_status_options(verb: argparse.ArgumentParser) -> None:
    """Arguments of `idis key status`."""
    verb.add_argument("prefix", metavar="PREFIX", help="as 88.118.8")
    verb.add_argument("--issuer", type=Path, required=True, metavar="KEY", help="private key of the prefix, or of the one above")
    verb.add_argument("--state", choices=sorted(_WORDS), help="what is said of the prefix; without, as it was said last")
    verb.add_argument("--revoke", action="append", default=[], metavar="KID", help="a key that must not be believed any more")
    verb.add_argument("--void-before", type=int, default=0, metavar="T", help="void all that was signed before (unix time)")
    verb.add_argument(
        "--supersede", action="append", default=[], metavar="ID=VERSION", help="of a record, the lowest version that still counts"
    )
    verb.add_argument("--hours", type=int, default=HOURS_MAX, metavar="N", help=f"how long it holds; default {HOURS_MAX}")


def say_status(arguments: argparse.Namespace) -> int:
    """Sign a status and put it into the record of its prefix."""
    if not 0 < arguments.hours <= HOURS_MAX:
        raise CommandError(f"--hours {arguments.hours}: 1 to {HOURS_MAX}")
    key, prefix, now = read_signing_key(arguments.issuer), prefix_of(arguments.prefix), int(time.time())
    added = PrefixStatus(
        key.public.suite,
        key.public.kid,
        prefix,
        word=_WORDS[arguments.state] if arguments.state else 0,
        epoch=0,
        issued=now,
        valid_until=now + arguments.hours * 3_600,
        revoked=tuple(map(_kid, arguments.revoke)),
        min_signed_at=arguments.void_before,
        floors=tuple(map(_floor, arguments.supersede)),
    )
    said: list[PrefixStatus] = []
    where = put_signed(arguments, fold(prefix), now, "say status", lambda held: _said(held, key, added, said))
    if arguments.json:
        print_json(_document(said[-1]))
    else:
        print(f"{prefix_handle(prefix)}: {told(said[-1])}{where}")
    return ExitCode.DONE


def told(status: PrefixStatus) -> str:
    """A status in a line for people."""
    until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(status.valid_until))
    parts = [f"{PrefixWord(status.word).name.lower()} until {until}", f"epoch {status.epoch}"]
    if status.revoked:
        parts.append(f"revoked {', '.join(kid.hex() for kid in status.revoked)}")
    if status.min_signed_at:
        parts.append(f"void before {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(status.min_signed_at))}")
    if status.floors:
        parts.append(f"{len(status.floors)} superseded")
    return ", ".join(parts)


def _said(
    values: tuple[Value, ...], key: SigningKey, added: PrefixStatus, said: list[PrefixStatus]
) -> tuple[Value, str]:
    """What a key says now, after what it said before in the record; `said` tells it, too."""
    links, kid = [link for link in links_of(values) if link.prefix == added.prefix], key.public.kid
    if not any(kid == link.kid or (link.child_speaks and kid == link.child_kid) for link in links):
        raise CommandError(
            f"nobody would believe the key {kid.hex()} about {added.prefix}: no delegation in its record is by it, "
            "or lets it speak ('idis key delegate')",
            ExitCode.REFUSED,
        )
    held, before = _held(values, key)
    status = _joined(before, added)
    signed = replace(status, signature=key.sign(status.octets()))
    said.append(signed)
    return Value(held, STATUS_TYPE, signed.encode(), ttl=TTL_S), told(signed)


def _held(values: tuple[Value, ...], key: SigningKey) -> tuple[int, PrefixStatus | None]:
    """The index of a key's status in the record of its prefix, or a free one; and what it says."""
    for value in values:
        if value.type == STATUS_TYPE:
            try:
                status = decode_status(value.data)
            except ProtocolError:
                continue
            if status.kid == key.public.kid:
                return value.index, status
    taken = {value.index for value in values}
    return next(index for index in range(STATUS_INDEX, STATUS_INDEX + len(taken) + 1) if index not in taken), None


def _joined(before: PrefixStatus | None, added: PrefixStatus) -> PrefixStatus:
    """What is said anew, with all that was said before and is not taken back by time."""
    if before is None:
        return replace(added, word=added.word or PrefixWord.CURRENT, epoch=1, floors=tuple(sorted(added.floors)))
    floors = dict(before.floors)
    for name, version in added.floors:
        floors[name] = max(version, floors.get(name, 0))
    revoked = tuple(dict.fromkeys((*before.revoked, *added.revoked)))
    joined = replace(
        added,
        word=added.word or before.word,
        revoked=revoked,
        min_signed_at=max(before.min_signed_at, added.min_signed_at),
        floors=tuple(sorted(floors.items())),
    )
    said = (joined.word, joined.revoked, joined.min_signed_at, joined.floors)
    same = said == (before.word, before.revoked, before.min_signed_at, before.floors)
    if len(revoked) > REVOKED_MAX or len(floors) > FLOORS_MAX:
        raise CommandError(
            f"a status revokes {REVOKED_MAX} keys and supersedes {FLOORS_MAX} records at most: "
            "sign the records anew and void what is older with --void-before"
        )
    return replace(joined, epoch=before.epoch + (not same), issued=max(added.issued, before.issued + 1))


def _kid(text: str) -> bytes:
    try:
        kid = bytes.fromhex(text)
    except ValueError:
        kid = b""
    if len(kid) != KID_BYTES:
        raise CommandError(f"--revoke {text}: a key's name has {2 * KID_BYTES} hexadecimal digits, see 'idis key show'")
    return kid


def _floor(text: str) -> tuple[bytes, int]:
    identifier, _, version = text.rpartition("=")
    try:
        if not (version.isascii() and version.isdigit()):
            raise ValueError(version)
        return name_hash(stored_spelling(identifier)), int(version)
    except (ValueError, IdentifierError):
        raise CommandError(f"--supersede {text}: write it as 88.118.8/A1=5") from None


def _document(status: PrefixStatus) -> dict[str, object]:
    return {
        "prefix": status.prefix,
        "state": PrefixWord(status.word).name.lower(),
        "epoch": status.epoch,
        "kid": status.kid.hex(),
        "revoked": [kid.hex() for kid in status.revoked],
        "voidBefore": status.min_signed_at,
        "superseded": len(status.floors),
        "issued": status.issued,
        "validUntil": status.valid_until,
    }
