"""`idis register`: create, replace, change or delete one record, in a data directory or over the network, or a file of them.

Without a mode the record is created, and doing it again changes nothing. What is given as `--file` or on standard input
is the JSON form of the REST interface (`wire.md` §15): a list of values, an object with `values`, or one value.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from idis.proto.batch import Verb
from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.proto.identifier import fold, parse_identifier
from idis.proto.types.table import STRUCTURES, compose
from idis.proto.value import TTL_S_DEFAULT, Value, decode_values
from idis.registry.audit.line import audit, prefix_summary, record_summary
from idis.registry.caller import tool
from idis.registry.loading.rest_rows import record_of_rest
from idis.registry.pilots.finding import Finding
from idis.registry.readers import READERS_TYPE
from idis.registry.record import Alias, unmarked
from idis.registry.registration import acts, records
from idis.registry.registration.checks import Refusal
from idis.registry.registration.records import Recorded
from idis.registry.registration.value_checks import (
    VALUE_BYTES_DEFAULT_MAX,
    VALUE_BYTES_MAX,
    usual_permissions,
)
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.store.directory import user_name
from idis.registry.store.keys import record_key
from idis.registry.suites import SigningKey
from idis.resolver.cli.data_directory import add_data_options, commit, insist, position_text
from idis.resolver.cli.identifier_argument import identifier_of
from idis.resolver.cli.json_read import read_json
from idis.resolver.cli.key_file import read_signing_key
from idis.resolver.cli.key_options import key_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json
from idis.resolver.cli.readers import perform
from idis.resolver.cli.register_batch import register_batches
from idis.resolver.cli.register_remote import add_server_options, register_there, switch_there

FILE_BYTES_MAX = 8 * 1_048_576  # a record of the largest size in its most verbose JSON form
URL_INDEX, EMAIL_INDEX = 1, 2  # by custom of the field (`domain.md` §7)

# what a refusal advises → how this command is told to do it
_FLAGS: dict[int, str] = {
    ResponseCode.HANDLE_ALREADY_EXISTS: "--replace, --add or --modify",
    ResponseCode.HANDLE_NOT_FOUND: "check the spelling; without --add, --modify, --remove and --delete it is registered",
    ResponseCode.VALUE_ALREADY_EXISTS: "--modify",
    ResponseCode.VALUES_NOT_FOUND: "--add",
}

_EPILOG = """\
a batch file has one JSON object a line; verb is create where it is left out:
  {"identifier": "88.118.8/A1", "values": [{"index": 1, "type": "URL", "data": "https://example.com/1"}]}
  {"identifier": "88.118.8/A2", "verb": "remove", "indexes": [2, 3]}
  verb: create, replace, add, modify with values; remove with indexes;
        disable, enable with indexes, or without for the record; delete"""

# Options that say what a line of a batch file says.
_OF_ONE_RECORD = ("value", "url", "email", "file", "replace", "add", "modify", "remove", "delete", "ttl", "permissions", "sign")
_OF_ONE_RECORD_OR_NONE = ("disable", "enable")  # which may be named without an index

_VALUE = re.compile(r"(\d{1,10}):([^=\s]+)=(.*)", re.DOTALL)
_PERMISSIONS = re.compile(r"[01]{4}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "identifier", metavar="IDENTIFIER", nargs="?", help="as 88.118.8/JXDY2106023; quote it when it holds blanks"
    )
    parser.add_argument(
        "--batch",
        metavar="FILE",
        help="lines as shown below, of any number: sent in batches; run again, the command goes on where it stopped",
    )
    parser.add_argument(
        "--value", action="append", default=[], metavar="INDEX:TYPE=DATA", help="a value; @FILE as data reads a file"
    )
    parser.add_argument("--url", metavar="URL", help=f"short for --value {URL_INDEX}:URL=URL")
    parser.add_argument("--email", metavar="ADDRESS", help=f"short for --value {EMAIL_INDEX}:EMAIL=ADDRESS")
    parser.add_argument("--file", metavar="FILE", help="values in the JSON form of the REST interface; - is standard input")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--replace", action="store_true", help="put these values in place of all there are")
    mode.add_argument("--add", action="store_true", help="add these values to those there are")
    mode.add_argument("--modify", action="store_true", help="change the values at these indexes")
    mode.add_argument("--remove", action="append", type=int, default=[], metavar="INDEX", help="remove the value at this index")
    mode.add_argument("--delete", action="store_true", help="delete the record")
    for name, line in (("--disable", "keep it, and answer as if it did not exist"), ("--enable", "undo --disable")):
        line += ": the values at these indexes, or the record"
        mode.add_argument(name, nargs="*", type=_index, metavar="INDEX", help=line)
    parser.add_argument("--ttl", type=int, metavar="S", help=f"seconds others may keep them; default {TTL_S_DEFAULT}")
    parser.add_argument(
        "--permissions",
        metavar="BITS",
        help="admin-read, admin-write, public-read, public-write; default 1110, of HS_SECKEY 1100; --file says its own",
    )
    parser.add_argument(
        "--sign", type=Path, metavar="KEY", help="sign the record as its owner, with this private key in PEM (see 'idis key')"
    )
    parser.add_argument(
        "--value-bytes-max",
        type=int,
        default=VALUE_BYTES_DEFAULT_MAX,
        metavar="N",
        help=f"largest value to accept; default {VALUE_BYTES_DEFAULT_MAX}, at most {VALUE_BYTES_MAX}",
    )
    add_data_options(parser)
    add_server_options(parser)
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, _EPILOG


def run(arguments: argparse.Namespace) -> int:
    """Register what the arguments say."""
    if (arguments.identifier is None) == (arguments.batch is None):
        raise CommandError("give one IDENTIFIER, or --batch FILE")
    if arguments.batch is not None:
        strange = [name for name in _OF_ONE_RECORD if getattr(arguments, name)]
        strange += [name for name in _OF_ONE_RECORD_OR_NONE if getattr(arguments, name) is not None]
        if strange:
            raise CommandError(f"each line of a batch says what is to be done: leave --{', --'.join(strange)} out")
        return register_batches(arguments)
    if arguments.server is None and key_of(arguments) is not None:
        raise CommandError("a key proves an identity to a node: name it with --server HOST:PORT")
    identifier_of(arguments.identifier)
    given = _given(arguments)
    values = given.values
    if arguments.disable is not None or arguments.enable is not None:
        return _switch(arguments, given)
    takes_none = arguments.delete or arguments.remove
    if takes_none and values:
        raise CommandError("--delete and --remove take no values: leave --value, --url, --email and --file out")
    if not takes_none and not values:
        raise CommandError("which values? Give --url URL, --value INDEX:TYPE=DATA, or --file FILE")
    if given.signer is not None and (arguments.server is not None or arguments.delete):
        raise CommandError("--sign works where a record is written in a data directory: leave --server and --delete out")
    if arguments.server is not None:
        if given.aliases:
            raise CommandError("second names cannot be registered over the network: leave 'aliases' out")
        return register_there(arguments, values)
    now = int(time.time())
    committed = commit(arguments, lambda txn: insist(_advised(_audited(txn, arguments, given, now))))
    recorded, position = committed.result, position_text(committed.position)
    if arguments.json:
        print_json(
            {
                "identifier": recorded.identifier,
                "version": recorded.version,
                "changed": recorded.changed,
                "deleted": arguments.delete,
                "position": position,
            }
        )
    elif not recorded.changed:
        print(f"{recorded.identifier}: unchanged (version {recorded.version})")
    else:
        changed = arguments.add or arguments.modify or arguments.remove
        word = "deleted" if arguments.delete else "changed" if changed else "registered"
        print(f"{recorded.identifier}: {word} (version {recorded.version}, position {position})")
    return ExitCode.DONE


def _audited(txn: WriteTxn, arguments: argparse.Namespace, given: _Given, now: int) -> Recorded | Refusal:
    """Make the change, and its line in the audit trail."""
    before = _summary(txn, arguments.identifier)
    recorded = _change(txn, arguments, given, now)
    if isinstance(recorded, Recorded) and recorded.changed:
        after = _summary(txn, arguments.identifier)
        audit(txn, tool(user_name()), _verb(arguments), recorded.identifier, before=before, after=after)
    return recorded


def _summary(txn: ReadTxn, identifier: str) -> dict[str, object] | None:
    """What the audit trail says of what is there now."""
    parsed = parse_identifier(identifier)
    entry = txn.prefix(parsed.folded_prefix)
    if entry is None:
        return None
    if parsed.suffix is None:
        return prefix_summary(entry)
    stored = txn.record(record_key(entry.prefix, parsed.suffix, entry.fold_suffix))
    return record_summary(stored) if stored is not None and stored.live else None


def _verb(arguments: argparse.Namespace) -> str:
    chosen = ("delete", "remove", "add", "modify", "replace")
    return next((verb for verb in chosen if getattr(arguments, verb)), "create")


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no index; the identifier goes before the option")
    return int(text)


def _switch(arguments: argparse.Namespace, given: _Given) -> int:
    """Disable or enable the record, or some of its values."""
    if given.values:
        raise CommandError("--disable and --enable take no values: leave --value, --url, --email and --file out")
    off = arguments.disable is not None
    indexes = tuple(arguments.disable if off else arguments.enable)
    if arguments.server is not None:
        done, position = switch_there(arguments, Verb.DISABLE if off else Verb.ENABLE, indexes), ""
    else:
        act = acts.Disable(arguments.identifier, indexes) if off else acts.Enable(arguments.identifier, indexes)
        done, position = perform(arguments, act)
    what = f"{done.identifier} value {', '.join(map(str, indexes))}" if indexes else done.identifier
    word = "disabled" if off else "enabled"
    if arguments.json:
        print_json(
            {
                "identifier": done.identifier,
                "version": done.version,
                "changed": done.changed,
                "disabled": off,
                "indexes": list(indexes),
                "position": position,
            }
        )
    elif done.changed:
        print(f"{what}: {word} (version {done.version}{position and f', position {position}'})")
    else:
        print(f"{what}: {word} already (version {done.version})")
    return ExitCode.DONE


def _change(txn: WriteTxn, arguments: argparse.Namespace, given: _Given, now: int) -> Recorded | Refusal:
    values = given.values
    name, most = arguments.identifier, arguments.value_bytes_max
    if arguments.delete:
        return records.delete_record(txn, name)
    if arguments.remove:
        return records.remove_values(txn, name, arguments.remove, now, signer=given.signer)
    if arguments.add:
        return records.add_values(txn, name, values, now, value_bytes_max=most, signer=given.signer)
    if arguments.modify:
        return records.modify_values(txn, name, values, now, value_bytes_max=most, signer=given.signer)
    if arguments.replace:
        return records.replace_record(txn, name, values, now, aliases=given.aliases, value_bytes_max=most, signer=given.signer)
    return records.create_record(txn, name, values, now, aliases=given.aliases or (), value_bytes_max=most, signer=given.signer)


def _advised(result: Recorded | Refusal) -> Recorded | Refusal:
    """A refusal with the flag that gets round it."""
    if isinstance(result, Refusal) and (flags := _FLAGS.get(result.code)):
        return replace(result, message=f"{result.message} ({flags})")
    return result


@dataclass(frozen=True, slots=True)
class _Given:
    """What to write; `aliases` is None when nothing is said about them; `signer` is the owner's key."""

    values: tuple[Value, ...]
    aliases: tuple[Alias, ...] | None
    signer: SigningKey | None


def _given(arguments: argparse.Namespace) -> _Given:
    """All values of the command line and the file."""
    values = _values(arguments)
    signer = None if arguments.sign is None else read_signing_key(arguments.sign)
    if arguments.file is None:
        return _Given(tuple(values), None, signer)
    filed = _file_given(arguments.identifier, arguments.file)
    return _Given((*values, *filed.values), filed.aliases, signer)


def _values(arguments: argparse.Namespace) -> list[Value]:
    """The values of the command line, with the TTL and permissions given for all of them."""
    values = [_value(text) for text in arguments.value]
    if arguments.url is not None:
        values.append(Value(URL_INDEX, "URL", _encoded(arguments.url)))
    if arguments.email is not None:
        values.append(Value(EMAIL_INDEX, "EMAIL", _encoded(arguments.email)))
    permissions, ttl = None, TTL_S_DEFAULT
    if arguments.permissions is not None:
        if _PERMISSIONS.fullmatch(arguments.permissions) is None:
            raise CommandError(f"--permissions {arguments.permissions}: write four bits, as 1110")
        permissions = int(arguments.permissions, 2)
    if arguments.ttl is not None:
        if not 0 <= arguments.ttl < 2**31:
            raise CommandError(f"--ttl {arguments.ttl}: seconds from 0 to {2**31 - 1}")
        ttl = arguments.ttl
    return [
        replace(value, permissions=usual_permissions(value.type) if permissions is None else permissions, ttl=ttl)
        for value in values
    ]


def _value(text: str) -> Value:
    parts = _VALUE.fullmatch(text)
    if parts is None:
        raise CommandError(f"--value {text!r}: write INDEX:TYPE=DATA, as 2000:productName=cell")
    index, name, data = parts.groups()
    if data.startswith("@"):
        return Value(int(index), name, _read(data[1:]))
    try:
        return Value(int(index), name, compose(name, data))
    except DataError as error:
        how = "; such values are given as JSON with --file" if fold(name) in STRUCTURES else ""
        raise CommandError(f"--value {index}:{name}: {error}{how}") from None


def _file_given(identifier: str, name: str) -> _Given:
    try:
        shown: object = read_json(_read(name))
    except ValueError as error:
        raise CommandError(f"{name} is no JSON: {error}") from None
    if isinstance(shown, dict) and "values" not in shown:
        shown = [shown]
    if isinstance(shown, list):
        shown = {"values": shown}
    if not isinstance(shown, dict):
        raise CommandError(f"{name}: a list of values, an object with values, or one value is expected")
    prepared = record_of_rest(identifier, shown, 0)
    if isinstance(prepared, Finding):
        raise CommandError(f"{name}: {prepared.field}: {prepared.message}")
    held = map(unmarked, (*decode_values(prepared.public), *decode_values(prepared.restricted)))
    values = tuple(value for value in held if value.type != READERS_TYPE)  # which stay as they are here
    return _Given(values, prepared.aliases if "aliases" in shown else None, None)


def _read(name: str) -> bytes:
    try:
        if name == "-":
            octets = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with Path(name).open("rb") as file:
                octets = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}") from None
    if len(octets) > FILE_BYTES_MAX:
        raise CommandError(f"{name} is larger than {FILE_BYTES_MAX} octets")
    return octets


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise CommandError(f"{text!r} is not UTF-8 text") from None
