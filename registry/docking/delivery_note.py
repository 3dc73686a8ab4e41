"""The delivery note 送货单: one row of an ERP's list, and the events it stands for.

A note says what left whom for whom, in which container, on which order; a goods-in list has the same columns and the time and
quantity of receipt. Packing, shipping, receiving and unpacking are told by events named by their content, so that the same
row imported twice, or the row of another thing in the same container, tells of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from idis.proto.errors import IdentifierError
from idis.registry.docking.telling import numbered, uri_of
from idis.registry.pilots.finding import Finding, Severity
from idis.registry.pilots.units import UNITS
from idis.registry.trace.event import Action, Event, EventType, Moment, Quantity, Typed
from idis.registry.trace.rules import FUTURE_MS_MAX, UNITS_MEANT
from idis.registry.trace.things import home_of

# English and Chinese heading of each column, and whether a row must fill it.
COLUMNS: Mapping[str, tuple[str, bool]] = {
    "noteNo": ("送货单号", True),
    "identifier": ("标识", True),
    "from": ("发货方", True),
    "to": ("收货方", True),
    "shipped": ("发货时间", True),
    "quantity": ("数量", False),
    "uom": ("计量单位", False),
    "orderNo": ("订单号", False),
    "container": ("容器", False),
    "received": ("收货时间", False),
    "receivedQuantity": ("收货数量", False),
}
CHINA = timezone(timedelta(hours=8))  # a time without offset is Beijing's
PIECES = ("", "C62", "H87")
_MS = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """A row that can be believed: names as written, times with their offset."""

    note: str
    thing: str
    sender: str
    receiver: str
    shipped: Moment
    quantity: Decimal | None = None
    uom: str = ""
    order: str = ""
    container: str = ""
    received: Moment | None = None
    received_quantity: Decimal | None = None


def read_line(cells: Mapping[str, str], spell: Callable[[str], str], now_ms: int) -> tuple[Line | None, tuple[Finding, ...]]:
    """A row, unless something is wrong with it, and all that is.

    Args:
        cells: by english column name.
        spell: the one spelling of a thing; raises IdentifierError.
        now_ms: unix time in milliseconds.
    """
    found: list[Finding] = []
    texts = {name: cells.get(name, "").strip() for name in COLUMNS}
    for name, (chinese, required) in COLUMNS.items():
        if required and not texts[name]:
            found.append(Finding(name, "", "required", f"{name} ({chinese}) is missing", "fill it in"))
    for name in ("identifier", "container"):
        if texts[name]:
            try:
                spell(texts[name])
            except IdentifierError as error:
                found.append(Finding(name, texts[name], "identifier", str(error), "write prefix/suffix, or a URI"))
    if texts["container"] and texts["container"] == texts["identifier"]:
        found.append(Finding("container", texts["container"], "container", "nothing is packed in itself", "leave it empty"))
    if texts["uom"] and texts["uom"] not in UNITS.codes:
        meant = UNITS_MEANT.get(texts["uom"].lower(), "KGM, LTR, H87 …")
        found.append(Finding("uom", texts["uom"], "uom", "no unit of Recommendation 20 known here", f"write {meant}"))
    quantity = _quantity("quantity", texts, found)
    received_quantity = _quantity("receivedQuantity", texts, found)
    shipped = _moment("shipped", texts["shipped"], now_ms, found)
    received = _moment("received", texts["received"], now_ms, found)
    if shipped is not None and received is not None and received.time_ms < shipped.time_ms:
        found.append(Finding("received", texts["received"], "times", "received before it was shipped", "correct one of them"))
    if shipped is None or any(finding.severity is Severity.ERROR for finding in found):
        return None, tuple(found)
    if received is not None and received_quantity is not None and quantity is not None and received_quantity != quantity:
        message = f"shipped {quantity:f}, received {received_quantity:f}"
        text = texts["receivedQuantity"]
        found.append(Finding("receivedQuantity", text, "difference", message, "ask the sender", Severity.WARNING))
    return Line(
        texts["noteNo"],
        texts["identifier"],
        texts["from"],
        texts["to"],
        shipped,
        quantity,
        texts["uom"],
        texts["orderNo"],
        texts["container"],
        received,
        quantity if received_quantity is None else received_quantity,
    ), tuple(found)


def events_of(line: Line) -> Iterator[Event]:
    """What a row stands for: packing and shipping; with a time of receipt, receiving and unpacking."""
    prefix = _home(line.thing) or _home(line.sender)
    sender, receiver = (numbered("ORG", party, prefix) for party in (line.sender, line.receiver))
    documents = [Typed("desadv", numbered("NOTE", line.note, _home(line.sender) or prefix))]
    if line.order:
        documents.append(Typed("po", numbered("ORDER", line.order, _home(line.receiver) or prefix)))
    moved = _things(line.container, None, "") if line.container else _things(line.thing, line.quantity, line.uom)
    if line.container:
        yield _packing(line, line.shipped, Action.ADD, line.quantity)
    yield Event(
        EventType.OBJECT,
        line.shipped,
        Action.OBSERVE,
        epcs=moved.epcs,
        quantities=moved.quantities,
        biz_step="shipping",
        disposition="in_transit",
        transactions=tuple(documents),
        sources=(Typed("owning_party", sender), Typed("possessing_party", sender)),
        destinations=(Typed("owning_party", receiver), Typed("possessing_party", receiver)),
    )
    if line.received is None:
        return
    if line.container:
        yield _packing(line, line.received, Action.DELETE, line.quantity)
    arrived = _things(line.thing, line.received_quantity, line.uom)
    yield Event(
        EventType.OBJECT,
        line.received,
        Action.OBSERVE,
        epcs=arrived.epcs,
        quantities=arrived.quantities,
        biz_step="receiving",
        disposition="in_progress",
        transactions=(*documents, Typed("recadv", numbered("RECEIPT", line.note, _home(line.receiver) or prefix))),
        sources=(Typed("possessing_party", sender),),
        destinations=(Typed("possessing_party", receiver),),
    )


def _home(text: str) -> str:
    """The prefix of an identifier; empty for a bare number or name."""
    return home_of(text) if "/" in text else ""


def _packing(line: Line, at: Moment, action: Action, amount: Decimal | None) -> Event:
    things = _things(line.thing, amount, line.uom)
    return Event(
        EventType.AGGREGATION,
        at,
        action,
        parent=uri_of(line.container),
        child_epcs=things.epcs,
        child_quantities=things.quantities,
        biz_step="packing" if action is Action.ADD else "unpacking",
    )


@dataclass(frozen=True, slots=True)
class _Things:
    epcs: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()


def _things(thing: str, amount: Decimal | None, uom: str) -> _Things:
    """One thing by its name, so much of a lot by its quantity."""
    if amount is None or (amount == 1 and uom in PIECES):
        return _Things(epcs=(uri_of(thing),))
    return _Things(quantities=(Quantity(uri_of(thing), amount, "" if uom in PIECES else uom),))


def _quantity(name: str, texts: Mapping[str, str], found: list[Finding]) -> Decimal | None:
    text = texts[name]
    if not text:
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0 or abs(number.adjusted()) > 30:
        found.append(Finding(name, text, "quantity", "this is no quantity above 0", "write a number such as 40 or 12.5"))
        return None
    if texts["uom"] in PIECES and number != number.to_integral_value():
        found.append(Finding(name, text, "whole-pieces", f"{text} pieces are no whole number", "correct it, or name a uom"))
        return None
    return number


def _moment(name: str, text: str, now_ms: int, found: list[Finding]) -> Moment | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
        offset = moment.utcoffset()
        assert offset is not None, "it has a time zone"
        read = Moment(int(moment.timestamp()) * _MS, int(offset.total_seconds()) // 60)
    except (ValueError, OverflowError):
        found.append(Finding(name, text, "time", "this is no time", "write 2026-03-02 09:30 or 2026-03-02T09:30:00+08:00"))
        return None
    if read.time_ms > now_ms + FUTURE_MS_MAX:
        found.append(Finding(name, text, "time", "this lies in the future", "tell what has happened"))
        return None
    return read
