"""`idis key`: keys that sign records, and delegations from a prefix to the keys below it (`trust.md` §3.3).

A delegation has two signatures: the parent's, and that of the key it is for, which proves that its holder has it. Where one
person holds both keys, `delegate` makes the whole; otherwise the parent sends what `delegate` writes, the child adds its own
with `accept`, and the parent publishes it in the prefix's record.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from idis.proto.errors import ProtocolError
from idis.proto.identifier import prefix_handle
from idis.proto.types.key_delegation import (
    DELEGATION_INDEX,
    DELEGATION_TYPE,
    EVERYTHING,
    DelegationRight,
    KeyDelegation,
    decode_delegation,
)
from idis.proto.value import TTL_S_DEFAULT, Value
from idis.registry.suites import PublicSuiteKey, verify
from idis.resolver.cli.data_directory import add_data_options
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.key_file import read_public_keys, read_signing_key
from idis.resolver.cli.key_status import add_status_options, say_status
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.signed_values import put_signed
from idis.resolver.cli.web_client import add_server_options
from idis.resolver.operator_key import make_operator_key, write_operator_key

DAYS_DEFAULT, DAYS_MAX = 366, 3_660
FILE_BYTES_MAX = 8_192  # of a delegation
_RIGHTS = {
    "sign": DelegationRight.SIGN,
    "delegate": DelegationRight.DELEGATE,
    "signers": DelegationRight.NAME_SIGNERS,
    "take-over": DelegationRight.TAKE_OVER,
}
_NO_SIGNATURE = b"\x00"  # stands where the child has not signed yet


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    new = _verb(verbs, "new", "make a key pair of Ed25519", _new)
    new.add_argument("file", type=Path, metavar="FILE", help="the private key; the public one goes beside it, as FILE.pub")
    show = _verb(verbs, "show", "show the name of a public key", _show)
    show.add_argument("file", type=Path, metavar="FILE", help="a public key in PEM")
    show.add_argument("--json", action="store_true", help="print one JSON document")
    delegate = _verb(verbs, "delegate", "let a key sign for a prefix", _delegate)
    delegate.add_argument("prefix", metavar="PREFIX", help="the prefix the key is to sign for")
    issuer = "private key of the prefix above, or a root's"
    delegate.add_argument("--issuer", type=Path, required=True, metavar="KEY", help=issuer)
    child = delegate.add_mutually_exclusive_group(required=True)
    child.add_argument("--child", type=Path, metavar="KEY", help="the private key it is for: the delegation is whole at once")
    child.add_argument("--child-public", type=Path, metavar="FILE", help="its public key; its holder accepts: idis key accept")
    delegate.add_argument("--rights", default="sign,delegate,signers", metavar="LIST", help=f"of {', '.join(_RIGHTS)}; or 'all'")
    delegate.add_argument("--days", type=int, default=DAYS_DEFAULT, metavar="N", help=f"how long; default {DAYS_DEFAULT}")
    delegate.add_argument("--serial", type=int, default=0, metavar="N", help="higher than that of any before; default: the time")
    delegate.add_argument("--out", type=Path, metavar="FILE", help="write it there; without, into the prefix's record")
    add_data_options(delegate)
    add_server_options(delegate)
    accept = _verb(verbs, "accept", "accept a delegation with the key it is for", _accept)
    accept.add_argument("file", type=Path, metavar="FILE", help="as 'idis key delegate --out' wrote it; it is changed")
    accept.add_argument("--child", type=Path, required=True, metavar="KEY", help="the private key it is for")
    publish = _verb(verbs, "publish", "put an accepted delegation into the record of its prefix", _publish)
    publish.add_argument("file", type=Path, metavar="FILE", help="the accepted delegation")
    add_data_options(publish)
    add_server_options(publish)
    status = _verb(verbs, "status", "say what holds of a prefix and its keys today, or say it again", say_status)
    add_status_options(status)
    add_data_options(status)
    add_server_options(status)


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    code: int = arguments.act(arguments)
    return code


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, line: str, act: object
) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
    verb.set_defaults(act=act)
    return verb


def _new(arguments: argparse.Namespace) -> int:
    pair = make_operator_key()
    public = arguments.file.with_name(f"{arguments.file.name}.pub")
    if public.exists():
        raise CommandError(f"{public} exists already and is not overwritten: name another file")
    write_operator_key(arguments.file, pair)
    try:
        public.write_bytes(pair.public)
    except OSError as error:
        raise CommandError(f"{public} cannot be written: {error.strerror}") from None
    print(f"{arguments.file}: a private key, for its owner alone; {public}: its public half")
    return ExitCode.DONE


def _show(arguments: argparse.Namespace) -> int:
    keys = read_public_keys(arguments.file)
    if arguments.json:
        print_json([{"suite": key.suite, "kid": key.kid.hex(), "key": key.key.hex()} for key in keys])
    else:
        for key in keys:
            print(f"suite {key.suite}  kid {key.kid.hex()}")
    return ExitCode.DONE


def _delegate(arguments: argparse.Namespace) -> int:
    issuer = read_signing_key(arguments.issuer)
    child = None if arguments.child is None else read_signing_key(arguments.child)
    if not 0 < arguments.days <= DAYS_MAX:
        raise CommandError(f"--days {arguments.days}: 1 to {DAYS_MAX}")
    now = int(time.time())
    public = read_public_keys(arguments.child_public)[0] if child is None else child.public
    unsigned = KeyDelegation(
        suite=issuer.public.suite,
        kid=issuer.public.kid,
        prefix=prefix_of(arguments.prefix),
        child_suite=public.suite,
        child_key=public.key,
        rights=_rights(arguments.rights),
        version=arguments.serial or now,
        not_before=now,
        not_after=now + arguments.days * 86_400,
    )
    octets = unsigned.octets()
    made = replace(unsigned, parent_signature=issuer.sign(octets), child_signature=child.sign(octets) if child else _NO_SIGNATURE)
    if arguments.out is not None:
        _write(arguments.out, made)
        then = "idis key publish" if child else f"its holder accepts it with 'idis key accept {arguments.out} --child KEY'"
        print(f"{arguments.out}: {_told(made)}; next: {then}")
        return ExitCode.DONE
    if child is None:
        raise CommandError("the key's holder must accept first: write the delegation to a file with --out FILE")
    return _put(arguments, made)


def _accept(arguments: argparse.Namespace) -> int:
    delegation, child = _read(arguments.file), read_signing_key(arguments.child)
    if (child.public.suite, child.public.key) != (delegation.child_suite, delegation.child_key):
        raise CommandError(f"{arguments.file} is for another key: {delegation.child_kid.hex()}")
    accepted = replace(delegation, child_signature=child.sign(delegation.octets()))
    _write(arguments.file, accepted)
    print(f"{arguments.file}: {_told(accepted)}, accepted; send it back to be published")
    return ExitCode.DONE


def _publish(arguments: argparse.Namespace) -> int:
    delegation = _read(arguments.file)
    if not verify(delegation.child_suite, delegation.child_key, delegation.octets(), delegation.child_signature):
        raise CommandError(f"{arguments.file} has not been accepted: its holder runs 'idis key accept' first")
    return _put(arguments, delegation)


def _put(arguments: argparse.Namespace, delegation: KeyDelegation) -> int:
    where = put_signed(
        arguments, delegation.prefix, int(time.time()), "delegate key", lambda values: _placed(values, delegation)
    )
    if arguments.json:
        print_json({"prefix": delegation.prefix, "kid": delegation.child_kid.hex()})
    else:
        print(f"{prefix_handle(delegation.prefix)}: {_told(delegation)}{where}")
    return ExitCode.DONE


def _placed(values: tuple[Value, ...], delegation: KeyDelegation) -> tuple[Value, str]:
    """A delegation as a value of the record of its prefix, in the place of an older one of the same key."""
    held = {value.index: value for value in values}
    same = (index for index, value in held.items() if value.type == DELEGATION_TYPE and _is_same(value.data, delegation))
    free = (index for index in range(DELEGATION_INDEX, DELEGATION_INDEX + len(held) + 1) if index not in held)
    return Value(next(same, next(free)), DELEGATION_TYPE, delegation.encode(), ttl=TTL_S_DEFAULT), _told(delegation)


def _is_same(data: bytes, delegation: KeyDelegation) -> bool:
    try:
        held = decode_delegation(data)
    except ProtocolError:
        return False
    return (held.child_suite, held.child_kid, held.kid) == (delegation.child_suite, delegation.child_kid, delegation.kid)


def _told(delegation: KeyDelegation) -> str:
    rights = ", ".join(name for name, right in _RIGHTS.items() if delegation.rights & right)
    child = PublicSuiteKey(delegation.child_suite, delegation.child_key)
    return f"the key {child.kid.hex()} may {rights} for {delegation.prefix}, by the key {delegation.kid.hex()}"


def _rights(text: str) -> int:
    if text == "all":
        return EVERYTHING
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in _RIGHTS]:
        raise CommandError(f"--rights {unknown[0]!r}: {', '.join(_RIGHTS)}, or 'all'")
    rights = 0
    for name in names:
        rights |= _RIGHTS[name]
    return rights


def _read(path: Path) -> KeyDelegation:
    try:
        with path.open("rb") as file:
            return decode_delegation(file.read(FILE_BYTES_MAX))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except ProtocolError:
        raise CommandError(f"{path} holds no delegation") from None


def _write(path: Path, delegation: KeyDelegation) -> None:
    try:
        path.write_bytes(delegation.encode())
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
