"""Files sent in batches: in order, once, and taken up where they stopped."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from idis.proto.batch import BATCH_ITEMS_MAX, BatchReply, BatchRequest, ItemResult
from idis.resolver.batch import run
from idis.resolver.batch.place import Place, PlaceError, errors_path, find_place, place_path
from idis.resolver.batch.run import TRIES_MAX, UNDER_WAY_MAX, BatchLost, BatchRefused, register_file

RUN = "00" * 16


class Node:
    """A node that keeps results by key, and fails when told to."""

    def __init__(self, *, lost: int = 0, stop_after: int = 10**9, refuse: str = "") -> None:
        self.results: dict[bytes, BatchReply] = {}
        self.done: list[str] = []
        self.lost = lost  # answers that do not arrive although the batch was done
        self.stop_after = stop_after  # batches, then no answer at all
        self.refuse = refuse
        self.calls = 0
        self.under_way = self.most_under_way = 0

    async def send(self, batch: BatchRequest) -> BatchReply:
        """One call."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            return self._answer(batch)
        finally:
            self.under_way -= 1

    def _answer(self, batch: BatchRequest) -> BatchReply:
        self.calls += 1
        if self.refuse:
            raise BatchRefused(self.refuse)
        if self.calls > self.stop_after:
            raise BatchLost("silence")
        if batch.key not in self.results:
            self.done += [item.identifier for item in batch.items]
            self.results[batch.key] = BatchReply(
                tuple(ItemResult(101 if item.identifier.endswith("13") else 1, item.identifier) for item in batch.items)
            )
        if self.lost:
            self.lost -= 1
            raise BatchLost("the answer was lost")
        return self.results[batch.key]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(run, "PAUSE_S", 0.0)


def made(folder: Path, count: int, *bad: str) -> Path:
    """A file of that many records, and bad lines behind them."""
    path = folder / "parts.jsonl"
    values = [{"index": 1, "type": "URL", "data": "u"}]
    rows = [json.dumps({"identifier": f"88.1/{number}", "values": values}) for number in range(count)]
    path.write_text("\n".join([*rows, *bad]) + "\n")
    return path


def begin(path: Path, target: str = "here") -> Place:
    """Where a file stands."""
    return find_place(path, target, RUN)


async def test_a_file_is_registered(tmp_path: Path):
    """Every record once, with at most UNDER_WAY_MAX batches under way; nothing is left behind but what was refused."""
    node, path = Node(), made(tmp_path, 6 * BATCH_ITEMS_MAX, "{")
    seen: list[Place] = []
    place = await register_file(path, begin(path), node, seen.append)

    assert node.done == [f"88.1/{number}" for number in range(6 * BATCH_ITEMS_MAX)]
    assert (place.counts["unread"], place.counts["1"] + place.counts["101"]) == (1, 6 * BATCH_ITEMS_MAX)
    assert (node.most_under_way, place_path(path).exists(), len(seen)) == (UNDER_WAY_MAX, False, 7)


async def test_what_was_refused_is_told_by_line(tmp_path: Path):
    """The error sheet has one row for each."""
    path = made(tmp_path, 14, '{"identifier": "88.1/x"}')
    await register_file(path, begin(path), Node(), lambda _: None)
    rows = [json.loads(line) for line in errors_path(path).read_text().splitlines()]

    assert [(row["line"], row["identifier"], row["code"]) for row in rows] == [(15, "88.1/x", "unread"), (14, "88.1/13", "101")]


async def test_without_errors_there_is_no_error_sheet(tmp_path: Path):
    """An empty one would only worry."""
    path = made(tmp_path, 3)
    await register_file(path, begin(path), Node(), lambda _: None)

    assert not errors_path(path).exists()


async def test_a_lost_answer_is_asked_for_again(tmp_path: Path):
    """The batch was done, and is not done twice."""
    node, path = Node(lost=2), made(tmp_path, 5)
    await register_file(path, begin(path), node, lambda _: None)

    assert node.done == [f"88.1/{number}" for number in range(5)]


async def test_a_silent_node_ends_the_run_with_its_place_kept(tmp_path: Path):
    """Run again, the file goes on behind what was acknowledged, and what was done unacknowledged is not done twice."""
    path = made(tmp_path, 5 * BATCH_ITEMS_MAX)
    node = Node(stop_after=2)
    with pytest.raises(BatchLost):
        await register_file(path, begin(path), node, lambda _: None)
    kept = begin(path)
    node.stop_after = 10**9
    place = await register_file(path, kept, node, lambda _: None)

    assert (kept.line, place.offset) == (2 * BATCH_ITEMS_MAX + 1, path.stat().st_size)
    assert node.done == [f"88.1/{number}" for number in range(5 * BATCH_ITEMS_MAX)]
    assert sum(place.counts.values()) == 5 * BATCH_ITEMS_MAX


async def test_a_run_that_goes_on_repeats_no_errors(tmp_path: Path):
    """Rows of the sheet that were written behind the kept place are written once."""
    path = made(tmp_path, 2 * BATCH_ITEMS_MAX)
    node = Node(stop_after=1)
    with pytest.raises(BatchLost):
        await register_file(path, begin(path), node, lambda _: None)
    with errors_path(path).open("ab") as sheet:
        sheet.write(b"half a row")
    node.stop_after = 10**9
    await register_file(path, begin(path), node, lambda _: None)
    rows = [json.loads(line)["line"] for line in errors_path(path).read_text().splitlines()]

    assert rows == [number + 1 for number in range(2 * BATCH_ITEMS_MAX) if str(number).endswith("13")]


async def test_tries_are_counted(tmp_path: Path):
    """A node that never answers is asked TRIES_MAX times."""
    node, path = Node(stop_after=0), made(tmp_path, 1)
    with pytest.raises(BatchLost):
        await register_file(path, begin(path), node, lambda _: None)

    assert node.calls == TRIES_MAX


async def test_a_refusal_of_the_whole_ends_at_once(tmp_path: Path):
    """The sentence reaches the caller."""
    node, path = Node(refuse="log in first"), made(tmp_path, 1)
    with pytest.raises(BatchRefused, match="log in first"):
        await register_file(path, begin(path), node, lambda _: None)

    assert node.calls == 1


async def test_a_changed_file_is_not_taken_up(tmp_path: Path):
    """Offsets of the old one mean nothing in it."""
    path = made(tmp_path, 3)
    begin(path).write(place_path(path))
    path.write_text(path.read_text() + "\n")
    with pytest.raises(PlaceError, match="has changed"):
        begin(path)


def test_another_target_is_not_taken_up(tmp_path: Path):
    """Half here and half there is what nobody wants."""
    path = made(tmp_path, 3)
    begin(path).write(place_path(path))
    with pytest.raises(PlaceError, match="was begun with here"):
        begin(path, "there")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 2}', '{"version": 1, "x": 1}'])
def test_a_place_that_cannot_be_read_says_so(tmp_path: Path, text: str):
    """It is not silently begun anew."""
    path = made(tmp_path, 3)
    place_path(path).write_text(text)
    with pytest.raises(PlaceError, match="cannot be read"):
        begin(path)
