"""What /proc tells, over processes this test starts itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from idis.bench.measuring.observe import Reading, between, cpu_ns, exists, read, tree

_SPIN = "import time; end = time.process_time() + 0.15\nwhile time.process_time() < end: pass\nprint(1, flush=True); input()"


@contextmanager
def _process(program: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_cpu_time_of_a_process_is_seen() -> None:
    """One that has spent 150 ms shows them."""
    with _process(_SPIN) as process:
        spent = cpu_ns(process.pid)

    assert spent is not None
    assert spent >= 150_000_000


def test_descendants_count_as_the_server() -> None:
    """A server of several processes is one server."""
    program = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {_SPIN!r}], stdin=subprocess.PIPE); input()"
    with _process(program) as process:
        family = tree(process.pid)
        seen = read(family, frozenset())

    assert family[0] == process.pid
    assert len(family) == 2
    assert seen.server_ns is not None
    assert seen.server_ns >= 150_000_000


def test_a_process_that_is_gone_has_no_cpu_time() -> None:
    """None, not zero."""
    with _process("print(1)") as process:
        process.wait()

    assert not exists(process.pid)
    assert cpu_ns(process.pid) is None
    assert read([process.pid], frozenset()).server_ns is None
    assert exists(os.getpid())


def test_cores_that_are_watched_are_read() -> None:
    """Their time never runs backwards; others are not read."""
    before = read([], frozenset({0}))
    time.sleep(0.02)
    after = read([], frozenset({0}))

    assert before.cores_ns.keys() == {0}
    assert after.cores_ns[0] >= before.cores_ns[0]
    assert read([], frozenset()).cores_ns == {}


def test_strangers_are_what_neither_server_nor_generator_used() -> None:
    """Two cores for a second: 1.5 s used, 0.6 by the server, 0.4 by the generator, so a quarter by others."""
    before = Reading(0, 100, {0: 0, 1: 0})
    after = Reading(10**9, 600_000_100, {0: 900_000_000, 1: 600_000_000})
    use = between(before, after, 0.4)

    assert use.seconds == 1.0
    assert use.server_cpu_s == pytest.approx(0.6)
    assert use.foreign == pytest.approx(0.25)


def test_coarse_ticks_do_not_make_strangers_negative() -> None:
    """The server's time is finer than the cores'."""
    use = between(Reading(0, 0, {0: 0}), Reading(10**9, 505_000_000, {0: 500_000_000}), 0.0)

    assert use.foreign == 0.0


def test_nothing_is_said_of_what_was_not_watched() -> None:
    """Without server and cores both are None."""
    use = between(Reading(0, None, {}), Reading(10**9, None, {}), 0.1)

    assert (use.server_cpu_s, use.foreign) == (None, None)
