"""What is asked and answered about symbols for labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.resolver.codes.carrier import Carrier, Correction
from idis.resolver.codes.content import BASE_CHARACTERS_MAX
from idis.resolver.codes.writing import Kind
from idis.resolver.web.v1.common_model import SUFFIX_CHARACTERS_MAX, SUFFIX_PATTERN
from idis.resolver.web.v1.field import Field


@dataclass(frozen=True, slots=True)
class CodeParameters:
    """What is to become a symbol, and of which kind."""

    identifier: Annotated[
        str,
        Field(
            "an identifier of any scheme, an element string, a URL, percent-encoded",
            "标识",
            1,
            SUFFIX_CHARACTERS_MAX,
            SUFFIX_PATTERN,
            example="88.118.8/A1",
        ),
    ]
    format: Annotated[Carrier, Field("the carrier", "载体")] = Carrier.QR
    file: Annotated[Kind, Field("the kind of file", "文件类型")] = Kind.SVG
    base: Annotated[
        str | None,
        Field(
            "where a QR code leads; without it to this node, if it knows where people reach it (links.root)",
            "解析地址",
            0,
            BASE_CHARACTERS_MAX,
            example="https://id.example.cn",
        ),
    ] = None
    correction: Annotated[Correction, Field("of QR codes: M loses 15 % without harm, Q 25 %", "纠错级别")] = Correction.M
