"""The body of a capture, written to a file while it arrives: 64 MiB pass through 64 KiB of memory."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from idis.resolver.web.epcis.ask import CAPTURE_BYTES_MAX
from idis.resolver.web.epcis.exception import EpcisException, Kind

BODY_S_MAX = 120.0  # for all of a body; whoever is slower sends less at once

JSON_TYPES = ("application/json", "application/ld+json")


def check_type(request: web.Request) -> None:
    """Raise EpcisException where the body is none that can be read."""
    if request.content_type not in JSON_TYPES:
        raise EpcisException(Kind.MEDIA_TYPE, f"send the events as {' or '.join(JSON_TYPES)}")
    if (request.charset or "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise EpcisException(Kind.MEDIA_TYPE, "send the events in UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise EpcisException(Kind.MEDIA_TYPE, "send the events without Content-Encoding")


@asynccontextmanager
async def spooled(request: web.Request, octets_max: int = CAPTURE_BYTES_MAX) -> AsyncIterator[Path]:
    """The file that holds the body; it is gone afterwards."""
    check_type(request)
    if (request.content_length or 0) > octets_max:
        raise _too_long(octets_max)
    handle, name = tempfile.mkstemp(prefix="idis-capture-")
    try:
        with os.fdopen(handle, "wb") as file:
            octets = 0
            try:
                async with asyncio.timeout(BODY_S_MAX):
                    while piece := await request.content.readany():
                        octets += len(piece)
                        if octets > octets_max:
                            raise _too_long(octets_max)
                        file.write(piece)
            except TimeoutError:
                raise EpcisException(
                    Kind.IMPLEMENTATION, f"the body did not arrive within {BODY_S_MAX:.0f} s", status=408
                ) from None
        yield Path(name)
    finally:
        os.unlink(name)


async def small_body(request: web.Request, octets_max: int) -> bytes:
    """A short body, in memory."""
    async with spooled(request, octets_max) as path:
        return path.read_bytes()


def _too_long(octets_max: int) -> EpcisException:
    return EpcisException(Kind.CAPTURE_LIMIT, f"a body has at most {octets_max} octets: send several")
