"""Time-outs, breaker, retry budget and choice of upstream servers."""

from __future__ import annotations

import pytest

from idis.resolver.recursion.health import Health, HealthTable


class TestTimeout:
    """How long to wait for an answer."""

    def test_an_unknown_server_gets_the_default(self) -> None:
        """200 ms leave room for two more tries."""
        assert Health().timeout_s == 0.2

    def test_the_timeout_follows_the_round_trip(self) -> None:
        """Average plus four times the variation: 100 ms and half of it at first."""
        health = Health()
        health.answered(0.0, 0.1)

        assert health.timeout_s == pytest.approx(0.3)

    def test_a_fast_server_still_gets_50_ms(self) -> None:
        """A moment of load is not a loss."""
        health = Health()
        for _ in range(50):
            health.answered(0.0, 0.0001)

        assert health.timeout_s == 0.05

    def test_a_slow_server_gets_at_most_two_seconds(self) -> None:
        """More than the whole deadline helps nobody."""
        health = Health()
        health.answered(0.0, 5.0)

        assert health.timeout_s == 2.0

    def test_an_answer_to_a_repeated_question_is_not_measured(self) -> None:
        """Nobody knows which try it answers."""
        health = Health()
        health.answered(0.0, None)

        assert health.timeout_s == 0.2


class TestBreaker:
    """Setting a silent server aside."""

    def test_five_failures_in_a_row_open_it(self) -> None:
        """Not four."""
        health = Health()
        for _ in range(4):
            health.failed(0.0)
        assert health.admit(0.0)
        health.failed(0.0)

        assert not health.admit(0.5)

    def test_half_of_twenty_opens_it(self) -> None:
        """Failures need not be in a row."""
        health = Health()
        for _ in range(10):
            health.answered(0.0, None)
            health.failed(0.0)

        assert not health.admit(0.5)

    def test_one_question_probes_after_a_second(self) -> None:
        """The others wait for what it shows."""
        health = Health()
        for _ in range(5):
            health.failed(0.0)

        assert health.admit(1.0)
        assert not health.admit(1.0)

    def test_a_probe_that_is_answered_closes_it(self) -> None:
        """Everybody may ask again."""
        health = Health()
        for _ in range(5):
            health.failed(0.0)
        health.admit(1.0)
        health.answered(1.1, 0.1)

        assert health.admit(1.2)
        assert health.admit(1.2)

    def test_a_probe_that_fails_doubles_the_time(self) -> None:
        """1, 2, 4 … 30 s."""
        health = Health()
        for _ in range(5):
            health.failed(0.0)
        health.admit(1.0)
        health.failed(1.0)

        assert not health.admit(2.9)
        assert health.admit(3.0)

    def test_a_probe_that_is_withdrawn_leaves_room_for_another(self) -> None:
        """The asker went away; the server may be well."""
        health = Health()
        for _ in range(5):
            health.failed(0.0)
        health.admit(1.0)
        health.abandoned()

        assert health.admit(1.0)

    def test_questions_under_way_when_it_opens_do_not_prolong_it(self) -> None:
        """A hundred of them fail together and say nothing new."""
        health = Health()
        for _ in range(100):
            health.failed(0.0)

        assert health.admit(1.0)


def test_repeats_are_a_tenth_of_first_tries() -> None:
    """After the ten that a new server may have, one for ten questions."""
    health = Health()
    repeats = 0
    for _ in range(1_000):
        health.admit(0.0)
        repeats += health.take_retry()

    assert 100 <= repeats <= 111


class TestTable:
    """Servers compared."""

    def test_the_faster_server_is_preferred(self) -> None:
        """By more than the jitter of 10 ms."""
        table = HealthTable(lambda: 1.0)
        table.of("slow").answered(0.0, 0.2)
        table.of("fast").answered(0.0, 0.1)

        assert table.rank("fast", 0.0) < table.rank("slow", 0.0)

    def test_a_server_set_aside_comes_last(self) -> None:
        """After the slowest that answers."""
        table = HealthTable(lambda: 1.0)
        table.of("slow").answered(0.0, 1.9)
        for _ in range(5):
            table.of("dead").failed(0.0)

        assert table.rank("slow", 0.5) < table.rank("dead", 0.5)

    def test_a_server_never_met_is_tried(self) -> None:
        """Otherwise it would never be measured."""
        table = HealthTable(lambda: 0.0)
        table.of("known").answered(0.0, 0.1)

        assert table.rank("new", 0.0) < table.rank("known", 0.0)

    def test_the_table_is_bounded(self) -> None:
        """The least recently asked goes."""
        table = HealthTable(lambda: 0.0, servers_max=2)
        first = table.of("a")
        table.of("b")
        table.of("c")

        assert len(table) == 2
        assert table.of("a") is not first
