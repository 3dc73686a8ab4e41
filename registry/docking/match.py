"""Order match 订单一致性 and product match 产品一致性: is this part right for this order and this product (`tracing.md` §2.2).

Asked before every assembly, in one call. What can be compared is compared, each check says nothing about what it does not
know, and whatever was left open holds the part: only a part that matches in both ways may be joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from idis.registry.docking.piece import Piece, plain
from idis.registry.pilots.nuclear_vocabularies import QA_LEVEL, SAFETY_CLASS, SEISMIC_CATEGORY
from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import EdgeKind
from idis.registry.trace.revising import believed
from idis.registry.trace.rows import UP
from idis.registry.trace.stop_ship import Verdict, check

WANTED_MAX = 500  # part numbers of one order line list

_UNFIT_PART = frozenset({"planned", "on_hold", "recalled", "scrapped", "superseded"})
_UNFIT_WHOLE = frozenset({"recalled", "scrapped", "superseded"})
# What a battery goes into, by the productType of both (GB/T 34014): pack, module, cell.
_BATTERY_FITS = {"P": (), "M": ("P",), "C": ("M", "P")}
# What a position demands, what the item says of it, and the ranks, highest first.
_CLASSES = (
    ("safetyClass", "safetyClass", SAFETY_CLASS),
    ("qaLevel", "qaLevel", QA_LEVEL),
    ("seismic", "seismicCategory", SEISMIC_CATEGORY),
)


class Match(Enum):
    """Whether two things agree."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """What the order says: its number, and the part numbers it calls for. Either may be missing."""

    number: str = ""
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why something does not match, or could not be compared; `about` is `order` or `product`."""

    about: str
    match: Match
    text: str


@dataclass(frozen=True, slots=True)
class Docked:
    """The answer about a part and what it is to become part of.

    Attributes:
        part, whole: in their one spelling.
        order, product: the two matches.
        verdict: allow when both match, stop when one does not, hold when something could not be compared.
        doubts: gravest first.
        joined: the part is in this whole already.
    """

    part: str
    whole: str
    order: Match
    product: Match
    verdict: Verdict
    doubts: tuple[Doubt, ...] = ()
    joined: bool = False


def dock(part: Piece, whole: Piece, order: Order, inside: Iterable[str], halts: Iterable[tuple[Verdict, str]] = ()) -> Docked:
    """Compare a part with an order and with the product it is meant for.

    Args:
        part, whole: as the asker sees them.
        order: as the supply-chain system knows it.
        inside: the things that the part is in now (`inside_now`).
        halts: what a stop-ship check found (`halts_of`).
    """
    within = tuple(inside)
    ordered = list(_of_order(part, whole, order))
    fitting = [*_of_product(part, whole), *_of_place(within, whole), *_of_halts(halts)]
    compared = bool(order.wanted) or (bool(order.number) and _numbered(whole))
    if not compared:
        ordered.append(Doubt("order", Match.UNKNOWN, "give the part numbers the order calls for: there is nothing to compare"))
    doubts = sorted((*ordered, *fitting), key=lambda doubt: doubt.match is not Match.NO)
    matches = (_worst(ordered), _worst(fitting))
    verdict = Verdict.STOP if Match.NO in matches else Verdict.HOLD if Match.UNKNOWN in matches else Verdict.ALLOW
    return Docked(part.thing, whole.thing, *matches, verdict, tuple(doubts), whole.thing in within)


def dock_here(txn: ReadTxn, part: Piece, whole: Piece, order: Order, at_ms: int) -> Docked:
    """`dock` with what one store knows of where the part is and what stops it; `at_ms` is unix time in milliseconds."""
    return dock(part, whole, order, inside_now(txn, part.thing, at_ms), halts_of(txn, part.thing, at_ms))


def inside_now(txn: ReadTxn, part: str, at_ms: int) -> tuple[str, ...]:
    """The things that a part is installed in at a moment, as this store knows it."""
    slot = UP[EdgeKind.PART_OF]
    found = (stored.edge for stored in believed(txn, part, [rows.span(part, slot, slot)]))
    return tuple(dict.fromkeys(edge.parent for edge in found if edge.from_ms <= at_ms < edge.to_ms))


def halts_of(txn: ReadTxn, part: str, at_ms: int) -> tuple[tuple[Verdict, str], ...]:
    """What a stop-ship check says against a part. Which other thing gives the reason is not told."""
    return tuple((reason.verdict, reason.text) for reason in check(txn, part, at_ms=at_ms).reasons)


def _worst(doubts: Iterable[Doubt]) -> Match:
    matches = {doubt.match for doubt in doubts}
    return Match.NO if Match.NO in matches else Match.UNKNOWN if matches else Match.YES


def _numbered(whole: Piece) -> bool:
    return "orderNo" in whole.texts or (whole.type is not None and whole.type.field("orderNo") is not None)


def _of_order(part: Piece, whole: Piece, order: Order) -> Iterator[Doubt]:
    if order.number and _numbered(whole):
        own = whole.texts.get("orderNo")
        if own is None:
            yield Doubt("order", Match.UNKNOWN, f"the order of {whole.thing} is not known here")
        elif plain(order.number) not in {plain(own), *map(plain, whole.items("localIds"))}:
            yield Doubt("order", Match.NO, f"{whole.thing} is built for order {own}, not {order.number}")
    if order.wanted:
        wanted = {plain(number) for number in order.wanted}
        if not part.known:
            if plain(part.thing) not in wanted:
                yield Doubt("order", Match.UNKNOWN, f"the part numbers of {part.thing} are not known here")
        elif wanted.isdisjoint(part.numbers):
            number = part.texts.get("partNo") or part.texts.get("modelId") or part.thing
            yield Doubt("order", Match.NO, f"the order calls for {', '.join(order.wanted[:5])}, this is {number}")


def _of_product(part: Piece, whole: Piece) -> Iterator[Doubt]:
    for piece in (part, whole):
        if not piece.known:
            yield Doubt("product", Match.UNKNOWN, f"nothing is known here of {piece.thing}: ask a node that can resolve it")
    if not (part.known and whole.known):
        return
    yield from _of_type(part, whole)
    yield from _of_state(part, whole)
    for rule in _RULES:
        yield from rule(part, whole)


def _of_type(part: Piece, whole: Piece) -> Iterator[Doubt]:
    """Whether the schema lets things of this kind be part of things of that kind."""
    if part.type is None or whole.type is None:
        unknown = part if part.type is None else whole
        yield Doubt("product", Match.UNKNOWN, f"{unknown.thing} names no template of a pilot: what it may be joined to is open")
        return
    allowed = {
        code
        for field in part.type.fields
        if field.edge is not None and field.edge.kind is EdgeKind.PART_OF and not field.edge.child
        for code in field.references
    }
    if part.type.pilot != whole.type.pilot or whole.type.code not in allowed:
        kinds = f"a {part.type.code} {part.type.chinese} does not become part of a {whole.type.code} {whole.type.chinese}"
        yield Doubt("product", Match.NO, kinds)


def _of_state(part: Piece, whole: Piece) -> Iterator[Doubt]:
    for piece, unfit in ((part, _UNFIT_PART), (whole, _UNFIT_WHOLE)):
        if (status := piece.texts.get("status", "")) in unfit:
            yield Doubt("product", Match.NO, f"the status of {piece.thing} is {status}")
    flag = part.texts.get("recallFlag", "none")
    if flag != "none":
        yield Doubt("product", Match.NO if flag == "stop" else Match.UNKNOWN, f"the recall flag of {part.thing} is {flag}")
    if part.texts.get("inspectionResult") == "fail":
        yield Doubt("product", Match.NO, f"{part.thing} failed its inspection")


def _model(part: Piece, whole: Piece) -> Iterator[Doubt]:
    fits, model = part.items("fitsModels"), whole.texts.get("model")
    if fits and model is not None and plain(model) not in map(plain, fits):
        yield Doubt("product", Match.NO, f"it fits {', '.join(fits)}, this is a {model}")


def _battery(part: Piece, whole: Piece) -> Iterator[Doubt]:
    if part.type is None or part.type.code != "battery" or whole.type is None:
        return
    own, other = part.texts.get("productType", ""), whole.texts.get("productType", "")
    if whole.type.code == "vehicle" and own not in ("P", ""):
        yield Doubt("product", Match.NO, f"only a pack goes into a vehicle, this is productType {own}")
    elif whole.type.code == "battery" and own and other not in _BATTERY_FITS.get(own, ()):
        yield Doubt("product", Match.NO, f"productType {own} does not go into productType {other}")
    if (chemistry := whole.texts.get("chemistry")) and chemistry != part.texts.get("chemistry", chemistry):
        yield Doubt("product", Match.NO, f"the chemistry is {part.texts['chemistry']}, that of the whole {chemistry}")


def _hull(part: Piece, whole: Piece) -> Iterator[Doubt]:
    hull = part.texts.get("hull")
    target = whole.texts.get("hull") or (whole.thing if whole.type is not None and whole.type.code == "ship" else None)
    if hull and target and plain(hull) != plain(target):
        yield Doubt("product", Match.NO, f"it is built for {hull}")


def _position(part: Piece, whole: Piece) -> Iterator[Doubt]:
    """A nuclear item is not below what its position demands, and it was released."""
    if whole.type is None or whole.type.code != "position":
        return
    if "release" not in part.texts:
        yield Doubt("product", Match.NO, f"{part.thing} has no release: it may not be installed")
    for demanded in whole.objects("requiredClass"):
        if isinstance(demanded, Mapping):
            for name, field, vocabulary in _CLASSES:
                yield from _class(name, str(demanded.get(name, "")), part.texts.get(field, ""), tuple(vocabulary.codes))


def _class(name: str, demanded: str, own: str, ranks: tuple[str, ...]) -> Iterator[Doubt]:
    if not demanded or demanded == own:
        return
    if demanded not in ranks or own not in ranks:
        sentence = f"the position demands {name} {demanded}, the item has {own or 'none'}: a person decides"
        yield Doubt("product", Match.UNKNOWN, sentence)
    elif ranks.index(own) > ranks.index(demanded):
        yield Doubt("product", Match.NO, f"the position demands {name} {demanded}, the item has {own}")


def _of_place(inside: tuple[str, ...], whole: Piece) -> Iterator[Doubt]:
    for other in inside:
        if other != whole.thing:
            yield Doubt("product", Match.NO, f"it is installed in {other}")


def _of_halts(halts: Iterable[tuple[Verdict, str]]) -> Iterator[Doubt]:
    for verdict, text in halts:
        yield Doubt("product", Match.NO if verdict is Verdict.STOP else Match.UNKNOWN, text)


_RULES: tuple[Callable[[Piece, Piece], Iterator[Doubt]], ...] = (_model, _battery, _hull, _position)
