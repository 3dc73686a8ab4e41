"""An ear at a file."""

from __future__ import annotations

import select
from pathlib import Path

import pytest

from idis.registry.store.ear import Ear


def heard(ear: Ear) -> bool:
    """Whether its descriptor is readable now."""
    return bool(select.select([ear.fileno()], [], [], 0)[0])


def test_a_write_is_heard_until_it_is_forgotten(tmp_path: Path) -> None:
    """Silent at first, readable after any number of writes, silent once they are known, readable again."""
    path = tmp_path / "file"
    path.write_bytes(b"a")
    ear = Ear(path)
    said = [heard(ear)]
    with path.open("r+b", buffering=0) as file:
        file.write(b"b")
        file.write(b"c")
        said.append(heard(ear))
        ear.forget()
        said.append(heard(ear))
        file.write(b"d")
        said.append(heard(ear))
    ear.close()

    assert said == [False, True, False, True]


def test_no_file_no_ear(tmp_path: Path) -> None:
    """What is not there cannot be listened at, and nothing stays open."""
    with pytest.raises(FileNotFoundError):
        Ear(tmp_path / "missing")
