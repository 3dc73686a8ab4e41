"""A competitor: how it is started, and the faces it shows to the generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from idis.bench.asking.load import Question, Target, Transport
from idis.bench.measuring.observe import tree
from idis.bench.peers.stage import HOST, Stage


@dataclass(frozen=True, slots=True)
class Face:
    """One way to ask a competitor.

    Attributes:
        question: what is asked; its answers are compared with the first pass unless `constant`.
        server: process id; None when it is elsewhere.
        constant: the answers say nothing, only their form is checked (the echo).
    """

    target: Target
    question: Question
    server: int | None
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A competitor that answers.

    Attributes:
        faces: by transport.
        start_s: from its start to its first answer, its data being there; None when it was not started here.
        memory_bytes: in use then, with all its processes.
    """

    faces: Mapping[Transport, Face]
    start_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """A competitor before its start.

    Attributes:
        name: in tables.
        missing: why it cannot take part; empty when it can.
        start: makes its data, starts it, waits until it answers; `names` of them.
    """

    name: str
    missing: Callable[[], str]
    start: Callable[[Stage, int], Running]
    notes: tuple[str, ...] = field(default=())


def local(port: int) -> Target:
    """A port of this machine."""
    return Target(f"{HOST}:{port}", HOST, port)


def memory_of(process: int) -> int | None:
    """Octets of a server with its descendants, what they share counted once; None when that cannot be seen."""
    sizes = [size for size in map(_share_of_memory, tree(process)) if size is not None]
    return sum(sizes) if sizes else None


def _share_of_memory(process: int) -> int | None:
    """The proportional set size."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1_024 for line in lines if line.startswith("Pss:")), None)
