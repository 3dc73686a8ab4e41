"""The recorder: what anybody can try is written at a bounded rate, and the rest is told of."""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.registry.audit.line import AuditLine
from idis.registry.audit.recorder import LINES_AT_ONCE_MAX, LINES_PER_S_LASTING, Recorder

FAILED = AuditLine("300:88.1/x", "tcp 192.0.2.1", "login", "88.1", code=ResponseCode.AUTHENTICATION_FAILED)
DONE = AuditLine("300:88.1/x", "tcp 192.0.2.1", "login", "88.1")


def failed(number: int) -> AuditLine:
    """A failed login from one of many addresses."""
    return AuditLine("", f"tcp 192.0.2.{number}", "login", "88.1", code=ResponseCode.AUTHENTICATION_FAILED)


def written(recorder: Recorder, lines: list[AuditLine], now: float) -> int:
    """How many of the lines are to be written."""
    return sum(recorder.take(line, now) is not None for line in lines)


def test_a_lone_line_is_written_as_it_is() -> None:
    """Nothing is added where nothing was left out."""
    assert Recorder().take(FAILED, 100.0) == FAILED


def test_two_a_second_of_one_origin() -> None:
    """The third line of an origin within a second is only counted; the next second has room again."""
    recorder = Recorder()

    assert written(recorder, [FAILED] * 5, 100.0) == 2
    assert written(recorder, [FAILED] * 5, 101.0) == 2


def test_ten_a_second_of_all() -> None:
    """Many origins together write no more than ten lines a second."""
    assert written(Recorder(), [failed(number) for number in range(100)], 100.5) == 10


def test_the_next_line_tells_of_the_rest() -> None:
    """Its note says how many were not written and what they were, before its own note."""
    recorder = Recorder()
    written(recorder, [FAILED] * 4, 100.0)
    refusal = AuditLine("", "tcp 192.0.2.9", "create", "88.1/a", code=ResponseCode.INVALID_ADMIN, note="no administrator")
    told = recorder.take(refusal, 101.0)
    again = recorder.take(FAILED, 101.0)

    assert told is not None
    assert told.note == "2 more were not written: 2 login; no administrator"
    assert again == FAILED


def test_rest() -> None:
    """When no further line comes, one is made that tells of them, once."""
    recorder = Recorder()
    written(recorder, [FAILED] * 4, 100.0)
    same_second, later, once_more = recorder.rest(100.9), recorder.rest(102.0), recorder.rest(104.0)

    assert (same_second, once_more) == (None, None)
    assert later is not None
    assert (later.act, later.note, later.refused) == ("not written", "2 more were not written: 2 login", True)


def test_guessers_do_not_bury_what_succeeds() -> None:
    """Refusals and what was done have budgets of their own."""
    recorder = Recorder()
    written(recorder, [failed(number % 250) for number in range(100_000)], 100.0)

    assert recorder.take(DONE, 100.0) == DONE


def test_lasting_rate() -> None:
    """Hours of guessing from everywhere leave what fits the lasting rate, not ten lines a second."""
    recorder = Recorder()
    lines_of_a_second = [failed(number) for number in range(12)]
    lines = sum(written(recorder, lines_of_a_second, float(second)) for second in range(10_000))

    assert LINES_AT_ONCE_MAX < lines <= LINES_AT_ONCE_MAX + 10_000 * LINES_PER_S_LASTING


def test_memory_is_bounded() -> None:
    """However many origins and kinds of acts are tried, only a few are remembered, and the note stays short."""
    recorder = Recorder()
    acts = [AuditLine("", f"tcp {number}", f"act {number}", "", code=ResponseCode.ERROR) for number in range(10_000)]
    written(recorder, acts, 100.0)
    told = recorder.rest(102.0)

    assert told is not None
    assert len(told.note) < 300
    assert told.note.startswith("9990 more were not written: 1 act 10, ")
    assert "9982 other" in told.note
