"""One request over EPCIS: who asks, what the path names, what its headers agree on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from idis.registry.caller import Caller
from idis.registry.store.base import Store
from idis.resolver.web.epcis.exception import EpcisException, Kind
from idis.resolver.web.face import Face

BASE_PATH = "/epcis/v2"
VERSION = "2.0.0"

CAPTURE_BYTES_MAX = 64 * 1_048_576

_JSON_TYPES = ("application/json", "application/ld+json", "application/*", "*/*")
_FORMATS = ("No_Preference", "Always_GS1_Digital_Link", "Always_EPC_URN", "Never_Translates")
_VERSIONED = ("GS1-EPCIS", "GS1-CBV")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Attributes:
        request: as aiohttp has it.
        face: the node.
        caller: who asks.
        names: the variable parts of the path, decoded.
    """

    request: web.Request
    face: Face
    caller: Caller
    names: Mapping[str, str]

    @property
    def store(self) -> Store:
        """The node's store."""
        return self.face.service.chain.store

    @property
    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return int(self.face.service.clock.time() * 1_000)

    @property
    def digital_links(self) -> bool:
        """Whether EPC URNs are answered as GS1 Digital Links (`GS1-EPC-Format`)."""
        return self.request.headers.get("GS1-EPC-Format", _FORMATS[1]) == _FORMATS[1]


Answer = Callable[[Ask], Awaitable[web.StreamResponse]]


def agree(request: web.Request) -> None:
    """Check what the headers ask for. Raises EpcisException where this node cannot do it."""
    accept = request.headers.get("Accept", "*/*")
    offered = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    if offered.isdisjoint(_JSON_TYPES) and "text/event-stream" not in offered and "application/problem+json" not in offered:
        raise EpcisException(Kind.NOT_ACCEPTABLE, "this node answers application/json and application/ld+json")
    wanted = request.headers.get("GS1-EPC-Format", _FORMATS[0])
    if wanted not in _FORMATS:
        raise EpcisException(Kind.NOT_ACCEPTABLE, f"GS1-EPC-Format is one of {', '.join(_FORMATS)}")
    if wanted == "Always_EPC_URN":
        raise EpcisException(
            Kind.NOT_ACCEPTABLE, "a Digital Link does not say how long the company prefix is: EPC URNs cannot be made of all"
        )
    for name in _VERSIONED:
        low, high = (_version(request.headers.get(f"{name}-{end}", "")) for end in ("Min", "Max"))
        if (low and low > (2, 0)) or (high and high < (2, 0)):
            raise EpcisException(Kind.NOT_ACCEPTABLE, f"this node speaks {name.removeprefix('GS1-')} 2.0")


def common_headers(answer: web.StreamResponse, version: str) -> None:
    """What every answer says of this node."""
    for name in _VERSIONED:
        for end in ("Version", "Min", "Max"):
            answer.headers[f"{name}-{end}"] = VERSION
    answer.headers["GS1-Vendor-Version"] = version
    answer.headers["GS1-Extensions"] = "idis-server-sent-events"


def _version(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    parts = text.split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 5 for part in parts):
        raise EpcisException(Kind.NOT_ACCEPTABLE, f"{text[:40]!r} is no version")
    return int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
