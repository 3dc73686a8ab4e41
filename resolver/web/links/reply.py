"""Answers of the Digital Link resolver as plain data: one form for aiohttp and for the chunk handler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus

PROBLEM = "application/problem+json"
METHODS = "GET, HEAD, OPTIONS"
NEGATIVE_S = 10  # how long a cache may believe that there is nothing
SHORT_S = 60  # how long it may keep where a request was sent
RECALLED_S = 5  # the same of a thing that must not be used, or only after a check
PREFLIGHT_S = 86_400

# On every answer: pages of any origin may read all of them, without credentials.
CROSS_ORIGIN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", METHODS),
    ("Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization, If-None-Match"),
    ("Access-Control-Expose-Headers", "Link, Location, ETag, Deprecation"),
)
VARY = ("Vary", "Accept, Accept-Language")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        lasting: whether it stays as it is until the store changes.
        detail: the sentence of a problem, empty otherwise.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    lasting: bool = False
    detail: str = ""

    @property
    def etag(self) -> str:
        """Its ETag, empty without."""
        return next((text for name, text in self.headers if name == "ETag"), "")


def made(status: int, headers: Mapping[str, str], body: bytes = b"", *, max_age_s: int, private: bool = False) -> Reply:
    """An answer with what all of them have.

    Args:
        status: of HTTP.
        headers: its own.
        body: its content.
        max_age_s: how long it may be kept by caches.
        private: it is for whoever asked alone.
    """
    kept = "private, no-store" if private else f"public, max-age={max_age_s}"
    told = "\n".join((str(status), *headers.values())).encode() + body
    tag = f'"{blake2b(told, digest_size=9).hexdigest()}"'
    own = (*headers.items(), ("Cache-Control", kept), ("ETag", tag), VARY)
    return Reply(status, (*own, *CROSS_ORIGIN), body, lasting=not private)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> Reply:
    """What went wrong, in one sentence (RFC 9457)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    own = {"Content-Type": PROBLEM, "X-Content-Type-Options": "nosniff", **(headers or {})}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        own["Retry-After"] = "1"
    lasts = status < HTTPStatus.INTERNAL_SERVER_ERROR
    age = ("Cache-Control", f"public, max-age={NEGATIVE_S}" if lasts else "no-store")
    body = json.dumps(document, ensure_ascii=False).encode()
    return Reply(status, (*own.items(), age, VARY, *CROSS_ORIGIN), body, detail=detail)


def options() -> Reply:
    """What may be done here."""
    age = ("Access-Control-Max-Age", str(PREFLIGHT_S))
    return Reply(HTTPStatus.NO_CONTENT, (("Allow", METHODS), age, *CROSS_ORIGIN))


def not_allowed() -> Reply:
    """Another method than those."""
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, f"allowed here: {METHODS}", {"Allow": METHODS})
