"""Identifiers as symbols for labels (`/code`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.resolver.codes.carrier import CodeError, NotInstalled
from idis.resolver.codes.content import content_of
from idis.resolver.codes.label import single
from idis.resolver.codes.symbol import make_symbol
from idis.resolver.codes.writing import Kind, written
from idis.resolver.foreign.finding import surroundings_of
from idis.resolver.web.v1.code_model import CodeParameters
from idis.resolver.web.v1.operation import Call, Lines, Needs, Operation

GROUP = "code 载体"


async def make_code(call: Call[CodeParameters, None]) -> Lines | Refusal:
    """One symbol with its text, as a file."""
    asked, config = call.parameters, call.face.config
    base = config.links.root if asked.base is None else asked.base

    def make() -> bytes:
        content = content_of(asked.identifier, asked.format, surroundings_of(config, call.now), base)
        symbol = make_symbol(content, asked.format, asked.correction)
        return written(single(symbol, (content.human,)), asked.file)

    try:
        octets = await asyncio.to_thread(make)  # a PNG takes some hundredths of a second
    except NotInstalled as missing:
        return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, f"this node cannot make it: {missing}")
    except CodeError as error:
        return Refusal(ResponseCode.INVALID_VALUE, str(error))
    return Lines(_whole(octets), asked.file.content_type)


async def _whole(octets: bytes) -> AsyncIterator[bytes]:
    yield octets


OPERATIONS = (
    Operation(
        name="makeCode",
        method="GET",
        path="/code/{identifier}",
        group=GROUP,
        summary=("make a code for a label", "生成标签码"),
        detail="A QR code, Data Matrix or GS1-128 with its text below. Check digits are verified before, and the symbol is read"
        " back before it is handed out. A QR code of one of our identifiers leads to its page, one of a GS1 key is a Digital"
        " Link. Whether the identifier is registered is not asked.",
        answer=make_code,
        parameters=CodeParameters,
        response=Lines,
        successes=((200, "the file"),),
        refusals=(422, 501),
        needs=Needs.NOBODY,
        content_types=tuple(kind.content_type for kind in Kind),
    ),
)
