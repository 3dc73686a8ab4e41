"""What the campaign of `twins.py` draws for loading: items of runs, their pieces, and blocks of CSV; whole, damaged or cut."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack

sys.path.insert(0, str(Path(__file__).parents[1] / "registry" / "loading"))

from odd_tables import Checking, OddTable

from idis.proto import _speedups as compiled
from idis.registry.loading import sheaf
from idis.registry.loading.template_lists import TemplateLists

BLOCKS_A_TABLE = 60  # what was learned from one serves the next
BLOCK_BYTES_MAX = 3_000

Told = Callable[[Callable[[], Any], Callable[[], Any]], str]  # the difference between two ways; empty when there is none

_OCTETS = (b"", b"a", b"a\x00", b"ab", b"\xff" * 255, b"\xff" * 256, b"\x00" * 300)
_TEXTS = ("", "a", "钢" * 100, "b\x00", "é" * 128, "x" * 70_000)
_NUMBERS = (0, 1, 127, 128, 2**32, 2**63, 2**64 - 1)
_INSERTED = (
    *(b'"', b'""', b'"",', b'"\n', b"\r", b"\r\n", b"\n", b"'", b",", b";", b"\t", b"\x00", b"\xff", b"\xc3", b"\xe9\x92"),
    *(b"\xf4\x90\x80\x80", b"\xed\xa0\x80", b"\xc0\x80", *(text.encode() for text in "\u3000\u0085\u2028\ufeff"), b"/", b"["),
    *(b"x" * 2_049, b'"' + b"x" * 131_073 + b'\n",\n', b"y" * 131_073, b'"' + b'""' * 2_000 + b'"'),
)  # fmt: skip


class LoadingTwins:
    """Draws and compares.

    Args:
        draw: of the campaign.
        taken: counts how often something was taken on.
        told: compares two ways.
    """

    def __init__(self, draw: random.Random, taken: Counter[str], told: Told) -> None:
        self._draw = draw
        self._taken = taken
        self._told = told
        self._table = OddTable(0)
        self._ways: tuple[Checking, Checking] | None = None
        self._blocks = 0

    def sheaf(self) -> str:
        """Gather items of one make, sort them, take their heads, merge and judge them."""
        draw = self._draw
        make = draw.choices((_OCTETS, _OCTETS, _TEXTS, _NUMBERS), k=draw.choice((0, 1, 2, 4, 15)))
        items = [tuple(draw.choice(some) for some in make) for _ in range(draw.choice((0, 1, 5, 40)))]
        each, elements = draw.choice((1, 3, 128, 65_535)), draw.randrange(17)

        def gathered(kind: type[sheaf.Sheaf], heads: bool) -> list[Any]:
            made = kind()
            for item in items:
                made.add(item)
            made = made.heads(elements) if heads else made
            return [len(made), *((msgpack.unpackb(octets, use_list=False), count) for octets, count in made.packed(each))]

        for heads in (False, True):
            if told := self._told(lambda: gathered(sheaf.Sheaf, heads), lambda: gathered(sheaf.SheafInPython, heads)):  # noqa: B023
                return told
        self._taken["sheaf"] += bool(items)
        runs = [self._pieces(draw.sample(items, draw.randrange(len(items) + 1)), each) for _ in range(draw.randrange(4))]
        return self._told(
            lambda: list(map(msgpack.unpackb, compiled.merged_pieces(runs, each))),
            lambda: list(map(msgpack.unpackb, sheaf.merged_pieces_in_python(runs, each))),
        ) or self._judged(runs, elements)

    def pieces(self) -> str:
        """Judge and merge damaged pieces: as the twin does, or refused, and a merge that was refused has ended."""
        draw = self._draw
        items = [(draw.choice(_OCTETS), draw.choice(_NUMBERS), draw.choice(_TEXTS[:5])) for _ in range(draw.randrange(1, 9))]
        whole = self._pieces(items, 3)
        runs = [list(map(self._damaged, whole)) for _ in range(draw.randrange(1, 4))]
        previous = self._damaged(compiled.ascending(whole[0], 1, b"")[draw.randrange(2, 4)])
        try:
            compiled.ascending(runs[0][0], draw.randrange(-1, 17), draw.choice((b"", previous)))
            self._taken["pieces"] += 1
        except ValueError:
            pass
        merge = compiled.merged_pieces.__new__(compiled.merged_pieces)
        try:
            merge.__init__(runs, draw.choice((1, 2, 65_535)))  # type: ignore[misc]
            for _ in merge:
                pass
        except ValueError:
            left = self._rest_of(merge)
            return f"goes on with {left!r} behind a refusal" if left else ""
        return ""

    def block(self) -> str:
        """Check a block of CSV with and without the pass over usual rows."""
        draw = self._draw
        if self._ways is None or self._blocks == BLOCKS_A_TABLE:
            self._table, self._blocks = OddTable(draw.randrange(10**9)), 0
            plan = self._table.plan(TemplateLists())
            self._ways = Checking(plan, compiled=True), Checking(plan, compiled=False)
        self._blocks += 1
        fast, careful = self._ways
        octets = self._table.octets
        start = draw.randrange(len(octets))
        start = start if draw.random() < 0.3 else octets.rfind(b"\n", 0, start) + 1
        octets = octets[start:][: draw.randrange(1, BLOCK_BYTES_MAX)]
        block = self._table.block(self._changed(octets), draw.choice((1, 2, 10**9)))

        def checked() -> dict[str, Any]:
            found = fast(block)
            self._taken["block"] += bool(found["records"])
            return found

        return self._told(checked, lambda: careful(block))

    def _pieces(self, items: list[tuple[Any, ...]], each: int) -> list[bytes]:
        made = compiled.Sheaf()
        for item in items:
            made.add(item)
        return [octets for octets, _ in made.packed(each)]

    def _judged(self, runs: list[list[bytes]], elements: int) -> str:
        before = b""
        for piece in (piece for run in runs for piece in run):

            def judged(way: Callable[..., Any]) -> tuple[Any, ...]:
                ascends, count, *ends = way(piece, elements, before)  # noqa: B023
                return ascends, count, *map(msgpack.unpackb, ends)

            if told := self._told(lambda: judged(compiled.ascending), lambda: judged(sheaf.ascending_in_python)):
                return told
            before = compiled.ascending(piece, elements, before)[3]
        return ""

    def _damaged(self, octets: bytes) -> bytes:
        draw = self._draw
        found = bytearray(octets)
        while draw.random() < 0.4:
            at = draw.randrange(len(found) + 1)
            found[at : at + draw.randrange(3)] = draw.choice((b"", b"\xc6", b"\xdb\xff\xff\xff\xff", b"\x9f", draw.randbytes(1)))
        return bytes(found[: draw.randrange(len(found) + 1)] if draw.random() < 0.2 else found)

    def _changed(self, octets: bytes) -> bytes:
        draw = self._draw
        found = bytearray(octets)
        while draw.random() < 0.6:
            at = draw.randrange(len(found) + 1)
            new = draw.choice(_INSERTED) if draw.random() < 0.6 else draw.randbytes(draw.randrange(3))
            found[at : at + draw.choice((0, 0, 1, 2, 40))] = new
        return bytes(found)

    @staticmethod
    def _rest_of(merge: compiled.merged_pieces) -> list[bytes]:
        try:
            return list(merge)
        except RuntimeError:  # it was refused before it began
            return []


def calls() -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """What loading calls, with arguments that are right."""
    gathered, piece = compiled.Sheaf(), b"\xdc\x00\x01\x92\xc4\x01k\xcf" + bytes(8)
    column: tuple[Any, ...] = (0, 0, b"", 0, lambda text: (b"value", text, text, (text,), (("scheme", text),)))
    columns: list[Any] = [column, (1, 1, b"head", 9, column[4])]
    naming = (b"scheme", True, False, 1, (-1, 0))

    def table(width: Any, columns: Any, public: Any, flags: Any, *rest: Any) -> compiled.UsualTable:
        names = ("edges", "rules", "looked_at", "namings", "foreign", "references", "secret")
        return compiled.UsualTable(width, columns, public=public, recall=0, flags=flags, **dict(zip(names, rest, strict=True)))

    made: tuple[Any, ...] = (2, columns, 1, {"88.1/x": 0}, (0,), (), (("f", 0),), (naming,), (), ((0, "f"),), b"s" * 16)

    def take(became: Any, given: Any, known: Any, forms: Any, place: Any, octets: Any) -> int:
        learning = [(*column[:4], lambda _text: became), columns[1]]
        usual = table(*made[:1], learning, *made[2:]) if given else given
        wanted: dict[str, Any] = {"identifier_at": 0, "object_at": -1, "visibility_at": 1, "prefix": b"", "forms": forms}
        told = {"table_of": lambda *_: usual, "known": lambda _text: known, "refer": lambda *_: None}
        rows = compiled.UsualRows(2, ",", **wanted, **told)
        return rows.take(octets, 1, place, compiled.Sheaf(), compiled.Sheaf(), lambda *_: None)

    became = (b"value", "text", "88.1/x", ("88.1/X",), (("scheme", "88.1/X"),))
    return [
        (gathered.add, ((b"key", "text", 7),)),
        (lambda item: gathered.add((b"key", item)), (7,)),
        (lambda each: gathered.packed(each), (128,)),
        (lambda elements: len(gathered.heads(elements)), (2,)),
        (compiled.ascending, (piece, 1, b"")),
        (lambda runs, each: list(compiled.merged_pieces(runs, each)), ([[piece]], 9)),
        (lambda found: list(compiled.merged_pieces([[piece, found, piece]], 9)), (piece,)),
        (lambda key, row: compiled.SealedRows(b"h").add(key, row), (b"", b"")),
        (table, made),
        (lambda *changed: table(2, [changed, columns[1]], *made[2:]), column),
        (lambda *changed: table(*made[:7], (changed,), *made[8:]), naming),
        (take, (became, True, (b"88.1", True), (1, 1, 1, 60, 60, 4), 1, b"88.1/x,public\n")),
        (lambda *changed: take(changed, True, (b"88.1", True), (1,) * 6, 1, b"88.1/x,public\n"), became),
    ]
