"""Answers kept ready follow the store: what the journal says has changed is forgotten before the next question is answered.

Before each batch the store's last transaction is compared with the one up to which changes are known; where they differ the
journal says what changed. So a change that was acknowledged, by whatever process, is in the next answer, exactly as with the
answer index (`registry/answer_index.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from idis.registry.journal import BEGINNING, Entry, Position, SnapshotNeeded
from idis.registry.store.base import ReadTxn, Store, StoreError

ENTRIES_MAX = 32  # of the journal, between two batches; when more has changed, everything is forgotten


class Following(ABC):
    """What one process keeps of a store's answers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._transaction = -1
        self._position: Position = BEGINNING

    def follow(self) -> bool:
        """Forget what has changed since the last call; False when that cannot be known now."""
        if self._store.last_transaction == self._transaction:
            return True
        try:
            with self._store.read() as txn:
                if self._holds():
                    self._forget_changed(txn)
                self._position, self._transaction = txn.position, txn.transaction
        except StoreError:
            self._transaction = -1
            self._forget_everything()
            return False
        return True

    def _forget_changed(self, txn: ReadTxn) -> None:
        batch = txn.journal(self._position, ENTRIES_MAX)
        if isinstance(batch, SnapshotNeeded) or (batch[-1].position if batch else self._position) != txn.position:
            self._forget_everything()
            return
        for entry in batch:
            self._take_in(txn, entry)

    @abstractmethod
    def _holds(self) -> bool:
        """Whether anything is kept."""

    @abstractmethod
    def _forget_everything(self) -> None:
        """Keep nothing."""

    @abstractmethod
    def _take_in(self, txn: ReadTxn, entry: Entry) -> None:
        """Forget what hangs on one change."""
