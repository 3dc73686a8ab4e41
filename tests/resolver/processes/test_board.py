"""The memory that all processes of a node map."""

from __future__ import annotations

import os

import pytest

from idis.resolver.processes.board import BEAT_S_MAX, KEEPER, Board, State

NOW = 1_000.0


@pytest.fixture
def board() -> Board:
    """A node of two workers and its keeper, all ready."""
    board = Board(2)
    for number in range(3):
        seat = board.seats_of(number)[0]
        seat.prepare()
        seat.state, seat.beat_s = State.READY, NOW
    return board


def test_nothing_is_lacking_when_all_are_ready(board):
    """The node is ready."""
    assert board.lack(NOW + 1.0) == ""


@pytest.mark.parametrize("state", [State.EMPTY, State.STARTING, State.LEAVING])
def test_a_worker_that_is_not_ready_is_named(board, state):
    """So that an operator knows where to look."""
    board.seats_of(2)[0].state = state

    assert board.lack(NOW) == "worker 2 of 2 is not running: it is being started"


def test_a_worker_that_hangs_is_named(board):
    """It runs, but its loop no longer turns."""
    board.seats_of(1)[0].beat_s = NOW - BEAT_S_MAX

    assert board.lack(NOW + 1.0) == f"worker 1 of 2 has answered nobody for {BEAT_S_MAX:.0f} s"


def test_a_replaced_worker_is_not_lacking(board):
    """The one before still finishes its work, the next one answers."""
    before, after = board.seats_of(1)
    after.prepare()
    after.state, after.beat_s, before.state = State.READY, NOW, State.LEAVING

    assert board.lack(NOW) == ""


def test_the_keeper_is_the_one_who_is_asked(board):
    """Whoever reads /readyz reads it from the keeper."""
    board.seats_of(KEEPER)[0].clear()

    assert board.lack(NOW) == ""


def test_a_seat_tells_why_its_process_could_not_start(board):
    """One sentence of any length, until the next process sits there."""
    seat = board.seats_of(1)[0]
    seat.reason = "船" * 1_000

    assert seat.reason.startswith("船船")
    seat.prepare()
    assert seat.reason == ""


def test_connections_beside_are_those_of_all_others(board):
    """A process that ends takes its connections with it."""
    keeper, first, second = (board.seats_of(number)[0] for number in range(3))
    keeper.connections, first.connections, second.connections = 1, 20, 300

    assert board.connections_beside(first) == 301
    second.clear()
    assert board.connections_beside(first) == 1


def test_processes_show_answers_restarts_and_memory(board):
    """Also what a process counted before it was replaced."""
    for seat, answers in zip(board.seats_of(1), (3, 4), strict=True):
        seat.counters.take_over()
        seat.counters.write({"answered/udp/1": answers, "answered/tcp/100": 1})
    board.seats_of(1)[0].pid = os.getpid()
    board.count_restart(1)
    keeper, worker, _other = board.processes()

    assert (keeper.label, keeper.answers, keeper.restarts) == ("keeper", 0, 0)
    assert (worker.label, worker.answers, worker.restarts, worker.ready) == ("1", 9, 1, True)
    assert worker.resident_bytes > 1_000_000
    assert keeper.resident_bytes == 0


def test_processes_share_the_memory(board):
    """What a child writes, its parent reads."""
    seat = board.seats_of(2)[0]
    pid = os.fork()
    if pid == 0:
        seat.connections = 42
        os._exit(0)
    os.waitpid(pid, 0)

    assert seat.connections == 42


def test_proofs_go_from_seat_to_seat(board):
    """Each seat has its ring."""
    first, second = (board.proofs(board.seats_of(number)[0]) for number in (1, 2))
    first.tell("192.0.2.7", 5.0)

    assert second.heard() == [("192.0.2.7", 5.0)]
