"""What the addresses of the REST interface name."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from aiohttp import web

from idis.resolver.web.parameters import BadParameter

HANDLES_PATH = "/api/handles/"
PREFIXES_PATH = "/api/prefixes/"
VERIFICATIONS_PATH = "/api/verifications/"


def spelling_of(request: web.Request) -> str:
    """The identifier of the path.

    Raises:
        BadParameter: it is not UTF-8.
    """
    return rest_of(request, HANDLES_PATH)


def rest_of(request: web.Request, head: str) -> str:
    """What stands behind the head of a path, percent-encoding undone exactly once.

    Raises:
        BadParameter: it is not UTF-8.
    """
    path = request.raw_path.partition("?")[0]
    encoded = path[path.index(head) + len(head) :]
    try:
        return unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError:
        raise BadParameter("the identifier is not UTF-8") from None
