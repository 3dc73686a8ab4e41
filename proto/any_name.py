"""A name of any scheme as a handle, so that whatever carries handles carries it: `0.ANY/(01)06901234567892(21)42`.

A text that looks like no handle may be asked for as it is. Behind `0.ANY/` it may be anything: with blanks, without a slash,
like an OID that looks like a prefix; and a resolver asks whoever is at the top for it, as for all names below `0.`.
"""

from __future__ import annotations

import re

from idis.proto.identifier import PREFIX_HANDLE_HEAD, fold
from idis.proto.schemes.scan import shown_controls

ANY_PREFIX = "0.ANY"
_HEAD = f"{ANY_PREFIX}/"

# A prefix with dots and a suffix, or a prefix that no OID begins like: nothing else that people scan looks so.
_HANDLE = re.compile(r"0\.[Nn][Aa]/.+|[0-9][\w-]*(?:\.[\w-]+)+/.+|(?![012]\.)[0-9][\w-]*(?:\.[\w-]+)+", re.DOTALL)


def any_name(text: str) -> str:
    """The handle that carries a text; separators of scanned symbols become visible."""
    return _HEAD + shown_controls(text)


def name_asked(spelling: str) -> str:
    """The text that a handle carries; empty for one that carries none."""
    return spelling[len(_HEAD) :] if fold(spelling[: len(_HEAD)]) == _HEAD else ""


def text_of(spelling: str) -> tuple[str, bool]:
    """The text asked for by a handle, and whether it was carried by one.

    What has no slash is a prefix to clients, who ask for it as `0.NA/…`.
    """
    if carried := name_asked(spelling):
        return carried, True
    head = len(PREFIX_HANDLE_HEAD)
    return (spelling[head:] if fold(spelling[:head]) == PREFIX_HANDLE_HEAD else spelling), False


def is_plain_handle(text: str) -> bool:
    """Whether a text is surely a handle, told without reading it as anything else."""
    return _HANDLE.fullmatch(text) is not None
