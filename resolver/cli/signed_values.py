"""What commands of `idis key` sign, in the record of its prefix."""

from __future__ import annotations

from idis.proto.identifier import prefix_handle
from idis.proto.value import Value
from idis.registry.audit.line import audit, prefix_summary
from idis.registry.caller import tool
from idis.registry.registration import acts
from idis.registry.registration.checks import Refusal
from idis.registry.registration.life import Registered
from idis.registry.registration.prefix_values import change_values
from idis.registry.store.base import WriteTxn
from idis.registry.store.directory import user_name


def put_signed(txn: WriteTxn, prefix: str, value: Value, now: int, *, act: str, note: str) -> Registered | Refusal:
    """Put a value into the record of a prefix, in the place of what has its index; audited if that changes the record.

    Args:
        txn: of the node's store.
        prefix: folded.
        value: what was signed.
        now: unix time.
        act: what the audit trail calls it.
        note: what the value says, for people.
    """
    handle, before = prefix_handle(prefix), txn.prefix(prefix)
    done = change_values(txn, prefix, acts.AddValues(handle, (value,), overwrite=True), now)
    if isinstance(done, Registered) and done.changed and before is not None:
        after = prefix_summary(done.entry)
        audit(txn, tool(user_name()), act, handle, before=prefix_summary(before), after=after, note=note)
    return done
