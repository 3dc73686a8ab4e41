"""`PUT` and `DELETE /api/handles/{identifier}`: what is asked becomes an act of the registry (`wire.md` §15)."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_bytes

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.proto.value import Value
from idis.registry.registration.acts import Act, AddValues, Create, Delete, Done, RemoveValues
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.operations import mint
from idis.resolver.web.body import json_of
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply
from idis.resolver.web.parameters import BadParameter, Form, first_of, flag_of, form_of, index_of
from idis.resolver.web.paths import spelling_of
from idis.resolver.web.rest import answer_refusal, limited
from idis.resolver.web.value_reading import values_from_json

_VARIOUS = "various"  # indexes are those of the body


class HandleWrites:
    """Registers, changes and deletes records."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers

    async def put(self, request: web.Request) -> web.Response:
        """Create or replace a record, or with `index` add or replace values of one."""
        spelling, form = "", Form()
        try:
            spelling, form = spelling_of(request), form_of(request.query.items())
            first = first_of(request.query.items())
            overwrite, minted = flag_of(first, "overwrite", default=True), flag_of(first, "mintNewSuffix")
            indexes = _indexes_of(request)
            values = values_from_json(await json_of(request, self._face.service))
            if minted and indexes is None:
                spelling = mint(spelling, token_bytes)
            act: Act = Create(spelling, values, overwrite) if indexes is None else _change(spelling, indexes, values, overwrite)
        except BadParameter as error:
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, str(error)), spelling, form)
        except DataError as error:
            return self._refuse(request, Refusal(ResponseCode.INVALID_VALUE, str(error)), spelling, form)
        return await self._perform(request, act, form, new_status=_status_when_new(act))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a record, or with `index` values of one."""
        spelling, form = "", Form()
        try:
            spelling, form = spelling_of(request), form_of(request.query.items())
            indexes = [index_of(text) for text in request.query.getall("index", [])]
        except BadParameter as error:
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, str(error)), spelling, form)
        act: Act = RemoveValues(spelling, tuple(dict.fromkeys(indexes))) if indexes else Delete(spelling)
        return await self._perform(request, act, form, new_status=200)

    async def _perform(self, request: web.Request, act: Act, form: Form, *, new_status: int) -> web.Response:
        spelling = act.identifier
        if (busy := limited(request, self._face)) is not None:
            return self._refuse(request, busy, spelling, form)
        caller = await self._callers.caller_of(request)
        if isinstance(caller, Refusal):
            return self._refuse(request, caller, spelling, form)
        done = await self._face.registrar.perform(act, caller)
        if isinstance(done, Refusal):
            return self._refuse(request, done, spelling, form)
        document: Mapping[str, object] = {"responseCode": int(ResponseCode.SUCCESS), "handle": done.identifier}
        return json_reply(document, _status(act, done, new_status), pretty=form.pretty)

    def _refuse(self, request: web.Request, refusal: Refusal, spelling: str, form: Form) -> web.Response:
        return answer_refusal(request, self._callers, refusal, handle=spelling, pretty=form.pretty)


def _indexes_of(request: web.Request) -> tuple[int, ...] | None:
    """The indexes that are to be written: None for a whole record, () for those of the body.

    Raises:
        BadParameter: not a number, nor `various`.
    """
    texts = request.query.getall("index", [])
    if not texts:
        return None
    return () if texts == [_VARIOUS] else tuple(index_of(text) for text in texts)


def _change(spelling: str, indexes: tuple[int, ...], values: tuple[Value, ...], overwrite: bool) -> AddValues:
    given = sorted(value.index for value in values)
    if indexes and given != sorted(indexes):
        raise BadParameter(
            f"the indexes of the address ({_listed(indexes)}) must be those of the body ({_listed(given)}); or say index=various"
        )
    return AddValues(spelling, values, overwrite)


def _listed(indexes: tuple[int, ...] | list[int]) -> str:
    return ", ".join(map(str, sorted(indexes))) or "none"


def _status_when_new(act: Act) -> int:
    """201 for a new record, and for values added where nothing may be overwritten."""
    return 200 if isinstance(act, AddValues) and act.overwrite else 201


def _status(act: Act, done: Done, new_status: int) -> int:
    replaced = isinstance(act, Create) and (done.overwritten or not done.changed)
    return 200 if replaced else new_status
