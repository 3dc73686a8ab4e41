"""JSON that comes from elsewhere: a file that somebody sent, or what answers at an address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def read_json(text: str | bytes, as_object: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The value of a JSON text, with each of its objects as `as_object` makes it.

    Raises:
        ValueError: it is none, or nested without end.
    """
    try:
        return json.loads(text, object_hook=as_object)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
