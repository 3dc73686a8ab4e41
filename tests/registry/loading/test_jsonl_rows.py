"""JSON lines: one object a line, and lines that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from idis.registry.loading import jsonl_rows
from idis.registry.loading.jsonl_rows import JsonSource
from idis.registry.loading.rows import Damaged, FileRefused


def rows_of(tmp_path: Path, content: bytes) -> list[tuple[int, object]]:
    """All rows of a file."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    return [row for block in JsonSource(path).blocks() for row in block.rows()]


def test_objects_come_with_their_lines(tmp_path: Path) -> None:
    """Blank lines and a byte order mark are passed over, lines keep their numbers."""
    content = b'\xef\xbb\xbf{"a":1}\n\n{"b":"\xe9\x92\xa2"}'

    assert rows_of(tmp_path, content) == [(1, {"a": 1}), (3, {"b": "钢"})]


def test_blocks_cut_at_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks give the same rows."""
    monkeypatch.setattr(jsonl_rows, "BLOCK_BYTES", 5)

    assert rows_of(tmp_path, b'{"a":1}\n{"a":22222222}\n') == [(1, {"a": 1}), (2, {"a": 22222222})]


@pytest.mark.parametrize("line", [b"{", b"[1]", b"nothing", b'"text"', b"[" * 100_000])
def test_a_line_that_is_no_object_is_damaged(tmp_path: Path, line: bytes) -> None:
    """Such a line is told and the next one is read."""
    (number, damaged), good = rows_of(tmp_path, line + b'\n{"a":1}\n')

    assert (number, type(damaged)) == (1, Damaged)
    assert good == (2, {"a": 1})


def test_json_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """JSON is UTF-8 by its standard."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes('{"a":"钢板"}\n'.encode("gb18030"))

    with pytest.raises(FileRefused, match="not UTF-8"):
        JsonSource(path)


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded: a line longer than the limit is no row."""
    monkeypatch.setattr(jsonl_rows, "ROW_BYTES_MAX", 100)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":"' + b"x" * 200)

    with pytest.raises(FileRefused, match="line 2 is longer"):
        list(JsonSource(path).blocks())
