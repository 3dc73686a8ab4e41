"""Writes what anybody can try into the audit trail: refused writes, logins, failed logins.

What an act changed is told by the act itself, in its own transaction. This is for what changes nothing: the recorder says
which lines are written, nobody waits for them, and a store that cannot take one now is no reason to refuse anything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future

from idis.registry.audit.line import AuditLine
from idis.registry.audit.recorder import Recorder
from idis.registry.store.base import Committed, Store, StoreError, WriteTxn
from idis.resolver.log import note

ACTOR = "audit"


class AuditWriter:
    """The recorder of one process, and the store it writes to.

    Args:
        store: of the node.
        now: seconds of a clock that does not go back.
    """

    def __init__(self, store: Store, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now = now
        self._recorder = Recorder()
        self._failing = False

    def note(self, line: AuditLine) -> None:
        """Have a line written, or counted when there are too many."""
        self._write(self._recorder.take(line, self._now()))

    def tell_rest(self) -> None:
        """Have a line written that tells of those only counted; to be called every few seconds and before the store closes."""
        self._write(self._recorder.rest(self._now()))

    def _write(self, line: AuditLine | None) -> None:
        if line is None:
            return
        octets = line.encode()

        def change(txn: WriteTxn) -> None:
            txn.add_audit(octets)

        try:
            self._store.write(change, actor=ACTOR).add_done_callback(self._done)
        except StoreError as error:
            self._failed(str(error))

    def _done(self, future: Future[Committed[None]]) -> None:
        if error := future.exception():
            self._failed(str(error))
        else:
            self._failing = False

    def _failed(self, reason: str) -> None:
        if not self._failing:  # told once: a full disk fails every line
            note(logging.ERROR, "audit line not written", error=reason)
        self._failing = True
