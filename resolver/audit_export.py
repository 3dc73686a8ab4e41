"""The audit trail as a file: its head says what was wanted, its lines are chained (`registry/audit/chain.py`)."""

from __future__ import annotations

from collections.abc import Iterator

from idis.registry.audit.chain import chained
from idis.registry.audit.trail import Wanted, lines, time_text
from idis.registry.store.base import Store


def export_rows(store: Store, wanted: Wanted, now_ms: int) -> Iterator[bytes]:
    """The rows of an export, each with its line feed.

    Args:
        store: of the node.
        wanted: which lines.
        now_ms: unix time in milliseconds.
    """
    head = {
        "exported": time_text(now_ms),
        "since": None if wanted.since_ms is None else time_text(wanted.since_ms),
        "until": None if wanted.until_ms is None else time_text(wanted.until_ms),
        "actor": wanted.actor,
        "subject": wanted.subject,
        "act": wanted.act,
        "refused": wanted.refused,
    }
    return chained(head, (noted.to_json() for noted in lines(store, wanted)))
