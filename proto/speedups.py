"""Which hot path this process has: the compiled one, or the plain one that needs no compiler.

The compiled file is optional. Without it, and with `IDIS_NO_EXTENSIONS=1` in the environment (the module then refuses to
be imported), every question takes the plain path through the store: the same octets, more slowly.

    if speedups.LOADED == speedups.COMPILED:
        from idis.proto._speedups import AnswerIndex, drain, process
"""

from __future__ import annotations

COMPILED = "compiled"
PLAIN = "plain"


def _loaded() -> str:
    try:
        import idis.proto._speedups  # noqa: F401
    except ImportError:
        return PLAIN
    return COMPILED


LOADED: str = _loaded()
