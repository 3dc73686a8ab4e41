"""Questions that are written down: bounded in number, in octets and in time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from idis.resolver.trace import job_files
from idis.resolver.trace.job_files import Asked, JobFiles

ASKED = Asked("recall", "300:88.1/QE", "00" * 16, "test", "{}")


def put(files: JobFiles, folder: Path, name: str, written: float) -> None:
    """Write a question and its answer at a moment."""
    files.put_question(name, ASKED)
    files.put_answer(name, "x" * 100)
    for path in folder.glob("*"):
        if path.stat().st_mtime > 10_000 + written:
            os.utime(path, (written, written))


def test_what_is_too_old_and_too_much_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest first, each with its answer."""
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr(job_files, "JOBS_MAX", 3)
    files, folder = JobFiles(tmp_path), tmp_path / job_files.FOLDER
    for name, age in (("old", job_files.JOB_KEPT_S + 1), ("a", 40), ("b", 30), ("c", 20), ("d", 10)):
        put(files, folder, name, now - age)

    assert [files.answer(name) is not None for name in ("old", "a", "b", "c", "d")] == [False, False, True, True, True]
    assert len(list(folder.iterdir())) == 6


def test_what_is_too_long_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor an answer to a question that was dropped; nobody but the node reads what is there."""
    monkeypatch.setattr(job_files, "ANSWER_BYTES_MAX", 5)
    files = JobFiles(tmp_path)
    files.put_question("one", ASKED)
    files.put_answer("one", "123456")
    files.put_answer("other", "1")
    (path,) = (tmp_path / job_files.FOLDER).iterdir()

    assert (files.question("one"), files.answer("one"), files.question("other")) == (ASKED, None, None)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
