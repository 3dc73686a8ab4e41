"""Sheets of labels from a CSV file: all rows or none, at their places, as many pages as it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from idis.resolver.codes.carrier import Carrier, CodeError, NotInstalled
from idis.resolver.codes.rows import LabelRow, read_rows
from idis.resolver.codes.sheet import A4_MM, Grid, Plan, labels_of, sheets, sheets_pdf, sheets_svg


@pytest.fixture
def file(tmp_path: Path):
    """Writes a CSV file."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "labels.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def rows(count: int) -> list[LabelRow]:
    """Rows of plates."""
    return [LabelRow(number + 2, f"88.118.8/PLATE.{number:04}", ("船板",)) for number in range(count)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("identifier,name\n88.1/A,Plate\n", LabelRow(2, "88.1/A", ("Plate",))),
        ("\ufeff名称,标识\n船板,88.1/A\n", LabelRow(2, "88.1/A", ("船板",))),
        ("whatever\n\n88.1/A\n", LabelRow(3, "88.1/A", ())),
        ('ID,Name\n"88.1/A,B"," x "\n', LabelRow(2, "88.1/A,B", ("x",))),
        ("标识;名称\n88.1/A;船板\n", LabelRow(2, "88.1/A", ("船板",))),
        ("标识\t名称\n88.1/A\t船板\n".encode("gb18030"), LabelRow(2, "88.1/A", ("船板",))),
    ],
)
def test_a_row_is_a_label(file, text, found):
    """By the headings in either language, as any spreadsheet writes them; numbered as there; empty rows are none."""
    assert read_rows(file(text)) == [found]


def test_a_workbook_is_a_table_too(tmp_path):
    """With the numbers of its rows."""
    book = Workbook()
    book.active.append(["标识", "名称"])
    book.active.append([])
    book.active.append(["88.1/A", "船板"])
    book.save(tmp_path / "labels.xlsx")

    assert read_rows(tmp_path / "labels.xlsx") == [LabelRow(3, "88.1/A", ("船板",))]


def test_columns_beside_the_symbol_are_chosen_by_their_headings(file):
    """In the order they are asked for; empty cells leave no line."""
    assert read_rows(file("标识,批次,规格\n88.1/A,L7,AH36\n88.1/B,,EH36\n"), ("规格", "批次")) == [
        LabelRow(2, "88.1/A", ("AH36", "L7")),
        LabelRow(3, "88.1/B", ("EH36",)),
    ]


@pytest.mark.parametrize(
    ("text", "columns", "sentence"),
    [
        ("", (), "is empty"),
        ("identifier\n", (), "headings and no rows"),
        (b"identifier\n\xff\xfe\n", (), "neither UTF-8 .* nor GB18030"),
        ("identifier,name\n88.1/A,x,y\n", (), "row 2: the row has 3 fields, the header has 2"),
        ('{"identifier": "88.1/A"}\n', (), "is jsonl: labels are printed from CSV or XLSX"),
        ("identifier\nx\n", ("weight",), "has no column weight; it has identifier"),
        ("identifier\n" + "x\n" * 10_001, (), "more than 10,000 rows"),
        ("identifier\n" + "x" * 2_049 + "\n", (), "more than 2,048 characters"),
        ("identifier\n" + "x" * 200_000 + "\n", (), "row 2: a field is longer"),
        ("a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n", tuple("abcdefg"), "at most 6 have room"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(file, text, columns, sentence):
    """Before anything is made."""
    with pytest.raises(CodeError, match=sentence):
        read_rows(file(text), columns)


def test_a_missing_file_is_named(tmp_path):
    """With what the system says."""
    with pytest.raises(CodeError, match="cannot be read: No such file"):
        read_rows(tmp_path / "nothing.csv")


@pytest.mark.parametrize("grid", [Grid(), Grid(1, 1), Grid(12, 40, (0, 0), 0), Grid(4, 10, (5, 10), 3)])
def test_a_grid_fills_the_sheet_between_its_margins(grid):
    """The last label ends where the margin begins."""
    left, top = grid.corner_mm(grid.columns * grid.rows - 1)
    width, height = grid.label_mm

    assert left + width == pytest.approx(A4_MM[0] - grid.margin_mm[0])
    assert top + height == pytest.approx(A4_MM[1] - grid.margin_mm[1])


@pytest.mark.parametrize(
    "arguments",
    [
        {"columns": 0},
        {"rows": 41},
        {"columns": 13},
        {"margin_mm": (-1, 0)},
        {"margin_mm": (0, 51)},
        {"gap_mm": 51},
        {"skip": 24},
        {"skip": -1},
        {"gap_mm": float("nan")},
    ],
)
def test_a_grid_has_bounds(arguments):
    """Each with its sentence."""
    with pytest.raises(CodeError):
        Grid(**arguments)


def test_labels_go_on_the_next_sheet(around):
    """After the places that are passed over on the first one."""
    grid = Grid(2, 3, skip=4)
    pages = list(sheets(labels_of(rows(9), Plan(Carrier.QR, around), grid), grid))

    assert [len(page) for page in pages] == [2, 6, 1]
    assert pages[0][0][1:] == grid.corner_mm(4)
    assert pages[1][0][1:] == grid.corner_mm(0)


def test_a_sheet_is_one_file_of_pages_or_one_file_a_page(around):
    """PDF and SVG."""
    grid = Grid()
    labels = labels_of(rows(25), Plan(Carrier.QR, around), grid)

    assert sheets_pdf(labels, grid).count(b"/Type/Page/") == 2
    assert [page.count("<path ") for page in sheets_svg(labels, grid)] == [24, 1]


def test_one_wrong_row_and_nothing_is_made(around):
    """Every wrong row is told of with its number, the first twenty by name."""
    wrong = [LabelRow(number, "(01)06901234567893", ()) for number in range(100, 130)]
    with pytest.raises(CodeError) as raised:
        labels_of([*rows(3), *wrong], Plan(Carrier.QR, around), Grid())
    lines = str(raised.value).splitlines()

    assert lines[0] == "nothing was written, because of"
    assert lines[1].startswith("  row 100: (01)06901234567893: the check of (01) GTIN fails: 2 would be right")
    assert lines[21] == "  and 10 more"
    assert len(lines) == 22


def test_labels_that_are_too_small_are_refused_by_row(around):
    """With what to do."""
    with pytest.raises(CodeError, match=r"row 2: labels of .* are too small for .*: use fewer columns or rows"):
        labels_of(rows(1), Plan(Carrier.QR, around), Grid(12, 40))


def test_a_missing_library_is_told_once(around, monkeypatch):
    """Not once for each row."""
    from idis.resolver.codes import symbol

    monkeypatch.setattr(symbol, "library", lambda name: None)
    with pytest.raises(NotInstalled, match="pip install"):
        labels_of(rows(3), Plan(Carrier.QR, around), Grid())
