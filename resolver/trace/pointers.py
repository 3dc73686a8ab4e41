"""Telling and taking pointers between nodes (`tracing.md` §8.1).

What is due waits in the store (`registry/trace/pointers.py`) and is told in batches, each home for itself; one that is down
is told later, ever more slowly. A pointer is believed from the address at which its prefix is answered, over TCP, and from no
other: it says nothing but whom to ask, and who asks there is judged there.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.trace import ASKS_MAX, PointerTelling
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store, StoreError, WriteTxn
from idis.registry.trace.pointers import Due, drop_dues, due_now, keep_pointers, put_off
from idis.registry.trace.things import home_of
from idis.resolver.recursion.recursor import Clock
from idis.resolver.trace.neighbours import Neighbours, Unreached
from idis.resolver.trace.source import refuse_source

AT_ONCE = 5_000  # looked at in one turn
TELL_S = 2.0  # of one message
WAIT_MS_MIN, WAIT_MS_MAX = 2_000, 3_600_000  # before it is told again; doubles
ACTOR = "pointers"


async def tell_due(store: Store, neighbours: Neighbours, clock: Clock) -> int:
    """Tell what is due now; how many things were told of."""
    now_ms = int(clock.time() * 1_000)
    with store.read() as txn:
        waiting = due_now(txn, now_ms, AT_ONCE)
    groups: dict[tuple[str, str], list[Due]] = defaultdict(list)
    for due in waiting:
        groups[home_of(due.thing), due.holder].append(due)
    parts = [
        (home, holder, dues[at : at + ASKS_MAX])
        for (home, holder), dues in groups.items()
        for at in range(0, len(dues), ASKS_MAX)
    ]
    told = await asyncio.gather(*(_tell(neighbours, home, holder, dues, now_ms) for home, holder, dues in parts))
    done = [due for heard, (_, _, dues) in zip(told, parts, strict=True) if heard for due in dues]
    later = [_later(due, now_ms) for heard, (_, _, dues) in zip(told, parts, strict=True) if not heard for due in dues]

    def change(txn: WriteTxn) -> None:
        drop_dues(txn, done)
        put_off(txn, later, now_ms)

    if waiting:
        await asyncio.wrap_future(store.write(change, actor=ACTOR))
    return len(done)


async def take_pointers(
    store: Store, neighbours: Neighbours, clock: Clock, told: PointerTelling, source: str
) -> Refusal | None:
    """Keep what another node tells.

    Args:
        store: of this node.
        neighbours: find the node of the prefix.
        clock: unix time.
        told: the message.
        source: the address it came from.
    """
    if (refusal := await refuse_source(neighbours, told.prefix, source)) is not None:
        return refusal

    def change(txn: WriteTxn) -> None:
        keep_pointers(txn, told.prefix, zip(told.things, told.ways, strict=True), int(clock.time() * 1_000))

    try:
        await asyncio.wrap_future(store.write(change, actor=ACTOR))
    except StoreError as error:
        return Refusal(ResponseCode.SERVER_TOO_BUSY, str(error))
    return None


async def _tell(neighbours: Neighbours, home: str, holder: str, dues: list[Due], now_ms: int) -> bool:
    target = await neighbours.find(home, TELL_S)
    if isinstance(target, Unreached):
        return False
    body = PointerTelling(holder, now_ms, tuple(due.thing for due in dues), bytes(due.ways for due in dues)).encode()
    answered = await neighbours.ask(target, int(OpCode.POINTER), body, TELL_S)
    return not isinstance(answered, Unreached) and answered.response_code == ResponseCode.SUCCESS


def _later(due: Due, now_ms: int) -> Due:
    wait_ms = min(WAIT_MS_MIN << min(due.tries, 16), WAIT_MS_MAX)
    return replace(due, tries=due.tries + 1, next_ms=now_ms + wait_ms)
