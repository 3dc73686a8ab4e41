"""The limit on absent names: how many a prefix may cost its authority before further unknown names have to wait."""

from __future__ import annotations

from collections import OrderedDict

NOT_FOUND_PER_S_MAX = 200  # per prefix, upstream; a scanning line of products asks for names that exist
WINDOW_S = 1.0
PREFIXES_MAX = 4_096  # least recently counted out: many prefixes make the limit coarser, never larger


class FloodGate:
    """Counts NotFound answers by prefix. Times are readings of one monotonic clock."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, prefix: str, now: float) -> None:
        """An authority was asked for a name under this folded prefix that does not exist."""
        since, number = self._windows.pop(prefix, (now, 0))
        self._windows[prefix] = (now, 1) if now - since >= WINDOW_S else (since, number + 1)
        if len(self._windows) > PREFIXES_MAX:
            self._windows.popitem(last=False)

    def closed(self, prefix: str, now: float) -> bool:
        """Whether the authority of this folded prefix has had enough for the moment."""
        since, number = self._windows.get(prefix, (now, 0))
        return number >= NOT_FOUND_PER_S_MAX and now - since < WINDOW_S
