"""The answer index in the processes of a node that do not keep it (`answer_index.py`)."""

from __future__ import annotations

from pathlib import Path

from idis.proto._speedups import AnswerIndex, IndexUnusable
from idis.registry.store.base import Store

FOLDER = "answer-index"  # in the data directory


class AnswerIndexReader:
    """Maps the generation that is current.

    Args:
        store: whose records are answered.
        directory: the data directory.
        boot: names this boot of the machine.

    Attributes:
        index: the one to answer from; None while there is none.
    """

    def __init__(self, store: Store, directory: Path, *, boot: bytes) -> None:
        self.index: AnswerIndex | None = None
        self._store = store
        self._path = directory / FOLDER / "index"
        self._boot = boot
        self._file: tuple[int, int] | None = None

    def fresh(self) -> bool:
        """Whether the index holds every change committed until now."""
        index = self.index
        if index is None:
            return False
        if index.retired and not self.look():
            return False
        assert self.index is not None, "a look that succeeds finds one"
        return self.index.position == self._store.last_transaction

    def look(self) -> bool:
        """Map the generation that is current, if it is another one; True when that is so. To be called now and then.

        Where the file is gone, the one that is mapped goes on: its keeper writes to it until he has made another.
        """
        found = file_at(self._path)
        if found == self._file or (found is None and self.index is not None and not self.index.retired):
            return False
        try:
            index = AnswerIndex.open(self._path, boot=self._boot)
        except (OSError, IndexUnusable):
            self.close()
            return False
        self.close()
        self.index, self._file = index, found
        return True

    def close(self) -> None:
        """Let go of it."""
        if self.index is not None:
            self.index.close()
        self.index, self._file = None, None


def file_at(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at a path; None when there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
