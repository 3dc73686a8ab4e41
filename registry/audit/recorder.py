"""What is written of acts that anybody can try: refused writes, logins, failed logins (`trust.md` §9.2).

A guesser must not fill the disk, nor bury an honest line under his own. So lines are let through at two rates, those of
refusals and those of what succeeded each with a budget of their own; the rest is counted, and the next line that is
written says how many were not. No clock and no store: the caller gives the time and writes what is returned.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.registry.audit.line import AuditLine

LINES_PER_S_MAX = 10  # in any second
LINES_PER_S_OF_ORIGIN_MAX = 2  # nobody needs more to be noticed
LINES_AT_ONCE_MAX = 600  # a minute at the full rate, after a quiet time
LINES_PER_S_LASTING = 0.25  # 21,600 a day: some 3 GB in all the time that lines are kept
ACTS_NAMED_MAX = 8  # of those not written; acts are words of ours, so there are few
NOT_WRITTEN = "not written"  # the act of a line that only tells of others


class Recorder:
    """Decides which lines are written; one for each process of a node."""

    def __init__(self) -> None:
        self._refused = _Budget()
        self._done = _Budget()

    def take(self, line: AuditLine, now: float) -> AuditLine | None:
        """The line to write, its note telling how many before it were not; None when this one is only counted.

        Args:
            line: what happened; its origin is whom the rate is counted for.
            now: seconds of any clock that does not go back.
        """
        return (self._refused if line.refused else self._done).take(line, now)

    def rest(self, now: float) -> AuditLine | None:
        """A line that tells of those not written, when this second has none yet; to be asked for now and then."""
        return self._refused.rest(now) or self._done.rest(now)


class _Budget:
    def __init__(self) -> None:
        self._left = float(LINES_AT_ONCE_MAX)
        self._filled_at = 0.0
        self._second = -1
        self._origins: Counter[str] = Counter()  # of this second; holds no more than LINES_PER_S_MAX
        self._unwritten: Counter[str] = Counter()  # by act
        self._code = int(ResponseCode.SUCCESS)

    def take(self, line: AuditLine, now: float) -> AuditLine | None:
        self._turn(now)
        if not self._admits(line.origin):
            act = line.act if line.act in self._unwritten or len(self._unwritten) < ACTS_NAMED_MAX else "other"
            self._unwritten[act] += 1
            self._code = int(line.code)
            return None
        self._left -= 1
        self._origins[line.origin] += 1
        if not self._unwritten:
            return line
        told = self._tell()
        return replace(line, note=f"{told}; {line.note}" if line.note else told)

    def rest(self, now: float) -> AuditLine | None:
        self._turn(now)
        if not self._unwritten or self._origins or self._left < 1:
            return None
        self._left -= 1
        self._origins[""] += 1
        return AuditLine("", "", NOT_WRITTEN, "", code=self._code, note=self._tell())

    def _turn(self, now: float) -> None:
        if int(now) != self._second:
            self._second = int(now)
            self._origins.clear()
        self._left = min(self._left + max(now - self._filled_at, 0.0) * LINES_PER_S_LASTING, LINES_AT_ONCE_MAX)
        self._filled_at = now

    def _admits(self, origin: str) -> bool:
        return (
            self._left >= 1
            and self._origins.total() < LINES_PER_S_MAX
            and self._origins[origin] < LINES_PER_S_OF_ORIGIN_MAX
        )

    def _tell(self) -> str:
        acts = ", ".join(f"{count} {act}" for act, count in sorted(self._unwritten.items()))
        told = f"{self._unwritten.total()} more were not written: {acts}"
        self._unwritten.clear()
        return told
