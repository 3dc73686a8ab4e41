"""Pages over HTTPS: bounds, redirects, and networks that are nobody's business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from idis.resolver.foreign.fetching import ANSWER_BYTES_MAX, Fetcher, Outside
from idis.resolver.foreign.settings import AbroadSettings
from idis.resolver.foreign.shown import Unreadable
from tests.resolver.foreign.conftest import Provider, Say, page

Provide = Callable[[Say], Awaitable[Provider]]


LONG = b"x" * (ANSWER_BYTES_MAX + 1)


def to(url: str) -> bytes:
    """A redirect."""
    return page(b"", status="302 Found", Location=url)


async def fetched(settings: AbroadSettings, url: str) -> object:
    """What one fetch comes to."""
    fetcher = Fetcher(settings.allowed, settings.ca)
    try:
        return await fetcher.fetch(url, "application/json")
    except Unreadable as error:
        return str(error)
    finally:
        await fetcher.close()


async def test_a_page_with_its_lifetime(provide: Provide, settings: AbroadSettings) -> None:
    """Kind without parameters, octets, max-age."""
    provider = await provide(lambda path: page(b"{}", "application/json; charset=utf-8", Cache_Control="public, max-age=77"))
    found = await fetched(settings, f"{provider.url}/a?b=c")

    assert (found.content_type, found.body, found.ttl_s, found.absent) == ("application/json", b"{}", 77, False)
    assert provider.asked == ["/a?b=c"]


async def test_a_request_tells_nothing_of_who_asks(provide: Provide, settings: AbroadSettings) -> None:
    """No cookies, no credentials."""
    provider = await provide(lambda path: page(b"{}", Set_Cookie="a=b"))
    await fetched(settings, f"{provider.url}/")
    names = {line.partition(":")[0].lower() for line in provider.heads[0].splitlines()[1:] if line}

    assert names == {"host", "accept", "accept-encoding", "user-agent"}


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_what_is_not_there(provide: Provide, settings: AbroadSettings, status: str) -> None:
    """The provider's word that there is nothing."""
    provider = await provide(lambda path: page(b"no", status=status))
    found = await fetched(settings, provider.url + "/")

    assert found.absent


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (page(b"x", status="500 Oops"), "it answered 500"),
        (page(b"x", Content_Encoding="gzip"), "it compressed its answer, though it was asked not to"),
        (to("http://localhost/"), "it leads to something else than an https URL"),
        (to("https://user@localhost/"), "it leads to something else than an https URL"),
        (to("https://169.254.169.254/"), "169.254.169.254 is no address outside this network"),
        (to("https://[::ffff:10.0.0.1]/"), "::ffff:10.0.0.1 is no address outside this network"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", f"its answer has 99999999 octets, at most {ANSWER_BYTES_MAX}"),
        (page(LONG).replace(b"Content-Length", b"X"), f"its answer has more than {ANSWER_BYTES_MAX} octets"),
    ],
)
async def test_answers_that_break_a_bound(provide: Provide, settings: AbroadSettings, say: bytes, reason: str) -> None:
    """Each is refused with its reason."""
    provider = await provide(lambda path: say)

    assert await fetched(settings, provider.url + "/") == reason


@pytest.mark.parametrize("say", [b"", b"\x00\xff garbage \r\n\r\n", b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20_000, None])
async def test_garbage_is_no_answer(provide: Provide, settings: AbroadSettings, say: bytes | None) -> None:
    """Whatever it is, one sentence comes of it."""
    provider = await provide(lambda path: say)

    assert isinstance(await fetched(settings, provider.url + "/"), str)


async def test_redirects_are_followed_a_few_times(provide: Provide, settings: AbroadSettings) -> None:
    """Three times, also to relative places; then it is enough."""
    provider = await provide(lambda path: page(b"", status="302 Found", Location=f"{int(path[1:]) + 1}"))
    assert await fetched(settings, provider.url + "/0") == "more than 3 redirects"
    assert provider.asked == ["/0", "/1", "/2", "/3"]
    provider.say = lambda path: page(b"{}") if path == "/3" else page(b"", status="307 x", Location=f"/{int(path[1:]) + 1}")
    found = await fetched(settings, provider.url + "/0")

    assert found.url == provider.url + "/3"


async def test_names_that_lead_into_our_network_lead_nowhere(provide: Provide, settings: AbroadSettings) -> None:
    """Unless the operator allows it."""
    provider = await provide(lambda path: page(b"{}"))
    told = await fetched(replace(settings, allowed=()), provider.url + "/")

    assert "localhost has no address outside this network" in str(told)
    assert provider.asked == []


async def test_a_stranger_s_certificate_is_not_believed(provide: Provide, settings: AbroadSettings) -> None:
    """Only the system's and the operator's."""
    provider = await provide(lambda path: page(b"{}"))

    assert "certificate" in str(await fetched(replace(settings, ca=""), provider.url + "/")).lower()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_of_nobody_s_business(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, and those wrapped in others."""
    assert not Outside(()).may_ask(address)


def test_addresses_that_may_be_asked() -> None:
    """The world, and what the operator names."""
    assert Outside(()).may_ask("8.8.8.8")
    assert Outside(()).may_ask("2001:4860:4860::8888")
    assert Outside((ip_network("10.1.0.0/16"),)).may_ask("10.1.2.3")
    assert Outside((ip_network("10.1.0.0/16"),)).may_ask("::ffff:10.1.2.3")
    assert not Outside((ip_network("10.1.0.0/16"),)).may_ask("10.2.2.3")


def test_addresses_wrapped_or_special() -> None:
    """Translated and compatible addresses count as what they hold; where clouds keep secrets is nobody's business."""
    assert not any(map(Outside(()).may_ask, ("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "::10.0.0.1", "::1", "::")))
    assert not any(map(Outside(()).may_ask, ("168.63.129.16", "::ffff:192.0.0.192", "169.254.169.254", "fd00:ec2::254")))
    assert Outside(()).may_ask("64:ff9b::808:808")
    assert Outside((ip_network("::1/128"),)).may_ask("::1")
