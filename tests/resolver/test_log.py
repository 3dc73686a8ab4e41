"""Log lines: one JSON object each, nothing that acts on a terminal, bounded."""

from __future__ import annotations

import io
import json
import logging
import os
import select
import socket

import pytest

from idis.resolver import log
from idis.resolver.log import LINE_BYTES_MAX, LINES_PER_S_MAX, JsonLines, RateLimit, StandardError, json_line


@pytest.fixture
def stream():
    """What is logged at level info, with the root logger as it was afterwards."""
    root = logging.getLogger()
    handlers, level, own = root.handlers[:], root.level, log.logger.level
    written = io.StringIO()
    log.configure("info", written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    log.logger.setLevel(own)


def test_a_line_is_one_json_object(stream):
    """Time, level, event, and the facts by name."""
    log.note(logging.INFO, "ready", port=2641, name="船舶")

    line = json.loads(stream.getvalue())
    assert (line["level"], line["event"], line["port"], line["name"]) == ("info", "ready", 2641, "船舶")
    assert stream.getvalue().count("\n") == 1


def test_a_level_below_the_configured_one_is_not_written(stream):
    """Debug lines cost nothing at level info."""
    log.note(logging.DEBUG, "detail")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("text", ["\n", "\x1b[31m", "\x7f", "\x9b31m", "\u2028", "\u202e"])
def test_nothing_acts_on_a_terminal(text):
    """Control, separator and direction characters of a peer are escaped."""
    line = json_line({"identifier": f"88.1/{text}"})

    assert text not in line
    assert json.loads(line)["identifier"] == f"88.1/{text}"


def test_a_long_line_is_cut():
    """A peer cannot fill a disk with one request."""
    record = logging.LogRecord("idis", logging.INFO, "", 0, "event", None, None)
    record.facts = {"identifier": "x" * 100_000}

    line = JsonLines().format(record)
    assert len(line) <= LINE_BYTES_MAX
    assert json.loads(line)["cut"] is True


def test_a_flood_of_lines_is_counted_not_written():
    """Beyond 1,000 lines in a second the rest is held back, and the next second says how many."""
    now = 0.0
    limit = RateLimit(lambda: now)
    records = [logging.LogRecord("idis", logging.INFO, "", 0, "event", None, None) for _ in range(LINES_PER_S_MAX + 5)]
    passed = sum(limit.filter(record) for record in records)
    now = 1.0
    late = logging.LogRecord("idis", logging.INFO, "", 0, "event", None, None)

    assert passed == LINES_PER_S_MAX
    assert limit.filter(late)
    assert late.facts == {"lines_held_back": 5}


def test_a_failure_is_one_line_too(stream):
    """The trace stands inside the object, its line breaks escaped."""
    try:
        raise ValueError("broken")
    except ValueError:
        log.note(logging.ERROR, "failed", exc_info=True)

    assert "broken" in json.loads(stream.getvalue())["exception"]


def lines_through(descriptor: int, count: int, characters: int = 1_000) -> StandardError:
    """A handler that has been given this many lines."""
    handler = StandardError(descriptor)
    handler.setFormatter(JsonLines("worker 1"))
    for number in range(count):
        record = logging.LogRecord("idis", logging.INFO, "", 0, "event", None, None)
        record.facts = {"number": number, "text": "x" * characters}
        handler.emit(record)
    return handler


def test_a_pipe_that_nobody_reads_holds_up_nobody():
    """Lines beyond its room are dropped; the next one that goes through says how many; what was written is whole."""
    reader, writer = os.pipe()
    handler = lines_through(writer, 200)
    dropped = handler.dropped
    written = os.read(reader, 1_048_576).decode().splitlines()
    record = logging.LogRecord("idis", logging.INFO, "", 0, "event", None, None)
    handler.emit(record)

    assert dropped == 200 - len(written)
    assert [json.loads(line)["number"] for line in written] == list(range(len(written)))
    assert json.loads(os.read(reader, 4_096))["lines_dropped"] == dropped > 0
    assert os.get_blocking(writer)  # which the shell shares
    os.close(reader)
    os.close(writer)


def test_a_socket_that_nobody_reads_holds_up_nobody():
    """As a service's standard error is under systemd."""
    reader, writer = socket.socketpair()

    assert lines_through(writer.fileno(), 5_000).dropped > 0
    reader.close()
    writer.close()


def test_a_reader_that_has_gone_is_no_failure():
    """The node outlives the program that read its log."""
    reader, writer = os.pipe()
    os.close(reader)

    assert lines_through(writer, 3).dropped == 3
    os.close(writer)


def test_a_file_gets_every_line(tmp_path):
    """Redirected into a file, one line behind the other."""
    with (tmp_path / "log").open("wb") as file:
        assert lines_through(file.fileno(), 3).dropped == 0

    assert [json.loads(line)["number"] for line in (tmp_path / "log").read_text().splitlines()] == [0, 1, 2]


def test_the_longest_line_is_one_write_of_a_pipe():
    """With its end it is no longer than what a pipe takes as a whole, so lines of several processes never mix."""
    assert LINE_BYTES_MAX + 1 <= select.PIPE_BUF


def test_a_process_among_others_names_itself():
    """In every line, before what happened."""
    record = logging.LogRecord("idis", logging.INFO, "", 0, "event", None, None)

    assert list(json.loads(JsonLines("worker 3").format(record)))[2:] == ["process", "event"]
    assert "process" not in json.loads(JsonLines().format(record))


def test_a_library_line_that_does_not_fit_together_is_dropped():
    """A record whose arguments do not match its text stops nobody."""
    reader, writer = os.pipe()
    handler = lines_through(writer, 0)
    handler.emit(logging.LogRecord("other", logging.ERROR, "", 0, "%d files", ("no number",), None))

    assert handler.dropped == 1
    os.close(reader)
    os.close(writer)
