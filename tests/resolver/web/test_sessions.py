"""The table of sessions: lives, bounds, and whom they cost their place."""

from __future__ import annotations

import itertools

from idis.registry.identity import Identity
from idis.resolver.web import sessions as module
from idis.resolver.web.sessions import IDLE_S, OPEN_S, WebSession, WebSessions


class Proof:
    """Stands for what proved an identity; the table only keeps it."""


def made() -> WebSessions:
    """A table whose octets count up."""
    numbers = itertools.count(1)
    return WebSessions(lambda size: next(numbers).to_bytes(size, "big"))


def prove(table: WebSessions, session: WebSession, now: float, handle: str = "a/b") -> None:
    """Somebody proves in a session who he is."""
    table.prove(session, Proof(), Identity(300, handle), shown=f"300:{handle}", proof=Proof(), now=now)  # type: ignore[arg-type]


def test_a_session_is_found_by_its_number():
    """And no other."""
    table = made()
    session = table.open("192.0.2.1", 0.0, trusted=False)

    assert table.find(session.session_id, 1.0) is session
    assert table.find("00", 1.0) is None


def test_a_session_without_a_proof_ends_after_a_minute():
    """Nothing is left of it."""
    table = made()
    session = table.open("192.0.2.1", 0.0, trusted=False)

    assert table.find(session.session_id, OPEN_S) is session
    assert table.find(session.session_id, OPEN_S + 0.1) is None
    assert len(table) == 0


def test_a_proved_session_ends_after_an_hour_unused():
    """Use keeps it."""
    table = made()
    session = table.open("192.0.2.1", 0.0, trusted=False)
    prove(table, session, 1.0)

    assert table.find(session.session_id, IDLE_S) is session
    assert table.find(session.session_id, 2 * IDLE_S) is session
    assert table.find(session.session_id, 3 * IDLE_S + 1) is None
    assert len(table) == 0


def test_a_source_has_few_open_sessions():
    """One more costs its own oldest, nobody else's."""
    table = made()
    others = table.open("192.0.2.2", 0.0, trusted=False)
    mine = [table.open("192.0.2.1", 0.0, trusted=False) for _ in range(module.OPEN_PER_SOURCE_MAX + 1)]

    assert table.find(mine[0].session_id, 0.0) is None
    assert table.find(mine[1].session_id, 0.0) is mine[1]
    assert table.find(others.session_id, 0.0) is others


def test_open_sessions_are_bounded_in_all(monkeypatch):
    """The oldest goes."""
    monkeypatch.setattr(module, "OPEN_MAX", 3)
    table = made()
    opened = [table.open(f"192.0.2.{number}", 0.0, trusted=False) for number in range(4)]

    assert [table.find(session.session_id, 0.0) is not None for session in opened] == [False, True, True, True]


def test_proved_sessions_are_bounded_by_identity_and_in_all(monkeypatch):
    """The longest unused goes."""
    monkeypatch.setattr(module, "PROVED_MAX", 4)
    monkeypatch.setattr(module, "PROVED_PER_IDENTITY_MAX", 2)
    table = made()
    proved = []
    for number, handle in enumerate(("a/1", "a/1", "a/1", "b/1", "c/1", "d/1")):
        session = table.open("192.0.2.1", 0.0, trusted=True)
        prove(table, session, float(number), handle)
        proved.append(session)

    assert [table.find(session.session_id, 6.0) is not None for session in proved] == [False, False, True, True, True, True]
    assert len(table) == 4


def test_a_closed_session_is_gone():
    """Whether something was proved in it or not; closing twice is no error."""
    table = made()
    first, second = (table.open("192.0.2.1", 0.0, trusted=False) for _ in range(2))
    prove(table, second, 0.0)
    for session in (first, second, first):
        table.close(session)

    assert len(table) == 0
