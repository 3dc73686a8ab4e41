"""The folder of a measurement: made where it is missing, gone afterwards, and a sentence where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from idis.bench.folder import working_folder


def test_a_missing_directory_is_made(tmp_path: Path):
    """What was named stays, what was worked in goes."""
    with working_folder("trace", tmp_path / "a" / "b") as folder:
        assert folder.parent == tmp_path / "a" / "b"
        assert folder.is_dir()

    assert not folder.exists()
    assert folder.parent.is_dir()


def test_what_is_no_directory_is_told_in_a_sentence(tmp_path: Path):
    """It names the path, the reason and the option."""
    (tmp_path / "file").write_text("")

    refused = pytest.raises(SystemExit, match=r"file/below cannot be worked in \(Not a directory\): name another .* --directory")
    with refused, working_folder("trace", tmp_path / "file" / "below"):
        raise AssertionError("there is no folder to work in")
