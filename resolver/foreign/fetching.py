"""One answer over HTTPS, from a host that the operator named: bounded in time, size and redirects, outside private networks.

Addresses are looked at when a name has been resolved, at each connection and each redirect: a name that leads into our own
network, now or at the next look, leads nowhere. Nothing of a request tells who asked: no cookies, no credentials, no referer.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from idis.resolver.foreign.settings import Network
from idis.resolver.foreign.shown import Unreadable

ANSWER_BYTES_MAX = 262_144  # four times what is shown of it: room for JSON around the values
REDIRECTS_MAX = 3
URL_BYTES_MAX = 4_096
CONNECTIONS_MAX = 64  # in all; of one host an eighth
HEADER_BYTES_MAX = 8_190

_ABSENT = (404, 410)
_REDIRECTS = (301, 302, 303, 307, 308)

# Networks whose addresses end with one of IPv4: translated ones (RFC 6052), and the compatible ones of old (RFC 4291 §2.5.5.1).
_WRAPPINGS = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
# Where clouds tell a machine its secrets, as far as these addresses look like any other in the world.
_METADATA = frozenset(map(ipaddress.IPv4Address, ("168.63.129.16", "192.0.0.192")))


@dataclass(frozen=True, slots=True)
class Page:
    """What stands at a URL.

    Attributes:
        url: where it was found.
        content_type: without parameters, in small letters.
        body: empty where the provider says that there is nothing.
        ttl_s: how long it may be kept by its own word; None where it does not say.
        absent: whether the provider says that there is nothing.
    """

    url: str
    content_type: str = ""
    body: bytes = b""
    ttl_s: int | None = None
    absent: bool = False


class Outside(AbstractResolver):
    """Resolves names to addresses outside our own networks.

    Args:
        allowed: networks that may be asked although they are private.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Addresses of a host that may be asked.

        Raises:
            OSError: there is none.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        results: list[ResolveResult] = []
        for known_family, _, protocol, _, place in found:
            address = str(place[0])
            if self.may_ask(address):
                results.append(
                    ResolveResult(
                        hostname=host, host=address, port=port, family=known_family, proto=protocol, flags=socket.AI_NUMERICHOST
                    )
                )
        if not results:
            raise OSError(errno.EADDRNOTAVAIL, f"{host} has no address outside this network")
        return results

    async def close(self) -> None:
        """Nothing is held."""

    def may_ask(self, address: str) -> bool:
        """Whether an address is somewhere in the world, or in a network that the operator allows."""
        host = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        if any(host.version == network.version and host in network for network in self._allowed):
            return True
        return host.is_global and not host.is_multicast and host not in _METADATA


def _unwrapped(host: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """What is inside decides: an address of the other family, however it is wrapped."""
    if isinstance(host, ipaddress.IPv4Address) or host.is_loopback or host.is_unspecified:
        return host
    if any(host in network for network in _WRAPPINGS):
        return ipaddress.IPv4Address(host.packed[-4:])
    return host.ipv4_mapped or host.sixtofour or host


class Fetcher:
    """Fetches pages.

    Args:
        allowed: private networks that may be asked.
        ca: PEM file of certificates that are trusted beside the system's; empty for none.

    Raises:
        OSError, ssl.SSLError: the file cannot be read.
    """

    def __init__(self, allowed: Sequence[Network], ca: str) -> None:
        self._outside = Outside(allowed)
        context = ssl.create_default_context()
        if ca:
            context.load_verify_locations(ca)
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, accept: str) -> Page:
        """What stands at a URL, after at most REDIRECTS_MAX redirects; whoever calls bounds the time.

        Raises:
            Unreadable: no answer, or one that breaks a bound.
        """
        try:
            for _ in range(REDIRECTS_MAX + 1):
                self._check(url)
                found = await self._get(url, accept)
                if isinstance(found, Page):
                    return found
                url = found
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise Unreadable(_reason(error)) from None
        raise Unreadable(f"more than {REDIRECTS_MAX} redirects")

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    def _check(self, url: str) -> None:
        """aiohttp asks no resolver about addresses, so those in URLs are looked at here."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username is not None or len(url) > URL_BYTES_MAX:
            raise Unreadable("it leads to something else than an https URL")
        try:
            inside = not self._outside.may_ask(parts.hostname)
        except ValueError:
            return  # a name
        if inside:
            raise Unreadable(f"{parts.hostname} is no address outside this network")

    async def _get(self, url: str, accept: str) -> Page | str:
        """The page, or where it redirects to."""
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "idis"}
        async with self._open().get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status in _REDIRECTS and "Location" in answer.headers:
                return urljoin(url, answer.headers["Location"])
            if answer.status in _ABSENT:
                return Page(url, absent=True, ttl_s=_lifetime(answer.headers.get("Cache-Control", "")))
            if answer.status != 200:
                raise Unreadable(f"it answered {answer.status}")
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise Unreadable("it compressed its answer, though it was asked not to")
            body = await _bounded(answer)
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Page(url, kind, body, _lifetime(answer.headers.get("Cache-Control", "")))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._outside,
                ssl=self._context,
                limit=CONNECTIONS_MAX,
                limit_per_host=CONNECTIONS_MAX // 8,
                use_dns_cache=False,
                family=socket.AF_UNSPEC,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=HEADER_BYTES_MAX,
                max_field_size=HEADER_BYTES_MAX,
            )
        return self._session


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    declared = answer.content_length
    if declared is not None and declared > ANSWER_BYTES_MAX:
        raise Unreadable(f"its answer has {declared} octets, at most {ANSWER_BYTES_MAX}")
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise Unreadable(f"its answer has more than {ANSWER_BYTES_MAX} octets")
    return bytes(body)


def _lifetime(text: str) -> int | None:
    """max-age of a Cache-Control header (RFC 9111 §5.2.2); 0 for what must not be kept."""
    directives: dict[str, Any] = {}
    for part in text.lower().split(","):
        name, _, value = part.strip().partition("=")
        directives[name] = value.strip('"')
    if "no-store" in directives or "no-cache" in directives:
        return 0
    age = directives.get("s-maxage") or directives.get("max-age") or ""
    return min(int(age), 2**31) if age.isascii() and age.isdigit() and len(age) <= 10 else None


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
