"""Plain requests, told from all others by their octets."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.application_identifiers import KEYS
from idis.resolver.transports.http_requests import (
    BLOCKS_MAX,
    HEAD_BYTES_MAX,
    PlainRequest,
    PlainRequests,
    asks_once,
    may_become_plain,
    plain_fields,
)

GET = b"GET /api/handles/88.1/A HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"
HEAD = b"HEAD /api/handles/88.1/A?index=1 HTTP/1.1\r\nHost: x\r\n\r\n"


def test_one_behind_the_other_is_read():
    """What is asked, and where the next one begins."""
    requests = PlainRequests()

    assert requests.read(GET + HEAD, 0) == PlainRequest(b"88.1/A", False, len(GET))
    assert requests.read(GET + HEAD, len(GET)) == PlainRequest(b"88.1/A?index=1", True, len(GET + HEAD))
    assert requests.read(GET + HEAD, len(GET + HEAD)) is None


LINK = b"GET /01/06901234567892/21/42?a=1 HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n"


def test_a_digital_link_is_read_with_its_header():
    """What it accepts says what its answer is to be."""
    requests = PlainRequests()
    fields = b"\r\nHost: x\r\nAccept: text/html\r\n\r\n"

    assert requests.read(LINK, 0) == PlainRequest(b"/01/06901234567892/21/42?a=1", False, len(LINK), fields)
    assert requests.read(b"HEAD" + LINK[3:], 0) == PlainRequest(b"/01/06901234567892/21/42?a=1", True, len(LINK) + 1, fields)


@pytest.mark.parametrize("key", KEYS)
def test_every_primary_key_is_the_beginning_of_a_digital_link(key: str):
    """The expression that finds them in octets knows the table's."""
    octets = LINK.replace(b"/01/", b"/%s/" % key.encode())

    assert PlainRequests().read(octets, 0) is not None
    assert may_become_plain(octets[:-5])
    assert may_become_plain(octets[:30])


@pytest.mark.parametrize("head", [b"/02/", b"/0/", b"/1/", b"/8001/", b"/8019/", b"/21/", b"/gtin/", b"/01", b"/", b"/x/01/"])
def test_other_paths_are_no_digital_links(head: bytes):
    """They are aiohttp's."""
    assert PlainRequests().read(LINK.replace(b"/01/", head, 1), 0) is None


def test_header_fields_are_learnt_once():
    """Whoever looks for them in octets is told of each block, as it stands."""
    learnt = []
    requests = PlainRequests(learnt.append)
    for _ in range(3):
        requests.read(GET, 0)
    requests.read(b"GET /api/handles/88.1/A HTTP/1.1\r\nCookie: a\r\n\r\n", 0)

    assert learnt == [b"\r\nHost: x\r\nAccept: */*\r\n\r\n"]


def test_what_is_remembered_is_bounded():
    """A client that varies its header fields costs a look, no memory."""
    requests = PlainRequests()
    for number in range(BLOCKS_MAX * 3):
        assert requests.read(b"GET /api/handles/88.1/A HTTP/1.1\r\nHost: %d\r\n\r\n" % number, 0) is not None

    assert len(requests._blocks) <= BLOCKS_MAX


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        GET[:-1],
        GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
        GET.replace(b"GET", b"PUT"),
        GET.replace(b"GET", b"get"),
        GET.replace(b"/api/", b"/API/"),
        b"\r\n" + GET,
        GET.replace(b"\r\n", b"\n"),
        GET.replace(b"*/*", b"*" * HEAD_BYTES_MAX),
    ],
)
def test_everything_else_is_not_plain(octets):
    """Half requests, other methods and versions, other line ends, long ones."""
    assert PlainRequests().read(octets, 0) is None


@pytest.mark.parametrize(
    "fields",
    [
        b"Host: x\r\n",
        b"host:x\r\nACCEPT:\r\n",
        b"Host: [::1]:80\r\nConnection: KEEP-alive\r\nUser-Agent: a (b; c) \"d\"\r\n",
        b"Sec-Fetch-Site: none\r\nHost: x\r\nsec-ch-ua: \"a\"\r\n",
    ],
)
def test_fields_that_say_nothing_are_plain(fields):
    """However they are spelled, in any order."""
    assert plain_fields(fields)


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"Accept: */*\r\n",
        b"Host:\r\n",
        b"Host: a b\r\n",
        b"Host: x\r\nHost: x\r\n",
        b"Host: x\r\nhOST: y\r\n",
        b"Host : x\r\n",
        b"Host: x\r\nConnection: close\r\n",
        b"Host: x\r\nConnection: keep-alive, upgrade\r\n",
        b"Host: x\r\nAuthorization: Basic YTpi\r\n",
        b"Host: x\r\nCookie: a=b\r\n",
        b"Host: x\r\nOrigin: https://a\r\n",
        b"Host: x\r\nContent-Length: 0\r\n",
        b"Host: x\r\nTransfer-Encoding: chunked\r\n",
        b"Host: x\r\nExpect: 100-continue\r\n",
        b"Host: x\r\nUpgrade: h2c\r\n",
        b"Host: x\r\nIf-None-Match: *\r\n",
        b"Host: x\r\nRange: bytes=0-1\r\n",
        b"Host: x\r\nSec-WebSocket-Key: a\r\n",
        b"Host: x\r\nX-Forwarded-For: 1.2.3.4\r\n",
        b"Host: x\r\nAccept: \x00\r\n",
        b"Host: x\r\nAccept: \xff\r\n",
        b"Host: x\r\nAccept: a\tb\r\n",
        b"Host: x\r\n folded\r\n",
        b"Host: x\r\nAccept\r\n",
        b"Host: x\r\nAccept: " + b"a" * 513 + b"\r\n",
    ],
)
def test_fields_that_may_change_an_answer_are_not(fields):
    """Credentials, conditions, bodies, connections, doubles, and what no parser should have to read twice."""
    assert not plain_fields(fields)


@pytest.mark.parametrize("end", range(1, len(GET)))
def test_the_beginning_of_a_plain_request_may_become_one(end):
    """Wherever it is cut."""
    assert may_become_plain(GET[:end])


@pytest.mark.parametrize(
    "octets",
    [
        GET,
        b"POST",
        b"G ",
        b"HEAD /api/handlez",
        b"GET /api/handles/a b",
        b"GET /api/handles/a\x00",
        b"GET /api/handles/a HTTP/1.0",
        b"GET /api/handles/a HTTP/1.1\n",
        b"GET /api/handles/a HTTP/1.1\r\nHost: x\r\nBad\x01",
        b"GET /api/handles/a HTTP/1.1\r\n: x",
        b"GET /api/handles/a HTTP/1.1\r\nHost: x\n",
        b"GET /api/handles/" + b"a" * HEAD_BYTES_MAX,
        b"GET /api/handles/a HTTP/1.1\r\n" + b"A: b\r\n" * 800,
    ],
)
def test_what_cannot_become_plain_is_not_waited_for(octets):
    """Whole requests, garbage, and what grows too long."""
    assert not may_become_plain(octets)


@pytest.mark.parametrize(
    ("octets", "once"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"HEAD / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", False),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\ncontent-LENGTH: 0\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: x\nContent-Length: 5\r\n\r\n", False),
    ],
)
def test_a_request_whose_end_is_known_is_lent_once(octets, once):
    """Nothing may be behind it, and nothing in it may move its end."""
    assert asks_once(octets) is once
