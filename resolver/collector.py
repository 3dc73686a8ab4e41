"""Python's garbage collector in a process that answers."""

from __future__ import annotations

import gc


def hush(*, hot: bool) -> None:
    """Keep the collector from walking what lives as long as the node."""
    gc.collect()
    gc.freeze()
