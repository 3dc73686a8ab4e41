"""Times of events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.trace.event_time import read_offset, read_time, write_offset, write_time, write_utc


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1970-01-01T00:00:00Z", (0, 0)),
        ("1970-01-01T08:00:00+08:00", (0, 480)),
        ("1970-01-01T00:00:00.1Z", (100, 0)),
        ("1970-01-01T00:00:00.1234Z", (123, 0)),
        ("1970-01-01T00:00:00.1235Z", (124, 0)),
        ("1969-12-31T23:59:59.9995Z", (0, 0)),
        ("1969-12-31T18:30:00-05:30", (0, -330)),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01 00:00:00Z", None),
        ("1970-01-01T00:00:00+8", None),
        ("1970-01-01T00:00:00+15:00", None),
        ("1970-02-30T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("١٩٧٠-01-01T00:00:00Z", None),
    ],
)
def test_a_time(text: str, read: tuple[int, int] | None) -> None:
    """Only a time with an offset is one; the fourth digit is rounded half up."""
    assert read_time(text) == read


def test_written_times() -> None:
    """With the offset it was told in, and in UTC with milliseconds."""
    assert (write_time(500, 480), write_utc(0)) == ("1970-01-01T08:00:00.500+08:00", "1970-01-01T00:00:00.000Z")


@given(st.integers(-1_000_000_000_000, 10_000_000_000_000), st.integers(-840, 840))
def test_round_trip(time_ms: int, offset: int) -> None:
    """What is written is read again, times and offsets."""
    assert read_time(write_time(time_ms, offset)) == (time_ms, offset)
    assert read_offset(write_offset(offset)) == offset
