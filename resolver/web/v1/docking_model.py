"""What is asked and answered about parts that are to be joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.registry.docking.match import WANTED_MAX, Match
from idis.registry.trace.stop_ship import Verdict
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.trace_model import THING

NUMBER_CHARACTERS_MAX = 200  # of an order, a part number, a station
PARTS_MAX = 100  # in one call: each may have to be asked for at another node

_NUMBER_PATTERN = r"[^\u0000-\u001f\u007f-\u009f]+"
WHOLE = Field("what they are to become part of", "整车/总成标识", 1, 600, _NUMBER_PATTERN, example="88.118.8/SHIP.H2588")
ORDER = Field("the number of the order", "订单号", 0, NUMBER_CHARACTERS_MAX, f"({_NUMBER_PATTERN})?", example="O-STORY-1")
WANTED = Field("part numbers the order calls for, the maker's or the customer's", "订单零件号", 0, WANTED_MAX)
AT = Field("when, with the offset of the place", "装配时间", form="date-time", example="2026-03-02T09:30:00+08:00")
STATION = Field("the station, number or name", "工位", 0, NUMBER_CHARACTERS_MAX, f"({_NUMBER_PATTERN})?", example="ST-180")
EVENT = Field("the event that tells of the installation; null without one", "事件", name="eventID")
PARTS = Field("the parts as scanned", "零件标识", 1, PARTS_MAX, example=("88.118.8/BLOCK.H2588-B102",))
_WANTED_ITEM = Field("a part number", "零件号", 1, NUMBER_CHARACTERS_MAX, _NUMBER_PATTERN)


@dataclass(frozen=True, slots=True)
class DockBody:
    """Which parts, for which product and order."""

    whole: Annotated[str, WHOLE]
    parts: Annotated[tuple[Annotated[str, THING], ...], PARTS]
    order: Annotated[str, ORDER] = ""
    wanted: Annotated[tuple[Annotated[str, _WANTED_ITEM], ...], WANTED] = ()


@dataclass(frozen=True, slots=True)
class AsBuiltBody:
    """Which parts were joined to which product, for which order, when and where."""

    whole: Annotated[str, WHOLE]
    parts: Annotated[tuple[Annotated[str, THING], ...], PARTS]
    at: Annotated[str, AT]
    order: Annotated[str, ORDER] = ""
    wanted: Annotated[tuple[Annotated[str, _WANTED_ITEM], ...], WANTED] = ()
    station: Annotated[str, STATION] = ""


@dataclass(frozen=True, slots=True)
class DoubtModel:
    """Why something does not match, or could not be compared."""

    about: Annotated[str, Field("order or product", "对象")]
    match: Annotated[Match, Field("no, or unknown", "结论")]
    text: Annotated[str, Field("in words", "原因")]


@dataclass(frozen=True, slots=True)
class DockedModel:
    """The answer about one part."""

    part: Annotated[str, Field("the part", "零件")]
    order_match: Annotated[Match, Field("right for the order", "订单一致性", name="orderMatch")]
    product_match: Annotated[Match, Field("right for the product", "产品一致性", name="productMatch")]
    verdict: Annotated[Verdict, Field("allow only when both match", "结论")]
    doubts: Annotated[tuple[DoubtModel, ...], Field("gravest first", "原因")]
    joined: Annotated[bool, Field("it was part of this product before", "已装")]
    event_id: Annotated[str | None, EVENT] = None


@dataclass(frozen=True, slots=True)
class DockedModels:
    """The answers in the order of the parts; the verdict is the gravest of them."""

    whole: Annotated[str, Field("the product", "整车/总成")]
    verdict: Annotated[Verdict, Field("allow, hold or stop", "结论")]
    items: Annotated[tuple[DockedModel, ...], Field("one for each part", "逐件结论")]
