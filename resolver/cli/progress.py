"""Progress of long work on standard error: one line that renews itself on a terminal, few plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_TERMINAL_EVERY_S = 0.1  # smooth to the eye
_PLAIN_EVERY_S = 10.0  # a log file wants a sign of life, not an animation
_BAR_CHARACTERS = 24


class Progress:
    """Shows how far a piece of work has come.

    Args:
        noun: what is counted: 'rows', 'records'.
        stream: where to write; standard error when None.
        quiet: show nothing.
    """

    def __init__(self, noun: str, *, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._noun = noun
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._phase = ""
        self._started = self._shown = time.monotonic()
        self._drawn = False

    def show(self, phase: str, count: int, share: float | None) -> None:
        """Report.

        Args:
            phase: the present act, 'checking'; a new one starts a new line.
            count: how many are done in it.
            share: part of the act that is done, 0 to 1; None when unknown.
        """
        now = time.monotonic()
        if phase != self._phase:
            self.finish()
            self._phase, self._started, self._shown = phase, now, now if not self._terminal else 0.0
        if self._quiet or now - self._shown < (_TERMINAL_EVERY_S if self._terminal else _PLAIN_EVERY_S):
            return
        self._shown = now
        line = progress_line(phase, self._noun, count, share, now - self._started)
        if self._terminal:
            self._stream.write(f"\r\x1b[K{_bar(share)}{line}")
            self._drawn = True
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def finish(self) -> None:
        """Clear the line, so that what follows stands alone."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def progress_line(phase: str, noun: str, count: int, share: float | None, seconds: float) -> str:
    """'checking: 412,000 rows, 61,000 rows/s, 9 s left'."""
    rate = count / seconds if seconds > 0 else 0.0
    parts = [f"{phase}: {count:,} {noun}", f"{rate:,.0f} {noun}/s"]
    if share:
        parts.append(f"{_duration(seconds * (1 - min(share, 1.0)) / share)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 90 else f"{whole // 60} min {whole % 60:02} s"


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    full = round(min(share, 1.0) * _BAR_CHARACTERS)
    return f"[{'#' * full}{'.' * (_BAR_CHARACTERS - full)}] "
