"""Schedules of subscriptions: which seconds, minutes, hours, days and months (ISO/IEC 19987 §8.2.5.3), in UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS_AHEAD_MAX = 366 * 8 + 2  # 29 February comes within eight years
TEXT_CHARACTERS_MAX = 200

FIELDS: Mapping[str, tuple[int, int]] = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),
}
_PART = re.compile(r"(\d{1,2})|\[?(\d{1,2})-(\d{1,2})\]?", re.ASCII)


class BadSchedule(ValueError):
    """A schedule that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values each field may have; all of them must fit. Monday is day 1 of the week."""

    second: frozenset[int]
    minute: frozenset[int]
    hour: frozenset[int]
    day_of_month: frozenset[int]
    month: frozenset[int]
    day_of_week: frozenset[int]

    def after(self, time_s: int) -> int:
        """The first moment after one, unix time in seconds.

        Raises:
            BadSchedule: there is none.
        """
        moment = datetime.fromtimestamp(time_s + 1, UTC)
        for _ in range(DAYS_AHEAD_MAX):
            if self._on(moment) and (found := self._at(moment)) is not None:
                return int(found.timestamp())
            moment = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        raise BadSchedule("no day has this date")

    def _on(self, day: datetime) -> bool:
        return day.month in self.month and day.day in self.day_of_month and day.isoweekday() in self.day_of_week

    def _at(self, moment: datetime) -> datetime | None:
        """The first moment of a day from one on."""
        for hour in sorted(self.hour):
            if hour < moment.hour:
                continue
            for minute in sorted(self.minute):
                if (hour, minute) < (moment.hour, moment.minute):
                    continue
                later = (hour, minute) > (moment.hour, moment.minute)
                second = min((one for one in self.second if later or one >= moment.second), default=None)
                if second is not None:
                    return moment.replace(hour=hour, minute=minute, second=second)
        return None


def read_schedule(fields: Mapping[str, object]) -> Schedule:
    """A schedule from its members: numbers and ranges with commas between; what is not named is every one.

    Raises:
        BadSchedule: one cannot be used, or there is none.
    """
    if strange := next((name for name in fields if name not in FIELDS), None):
        raise BadSchedule(f"a schedule has no {strange[:40]!r}: it has {', '.join(FIELDS)}")
    if not fields:
        raise BadSchedule(f"a schedule names one of {', '.join(FIELDS)}")
    finest = next((at for at, name in enumerate(FIELDS) if name in fields), 0)
    read = []
    for at, (name, (low, high)) in enumerate(FIELDS.items()):
        # Whoever says the hour means its first second, not all of them.
        text = str(fields.get(name, low if at < finest else ""))
        read.append(_read(name, text, low, high))
    schedule = Schedule(*read)
    schedule.after(0)
    return schedule


def _read(name: str, text: str, low: int, high: int) -> frozenset[int]:
    if text.strip() in ("", "*"):
        return frozenset(range(low, high + 1))
    values: set[int] = set()
    for part in text[: TEXT_CHARACTERS_MAX + 1].split(","):
        match = _PART.fullmatch(part.strip())
        if match is None or len(text) > TEXT_CHARACTERS_MAX:
            raise BadSchedule(f"{name} holds numbers and ranges like 0,15 or [1-5]")
        first, last = (int(match[1]), int(match[1])) if match[1] else (int(match[2]), int(match[3]))
        if not low <= first <= last <= high:
            raise BadSchedule(f"{name} is from {low} to {high}")
        values.update(range(first, last + 1))
    return frozenset(values)
