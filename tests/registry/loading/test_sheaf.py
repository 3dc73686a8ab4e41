"""Sheaves: items come back sorted and packed, and both ways agree."""

from __future__ import annotations

import random
from typing import Any

import msgpack
import pytest

from idis.registry.loading import spill as spill_module
from idis.registry.loading.sheaf import (
    Sheaf,
    SheafInPython,
    ascending,
    ascending_in_python,
    merged_pieces,
    merged_pieces_in_python,
)
from idis.registry.loading.spill import MemoryFile, PackedStream, Spill


def _items(draw: random.Random, count: int) -> list[tuple[Any, ...]]:
    def octets() -> bytes:
        return draw.choice((b"", b"a", b"a\x00", b"ab", b"\xff" * 300, bytes(draw.randrange(3))))

    numbers = (0, 1, 127, 128, 2**32, 2**64 - 1)
    return [(octets(), draw.choice(("", "a", "钢" * 100, "b")), draw.choice(numbers), octets()) for _ in range(count)]


def _packed(items: list[tuple[Any, ...]], each: int) -> list[bytes]:
    sheaf = Sheaf()
    for item in items:
        sheaf.add(item)
    return [octets for octets, _ in sheaf.packed(each)]


def _unpacked(pieces: Any) -> list[Any]:
    return [list(msgpack.unpackb(piece, use_list=False)) for piece in pieces]


@pytest.mark.parametrize("kind", [Sheaf, SheafInPython])
def test_items_come_back_sorted(kind: type[Sheaf]) -> None:
    """In pieces of as many as asked for, octets before longer ones that begin like them, numbers by what they count."""
    sheaf = kind()
    for item in ((b"b", 1), (b"a\x00", 256), (b"a", 256), (b"a", 255)):
        sheaf.add(item)

    assert _unpacked(piece for piece, _ in sheaf.packed(3)) == [[(b"a", 255), (b"a", 256), (b"a\x00", 256)], [(b"b", 1)]]
    assert [count for _, count in sheaf.packed(3)] == [3, 1]


@pytest.mark.parametrize("kind", [Sheaf, SheafInPython])
def test_heads_are_the_first_elements(kind: type[Sheaf]) -> None:
    """Keys and places of records, without their stored forms."""
    sheaf = kind()
    sheaf.add((b"key", 7, b"rest" * 100))

    assert _unpacked(piece for piece, _ in sheaf.heads(2).packed(8)) == [[(b"key", 7)]]


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_sort_and_merge_alike(seed: int) -> None:
    """Random items in random runs: the same order, in pieces of the same lengths."""
    draw = random.Random(seed)
    runs = [_items(draw, draw.randrange(40)) for _ in range(draw.randrange(1, 12))]
    pieces = [_packed(run, draw.randrange(1, 9)) for run in runs]

    assert [[item for piece in _unpacked(one) for item in piece] for one in pieces] == [sorted(run) for run in runs]
    assert _unpacked(merged_pieces(pieces, 7)) == _unpacked(merged_pieces_in_python(pieces, 7))


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_agree_whether_items_ascend(seed: int) -> None:
    """By one, two or all elements, with and without an item before."""
    draw = random.Random(seed)
    for _ in range(40):
        previous, piece = (_packed(_items(draw, draw.choice((1, 1, 2, 5))), 9)[0] for _ in range(2))
        before = draw.choice((b"", ascending(previous, 1, b"")[3]))
        elements = draw.choice((1, 2, 4))
        fast, slow = ascending(piece, elements, before), ascending_in_python(piece, elements, before)
        assert (*fast[:2], *map(msgpack.unpackb, fast[2:])) == (*slow[:2], *map(msgpack.unpackb, slow[2:]))


@pytest.mark.skipif(Sheaf is SheafInPython, reason="the compiled sheaf is not loaded")
def test_octets_that_no_sheaf_gave_are_refused() -> None:
    """Cut or changed anywhere, a piece is refused or read inside its bounds."""
    piece = _packed([(b"key", "text", 7), (b"kez", "text" * 90, 8)], 8)[0]
    refused = 0
    for at in range(len(piece)):
        for damaged in (piece[:at], *(piece[:at] + bytes((octet,)) + piece[at + 1 :] for octet in (0, 0x9F, 0xC6, 0xFF))):
            try:
                ascending(damaged, 3, b"")
                list(merged_pieces([[damaged], [piece]], 8))
            except ValueError:
                refused += 1

    assert refused > len(piece)


@pytest.mark.skipif(Sheaf is SheafInPython, reason="the compiled sheaf is not loaded")
def test_a_merge_that_met_damage_has_ended() -> None:
    """The piece it was in is gone: nothing is read from there when somebody asks on."""
    merge = merged_pieces([[_packed([(b"key", 7)], 8)[0], b"no piece"]], 8)

    with pytest.raises(ValueError, match="no piece of a run"):
        next(merge)
    assert list(merge) == []


def test_more_runs_than_are_merged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are merged in rounds, and nothing is lost."""
    monkeypatch.setattr(spill_module, "MERGE_RUNS_MAX", 3)
    spill = Spill((MemoryFile(),))
    stream = PackedStream(spill)
    for start in range(11):
        sheaf = Sheaf()
        for number in range(start, 300, 11):
            sheaf.add((b"%03d" % number, number))
        stream.add(spill.write_packed(0, sheaf.packed(8)))

    assert list(stream) == [(b"%03d" % number, number) for number in range(300)]
