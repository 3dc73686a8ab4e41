"""The body of a request of the REST interface: JSON, within its length and its time."""

from __future__ import annotations

import asyncio

from aiohttp import web

from idis.proto.errors import DataError
from idis.resolver.service import Service
from idis.resolver.web.value_reading import read_json

BODY_BYTES_MAX = 1_048_576  # memory of one request; the largest record as JSON with room to spare

_JSON = "application/json"


class BodyTooLong(Exception):
    """A body that is longer than allowed; `size` as far as that is known."""

    def __init__(self, size: int) -> None:
        self.size = size


async def read_within(request: web.Request, most: int, body_ms: int) -> bytes:
    """The whole body, if it comes in time and is no longer than `most` octets.

    Raises:
        BodyTooLong: it is longer.
        TimeoutError: it does not come within `body_ms` milliseconds.
    """
    if (request.content_length or 0) > most:
        raise BodyTooLong(request.content_length or 0)
    body = bytearray()
    async with asyncio.timeout(body_ms / 1_000):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > most:
                raise BodyTooLong(len(body))
    return bytes(body)


async def octets_of(request: web.Request, service: Service, most: int) -> bytes:
    """As `read_within`, with the errors that aiohttp answers.

    Raises:
        HTTPRequestEntityTooLarge, HTTPRequestTimeout: it is too long, or does not come in time.
    """
    try:
        return await read_within(request, most, service.limits.body_ms)
    except BodyTooLong as error:
        sentence = f"a body has at most {most} octets: send less at once"
        raise web.HTTPRequestEntityTooLarge(most, error.size, text=sentence) from None
    except TimeoutError:
        service.metrics.limited["body"] += 1
        late = web.HTTPRequestTimeout(text="the body did not arrive in time")
        late.force_close()
        raise late from None


async def json_of(request: web.Request, service: Service) -> object:
    """The JSON of a body.

    Raises:
        HTTPUnsupportedMediaType: it is of another type.
        HTTPRequestEntityTooLarge, HTTPRequestTimeout: see `octets_of`.
        DataError: it is no JSON.
    """
    if request.content_type != _JSON:
        raise web.HTTPUnsupportedMediaType(text=f"the body must be {_JSON}: send 'Content-Type: {_JSON}'")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="the body must not be compressed")
    octets = await octets_of(request, service, BODY_BYTES_MAX)
    if not octets:
        raise DataError("the body is empty")
    return read_json(octets)
