"""What is asked of a prefix beyond its terms: that its records are signed, and how many answers a day it pays for."""

from __future__ import annotations

from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.registry.audit.line import audit, prefix_summary
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal, unknown
from idis.registry.registration.life import Registered, write
from idis.registry.store.base import WriteTxn

DAILY_QUOTA_MAX = 2**53 - 1  # as far as JSON counts exactly


def set_policy(
    txn: WriteTxn, caller: Caller, prefix: str, *, signing_required: bool | None = None, daily_quota: int | None = None
) -> Registered | Refusal:
    """Change the policy of a prefix; records that are there already stay as they are.

    Args:
        txn: the registry.
        caller: named in the audit trail; what he may do was judged before.
        prefix: in any case.
        signing_required: whether its records must carry their owner's statement; None leaves it.
        daily_quota: resolutions a day, 0 for no limit; None leaves it.
    """
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if daily_quota is not None and not 0 <= daily_quota <= DAILY_QUOTA_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"a daily quota is 0 to {DAILY_QUOTA_MAX}; 0 is no limit")
    wanted = replace(
        entry,
        signing_required=entry.signing_required if signing_required is None else signing_required,
        daily_quota=entry.daily_quota if daily_quota is None else daily_quota,
    )
    done = write(txn, wanted)
    if done.changed:
        audit(txn, caller, "set policy", entry.prefix, before=prefix_summary(entry), after=prefix_summary(done.entry))
    return done
