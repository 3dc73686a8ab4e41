"""The audit writer: lines reach the store at a bounded rate, and its troubles reach nobody but the log."""

from __future__ import annotations

import logging

import pytest

from idis.proto.codes import ResponseCode
from idis.registry.audit.line import AuditLine, decode_line
from idis.registry.store.base import StoreBusy
from idis.registry.store.memory import MemoryStore
from idis.resolver.audit_writer import AuditWriter

FAILED = AuditLine("300:88.1/x", "tcp 192.0.2.1", "login", "88.1", code=ResponseCode.AUTHENTICATION_FAILED)


class Clock:
    """Seconds that move only when told."""

    now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def trail(store: MemoryStore) -> list[str]:
    """The notes of the lines in the trail."""
    with store.read() as txn:
        return [decode_line(octets).note for _, octets in txn.audits(None, 99)]


def test_guesser() -> None:
    """Of many failed logins in one second two are written; a later look tells of the others."""
    store, clock = MemoryStore(), Clock()
    writer = AuditWriter(store, clock)
    for _ in range(100):
        writer.note(FAILED)
    writer.tell_rest()
    at_once = trail(store)
    clock.now += 2
    writer.tell_rest()

    assert at_once == ["", ""]
    assert trail(store)[2:] == ["98 more were not written: 98 login"]


def test_nothing_to_tell() -> None:
    """Where nothing was left out, a look writes nothing."""
    store = MemoryStore()
    AuditWriter(store, Clock()).tell_rest()

    assert trail(store) == []


def test_busy_store(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A store that takes nothing now stops nobody; the log says so once, until it works again."""
    store, clock = MemoryStore(), Clock()
    writer = AuditWriter(store, clock)

    def busy(*_words: object, **_options: object) -> None:
        raise StoreBusy("8192 changes are waiting")

    with caplog.at_level(logging.ERROR, "idis"), monkeypatch.context() as patch:
        patch.setattr(store, "write", busy)
        writer.note(FAILED)
        writer.note(FAILED)
    clock.now += 1
    writer.note(FAILED)

    assert [record.message for record in caplog.records] == ["audit line not written"]
    assert len(trail(store)) == 1
