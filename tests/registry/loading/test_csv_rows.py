"""CSV as people's programs write it: encodings, separators, quotes, ragged rows, blocks."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.registry.loading import csv_rows
from idis.registry.loading.csv_rows import CsvSource
from idis.registry.loading.rows import FIELD_CHARS_MAX, Damaged, FileRefused


def source_of(tmp_path: Path, content: bytes) -> CsvSource:
    """A surveyed file."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    return CsvSource(path)


def rows_of(tmp_path: Path, content: bytes) -> list[tuple[int, object]]:
    """All rows of a file; cells as lists."""
    source = source_of(tmp_path, content)
    return [
        (line, cells if isinstance(cells, Damaged) else list(cells)) for block in source.blocks() for line, cells in block.rows()
    ]


@pytest.mark.parametrize(
    "content",
    [
        "identifier,名称\n1,钢板\n".encode(),
        b"\xef\xbb\xbf" + "identifier,名称\n1,钢板\n".encode(),
        "identifier,名称\n1,钢板\n".encode("gb18030"),
        "identifier;名称\r\n1;钢板\r\n".encode(),
        "identifier\t名称\n1\t钢板".encode(),
        "sep=;\r\nidentifier;名称\r\n1;钢板\r\n".encode(),
        'identifier,名称\n"1","钢板"\n'.encode(),
    ],
    ids=["utf-8", "bom", "gb18030", "semicolon", "tab", "sep-line", "quoted"],
)
def test_every_dialect_gives_the_same_cells(tmp_path: Path, content: bytes) -> None:
    """Encoding, separator and quoting change nothing in what is read."""
    source = source_of(tmp_path, content)

    assert [list(block.columns) for block in source.blocks()] == [["identifier", "名称"]]
    assert [cells for _, cells in rows_of(tmp_path, content)] == [["1", "钢板"]]


def test_the_form_says_what_was_detected(tmp_path: Path) -> None:
    """A file that is not UTF-8 says so, and so does its separator."""
    source = source_of(tmp_path, "identifier;名称\n1;钢板\n".encode("gb18030"))

    assert source.form == "CSV, GB18030, separated by ;"


def test_chinese_that_begins_late_is_still_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is ASCII at first and GB18030 at its end is read as GB18030."""
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 64)
    content = b"identifier,name\n" + b"1,plain\n" * 100 + "2,钢板\n".encode("gb18030")

    assert rows_of(tmp_path, content)[-1] == (102, ["2", "钢板"])


def test_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    """Octets that are neither UTF-8 nor GB18030 are told with the line where they begin."""
    with pytest.raises(FileRefused, match="see line 3"):
        source_of(tmp_path, b"identifier,name\n1,a\n2,\xff\xff\n")


def test_a_character_cut_at_the_end_is_not_utf8(tmp_path: Path) -> None:
    """A file that ends inside a character is noticed."""
    with pytest.raises(FileRefused, match="see line 2"):
        source_of(tmp_path, b"identifier,name\n1,\xe9")


def test_one_damaged_octet_does_not_turn_utf8_into_other_chinese(tmp_path: Path) -> None:
    """A file that is plainly UTF-8 up to a damaged line is refused there, not read as GB18030."""
    content = "identifier,name\n1,船体分段焊缝检验记录表格\n".encode() + b"2,\xb8\xd6\n"

    with pytest.raises(FileRefused, match=r"line 3 of rows\.csv is damaged"):
        source_of(tmp_path, content)


def test_lines_count_from_the_file_not_from_the_rows(tmp_path: Path) -> None:
    """Blank lines and line feeds inside quotes keep the numbers an editor shows."""
    content = b'identifier,name\n\n1,a\n2,"b\nb"\n,\n3,c\n'

    assert rows_of(tmp_path, content) == [(3, ["1", "a"]), (4, ["2", "b\nb"]), (7, ["3", "c"])]


def test_a_short_row_is_damaged_and_the_next_one_is_not(tmp_path: Path) -> None:
    """A row with fewer fields than the header is told; the reading goes on."""
    short, good = rows_of(tmp_path, b"identifier,name\n1\n2,b\n")

    assert short == (2, Damaged("columns", "", "the row has 1 fields, the header has 2"))
    assert good == (3, ["2", "b"])


def test_empty_fields_at_the_end_of_a_row_are_no_damage(tmp_path: Path) -> None:
    """Spreadsheets append separators; a row is long only when something is in them."""
    empty, filled = rows_of(tmp_path, b"identifier,name\n1,a,,\n2,b,,x\n")

    assert empty == (2, ["1", "a"])
    assert isinstance(filled[1], Damaged)


def test_too_long_a_field_damages_its_row_only(tmp_path: Path) -> None:
    """A field beyond the limit is told; the row after it is read."""
    content = b"identifier,name\n1," + b"x" * (FIELD_CHARS_MAX + 1) + b"\n2,b\n"
    (_, long), good = rows_of(tmp_path, content)

    assert isinstance(long, Damaged)
    assert long.rule == "length"
    assert good == (3, ["2", "b"])


def test_an_open_quote_is_refused_where_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that never closes does not swallow the file in silence."""
    monkeypatch.setattr(csv_rows, "ROW_BYTES_MAX", 1_000)
    content = b'identifier,name\n1,a\n2,"b\n' + b"3,c\n" * 1_000

    with pytest.raises(FileRefused, match="line 3: this row does not end"):
        rows_of(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b",,\n1,2,3\n", "the first line is empty"),
        (b"identifier,,name\n", "column 2 has no name"),
        (b"identifier,name,name\n", 'names the column "name" twice'),
        (b"identifier,name\r1,a\r", "CR alone"),
        (b"identifier,name\n1,\x00\n", "binary"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    """What is wrong with the whole file is one sentence."""
    with pytest.raises(FileRefused, match=sentence):
        source_of(tmp_path, content)


FIELDS = st.text(st.sampled_from('ab,;"\n中 x'), max_size=8)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.lists(FIELDS, min_size=3, max_size=3), max_size=12), length=st.integers(8, 80), wild=st.booleans())
def test_blocks_of_any_length_give_the_rows_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], length: int, wild: bool
) -> None:
    """Cutting a file into blocks changes neither its rows nor their lines, with quotes in odd places too."""
    file = io.StringIO(newline="")
    if wild:
        lines = [",".join(cell.replace(",", "").replace("\n", "").lstrip('"') for cell in row) for row in rows]
        file.write("a,b,c\n" + "".join(line + "\n" for line in lines))
    else:
        csv.writer(file).writerows([["a", "b", "c"], *rows])
    expected, before = [], 0
    reader = csv.reader(io.StringIO(file.getvalue(), newline=""))
    for row in reader:
        expected.append((before + 1, row))
        before = reader.line_num
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "BLOCK_BYTES", length)
        found = rows_of(tmp_path_factory.mktemp("csv"), file.getvalue().encode())

    assert found == [(line, row) for line, row in expected[1:] if any(row)]
