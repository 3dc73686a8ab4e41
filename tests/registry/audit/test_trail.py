"""Reading the trail: what is wanted, in order, page by page."""

from __future__ import annotations

import pytest

from idis.proto.codes import ResponseCode
from idis.registry.audit import trail
from idis.registry.audit.line import AuditLine
from idis.registry.audit.trail import Wanted, lines, page, time_text
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope
from idis.registry.identity import Identity
from idis.registry.store.base import Store
from idis.registry.store.memory import MemoryStore

NOW = 1_700_000_000

LINES = (
    AuditLine("300:0.NA/88.118", "tcp 192.0.2.1", "create", "88.118/a"),
    AuditLine("300:0.NA/88.118 (token 00ff)", "http 192.0.2.1", "delete", "88.118/a"),
    AuditLine("300:88.9/li", "tcp 192.0.2.2", "create", "88.9/b", code=ResponseCode.INVALID_ADMIN),
    AuditLine("cli root", "cli root", "suspend", "88.118"),
)


@pytest.fixture
def store() -> Store:
    """A store with four lines, a second apart."""
    now = [float(NOW)]
    made = MemoryStore(clock=lambda: now[0])
    for line in LINES:
        made.write(lambda txn, line=line: txn.add_audit(line.encode()), actor="test").result()  # type: ignore[misc]
        now[0] += 1
    return made


def found(store: Store, wanted: Wanted, **options: bool) -> list[int]:
    """Which of the four lines are wanted, in the order they come."""
    return [LINES.index(noted.line) for noted in lines(store, wanted, **options)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [0, 1, 2, 3]),
        (Wanted(since_ms=(NOW + 1) * 1000), [1, 2, 3]),
        (Wanted(until_ms=(NOW + 1) * 1000), [0]),
        (Wanted(since_ms=(NOW + 1) * 1000, until_ms=(NOW + 3) * 1000), [1, 2]),
        (Wanted(since_ms=-5), [0, 1, 2, 3]),
        (Wanted(actor="0.na/88.118"), [0, 1]),
        (Wanted(actor="token 00ff"), [1]),
        (Wanted(subject="88.118"), [0, 1, 3]),
        (Wanted(subject="88.118/A"), [0, 1]),
        (Wanted(act="create"), [0, 2]),
        (Wanted(refused=True), [2]),
        (Wanted(act="create", refused=True, actor="root"), []),
    ],
)
def test_wanted(store: Store, wanted: Wanted, expected: list[int]) -> None:
    """Each condition narrows, together and in both directions of time."""
    assert found(store, wanted) == expected
    assert found(store, wanted, newest_first=True) == expected[::-1]


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages(store: Store, newest_first: bool) -> None:
    """Page by page, every line comes once, in order, and the last page says that it is the last."""
    seen: list[AuditLine] = []
    after: bytes | None = None
    with store.read() as txn:
        while True:
            part = page(txn, Wanted(), after, 2, newest_first=newest_first)
            seen += [noted.line for noted in part.lines]
            after = part.after
            if after is None:
                break

    assert tuple(seen) == (LINES[::-1] if newest_first else LINES)


def test_snapshots_are_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However rare what is wanted, one page looks at so many lines and no more; an empty one may not be the last."""
    monkeypatch.setattr(trail, "SCANNED_MAX", 2)
    with store.read() as txn:
        first = page(txn, Wanted(act="suspend"), None, 10)

    assert first.lines == ()
    assert first.after is not None
    assert found(store, Wanted(act="suspend")) == [3]


def test_json(store: Store) -> None:
    """Time, place in the journal, and the fields of the line."""
    noted = next(lines(store, Wanted(act="suspend")))

    assert noted.to_json() == {
        "time": "2023-11-14T22:13:23.000Z",
        "position": "5.0",
        "actor": "cli root",
        "origin": "cli root",
        "act": "suspend",
        "subject": "88.118",
        "before": None,
        "after": None,
        "code": 1,
        "note": "",
    }


def test_time_text() -> None:
    """UTC with milliseconds."""
    assert time_text(1_769_846_400_007) == "2026-01-31T08:00:00.007Z"


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (Caller("http 192.0.2.7"), ResponseCode.AUTHENTICATION_NEEDED),
        (Caller("http", Identity(300, "88.1/A")), ResponseCode.INVALID_ADMIN),
        (Caller("http", None, (RoleGrant(Role.AUDITOR, "88.1"),)), ResponseCode.INVALID_ADMIN),
        (
            Caller("http", None, (RoleGrant(Role.AUDITOR),), TokenScope("t", ("88.1",), frozenset(Action))),
            ResponseCode.INSUFFICIENT_PERMISSIONS,
        ),
        (Caller("http", None, (RoleGrant(Role.AUDITOR),)), None),
        (Caller("http", None, (RoleGrant(Role.OPERATOR),)), None),
    ],
)
def test_the_trail_is_for_auditors_and_operators_of_the_whole_node(caller: Caller, code: int | None) -> None:
    """It tells of every prefix, so a role for one of them, or a token limited to one, is not enough."""
    refusal = trail.refuse_reading(caller)

    assert (None if refusal is None else refusal.code) == code
