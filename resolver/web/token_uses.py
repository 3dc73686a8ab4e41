"""Which uses of tokens are worth writing down: one of each token in a minute, since each costs a commit."""

from __future__ import annotations

from collections import OrderedDict

from idis.registry.tokens import USE_INTERVAL_S

TOKENS_REMEMBERED_MAX = 1_024  # whose use was noted lately; one that is forgotten only costs a commit that changes nothing


class TokenUses:
    """What one process has had written down."""

    def __init__(self) -> None:
        self._noted: OrderedDict[str, int] = OrderedDict()  # token → unix time, oldest first

    def due(self, token_id: str, now: int) -> bool:
        """Whether a use at unix time `now` is to be written; the next ones of that token are not, for a while."""
        if now - self._noted.get(token_id, 0) < USE_INTERVAL_S:
            return False
        self._noted[token_id] = now
        self._noted.move_to_end(token_id)
        if len(self._noted) > TOKENS_REMEMBERED_MAX:
            self._noted.popitem(last=False)
        return True
