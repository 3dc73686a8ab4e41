"""The table of open challenges: one use, one minute, bounded by source, in all and in octets."""

from __future__ import annotations

import pytest

from idis.proto.message import Message
from idis.resolver.admin import challenges as challenges_module
from idis.resolver.admin.challenges import CHALLENGES_PER_SESSION_MAX, CHALLENGES_PER_SOURCE_MAX, Challenges

HERE, THERE = "192.0.2.1/32", "192.0.2.2/32"


class Table:
    """A table with numbers counted up in place of random ones."""

    def __init__(self) -> None:
        self._numbers = iter(range(1, 10**9))
        self.challenges = Challenges(lambda size: next(self._numbers).to_bytes(size, "big"))

    def open(
        self,
        number: int,
        *,
        source: str = HERE,
        link=None,
        session_id: int = 0,
        in_session=False,
        now=0.0,
        octets=10,
        trusted=False,
    ):
        """A challenge to a request of that number."""
        request = Message(opcode=100, body=bytes(octets), request_id=number, session_id=session_id, expiration=number)
        return self.challenges.open(request, source=source, trusted=trusted, link=link, in_session=in_session, now=now)

    def take(self, session_id: int, *, source: str = HERE, link=None, in_session=False, now: float = 0.0):
        """The request ids of what an answer may be for."""
        return [
            pending.request.request_id
            for pending in self.challenges.take(session_id, source=source, link=link, in_session=in_session, now=now)
        ]


@pytest.fixture
def table() -> Table:
    """An empty table."""
    return Table()


def test_a_challenge_is_taken_once(table):
    """Then it is gone."""
    session_id = table.open(1).session_id

    assert (table.take(session_id), table.take(session_id)) == ([1], [])


@pytest.mark.parametrize(("now", "taken"), [(59.9, [1]), (60.0, [])])
def test_a_challenge_lives_a_minute(table, now, taken):
    """And not a moment longer."""
    session_id = table.open(1).session_id

    assert table.take(session_id, now=now) == taken


def test_a_challenge_is_its_sources(table):
    """Another address does not answer it, though it knew the number."""
    session_id = table.open(1).session_id

    assert (table.take(session_id, source=THERE), table.take(session_id)) == ([], [1])


def test_a_connections_challenge_is_its_own(table):
    """Two connections use one number and do not meet."""
    one, other = object(), object()
    table.open(1, link=one, session_id=10_001)
    table.open(2, link=other, session_id=10_001)

    assert (table.take(10_001, link=other), table.take(10_001, link=one)) == ([2], [1])


def test_a_source_drops_its_own_oldest(table):
    """Whoever opens many loses his own first, and nobody else's."""
    kept = table.open(1, source=THERE).session_id
    own = [table.open(number).session_id for number in range(CHALLENGES_PER_SOURCE_MAX + 1)]

    assert table.take(own[0]) == []
    assert table.take(own[1]) == [1]
    assert table.take(kept, source=THERE) == [1]


def test_a_configured_network_may_have_more(table):
    """A back office of many clients behind one address."""
    sessions = [table.open(number, trusted=True).session_id for number in range(4 * CHALLENGES_PER_SOURCE_MAX)]

    assert table.take(sessions[0]) == [0]


def test_all_together_are_bounded(table, monkeypatch):
    """The oldest of all goes."""
    monkeypatch.setattr(challenges_module, "CHALLENGES_MAX", 3)
    sessions = [table.open(number, source=f"192.0.2.{number}/32").session_id for number in range(4)]

    assert len(table.challenges) == 3
    assert table.take(sessions[0], source="192.0.2.0/32") == []


def test_octets_are_bounded(table, monkeypatch):
    """Few large requests count like many small ones."""
    monkeypatch.setattr(challenges_module, "CHALLENGE_OCTETS_MAX", 10_000)
    for number in range(10):
        table.open(number, source=f"192.0.2.{number}/32", octets=4_000)

    assert len(table.challenges) == 1  # two would be 10,048 octets with what they take beside
    assert table.challenges.octets <= 10_000


def test_a_session_has_few_open(table):
    """Its oldest goes."""
    for number in range(CHALLENGES_PER_SESSION_MAX + 1):
        table.open(number, session_id=7, in_session=True)

    assert table.take(7, in_session=True) == list(range(1, CHALLENGES_PER_SESSION_MAX + 1))


def test_what_was_not_answered_is_open_again(table):
    """Where a session had several open."""
    for number in (1, 2):
        table.open(number, session_id=7, in_session=True)
    first, second = table.challenges.take(7, source=HERE, link=None, in_session=True, now=0.0)
    table.challenges.put_back(second)

    assert (first.request.request_id, table.take(7, in_session=True)) == (1, [2])


def test_a_sessions_challenge_is_not_spent_without_its_code(table):
    """Whoever only knows the number of a session takes nothing from it."""
    table.open(1, session_id=7, in_session=True)

    assert (table.take(7), table.take(7, in_session=True)) == ([], [1])


def test_the_end_of_a_connection_is_the_end_of_its_challenges(table):
    """And of no others."""
    link = object()
    table.open(1, link=link, session_id=10_001)
    other = table.open(2).session_id
    table.challenges.drop_link(link)

    assert (len(table.challenges), table.take(other)) == (1, [2])


def test_the_same_request_gets_the_same_challenge(table):
    """And another one, under the same number, does not."""
    first, again, other = table.open(1), table.open(1), table.open(1, octets=11)

    assert first == again
    assert other != first


def test_nothing_is_left_of_what_is_over(table):
    """Every index of the table is empty afterwards."""
    for number in range(8):
        table.open(number, source=HERE if number % 2 else THERE, link=None if number % 3 else object(), session_id=number)
    table.challenges.expire(60.0)

    assert (len(table.challenges), table.challenges.octets) == (0, 0)
    assert (table.challenges._by_scope, table.challenges._by_source, table.challenges._repeats) == ({}, {}, {})
