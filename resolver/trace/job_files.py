"""Job files: questions that take their time are written down with their answers, so that a restart of the node costs none.

    DIR/trace-jobs/NAME.question    who asked what; written before the question is taken on
    DIR/trace-jobs/NAME.answer      the answer, once there is one

NAME is a hash of the job's secret name. What is too old goes, and the oldest of what is too much. Everything here waits for
the disk: call it beside the loop.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from idis.registry.loading.whole_file import whole_file

FOLDER = "trace-jobs"
JOB_KEPT_S = 86_400  # after it was written: whoever asked in the evening looks in the morning
JOBS_MAX = 64
ANSWER_BYTES_MAX = 67_108_864  # half a million edges, each told once
FOLDER_BYTES_MAX = 268_435_456

_QUESTION, _ANSWER = ".question", ".answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was asked, without the pass, which holds for a minute only.

    Attributes:
        kind: of its answer.
        identity: of whoever asked.
        trace: the id of the question, in hex.
        purpose: why.
        body: of the request, as JSON.
    """

    kind: str
    identity: str
    trace: str
    purpose: str
    body: str


class JobFiles:
    """The job files of a node.

    Args:
        directory: its data directory.
    """

    def __init__(self, directory: Path) -> None:
        self._folder = directory / FOLDER

    def put_question(self, job: str, asked: Asked) -> None:
        """Write a question down, and sweep. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._sweep()
        self._put(job, _QUESTION, json.dumps(asdict(asked)))

    def put_answer(self, job: str, text: str) -> None:
        """Write down the answer of a question that is there; one that is too long is left out. Raises OSError."""
        if self._path(job, _QUESTION).exists() and len(text) <= ANSWER_BYTES_MAX:
            self._put(job, _ANSWER, text)

    def question(self, job: str) -> Asked | None:
        """What was asked under a name; None where that is not known, or no more."""
        text = self._read(job, _QUESTION)
        return None if text is None else Asked(**json.loads(text))

    def answer(self, job: str) -> str | None:
        """What was answered, as it was told; likewise."""
        return self._read(job, _ANSWER)

    def until(self, job: str) -> float:
        """Until when a question that is there is kept, unix time."""
        return self._path(job, _QUESTION).stat().st_mtime + JOB_KEPT_S

    def drop(self, job: str) -> None:
        """Forget a question and its answer."""
        for end in (_ANSWER, _QUESTION):
            self._path(job, end).unlink(missing_ok=True)

    def _path(self, job: str, end: str) -> Path:
        return self._folder / f"{sha256(job.encode()).hexdigest()}{end}"

    def _put(self, job: str, end: str, text: str) -> None:
        with whole_file(self._path(job, end)) as file:
            file.write(text.encode())

    def _read(self, job: str, end: str) -> str | None:
        path = self._path(job, end)
        try:
            return path.read_text("utf-8") if path.stat().st_mtime + JOB_KEPT_S > time.time() else None
        except FileNotFoundError:
            return None

    def _sweep(self) -> None:
        left_bytes = FOLDER_BYTES_MAX - ANSWER_BYTES_MAX  # room for the one to come
        for at, (name, written, size) in enumerate(sorted(self._listed(), key=lambda one: -one[1])):
            left_bytes -= size
            if at >= JOBS_MAX - 1 or left_bytes < 0 or written + JOB_KEPT_S < time.time():
                for path in self._folder.glob(f"*{name}*"):
                    path.unlink(missing_ok=True)

    def _listed(self) -> Iterator[tuple[str, float, int]]:
        """Each question: its name, when the first of its files was written, what they take; those of a crash, too."""
        for name in {path.name.lstrip(".").partition(".")[0] for path in self._folder.iterdir()}:
            with suppress(FileNotFoundError):  # of what is dropped meanwhile
                facts = [path.stat() for path in self._folder.glob(f"*{name}*")]
                if facts:
                    yield name, min(fact.st_mtime for fact in facts), sum(fact.st_size for fact in facts)
