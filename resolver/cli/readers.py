"""`idis readers`: for whom a value of a record, or of all records of a template, is kept."""

from __future__ import annotations

import argparse
import sys
import time

from idis.proto.codes import ResponseCode
from idis.proto.value import INDEX_MAX, decode_values
from idis.registry.caller import tool
from idis.registry.readers import held_record, own_lists, template_lists, template_of
from idis.registry.record import MARK_LISTED, MARK_OFF
from idis.registry.registration import acts, relisting
from idis.registry.registration.checks import Refusal
from idis.registry.registration.relisting import Relisting
from idis.registry.rights import Unknown
from idis.registry.store.base import WriteTxn
from idis.registry.store.directory import user_name
from idis.registry.template_elsewhere import known_template, name_elsewhere
from idis.resolver.cli.data_directory import add_data_options, commit, insist, opened, position_text
from idis.resolver.cli.identifier_argument import identifier_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table
from idis.resolver.cli.role import identity_of_text
from idis.resolver.cli.shown import printable
from idis.resolver.cli.web_client import add_server_options, connected

# index, type, whose list, readers, whether it is disabled
_Row = tuple[int, str, str, list[str], bool]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", metavar="ACTION", required=True)
    for name, line in (
        ("show", "show which values are kept from others, and who reads them"),
        ("set", "keep a value for some readers only"),
        ("clear", "lift the list of a value"),
    ):
        verb = verbs.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        verb.add_argument("identifier", metavar="IDENTIFIER", help="a record, or a template: META_… for all its records")
        if name != "show":
            verb.add_argument("index", type=_index, metavar="INDEX", help="of the value, or of the template's item")
        if name == "set":
            verb.add_argument(
                "readers", nargs="*", metavar="IDENTITY", help="as 300:88.118/zhang, or a group; none: administrators only"
            )
        add_data_options(verb)
        add_server_options(verb)
        verb.set_defaults(act=_show if name == "show" else _change)


def run(arguments: argparse.Namespace) -> int:
    """Do what the chosen sub-command does."""
    identifier_of(arguments.identifier)
    code: int = arguments.act(arguments)
    return code


def perform(arguments: argparse.Namespace, act: acts.Act) -> tuple[acts.Done, str]:
    """Do an act as the operator, and bring the records of a template in step; the result and its place in the journal."""
    now = int(time.time())
    committed = commit(arguments, lambda txn: insist(_done(txn, act, now)))
    with opened(arguments) as store:
        relisting.finish(store, _tell)
    return committed.result, position_text(committed.position)


def patch(arguments: argparse.Namespace, body: dict[str, object]) -> acts.Done:
    """Change who sees what of a record at a running node; what it came to."""
    with connected(arguments) as node:
        done = node.change("PATCH", "records", *_parts(arguments.identifier), body=body)
    return acts.Done(str(done["identifier"]), int(done["version"]), bool(done["changed"]))


def _parts(identifier: str) -> tuple[str, str]:
    prefix, _, suffix = identifier.partition("/")
    return prefix, suffix


def _done(txn: WriteTxn, act: acts.Act, now: int) -> acts.Done | Refusal:
    result = acts.perform(txn, act, tool(user_name()), now)
    if isinstance(result, Unknown):
        return Refusal(ResponseCode.INVALID_ADMIN, "the groups that decide this are kept by other nodes")
    return result


def _change(arguments: argparse.Namespace) -> int:
    readers = None
    if arguments.verb == "set":
        readers = tuple(identity_of_text(text) for text in arguments.readers)
    shown = None if readers is None else [str(reader) for reader in readers]
    if arguments.server:
        done, position = patch(arguments, {"readers": [{"index": arguments.index, "readers": shown}]}), ""
    else:
        done, position = perform(arguments, acts.SetReaders(arguments.identifier, arguments.index, readers))
    if arguments.json:
        print_json(
            {
                "identifier": done.identifier,
                "index": arguments.index,
                "readers": shown,
                "version": done.version,
                "changed": done.changed,
                "position": position,
            }
        )
        return ExitCode.DONE
    whom = "everybody whom its permissions allow" if shown is None else ", ".join(shown) or "administrators only"
    where = f", position {position}" if position else ""
    state = f"(version {done.version}{where})" if done.changed else "already: nothing changed"
    print(printable(f"{done.identifier} value {arguments.index}: for {whom} {state}"))
    return ExitCode.DONE


def _show(arguments: argparse.Namespace) -> int:
    if arguments.server:
        return _show_there(arguments)
    with opened(arguments) as store, store.read() as txn:
        record = held_record(txn, arguments.identifier)
        if record is None:
            raise CommandError(f"{arguments.identifier} is not registered on this node", ExitCode.REFUSED)
        values = record.values
        own, template = own_lists(values), template_lists(txn, values)
        named = template_of(values) or ""
        elsewhere = name_elsewhere(txn, named)
        fetched = 0 if elsewhere is None else known_template(txn, elsewhere).fetched
    if elsewhere is not None:
        when = time.strftime("as of %Y-%m-%d %H:%M UTC", time.gmtime(fetched)) if fetched else "not known yet"
        named = f"{named} (another node's, {when})"
    types = {value.index: value.type for value in values}
    marks = {value.index: value.permissions for value in decode_values(record.restricted)}
    rows: list[_Row] = []
    for index in sorted(own.lists.keys() | own.off | template.lists.keys() | template.off):
        source = "its own" if index in own.lists or index in own.off else f"of {named}"
        lists = own.lists.get(index, template.lists.get(index))
        off = index in own.off or index in template.off
        listed = lists is not None or bool(marks.get(index, 0) & MARK_LISTED)
        readers = ["administrators only"] if lists == () else [str(reader) for reader in lists or ()]
        rows.append((index, types.get(index, ""), source, readers if listed else [], off or bool(marks.get(index, 0) & MARK_OFF)))
    return _tell_lists(arguments, record.identifier, not record.live, rows)


def _show_there(arguments: argparse.Namespace) -> int:
    """Its own lists, as a node tells whoever administers the record."""
    with connected(arguments) as node:
        record = node.get("records", *_parts(arguments.identifier))
    types = {value["index"]: value["type"] for value in record["values"]}
    lists, off = {one["index"]: one["readers"] for one in record["readers"]}, record["off"]
    named = {index: readers or ["administrators only"] for index, readers in lists.items()}
    indexes = sorted({*named, *off})
    rows = [(index, str(types.get(index, "")), "its own", named.get(index, []), index in off) for index in indexes]
    return _tell_lists(arguments, record["identifier"], record["disabled"], rows)


def _tell_lists(arguments: argparse.Namespace, identifier: str, disabled: bool, rows: list[_Row]) -> int:
    if arguments.json:
        keys = ("index", "type", "list", "readers", "disabled")
        shown = [dict(zip(keys, row, strict=True)) for row in rows]
        print_json({"identifier": identifier, "disabled": disabled, "values": shown})
        return ExitCode.DONE
    if disabled:
        print(printable(f"{identifier} is disabled"))
    if rows:
        lines = [
            (index, printable(kind), printable(source), printable(", ".join(names)), "yes" if off else "")
            for index, kind, source, names, off in rows
        ]
        print_table(("index", "type", "list", "readers", "disabled"), lines)
    else:
        print(printable(f"{identifier}: nothing is kept from anybody by a list"))
    return ExitCode.DONE


def _tell(work: Relisting) -> None:
    if work.done and work.seen:
        print(f"{work.template}: {work.changed:,} of {work.seen:,} records written anew", file=sys.stderr)


def _index(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= INDEX_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no index; indexes are 1 to {INDEX_MAX}")
    return number
