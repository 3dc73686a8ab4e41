"""Schedules of subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from idis.resolver.web.epcis.schedule import BadSchedule, read_schedule


def seconds(text: str) -> int:
    """Unix time of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("fields", "now", "due"),
    [
        ({"second": "0"}, "2026-03-02T09:30:00", "2026-03-02T09:31:00"),
        ({"second": "0,30"}, "2026-03-02T09:30:10", "2026-03-02T09:30:30"),
        ({"second": "[10-12]"}, "2026-03-02T09:30:10", "2026-03-02T09:30:11"),
        ({"minute": "15"}, "2026-03-02T09:30:00", "2026-03-02T10:15:00"),
        ({"hour": "3"}, "2026-03-02T09:30:00", "2026-03-03T03:00:00"),
        ({"hour": "3", "dayOfWeek": "7"}, "2026-03-02T09:30:00", "2026-03-08T03:00:00"),
        ({"dayOfMonth": "29", "month": "2"}, "2026-03-02T09:30:00", "2028-02-29T00:00:00"),
        ({"hour": "0", "minute": "0", "second": "0"}, "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ({"hour": "9", "minute": "30", "second": "0"}, "2026-03-02T09:29:59", "2026-03-02T09:30:00"),
    ],
)
def test_the_next_moment(fields: dict[str, str], now: str, due: str) -> None:
    """Each field narrows the moments; what is coarser than the finest named field is open."""
    assert read_schedule(fields).after(seconds(now)) == seconds(due)


@pytest.mark.parametrize(
    "fields", [{}, {"week": "1"}, {"second": "60"}, {"second": "a"}, {"second": "5-1"}, {"dayOfMonth": "31", "month": "2"}]
)
def test_no_schedule(fields: dict[str, str]) -> None:
    """What never comes, or cannot be read, is refused."""
    with pytest.raises(BadSchedule):
        read_schedule(fields)
