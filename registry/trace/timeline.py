"""The time line: what happened to a thing from its making to its end, under all its names (`tracing.md` §7).

Events tell most of it; where a record alone says that a thing was installed or taken out, that is told too.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import ALWAYS_MS, Edge, EdgeKind
from idis.registry.trace.expanding import BEGINNING_MS
from idis.registry.trace.life import LIFE_EVENTS_MAX, Moment, Role, moments
from idis.registry.trace.lookups import edges_under
from idis.registry.trace.rows import EDGES

NAMES_MAX = 32  # of one thing, one after the other: a battery has two or three lives
EDGES_MAX = 10_000  # of one name

_BEGUN = {
    EdgeKind.PART_OF: "installed in",
    EdgeKind.PACKED_IN: "packed in",
    EdgeKind.MADE_FROM: "made from",
    EdgeKind.MEMBER_OF: "member of",
    EdgeKind.SUCCEEDS: "succeeds",
}
_ENDED = {EdgeKind.PART_OF: "removed from", EdgeKind.PACKED_IN: "unpacked from"}
_ROLES = {Role.OBJECT: "", Role.WHOLE: "whole", Role.CONTENT: "content", Role.INPUT: "input", Role.OUTPUT: "output"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the time line.

    Attributes:
        time_ms: when.
        thing: under which name.
        what: in a few words.
        other: the other thing it is about, if any.
        source: the event, or the record, that says so.
        biz_step, disposition, holder, place, read_point: as the event says.
        recorded_ms: since when this node knows.
    """

    time_ms: int
    thing: str
    what: str
    other: str
    source: str
    biz_step: str = ""
    disposition: str = ""
    holder: str = ""
    place: str = ""
    read_point: str = ""
    recorded_ms: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that happened to a thing, oldest first; `names` are all it had. `complete`: nothing was left out."""

    names: tuple[str, ...]
    happenings: tuple[Happening, ...]
    complete: bool


def timeline(txn: ReadTxn, thing: str, *, until_ms: int | None = None, known_ms: int | None = None) -> Timeline:
    """The time line of a thing in one store, until a moment (inclusive)."""
    names, complete = _names(txn, thing, known_ms)
    found: list[Happening] = []
    for name in names:
        life = moments(txn, name, until_ms=until_ms, known_ms=known_ms)
        complete = complete and len(life) < LIFE_EVENTS_MAX
        told = {moment.event_id for moment in life}
        found.extend(_happening(name, moment) for moment in life)
        for edge in _edges(txn, name, known_ms):
            if edge.source not in told:
                found.extend(line for line in _of_edge(name, edge) if until_ms is None or line.time_ms <= until_ms)
    found.sort(key=lambda line: (line.time_ms, line.recorded_ms))
    return Timeline(tuple(names), tuple(found), complete)


def _names(txn: ReadTxn, thing: str, known_ms: int | None) -> tuple[list[str], bool]:
    names = [thing]
    for name in names:
        for edge in _edges(txn, name, known_ms):
            if edge.kind is EdgeKind.SUCCEEDS:
                other = edge.other_end(name)
                if other not in names:
                    if len(names) == NAMES_MAX:
                        return names, False
                    names.append(other)
    return names, True


def _edges(txn: ReadTxn, thing: str, known_ms: int | None) -> list[Edge]:
    return edges_under(txn, thing, *EDGES, EDGES_MAX, known_ms)[0]


def _happening(name: str, moment: Moment) -> Happening:
    action = moment.action.value if moment.action is not None else "transformed"
    role = _ROLES[moment.role]
    said = f"{action} ({role})" if role else action
    lasting = [f"{how} {word}" for how, words in _lasting(moment) for word in words]
    return Happening(
        moment.time_ms,
        name,
        "; ".join((said, *lasting)),
        moment.other,
        moment.event_id,
        moment.biz_step,
        moment.disposition,
        moment.holder,
        moment.place,
        moment.read_point,
        moment.recorded_ms,
    )


def _lasting(moment: Moment) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("set", moment.set_dispositions), ("unset", moment.unset_dispositions)


def _of_edge(name: str, edge: Edge) -> list[Happening]:
    if edge.child != name or edge.from_ms == BEGINNING_MS:
        return []
    lines = [Happening(edge.from_ms, name, _BEGUN[edge.kind], edge.parent, edge.source, recorded_ms=edge.recorded_ms)]
    if edge.to_ms != ALWAYS_MS and edge.kind in _ENDED:
        ended = Happening(edge.to_ms, name, _ENDED[edge.kind], edge.parent, edge.source, recorded_ms=edge.recorded_ms)
        lines.append(ended)
    return lines
