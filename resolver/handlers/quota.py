"""Third step: does the prefix still pay for answers today?

Only prefixes with a daily quota are counted; nothing prepared answers below them, so every question comes by here.
"""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Refused
from idis.registry.prefix import PrefixState
from idis.registry.store.base import ReadTxn, StoreError
from idis.resolver.guard.daily import DailyCounts
from idis.resolver.request import Request, Verdict


class Quota:
    """Counts resolutions below prefixes with a daily quota, and refuses them with 603 when it is used up."""

    def __init__(self, counts: DailyCounts) -> None:
        self._counts = counts

    def __call__(self, request: Request, txn: ReadTxn, now: int, verdict: Verdict) -> Verdict:
        """Refuse, or leave the verdict as it is."""
        query = request.query
        if verdict is not None or query is None or query.identifier.suffix is None:
            return verdict
        try:
            entry = txn.prefix(query.identifier.folded_prefix)
            if entry is None or not entry.daily_quota or not entry.answers_here or entry.state is not PrefixState.ACTIVE:
                return None
            if self._counts.take(entry.prefix, entry.daily_quota, txn, now):
                return None
        except StoreError:
            return None  # the next step meets it again, and says so
        return Refused(
            ResponseCode.DAILY_REQUEST_LIMIT,
            f"{entry.prefix} has used up its {entry.daily_quota} resolutions of today: ask again after midnight in Beijing",
        )
