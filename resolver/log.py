"""The log: one JSON object a line on standard error, bounded in length and in rate, and never waited for.

What a peer sent may stand in a line, so control and direction characters are escaped: a log must not be a way to write
to the operator's terminal. Who reads the log must not be able to stop the node either: a line that standard error does
not take at once is dropped and counted, and the next one that is taken says how many there were.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import stat
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from idis.resolver.config import NodeConfig

LINE_BYTES_MAX = 4_095  # with its end 4,096 octets, which a pipe takes whole or not at all, whoever else writes to it
LINES_PER_S_MAX = 1_000  # beyond it lines are counted, not written

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# JSON escapes the C0 range itself; C1, line separators and bidirectional overrides act on terminals too.
_ACTIVE = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

logger = logging.getLogger("idis")


def note(level: int, event: str, *, exc_info: bool = False, **facts: object) -> None:
    """Write one line: what happened, and its facts by name. No secrets, no values of records."""
    if logger.isEnabledFor(level):
        logger.log(level, event, exc_info=exc_info, extra={"facts": facts})


def configure(level: str, stream: TextIO | None = None, *, process: str = "") -> None:
    """Send this process's log lines to a stream.

    Args:
        level: as the configuration spells it.
        stream: standard error when not given.
        process: stands in every line, so that several processes of one node are told apart.
    """
    handler = StandardError() if stream is None else logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(process))
    handler.addFilter(RateLimit(time.monotonic))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING))  # other packages speak up only when something is wrong
    logger.setLevel(_LEVELS[level])


class StandardError(logging.Handler):
    """Writes lines to standard error without ever waiting for whoever reads it."""

    def __init__(self, descriptor: int | None = None) -> None:
        super().__init__()
        self.dropped = 0  # lines that were not taken; told with the next one that is
        self._write = _writer(sys.stderr.fileno() if descriptor is None else descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, or count it as dropped."""
        if self.dropped:
            record.facts = {**getattr(record, "facts", {}), "lines_dropped": self.dropped}
        try:
            self._write(self.format(record).encode("utf-8", "backslashreplace") + b"\n")
            self.dropped = 0
        except OSError:  # full, or nobody reads it any more
            self.dropped += 1
        except (TypeError, ValueError):  # a library's own line, whose parts do not fit together
            self.dropped += 1


def note_ready(level: int, config: NodeConfig, port: int, http_port: int, tls_port: int) -> None:
    """Log that every port answers; `tls_port` is 0 without TLS."""
    node, hosts = config.node, list(config.listen.hosts)
    note(
        level,
        "ready",
        name=node.name,
        tier=node.tier.value,
        hosts=hosts,
        port=port,
        http_port=http_port,
        tls_port=tls_port,
        workers=node.workers,
        keeper=node.has_keeper,
    )


def _writer(descriptor: int) -> Callable[[bytes], int]:
    """How to write to a descriptor without waiting.

    The descriptor itself stays as it is: whether it waits is a property it shares with the shell it was inherited from.
    """
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(kind):  # a service under systemd
        connected = socket.socket(fileno=os.dup(descriptor))
        return lambda line: connected.send(line, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
        with suppress(OSError):
            own = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            return lambda line: os.write(own, line)
    return lambda line: os.write(descriptor, line)


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, process where there are several, event, facts."""

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line, at most LINE_BYTES_MAX octets, without control characters."""
        facts: Mapping[str, object] = getattr(record, "facts", {})
        line: dict[str, object] = {"time": _utc(record.created), "level": record.levelname.lower()}
        if self._process:
            line["process"] = self._process
        line["event"] = record.getMessage()
        line.update(facts)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = json_line(line)
        if len(text.encode("utf-8", "replace")) <= LINE_BYTES_MAX:
            return text
        short = {key: str(value)[:200] for key, value in list(line.items())[:10]}
        return json_line({**short, "cut": True})


class RateLimit(logging.Filter):
    """Lets LINES_PER_S_MAX lines a second through and reports how many it kept back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._second = -1
        self._lines = 0
        self._held_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        second = int(self._clock())
        if second != self._second:
            if self._held_back:
                record.facts = {**getattr(record, "facts", {}), "lines_held_back": self._held_back}
            self._second, self._lines, self._held_back = second, 0, 0
        self._lines += 1
        if self._lines > LINES_PER_S_MAX:
            self._held_back += 1
            return False
        return True


def json_line(facts: Mapping[str, object]) -> str:
    """One line of JSON in which nothing acts on a terminal."""
    text = json.dumps(facts, ensure_ascii=False, default=str)
    return _ACTIVE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1_000):03d}Z"
