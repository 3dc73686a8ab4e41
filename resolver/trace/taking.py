"""Taking: what of another node's answer is believed (`tracing.md` §8).

A node speaks for the prefix it was asked for. It is believed in what it says of the things it was asked about, and of what
it hides behind them; in nothing that others should say. An answer that goes beyond that is refused whole: its branch is a
tombstone, and nothing of it is in the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.trace import PSEUDONYM, ExpandReply
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import Ask, Tombstone
from idis.registry.trace.things import home_of
from idis.resolver.trace.form import edge_of, stone_of

STONES_MAX = 100  # of one answer that are told; whoever hides more says little with the rest


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer says.

    Attributes:
        edges: of the asked things, each with its thing.
        hidden: of what stands behind them, likewise; its things are never asked for.
        pointers: who else has edges of a thing.
        stones: branches that it could not follow; `cut` where there were more.
        left: what was not answered to its end.
        aliases: under which name whoever asks may see a thing of that node, where it is not the name he has.
    """

    edges: list[tuple[str, Edge]]
    hidden: list[tuple[str, Edge]]
    pointers: list[tuple[str, str]]
    stones: list[Tombstone]
    cut: bool
    left: tuple[Ask, ...]
    aliases: dict[str, str]


def take(reply: ExpandReply, prefix: str, asks: Sequence[Ask], own: str) -> Taken:
    """Read an answer.

    Args:
        reply: the answer.
        prefix: in whose name it was given.
        asks: what was asked.
        own: the prefix of whoever asks; what touches its things may come from anybody's node.

    Raises:
        ProtocolError: it says what this node cannot know, or what cannot be.
    """
    things = {ask.thing for ask in asks}
    edges: list[tuple[str, Edge]] = []
    hidden: list[tuple[str, Edge]] = []
    for row in reply.edges:
        of = row.of
        if of != row.child and of != row.parent:
            raise ProtocolError("an edge of another thing than it stands under", offset=0)
        edge = edge_of(row)
        if not _may_say(edge, of, prefix, own, named=reply.named):
            raise ProtocolError(f"an edge in the name of {edge.holder[:100]!r}", offset=0)
        if of in things:
            edges.append((of, edge))
        elif not reply.named and (of.startswith(PSEUDONYM) or home_of(of) == prefix):
            hidden.append((of, edge))
        else:
            raise ProtocolError("an edge of a thing that was not asked for", offset=0)
    stones = list(dict.fromkeys(map(stone_of, reply.tombstones)))
    if any(stone.prefix != prefix for stone in stones):
        raise ProtocolError("a tombstone in another's name", offset=0)
    return Taken(
        edges,
        hidden,
        [_pointer(thing, other, prefix, things) for thing, other, _told_ms in reply.pointers],
        stones[:STONES_MAX],
        len(stones) > STONES_MAX,
        _left(reply, asks),
        {thing: thing for thing in things if home_of(thing) == prefix} if reply.named else _aliases(reply, prefix),
    )


def _may_say(edge: Edge, of: str, prefix: str, own: str, *, named: bool) -> bool:
    """Whether a node may say an edge: in its own name; hidden, in that of a contact of its own; or of the asker's own things."""
    holder = edge.holder
    if holder == prefix or (not holder and home_of(of) == prefix):
        return True
    if named:
        return False
    if holder.startswith(PSEUDONYM):
        return holder.endswith(f"@{prefix}")
    return bool(own) and own in (home_of(edge.child), home_of(edge.parent))


def _pointer(thing: str, other: str, prefix: str, things: set[str]) -> tuple[str, str]:
    """Who else has edges of a thing: its home knows, nobody else."""
    if thing not in things or home_of(thing) != prefix:
        raise ProtocolError("a pointer of a thing that is another's", offset=0)
    try:
        named = parse_identifier(other)
    except IdentifierError:
        named = None
    if named is None or named.suffix is not None or named.folded_prefix != other:
        raise ProtocolError("a pointer to what is no prefix", offset=0)
    return thing, other


def _left(reply: ExpandReply, asks: Sequence[Ask]) -> tuple[Ask, ...]:
    left: dict[int, Ask] = {}
    for at, cursor in reply.left:
        if at >= len(asks) or at in left or not cursor or cursor == asks[at].cursor:
            raise ProtocolError("an answer that does not go on", offset=0)
        left[at] = asks[at]._replace(cursor=cursor)
    return tuple(left.values())


def _aliases(reply: ExpandReply, prefix: str) -> dict[str, str]:
    """Under which name things are shown: their home says so, and no other name than their own or a pseudonym."""
    for name, shown in reply.aliases:
        if home_of(name) != prefix or (shown != name and not shown.startswith(PSEUDONYM)):
            raise ProtocolError("an alias of a thing that is another's", offset=0)
    return dict(reply.aliases)
