"""Whom a webhook may tell."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idis.resolver.config import EventsSection
from idis.resolver.web.epcis.webhook import Refused, Webhooks, fault_of, fault_of_name, guard_of, signature_of

NOBODY = EventsSection()


def leading_to(address: str) -> Callable[..., Any]:
    """A resolver by which every name leads to one address."""

    def answer(_host: str, port: int, *_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return answer


@pytest.mark.parametrize(
    "dest", ["http://127.0.0.1/", "https://192.168.1.1/", "http://[::1]:80/", "http://169.254.169.254/", "http://0.0.0.0/"]
)
def test_addresses_inside(dest: str) -> None:
    """An address of our own networks is seen in the URL."""
    assert "no address outside" in fault_of(dest, guard_of(NOBODY))


async def test_a_name_that_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a name, when somebody subscribes, unless the operator allows where it leads."""
    monkeypatch.setattr(socket, "getaddrinfo", leading_to("10.1.2.3"))
    dest = "http://inside.example/"

    assert "no address outside" in await fault_of_name(dest, guard_of(NOBODY))
    assert await fault_of_name(dest, guard_of(EventsSection(networks=("10.0.0.0/8",)))) == ""


async def test_a_name_that_leads_inside_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a name leads to is looked at with each connection: none is opened to our own network."""
    webhooks = Webhooks(NOBODY, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(socket, "getaddrinfo", leading_to("127.0.0.1"))
        server.settimeout(0.2)
        refused = await webhooks.tell(f"http://outside.example:{server.getsockname()[1]}/", b"{}", {})
        with pytest.raises(TimeoutError):
            server.accept()
    await webhooks.close()

    assert isinstance(refused, Refused)
    assert "no address outside" in refused.reason


def test_a_signature() -> None:
    """HMAC with SHA-256 (RFC 4231, test case 2), in base64."""
    assert signature_of("Jefe", b"what do ya want for nothing?") == "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
