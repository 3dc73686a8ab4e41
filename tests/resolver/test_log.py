"""Log lines: one JSON object each, nothing that acts on a terminal, bounded."""

from __future__ import annotations

import io
import json
import logging

import pytest

from idis.resolver import log
from idis.resolver.log import LINE_BYTES_MAX, LINES_PER_S_MAX, JsonLines, RateLimit, json_line


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
