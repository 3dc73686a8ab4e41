"""The binary protocol through HTTP."""

from __future__ import annotations

import pytest

TYPE = "application/x-hdl-message"
HEADERS = {"Content-Type": TYPE, "Accept": TYPE}
E1 = bytes.fromhex(
    "0203020b 00000000 134b6a8b 00000000 00000036"
    "00000001 00000000 19000000 ffff 00 00 77359400 0000001a"
    "0000000e 32302e3530302e393939392f4131"
    "00000000 00000000"
    "00000000"
)


async def test_a_frame_is_answered_by_a_frame(browser):
    """The same octets as over TCP, with the tunnel's media type."""
    status, body, content_type = await browser.post("/", E1, HEADERS)

    assert (status, content_type) == (200, TYPE)
    assert body[:16].hex() == "020b020b00000000134b6a8b00000000"
    assert int.from_bytes(body[24:28], "big") == 301


async def test_the_answer_is_that_of_tcp(browser, client, frame):
    """One answer, whatever carries it."""
    asked = frame("88.118.8/A1", 7)

    assert (await browser.post("/", asked, HEADERS))[1] == await client.ask_tcp(asked)


async def test_a_certified_answer_is_refused_as_over_tcp(browser, frame):
    """Code 5, not silence: HTTP has an asker who waits."""
    _status, body, _type = await browser.post("/", frame("88.118.8/A1", flags=0x5900_0000), HEADERS)

    assert int.from_bytes(body[24:28], "big") == 5


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (E1, {"Content-Type": "text/plain", "Accept": TYPE}, 415),
        (E1, {"Content-Type": TYPE, "Accept": "text/html"}, 406),
        (b"", HEADERS, 400),
        (b"\x02\x03", HEADERS, 400),
        (bytes(300_000), HEADERS, 413),
    ],
    ids=["media type", "accept", "empty", "no envelope", "too long"],
)
async def test_what_is_no_frame_is_an_http_error(browser, body, headers, status):
    """Each has its own status."""
    assert (await browser.post("/", body, headers))[0] == status
