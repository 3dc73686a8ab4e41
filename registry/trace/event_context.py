"""The context of events: what prefixes and terms stand for (JSON-LD 1.1, as far as EPCIS 2.0 needs it)."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from idis.registry.trace.event import Json
from idis.registry.trace.event_problem import Problem
from idis.registry.trace.vocabulary import CONTEXT_URLS, PREFIXES

CONTEXT_CHARACTERS_MAX = 8_192  # it is kept with every event that it explains

Context = tuple[tuple[str, Json], ...]


def read_context(context: Json) -> Context:
    """The entries of an `@context` but for the standard's own; see `Event.context`."""
    pairs: dict[tuple[str, str], tuple[str, Json]] = {}
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, str):
            if part not in CONTEXT_URLS:
                pairs["", part] = ("", part)
        elif isinstance(part, dict):
            for name, meaning in part.items():
                pairs[name, ""] = (name, meaning)
    return tuple(pairs.values())


def prefixes_of(context: Context) -> Mapping[str, str]:
    """What each prefix or term of a context stands for."""
    if not context:
        return PREFIXES
    # The events of a document share its context, the very same object: it is looked through once.
    if _last.context is not context:
        _last.context, _last.prefixes = context, _prefixes_of(context)
    return _last.prefixes


class _Last(threading.local):
    """The context that was looked through last, by this thread."""

    context: Context = ()
    prefixes: Mapping[str, str] = PREFIXES


_last = _Last()


def _prefixes_of(context: Context) -> dict[str, str]:
    known = dict(PREFIXES)
    for name, meaning in context:
        found = meaning.get("@id") if isinstance(meaning, dict) else meaning
        if name and isinstance(found, str):
            known[name] = found
    return known


def too_long(context: Context) -> Problem | None:
    """The problem of a context with more than CONTEXT_CHARACTERS_MAX."""
    if len(str(context)) <= CONTEXT_CHARACTERS_MAX:
        return None
    return Problem("/@context", "limit", f"the context has more than {CONTEXT_CHARACTERS_MAX} characters")
