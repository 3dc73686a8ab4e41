"""Going first: what happens where it is not allowed."""

from __future__ import annotations

import os

import pytest

from idis.bench.machine import PriorityError, go_first


def test_who_may_not_go_first_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, not a traceback."""

    def refuse(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)

    with pytest.raises(PriorityError, match="CAP_SYS_NICE"):
        go_first()
