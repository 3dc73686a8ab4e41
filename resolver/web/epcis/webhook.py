"""A webhook: one answer posted to whoever subscribed, outside our own networks unless the operator allows them.

A node stands inside networks that its subscribers do not. So the address is looked at when a name has been resolved, anew at
each connection, and a redirect is no success: whoever names a URL gets no further than that URL.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from idis.resolver.config import EventsSection
from idis.resolver.foreign.fetching import Outside

ANSWER_S_MAX = 10.0  # a subscriber takes the events or does not; what he does with them is his own time
ANSWER_BYTES_MAX = 65_536
CONNECTIONS_MAX = 32
RESOLVE_S_MAX = 3.0  # whoever subscribes waits for it
DEST_CHARACTERS_MAX = 2_000
REASON_CHARACTERS_MAX = 300

_GONE = 410


@dataclass(frozen=True, slots=True)
class Refused:
    """The subscriber did not take it. `final`: he does not want to be told again."""

    reason: str
    final: bool = False


def guard_of(events: EventsSection) -> Outside:
    """Which addresses may be told."""
    return Outside(tuple(map(ip_network, events.networks)))


def fault_of(dest: object, guard: Outside) -> str:
    """Why something is no URL that may be told, as far as the text says; empty when it may."""
    if not isinstance(dest, str) or len(dest) > DEST_CHARACTERS_MAX:
        return "dest is the URL that is to be told"
    try:
        parts = urlsplit(dest)
        usable = parts.scheme in ("http", "https") and parts.username is None and parts.port != 0
        host = parts.hostname or ""
    except ValueError:
        usable, host = False, ""
    if not usable or not host:
        return "dest is a URL with http or https, without a user"
    try:
        return "" if guard.may_ask(host) else _inside(host)
    except ValueError:
        return ""  # a name


async def fault_of_name(dest: str, guard: Outside) -> str:
    """Why the name in a URL may not be told: it leads nowhere but inside; empty when it may, or is not known now."""
    host = urlsplit(dest).hostname or ""
    try:
        async with asyncio.timeout(RESOLVE_S_MAX):
            await guard.resolve(host, 0, socket.AF_UNSPEC)
    except OSError as error:  # a time-out, too: it will be looked at again with each connection
        return _inside(host) if error.errno == errno.EADDRNOTAVAIL else ""
    except UnicodeError:
        return "dest names no host"
    return ""


def signature_of(token: str, body: bytes) -> str:
    """What `GS1-Signature` says: HMAC with SHA-256 over the octets of the body, in base64; the token is the key."""
    return b64encode(hmac.new(token.encode(), body, sha256).digest()).decode()


class Webhooks:
    """Posts answers.

    Args:
        events: the node's settings.
        base: what a file of certificates is relative to.
    """

    def __init__(self, events: EventsSection, base: Path) -> None:
        self._guard = guard_of(events)
        context = ssl.create_default_context()
        if events.ca:
            context.load_verify_locations(base / events.ca)
        connector = aiohttp.TCPConnector(
            resolver=self._guard, ssl=context, limit=CONNECTIONS_MAX, use_dns_cache=False, family=socket.AF_UNSPEC
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=ANSWER_S_MAX),
            auto_decompress=False,
            trust_env=False,
        )

    async def tell(self, dest: str, body: bytes, headers: Mapping[str, str]) -> Refused | None:
        """Post a body; None when it was taken."""
        # aiohttp asks no resolver about addresses, so those in URLs are looked at here.
        if fault := fault_of(dest, self._guard):
            return Refused(fault)
        try:
            async with self._session.post(dest, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES_MAX)
                return _refused(answer.status)
        except (aiohttp.ClientError, asyncio.IncompleteReadError, OSError, TimeoutError, ValueError) as error:
            return Refused((str(error) or type(error).__name__).splitlines()[0][:REASON_CHARACTERS_MAX])

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()


def _refused(status: int) -> Refused | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Refused(f"HTTP {status}: it leads elsewhere, which is not followed")
    return Refused(f"HTTP {status}", final=status == _GONE)


def _inside(host: str) -> str:
    return f"{host} has no address outside this node's networks; its operator may allow some (events.networks)"
