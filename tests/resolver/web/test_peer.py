"""Who is behind a proxy: believed from configured networks, from nobody else."""

from __future__ import annotations

import pytest

from idis.resolver.config import ListenSection
from tests.resolver.admin.wire import administer
from tests.resolver.web.rest_client import Rest, basic

ADMIN = basic("301:0.NA/88.118.8", "s3cret")
WRONG = basic("301:0.NA/88.118.8", "wrong")


@pytest.fixture
async def proxied(start_node, session):
    """A client that stands where the proxy stands."""
    node = await start_node(listen=ListenSection(port=0, http_port=0, proxies=("127.0.0.1/32",)))
    administer(node._store)
    return Rest(session, node, tls=False)


async def delete(rest, authorization: str | None, **headers: str) -> tuple[int, int]:
    """Status and code of an attempt to delete what is not there."""
    sent = headers | ({} if authorization is None else {"Authorization": authorization})
    status, document, _headers = await rest.ask("DELETE", "/api/handles/88.118.8/absent", **sent)
    return status, document["responseCode"]


async def test_a_proxy_says_that_tls_ended_there(proxied):
    """401 over what was HTTPS, 403 over what was not."""
    assert await delete(proxied, None, X_Forwarded_Proto="https") == (404, 100)
    status, _document, headers = await proxied.ask("POST", "/api/sessions", X_Forwarded_Proto="https")
    assert (status, headers["Location"]) == (201, "/api/sessions/this")
    assert (await proxied.ask("POST", "/api/sessions"))[0] == 403


async def test_guessers_behind_one_proxy_are_told_apart(proxied):
    """Wrong secrets from one address do not slow down another one's right ones."""
    for _ in range(5):
        await delete(proxied, WRONG, X_Forwarded_For="192.0.2.1")

    assert (await delete(proxied, ADMIN, X_Forwarded_For="192.0.2.1"))[1] == 403
    assert (await delete(proxied, ADMIN, X_Forwarded_For="192.0.2.2"))[1] == 100


async def test_the_nearest_address_that_is_no_proxy_counts(proxied):
    """What a client writes into the header itself stands further away."""
    for number in range(5):
        await delete(proxied, WRONG, X_Forwarded_For=f"198.51.100.{number}, 192.0.2.1, 127.0.0.1")

    assert (await delete(proxied, ADMIN, X_Forwarded_For="192.0.2.1"))[1] == 403


async def test_nobody_else_is_believed(plain_rest):
    """Without the setting the headers say nothing."""
    headers = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "192.0.2.1"}

    assert (await plain_rest.ask("POST", "/api/sessions", **headers))[0] == 403
    for _ in range(5):
        await delete(plain_rest, WRONG, **headers)
    assert (await delete(plain_rest, ADMIN, X_Forwarded_For="192.0.2.9"))[1] == 403


@pytest.mark.parametrize("text", ["", "unknown", "192.0.2.1:80", ",,"])
async def test_what_is_no_address_is_passed_over(proxied, text):
    """Then the proxy itself counts."""
    assert (await delete(proxied, ADMIN, X_Forwarded_For=text))[1] == 100
