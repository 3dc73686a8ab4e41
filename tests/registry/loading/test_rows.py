"""Which form a file has, judged by its first octets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from idis.registry.loading.rows import FileRefused, form_of


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"identifier,name\n", "csv"),
        (b'\xef\xbb\xbf{"handle":"88.118/A"}\n', "jsonl"),
        (b'\n  {"handle":"88.118/A"}\n', "jsonl"),
        (b"PK\x03\x04rest", "xlsx"),
        (b"IDISDUMP\x01", "dump"),
    ],
)
def test_content_tells_the_form(tmp_path: Path, content: bytes, form: str) -> None:
    """A file's name does not matter, its first octets do."""
    path = tmp_path / "file.txt"
    path.write_bytes(content)

    assert form_of(path) == form


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"\x1f\x8b\x08\x00", "is gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
        (b"\xff\xfei\x00d\x00", "UTF-16"),
        (b"ab\x00cd", "binary"),
        (b'[{"handle":"88.118/A"}]', "one JSON array"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    """What holds no rows is refused by its name and with what to do."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)

    with pytest.raises(FileRefused, match=sentence):
        form_of(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(FileRefused, match="there is no file"):
        form_of(tmp_path / "nothing.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder in the place of a file is called one."""
    with pytest.raises(FileRefused, match="is a folder"):
        form_of(tmp_path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """A file is read more than once, which a pipe cannot be."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    with pytest.raises(FileRefused, match="no regular file"):
        form_of(path)
