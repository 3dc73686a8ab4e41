"""What stands behind `/api/handles/` in a plain request, read without aiohttp; what is unusual in any way is left to it."""

from __future__ import annotations

import re

from idis.proto.errors import IdentifierError
from idis.proto.query import Query
from idis.resolver.web.parameters import BadParameter, Form, certify_of, form_of, query_of

# Octets of a path and of its parameters that stand for themselves everywhere, and what is escaped.
_PATH = re.compile(rb"(?:[A-Za-z0-9._~/:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_PARAMETERS = re.compile(rb"[A-Za-z]+(?:=[A-Za-z0-9._-]*)?(?:&[A-Za-z]+(?:=[A-Za-z0-9._-]*)?)*")
_KNOWN = frozenset(("index", "type", "publicOnly", "auth", "doNotRefer", "pretty"))


def question_of(target: bytes) -> tuple[Query, Form] | None:
    """What is asked by what stands behind `/api/handles/`; None when only aiohttp may say."""
    path, mark, text = target.partition(b"?")
    if not _PATH.fullmatch(path) or b"/." in path or path.startswith((b".", b"/")):
        return None
    if mark and not _PARAMETERS.fullmatch(text):
        return None
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in text.decode().split("&") if pair)]
    if any(name not in _KNOWN for name, _ in pairs):
        return None
    try:
        spelling = _ESCAPED.sub(lambda match: bytes((int(match[1], 16),)), path).decode()
        query, form = query_of(spelling, pairs), form_of(pairs)
        return None if certify_of(pairs) else (query, form)
    except (UnicodeDecodeError, BadParameter, IdentifierError):
        return None
