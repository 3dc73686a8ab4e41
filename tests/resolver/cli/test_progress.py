"""Progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

import pytest

from idis.resolver.cli import progress as progress_module
from idis.resolver.cli.progress import Progress, progress_line


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A monotonic clock that stands still; its one item is the time."""
    now = [100.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("share", "line"),
    [
        (0.5, "checking: 1,000 rows, 100 rows/s, 10 s left"),
        (0.01, "checking: 1,000 rows, 100 rows/s, 16 min 30 s left"),
        (None, "checking: 1,000 rows, 100 rows/s"),
    ],
)
def test_the_line_says_how_many_how_fast_and_how_long(share: float | None, line: str) -> None:
    """Rate and time left follow from what has been done so far."""
    assert progress_line("checking", "rows", 1_000, share, 10.0) == line


def test_a_terminal_shows_a_bar_and_clears_it(clock: list[float]) -> None:
    """The line renews itself, and what follows stands on a clean one."""
    stream = Terminal()
    progress = Progress("rows", stream=stream)
    progress.show("checking", 10, 0.5)
    progress.finish()

    assert stream.getvalue().startswith("\r\x1b[K[############............] checking: 10 rows")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_a_plain_line_now_and_then(clock: list[float]) -> None:
    """Elsewhere one line is written in ten seconds, and none for short work."""
    stream = io.StringIO()
    progress = Progress("rows", stream=stream)
    for _ in range(25):
        progress.show("checking", 10, None)
        clock[0] += 1.0

    assert stream.getvalue().count("\n") == 2
    assert "\x1b" not in stream.getvalue()
