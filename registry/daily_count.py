"""How often the names below a prefix were asked for today, of prefixes that pay by the day (code 603; `domain.md` §6).

The day is Beijing's. The count is a document, so that it outlives the processes that count and is one for all of them.
"""

from __future__ import annotations

import msgpack

from idis.registry.document import DocumentKind, text_key
from idis.registry.store.base import ReadTxn, WriteTxn

BEIJING_S = 8 * 3_600  # ahead of universal time, all the year
DAY_S = 86_400

_FORM = 1


def beijing_day(now: float) -> int:
    """The number of the day in Beijing at a unix time."""
    return int(now + BEIJING_S) // DAY_S


def counted(txn: ReadTxn, prefix: str, day: int) -> int:
    """How many resolutions of a folded prefix are counted on a day; of an earlier one nothing is known any more."""
    body = txn.document(DocumentKind.DAILY_COUNT, text_key(prefix))
    if body is None:
        return 0
    _form, of_day, count = msgpack.unpackb(body)
    return int(count) if of_day == day else 0


def add_count(txn: WriteTxn, prefix: str, day: int, count: int) -> int:
    """Count more of them; the sum. What comes late, after its day, is not counted."""
    key = text_key(prefix)
    body = txn.document(DocumentKind.DAILY_COUNT, key)
    _form, of_day, before = (_FORM, day, 0) if body is None else msgpack.unpackb(body)
    if of_day > day:
        return 0
    total = (before if of_day == day else 0) + count
    txn.put_document(DocumentKind.DAILY_COUNT, key, msgpack.packb([_FORM, day, total]))
    return int(total)
