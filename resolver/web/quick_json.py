"""JSON answers written by the compiled step from the values of the answer index (`proto/_speedups.pyi`).

Rendering a record there takes less time than looking up what was rendered before, and no memory. What the index does not
have, and values whose types have a structure, are left to `prepared_json.py`.
"""

from __future__ import annotations

from idis.proto._speedups import HttpBlocks, resolve_http
from idis.resolver.accelerator import Answers
from idis.resolver.web.prepared_json import FOUND_HEAD


class QuickJson:
    """Answers plain requests from an answer index, as long as that holds every change."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._blocks = HttpBlocks()

    def learn(self, block: bytes) -> None:
        """These header fields are plain."""
        self._blocks.add(block)

    def answer(self, octets: bytes, at: int, behind: bytes, allowed: int, octets_max: int) -> tuple[bytes, int, int]:
        """Answer the requests from an offset on that name records of the index.

        Args:
            octets: what a connection has received.
            at: where a request begins.
            behind: what follows the length of a body in an answer.
            allowed: answers, -1 for no limit.
            octets_max: of answers, before it stops.

        Returns:
            The answers, where it stopped, and how many they are.
        """
        if not self._answers.fresh() or (index := self._answers.index) is None:
            return b"", at, 0
        return resolve_http(index, self._blocks, octets, at, FOUND_HEAD, behind, allowed, octets_max)
