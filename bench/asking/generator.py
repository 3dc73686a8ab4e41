"""Which generator asks: the compiled one when it is there and `IDIS_NO_EXTENSIONS` does not forbid it, else its plain twin."""

from __future__ import annotations

import os
from importlib.util import find_spec

__all__ = ["COMPILED", "digest", "generate"]

COMPILED = os.environ.get("IDIS_NO_EXTENSIONS", "") in ("", "0") and find_spec("idis.bench.asking._generator") is not None

if COMPILED:
    from idis.bench.asking._generator import digest, generate
else:
    from idis.bench.asking.generator_plain import digest, generate
