"""Requests of HTTP so plain that no parser is needed: recognised in their octets, everything else left alone.

A plain request is GET or HEAD of an identifier or of a GS1 key, HTTP/1.1, whole, with header fields that change nothing in its
answer or say what form it is to have, each at most once. What it is recognised by is remembered, because a client sends the
same header fields every time. Whatever differs in anything, a credential, a body, a wish to close, an octet out of place, is
aiohttp's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from idis.proto.schemes.gs1.application_identifiers import KEYS

HANDLES = b"/api/handles/"
HEAD_BYTES_MAX = 4_096  # of a whole plain request; browsers send about 700
FIELDS_BYTES_MAX = 1_024  # of header fields that are remembered
BLOCKS_MAX = 64  # how many different ones are; a reverse proxy in front of many clients has as many as they have together

_GET = b"GET " + HANDLES
_HEAD = b"HEAD " + HANDLES
_KEYS = f"/(?:{'|'.join(sorted(KEYS))})/".encode()  # of GS1, as the first segment of a Digital Link
_LINK = re.compile(rb"(GET|HEAD) (" + _KEYS + rb"[\x21-\x7e]+) HTTP/1\.1\r\n")
_VERSION = b" HTTP/1.1"
_END = b"\r\n\r\n"

# One field and its line's end. None of these names says anything that this node minds for a resolution.
_FIELD = re.compile(
    rb"(host|user-agent|accept|accept-encoding|accept-language|connection|cache-control|pragma|referer|dnt|priority"
    rb"|sec-[a-z-]{1,32}|upgrade-insecure-requests): ?([\x20-\x7e]{0,512})\r\n",
    re.IGNORECASE,
)
_WORTH = {
    b"host": re.compile(rb"[A-Za-z0-9.:\[\]-]{1,255}"),
    b"connection": re.compile(rb"keep-alive", re.IGNORECASE),
}
_NOT_WORTH = (b"sec-websocket",)

# Half a request that may still become a plain one: whole lines of the right form, then the beginning of one.
_BEGUN = re.compile(
    rb"(?:GET|HEAD) (?:/api/handles/|" + _KEYS + rb")[\x21-\x7e]{0,4096}"
    rb"(?: (?:H|HT|HTT|HTTP|HTTP/|HTTP/1|HTTP/1\.|HTTP/1\.1\r?)?)?"
    rb"|(?:GET|HEAD) (?:/api/handles/|" + _KEYS + rb")[\x21-\x7e]{1,4096} HTTP/1\.1\r\n"
    rb"(?:[A-Za-z-]{1,64}:[\x20-\x7e]{0,513}\r\n){0,64}"
    rb"(?:[A-Za-z-]{0,64}|[A-Za-z-]{1,64}:[\x20-\x7e]{0,513})\r?"
)
_STARTS = (_GET, _HEAD)

_BODILESS = re.compile(rb"(?:GET|HEAD) /[\x21-\x7e]* HTTP/1\.1\r\n")
_FRAMES_OTHERWISE = re.compile(rb"\n(?:content-length|transfer-encoding|connection|upgrade|expect)", re.IGNORECASE)


class PlainRequest(NamedTuple):
    """One request.

    Attributes:
        target: what stands behind `/api/handles/`; of a GS1 key the whole path and query.
        header_only: whether only the header is wanted.
        end: where the next one begins.
        fields: of a GS1 key the lines of the header, as they say what form its answer is to have; else empty.
    """

    target: bytes
    header_only: bool
    end: int
    fields: bytes = b""


class PlainRequests:
    """Finds plain requests in what a connection receives; `learnt` is told of header fields that are plain."""

    def __init__(self, learnt: Callable[[bytes], None] | None = None) -> None:
        self._blocks: set[bytes] = set()
        self._learnt = learnt

    def read(self, octets: bytes, at: int) -> PlainRequest | None:
        """The plain request that begins at an offset; None when what is there is not plain, or not whole."""
        end = octets.find(_END, at, at + HEAD_BYTES_MAX) + 4
        if end < 4:
            return None
        line_end = octets.find(b"\r\n", at, end)
        block = octets[line_end:end]
        if block not in self._blocks and not self._learn(block):
            return None
        version_at = line_end - len(_VERSION)
        if not octets.startswith(_VERSION, version_at):
            return None
        if octets.startswith(_GET, at):
            return PlainRequest(octets[at + len(_GET) : version_at], False, end)
        if octets.startswith(_HEAD, at):
            return PlainRequest(octets[at + len(_HEAD) : version_at], True, end)
        link = _LINK.match(octets, at, line_end + 2)
        return None if link is None else PlainRequest(link[2], link[1] == b"HEAD", end, block)

    def _learn(self, block: bytes) -> bool:
        """Whether header fields, from the end of the request line to the empty line, are plain; if so they are remembered."""
        if len(block) > FIELDS_BYTES_MAX or not plain_fields(block[2:-2]):
            return False
        if len(self._blocks) >= BLOCKS_MAX:
            self._blocks.clear()
        self._blocks.add(block)
        if self._learnt is not None:
            self._learnt(block)
        return True


def plain_fields(fields: bytes) -> bool:
    """Whether these whole header lines leave the answer as it is."""
    seen: set[bytes] = set()
    at = 0
    while at < len(fields):
        match = _FIELD.match(fields, at)
        if match is None:
            return False
        name, worth = match[1].lower(), match[2].strip(b" ")
        pattern = _WORTH.get(name)
        if name in seen or name.startswith(_NOT_WORTH) or (pattern is not None and not pattern.fullmatch(worth)):
            return False
        seen.add(name)
        at = match.end()
    return b"host" in seen


def may_become_plain(octets: bytes) -> bool:
    """Whether these octets may be the beginning of a plain request, so that the rest of it is worth waiting for."""
    if len(octets) >= HEAD_BYTES_MAX:
        return False
    if len(octets) < len(_HEAD):
        return any(start.startswith(octets) for start in _STARTS)
    return _BEGUN.fullmatch(octets) is not None


def asks_once(octets: bytes) -> bool:
    """Whether these octets are exactly one request without a body, after which a parser is where it was before."""
    return (
        len(octets) <= HEAD_BYTES_MAX
        and octets.find(_END) == len(octets) - len(_END)
        and _BODILESS.match(octets) is not None
        and _FRAMES_OTHERWISE.search(octets) is None
    )
