"""Times of events: ISO 8601 with an offset, as EPCIS 2.0 writes them, to and from unix time in milliseconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_OFFSET_CHARACTERS = 6
_EPOCH = datetime(1970, 1, 1)
_MS = timedelta(milliseconds=1)

YEAR_MIN, YEAR_MAX = 1900, 9998  # in any time zone the calendar still has them
OFFSETS_KEPT_MAX = 128  # there are forty in the world
OFFSET_MIN_MAX = 14 * 60  # of any time zone (XML Schema 1.1 §3.3.7)


def read_time(text: str) -> tuple[int, int] | None:
    """Milliseconds and the offset in minutes of a time that says one; None for anything else.

    A fourth digit after the second is rounded half up (CBV 2.0 §8.9).
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        local = datetime.fromisoformat(match[1])
    except ValueError:
        return None
    offset = read_offset(match[3])
    if offset is None or not YEAR_MIN <= local.year <= YEAR_MAX:
        return None
    fraction = match[2]
    ms = 0
    if fraction:
        ms = int(fraction[:3].ljust(3, "0")) + (len(fraction) > 3 and fraction[3] >= "5")
    since = local - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + ms - offset * 60_000, offset


def read_offset(text: str) -> int | None:
    """The minutes east of UTC of `±hh:mm` or `Z`; None for anything else."""
    return _offset_of(text) if len(text) <= _OFFSET_CHARACTERS else None


@lru_cache(OFFSETS_KEPT_MAX)
def _offset_of(text: str) -> int | None:
    if text == "Z":
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None or match[3] > "59":
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > OFFSET_MIN_MAX:
        return None
    return -minutes if match[1] == "-" else minutes


@lru_cache(OFFSETS_KEPT_MAX)
def write_offset(minutes: int) -> str:
    """`±hh:mm`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def write_time(time_ms: int, offset_min: int) -> str:
    """A time with its offset; milliseconds where there are any."""
    local = _EPOCH + (time_ms + offset_min * 60_000) * _MS
    return f"{local.isoformat(timespec='milliseconds' if time_ms % 1_000 else 'seconds')}{write_offset(offset_min)}"


def write_utc(time_ms: int) -> str:
    """A time in UTC with milliseconds, as hashes take it."""
    return f"{(_EPOCH + time_ms * _MS).isoformat(timespec='milliseconds')}Z"
