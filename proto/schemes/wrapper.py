"""Links that only carry an identifier: those of known proxies and of this deployment's own hosts (`identifiers.md` §3.1, §7).

The identifier is the path behind the host, percent-decoded once; a query is kept aside.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from idis.proto.schemes.link import Link

PROXIES = frozenset(
    {"hdl.handle.net", "www.handle.net", "doi.org", "www.doi.org", "dx.doi.org"}
)  # they answer for every handle, or every DOI

_PORT = re.compile(r":[0-9]+$")
_ENTRANCES = ("api/handles/", "api/v1/records/")  # paths of programs that ask for the identifier behind them
_ARK = "/ark:"


def wrapped(link: Link, own_hosts: frozenset[str]) -> str:
    """What a link carries; empty when its host is neither a proxy nor ours, or its path is not UTF-8."""
    host = _PORT.sub("", link.host)
    if host not in PROXIES and host not in own_hosts and link.host not in own_hosts:
        return ""
    path = link.path[1:]
    for entrance in _ENTRANCES:
        path = path.removeprefix(entrance)
    if "%" not in path:
        return path
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def wrapped_ark(link: Link) -> str:
    """The ARK in the path of any host; empty without one. A `?` at the end is its inflection."""
    at = link.rest.lower().find(_ARK)
    if at < 0 or at > len(link.path):
        return ""
    return link.rest[at + 1 :]


def query_of(link: Link) -> str:
    """The query of a link, without its `?`."""
    return link.rest.partition("#")[0].partition("?")[2]
