"""A seeded mutator: the same seed gives the same frames on every machine."""

from __future__ import annotations

import random
from collections.abc import Sequence

# Numbers at which lengths, counts and signs change their meaning.
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x40000, 0x40001, 0x100001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
FRAME_BYTES_MAX = 300_000  # a little more than the longest message, so that the limit itself is met
CHANGES_MAX = 6
REPAIR_SHARE = 0.5  # frames whose lengths are set right again, to get behind the first check

_ENVELOPE_BYTES = 20
_BODY_AT = 44


class Mutator:
    """Draws frames from a corpus and damages them."""

    def __init__(self, seed: int, corpus: Sequence[tuple[str, bytes]]) -> None:
        self._random = random.Random(seed)
        self._corpus = corpus

    def frame(self) -> tuple[str, bytes]:
        """The next kind and its damaged octets."""
        kind, seed = self._random.choice(self._corpus)
        octets = bytearray(seed)
        for _ in range(self._random.randint(1, CHANGES_MAX)):
            self._change(octets)
        if kind == "message" and self._random.random() < REPAIR_SHARE:
            self._repair(octets)
        return kind, bytes(octets[:FRAME_BYTES_MAX])

    def _change(self, octets: bytearray) -> None:
        choose = self._random
        at = choose.randrange(len(octets) + 1)
        match choose.randrange(9):
            case 0 if octets:
                octets[at - 1] ^= 1 << choose.randrange(8)
            case 1 if octets:
                octets[at - 1] = choose.randrange(256)
            case 2:
                octets[at : at + 4] = choose.choice(EDGES).to_bytes(4, "big")
            case 3:
                octets[at : at + 2] = (choose.choice(EDGES) & 0xFFFF).to_bytes(2, "big")
            case 4:
                del octets[at:]
            case 5:
                del octets[at : at + choose.randrange(1, 9)]
            case 6:
                octets[at:at] = choose.randbytes(choose.randrange(1, 9))
            case 7:
                other = choose.choice(self._corpus)[1]
                start = choose.randrange(len(other) + 1)
                octets[at:at] = other[start : start + choose.randrange(1, 64)]
            case 8:
                octets[at:at] = octets[at : at + choose.randrange(1, 64)] * choose.choice((1, 1, 1, 2, 50))

    def _repair(self, octets: bytearray) -> None:
        """Make envelope and header announce what is there, with a credential behind the body or without."""
        if len(octets) < _BODY_AT:
            return
        tail = self._random.choice((0, 0, 4))
        octets[16:20] = (len(octets) - _ENVELOPE_BYTES).to_bytes(4, "big")
        octets[40:44] = max(len(octets) - _BODY_AT - tail, 0).to_bytes(4, "big")
