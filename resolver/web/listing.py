"""`GET /api/handles?prefix=`: the identifiers below a prefix, all of them or page by page (`wire.md` §15).

Pages are numbered, as Handle numbers them, though a store that is ordered by key finds the hundredth page by walking over
ninety-nine. Where pages end is remembered, so that whoever reads on walks over nothing; whoever jumps ahead walks in steps
between which others are answered.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import PREFIX_HANDLE_HEAD, fold, parse_prefix
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store
from idis.resolver.admin.listing import Listing
from idis.resolver.web.answer_json import json_text
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply
from idis.resolver.web.parameters import BadParameter, Form, first_of, form_of
from idis.resolver.web.rest import answer_refusal, limited

PAGE_MAX = 10_000  # identifiers in one page
STEP = 512  # records read under one transaction
PAGE_ENDS_MAX = 1_024  # places remembered: readers of lists are few
_DIGITS_MAX = 9


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which part of a list is wanted: the whole one when `page` is None, only its length when `size` is 0."""

    prefix: str
    page: int | None
    size: int


class HandleListing:
    """Lists identifiers."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers
        self._store = face.service.chain.store
        self._listing = Listing(self._store, face.registrar)
        self._ends = _PageEnds()

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The list, or a page of it."""
        form = Form()
        try:
            form = form_of(request.query.items())
            wish = _wish(first_of(request.query.items()))
        except BadParameter as error:
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, str(error)), form)
        except IdentifierError as error:
            return self._refuse(request, Refusal(ResponseCode.INVALID_HANDLE, str(error)), form)
        if (busy := limited(request, self._face)) is not None:
            return self._refuse(request, busy, form)
        caller = await self._callers.caller_of(request)
        if isinstance(caller, Refusal):
            return self._refuse(request, caller, form)
        pages = await self._listing.names(OpCode.LIST_HANDLES, f"{PREFIX_HANDLE_HEAD}{wish.prefix}", caller)
        if isinstance(pages, Refusal):
            return self._refuse(request, pages, form)
        with self._store.read() as txn:
            total = txn.stat(fold(wish.prefix)).records
        document: dict[str, object] = {
            "responseCode": int(ResponseCode.SUCCESS),
            "prefix": wish.prefix,
            "totalCount": str(total),  # text, as Handle has it
        }
        if wish.page is None:
            return await _whole(request, document, pages)
        document |= {"page": wish.page, "pageSize": wish.size}
        document["handles"] = await self._page(fold(wish.prefix), wish.page, wish.size) if wish.size else []
        return json_reply(document, pretty=form.pretty, callback=form.callback)

    async def _page(self, prefix: str, page: int, size: int) -> list[str]:
        known, after = self._ends.before(prefix, size, page)
        to_skip = (page - known) * size
        names: list[str] = []
        while len(names) < size:
            step, ended = _step(self._store, prefix, after, to_skip, size - len(names))
            names += step.names
            after, to_skip = step.after, to_skip - step.skipped
            if ended:
                return names
            await asyncio.sleep(0)
        self._ends.remember(prefix, size, page, after)
        return names

    def _refuse(self, request: web.Request, refusal: Refusal, form: Form) -> web.Response:
        return answer_refusal(request, self._callers, refusal, pretty=form.pretty)


@dataclass(frozen=True, slots=True)
class _Step:
    names: list[str]
    skipped: int
    after: bytes | None


def _step(store: Store, prefix: str, after: bytes | None, to_skip: int, wanted: int) -> tuple[_Step, bool]:
    """Read on from a key; whether the list has ended."""
    names: list[str] = []
    skipped = 0
    with store.read() as txn:
        rows = txn.records(prefix, after, STEP)
    for key, record in rows:
        after = key
        if not record.live:
            continue
        if skipped < to_skip:
            skipped += 1
            continue
        names.append(record.identifier)
        if len(names) == wanted:
            return _Step(names, skipped, after), False
    return _Step(names, skipped, after), len(rows) < STEP


class _PageEnds:
    """Behind which key pages begin."""

    def __init__(self) -> None:
        self._ends: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()  # (prefix, size, page) → last key of the page before

    def before(self, prefix: str, size: int, page: int) -> tuple[int, bytes | None]:
        """The last page up to this one of which the beginning is known, and the key it follows."""
        key = self._ends.get((prefix, size, page))
        return (page, key) if key is not None else (0, None)

    def remember(self, prefix: str, size: int, page: int, last: bytes | None) -> None:
        """A page ended with this key."""
        if last is not None:
            self._ends[prefix, size, page + 1] = last
            self._ends.move_to_end((prefix, size, page + 1))
            if len(self._ends) > PAGE_ENDS_MAX:
                self._ends.popitem(last=False)


async def _whole(request: web.Request, document: dict[str, object], pages: AsyncIterator[list[str]]) -> web.StreamResponse:
    """The whole list, sent as it is read."""
    answer = web.StreamResponse(headers={"X-Content-Type-Options": "nosniff"})
    answer.content_type, answer.charset = "application/json", "utf-8"
    await answer.prepare(request)
    with contextlib.suppress(ConnectionResetError):  # whoever asked has gone
        await answer.write((json_text(document)[:-1] + ', "handles": [').encode())
        first = True
        async for names in pages:
            if names:
                text = ", ".join(map(_quoted, names))
                await answer.write((text if first else f", {text}").encode())
                first = False
                await asyncio.sleep(0)
        await answer.write(b"]}")
        await answer.write_eof()
    return answer


def _quoted(name: str) -> str:
    return json_text({"n": name})[6:-1]


def _wish(first: dict[str, str]) -> _Wish:
    """What the parameters ask for.

    Raises:
        BadParameter, IdentifierError: they cannot be used.
    """
    text = first.get("prefix", "")
    if not text:
        raise BadParameter("name the prefix whose identifiers are wanted: prefix=88.118.8")
    named = text[len(PREFIX_HANDLE_HEAD) :] if fold(text).startswith(fold(PREFIX_HANDLE_HEAD)) else text
    parse_prefix(named)
    page, size = _number(first, "page"), _number(first, "pageSize")
    if page is None or size is None:
        return _Wish(named, None, 0)
    if size > PAGE_MAX:
        raise BadParameter(f"pageSize is at most {PAGE_MAX}")
    return _Wish(named, page, size)


def _number(first: dict[str, str], name: str) -> int | None:
    """A whole number; None where it is missing or negative, which Handle takes for missing."""
    text = first.get(name, "-1")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        raise BadParameter(f"{name} must be a whole number")
    return None if text.startswith("-") else int(text)
