"""Sending a file: several batches under way, acknowledged in order, the place kept after each.

What the node refuses goes to the error sheet with its line; what is lost on the way is sent again under the same key, so
that it is done once. When the node stays silent the run ends with its place kept.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from idis.proto.batch import BatchReply, BatchRequest
from idis.proto.codes import ResponseCode, response_code_name
from idis.proto.errors import IdisError
from idis.resolver.batch.lines import BadLine, Chunk, chunks
from idis.resolver.batch.place import Place, errors_path, place_path

UNDER_WAY_MAX = 4  # batches sent and not yet answered: enough to keep a node's disk busy while the next one is read
TRIES_MAX = 6
PAUSE_S = 0.5  # before the second try; doubles with each
PAUSE_S_MAX = 15.0
UNREAD = "unread"

Report = Callable[[Place], None]


class BatchLost(IdisError):
    """No answer came: whether the batch was done is not known, and asking again will tell."""


class BatchRefused(IdisError):
    """The node does not take the batch as a whole; the text says what to do."""


class Sender(Protocol):
    """Takes batches to a node."""

    async def send(self, batch: BatchRequest) -> BatchReply:
        """The results of a batch. Raises BatchLost or BatchRefused."""


@dataclass(slots=True)
class _Sent:
    chunk: Chunk
    answer: asyncio.Task[BatchReply | None]


async def register_file(file: Path, place: Place, sender: Sender, report: Report) -> Place:
    """Register what is left of a file.

    Args:
        file: JSON lines.
        place: where it stands.
        sender: to the node.
        report: called with the new place after each batch.

    Returns:
        The last place; the file that kept it is gone, for nothing is left to do.

    Raises:
        BatchLost: TRIES_MAX tries got no answer; run again to go on.
        BatchRefused: the node does not take batches from this caller.
        DataError: a line too long to be read.
    """
    waiting: deque[_Sent] = deque()
    # What was written of errors behind the kept place belongs to batches that will be sent again.
    with file.open("rb") as lines, errors_path(file).open("ab") as sheet:
        sheet.truncate(place.errors)
        try:
            for chunk in chunks(lines, place.offset, place.line):
                waiting.append(_start(chunk, place, sender))
                if len(waiting) == UNDER_WAY_MAX:
                    place = await _settle(waiting.popleft(), place, sheet, file, report)
            while waiting:
                place = await _settle(waiting.popleft(), place, sheet, file, report)
        finally:
            for sent in waiting:
                sent.answer.cancel()
            await asyncio.gather(*(sent.answer for sent in waiting), return_exceptions=True)
    place_path(file).unlink(missing_ok=True)
    if not place.errors:
        errors_path(file).unlink(missing_ok=True)
    return place


def _start(chunk: Chunk, place: Place, sender: Sender) -> _Sent:
    batch = BatchRequest(tuple(item for _, item in chunk.items), place.key(chunk.start))
    return _Sent(chunk, asyncio.create_task(_deliver(batch, sender)))


async def _deliver(batch: BatchRequest, sender: Sender) -> BatchReply | None:
    """The results of a batch, however many tries it takes; None for one without items."""
    if not batch.items:
        return None
    for number in range(TRIES_MAX - 1):
        try:
            return await sender.send(batch)
        except BatchLost:
            await asyncio.sleep(min(PAUSE_S * 2**number, PAUSE_S_MAX))
    return await sender.send(batch)


async def _settle(sent: _Sent, place: Place, sheet: IO[bytes], file: Path, report: Report) -> Place:
    """Wait for one batch, write what was refused, keep the place behind it."""
    reply = await sent.answer
    chunk = sent.chunk
    counts: Counter[str] = Counter()
    for bad in chunk.bad:
        counts[UNREAD] += 1
        sheet.write(_row(bad, UNREAD))
    for (line, item), result in zip(chunk.items, () if reply is None else reply.results, strict=True):
        if result.code == ResponseCode.SUCCESS:
            counts["1"] += 1
        else:
            counts[str(result.code)] += 1
            sheet.write(_row(BadLine(line, item.identifier, result.message), str(result.code)))
    sheet.flush()
    place = place.advanced(chunk.end, chunk.next_line, sheet.tell(), counts)
    place.write(place_path(file))
    report(place)
    return place


def _row(bad: BadLine, code: str) -> bytes:
    named = code if code == UNREAD else response_code_name(int(code))
    row = {"line": bad.number, "identifier": bad.identifier, "code": code, "name": named, "message": bad.message}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
