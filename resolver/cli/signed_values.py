"""What commands of `idis key` sign, in the record of its prefix: in a data directory, or at a running node over `/api/v1`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from idis.proto.identifier import prefix_handle
from idis.proto.types.table import compose, describe
from idis.proto.value import Value, decode_values
from idis.registry.audit.line import audit, prefix_summary
from idis.registry.caller import tool
from idis.registry.registration import acts
from idis.registry.registration.checks import Refusal, unknown
from idis.registry.registration.life import Registered
from idis.registry.registration.prefix_values import change_values
from idis.registry.store.base import WriteTxn
from idis.registry.store.directory import user_name
from idis.resolver.cli.data_directory import commit, insist, position_text
from idis.resolver.cli.web_client import connected

# What the record holds → the value to put into it, and what that says, for people.
Make = Callable[[tuple[Value, ...]], tuple[Value, str]]


def put_signed(arguments: argparse.Namespace, prefix: str, now: int, act: str, make: Make) -> str:
    """Put a value into the record of a prefix, in the place of what has its index; audited if that changes the record.

    Args:
        arguments: say where: a data directory, or a node.
        prefix: folded.
        now: unix time.
        act: what the audit trail of a data directory calls it.
        make: makes the value; called again when the record has changed meanwhile.

    Returns:
        What follows the line that tells of it: the position in the journal of a data directory.
    """
    if arguments.server:
        _put_there(arguments, prefix, make)
        return ""
    committed = commit(arguments, lambda txn: insist(_put(txn, prefix, now, act, make)))
    return f" (position {position_text(committed.position)})"


def _put(txn: WriteTxn, prefix: str, now: int, act: str, make: Make) -> Registered | Refusal:
    handle, before = prefix_handle(prefix), txn.prefix(prefix)
    if before is None:
        return unknown(txn, prefix)
    value, note = make(decode_values(before.values))
    done = change_values(txn, prefix, acts.AddValues(handle, (value,), overwrite=True), now)
    if isinstance(done, Registered) and done.changed:
        after = prefix_summary(done.entry)
        audit(txn, tool(user_name()), act, handle, before=prefix_summary(before), after=after, note=note)
    return done


def _put_there(arguments: argparse.Namespace, prefix: str, make: Make) -> None:
    with connected(arguments) as node:
        version = node.get("prefixes", prefix)["version"]
        shown = node.get("prefixes", prefix, "values")["values"]
        value, _ = make(tuple(Value(one["index"], one["type"], compose(one["type"], one["data"])) for one in shown))
        body = {"index": value.index, "type": value.type, "data": describe(value.type, value.data), "ttl_s": value.ttl}
        node.change("PATCH", "prefixes", prefix, "values", body={"values": [body]}, more={"If-Match": f'"{version}"'})
