"""Providers of our own over TLS, that answer, are slow, lie and go down as a test wants."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest

from idis.resolver.development_certificate import make_development_certificate
from idis.resolver.foreign.settings import AbroadSettings

Say = Callable[[str], "bytes | float | None"]  # of a path: octets to send; seconds of silence; None ends the connection


def page(body: bytes, kind: str = "application/json", status: str = "200 OK", **headers: str) -> bytes:
    """An answer over HTTP/1.1."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Provider:
    """One server; `say` may be changed at any time."""

    say: Say
    context: ssl.SSLContext
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://localhost:{self.port}"

    async def open(self) -> None:
        """Begin, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Go down."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split()[1]
            self.asked.append(path)
            self.heads.append(head)
            said = self.say(path)
            if isinstance(said, float):
                await asyncio.sleep(said)
            elif said is not None:
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A directory with a certificate for this machine."""
    make_development_certificate(tmp_path, "provider", ("127.0.0.1",), int(time.time()))
    return tmp_path / "tls"


@pytest.fixture
def settings(certificate: Path) -> AbroadSettings:
    """Providers on this machine may be asked."""
    return AbroadSettings((ip_network("127.0.0.0/8"), ip_network("::1/128")), str(certificate / "certificate.pem"), (), 20.0)


@pytest.fixture
async def provide(certificate: Path) -> AsyncIterator[Callable[[Say], Awaitable[Provider]]]:
    """Makes providers, and closes them."""
    made: list[Provider] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")

    async def make(say: Say) -> Provider:
        provider = Provider(say, context)
        await provider.open()
        made.append(provider)
        return provider

    yield make
    for provider in made:
        await provider.close()
