from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from idis.registry.loading.whole_file import whole_file


def test_a_file_appears_whole(tmp_path: Path) -> None:
    """Under its name, with the permissions asked for, and nothing beside it."""
    path = tmp_path / "sheet.csv"
    with whole_file(path, mode=0o640) as file:
        file.write(b"all of it")
        assert not path.exists()

    assert path.read_bytes() == b"all of it"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_older_file(tmp_path: Path) -> None:
    """Half a file never takes the place of a whole one."""
    path = tmp_path / "sheet.csv"
    path.write_text("older")

    def fail_midway() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise ValueError

    with pytest.raises(ValueError):
        fail_midway()

    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """Renaming over it would put a file in its place; so with /dev/null."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with whole_file(pipe) as file:
        file.write(b"through")
    reader.join(timeout=10)

    assert read == [b"through"]
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file it points to is replaced."""
    link, target = tmp_path / "link", tmp_path / "target"
    target.write_text("older")
    link.symlink_to(target)
    with whole_file(link) as file:
        file.write(b"newer")

    assert link.is_symlink()
    assert target.read_text() == "newer"
